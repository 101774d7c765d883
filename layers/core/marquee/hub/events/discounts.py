"""Discounts: for who buys early, by code, and what a refund gives back. As they are asked for, stored and sent.

An amount of type `percentage` is stored in hundredths of a percent, any other in minor units of the event's currency.
"""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from marquee import money
from marquee.errors import Violation
from marquee.hub.events.parts import Amount, Count, GivenMoment, Label, Number, Part, Timed, Word, lower
from marquee.hub.tickets import amounts
from marquee.schemas import Exact

DiscountType = Annotated[Literal["percentage", "fixed"], BeforeValidator(lower)]
_WHOLE = Decimal(100)
_PERCENT_PLACES = 2


class DiscountStartAsked(Timed):
    """When a discount starts."""

    occurrence_discount_start_type: Word = ""
    occurrence_discount_start_offset: Number = ""


class DiscountEndAsked(Timed):
    """When a discount ends."""

    occurrence_discount_end_type: Word = ""
    occurrence_discount_end_offset: Number = ""


class EarlyBirdAsked(Part):
    """A discount for who buys early. `discount` is a percentage, or an amount in the event's currency."""

    discount_type: DiscountType | None = None
    discount: Amount | None = None
    type: Annotated[Literal["specific_time", "before_occurrence"], BeforeValidator(lower)] = "specific_time"
    is_enable_customise_discount_start: bool = False
    discount_starts_on: DiscountStartAsked = Field(default_factory=DiscountStartAsked)
    discount_ends_on: DiscountEndAsked = Field(default_factory=DiscountEndAsked)


class CouponAsked(Exact):
    """A code that gives a discount. A number of uses of 0 is no limit."""

    uuid: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")] | None = None
    name: Label
    code: Annotated[Label, Field(max_length=60)]
    discount_amount: Amount
    discount_type: DiscountType = "percentage"
    starts_on: GivenMoment | None = None
    ends_on: GivenMoment | None = None
    uses_per_coupon: Count = 0
    total_used: Count = 0
    uses_per_customer: Count = 0
    status: bool = True


def minor(amount: Decimal, kind: str | None, currency: str, field: str, wrong: list[Violation]) -> int:
    """An amount as it is stored. Adds to `wrong` what cannot be."""
    if kind == "fixed":
        return amounts.read(amount, currency, field, wrong)
    if amount > _WHOLE:
        wrong.append(Violation("discount.too_much", field, "A discount is at most 100 percent."))
        return 0
    try:
        return amounts.scaled(amount, _PERCENT_PLACES)
    except amounts.Inexact as limit:
        wrong.append(Violation("amount.too_precise", field, f"A percentage has {limit}."))
        return 0


def amount(stored: int, kind: str | None, currency: str) -> Decimal:
    """The inverse of `minor`."""
    places = money.exponent(currency) if kind == "fixed" else _PERCENT_PLACES
    return Decimal(stored).scaleb(-places)


def number(stored: int | None, kind: str | None, currency: str) -> float | int | None:
    """A stored amount as the JSON number to send."""
    if stored is None:
        return None
    found = amount(stored, kind, currency)
    return int(found) if found == found.to_integral_value() else float(found)


def blank() -> dict[str, Any]:
    """No early-bird discount, as it is stored."""
    return EarlyBirdAsked().model_dump()
