"""Hostile and broken files are refused before any parser opens them, with a reason, quickly and in little memory."""

import io
import struct
import time
import tracemalloc
import zipfile

import openpyxl
import pytest

from marquee.sales import inspection
from marquee.sales.inspection import NotAWorkbook
from tests.support.workbooks import sheet_xml, with_part, workbook

SHEET = "xl/worksheets/sheet1.xml"
PLAIN = workbook([["Date", "Tickets", "Revenue"], ["2026-01-01", 1, 10.0]])
CELL = '<c r="{}"><v>1</v></c>'


def inspect(content: bytes) -> inspection.Inspection:
    return inspection.inspect(io.BytesIO(content), len(content))


def refused(content: bytes) -> str:
    with pytest.raises(NotAWorkbook) as caught:
        inspect(content)
    assert caught.value.message[-1] in ".)"
    return caught.value.code


def spread(*rows: str, prefix: str = "") -> bytes:
    """A workbook whose sheet has these rows of XML."""
    return with_part(PLAIN, SHEET, sheet_xml("".join(rows), prefix=prefix))


def damaged_header(content: bytes, *, claimed: int) -> bytes:
    """The workbook whose directory claims another unpacked size for the sheet."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        real = archive.getinfo(SHEET).file_size
    start = content.index(b"PK\x01\x02")
    return content[:start] + content[start:].replace(struct.pack("<L", real), struct.pack("<L", claimed), 1)


def test_workbooks_of_several_programs_pass() -> None:
    book = openpyxl.Workbook()
    book.active.append(["Datum", "Anzahl", "Umsatz"])
    written = io.BytesIO()
    book.save(written)
    assert inspect(PLAIN).parts > 5
    assert not inspect(written.getvalue()).from_1904
    assert inspect(workbook([["Date"]], from_1904=True)).from_1904


def test_a_long_report_passes_without_being_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a sheet beyond the rows that are assumed where no number says more
    rows = "".join(
        f'<row r="{row}"><c r="A{row}"><v>1</v></c><c r="B{row}"><v>2</v></c></row>' for row in range(1, 120_001)
    )
    monkeypatch.setattr(inspection, "_measure_exactly", lambda *_: pytest.fail("parsed"))
    # Then the scan alone knows that it fits
    inspect(spread(rows))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file.empty"),
        (b"date;tickets;revenue\n2026-01-01;1;10\n", "file.not_a_workbook"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), "file.old_format"),
        (
            bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
            "file.password_protected",
        ),
        (PLAIN[:-40], "file.damaged"),
        (PLAIN[:300], "file.damaged"),
        (b"PK\x03\x04 and nothing", "file.damaged"),
    ],
)
def test_a_file_that_is_no_workbook_is_named_for_what_it_is(content: bytes, code: str) -> None:
    assert refused(content) == code


def test_other_archives_are_named_for_what_they_are() -> None:
    def archive(*names: str) -> bytes:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as made:
            for name in names:
                made.writestr(name, "<x/>")
        return packed.getvalue()

    assert refused(archive("readme.txt")) == "file.not_a_workbook"
    assert refused(archive("mimetype", "content.xml")) == "file.other_format"
    assert refused(archive("xl/workbook.bin")) == "file.other_format"
    assert refused(archive("xl/workbook.xml", "XL/workbook.xml")) == "file.damaged"
    assert refused(archive("xl/workbook.xml", *(f"a/{number}" for number in range(2_000)))) == "file.too_many_parts"


@pytest.mark.parametrize(
    "sheet",
    [
        spread('<row r="1">', CELL.format("A1"), CELL.format("XFD1048576"), "</row>"),
        spread("<row r='1'>", "<c r  =  'A1'/>", "<c\n r='XFD1048576'/>", "</row>"),
        spread('<x:row r="1">', '<x:c r="A1"/><x:c r="XFD1048576"/>', "</x:row>", prefix="x"),
        spread('<row r="1"><c s="1" r="A1"/><c s="1" r="XFD1048576"/></row>'),
        spread('<row spans="1:2" r="1"><c r="A1"/></row><row spans="1:2" r="1048000"><c r="Z1048000"/></row>'),
        spread('<row r="1">', CELL.format("A1"), '</row><row r="900000">', CELL.format("Z900000"), "</row>"),
        spread("<row>", "<c/>" * 600, "</row>"),
        spread("<row/>" * 1_048_577, "<row><c><v>1</v></c></row>"),
        spread('<row r="1">', CELL.format("A1"), CELL.format("A99999999"), "</row>"),
    ],
    ids=[
        "corners",
        "spacing",
        "prefix",
        "order",
        "row-order",
        "rows-apart",
        "no-references",
        "empty-rows",
        "row-number",
    ],
)
def test_absurd_dimensions_are_found_however_they_are_spelled(sheet: bytes) -> None:
    assert refused(sheet) == "file.too_spread_out"


def test_a_sheet_hidden_under_another_name_is_measured_too() -> None:
    content = with_part(PLAIN, "xl/media/image1.png", sheet_xml(CELL.format("A1") + CELL.format("XFD1048576")))
    assert refused(content) == "file.too_spread_out"


@pytest.mark.parametrize(
    ("part", "code"),
    [
        (b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + sheet_xml("&b;"), "file.forbidden_content"),
        (b'<!DOCTYPE x SYSTEM "file:///etc/passwd">' + sheet_xml(""), "file.forbidden_content"),
        (('<?xml version="1.0" encoding="UTF-16"?>' + sheet_xml("").decode()).encode("utf-16"), "file.encoding"),
        (b'<?xml version="1.0" encoding="UTF-7"?>' + sheet_xml(""), "file.encoding"),
        (sheet_xml("") + b"<" + b"a" * 3_000_000, "file.damaged"),
        (sheet_xml("\0"), "file.forbidden_content"),
        (b"<x:row>", "file.damaged"),
    ],
)
def test_xml_that_no_spreadsheet_program_writes_is_refused(part: bytes, code: str) -> None:
    assert refused(with_part(PLAIN, SHEET, part)) == code


def test_a_directory_that_lies_about_sizes_is_not_believed() -> None:
    # Given a sheet that unpacks to more, or to less, than the directory says
    content = with_part(PLAIN, SHEET, sheet_xml(" " * 5_000_000))
    assert refused(damaged_header(content, claimed=1_000)) == "file.damaged"
    assert refused(damaged_header(content, claimed=6_000_000)) == "file.damaged"


@pytest.mark.parametrize(
    "part",
    [sheet_xml(" " * 100_000_000), sheet_xml("<row/>" * 16_000_000), b"\0" * 100_000_000],
    ids=["spaces", "rows", "zeros"],
)
def test_bombs_are_refused_at_once_and_in_little_memory(part: bytes) -> None:
    content = with_part(PLAIN, SHEET, part)
    del part
    tracemalloc.start()
    began = time.perf_counter()
    assert refused(content) == "file.too_much_inside"
    assert time.perf_counter() - began < 2
    assert tracemalloc.get_traced_memory()[1] < 64 * 1024 * 1024
    tracemalloc.stop()


def test_a_file_over_the_limit_is_not_even_opened() -> None:
    with pytest.raises(NotAWorkbook) as caught:
        inspection.inspect(io.BytesIO(PLAIN), inspection.MAX_FILE_BYTES + 1)
    assert caught.value.code == "file.too_large"
    assert "100 MB" in caught.value.message
