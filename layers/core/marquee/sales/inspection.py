"""A look at an uploaded file before any parser opens it: is it a workbook, and small enough to be read safely.

Parsers hold a sheet as a filled rectangle, so a tiny file with cells in two far corners asks for hundreds of
gigabytes and takes the process down. The file is therefore walked first: its zip directory, then the bytes of every
part, inflated here with the sizes that really come out, not those the directory claims.

Finding the widest column and the lowest row of a part is done with an over-estimating scan of the bytes. Only where
that exceeds a bound, or where the XML is spelled in a way the scan does not cover, is the part parsed (`expat`) to
know exactly.
"""

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO
from xml.parsers import expat

MAX_FILE_BYTES = 100 * 1024 * 1024
MAX_ENTRIES = 2_000
MAX_UNPACKED_BYTES = 1024 * 1024 * 1024
MAX_RATIO = 250
"""Unpacked to packed size of a part above `RATIO_FROM_BYTES`; real sheets stay below 60."""
RATIO_FROM_BYTES = 16 * 1024 * 1024
MAX_COLUMNS = 512
MAX_ROWS = 1_048_576
MAX_AREA = 24_000_000
"""Cells of a sheet's filled rectangle; a cell takes about 32 bytes in the parser."""
FREE_AREA = 2_000_000
MAX_SPARSENESS = 16
"""Cells of the rectangle per cell that is there, above `FREE_AREA`."""
MAX_TAG_BYTES = 1024 * 1024

_CHUNK = 1024 * 1024
_STORED, _DEFLATED = 0, 8
_ENCRYPTED_FLAG = 0x1
_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")


class NotAWorkbook(Exception):
    """The file is refused as a whole; `code` is stable, the message is for the person who sent it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Inspection:
    """What is known of a workbook that may be parsed."""

    parts: int
    unpacked_bytes: int
    from_1904: bool


def inspect(file: IO[bytes], size: int) -> Inspection:
    """Walk the file. Raises NotAWorkbook."""
    if size > MAX_FILE_BYTES:
        raise NotAWorkbook(
            "file.too_large",
            f"The file is larger than {MAX_FILE_BYTES // 1024**2} MB. Split the report, for example by year.",
        )
    if size == 0:
        raise NotAWorkbook("file.empty", "The file is empty (0 bytes).")
    _check_signature(file)
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            _check_directory(entries)
            return _walk(file, entries)
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, UnicodeDecodeError) as error:
        raise NotAWorkbook(
            "file.damaged", "The file is damaged or incomplete. Open it in Excel, save it again, and send that."
        ) from error


def _check_signature(file: IO[bytes]) -> None:
    file.seek(0)
    head = file.read(8)
    if head.startswith(_OLE):
        file.seek(0)
        if "EncryptedPackage".encode("utf-16-le") in file.read(MAX_FILE_BYTES):
            raise NotAWorkbook(
                "file.password_protected",
                "The workbook is protected with a password. Save it without one and send it again.",
            )
        raise NotAWorkbook(
            "file.old_format",
            "The file is in the format of Excel before 2007 (.xls). Save it as .xlsx and send it again.",
        )
    if not head.startswith(b"PK"):
        raise NotAWorkbook(
            "file.not_a_workbook",
            "The file is not an Excel workbook, whatever its name says. Save the report as .xlsx and send it again.",
        )


def _check_directory(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MAX_ENTRIES:
        raise NotAWorkbook("file.too_many_parts", f"The file has more than {MAX_ENTRIES} parts; no sales report has.")
    names = [entry.filename.casefold() for entry in entries]
    if len(set(names)) != len(names):
        raise NotAWorkbook(
            "file.damaged", "The file holds the same part twice. Open it in Excel, save it again, and send that."
        )
    if any(entry.flag_bits & _ENCRYPTED_FLAG for entry in entries):
        raise NotAWorkbook(
            "file.password_protected", "The file is protected with a password. Save it without one and send it again."
        )
    if "xl/workbook.xml" not in names:
        other = any(name in names for name in ("xl/workbook.bin", "content.xml"))
        raise NotAWorkbook(
            "file.other_format" if other else "file.not_a_workbook",
            "The file is a spreadsheet of another kind. Save it as Excel workbook (.xlsx) and send it again."
            if other
            else "The file is a zip archive but not an Excel workbook. Save the report as .xlsx and send it again.",
        )
    if any(entry.compress_type not in (_STORED, _DEFLATED) for entry in entries):
        raise NotAWorkbook("file.damaged", "The file is packed in a way Excel does not use. Save it again in Excel.")
    if sum(entry.file_size for entry in entries) > MAX_UNPACKED_BYTES:
        raise _too_much_inside()
    for entry in entries:
        if entry.file_size > max(RATIO_FROM_BYTES, MAX_RATIO * entry.compress_size):
            raise _too_much_inside()


def _too_much_inside() -> NotAWorkbook:
    return NotAWorkbook(
        "file.too_much_inside",
        f"Unpacked, the file is far larger than a sales report: more than {MAX_UNPACKED_BYTES // 1024**3} GB, or "
        "almost nothing but repetition.",
    )


def _walk(file: IO[bytes], entries: list[zipfile.ZipInfo]) -> Inspection:
    unpacked = 0
    from_1904 = False
    for entry in entries:
        scan = _PartScan(entry.filename)
        for chunk in _inflate(file, entry):
            unpacked += len(chunk)
            if unpacked > MAX_UNPACKED_BYTES:
                raise _too_much_inside()
            scan.feed(chunk)
        if not scan.within_bounds():
            _measure_exactly(file, entry)
        if entry.filename.casefold() == "xl/workbook.xml":
            content = b"".join(_inflate(file, entry))
            from_1904 = re.search(rb"date1904\s*=\s*[\"'](?:1|true)[\"']", content) is not None
    return Inspection(parts=len(entries), unpacked_bytes=unpacked, from_1904=from_1904)


def _inflate(file: IO[bytes], entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The part's bytes as any parser would get them. Raises BadZipFile where they are not what the directory says."""
    file.seek(entry.header_offset)
    header = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
    if header[0] != b"PK\x03\x04":
        raise zipfile.BadZipFile(entry.filename)
    file.seek(header[9] + header[10], 1)
    inflater = zlib.decompressobj(-15) if entry.compress_type == _DEFLATED else None
    left, produced, checksum = entry.compress_size, 0, 0
    while left:
        packed = file.read(min(left, _CHUNK // 4))
        if not packed:
            raise zipfile.BadZipFile(entry.filename)
        left -= len(packed)
        while packed:
            chunk = inflater.decompress(packed, _CHUNK) if inflater else packed
            packed = inflater.unconsumed_tail if inflater else b""
            produced += len(chunk)
            if produced > entry.file_size:
                raise zipfile.BadZipFile(entry.filename)
            checksum = zlib.crc32(chunk, checksum)
            yield chunk
    if inflater and (rest := inflater.flush()):
        produced += len(rest)
        checksum = zlib.crc32(rest, checksum)
        yield rest
    if produced != entry.file_size or checksum != entry.CRC:
        raise zipfile.BadZipFile(entry.filename)


# A cell as every spreadsheet program writes it: the column's letters and, of rows from 100,000 on, all digits but the
# last, so that the set of what is found stays small. Literal beginnings keep the search at memory speed.
_CELL = re.compile(rb'<c r="([A-Z]{1,7}(?:\d{5,}(?=\d))?)\d')
_LONG_ROW = re.compile(rb'<row r="(\d{6,})"')
# Cells or rows that the counting below would miss: a namespace prefix, or no attribute at all.
_UNUSUAL = [re.compile(pattern) for pattern in (rb"<c[>/\t\r\n]", rb":c[\s>/]", rb"<row[>/\t\r\n]", rb":row[\s>/]")]
_LETTERS = re.compile(rb"[A-Z]+")
_DECLARED_ENCODING = re.compile(rb"^(?:\xef\xbb\xbf)?\s*<\?xml[^>]*?encoding\s*=\s*[\"']([^\"']+)[\"']")
_ENCODINGS = frozenset((b"utf-8", b"us-ascii", b"ascii"))
_ASSUMED_ROWS = 99_999


class _PartScan:
    """Over-estimates the rectangle of cells in one part while its bytes pass by."""

    def __init__(self, name: str) -> None:
        self._xml = name.casefold().endswith((".xml", ".rels"))
        self._first = True
        self._rest = b""
        self._columns: set[bytes] = set()
        self._cells = 0
        self._rows = 0
        self._lowest_row = 0
        self._unusual = False

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes. Raises NotAWorkbook for XML that is refused whatever it holds."""
        if self._first and chunk:
            self._first = False
            self._check_start(chunk)
        data = self._rest + chunk
        # Tags do not span pieces: what follows the last "<" waits for the next one.
        cut = data.rfind(b"<")
        cut = len(data) if cut < 0 else cut
        self._rest = data[cut:]
        if len(self._rest) > MAX_TAG_BYTES:
            if self._xml:
                raise NotAWorkbook("file.damaged", "The file is damaged: one of its tags does not end.")
            self._rest = b""
        self._scan(data[:cut])

    def _check_start(self, chunk: bytes) -> None:
        start = chunk.lstrip()[:4]
        wide = chunk.startswith((b"\xff\xfe", b"\xfe\xff")) or start[:2] in (b"<\0", b"\0<")
        self._xml = self._xml or wide or start.startswith((b"<", b"\xef\xbb\xbf<"))
        declared = _DECLARED_ENCODING.match(chunk[:400])
        if wide or (declared and declared[1].lower() not in _ENCODINGS):
            raise NotAWorkbook(
                "file.encoding",
                "The workbook is written in a character encoding Excel does not use. Save it again in Excel.",
            )

    def _scan(self, data: bytes) -> None:
        if self._xml and (b"<!DOCTYPE" in data or b"<!ENTITY" in data or b"\0" in data):
            raise NotAWorkbook(
                "file.forbidden_content",
                "The workbook declares a document type of its own, as no spreadsheet program does. It was not opened.",
            )
        found = _CELL.findall(data)
        rows = data.count(b'<row r="')
        self._cells += len(found)
        self._rows += rows
        self._unusual = (
            self._unusual
            or data.count(b"<c ") != len(found)
            or data.count(b"<row ") != rows
            or any(pattern.search(data) for pattern in _UNUSUAL)
        )
        for reference in set(found):
            column = _LETTERS.match(reference)
            letters = column[0] if column else b""
            self._columns.add(letters)
            if len(reference) > len(letters):
                self._lowest_row = max(self._lowest_row, int(reference[len(letters) :] + b"9"))
        if rows:
            self._lowest_row = max([self._lowest_row, *map(int, _LONG_ROW.findall(data))])

    def within_bounds(self) -> bool:
        """Whether the part is certainly small enough. False only means that it must be measured."""
        self._scan(self._rest)
        self._rest = b""
        if self._unusual:
            return False
        if not self._cells:
            return True
        rows = self._lowest_row or _ASSUMED_ROWS
        columns = max(map(_column_number, self._columns))
        return self._rows <= rows and _rectangle_fits(rows, columns, self._cells)


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _rectangle_fits(rows: int, columns: int, cells: int) -> bool:
    if rows > MAX_ROWS or columns > MAX_COLUMNS:
        return False
    area = rows * columns
    return area <= FREE_AREA or (area <= MAX_AREA and area <= MAX_SPARSENESS * cells)


def _measure_exactly(file: IO[bytes], entry: zipfile.ZipInfo) -> None:
    """Parse the part for its true rectangle. Raises NotAWorkbook where it is too large."""
    measure = _Measure()
    for chunk in _inflate(file, entry):
        measure.feed(chunk)
    measure.finish()


_REFERENCE_PARTS = re.compile(r"([A-Za-z]{1,7})(\d{1,10})")


class _Measure:
    """The rectangle of a sheet as a parser will see it: explicit references, or the next cell and the next row."""

    def __init__(self) -> None:
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartElementHandler = self._start
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype
        self._rows = self._columns = self._cells = 0
        self._row = self._column = 0

    def feed(self, chunk: bytes) -> None:
        try:
            self._parser.Parse(chunk, False)  # noqa: FBT003 - the parser's own signature
        except expat.ExpatError as error:
            raise NotAWorkbook(
                "file.damaged", "The file is damaged. Open it in Excel, save it again, and send that."
            ) from error

    def finish(self) -> None:
        rows, columns = self._rows, self._columns
        if not self._cells or _rectangle_fits(rows, columns, self._cells):
            return
        raise NotAWorkbook(
            "file.too_spread_out",
            f"A sheet spans {rows} rows and {columns} columns with only {self._cells} filled cells: more than can be "
            "read. Delete what stands far away from the report.",
        )

    def _refuse_doctype(self, *_: object) -> None:
        raise NotAWorkbook(
            "file.forbidden_content", "The workbook declares a document type of its own. It was not opened."
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(" ")[2]
        if local == "row":
            given = attributes.get("r", "")
            self._row = int(given[:10]) if given.isdecimal() else self._row + 1
            self._column = 0
            self._check()
        elif local == "c":
            found = _REFERENCE_PARTS.fullmatch(attributes.get("r", ""))
            if found:
                self._column, self._row = _column_number(found[1].encode()), int(found[2])
            else:
                self._column += 1
            self._cells += 1
            self._rows, self._columns = max(self._rows, self._row), max(self._columns, self._column)
            self._check()

    def _check(self) -> None:
        if self._row > MAX_ROWS or self._column > MAX_COLUMNS or self._cells > MAX_AREA:
            raise NotAWorkbook(
                "file.too_spread_out",
                f"A sheet has cells beyond row {MAX_ROWS}, beyond column {MAX_COLUMNS}, or more than {MAX_AREA} of "
                "them: more than can be read. Delete what stands far away from the report.",
            )
