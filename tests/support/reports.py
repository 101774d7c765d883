"""Real workbooks for tests of reading, as people make them, and what was read from them."""

import io
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from marquee.sales.workbooks import inspection, parsing, returned
from marquee.sales.workbooks.mapping import NO_MAPPING, ColumnMapping
from marquee.sales.workbooks.parsing import Parsed

DAY = date(2026, 3, 1)
NEXT = date(2026, 3, 2)
Sale = tuple[str, str, int, int, str]


def book(rows: Sequence[Sequence[object]], *, merged: Sequence[str] = (), from_1904: bool = False) -> bytes:
    """An .xlsx by openpyxl with these rows from A1 on; `merged` are ranges such as ``A2:A4``."""
    made = openpyxl.Workbook()
    if from_1904:
        made.epoch = CALENDAR_MAC_1904
    sheet: Any = made.active
    sheet.title = "Sales"
    for row in rows:
        sheet.append(list(row))
    for area in merged:
        sheet.merge_cells(area)
    return saved(made)


def saved(made: Any) -> bytes:
    """A workbook of openpyxl as bytes."""
    packed = io.BytesIO()
    made.save(packed)
    return packed.getvalue()


def read(content: bytes, *, mapping: ColumnMapping = NO_MAPPING, currency: str = "EUR") -> Parsed:
    """The workbook as the ingest reads it."""
    from_1904 = inspection.inspect(io.BytesIO(content), len(content)).from_1904
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.xlsx"
        path.write_bytes(content)
        return parsing.parse(
            str(path), currency=currency, latest=date(2026, 12, 31), from_1904=from_1904, mapping=mapping
        )


def sales(parsed: Parsed) -> list[Sale]:
    """The sale of each row that was taken, in the order of the file: day, category, tickets, minor units, currency."""
    found = []
    for content in parsed.order:
        sale = parsed.sales[content]
        day, category, currency = parsed.group_keys[parsed.groups[sale]]
        found.append((day, category, parsed.tickets[sale], parsed.minor[sale], currency))
    return found


def refusals(parsed: Parsed) -> list[tuple[int, list[str]]]:
    """Row number and codes of each rejected row."""
    return [(row.row, [reason.refusal.code for reason in row.reasons]) for row in parsed.rejected]


def taken(parsed: Parsed, sheet: int = 0) -> dict[str, str]:
    """Which heading was taken for which field."""
    report = parsed.sheets[sheet]
    assert report.columns is not None
    return {name: report.headings[position] for name, position in report.columns.positions.items()}


def given_back(parsed: Parsed) -> Any:
    """The workbook of the rejected rows, opened."""
    packed = io.BytesIO()
    returned.write(parsed.rejected, parsed.sheets, packed, from_1904=parsed.from_1904)
    packed.seek(0)
    return openpyxl.load_workbook(packed)
