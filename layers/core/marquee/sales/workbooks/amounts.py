"""Pure reading of cells as numbers of tickets, amounts of money and currencies."""

import math
import re
from decimal import Decimal
from functools import lru_cache

from marquee import money
from marquee.sales.workbooks.cells import MAX_SPELLED, Cell, Refusal, Shared, is_empty, plain_signs, shown, text

MAX_TICKETS = 10_000_000
MAX_MINOR = 10**13
# Binary fractions such as 0.1 + 0.2 miss their decimal by far less than this; a third of a cent does not.
_NOISE = Decimal("0.000001")

_NUMBER = re.compile(r"^(\d+)((?:[.,']\d+)*)$")
_SEPARATED = re.compile(r"([.,'])(\d+)")
_NO_CENTS = re.compile(r"[.,]-+$")


def read_tickets(value: Cell) -> int | Refusal:
    """A number of tickets; refunds are negative."""
    if isinstance(value, Shared):
        return _shared(value)
    if is_empty(value):
        return Refusal("tickets.missing", "The number of tickets is missing.")
    number = _number(value, decimals=0)
    if number is None:
        return Refusal("tickets.not_a_number", f"“{shown(value)}” is not a number of tickets.")
    whole = int(number.to_integral_value())
    if abs(number - whole) >= _NOISE:
        return Refusal("tickets.not_whole", f"“{shown(value)}” is not a whole number of tickets.")
    if abs(whole) > MAX_TICKETS:
        return Refusal("tickets.too_many", f"{whole} tickets in one row cannot be right (at most {MAX_TICKETS}).")
    return whole


def read_amount(value: Cell, currency: str) -> int | Refusal:
    """An amount of `currency` in minor units; refunds are negative.

    Cells hold binary fractions: their shortest decimal spelling is what the person typed. What is left beyond the
    currency's decimals is tolerated as binary noise only below a millionth, never rounded away.
    """
    places = money.exponent(currency)
    if isinstance(value, float) and abs(value) < MAX_MINOR:
        # The double nearest to a whole number of cents stands for just that: the usual case, and the fast one.
        factor: int = 10**places
        nearest = round(value * factor)
        if nearest / factor == value and abs(nearest) <= MAX_MINOR:
            return nearest
    if isinstance(value, Shared) or is_empty(value):
        return _shared(value) if isinstance(value, Shared) else Refusal("revenue.missing", "The amount is missing.")
    number = _number(value, decimals=places)
    if number is None:
        return Refusal("revenue.not_a_number", f"“{shown(value)}” is not an amount of money.")
    exact = number.scaleb(places)
    whole = int(exact.to_integral_value())
    if abs(exact - whole).scaleb(-places) >= _NOISE:
        decimals = f"({places})" if places else "(none)"
        message = f"“{shown(value)}” has more decimals than {currency} has {decimals}."
        return Refusal("revenue.too_many_decimals", message)
    if abs(whole) > MAX_MINOR:
        return Refusal("revenue.too_large", f"“{shown(value)}” is too large for one row.")
    return whole


def _shared(value: Shared) -> Refusal:
    return Refusal(
        "row.shared_number",
        f"One cell is merged over rows {value.first} to {value.last}: how much of its number belongs to which row "
        "cannot be known. Write each row's own number.",
    )


def read_price(value: Cell, currency: str) -> int | Refusal:
    """The price of one ticket in minor units of `currency`, never negative."""
    price = read_amount(value, currency)
    if isinstance(price, Refusal):
        return price if price.code == "row.shared_number" else of_field(price, "price")
    if price < 0:
        return Refusal(
            "price.negative", "The price is negative. In a refund the number of tickets is; the price is not."
        )
    return price


def read_discount(value: Cell, currency: str, *, is_share: bool) -> int | Refusal:
    """What is taken off a row's price, in minor units and never negative; nothing where the cell is empty.

    With `is_share` the column's heading names percentages, or a discount of each ticket: then only nothing is certain.
    """
    if is_empty(value):
        return 0
    percent = isinstance(value, str) and "%" in value
    if isinstance(value, str) and not percent and (sign := strip_currency(value)[1]):
        if currency not in currencies_of(sign):
            return Refusal("discount.not_a_number", f"“{shown(value)}” is not an amount of {currency}.")
        certain = not is_share
    else:
        certain = not (is_share or percent)
    amount = read_amount(value.replace("%", "") if percent and isinstance(value, str) else value, currency)
    if isinstance(amount, Refusal):
        return amount if amount.code == "row.shared_number" else of_field(amount, "discount")
    unit: int = 10 ** money.exponent(currency)
    # Spreadsheets hold 10 % as 0.1.
    looks_like_share = not isinstance(value, str) and 0 < abs(amount) < unit
    if amount and (not certain or looks_like_share):
        return Refusal(
            "discount.unclear",
            f"“{shown(value)}” may be a percentage, or the discount of one ticket. Write the row's discount as an "
            "amount, or add a column with the revenue.",
        )
    return abs(amount)


def of_field(refusal: Refusal, field: str) -> Refusal:
    """A refusal of an amount, as one of the field that holds it."""
    return Refusal(refusal.code.replace("revenue.", f"{field}."), refusal.message)


def read_proceeds(tickets: int, price: int, discount: int) -> int | Refusal:
    """The revenue of a row that has a price for each ticket and a discount on them all; refunds are negative."""
    full = abs(tickets) * price
    if full > MAX_MINOR:
        return Refusal("price.too_large", "Tickets times price is too large for one row.")
    if discount > full:
        return Refusal("discount.too_large", "The discount is larger than tickets times price.")
    return full - discount if tickets >= 0 else discount - full


def _number(value: Cell, *, decimals: int) -> Decimal | None:
    """The number in a cell, None where it holds none. `decimals` are those of the unit, to tell 1.234 from 1,234."""
    if isinstance(value, str):
        return _spelled_number(strip_currency(value)[0] if decimals else plain_signs(text(value)), decimals=decimals)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return Decimal(repr(value))


def _spelled_number(spelled: str, *, decimals: int) -> Decimal | None:
    """A number as people write it, with either decimal sign; None where it is not one, or could be two different ones.

    With both signs the last is the decimal sign; one that repeats groups thousands; a single one before exactly three
    digits groups thousands unless the currency itself has three decimals.
    """
    if len(spelled) > MAX_SPELLED:
        return None
    bare = spelled.replace("\u2019", "'").replace(" ", "")
    negative = False
    if bare.startswith("(") and bare.endswith(")"):
        negative, bare = True, bare[1:-1]
    bare = _NO_CENTS.sub("", bare)
    if bare.endswith("-"):
        negative, bare = not negative, bare[:-1]
    if bare.startswith(("-", "+")):
        negative, bare = negative != bare.startswith("-"), bare[1:]
    found = _NUMBER.match(bare)
    if not found:
        return None
    split = _split(found[1], _SEPARATED.findall(found[2]), decimals)
    if split is None:
        return None
    whole, fraction = split
    number = Decimal(f"{whole}.{fraction}" if fraction else whole)
    return -number if negative else number


def _split(head: str, tail: list[tuple[str, str]], decimals: int) -> tuple[str, str] | None:
    """Whole and fractional digits of ``head`` followed by separator and digits, several times."""
    if not tail:
        return head, ""
    signs = [sign for sign, _ in tail]
    last_sign, last_digits = tail[-1]
    if len(tail) == 1 and last_sign != "'":
        looks_grouped = len(last_digits) == 3 and 1 <= len(head) <= 3 and head != "0"  # noqa: PLR2004
        if looks_grouped and decimals >= 3:  # noqa: PLR2004
            return None
        is_decimal = not looks_grouped
    else:
        is_decimal = last_sign != "'" and signs.count(last_sign) == 1
    groups, fraction = (tail[:-1], last_digits) if is_decimal else (tail, "")
    well_grouped = all(len(digits) == 3 for _, digits in groups) and len({sign for sign, _ in groups}) <= 1  # noqa: PLR2004
    if not well_grouped or (groups and len(head) > 3) or (groups and is_decimal and groups[0][0] == last_sign):  # noqa: PLR2004
        return None
    return head + "".join(digits for _, digits in groups), fraction


# A sign shared by several currencies stands for the first, unless one of the others is expected.
_CURRENCY_SIGNS = {
    "€": ("EUR",),
    "£": ("GBP",),
    "¥": ("JPY", "CNY"),
    "$": ("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN"),
    "kr": ("SEK", "DKK", "NOK", "ISK"),
    "zł": ("PLN",),
    "kč": ("CZK",),
    "fr": ("CHF",),
    "sfr": ("CHF",),
    "euro": ("EUR",),
    "euros": ("EUR",),
    "dollar": ("USD", "CAD", "AUD", "NZD", "SGD", "HKD"),
    "pfund": ("GBP",),
    "franken": ("CHF",),
}
_LETTERS = re.compile(r"^([^\d\s.,'()+-][^\d\s,'()+-]*)\s*|\s*([^\d\s.,'()+-][^\d\s,'()+-]*)$")


@lru_cache(256)  # asked for the currency first, then for the amount
def strip_currency(value: str) -> tuple[str, str]:
    """An amount's text without its currency, and the sign or code that stood beside it (or nothing)."""
    spelled = plain_signs(text(value))
    if len(spelled) > MAX_SPELLED:
        return spelled, ""
    if spelled.startswith("(") and spelled.endswith(")"):
        bare, sign = strip_currency(spelled[1:-1])
        return f"({bare})", sign
    negative = spelled.startswith("-")
    core = spelled[1:].strip() if negative else spelled
    found = _LETTERS.search(core)
    if not found:
        return spelled, ""
    sign = (found[1] or found[2]).strip()
    rest = (core[: found.start()] + core[found.end() :]).strip()
    return ("-" + rest if negative else rest), sign


@lru_cache(256)
def currencies_of(sign: str) -> tuple[str, ...]:
    """The currencies a sign, name or ISO code may stand for, likeliest first; empty where it stands for none."""
    code = sign.strip().rstrip(".")
    if money.is_currency(code.upper()):
        return (code.upper(),)
    return _CURRENCY_SIGNS.get(code.casefold(), ())


def read_currency(column: Cell, amount: Cell, heading: str, default: str) -> str | Refusal:
    """The currency of a row, from its currency cell, the sign beside its amount, the column's heading, or the event.

    `heading` is a sign found in the amount column's heading. What is said closest to the amount wins; two that
    contradict each other are refused.
    """
    written = text(column)
    named = currencies_of(written) if written else ()
    if written and not named:
        return Refusal("currency.unknown", f"“{shown(column)}” is not a currency. Write its code, such as EUR.")
    sign = strip_currency(amount)[1] if isinstance(amount, str) else ""
    beside = currencies_of(sign) if sign else ()
    if sign and not beside:
        return Refusal("revenue.not_a_number", f"“{shown(amount)}” is not an amount of money.")
    expected = named or currencies_of(heading)
    if beside and named and not set(beside) & set(named):
        return Refusal("currency.contradiction", f"The amount “{shown(amount)}” is not in {named[0]}, as its row says.")
    choices = beside or expected
    for preferred in (*(expected if beside else ()), default):
        if preferred in choices:
            return preferred
    return choices[0] if choices else default
