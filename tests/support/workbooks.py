"""Workbooks for tests, and what a parser would give for them."""

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

import xlsxwriter

Cells = Sequence[object]
HEADER = ("Date", "Category", "Tickets", "Revenue")


@dataclass
class FakeSheet:
    """A sheet as the parser gives it, without a file."""

    rows: list[list[object]]
    name: str = "Sales"
    start: tuple[int, int] | None = (0, 0)
    passes: int = field(default=0)
    merged_cell_ranges: list[tuple[tuple[int, int], tuple[int, int]]] = field(default_factory=list)

    def iter_rows(self) -> Iterator[list[object]]:
        """The rows, all of one width."""
        self.passes += 1
        width = max(map(len, self.rows), default=0)
        return iter([[*row, *[""] * (width - len(row))] for row in self.rows])


def workbook(sheets: dict[str, Sequence[Cells]] | Sequence[Cells], *, from_1904: bool = False) -> bytes:
    """An .xlsx with these rows; days are written as date cells."""
    packed = io.BytesIO()
    with xlsxwriter.Workbook(packed, {"date_1904": from_1904, "strings_to_formulas": False}) as book:
        as_date = book.add_format({"num_format": "dd.mm.yyyy"})
        named = sheets if isinstance(sheets, dict) else {"Sales": sheets}
        for name, rows in named.items():
            sheet = book.add_worksheet(name)
            for line, row in enumerate(rows):
                for column, cell in enumerate(row):
                    if isinstance(cell, date):
                        sheet.write_datetime(line, column, cell, as_date)
                    elif cell is not None:
                        sheet.write(line, column, cell)
    return packed.getvalue()


def with_part(content: bytes, name: str, part: bytes) -> bytes:
    """The workbook with one part replaced or added."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            if entry.filename != name:
                new.writestr(entry.filename, old.read(entry))
        new.writestr(name, part)
    return packed.getvalue()


def sheet_xml(cells: str, *, prefix: str = "") -> bytes:
    """A worksheet part with this content of `sheetData`."""
    namespace = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    colon = f"{prefix}:" if prefix else ""
    declared = f"xmlns:{prefix}" if prefix else "xmlns"
    return (
        f'<{colon}worksheet {declared}="{namespace}"><{colon}sheetData>{cells}</{colon}sheetData></{colon}worksheet>'
    ).encode()
