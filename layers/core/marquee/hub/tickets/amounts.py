"""Amounts as the Hub takes them: exact decimals in, integers inside."""

from decimal import Decimal

from marquee import money
from marquee.errors import Violation

MOST_DIGITS = 15
"""Amounts have at most so many digits: a JSON number gives that many back unchanged."""


class Inexact(ValueError):
    """The amount cannot be kept as it was given; the message says why."""


def scaled(amount: Decimal, places: int) -> int:
    """An amount in units of its last of `places` decimals, exactly. Raises Inexact.

    Decimal's own arithmetic rounds to 28 digits, so none is used: what has a thousand digits, or an exponent of a
    million, is refused and not worked out.
    """
    sign, digits, exponent = amount.as_tuple()
    text = "".join(map(str, digits))
    kept = text.rstrip("0")
    if not kept:
        return 0
    power = int(exponent) + len(text) - len(kept) + places
    if power < 0:
        raise Inexact(f"at most {places} decimals" if places else "no decimals")
    if len(kept) + power > MOST_DIGITS:
        raise Inexact(f"at most {MOST_DIGITS} digits")
    return (-1 if sign else 1) * int(kept) * int(10**power)


def read(amount: Decimal, currency: str, field: str, violations: list[Violation]) -> int:
    """An amount in minor units of the currency; what is wrong with it is added to `violations`, and 0 given."""
    try:
        return scaled(amount, money.exponent(currency))
    except Inexact as limit:
        violations.append(Violation("amount.too_precise", field, f"An amount in {currency} has {limit}."))
        return 0
