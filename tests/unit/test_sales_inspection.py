"""The look at a file before any parser opens it: what passes, and how what does not is named."""

import io
import random
import struct
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import openpyxl
import pytest

from marquee.sales.workbooks import inspection, ods_look, xls_look, xlsb_look, xlsx_look, xml_scan, zip_walk
from marquee.sales.workbooks.looks import Inspection, Kind, NotAWorkbook
from tests.support import books
from tests.support.workbooks import sheet_xml, with_part, workbook

SHEET = "xl/worksheets/sheet1.xml"
ROWS: list[list[object]] = [["Date", "Tickets", "Revenue"], ["2026-01-01", 1, 10.0]]
PLAIN = workbook(ROWS)
CELL = '<c r="{}"><v>1</v></c>'


def inspect(content: bytes) -> Inspection:
    return inspection.inspect(io.BytesIO(content), len(content))


def refused(content: bytes) -> str:
    with pytest.raises(NotAWorkbook) as caught:
        inspect(content)
    assert caught.value.message[-1] in ".)"
    return caught.value.code


def spread(*rows: str, prefix: str = "") -> bytes:
    """A workbook whose sheet has these rows of XML."""
    return with_part(PLAIN, SHEET, sheet_xml("".join(rows), prefix=prefix))


def test_workbooks_of_several_programs_pass() -> None:
    book = openpyxl.Workbook()
    book.active.append(["Datum", "Anzahl", "Umsatz"])
    written = io.BytesIO()
    book.save(written)
    assert inspect(PLAIN).parts > 5
    assert not inspect(written.getvalue()).from_1904
    assert inspect(workbook([["Date"]], from_1904=True)).from_1904


@pytest.mark.parametrize("from_1904", [False, True])
@pytest.mark.parametrize(
    ("content", "kind"), [(workbook, "xlsx"), (books.xlsb, "xlsb"), (books.xls, "xls"), (books.ods, "ods")]
)
def test_the_content_says_kind_and_date_system(content: object, kind: Kind, from_1904: bool, tmp_path: Path) -> None:
    # Given a workbook of each kind under a name that says nothing
    assert callable(content)
    made = content(ROWS, from_1904=from_1904)
    path = tmp_path / "report"
    path.write_bytes(made)
    # Then both are known, and only what the scan knows to be plain goes without a trial
    found = inspect(made)
    assert (found.kind, inspection.kind_of(str(path)), found.from_1904) == (kind, kind, from_1904)
    assert found.certain == (kind == "xlsx")


def test_a_plain_report_of_any_length_needs_neither_parsing_nor_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a sheet beyond the rows that are assumed where no number says more
    rows = "".join(
        f'<row r="{row}"><c r="A{row}"><v>1</v></c><c r="B{row}"><v>2</v></c></row>' for row in range(1, 120_001)
    )
    monkeypatch.setattr(xml_scan, "measured", lambda *_: pytest.fail("parsed"))
    # Then the scan alone knows that it fits
    assert inspect(spread(rows)).certain


def test_pictures_are_no_sheets_whatever_their_bytes_look_like() -> None:
    # Given a logo and macros whose bytes happen to look like cells, declarations and tags
    noise = random.Random(7).randbytes(300_000) + b"<c><c \0<!DOCTYPE :row >"
    content = with_part(PLAIN, "xl/media/image1.png", b"\x89PNG" + noise)
    assert inspect(with_part(content, "xl/vbaProject.bin", noise)).certain


def test_a_sheet_hidden_under_another_name_is_measured_too() -> None:
    content = with_part(PLAIN, "xl/media/image1.png", sheet_xml(CELL.format("A1") + CELL.format("XFD1048576")))
    assert refused(content) == "file.too_spread_out"
    # also where its first bytes are no XML, if the workbook says that it is a sheet
    with zipfile.ZipFile(io.BytesIO(PLAIN)) as archive:
        links = archive.read("xl/_rels/workbook.xml.rels")
    leading = with_part(PLAIN, "xl/_rels/workbook.xml.rels", links.replace(b"worksheets/sheet1.xml", b"media/1.png"))
    sheet = b"noise" + sheet_xml(CELL.format("A1") + CELL.format("XFD1048576"))
    assert refused(with_part(leading, "xl/media/1.png", sheet)) == "file.damaged"


@pytest.mark.parametrize(
    "sheet",
    [
        spread("<row r='1'>", "<c r  =  'A1'/>", "<c\n r='XFD1048576'/>", "</row>"),
        spread('<x:row r="1">', '<x:c r="A1"/><x:c r="XFD1048576"/>', "</x:row>", prefix="x"),
        spread('<row r="1"><c s="1" r="A1"/><c s="1" r="XFD1048576"/></row>'),
        spread('<row spans="1:2" r="1"><c r="A1"/></row><row spans="1:2" r="1048000"><c r="Z1048000"/></row>'),
        spread('<row r="1">', CELL.format("A1"), '</row><row r="900000">', CELL.format("Z900000"), "</row>"),
        spread("<row>", "<c/>" * 600, "</row>"),
        spread("<row/>" * 1_048_577, "<row><c><v>1</v></c></row>"),
        spread('<row r="1">', CELL.format("A1"), CELL.format("A99999999"), "</row>"),
    ],
    ids=["spacing", "prefix", "order", "row-order", "rows-apart", "no-references", "empty-rows", "row-number"],
)
def test_absurd_dimensions_are_found_however_they_are_spelled(sheet: bytes) -> None:
    assert refused(sheet) == "file.too_spread_out"


def test_unusual_spelling_alone_is_no_reason_to_refuse_but_to_try_first() -> None:
    found = inspect(spread('<x:row r="1">', '<x:c r="A1"/><x:c r="B1"/>', "</x:row>", prefix="x"))
    assert (found.cells, found.area, found.certain) == (2, 2, False)


def test_texts_that_may_become_many_copies_are_tried_first() -> None:
    # Given one long text, and cells that may each be given a copy of it
    strings = b"<sst><si><t>" + b"x" * 30_000 + b"</t></si><si><t>y</t></si></sst>"

    def certain(cells: int) -> bool:
        rows = "".join(f'<row r="{row}"><c r="A{row}" t="s"><v>1</v></c></row>' for row in range(1, cells + 1))
        return inspect(with_part(spread(rows), "xl/sharedStrings.xml", strings)).certain

    assert certain(1_000)
    assert not certain(10_000)


def test_texts_that_come_to_no_more_than_the_file_itself_need_no_trial() -> None:
    # Given strings as long as what stands around a cell, and behind them what makes the part's beginning long
    def certain(cells: int, string: str) -> bool:
        rows = "".join(f'<row r="{row}"><c r="A{row}" t="s"><v>1</v></c></row>' for row in range(1, cells + 1))
        strings = f'<?xml version="1.0"?>\n<sst a="{"x" * 200}">{f"<si><t>{string}</t></si>" * 9}</sst>'
        return inspect(with_part(spread(rows), "xl/sharedStrings.xml", strings.encode())).certain

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(xlsx_look, "CERTAIN_TEXT_BYTES", 0)
        assert certain(5_000, "Standing")
        assert not certain(5_000, "Standing" * 9)


@pytest.mark.parametrize("claimed", [1_000, 6_000_000])
def test_a_directory_that_lies_about_sizes_is_not_believed(claimed: int) -> None:
    # Given a sheet that unpacks to more, or to less, than the directory says
    content = with_part(PLAIN, SHEET, sheet_xml("<row/>" * 800_000))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        real = archive.getinfo(SHEET).file_size
    start = content.index(b"PK\x01\x02")
    lying = content[:start] + content[start:].replace(struct.pack("<L", real), struct.pack("<L", claimed), 1)
    assert refused(lying) == "file.damaged"


def test_a_file_over_the_limit_is_not_even_opened() -> None:
    with pytest.raises(NotAWorkbook) as caught:
        inspection.inspect(io.BytesIO(PLAIN), inspection.MAX_FILE_BYTES + 1)
    assert caught.value.code == "file.too_large"
    assert "100 MB" in caught.value.message


@pytest.mark.parametrize(
    ("content", "code", "word"),
    [
        (b"%PDF-1.7 ...", "file.not_a_workbook", "PDF"),
        (b"\xef\xbb\xbf<!DOCTYPE html><html>", "file.not_a_workbook", "web page"),
        (b'<?xml version="1.0"?><Workbook/>', "file.not_a_workbook", "XML"),
        (b"Date;Tickets\n2026-03-01;1\n", "file.not_a_workbook", "CSV"),
        (bytes.fromhex("0902060000001000"), "file.old_format", "before 1995"),
        (books.archive({"readme.txt": ""}), "file.not_a_workbook", "zip archive"),
        (books.archive({"mimetype": "application/epub+zip", "content.xml": "<x/>"}), "file.other_format", "kind"),
        (books.archive({"[Content_Types].xml": "<x/>"}), "file.damaged", "list of sheets"),
    ],
)
def test_what_is_no_workbook_is_named_for_what_it_is(content: bytes, code: str, word: str) -> None:
    with pytest.raises(NotAWorkbook, match=word) as caught:
        inspect(content)
    assert caught.value.code == code


@pytest.mark.parametrize("make", [workbook, books.xlsb, books.xls, books.ods])
def test_whatever_bytes_are_changed_the_answer_is_a_sentence(make: object) -> None:
    # Given honest files with some bytes changed, cut out or put in, in the archive or in one of its parts
    assert callable(make)
    content = make(ROWS * 10)
    chosen = random.Random(11)
    for _ in range(250):
        bent = _bent(content, chosen)
        # Then the look ends with what it found or with its refusal, and with nothing else
        with suppress(NotAWorkbook):
            inspect(bent)


def _bent(content: bytes, chosen: random.Random) -> bytes:
    if not content.startswith(b"PK") or chosen.random() < 0.3:
        return _changed(content, chosen)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = chosen.choice(list(parts))
    return books.archive(parts | {name: _changed(parts[name] or b"x", chosen)})


def _changed(content: bytes, chosen: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(chosen.choice([1, 1, 3, 20])):
        at = chosen.randrange(len(changed))
        end = at + chosen.choice([0, 1, 4])
        changed[at:end] = chosen.choice([b"\xff" * 4, bytes(4), chosen.randbytes(1), b"\xff\xff\xff\x7f", b""])
        changed = changed or bytearray(b"x")
    return bytes(changed)


@pytest.mark.parametrize(
    ("module", "bound", "content"),
    [
        (ods_look, "MAX_CELLS", books.ods(ROWS * 10)),
        (ods_look, "MAX_AREA", books.ods(ROWS * 10)),
        (xls_look, "MAX_AREA", books.xls(ROWS * 10)),
    ],
)
def test_formats_whose_sheets_are_all_held_at_once_have_bounds_of_their_own(
    module: ModuleType, bound: str, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert inspect(content).cells == 60
    monkeypatch.setattr(module, bound, 20)
    with pytest.raises(NotAWorkbook, match=r"more than 20 cells together.*as \.xlsx") as caught:
        inspect(content)
    assert caught.value.code == "file.too_spread_out"


@pytest.mark.parametrize(("module", "make"), [(xls_look, books.xls), (xlsb_look, books.xlsb)])
def test_records_are_not_counted_without_an_end(
    module: ModuleType, make: Callable[[object], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MAX_RECORDS", 20)
    assert refused(make(ROWS * 10)) == "file.too_much_inside"


def test_numbers_in_one_record_are_cells_of_their_own() -> None:
    # Given three numbers in one record, as Excel writes neighbours, from the second column on
    numbers = b"".join(struct.pack("<HI", 0, number << 2 | 2) for number in (7, 8, 9))
    record = books.biff(0xBD, struct.pack("<HH", 5, 1) + numbers + struct.pack("<H", 3))
    sheet = books.xls_sheet([["a"]])[:-4] + record + books.biff(0x0A)
    found = inspect(books.compound({"Workbook": books.xls_stream({"S": sheet})}))
    # Then they and the corner make six rows of four columns
    assert (found.cells, found.area) == (4, 24)


@pytest.mark.parametrize("spelled", ["a/B.xml", "./a/b.xml", "a\\b.xml", "A//.//b.xml", "/a/b.xml"])
def test_names_of_parts_are_compared_as_parsers_look_them_up(spelled: str) -> None:
    assert zip_walk.plain_name(spelled) == "a/b.xml"
