"""Parse an inspected workbook with the spreadsheet parser, and refuse it as a whole where it holds no sales report."""

from datetime import date

from marquee.sales.workbooks import columns, headings, inspection, merged_ranges, overlaps, reading, sheets
from marquee.sales.workbooks.columns import Span
from marquee.sales.workbooks.days import DateReading
from marquee.sales.workbooks.looks import NotAWorkbook
from marquee.sales.workbooks.mapping import NO_MAPPING, ColumnMapping
from marquee.sales.workbooks.reading import Parsed, Sheet, SheetReport

__all__ = ["Parsed", "parse"]
_NEEDED = "date, tickets (number of tickets) and revenue (amount, or else the price of a ticket)"
_LISTED = 12


def parse(path: str, *, currency: str, latest: date, from_1904: bool, mapping: ColumnMapping = NO_MAPPING) -> Parsed:
    """Read all visible sheets of the workbook at `path`.

    `currency` is the event's; `latest` the last day that can be a day of sale; `mapping` says what headings mean to the
    tenant. Raises NotAWorkbook where the file cannot be read, holds nothing, or has no sheet with the needed columns or
    no rows under them.
    """
    merged = merged_ranges.ranges(path, inspection.kind_of(path))
    with sheets.opened(path) as found:
        dates = DateReading(latest=latest, from_1904=from_1904)
        given = (_sheet(sheet, merged) for sheet in found)
        parsed = reading.read(given, currency=currency, dates=dates, mapping=mapping)
    _check(parsed, mapping)
    return parsed


def _sheet(sheet: Sheet, merged: merged_ranges.Spans | None) -> Sheet:
    """A sheet of the parser's, with its merged ranges where the parser does not know them."""
    return sheet if merged is None else _Sheet(sheet, merged.get(sheet.name, []))


class _Sheet:
    """A sheet whose merged ranges were found by ourselves."""

    def __init__(self, sheet: Sheet, merged: list[Span]) -> None:
        self.name = sheet.name
        self.start = sheet.start
        self.merged_cell_ranges = merged
        self.iter_rows = sheet.iter_rows


def _check(parsed: Parsed, mapping: ColumnMapping) -> None:
    for sheet in parsed.sheets:
        if sheet.ambiguous:
            raise NotAWorkbook("columns.ambiguous", _ambiguous(sheet))
    taken = [sheet for sheet in parsed.sheets if sheet.columns]
    if taken and parsed.rows:
        same = overlaps.repeated(parsed)
        if same is not None:
            raise NotAWorkbook("sheets.same_sales", _same(parsed, *same))
        return
    if taken:
        raise NotAWorkbook("file.no_rows", "The workbook has a header but no rows below it.")
    filled = [sheet for sheet in parsed.sheets if sheet.headings]
    if not filled and all(not sheet.filled for sheet in parsed.sheets):
        raise NotAWorkbook("file.no_content", "The workbook is empty: there are no rows in it.")
    raise NotAWorkbook("columns.missing", _missing(filled, mapping))


def _same(parsed: Parsed, one: int, others: list[int]) -> str:
    names = ", ".join(f"“{parsed.sheets[other].name}”" for other in others[:_LISTED])
    return (
        f"Sheet “{parsed.sheets[one].name}” has the same tickets and amounts on every day as {names}: the sales would "
        "count twice. Delete or hide what sums up the others, and drop the file again."
    )


def _ambiguous(sheet: SheetReport) -> str:
    name, alike = min(sheet.ambiguous.items())
    listed = " and ".join(f"“{heading[:40]}”" for heading in alike[:_LISTED])
    return (
        f"Sheet “{sheet.name}” has several columns that may be the {name}: {listed}. Only one can count. Say which "
        "with PUT /ingest/column_mapping and drop the file again; columns of the same name need different names first."
    )


def _missing(sheets: list[SheetReport], mapping: ColumnMapping) -> str:
    needed = (
        f"A report needs a header row with columns for {_NEEDED}. If yours are called otherwise, say so with "
        "PUT /ingest/column_mapping and drop the file again."
    )
    if not sheets:
        return f"No header row was found. {needed}"
    closest = max(sheets, key=lambda sheet: len(columns.known_fields(sheet.headings, mapping)))
    known = columns.known_fields(closest.headings, mapping)
    lacking = [name for name in headings.REQUIRED if name not in known]
    names = [heading for heading in closest.headings if heading]
    listed = ", ".join(f"“{name[:40]}”" for name in names[:_LISTED]) + (" …" if len(names) > _LISTED else "")
    return f"No column was found for {' and '.join(lacking)}. Sheet “{closest.name}” has {listed}. {needed}"
