"""The look at an .xlsb: its sheets are streams of binary records (BIFF12), walked here for the cells' rectangle.

A record is a type and a length, each in groups of seven bits, and that many bytes. Cells begin with their column; the
row was said by the last row header.
"""

import struct
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from typing import IO

from marquee.sales.workbooks import listing, looks, xml_scan, zip_walk
from marquee.sales.workbooks.looks import Extent, Inspection, damaged, too_far_out, too_much_inside

WORKBOOK = "xl/workbook.bin"
RELATIONSHIPS = "xl/_rels/workbook.bin.rels"
_SHEETS = ("xl/worksheets/", "xl/chartsheets/", "xl/dialogsheets/", "xl/macrosheets/")
_MAX_RECORD_BYTES = 1024 * 1024
_MAX_RECORDS = 8_000_000
_ROW, _LAST_CELL, _SHEET_ENDS, _WORKBOOK_SETTINGS, _SHEET = 0x00, 0x0B, 0x92, 0x99, 0x9C
_NUMBER = struct.Struct("<I")
_NO_PART = 0xFFFF_FFFF
_MORE = 0x80
"""The bit that says that another group follows."""


def look(file: IO[bytes], entries: Mapping[str, zipfile.ZipInfo]) -> Inspection:
    """Walk all parts. Raises NotAWorkbook."""
    from_1904 = _check_listing(file, entries)
    unpacked = cells = area = 0
    for name, entry in entries.items():
        chunks = zip_walk.inflate(file, entry)
        if name.startswith(_SHEETS) and not name.endswith((".xml", ".rels")):
            extent = measured(chunks)
            cells, area = max(cells, extent.cells), max(area, extent.area)
        elif name.endswith((".xml", ".rels")):
            scan = xml_scan.PartScan(name)
            for chunk in chunks:
                scan.feed(chunk)
        else:
            for _ in chunks:
                pass
        unpacked += entry.file_size
    return Inspection(
        kind="xlsb",
        parts=len(entries),
        from_1904=from_1904,
        unpacked_bytes=unpacked,
        cells=cells,
        area=area,
        certain=False,
    )


def _check_listing(file: IO[bytes], entries: Mapping[str, zipfile.ZipInfo]) -> bool:
    """Whether days count from 1904. Raises NotAWorkbook where the list of sheets cannot be right."""
    from_1904 = False
    sheets: list[str] = []
    for kind, data in records([zip_walk.content(file, entries[WORKBOOK], listing.MAX_BYTES)]):
        if kind == _WORKBOOK_SETTINGS and data:
            from_1904 = bool(data[0] & 1)
        elif kind == _SHEET:
            (length,) = _NUMBER.unpack_from(data, 8)
            if length != _NO_PART:
                sheets.append(data[12 : 12 + 2 * length].decode("utf-16-le"))
    targets = {}
    if RELATIONSHIPS in entries:
        targets = listing.relationships(zip_walk.content(file, entries[RELATIONSHIPS], listing.MAX_BYTES))
    listing.parts_of(sheets, targets)
    return from_1904


def measured(chunks: Iterable[bytes]) -> Extent:
    """The rectangle of the cells in a sheet's records. Raises NotAWorkbook where it is too large, or no records."""
    extent = Extent()
    row = cells = rows = columns = 0
    number = _NUMBER.unpack_from
    for kind, data in records(chunks):
        if kind == _ROW and len(data) >= _NUMBER.size:
            (row,) = number(data)
            if row >= looks.MAX_ROWS:
                raise too_far_out()
        elif kind <= _LAST_CELL and len(data) >= _NUMBER.size:
            (column,) = number(data)
            cells += 1
            if row >= rows:
                rows = row + 1
            if column >= columns:
                columns = column + 1
                if column >= looks.MAX_COLUMNS:
                    raise too_far_out()
        elif kind == _SHEET_ENDS:
            break
    else:
        raise damaged()
    extent.rows, extent.columns, extent.cells = rows, columns, cells
    extent.check()
    return extent


def records(chunks: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Type and content of each record. Raises NotAWorkbook where a record does not end, is absurd, or one too many."""
    rest = b""
    records = 0
    for chunk in chunks:
        data = rest + chunk
        at, end = 0, len(data)
        while at + 2 <= end:
            start = at
            kind = data[at]
            at += 1
            if kind >= _MORE:
                kind = kind & (_MORE - 1) | data[at] << 7
                at += 1
            length = shift = 0
            while at < end:
                group = data[at]
                at += 1
                length |= (group & (_MORE - 1)) << shift
                shift += 7
                if group < _MORE or shift == 28:  # noqa: PLR2004 - four groups at most
                    break
            else:
                at = start
                break
            if length > _MAX_RECORD_BYTES:
                raise damaged()
            if at + length > end:
                at = start
                break
            yield kind, data[at : at + length]
            at += length
            records += 1
            if records > _MAX_RECORDS:
                raise too_much_inside()
        rest = data[at:]
    if rest:
        raise damaged()
