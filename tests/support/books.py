"""Workbooks of the kinds that no Python package here writes, made record by record: .xls, .xlsb and .ods.

They are as small as the formats allow, hold what a sales report holds, and can be bent by the tests of hostile files.
"""

import io
import struct
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date
from xml.sax.saxutils import escape, quoteattr

Rows = Sequence[Sequence[object]]
EPOCH, EPOCH_1904 = date(1899, 12, 30), date(1904, 1, 1)
_DATE_FORMAT = 14


def _serial(day: date, *, from_1904: bool) -> int:
    return (day - (EPOCH_1904 if from_1904 else EPOCH)).days


def archive(parts: Mapping[str, bytes | str], *, stored: Sequence[str] = ()) -> bytes:
    """A zip archive of these parts."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        for name, part in parts.items():
            made.writestr(name, part, zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED)
    return packed.getvalue()


# --- .xls -------------------------------------------------------------------------------------------------------------


def biff(kind: int, data: bytes = b"") -> bytes:
    """A record of an .xls."""
    return struct.pack("<HH", kind, len(data)) + data


def _wide(text: str) -> bytes:
    return b"\x01" + text.encode("utf-16-le")


def xls_cell(row: int, column: int, value: object, *, from_1904: bool = False) -> bytes:
    """The record of a cell: text, number, or day."""
    if isinstance(value, str):
        return biff(0x204, struct.pack("<HHHH", row, column, 0, len(value)) + _wide(value))
    if isinstance(value, date):
        return biff(0x203, struct.pack("<HHHd", row, column, 1, _serial(value, from_1904=from_1904)))
    assert isinstance(value, int | float)
    return biff(0x203, struct.pack("<HHHd", row, column, 0, value))


def xls_sheet(rows: Rows, *, from_1904: bool = False) -> bytes:
    """The records of a sheet."""
    height, width = len(rows), max(map(len, rows), default=0)
    cells = [
        xls_cell(line, column, value, from_1904=from_1904)
        for line, row in enumerate(rows)
        for column, value in enumerate(row)
        if value is not None
    ]
    bounds = biff(0x200, struct.pack("<IIHHH", 0, height, 0, width, 0))
    return biff(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0)) + bounds + b"".join(cells) + biff(0x0A)


def xls_stream(sheets: Mapping[str, bytes], *, from_1904: bool = False, shared: bytes = b"") -> bytes:
    """The workbook's stream: what all sheets share, then the sheets, given by their records."""

    def head(places: Sequence[int]) -> bytes:
        named = zip(sheets, places, strict=True)
        return b"".join(
            [
                biff(0x809, struct.pack("<HHHHII", 0x600, 0x05, 0, 0, 0, 0)),
                biff(0x42, struct.pack("<H", 1200)),
                biff(0x22, struct.pack("<H", from_1904)),
                biff(0xE0, struct.pack("<HH16x", 0, 0)),
                biff(0xE0, struct.pack("<HH16x", 0, _DATE_FORMAT)),
                *(biff(0x85, struct.pack("<IHB", place, 0, len(name)) + _wide(name)) for name, place in named),
                shared,
                biff(0x0A),
            ]
        )

    start = len(head([0] * len(sheets)))
    places = []
    for sheet in sheets.values():
        places.append(start)
        start += len(sheet)
    return head(places) + b"".join(sheets.values())


_FREE, _END, _TABLE = 0xFFFF_FFFF, 0xFFFF_FFFE, 0xFFFF_FFFD


def compound(streams: Mapping[str, bytes]) -> bytes:
    """A compound file with these streams, each padded so that it stands in sectors of its own."""
    padded = {name: data + b"\0" * max(0, 4096 - len(data)) for name, data in streams.items()}
    sectors: list[bytes] = []
    fat: list[int] = []

    def add(data: bytes) -> int:
        first = len(fat)
        count = max(1, -(-len(data) // 512))
        sectors.append(data.ljust(count * 512, b"\0"))
        fat.extend([*range(first + 1, first + count), _END])
        return first

    entries = [_entry("Root Entry", 5, _END, 0, child=1)]
    for number, (name, data) in enumerate(padded.items(), start=1):
        entries.append(_entry(name, 2, add(data), len(data), right=number + 1 if number < len(padded) else _FREE))
    directory = add(b"".join(entries))
    tables = 1
    while tables * 128 < len(fat) + tables:
        tables += 1
    assert tables <= 109
    where = list(range(len(fat), len(fat) + tables))
    fat += [_TABLE] * tables
    fat += [_FREE] * (tables * 128 - len(fat))
    sectors.append(struct.pack(f"<{len(fat)}I", *fat))
    header = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<IIIIIIIII", 0, tables, directory, 0, 4096, _END, 0, _END, 0)
    header += struct.pack("<109I", *where, *[_FREE] * (109 - tables))
    return header + b"".join(sectors)


def _entry(name: str, kind: int, first: int, length: int, *, right: int = _FREE, child: int = _FREE) -> bytes:
    spelled = name.encode("utf-16-le")
    start = spelled.ljust(64, b"\0") + struct.pack("<HBB", len(spelled) + 2, kind, 1)
    return start + struct.pack("<III", _FREE, right, child) + bytes(36) + struct.pack("<IQ", first, length)


def xls(rows: Rows, *, from_1904: bool = False) -> bytes:
    """An .xls with one sheet."""
    return compound({"Workbook": xls_stream({"Sales": xls_sheet(rows, from_1904=from_1904)}, from_1904=from_1904)})


# --- .xlsb ------------------------------------------------------------------------------------------------------------


def biff12(kind: int, data: bytes = b"") -> bytes:
    """A record of an .xlsb."""
    head = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    length = len(data)
    while length >= 0x80:
        head += bytes([length & 0x7F | 0x80])
        length >>= 7
    return head + bytes([length]) + data


def _long(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def xlsb_cell(column: int, value: object, *, from_1904: bool = False) -> bytes:
    """The record of a cell: text, number, or day."""
    if isinstance(value, str):
        return biff12(0x06, struct.pack("<II", column, 0) + _long(value))
    if isinstance(value, date):
        return biff12(0x05, struct.pack("<IId", column, 1, _serial(value, from_1904=from_1904)))
    assert isinstance(value, int | float)
    return biff12(0x05, struct.pack("<IId", column, 0, value))


def xlsb_row(row: int) -> bytes:
    """The record that begins a row."""
    return biff12(0x00, struct.pack("<IIHBBBI", row, 0, 300, 0, 0, 0, 0))


def xlsb_sheet(rows: Rows, *, from_1904: bool = False) -> bytes:
    """The part of a sheet."""
    lines = [
        xlsb_row(line)
        + b"".join(
            xlsb_cell(column, value, from_1904=from_1904) for column, value in enumerate(row) if value is not None
        )
        for line, row in enumerate(rows)
    ]
    return xlsb_part(b"".join(lines), len(rows), max(map(len, rows), default=1))


def xlsb_part(records: bytes, height: int = 1, width: int = 1) -> bytes:
    """The part of a sheet with these records for its rows."""
    bounds = biff12(0x94, struct.pack("<IIII", 0, height - 1, 0, width - 1))
    return biff12(0x81) + bounds + biff12(0x91) + records + biff12(0x92) + biff12(0x82)


def xlsb(rows: Rows, *, from_1904: bool = False) -> bytes:
    """An .xlsb with one sheet."""
    return xlsb_of({"Sales": xlsb_sheet(rows, from_1904=from_1904)}, from_1904=from_1904)


_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPES = """<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="bin" ContentType="application/vnd.ms-excel.worksheet"/>
<Override PartName="/xl/workbook.bin" ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/>
<Override PartName="/xl/styles.bin" ContentType="application/vnd.ms-excel.styles"/></Types>"""


def xlsb_of(sheets: Mapping[str, bytes], *, from_1904: bool = False) -> bytes:
    """An .xlsb with these sheets, given by their parts."""
    listed = b"".join(
        biff12(0x9C, struct.pack("<II", 0, number) + _long(f"rId{number}") + _long(name))
        for number, name in enumerate(sheets, start=1)
    )
    book = biff12(0x83) + biff12(0x99, struct.pack("<II", from_1904, 0) + _long("")) + biff12(0x8F) + listed
    formats = [biff12(0x2F, struct.pack("<HH12x", 0, number)) for number in (0, _DATE_FORMAT)]
    styles = biff12(0x116) + biff12(0x269, struct.pack("<I", 2)) + b"".join(formats) + biff12(0x26A) + biff12(0x117)
    links = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{number}.bin"/>'
        for number in range(1, len(sheets) + 1)
    )
    links += f'<Relationship Id="rIdS" Type="{_OFFICE}/styles" Target="styles.bin"/>'
    root = f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.bin"/>'
    return archive(
        {
            "[Content_Types].xml": _TYPES,
            "_rels/.rels": f'<Relationships xmlns="{_RELATIONS}">{root}</Relationships>',
            "xl/workbook.bin": book + biff12(0x90) + biff12(0x84),
            "xl/_rels/workbook.bin.rels": f'<Relationships xmlns="{_RELATIONS}">{links}</Relationships>',
            "xl/styles.bin": styles,
            **{f"xl/worksheets/sheet{number}.bin": part for number, part in enumerate(sheets.values(), start=1)},
        }
    )


# --- .ods -------------------------------------------------------------------------------------------------------------

_OASIS = "urn:oasis:names:tc:opendocument:xmlns"
ODS_TYPE = "application/vnd.oasis.opendocument.spreadsheet"
_LISTED = "".join(
    f'<manifest:file-entry manifest:full-path="{path}" manifest:media-type="{kind}"/>'
    for path, kind in (("/", ODS_TYPE), ("content.xml", "text/xml"))
)
MANIFEST = (
    f'<manifest:manifest xmlns:manifest="{_OASIS}:manifest:1.0" manifest:version="1.2">{_LISTED}</manifest:manifest>'
)


def ods_cell(value: object) -> str:
    """The element of a cell: text, number, day, or nothing."""
    match value:
        case None:
            return "<table:table-cell/>"
        case str():
            return f'<table:table-cell office:value-type="string"><text:p>{escape(value)}</text:p></table:table-cell>'
        case date():
            return f'<table:table-cell office:value-type="date" office:date-value="{value.isoformat()}"/>'
        case _:
            return f'<table:table-cell office:value-type="float" office:value="{value}"/>'


def ods_rows(rows: Rows) -> str:
    """The elements of these rows."""
    return "".join(f"<table:table-row>{''.join(map(ods_cell, row))}</table:table-row>" for row in rows)


def ods_of(
    sheets: Mapping[str, str] | Sequence[tuple[str, str]],
    *,
    from_1904: bool = False,
    manifest: str = MANIFEST,
    before: str = "",
) -> bytes:
    """An .ods with these sheets, given by their elements."""
    named = sheets.items() if isinstance(sheets, Mapping) else sheets
    tables = "".join(f"<table:table table:name={quoteattr(name)}>{rows}</table:table>" for name, rows in named)
    null = "<table:calculation-settings><table:null-date table:date-value='1904-01-01'/></table:calculation-settings>"
    spaces = " ".join(f'xmlns:{name}="{_OASIS}:{name}:1.0"' for name in ("office", "table", "text"))
    spaces += ' office:version="1.2"'
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?>{before}<office:document-content {spaces}><office:body>'
        f"<office:spreadsheet>{null if from_1904 else ''}{tables}</office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    parts = {"mimetype": ODS_TYPE, "META-INF/manifest.xml": manifest, "content.xml": content}
    return archive(parts, stored=["mimetype"])


def ods(rows: Rows, *, from_1904: bool = False) -> bytes:
    """An .ods with one sheet."""
    return ods_of({"Sales": ods_rows(rows)}, from_1904=from_1904)
