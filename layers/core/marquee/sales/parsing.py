"""Parse an inspected workbook with the spreadsheet parser, and refuse it as a whole where it holds no sales report."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any, cast

from marquee.sales import columns, headings, inspection, looks, merged_ranges, naming, overlaps, reading
from marquee.sales.columns import Span
from marquee.sales.days import DateReading
from marquee.sales.looks import NotAWorkbook
from marquee.sales.mapping import NO_MAPPING, ColumnMapping
from marquee.sales.reading import Parsed, Sheet, SheetReport

__all__ = ["Parsed", "parse"]
_NEEDED = "date, tickets (number of tickets) and revenue (amount, or else the price of a ticket)"
_LISTED = 12


def parse(path: str, *, currency: str, latest: date, from_1904: bool, mapping: ColumnMapping = NO_MAPPING) -> Parsed:
    """Read all visible sheets of the workbook at `path`.

    `currency` is the event's; `latest` the last day that can be a day of sale; `mapping` says what headings mean to the
    tenant. Raises NotAWorkbook where the file cannot be read, holds nothing, or has no sheet with the needed columns or
    no rows under them.
    """
    import python_calamine  # noqa: PLC0415 - only the function that ingests has it

    kind = inspection.kind_of(path)
    merged = merged_ranges.ranges(path, kind)
    with (
        naming.named(path, kind) as named,
        _refusing(),
        python_calamine.CalamineWorkbook.from_path(named) as workbook,
    ):
        visible = python_calamine.SheetVisibleEnum.Visible
        work_sheet = python_calamine.SheetTypeEnum.WorkSheet
        names = [
            sheet.name for sheet in workbook.sheets_metadata if sheet.visible == visible and sheet.typ == work_sheet
        ]
        if len(set(names)) != len(names):
            # Asked for by name, one of them would be read twice and the other never.
            raise looks.damaged("Two sheets of the workbook have the same name.")
        # One sheet at a time is held in memory.
        sheets = (_sheet(workbook, name, merged) for name in names)
        dates = DateReading(latest=latest, from_1904=from_1904)
        parsed = reading.read(sheets, currency=currency, dates=dates, mapping=mapping)
    _check(parsed, mapping)
    return parsed


def _sheet(workbook: Any, name: str, merged: merged_ranges.Spans | None) -> Sheet:
    """A sheet of the parser's, with its merged ranges where the parser does not know them."""
    sheet = cast("Sheet", workbook.get_sheet_by_name(name))
    return sheet if merged is None else _Sheet(sheet, merged.get(name, []))


class _Sheet:
    """A sheet whose merged ranges were found by ourselves."""

    def __init__(self, sheet: Sheet, merged: list[Span]) -> None:
        self.name = sheet.name
        self.start = sheet.start
        self.merged_cell_ranges = merged
        self.iter_rows = sheet.iter_rows


@contextmanager
def _refusing() -> Iterator[None]:
    """What the parser raises, as a refusal of the file."""
    import python_calamine  # noqa: PLC0415 - only the function that ingests has it

    try:
        yield
    except python_calamine.PasswordError as error:
        raise looks.password_protected() from error
    except python_calamine.CalamineError as error:
        raise _unreadable() from error
    except BaseException as error:
        # A panic of the parser is an exception of its own kind, beside Exception.
        if type(error).__name__ == "PanicException":
            raise _unreadable() from error
        raise


def _unreadable() -> NotAWorkbook:
    return looks.damaged("The file is damaged: it cannot be read.")


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
