"""The rectangle of cells in a part of an .xlsx: over-estimated from the bytes as they pass by, or known exactly.

Only where the over-estimate exceeds a bound, or where the XML is spelled in a way the scan does not cover, is the part
parsed with `expat`.
"""

import re
from collections.abc import Iterable
from xml.parsers import expat

from marquee.sales.workbooks import looks
from marquee.sales.workbooks.looks import Extent, NotAWorkbook, damaged, forbidden_content, too_deep, too_far_out

MAX_TAG_BYTES = 1024 * 1024
"""Bytes between the beginnings of two tags; the longest text a cell can have takes a third of it."""
DENSE = 2
"""Cells of a rectangle per cell up to which the scan's count of cells is believed."""

# A cell as every spreadsheet program writes it.
_CELL = re.compile(rb'<c r="([A-Z]{1,7})(\d{1,10})"')
_UP_TO_LAST_ROW = r"\d{1,6}|10[0-3]\d{4}|104[0-7]\d{3}|1048[0-4]\d\d|10485[0-6]\d|104857[0-6]"
# Rows without a number or beyond the last, and cells and rows with a namespace prefix.
_UNUSUAL = [re.compile(rf'<row(?! r="(?:{_UP_TO_LAST_ROW})"|[a-zA-Z])'.encode()), re.compile(rb":(?:c|row)[\s>/]")]
_DECLARED_ENCODING = re.compile(rb"^(?:\xef\xbb\xbf)?\s*<\?xml[^>]*?encoding\s*=\s*[\"']([^\"']+)[\"']")
_ENCODINGS = frozenset((b"utf-8", b"us-ascii", b"ascii"))
_STRINGS_HEAD = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^<>]*\?>\s*)?<sst[^<>]*>\s*(?=<si>)")
_ROWS_STEP = 10_000
_ALL_STEPS = 100


class PartScan:
    """Over-estimates the rectangle of cells in one part while its bytes pass by."""

    def __init__(self, name: str, *, sheet: bool = False) -> None:
        """`sheet`: the workbook says that this part is a sheet, whatever its name and first bytes are."""
        self._xml = sheet or name.casefold().endswith((".xml", ".rels"))
        self._strings = name.casefold().endswith("sharedstrings.xml")
        self._first = True
        self._rest = b""
        # The rectangle that all cells so far are in: its last column, and its rows in steps.
        self._widest = b"A"
        self._steps = 1
        self._outside = _outside(b"A", 1)
        self._since_string = 0
        self.cells = 0
        self.longest_string = 0
        """Bytes of the longest shared string, over-estimated."""
        self.unusual = False

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes. Raises NotAWorkbook for XML that is refused whatever it holds."""
        if self._first and chunk:
            self._first = False
            self._xml = check_start(chunk) or self._xml
        if not self._xml:
            # A picture or the like, which no parser takes for a sheet.
            return
        data = self._rest + chunk
        # Tags do not span pieces: what follows the last "<" waits for the next one.
        cut = data.rfind(b"<")
        cut = len(data) if cut < 0 else cut
        self._rest = data[cut:]
        if len(self._rest) > MAX_TAG_BYTES:
            raise _too_long(self._rest)
        self._scan(data[:cut])

    def _scan(self, data: bytes) -> None:
        # A single byte that is rare is looked for at the speed of memory.
        declares = b"!" in data and b"<!" in data
        if b"\0" in data or (declares and (b"<!DOCTYPE" in data or b"<!ENTITY" in data)):
            raise forbidden_content()
        self.cells += data.count(b"<c ")
        # What else is declared may hold text that only looks like cells.
        self.unusual = (
            self.unusual or declares or any(pattern.search(data) for pattern in _UNUSUAL) or self._leaves_bounds(data)
        )
        if self._strings:
            self._measure_strings(data)

    def _leaves_bounds(self, data: bytes) -> bool:
        """Widen the rectangle to all cells; True where one is beyond all bounds, or not spelled as usual."""
        found = self._outside.search(data)
        while found:
            cell = _CELL.match(data, found.start())
            if cell is None:
                return True
            self._widest = max(self._widest, cell[1], key=column_number)
            self._steps = max(self._steps, int(cell[2]) // _ROWS_STEP + 1)
            if int(cell[2]) > looks.MAX_ROWS or column_number(self._widest) > looks.MAX_COLUMNS:
                return True
            self._outside = _outside(self._widest, self._steps)
            found = self._outside.search(data, found.start())
        return False

    def _measure_strings(self, data: bytes) -> None:
        # What stands before the first string is as long as many strings are.
        head = None if self._since_string else _STRINGS_HEAD.match(data)
        first, *others = map(len, data[head.end() if head else 0 :].split(b"<si>"))
        self.longest_string = max(self.longest_string, self._since_string + first, *others)
        self._since_string = others[-1] if others else self._since_string + first

    def extent(self) -> Extent | None:
        """The over-estimated rectangle where it is certainly small enough. None means that it must be measured."""
        self._scan(self._rest)
        self._rest = b""
        if self.unusual:
            return None
        extent = Extent()
        if not self.cells:
            return extent
        extent.rows = self._steps * _ROWS_STEP - 1 if self._steps < _ALL_STEPS else looks.MAX_ROWS
        extent.columns = column_number(self._widest)
        extent.cells = self.cells
        fits = looks.rectangle_fits(extent.rows, extent.columns, self.cells)
        return extent if fits and (extent.area <= looks.FREE_AREA or extent.area <= DENSE * self.cells) else None


def _outside(widest: bytes, steps: int) -> re.Pattern[bytes]:
    """Finds what begins like a cell, but is none in the columns up to `widest` and in this many steps of rows.

    One search that finds nothing is several times as fast as looking at each cell.
    """
    cell = rf'<c(?! r="(?:{_columns_up_to(widest.decode())})(?:{_rows_below(steps)})"|[a-zA-Z])'
    return re.compile(cell.encode())


def _columns_up_to(widest: str) -> str:
    """A pattern of the columns from A to one of at most two letters."""
    first, last = widest[:-1], widest[-1]
    if not first:
        return f"[A-{last}]"
    before = chr(ord(first) - 1)
    return f"[A-Z]|{first}[A-{last}]" + (f"|[A-{before}][A-Z]" if before >= "A" else "")


def _rows_below(steps: int) -> str:
    """A pattern of the row numbers below so many times 10,000, or from a million on of all there can be."""
    hundreds, tens = divmod(steps, 10)
    if steps >= _ALL_STEPS:
        return _UP_TO_LAST_ROW
    if not hundreds:
        return r"\d{1,4}" + (rf"|[1-{tens - 1}]\d{{4}}" if tens > 1 else "")
    below = rf"|[1-{hundreds - 1}]\d{{5}}" if hundreds > 1 else ""
    return rf"\d{{1,5}}{below}" + (rf"|{hundreds}[0-{tens - 1}]\d{{4}}" if tens else "")


def check_start(chunk: bytes) -> bool:
    """Whether a part that starts like this is XML. Raises NotAWorkbook where it is in an unusual encoding."""
    start = chunk.lstrip()[:4]
    wide = chunk.startswith((b"\xff\xfe", b"\xfe\xff")) or start[:2] in (b"<\0", b"\0<")
    declared = _DECLARED_ENCODING.match(chunk[:400])
    if wide or (declared and declared[1].lower() not in _ENCODINGS):
        raise NotAWorkbook(
            "file.encoding",
            "The workbook is written in a character encoding that spreadsheet programs do not use. Save it again in "
            "Excel.",
        )
    return start.startswith((b"<", b"\xef\xbb\xbf<"))


def _too_long(rest: bytes) -> NotAWorkbook:
    if b">" in rest:
        return NotAWorkbook(
            "file.text_too_long", "A cell of the workbook holds more text than any spreadsheet program allows in one."
        )
    return damaged("The file is damaged: one of its tags does not end.")


def column_number(letters: bytes) -> int:
    """The position of a column by its letters, from 1."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def measured(chunks: Iterable[bytes]) -> Extent:
    """Parse a part for its true rectangle. Raises NotAWorkbook where it is too large, or no XML."""
    measure = _Measure()
    for chunk in chunks:
        measure.feed(chunk)
    measure.extent.check()
    return measure.extent


_REFERENCE_PARTS = re.compile(r"([A-Za-z]{1,7})(\d{1,10})")


class _Measure:
    """The rectangle of a sheet as a parser will see it: explicit references, or the next cell and the next row."""

    def __init__(self) -> None:
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype
        self.extent = Extent()
        self._row = self._column = self._depth = 0

    def feed(self, chunk: bytes) -> None:
        try:
            self._parser.Parse(chunk, False)  # noqa: FBT003 - the parser's own signature
        except expat.ExpatError as error:
            raise damaged() from error

    def _refuse_doctype(self, *_: object) -> None:
        raise forbidden_content()

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > looks.MAX_DEPTH:
            raise too_deep()
        local = name.rpartition(" ")[2]
        if local == "row":
            given = attributes.get("r", "")
            self._row = int(given[:10]) if given.isdecimal() else self._row + 1
            self._column = 0
            self._check()
        elif local == "c":
            found = _REFERENCE_PARTS.fullmatch(attributes.get("r", ""))
            if found:
                self._column, self._row = column_number(found[1].encode()), int(found[2])
            else:
                self._column += 1
            extent = self.extent
            extent.cells += 1
            extent.rows, extent.columns = max(extent.rows, self._row), max(extent.columns, self._column)
            self._check()

    def _end(self, _name: str) -> None:
        self._depth -= 1

    def _check(self) -> None:
        if self._row > looks.MAX_ROWS or self._column > looks.MAX_COLUMNS or self.extent.cells > looks.MAX_AREA:
            raise too_far_out()
