"""Pure reading of an edited export: which rows are as they were, which are to be changed, and which cannot be."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple, Protocol

from marquee import money
from marquee.sales.edits import edit_models, edit_version
from marquee.sales.edits.edit_models import HEADINGS
from marquee.sales.edits.edit_version import Version
from marquee.sales.workbooks import amounts, cells, columns, days
from marquee.sales.workbooks.cells import Cell, Refusal
from marquee.sales.workbooks.days import DateReading
from marquee.sales.workbooks.looks import NotAWorkbook
from marquee.sales.workbooks.parsed import Run

MAX_ROWS = 250_000
"""Rows of an edited export; the export itself gives fewer."""
MAX_EVENTS = 500
"""Events that one file may change; each is a write of its own."""
_NEEDED = tuple(heading for heading in HEADINGS if heading != edit_models.EVENT)
_NOWHERE = 1 << 20
_FOLDED = {heading.casefold(): heading for heading in HEADINGS}

Place = tuple[str, str, str]
"""Day, category (as `edit_version.plain` has it) and currency."""
Figures = tuple[int, int]
"""Tickets and minor units."""


class Sheet(Protocol):
    """A sheet as the parser gives it: its rows from the first filled one on, each from the first filled column on."""

    name: str

    @property
    def start(self) -> tuple[int, int] | None:
        """Row and column of the first filled cell, from 0; None where the sheet is empty."""

    def iter_rows(self) -> Iterator[Sequence[Any]]:
        """The rows."""


class Change(NamedTuple):
    """A row to be changed: where it stands in the file, and what it said when it was exported and says now."""

    sheet: int
    row: int
    place: Place
    exported: Figures
    wanted: Figures


class Reason(NamedTuple):
    """Why a row is refused: the heading of the column, where it is about a cell, and the sentence."""

    heading: str | None
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that cannot be applied, with the cells of the known columns as the file has them."""

    sheet: int
    row: int
    eid: str | None
    cells: tuple[Cell, ...]
    reasons: tuple[Reason, ...]


@dataclass(slots=True)
class EditedSheet:
    """A sheet with the columns of an export: their positions by heading, counted from the sheet's first column."""

    name: str
    header_row: int
    first_column: int
    positions: dict[str, int]
    rows: int = 0
    blank: int = 0


@dataclass(slots=True)
class EditedFile:
    """An edited export read to the end."""

    sheets: list[EditedSheet] = field(default_factory=list)
    rows: int = 0
    unchanged: list[Run] = field(default_factory=list)
    changes: dict[str, list[Change]] = field(default_factory=lambda: defaultdict(list))
    refused: list[RefusedRow] = field(default_factory=list)
    events: set[str] = field(default_factory=set)
    """All events with a row that is what it was exported as."""


class _Row(NamedTuple):
    sheet: int
    row: int
    eid: str
    place: Place
    exported: Figures
    wanted: Figures | tuple[Reason, ...]
    cells: tuple[Cell, ...]


def read(sheets: Iterable[Sheet], tenant: str, *, from_1904: bool) -> EditedFile:
    """Read all sheets that are an export. Raises NotAWorkbook where none is, or where there are too many rows."""
    file = EditedFile()
    reader = _Reader(tenant, from_1904=from_1904)
    found: list[_Row] = []
    for sheet in sheets:
        rows = sheet.iter_rows()
        edited = _headed(sheet, rows)
        if edited is None:
            continue
        number = len(file.sheets)
        file.sheets.append(edited)
        for row, raw in enumerate(rows, start=edited.header_row + 1):
            taken = tuple(raw[position] if position < len(raw) else None for position in edited.positions.values())
            if all(map(cells.is_empty, taken)):
                edited.blank += 1
                continue
            edited.rows += 1
            if file.rows + edited.rows > MAX_ROWS:
                raise NotAWorkbook("file.too_many_rows", f"An edited export can have at most {MAX_ROWS:,} rows.")
            one = reader.read(number, row, taken)
            if isinstance(one, RefusedRow):
                file.refused.append(one)
            else:
                found.append(one)
        file.rows += edited.rows
    if not file.sheets:
        raise NotAWorkbook(
            "edit.not_an_export",
            f"No sheet has the columns of a sales export ({', '.join(_NEEDED)}). Export the sales and edit that file; "
            "new sales belong in a report.",
        )
    _sort_out(file, found)
    return file


def _headed(sheet: Sheet, rows: Iterator[Sequence[Cell]]) -> EditedSheet | None:
    """The sheet with its columns, `rows` moved on to the first row below its header; None where it has none."""
    first, first_column = sheet.start or (0, 0)
    for index, raw in zip(range(columns.SEARCHED_ROWS), rows, strict=False):
        positions: dict[str, int] = {}
        for position, cell in enumerate(raw):
            heading = _FOLDED.get(cells.text(cell).casefold()) if isinstance(cell, str) else None
            if heading:
                positions.setdefault(heading, position)
        if all(heading in positions for heading in _NEEDED):
            # A column that is left out stands beyond every row's end.
            ordered = {heading: positions.get(heading, _NOWHERE) for heading in HEADINGS}
            return EditedSheet(sheet.name, first + index + 1, first_column, ordered)
    return None


class _Reader:
    """Reads rows; what repeats in them is computed once."""

    def __init__(self, tenant: str, *, from_1904: bool) -> None:
        self._tenant = tenant
        self._dates = DateReading(latest=date.max, from_1904=from_1904)
        self._days: dict[Cell, tuple[str, ...]] = {}
        self._plain: dict[Cell, str] = {}
        self._keys: dict[str, edit_version.KeyOf] = {}

    def read(self, sheet: int, row: int, taken: tuple[Cell, ...]) -> "_Row | RefusedRow":
        raw_eid, _, raw_day, raw_category, raw_currency, raw_version, raw_tickets, raw_revenue = taken
        version = edit_version.read(raw_version)
        if version is None:
            return RefusedRow(sheet, row, None, taken, (_no_version(raw_version),))
        eid, currency = cells.text(raw_eid), cells.text(raw_currency).upper()
        place = self._place(version, eid, raw_day, raw_category, currency)
        if place is None or not money.is_currency(currency):
            return RefusedRow(sheet, row, None, taken, (_KEY_CHANGED,))
        exported = version.tickets, version.minor
        wanted = _wanted(raw_tickets, raw_revenue, currency, exported)
        return _Row(sheet, row, eid, place, exported, wanted, taken)

    def _place(self, version: Version, eid: str, raw_day: Cell, raw_category: Cell, currency: str) -> Place | None:
        """The row's place, if it is the one that was exported."""
        category = self._plain.get(raw_category)
        if category is None:
            category = self._plain[raw_category] = edit_version.plain(raw_category)
        key = self._keys.get(eid)
        if key is None:
            key = self._keys[eid] = edit_version.keys_of(self._tenant, eid)
        for day in self._days_of(raw_day):
            if key(day, category, currency) == version.key:
                return day, category, currency
        return None

    def _days_of(self, raw: Cell) -> tuple[str, ...]:
        """The days that a cell may mean: 3/4/2026 is two, and the version says which."""
        found = self._days.get(raw)
        if found is None:
            both = (days.read_date(raw, self._dates._replace(month_first=first)) for first in (False, True))
            found = tuple(dict.fromkeys(day.isoformat() for day in both if not isinstance(day, Refusal)))
            self._days[raw] = found
        return found


def _no_version(raw: Cell) -> Reason:
    return _NOT_EXPORTED if cells.is_empty(raw) else _DAMAGED


_NOT_EXPORTED = Reason(
    edit_models.VERSION,
    Refusal("version.missing", "This row was not exported: its version is empty. New sales belong in a report."),
)
_DAMAGED = Reason(
    edit_models.VERSION,
    Refusal("version.damaged", "The hidden version of this row was changed. Export the sales again to edit it."),
)
_KEY_CHANGED = Reason(
    None,
    Refusal(
        "row.key_changed",
        "The event, date, category or currency of this row was changed, or it was exported elsewhere. Only tickets and "
        "revenue can be edited.",
    ),
)


def _wanted(raw_tickets: Cell, raw_revenue: Cell, currency: str, exported: Figures) -> Figures | tuple[Reason, ...]:
    """What the row is to say, or every cell that is refused."""
    # An untouched row, the usual case, whatever its figures are.
    if raw_tickets == exported[0] and raw_revenue == exported[1] / 10 ** money.exponent(currency):
        return exported
    tickets, minor = amounts.read_tickets(raw_tickets), amounts.read_amount(raw_revenue, currency)
    if isinstance(raw_revenue, str) and isinstance(minor, int):
        named = amounts.read_currency(currency, raw_revenue, "", currency)
        minor = named if isinstance(named, Refusal) else minor
    if isinstance(tickets, int) and isinstance(minor, int):
        return tickets, minor
    given = {edit_models.TICKETS: tickets, edit_models.REVENUE: minor}
    return tuple(Reason(heading, value) for heading, value in given.items() if isinstance(value, Refusal))


def _sort_out(file: EditedFile, found: Sequence[_Row]) -> None:
    """Which rows are unchanged, to be changed, or refused after all because there are several of them."""
    times = Counter((one.eid, one.place) for one in found)
    unchanged: list[tuple[int, int]] = []
    for one in found:
        file.events.add(one.eid)
        if times[one.eid, one.place] > 1:
            reasons: tuple[Reason, ...] = (_REPEATED,)
        elif one.wanted == one.exported:
            unchanged.append((one.sheet, one.row))
            continue
        elif isinstance(one.wanted[0], int) and isinstance(one.wanted[1], int):
            wanted = one.wanted[0], one.wanted[1]
            file.changes[one.eid].append(Change(one.sheet, one.row, one.place, one.exported, wanted))
            continue
        else:
            reasons = tuple(reason for reason in one.wanted if isinstance(reason, Reason))
        file.refused.append(RefusedRow(one.sheet, one.row, one.eid, one.cells, reasons))
    if len(file.changes) > MAX_EVENTS:
        raise NotAWorkbook(
            "edit.too_many_events",
            f"The file changes {len(file.changes)} events; one file can change at most {MAX_EVENTS}. Send it in parts.",
        )
    file.refused.sort(key=lambda one: (one.sheet, one.row))
    file.unchanged = runs(unchanged)


_REPEATED = Reason(
    None, Refusal("row.repeated", "This row of the export is in the file more than once; it can be changed only once.")
)


def runs(rows: Iterable[tuple[int, int]]) -> list[Run]:
    """Consecutive rows, given as sheet and number in order, together."""
    found: list[Run] = []
    for sheet, row in rows:
        if found and found[-1].sheet == sheet and found[-1].last == row - 1:
            found[-1] = Run(sheet, found[-1].first, row)
        else:
            found.append(Run(sheet, row, row))
    return found


# --- against what there is now ----------------------------------------------------------------------------------------


class Fate(NamedTuple):
    """What becomes of a change: its difference where it is applied, the refusal where it is not, or neither."""

    difference: Figures | None = None
    refusal: Refusal | None = None


def judge(change: Change, now: Figures | None) -> Fate:
    """Compare a change with what the row says `now`; None where it is not there any more.

    A row that says already what it was to say is left as it is.
    """
    if now is None:
        return Fate(refusal=_GONE)
    if now == change.wanted:
        return Fate()
    if now != change.exported:
        currency = change.place[2]
        message = (
            f"It was changed by others: it said {_said(change.exported, currency)} when it was exported, says "
            f"{_said(now, currency)} now, and was to say {_said(change.wanted, currency)}. Export the sales again."
        )
        return Fate(refusal=Refusal("row.changed_meanwhile", message))
    return Fate(difference=(change.wanted[0] - now[0], change.wanted[1] - now[1]))


_GONE = Refusal(
    "row.gone", "This row is not among the event's sales any more; they were cleared. Export the sales again."
)


def _said(figures: Figures, currency: str) -> str:
    tickets, minor = figures
    places = money.exponent(currency)
    amount = f"{minor / 10**places:.{places}f}"
    return f"{tickets} {'ticket' if tickets == 1 else 'tickets'} and {amount} {currency}"


def current(groups: Mapping[Place, Figures]) -> dict[Place, tuple[str, Figures]]:
    """An event's figures by place, each with its category as it is stored."""
    return {
        (day, edit_version.plain(category), currency): (category, figures)
        for (day, category, currency), figures in groups.items()
    }
