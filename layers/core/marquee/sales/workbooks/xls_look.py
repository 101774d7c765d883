"""The look at an .xls: one stream of records (BIFF) in a compound file, walked here for the cells' rectangles.

A record is a type, a length, and that many bytes. The stream begins with what all sheets share and says where each
sheet begins.
"""

import struct
from typing import IO

from marquee.sales.workbooks import looks
from marquee.sales.workbooks.looks import (
    Extent,
    Inspection,
    NotAWorkbook,
    damaged,
    password_protected,
    too_far_out,
    too_many_places,
    too_much_inside,
)
from marquee.sales.workbooks.ole import CompoundFile

MAX_AREA = 16_000_000
"""Cells of all sheets' rectangles together: the parser holds all of them."""
_MAX_RECORDS = 6_000_000
_WORKBOOKS = ("Workbook", "Book")
_ENCRYPTED = "EncryptedPackage"
_HEADER = struct.Struct("<HH")
_PLACE = struct.Struct("<HH")
_END, _PASSWORD, _FROM_1904, _SHEET, _STRINGS, _DIMENSIONS = 0x0A, 0x2F, 0x22, 0x85, 0xFC, 0x200
_MANY_NUMBERS = 0xBD
_CELLS = frozenset((0x06, 0xFD, 0x201, 0x203, 0x204, 0x205, 0x27E, _MANY_NUMBERS, 0xD6))
_SHORTEST_STRING = 3


def look(file: IO[bytes]) -> Inspection:
    """Walk the compound file and the records in it. Raises NotAWorkbook."""
    compound = CompoundFile(file, _WORKBOOKS)
    if _ENCRYPTED in compound.streams:
        raise password_protected()
    records = next((compound.streams[name] for name in _WORKBOOKS if name in compound.streams), None)
    if records is None:
        raise NotAWorkbook(
            "file.not_a_workbook",
            "The file was made by an Office program, but is no Excel workbook. Save the report as .xlsx and send it "
            "again.",
        )
    walk = _Walk(records)
    walk.globals()
    return Inspection(
        kind="xls",
        parts=len(compound.streams),
        from_1904=walk.from_1904,
        unpacked_bytes=len(records),
        cells=walk.cells,
        area=walk.area,
        certain=False,
    )


class _Walk:
    """Counts over all records of a workbook."""

    def __init__(self, records: bytes) -> None:
        self._records = records
        self._left = _MAX_RECORDS
        self.from_1904 = False
        self.cells = self.area = 0

    def globals(self) -> None:
        """Walk what all sheets share, and then each sheet. Raises NotAWorkbook."""
        sheets: list[int] = []
        records = self._records
        at = 0
        while True:
            kind, length = self._record(at)
            at += _HEADER.size
            if kind == _PASSWORD and records[at : at + 2] != b"\0\0":
                raise password_protected()
            if kind == _FROM_1904:
                self.from_1904 = records[at : at + 2] == b"\1\0"
            elif kind == _SHEET:
                sheets += struct.unpack_from("<I", records, at) if length >= 4 else []  # noqa: PLR2004 - its place
            elif kind == _STRINGS:
                (strings,) = struct.unpack_from("<I", records, at + 4) if length >= 8 else (0,)  # noqa: PLR2004
                if strings > len(records) // _SHORTEST_STRING:
                    raise damaged()
            elif kind == _END:
                break
            at += length
        if len(set(sheets)) != len(sheets):
            raise damaged("Two sheets of the workbook are the same part of the file.")
        for place in sheets:
            self._sheet(place)

    def _record(self, at: int) -> tuple[int, int]:
        """Type and length of the record at this place. Raises NotAWorkbook where it is not whole, or one too many."""
        self._left -= 1
        if self._left < 0:
            raise too_much_inside()
        if at + _HEADER.size > len(self._records):
            raise damaged()
        kind, length = _HEADER.unpack_from(self._records, at)
        if at + _HEADER.size + length > len(self._records):
            raise damaged()
        return kind, length

    def _sheet(self, at: int) -> None:  # noqa: C901 - runs once for each of millions of records, so nothing is called
        records, end = self._records, len(self._records)
        header, place = _HEADER.unpack_from, _PLACE.unpack_from
        rows = columns = cells = 0
        while at < end:
            if not self._left:
                raise too_much_inside()
            self._left -= 1
            if at + 4 > end:
                raise damaged()
            kind, length = header(records, at)
            at += 4
            if at + length > end:
                raise damaged()
            if kind in _CELLS and length >= 4:  # noqa: PLR2004 - row and column
                row, column = place(records, at)
                cells += 1
                if kind == _MANY_NUMBERS:
                    more = (length - 6) // 6 - 1
                    column += more
                    cells += more
                if row >= rows:
                    rows = row + 1
                if column >= columns:
                    columns = column + 1
            elif kind == _END:
                break
            elif kind == _DIMENSIONS:
                self._check_dimensions(records[at : at + length])
            at += length
        self._add(rows, columns, cells)

    def _add(self, rows: int, columns: int, cells: int) -> None:
        if columns > looks.MAX_COLUMNS:
            raise too_far_out()
        extent = Extent()
        extent.rows, extent.columns, extent.cells = rows, columns, cells
        extent.check()
        self.cells += cells
        self.area += extent.area
        if self.area > MAX_AREA:
            raise too_many_places(MAX_AREA, ".xls")

    def _check_dimensions(self, data: bytes) -> None:
        """The parser makes room for what a sheet says it spans, whatever is in it."""
        if len(data) == 14:  # noqa: PLR2004 - as Excel 97 and later write it
            first, last, left, right = struct.unpack_from("<IIHH", data)
        elif len(data) == 10:  # noqa: PLR2004 - as Excel 95 does
            first, last, left, right = struct.unpack_from("<HHHH", data)
        else:
            raise damaged()
        if last and right and (first > last or left > right):
            raise damaged()
        if last > looks.MAX_ROWS or right > looks.MAX_COLUMNS:
            raise too_far_out()
