"""What a workbook holds once it is read: sales, rejected rows, and what was found in each sheet."""

from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from marquee.sales.workbooks.cells import Cell
from marquee.sales.workbooks.columns import Columns
from marquee.sales.workbooks.validation import Reason

Row = list[Cell]


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that was not taken, as the file has it."""

    sheet: int
    row: int
    cells: Row
    reasons: tuple[Reason, ...]


@dataclass(slots=True)
class SheetReport:
    """What was found in one sheet. `skipped` counts rows that are no data: blank, totals, header again, notes."""

    name: str
    columns: Columns | None
    headings: tuple[str, ...] = ()
    ambiguous: dict[str, list[str]] = field(default_factory=dict)
    filled: bool = False
    first_column: int = 0
    month_first: bool = False
    rows: int = 0
    skipped: Counter[str] = field(default_factory=Counter)


class Run(NamedTuple):
    """Consecutive rows of a sheet, by the numbers spreadsheets show."""

    sheet: int
    first: int
    last: int


@dataclass(slots=True)
class Parsed:
    """A workbook read to the end.

    What was sold is held once: `groups`, `tickets` and `minor` run in parallel, one entry a sale; `group_keys` are the
    (day, category, currency) that `groups` points at. A content is a sale with the row's other cells: `identities`,
    `sales` (pointing at a sale) and `counts` run in parallel. `order` names the content of each sale row in the order
    of the file, `runs` the rows these are.
    """

    sheets: list[SheetReport] = field(default_factory=list)
    group_keys: list[tuple[str, str, str]] = field(default_factory=list)
    groups: "array[int]" = field(default_factory=lambda: array("I"))
    tickets: "array[int]" = field(default_factory=lambda: array("q"))
    minor: "array[int]" = field(default_factory=lambda: array("q"))
    identities: list[bytes] = field(default_factory=list)
    sales: "array[int]" = field(default_factory=lambda: array("I"))
    counts: "array[int]" = field(default_factory=lambda: array("I"))
    order: "array[int]" = field(default_factory=lambda: array("I"))
    runs: list[Run] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)
    from_1904: bool = False

    @property
    def rows(self) -> int:
        """All rows that should be sales: those that are, and the rejected."""
        return len(self.order) + len(self.rejected)
