"""The look at an .ods: one part holds all sheets, where cells and rows say how often they are repeated."""

import zipfile
from collections.abc import Mapping
from typing import IO
from xml.parsers import expat

from marquee.sales.workbooks import looks, xml_scan, zip_walk
from marquee.sales.workbooks.looks import (
    Extent,
    Inspection,
    damaged,
    forbidden_content,
    password_protected,
    too_deep,
    too_far_out,
    too_many_places,
    too_much_inside,
)

CONTENT = "content.xml"
MIMETYPE = b"application/vnd.oasis.opendocument.spreadsheet"
_MANIFEST = "meta-inf/manifest.xml"
_ENCRYPTED_PACKAGE = "encrypted-package"
_MAX_LISTING_BYTES = 16 * 1024 * 1024
MAX_AREA = 8_000_000
"""Cells of all sheets' rectangles together: the parser holds all of them, each with its formula."""
MAX_CELLS = 3_000_000
"""Cells that are written one by one, which bounds the seconds that the look takes."""
MAX_TEXT_BYTES = 256 * 1024 * 1024
"""Bytes of all cells' texts, each as often as it is repeated."""
_MOST_REPEATED = 1_048_576
_ELEMENTS_PER_CELL = 2


def look(file: IO[bytes], entries: Mapping[str, zipfile.ZipInfo]) -> Inspection:
    """Walk all parts. Raises NotAWorkbook."""
    # What is encrypted is no XML: this comes first.
    if _ENCRYPTED_PACKAGE in entries:
        raise password_protected()
    if _MANIFEST in entries and b"encryption-data" in zip_walk.content(file, entries[_MANIFEST], _MAX_LISTING_BYTES):
        raise password_protected()
    unpacked = 0
    tables = _Tables()
    for name, entry in entries.items():
        scan = xml_scan.PartScan(name)
        for chunk in zip_walk.inflate(file, entry):
            scan.feed(chunk)
            unpacked += len(chunk)
            if name == CONTENT:
                tables.feed(chunk)
        scan.extent()
    tables.finish()
    return Inspection(
        kind="ods",
        parts=len(entries),
        from_1904=tables.from_1904,
        unpacked_bytes=unpacked + tables.text_bytes,
        cells=tables.cells,
        area=tables.area,
        certain=False,
    )


class _Tables:
    """The rectangles of all sheets, as the parser will fill them.

    Names are taken as they are spelled, prefix and all, because the parser takes them so.
    """

    def __init__(self) -> None:
        # Text comes in few pieces, so that its length costs no call a line.
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype
        self.from_1904 = False
        self.cells = self.area = self.text_bytes = 0
        self._extent: Extent | None = None
        self._row = self._column = 0
        self._rows = self._columns = 1
        self._filled = False
        self._row_width = self._row_cells = 0
        self._length = 0
        self._depth = self._elements = 0

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes. Raises NotAWorkbook."""
        try:
            self._parser.Parse(chunk, False)  # noqa: FBT003 - the parser's own signature
        except expat.ExpatError as error:
            raise damaged() from error

    def finish(self) -> None:
        """No bytes follow. Raises NotAWorkbook where some are missing."""
        try:
            self._parser.Parse(b"", True)  # noqa: FBT003 - the parser's own signature
        except expat.ExpatError as error:
            raise damaged() from error

    def _refuse_doctype(self, *_: object) -> None:
        raise forbidden_content()

    def _text(self, text: str) -> None:
        self._length += len(text)
        self._filled = True

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > looks.MAX_DEPTH:
            raise too_deep()
        if self._elements > _ELEMENTS_PER_CELL * MAX_CELLS:
            raise too_many_places(MAX_CELLS, ".ods")
        match name:
            case "text:p":
                pass
            case "table:table-cell" | "table:covered-table-cell":
                given = attributes.get("table:number-columns-repeated")
                self._columns = 1 if given is None else _repeated(given)
                # Not a loop, as this is done for every cell.
                self._filled = (
                    "office:value-type" in attributes
                    or "table:formula" in attributes
                    or "office:value" in attributes
                    or "office:string-value" in attributes
                    or "office:date-value" in attributes
                )
                self._length = len(attributes.get("office:string-value", ""))
            case "table:table-row":
                given = attributes.get("table:number-rows-repeated")
                self._rows = 1 if given is None else _repeated(given)
                self._column = self._row_width = self._row_cells = 0
            case "table:table":
                if self._extent:
                    raise damaged("A sheet of the file stands within another.")
                self._extent = Extent()
                self._row = 0
            case "table:null-date":
                self.from_1904 = attributes.get("table:date-value", "").startswith("1904")

    def _end(self, name: str) -> None:
        self._depth -= 1
        match name:
            case "text:p":
                pass
            case "table:table-cell" | "table:covered-table-cell":
                self._end_cell()
            case "table:table-row":
                self._end_row()
            case "table:table":
                self._end_table()

    def _end_cell(self) -> None:
        self._column += self._columns
        if self._filled:
            self._row_width = self._column
            self._row_cells += self._columns
            self.text_bytes += self._length * self._columns * self._rows
            if self._row_width > looks.MAX_COLUMNS or self._row_cells * self._rows > looks.MAX_AREA:
                raise too_far_out()
            if self.text_bytes > MAX_TEXT_BYTES:
                raise too_much_inside()

    def _end_row(self) -> None:
        self._row += self._rows
        if self._extent and self._row_width:
            extent = self._extent
            extent.rows, extent.columns = self._row, max(extent.columns, self._row_width)
            extent.cells += self._row_cells * self._rows
            if self._row > looks.MAX_ROWS:
                raise too_far_out()

    def _end_table(self) -> None:
        if self._extent:
            self._extent.check()
            self.cells += self._extent.cells
            self.area += self._extent.area
        self._extent = None
        if self.area > MAX_AREA:
            raise too_many_places(MAX_AREA, ".ods")


def _repeated(given: str) -> int:
    """How often a cell or row is repeated. Raises NotAWorkbook for what is no such number."""
    if not given.isdecimal() or not given.isascii() or not 1 <= len(given) <= 7:  # noqa: PLR2004 - digits of the most
        raise damaged("A cell or row of the file is repeated a number of times that cannot be.")
    number = int(given)
    if not 1 <= number <= _MOST_REPEATED:
        raise damaged("A cell or row of the file is repeated a number of times that cannot be.")
    return number
