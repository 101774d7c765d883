"""What every look at a dropped file shares: a report's bounds, the ways to refuse a file, and what was found."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["xlsx", "xlsb", "xls", "ods"]
"""How a workbook is written, told from its content. A workbook with macros (.xlsm) is an ``xlsx``."""

MAX_FILE_BYTES = 100 * 1024 * 1024
MAX_COLUMNS = 512
MAX_ROWS = 1_048_576
MAX_AREA = 24_000_000
"""Cells of a sheet's filled rectangle; a cell takes about 32 bytes in the parser."""
FREE_AREA = 2_000_000
MAX_DEPTH = 200
"""Elements within each other; spreadsheet programs need some twenty."""
MAX_SPARSENESS = 16
"""Cells of the rectangle per cell that is there, above `FREE_AREA`."""

_MIB = 1024 * 1024
_BASE_BYTES = 96 * _MIB
_BYTES_PER_CELL = 200
_BYTES_PER_PLACE = 64
_TEXT_COPIES = 4
_MOST_BYTES = 2048 * _MIB


class NotAWorkbook(Exception):
    """The file is refused as a whole; `code` is stable, the message is for the person who sent it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Inspection:
    """What is known of a workbook that may be parsed."""

    kind: Kind
    parts: int
    from_1904: bool
    """Whether the workbook counts days from 1904."""
    unpacked_bytes: int
    cells: int
    """Filled cells that the parser holds at a time."""
    area: int
    """Cells of the filled rectangles that the parser holds at a time."""
    certain: bool
    """Whether the parser may be let loose in this process; else it tries the file in a process of its own first."""

    @property
    def memory(self) -> int:
        """Bytes that reading an honest file of this content takes at most."""
        needed = _BASE_BYTES + _BYTES_PER_CELL * self.cells + _BYTES_PER_PLACE * self.area
        return min(_MOST_BYTES, needed + _TEXT_COPIES * self.unpacked_bytes)

    @property
    def seconds(self) -> int:
        """Processor seconds that reading an honest file of this content takes at most."""
        return 1 + (self.cells + self.area) // 400_000 + self.unpacked_bytes // (8 * _MIB)


class Extent:
    """The rectangle of a sheet, grown cell by cell."""

    def __init__(self) -> None:
        self.rows = self.columns = self.cells = 0

    @property
    def area(self) -> int:
        """Cells of the rectangle from the sheet's corner."""
        return self.rows * self.columns

    def check(self) -> None:
        """Raises NotAWorkbook where the rectangle is too large to be held."""
        if self.cells and not rectangle_fits(self.rows, self.columns, self.cells):
            raise too_spread_out(self.rows, self.columns, self.cells)


def rectangle_fits(rows: int, columns: int, cells: int) -> bool:
    """Whether a parser may hold this rectangle with so many filled cells."""
    if rows > MAX_ROWS or columns > MAX_COLUMNS:
        return False
    area = rows * columns
    return area <= FREE_AREA or (area <= MAX_AREA and area <= MAX_SPARSENESS * cells)


# --- refusals that more than one look gives ---------------------------------------------------------------------------


def damaged(detail: str = "The file is damaged or incomplete.") -> NotAWorkbook:
    """What cannot be read as what it says it is."""
    return NotAWorkbook("file.damaged", f"{detail} Open it in Excel, save it again, and send that.")


def password_protected() -> NotAWorkbook:
    """An encrypted file."""
    return NotAWorkbook(
        "file.password_protected",
        "The workbook is protected with a password. Save it without one and send it again.",
    )


def too_spread_out(rows: int, columns: int, cells: int) -> NotAWorkbook:
    """A sheet whose cells lie too far apart."""
    return NotAWorkbook(
        "file.too_spread_out",
        f"A sheet spans {rows} rows and {columns} columns with {cells} filled cells: more than can be read. Delete "
        "what stands far away from the report.",
    )


def too_many_places(most: int, ending: str) -> NotAWorkbook:
    """Sheets that are too large together, in a kind of file whose sheets are all held at once."""
    return NotAWorkbook(
        "file.too_spread_out",
        f"The sheets span more than {most} cells together: more than can be read of an {ending} file. Save the report "
        "as .xlsx, or split it.",
    )


def too_deep() -> NotAWorkbook:
    """XML whose elements stand too deep in each other."""
    return damaged("The file is damaged: its contents lie too deep in each other.")


def too_far_out() -> NotAWorkbook:
    """A cell outside of what can be read at all."""
    return NotAWorkbook(
        "file.too_spread_out",
        f"A sheet has cells beyond row {MAX_ROWS}, beyond column {MAX_COLUMNS}, or more than {MAX_AREA} of them: more "
        "than can be read. Delete what stands far away from the report.",
    )


def too_much_inside() -> NotAWorkbook:
    """A file that unpacks to far more than it is."""
    return NotAWorkbook(
        "file.too_much_inside",
        "Unpacked, the file is far larger than a sales report, or almost nothing but repetition. It was not opened.",
    )


def forbidden_content() -> NotAWorkbook:
    """XML with declarations of its own."""
    return NotAWorkbook(
        "file.forbidden_content",
        "The workbook declares a document type of its own, as no spreadsheet program does. It was not opened.",
    )


def too_demanding() -> NotAWorkbook:
    """A file that keeps the parser busy, or brings it down."""
    return NotAWorkbook(
        "file.too_demanding",
        "Reading the file takes far more memory or time than a report of its size should. Open it in Excel, save it "
        "again, and send that.",
    )
