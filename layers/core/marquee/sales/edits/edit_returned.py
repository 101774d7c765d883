"""Pure account of the rows of an edited export that were not applied: ledger entries, and a workbook of them."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from typing import IO

from marquee.sales.edits import edit_models
from marquee.sales.edits.edit_export import COLUMNS
from marquee.sales.edits.edits import EditedSheet, Reason
from marquee.sales.models import LedgerEntry, RowReason, SheetSummary
from marquee.sales.workbooks import cells, columns
from marquee.sales.workbooks.cells import Cell
from marquee.sales.workbooks.sheet_writer import Column, SheetWriter, Style, number_cell, text_cell

_EPOCH = date(1899, 12, 30).toordinal()
_MAX_CELL = 200
_COLUMNS = (*COLUMNS, Column(columns.REASON_HEADER, 80), Column(columns.ROW_HEADER, 12))
_FIELDS = {
    edit_models.EVENT_ID: "event_id",
    edit_models.EVENT: "event",
    edit_models.DATE: "date",
    edit_models.CATEGORY: "category",
    edit_models.CURRENCY: "currency",
    edit_models.VERSION: "version",
    edit_models.TICKETS: "tickets",
    edit_models.REVENUE: "revenue",
}


def entry(sheet: EditedSheet, row: int, taken: Sequence[Cell], reasons: Sequence[Reason]) -> LedgerEntry:
    """The ledger's entry of a row that was refused."""
    first, *further = (_reason(sheet, taken, reason) for reason in reasons)
    return {
        "status": "rejected",
        "sheet": sheet.name,
        "row": row,
        "last_row": row,
        **first,
        "further_reasons": further,
    }


def _reason(sheet: EditedSheet, taken: Sequence[Cell], reason: Reason) -> RowReason:
    code, message = reason.refusal
    if reason.heading is None:
        return {"column": None, "header": None, "cell": None, "code": code, "message": message}
    return {
        "column": columns.letter(sheet.first_column + sheet.positions[reason.heading]),
        "header": reason.heading,
        "cell": cells.as_written(taken[edit_models.HEADINGS.index(reason.heading)])[:_MAX_CELL],
        "code": code,
        "message": message,
    }


def summaries(sheets: Iterable[EditedSheet]) -> list[SheetSummary]:
    """Which sheets were read, and where their columns are."""
    return [
        {
            "sheet": sheet.name,
            "header_row": sheet.header_row,
            "columns": [
                {
                    "field": _FIELDS[heading],
                    "column": columns.letter(sheet.first_column + position),
                    "header": heading,
                    "by": "guess",
                }
                for heading, position in sheet.positions.items()
                if position < columns_of(sheet)
            ],
            "date_order": "day_first",
            "rows": sheet.rows,
            "skipped": {"blank": sheet.blank} if sheet.blank else {},
        }
        for sheet in sheets
    ]


def columns_of(sheet: EditedSheet) -> int:
    """How many columns the sheet has at most; a column that is not there stands beyond."""
    return max(position for heading, position in sheet.positions.items() if heading != edit_models.EVENT) + 1


def row_cells(row: int, taken: Sequence[Cell], reasons: Sequence[Reason]) -> str:
    """A refused row as it was, with the refused cells marked, why, and where it stood."""
    refused = {reason.heading for reason in reasons}
    given = zip(edit_models.HEADINGS, taken, strict=True)
    written = "".join(_cell(heading, value, marked=heading in refused) for heading, value in given)
    why = " ".join(reason.refusal.message for reason in reasons)
    return f"{written}{text_cell(why, Style.REASON)}{number_cell(str(row), Style.PLAIN)}"


def _cell(heading: str, value: Cell, *, marked: bool) -> str:
    """A cell as the file had it."""
    match value:
        case bool():
            return text_cell(cells.as_written(value), Style.MARKED_TEXT if marked else Style.TEXT)
        case int() | float():
            return number_cell(repr(value), Style.MARKED if marked else Style.PLAIN)
        case datetime() if value.time() == time():
            return number_cell(str(value.toordinal() - _EPOCH), Style.DATE)
        case date() if not isinstance(value, datetime):
            return number_cell(str(value.toordinal() - _EPOCH), Style.DATE)
        case _:
            plain = Style.FAINT if heading == edit_models.VERSION else Style.TEXT
            return text_cell(cells.as_written(value), Style.MARKED_TEXT if marked else plain)


def write(rows: Iterable[str], to: IO[bytes]) -> None:
    """Write refused rows as a workbook that can be mended and sent again; its two last columns are left out then."""
    with SheetWriter(to, edit_models.SHEET, _COLUMNS) as writer:
        writer.write(rows)
