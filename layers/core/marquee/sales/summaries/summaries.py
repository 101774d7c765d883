"""Pure spreading of totals over days: even, in whole tickets and minor units, and nothing is lost by rounding.

Of a total over n days, the first d days together get d/n of it, rounded down to a whole unit after adding a part of a
unit that belongs to the ticket type: (2k - 1)/2K for the k-th of K types. So each type adds up exactly, no day differs
from the even share by a whole unit, and what several types have left over falls on different days.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from marquee import money
from marquee.errors import Violation
from marquee.sales.models import DayRow, LedgerEntry
from marquee.sales.summaries.summary_models import NewSummary
from marquee.sales.workbooks.amounts import MAX_MINOR

SHEET = "tickets"
"""What a summary's ledger names its list of ticket types, as it does sheets of files."""


class Sold(NamedTuple):
    """A ticket type's tickets and minor units in the whole span."""

    category: str
    tickets: int
    minor: int


def spread(total: int, days: int, place: int = 0, places: int = 1) -> Iterator[int]:
    """The shares of `days` days in a total that is not negative; `place` is the number of its type among `places`."""
    phase, unit = (2 * place + 1) * days, 2 * places
    given = 0
    for day in range(1, days + 1):
        until = (unit * total * day + phase) // (unit * days)
        yield until - given
        given = until


def rows_of(sold: Sequence[Sold], start: date, days: int, currency: str) -> list[DayRow]:
    """The day rows that totals are spread to; a day without anything of a type has none."""
    dates = [(start + timedelta(days=day)).isoformat() for day in range(days)]
    rows: list[DayRow] = []
    for place, (category, tickets, minor) in enumerate(sold):
        shares = zip(dates, spread(tickets, days, place, len(sold)), spread(minor, days, place, len(sold)), strict=True)
        rows += (
            {"day": day, "category": category, "currency": currency, "tickets": some, "revenue": amount}
            for day, some, amount in shares
            if some or amount
        )
    return rows


def sold_of(asked: NewSummary, currency: str, latest: date) -> tuple[list[Sold], list[Violation]]:
    """The totals in minor units, and what is wrong with them; `latest` is the last day that can be a day of sale."""
    violations: list[Violation] = []
    if asked.end > latest:
        message = f"{asked.end} is in the future; sales can only be in the past."
        violations.append(Violation("date.in_the_future", "to", message))
    sold: dict[str, Sold] = {}
    for number, one in enumerate(asked.tickets):
        if one.type in sold:
            message = f"“{one.type}” is there more than once. Add up its tickets and revenue."
            violations.append(Violation("type.repeated", f"tickets.{number}.type", message))
        minor = minor_units(one.revenue, money.exponent(currency))
        if minor is None:
            message = f"{currency} has {money.exponent(currency)} decimals; there are more."
            violations.append(Violation("revenue.too_many_decimals", f"tickets.{number}.revenue", message))
        elif minor > MAX_MINOR:
            message = "The revenue is too large for one ticket type."
            violations.append(Violation("revenue.too_large", f"tickets.{number}.revenue", message))
        sold[one.type] = Sold(one.type, one.sold, minor or 0)
    return list(sold.values()), violations


def minor_units(amount: Decimal, places: int) -> int | None:
    """An amount in minor units, exactly; None where it has more decimals than `places`.

    More than `MAX_MINOR` is given as just above it: what has a thousand digits is not worked out.
    """
    _, digits, exponent = amount.as_tuple()
    if not any(digits):
        return 0
    spelled = "".join(map(str, digits)).lstrip("0")
    shift = int(exponent) + places
    if len(spelled) + shift > len(str(MAX_MINOR)):
        return MAX_MINOR + 1
    if shift >= 0:
        return int(spelled + "0" * shift)
    return None if spelled[shift:].strip("0") else int(spelled[:shift] or "0")


def entries(sold: Sequence[Sold], currency: str, start: date, end: date) -> Iterator[LedgerEntry]:
    """The row ledger of a summary: an entry for each ticket type."""
    for row, (category, tickets, minor) in enumerate(sold, start=1):
        amount = f"{money.to_number(minor, currency):,.{money.exponent(currency)}f}"
        yield {
            "status": "accepted",
            "sheet": SHEET,
            "row": row,
            "last_row": row,
            "column": None,
            "header": "type",
            "cell": category,
            "code": None,
            "message": f"{tickets} tickets and {amount} {currency} are spread over {start} to {end}.",
            "further_reasons": [],
        }
