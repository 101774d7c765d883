"""The workbook that gives rejected rows back: as the file had them, with the reason beside each, ready to be fixed."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import IO, Any

from marquee.sales.workbooks import columns, days, headings
from marquee.sales.workbooks.cells import Cell, Refusal
from marquee.sales.workbooks.days import DateReading
from marquee.sales.workbooks.reading import RejectedRow, SheetReport

_BAD_SHEET_CHARACTERS = str.maketrans(dict.fromkeys("[]:*?/\\", "_"))
_SHEET_NAME = 31
_CREATED = datetime(2020, 1, 1)  # noqa: DTZ001 - a fixed wall time keeps repeated steps byte for byte equal


def write(
    rejected: Sequence[RejectedRow], sheets: Sequence[SheetReport], to: IO[bytes], *, from_1904: bool = False
) -> None:
    """Write the workbook to `to`.

    A sheet for each sheet with rejected rows, its header first, the refused cells marked. Texts are written as texts
    and never as formulas, so a cell such as ``=1+1`` stays inert. The two last columns are left out when it is read
    again. A row says the same here as it did among the others: the workbook counts days as the file did, from 1904 or
    not; columns without a heading keep their place's name; a date in slashes, whose order other rows may have shown, is
    written as the day it is.
    """
    import xlsxwriter  # noqa: PLC0415 - only the function that ingests has it

    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    workbook = xlsxwriter.Workbook(to, {**options, "nan_inf_to_errors": True, "date_1904": from_1904})
    workbook.set_properties({"created": _CREATED})
    bold = {"bold": True}
    styles = _Styles(workbook)
    used: set[str] = set()
    pages: dict[int, tuple[Any, int]] = {}
    for row in rejected:
        sheet = sheets[row.sheet]
        if row.sheet not in pages:
            page = workbook.add_worksheet(_sheet_name(sheet.name, used))
            page.freeze_panes(1, 0)
            page.set_column(0, len(sheet.headings) - 1, 16)
            page.set_column(len(sheet.headings), len(sheet.headings), 70)
            for position, heading in enumerate([*_headings(sheet), columns.REASON_HEADER, columns.ROW_HEADER]):
                page.write_string(0, position, heading, styles.get(**bold))
            pages[row.sheet] = (page, 1)
        page, line = pages[row.sheet]
        _write_row(page, line, row, sheet, styles)
        pages[row.sheet] = (page, line + 1)
    workbook.close()


def _sheet_name(name: str, used: set[str]) -> str:
    plain = (name.translate(_BAD_SHEET_CHARACTERS).strip("'") or "Rows")[:_SHEET_NAME]
    chosen, number = plain, 2
    while chosen.casefold() in used:
        chosen = f"{plain[: _SHEET_NAME - 5]} ({number})"
        number += 1
    used.add(chosen.casefold())
    return chosen


def _headings(sheet: SheetReport) -> list[str]:
    """The sheet's headings, with names for columns without one: without them the first could not be told any more."""
    return [
        heading if headings.normalised(heading) else columns.unnamed(position)
        for position, heading in enumerate(sheet.headings)
    ]


def _certain_day(value: Cell, sheet: SheetReport) -> Cell:
    """A date in slashes as the day it was read as; anything else as it is."""
    if days.slashed_parts(value) is None:
        return value
    day = days.read_date(value, DateReading(date.max, month_first=sheet.month_first))
    return value if isinstance(day, Refusal) else day


def _write_row(page: Any, line: int, row: RejectedRow, sheet: SheetReport, styles: "_Styles") -> None:
    positions = sheet.columns.positions if sheet.columns else {}
    refused = {positions[reason.field] for reason in row.reasons if reason.field in positions}
    for position, value in enumerate(row.cells):
        shown = _certain_day(value, sheet) if position == positions.get("date") else value
        _write_cell(page, line, position, shown, styles, marked=position in refused)
    width = len(row.cells)
    page.write_string(line, width, " ".join(reason.refusal.message for reason in row.reasons), styles.get(text=True))
    page.write_number(line, width + 1, row.row)


def _write_cell(page: Any, line: int, position: int, value: Cell, styles: "_Styles", *, marked: bool) -> None:
    match value:
        case None | "":
            if marked:
                page.write_blank(line, position, None, styles.get(marked=True))
        case bool():
            page.write_boolean(line, position, value, styles.get(marked=marked))
        case int() | float():
            page.write_number(line, position, value, styles.get(marked=marked))
        case datetime() if value.time() != time():
            page.write_datetime(line, position, value, styles.get(marked=marked, num_format="yyyy-mm-dd hh:mm:ss"))
        case date():
            page.write_datetime(line, position, value, styles.get(marked=marked, num_format="yyyy-mm-dd"))
        case time():
            page.write_datetime(line, position, value, styles.get(marked=marked, num_format="hh:mm:ss"))
        case timedelta():
            page.write_datetime(line, position, value, styles.get(marked=marked, num_format="[h]:mm:ss"))
        case _:
            page.write_string(line, position, value, styles.get(marked=marked, text=True))


class _Styles:
    """The workbook's cell formats, each made once."""

    def __init__(self, workbook: Any) -> None:
        self._workbook = workbook
        self._made: dict[tuple[tuple[str, object], ...], Any] = {}

    def get(self, *, marked: bool = False, text: bool = False, **properties: object) -> Any:
        wanted = dict(properties)
        if marked:
            wanted |= {"bg_color": "#F8CBAD"}
        if text:
            # Spreadsheets show such a cell as text even when it is edited and looks like a formula.
            wanted |= {"quote_prefix": True, "num_format": "@"}
        key = tuple(sorted(wanted.items()))
        if key not in self._made:
            self._made[key] = self._workbook.add_format(wanted)
        return self._made[key]
