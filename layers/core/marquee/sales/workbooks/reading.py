"""Pure reading of a workbook's sheets: every row becomes a sale, a rejected row, or one of the kinds that hold no sale.

Speed comes from reports repeating themselves: rows are grouped by their raw cells with dictionaries that run in C, each
distinct combination is validated once, and only rows that are no sale are looked at one by one.
"""

import gc
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, compress, count, islice, repeat
from typing import Protocol

from marquee.sales.ingests import identity
from marquee.sales.workbooks import cells, columns, days, headings, totals
from marquee.sales.workbooks.cells import Cell
from marquee.sales.workbooks.columns import Columns, Span
from marquee.sales.workbooks.days import DateReading
from marquee.sales.workbooks.mapping import NO_MAPPING, ColumnMapping
from marquee.sales.workbooks.merges import Merges
from marquee.sales.workbooks.parsed import Parsed, RejectedRow, Row, Run, SheetReport
from marquee.sales.workbooks.validation import RawCore, Reason, Sale, Validator

__all__ = ["Parsed", "RejectedRow", "Run", "Sheet", "SheetReport", "read"]
_CHUNK = 1024  # rows that fit the processor's cache with all their cells
_NO_SALE = -1
_NUMERIC = frozenset(("tickets", "revenue", "price", "discount"))


class Sheet(Protocol):
    """A sheet as the parser gives it: `iter_rows` starts at the sheet's first row, at the first filled column."""

    name: str

    @property
    def start(self) -> tuple[int, int] | None:
        """Row and column of the first filled cell, from 0; None where the sheet is empty."""

    @property
    def merged_cell_ranges(self) -> Sequence[Span]:
        """The merged ranges, counted from the sheet's corner."""

    def iter_rows(self) -> Iterator[Row]:
        """The rows from the sheet's first on, each from its first filled column on."""


@contextmanager
def _without_collector() -> Iterator[None]:
    """Millions of small tuples and no cycles: the cyclic collector would only walk them again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def read(sheets: Iterable[Sheet], *, currency: str, dates: DateReading, mapping: ColumnMapping = NO_MAPPING) -> Parsed:
    """Read every sheet that has a header row.

    `currency` is the event's, for rows that name none; `mapping` says what headings mean to the tenant. A sheet without
    the needed columns is reported with `columns` None.
    """
    parsed = Parsed(from_1904=dates.from_1904)
    contents = _Contents(parsed)
    with _without_collector():
        for sheet in sheets:
            _read_sheet(sheet, parsed, contents, currency, dates, mapping)
        parsed.counts = _counted(parsed)
    return parsed


def _counted(parsed: Parsed) -> "array[int]":
    """How many rows each content has."""
    number = len(parsed.identities)
    if number == len(parsed.order):
        return array("I", [1]) * number
    counted = Counter(parsed.order)
    return array("I", map(counted.__getitem__, range(number)))


def _read_sheet(
    sheet: Sheet,
    parsed: Parsed,
    contents: "_Contents",
    currency: str,
    dates: DateReading,
    mapping: ColumnMapping,
) -> None:
    rows = sheet.iter_rows()
    top = list(islice(rows, columns.SEARCHED_ROWS))
    start = sheet.start
    first_column = start[1] if start else 0
    merged = sheet.merged_cell_ranges or ()
    search = columns.find(top, mapping, merged, first_column)
    report = SheetReport(
        sheet.name,
        search.columns,
        search.headings,
        search.ambiguous,
        filled=start is not None,
        first_column=first_column,
    )
    parsed.sheets.append(report)
    found = search.columns
    if found is None:
        return
    report.month_first = _month_first(sheet, found, top)
    reader = _SheetReader(
        sheet=len(parsed.sheets) - 1,
        report=report,
        columns=found,
        parsed=parsed,
        contents=contents,
        validator=Validator(found, currency, dates._replace(month_first=report.month_first)),
        merges=Merges(merged, found, first_column),
    )
    # Row numbers as spreadsheets show them count from 1, and the header has one too.
    reader.take(chain(top[found.first_row :], rows), first_row=found.first_row + 1)


def _month_first(sheet: Sheet, found: Columns, top: Sequence[Row]) -> bool:
    """Whether the sheet's dates with slashes put the month first: only if one proves it and none disproves it."""
    position = found.positions["date"]
    if not any(days.slashed_parts(row[position]) for row in top[found.first_row :]):
        return False
    texts = {value for row in sheet.iter_rows() if isinstance(value := row[position], str)}
    parts = [pair for value in texts if (pair := days.slashed_parts(value))]
    return any(second > 12 for _, second in parts) and not any(first > 12 for first, _ in parts)  # noqa: PLR2004


class _Contents:
    """The distinct contents of the whole workbook, by identity."""

    def __init__(self, parsed: Parsed) -> None:
        self._parsed = parsed
        self._numbers: defaultdict[bytes, int] = defaultdict(count().__next__)
        self._groups: dict[tuple[str, str, str], int] = {}

    def sale(self, sale: Sale) -> int:
        """The number under which a sale is held from now on."""
        parsed = self._parsed
        key = (sale.day, sale.category, sale.currency)
        group = self._groups.setdefault(key, len(self._groups))
        if group == len(parsed.group_keys):
            parsed.group_keys.append(key)
        parsed.groups.append(group)
        parsed.tickets.append(sale.tickets)
        parsed.minor.append(sale.minor)
        return len(parsed.groups) - 1

    def add(self, identities: Sequence[bytes], sales: Sequence[int]) -> list[int]:
        """The contents of rows with these identities and sales, by number; what is new is held from now on."""
        parsed = self._parsed
        known = len(self._numbers)
        contents = list(map(self._numbers.__getitem__, identities))
        fresh = len(self._numbers) - known
        if fresh == len(contents):
            parsed.identities.extend(identities)
            parsed.sales.extend(sales)
        elif fresh:
            # The first rows with a new content are those where the numbering goes on.
            following = known
            for index, content in enumerate(contents):
                if content == following:
                    parsed.identities.append(identities[index])
                    parsed.sales.append(sales[index])
                    following += 1
        return contents


class _SheetReader:
    """Reads the rows under one header."""

    def __init__(
        self,
        *,
        sheet: int,
        report: SheetReport,
        columns: Columns,
        parsed: Parsed,
        contents: _Contents,
        validator: Validator,
        merges: Merges,
    ) -> None:
        self._sheet = sheet
        self._report = report
        self._columns = columns
        self._parsed = parsed
        self._contents = contents
        self._validate = validator.validate
        self._merges = merges
        self._sums = totals.Sums()
        self._before = len(parsed.order), len(parsed.runs)
        # Raw cells of the fields -> number, in the order of first sight; the lists run in parallel.
        self._numbers: defaultdict[RawCore, int] = defaultdict(count().__next__)
        self._sales: list[int] = []
        self._cores: list[bytes] = []
        self._reasons: dict[int, tuple[Reason, ...]] = {}
        self._plain: list[int] = []

    def take(self, rows: Iterable[Row], first_row: int) -> None:
        """Read all rows; the first of them has the number `first_row`."""
        number = first_row
        source = iter(rows)
        while chunk := list(islice(source, _CHUNK)):
            if self._merges:
                self._merges.complete(chunk, number, source)
                self._merges.fill(chunk, number)
            self._take_chunk(chunk, number)
            number += len(chunk)
        self._leave_out_sums()

    def _take_chunk(self, chunk: list[Row], first_row: int) -> None:
        by_column = list(zip(*chunk, strict=True))
        raw = list(self._raw_cores(by_column, len(chunk)))
        known = len(self._numbers)
        numbers = list(map(self._numbers.__getitem__, raw))
        if len(self._numbers) > known:
            self._learn(list(islice(reversed(self._numbers), len(self._numbers) - known))[::-1])
        extras = self._extras(by_column)
        summed = self._summed(by_column)
        bad: list[int] = []
        if summed or not self._reasons.keys().isdisjoint(numbers):
            bad = self._sort_out(chunk, numbers, first_row, summed, raw)
        if bad:
            good = bytearray(b"\1") * len(chunk)
            for index in bad:
                good[index] = 0
            numbers = list(compress(numbers, good))
            extras = extras and list(compress(extras, good))
        else:
            self._run(first_row, first_row + len(chunk) - 1)
        self._report.rows += len(numbers)
        if extras is None:
            self._parsed.order.extend(map(self._plain_contents().__getitem__, numbers))
            return
        identities = identity.row_identities(map(self._cores.__getitem__, numbers), extras)
        sales = list(map(self._sales.__getitem__, numbers))
        self._parsed.order.extend(self._contents.add(identities, sales))

    def _raw_cores(self, by_column: list[tuple[Cell, ...]], rows: int) -> Iterator[RawCore]:
        nothing: tuple[Cell, ...] = ("",) * rows
        positions = self._columns.positions
        taken = []
        for name in self._columns.core:
            values = by_column[positions[name]] if name in positions else nothing
            # In a dict True would be the same key as the number 1.
            if name in _NUMERIC and bool in set(map(type, values)):
                values = tuple(cells.as_written(value) if isinstance(value, bool) else value for value in values)
            taken.append(values)
        return zip(*taken, strict=True)

    def _learn(self, new: list[RawCore]) -> None:
        """Validate combinations seen for the first time."""
        for raw in new:
            result = self._validate(raw)
            if isinstance(result, Sale) and headings.names_a_total(result.category):
                result = (Reason("category", totals.LOOKS_LIKE_A_SUM),)
            if isinstance(result, Sale):
                self._sales.append(self._contents.sale(result))
                self._cores.append(identity.core_text(*result))
            else:
                self._reasons[len(self._sales)] = result
                self._sales.append(_NO_SALE)
                self._cores.append(b"")

    def _plain_contents(self) -> list[int]:
        """Content number of each known combination, for rows that consist of the five fields only."""
        start = len(self._plain)
        if start < len(self._cores):
            fresh = [index for index in range(start, len(self._cores)) if index not in self._reasons]
            identities = identity.row_identities(map(self._cores.__getitem__, fresh), repeat(""))
            found = self._contents.add(identities, [self._sales[index] for index in fresh])
            self._plain.extend([_NO_SALE] * (len(self._cores) - start))
            for index, content in zip(fresh, found, strict=True):
                self._plain[index] = content
        return self._plain

    def _extras(self, by_column: list[tuple[Cell, ...]]) -> list[str] | None:
        """The other columns' content of each row as one text; None where they are all empty."""
        texts = []
        for label, position in self._columns.extras:
            values = by_column[position]
            if any(values) or any(value != "" for value in values):
                prefix = identity.extra_prefix(label)
                texts.append([prefix + found if found else "" for found in cells.texts(values)])
        if not texts:
            return None
        return texts[0] if len(texts) == 1 else list(map("".join, zip(*texts, strict=True)))

    def _summed(self, by_column: list[tuple[Cell, ...]]) -> set[int]:
        """Indexes of rows that one of the other columns calls a sum."""
        found: set[int] = set()
        for _, position in self._columns.extras:
            values = by_column[position]
            if not headings.TOTAL_CELLS.isdisjoint(values):
                found.update(index for index, value in enumerate(values) if value in headings.TOTAL_CELLS)
        return found

    def _sort_out(
        self, chunk: list[Row], numbers: list[int], first_row: int, summed: set[int], raw: list[RawCore]
    ) -> list[int]:
        """Look at each row that is no sale, and note the runs of the others. The indexes of those that are none."""
        reasons = self._reasons
        bad = [index for index, number in enumerate(numbers) if number in reasons or index in summed]
        begun = 0
        for index in bad:
            self._run(first_row + begun, first_row + index - 1)
            begun = index + 1
            why = reasons.get(numbers[index]) or (Reason("category", totals.LOOKS_LIKE_A_SUM),)
            self._no_sale(chunk[index], first_row + index, why, raw[index])
        self._run(first_row + begun, first_row + len(chunk) - 1)
        return bad

    def _no_sale(self, row: Row, number: int, reasons: tuple[Reason, ...], raw: RawCore) -> None:
        if all(cells.is_empty(row[position]) for position in self._columns.content):
            self._report.skipped["blank"] += 1
        elif columns.is_repeated_header(row, self._columns):
            self._report.skipped["repeated_header"] += 1
        elif reasons[0].field == "date" and columns.is_totals_row(row, self._columns):
            self._report.skipped["totals"] += 1
            self._sums.boundary(number)
        elif reasons[0].field == "date" and columns.is_note(row, self._columns):
            self._report.skipped["notes"] += 1
        else:
            sale = self._validate(raw) if reasons[0].refusal is totals.LOOKS_LIKE_A_SUM else None
            if isinstance(sale, Sale):
                self._sums.suspect(number, sale, len(self._parsed.rejected))
            self._report.rows += 1
            self._parsed.rejected.append(RejectedRow(self._sheet, number, cells.unshared(row), reasons))

    def _leave_out_sums(self) -> None:
        """Rows that are called sums, and are the sums of rows above them, are no data."""
        if not self._sums:
            return
        parsed = self._parsed
        order, runs = self._before
        rows = (row for run in parsed.runs[runs:] for row in range(run.first, run.last + 1))
        sales = map(parsed.sales.__getitem__, parsed.order[order:])
        left_out = self._sums.confirmed(map(self._taken, rows, sales))
        for index in sorted(left_out, reverse=True):
            del parsed.rejected[index]
        self._report.rows -= len(left_out)
        self._report.skipped["totals"] += len(left_out)

    def _taken(self, row: int, sale: int) -> totals.Taken:
        parsed = self._parsed
        day, _, currency = parsed.group_keys[parsed.groups[sale]]
        return totals.Taken(row, day, currency, parsed.tickets[sale], parsed.minor[sale])

    def _run(self, first: int, last: int) -> None:
        if last < first:
            return
        runs = self._parsed.runs
        if runs and runs[-1].sheet == self._sheet and runs[-1].last == first - 1:
            runs[-1] = runs[-1]._replace(last=last)
        else:
            runs.append(Run(self._sheet, first, last))
