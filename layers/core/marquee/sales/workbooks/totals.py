"""Pure recognition of rows that sum up others although they have a day, as subtotals by day do.

Such a row counted as a sale would double what it sums up; left out by its name alone, a sale of that name would be
lost. So it is left out where it is the sum of the rows above it, and given back where it is not.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from marquee.sales.workbooks.cells import Refusal
from marquee.sales.workbooks.validation import Sale

LOOKS_LIKE_A_SUM = Refusal(
    "row.looks_like_a_sum",
    "The row is called a sum, but it is not the sum of the rows above it. If it is a sale, call it something else.",
)


_Sum = tuple[int, int]
"""Tickets and minor units."""
_NOTHING: _Sum = (0, 0)


class Taken(NamedTuple):
    """A row that was taken."""

    row: int
    day: str
    currency: str
    tickets: int
    minor: int


class _Suspect(NamedTuple):
    sale: Sale
    rejected: int


class Sums:
    """The rows of one sheet that are called sums: those without a day, and suspects that have one."""

    def __init__(self) -> None:
        self._boundaries: set[int] = set()
        self._suspects: dict[int, _Suspect] = {}

    def __bool__(self) -> bool:
        return bool(self._suspects)

    def boundary(self, row: int) -> None:
        """Note a row of sums; the rows after it may be summed up anew."""
        self._boundaries.add(row)

    def suspect(self, row: int, sale: Sale, rejected: int) -> None:
        """Note a row that would be a sale but for its name; `rejected` is its place among the rejected rows."""
        self._suspects[row] = _Suspect(sale, rejected)

    def confirmed(self, taken: Iterable[Taken]) -> list[int]:
        """Places among the rejected rows of the suspects that sum up what was taken above them.

        `taken` are the sheet's sales in their order. A sum covers all rows of its currency down from the header, from
        any row of sums, or from the first of the rows that have the day of the last.
        """
        found: list[int] = []
        sums: defaultdict[str, _Sum] = defaultdict(lambda: _NOTHING)
        starts: defaultdict[str, set[_Sum]] = defaultdict(lambda: {_NOTHING})
        days: dict[str, tuple[str, _Sum]] = {}
        sales = iter(taken)
        ahead = next(sales, None)
        for row in sorted(self._boundaries | self._suspects.keys()):
            while ahead is not None and ahead.row < row:
                currency, before = ahead.currency, sums[ahead.currency]
                if currency not in days or days[currency][0] != ahead.day:
                    days[currency] = (ahead.day, before)
                sums[currency] = before[0] + ahead.tickets, before[1] + ahead.minor
                ahead = next(sales, None)
            suspect = self._suspects.get(row)
            if suspect is not None:
                sale, above = suspect.sale, sums[suspect.sale.currency]
                start = above[0] - sale.tickets, above[1] - sale.minor
                of_day = days.get(sale.currency)
                if start in starts[sale.currency] or (of_day and start == of_day[1]):
                    found.append(suspect.rejected)
            for currency, now in sums.items():
                starts[currency].add(now)
        return found
