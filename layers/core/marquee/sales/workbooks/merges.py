"""Pure filling of cells that are merged over several rows: only the first of them holds the content.

A day, a category or any other text counts for each of the rows. A number does not: whose it is cannot be known.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from marquee.sales.workbooks import columns
from marquee.sales.workbooks.cells import Cell, Shared, is_empty
from marquee.sales.workbooks.columns import Columns, Span

_NUMBERS = frozenset(("tickets", "revenue", "price", "discount"))
_COMPLETED_ROWS = 65_536
"""How many further rows are read so that a range is seen as a whole."""


class _Range(NamedTuple):
    position: int
    first: int
    last: int
    is_number: bool


class Merges:
    """The merged ranges below the header of one sheet. Rows have the numbers that spreadsheets show."""

    def __init__(self, spans: Sequence[Span], found: Columns, first_column: int) -> None:
        self._columns = found
        taken = {position: name for name, position in found.positions.items()}
        others = {position for _, position in found.extras}
        self._ranges: list[_Range] = []
        self._next = 0
        self._ended = False
        # What the first cell of a range holds that goes on below the rows read so far.
        self._held: dict[_Range, Cell] = {}
        reached: dict[int, int] = {}
        for (top, left), (bottom, right) in sorted(spans):
            position = left - first_column
            # A range may say that it spans thousands of columns, and there may be thousands of such ranges.
            within = {at for at in taken if position <= at <= right - first_column}
            if bottom <= top or top < found.first_row or top + 1 <= reached.get(position, 0):
                continue
            # A block over several fields is a remark, not a value of each row.
            if within == {position} or (not within and position in others):
                reached[position] = bottom + 1
                is_number = taken.get(position) in _NUMBERS
                self._ranges.append(_Range(position, top + 1, bottom + 1, is_number))

    def __bool__(self) -> bool:
        return bool(self._ranges)

    def complete(self, chunk: list[list[Cell]], first_row: int, source: Iterator[list[Cell]]) -> None:
        """Read on until no range with a number goes on below the chunk."""
        last = first_row + len(chunk) - 1
        wanted = last
        for one in islice(self._ranges, self._next, None):
            if one.first > wanted:
                break
            if one.is_number:
                wanted = max(wanted, min(one.last, last + _COMPLETED_ROWS))
        chunk.extend(islice(source, wanted - last))
        self._ended = first_row + len(chunk) - 1 < wanted

    def fill(self, chunk: list[list[Cell]], first_row: int) -> None:
        """Give each row what its merged cells hold. Blank lines and rows of sums stay as they are."""
        last = first_row + len(chunk) - 1
        open_ranges = list(self._held)
        while self._next < len(self._ranges) and self._ranges[self._next].first <= last:
            open_ranges.append(self._ranges[self._next])
            self._next += 1
        concerned = {row for one in open_ranges for row in range(max(one.first, first_row), min(one.last, last) + 1)}
        fillable = {row for row in concerned if self._is_fillable(chunk[row - first_row])}
        held = {}
        for one in open_ranges:
            rows = [row for row in range(max(one.first, first_row), min(one.last, last) + 1) if row in fillable]
            value = self._held[one] if one in self._held else chunk[one.first - first_row][one.position]
            if one.is_number:
                goes_on = one.last > last and not self._ended
                if len(rows) > 1 or goes_on or one in self._held:
                    for row in rows:
                        cells = chunk[row - first_row]
                        cells[one.position] = Shared(_own(cells[one.position]), one.first, one.last)
            else:
                for row in rows:
                    chunk[row - first_row][one.position] = value
            if one.last > last:
                held[one] = value
        self._held = held

    def _is_fillable(self, row: Sequence[Cell]) -> bool:
        if all(is_empty(row[position]) for position in self._columns.content):
            return False
        return not (is_empty(row[self._columns.positions["date"]]) and columns.is_totals_row(row, self._columns))


def _own(cell: Cell) -> str | float | int | bool | None:
    return cell.value if isinstance(cell, Shared) else cell  # type: ignore[return-value] # numbers, or what stands there
