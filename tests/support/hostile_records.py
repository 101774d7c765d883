"""Hostile files of the kinds that are not .xlsx: records and repetitions that lie. A part of `hostile`."""

import struct
from collections.abc import Callable

from tests.support import books

ROWS: list[list[object]] = [["Date", "Category", "Tickets", "Revenue"], ["2026-03-01", "A", 1, 10.0]]


def _repeated(text: str = "a", *, rows: int = 1, columns: int = 1) -> str:
    cell = books.ods_cell(text).replace(
        "<table:table-cell", f'<table:table-cell table:number-columns-repeated="{columns}"'
    )
    return f'<table:table-row table:number-rows-repeated="{rows}">{cell}</table:table-row>'


def _string_bomb_xls() -> bytes:
    text = struct.pack("<II", 1, 1) + struct.pack("<HB", 8_000, 0) + b"x" * 8_000
    cells = b"".join(books.biff(0xFD, struct.pack("<HHHI", row, 0, 0, 0)) for row in range(60_000))
    sheet = books.xls_sheet([["a"]])[:-4] + cells + books.biff(0x0A)
    return books.compound({"Workbook": books.xls_stream({"S": sheet}, shared=books.biff(0xFC, text))})


def _string_count_xls() -> bytes:
    shared = books.biff(0xFC, struct.pack("<II", 1, 0x7FFF_FFFF))
    return books.compound({"Workbook": books.xls_stream({"S": books.xls_sheet([["a"]])}, shared=shared)})


def _same_sheet_xls() -> bytes:
    stream = books.xls_stream({"A": books.xls_sheet([["a"]]), "B": books.xls_sheet([["b"]])})
    first = stream.index(struct.pack("<HH", 0x85, 10)) + 4
    second = first + 14
    return books.compound({"Workbook": stream[:second] + stream[first : first + 4] + stream[second + 4 :]})


def _bent(at: int, to: int, content: bytes | None = None) -> bytes:
    """A compound file with one number of its header, or of its tables, changed."""
    bent = bytearray(content or books.xls(ROWS))
    struct.pack_into("<I", bent, at, to)
    return bytes(bent)


def _follows_itself(named_at: int) -> bytes:
    """A compound file in which a sector follows itself: the one the header names here, or else the first."""
    content = books.xls(ROWS)
    sector = struct.unpack_from("<I", content, named_at)[0] if named_at else 0
    table = 512 * (struct.unpack_from("<I", content, 76)[0] + 1)
    return _bent(table + 4 * sector, sector, content)


FILES: dict[str, tuple[Callable[[], bytes], str]] = {
    "corners.xls": (
        lambda: books.compound(
            {
                "Workbook": books.xls_stream(
                    {"S": books.xls_sheet([["a"]])[:-4] + books.xls_cell(65_535, 255, 1) + books.biff(0x0A)}
                )
            }
        ),
        "file.too_spread_out",
    ),
    "bounds.xls": (
        lambda: books.compound(
            {
                "Workbook": books.xls_stream(
                    {
                        "S": books.biff(0x200, struct.pack("<IIHHH", 0, 0xFFFF_FFF0, 0, 0xFFF0, 0))
                        + books.xls_sheet([["a"]])
                    }
                )
            }
        ),
        "file.too_spread_out",
    ),
    "corners.xlsb": (
        lambda: books.xlsb_of(
            {
                "S": books.xlsb_part(
                    books.xlsb_row(0) + books.xlsb_cell(0, 1) + books.xlsb_row(1_048_575) + books.xlsb_cell(16_383, 1)
                )
            }
        ),
        "file.too_spread_out",
    ),
    "rows_apart.xlsb": (
        lambda: books.xlsb_of(
            {
                "S": books.xlsb_part(
                    books.xlsb_row(0) + books.xlsb_cell(0, 1) + books.xlsb_row(1_048_575) + books.xlsb_cell(300, 1)
                )
            }
        ),
        "file.too_spread_out",
    ),
    "absurd_row.xlsb": (
        lambda: books.xlsb_of({"S": books.xlsb_part(books.xlsb_row(0xFFFF_FFFF) + books.xlsb_cell(0, 1))}),
        "file.too_spread_out",
    ),
    "corners.ods": (lambda: books.ods_of({"S": _repeated(rows=1_000_000, columns=400)}), "file.too_spread_out"),
    "columns.ods": (lambda: books.ods_of({"S": _repeated(columns=1_000_000)}), "file.too_spread_out"),
    "negative_rows.ods": (lambda: books.ods_of({"S": _repeated(rows=-1)}), "file.damaged"),
    "negative_columns.ods": (lambda: books.ods_of({"S": _repeated(columns=-1)}), "file.damaged"),
    "huge_rows.ods": (lambda: books.ods_of({"S": _repeated(rows=2**64)}), "file.damaged"),
    "huge_columns.ods": (lambda: books.ods_of({"S": _repeated(columns=2**31)}), "file.damaged"),
    "repeated_text.ods": (
        lambda: books.ods_of({"S": _repeated("x" * 30_000, rows=1000, columns=100)}),
        "file.too_much_inside",
    ),
    "many_sheets.ods": (
        lambda: books.ods_of({f"S{number}": _repeated(rows=100_000, columns=10) for number in range(100)}),
        "file.too_spread_out",
    ),
    "string_bomb.xls": (_string_bomb_xls, "file.too_demanding"),
    "string_count.xls": (_string_count_xls, "file.damaged"),
    "same_sheet.xls": (_same_sheet_xls, "file.damaged"),
    "same_names.ods": (
        lambda: books.ods_of([("S", books.ods_rows(ROWS)), ("S", books.ods_rows(ROWS))]),
        "file.damaged",
    ),
    "circles.xls": (lambda: _follows_itself(0), "file.damaged"),
    "circles_in_tables.xls": (lambda: _bent(68, 3), "file.damaged"),
    "circles_in_directory.xls": (lambda: _follows_itself(48), "file.damaged"),
    "beyond.xls": (lambda: _bent(48, 0x0FFF_FFFF), "file.damaged"),
    "beyond_tables.xls": (lambda: _bent(76, 0x0FFF_FFFF), "file.damaged"),
    "endless_record.xls": (
        lambda: books.compound(
            {"Workbook": books.xls_stream({"S": books.xls_sheet([["a"]])})[:-4] + b"\x04\x02\xff\xff"}
        ),
        "file.damaged",
    ),
    "endless_record.xlsb": (
        lambda: books.xlsb_of({"S": books.xlsb_part(b"\x06\xff\xff\xff\x7f")}),
        "file.damaged",
    ),
    "string_index.xlsb": (
        lambda: books.xlsb_of(
            {"S": books.xlsb_part(books.xlsb_row(0) + books.biff12(0x07, struct.pack("<III", 0, 0, 77)))}
        ),
        "file.damaged",
    ),
    "text_length.xlsb": (
        lambda: books.xlsb_of(
            {"S": books.xlsb_part(books.xlsb_row(0) + books.biff12(0x06, struct.pack("<III", 0, 0, 0xFFFF_FFFF)))}
        ),
        "file.damaged",
    ),
}
