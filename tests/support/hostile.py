"""Files that are made to harm whoever opens them, each with the code it must be refused with.

All are made here, so that none lies in the repository. `CORPUS` names them; each is made once a process.
"""

import io
import struct
import warnings
import zipfile
from collections.abc import Callable
from functools import cache

from tests.support import books, hostile_records
from tests.support.hostile_records import ROWS
from tests.support.workbooks import sheet_xml, with_part, workbook

SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"
RELATIONS = "xl/_rels/workbook.xml.rels"
BOOK = "xl/workbook.xml"
CELL = '<c r="{}"><v>1</v></c>'
LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
OUTSIDE = '<!DOCTYPE x [<!ENTITY i SYSTEM "file:///etc/passwd">'
CORPUS: dict[str, tuple[Callable[[], bytes], str]] = dict(hostile_records.FILES)
"""Name of the file: how it is made, and the code it is refused with."""


@cache
def plain() -> bytes:
    """An honest .xlsx."""
    return workbook(ROWS)


@cache
def made(name: str) -> bytes:
    """The content of a file of the corpus."""
    return CORPUS[name][0]()


def add(name: str, code: str) -> Callable[[Callable[[], bytes]], Callable[[], bytes]]:
    """Adds what a function makes to the corpus."""

    def keep(make: Callable[[], bytes]) -> Callable[[], bytes]:
        CORPUS[name] = (make, code)
        return make

    return keep


def spread(*rows: str) -> bytes:
    """A workbook whose sheet has these rows of XML."""
    return with_part(plain(), SHEET, sheet_xml("".join(rows)))


def _part(name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(plain())) as archive:
        return archive.read(name)


def _with_parts(*parts: tuple[str, bytes]) -> bytes:
    """The honest workbook with these parts added, whatever is there already."""
    packed = io.BytesIO(plain())
    with zipfile.ZipFile(packed, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts:
            entry = zipfile.ZipInfo("x")
            # Past the constructor, which mends names.
            entry.filename, entry.compress_type = name, zipfile.ZIP_DEFLATED
            with warnings.catch_warnings():
                # A name given twice is what some of them are about.
                warnings.simplefilter("ignore", UserWarning)
                archive.writestr(entry, part)
    return packed.getvalue()


# --- no workbook at all -----------------------------------------------------------------------------------------------

CORPUS |= {
    "empty.xlsx": (lambda: b"", "file.empty"),
    "text.xlsx": (lambda: b"Date;Tickets;Revenue\n2026-03-01;1;10\n" * 1000, "file.not_a_workbook"),
    "page.xls": (lambda: b"<html><table><tr><td>Date</td></tr></table></html>", "file.not_a_workbook"),
    "document.xlsx": (lambda: b"%PDF-1.7\n" + bytes(range(256)) * 100, "file.not_a_workbook"),
    "zeros.xlsx": (lambda: bytes(100_000), "file.not_a_workbook"),
    "letter.xlsx": (lambda: books.archive({"word/document.xml": "<x/>"}), "file.other_format"),
    "message.xls": (lambda: books.compound({"__properties_version1.0": bytes(100)}), "file.not_a_workbook"),
    "truncated.xlsx": (lambda: plain()[: len(plain()) // 2], "file.damaged"),
    "truncated.xls": (lambda: books.xls(ROWS)[:1500], "file.damaged"),
}

# --- passwords --------------------------------------------------------------------------------------------------------

CORPUS |= {
    "password.xlsx": (
        lambda: books.compound({"EncryptedPackage": bytes(5000), "EncryptionInfo": bytes(200)}),
        "file.password_protected",
    ),
    "password.xls": (
        lambda: books.compound(
            {
                "Workbook": books.xls_stream(
                    {"Sales": books.xls_sheet(ROWS)}, shared=books.biff(0x2F, struct.pack("<HHH", 1, 1, 1) + bytes(48))
                )
            }
        ),
        "file.password_protected",
    ),
    "password.ods": (
        lambda: books.ods_of(
            {"Sales": ""},
            manifest=books.MANIFEST.replace(
                "</manifest:manifest>",
                "<manifest:file-entry><manifest:encryption-data/></manifest:file-entry></manifest:manifest>",
            ),
        ),
        "file.password_protected",
    ),
}


@add("password_zip.xlsx", "file.password_protected")
def _locked_parts() -> bytes:
    content = bytearray(plain())
    at = content.index(b"PK\x01\x02")
    content[at + 8] |= 1
    return bytes(content)


# --- bombs in the archive ---------------------------------------------------------------------------------------------


@add("spaces_in_strings.xlsx", "file.too_much_inside")
def _spaces_in_strings() -> bytes:
    return with_part(plain(), STRINGS, b"<sst><si><t>" + b" " * 100_000_000 + b"</t></si></sst>")


@add("spaces_in_cell.xlsx", "file.too_much_inside")
def _spaces_in_cell() -> bytes:
    return spread('<row r="1"><c r="A1" t="inlineStr"><is><t>', " " * 100_000_000, "</t></is></c></row>")


@add("long_text.xlsx", "file.text_too_long")
def _long_text() -> bytes:
    return spread('<row r="1"><c r="A1" t="inlineStr"><is><t>', " " * 15_000_000, "</t></is></c></row>")


@add("spaces.ods", "file.too_much_inside")
def _spaces_in_ods() -> bytes:
    return books.ods_of({"Sales": books.ods_rows([[" " * 20_000_000]])})


@add("small_bombs.xlsx", "file.too_much_inside")
def _small_bombs() -> bytes:
    # Each part stays below the size from which its ratio counts
    return _with_parts(*((f"xl/worksheets/more{number}.xml", bytes(15_000_000)) for number in range(6)))


@add("many_parts.xlsx", "file.too_many_parts")
def _many_parts() -> bytes:
    return _with_parts(*((f"xl/media/{number}", b"") for number in range(2_001)))


@add("lying_sizes.xlsx", "file.damaged")
def _lying_sizes() -> bytes:
    part = sheet_xml(" \n" * 5_000_000)
    content = with_part(plain(), SHEET, part)
    at = content.index(b"PK\x01\x02")
    return content[:at] + content[at:].replace(struct.pack("<L", len(part)), struct.pack("<L", 1000), 1)


@add("overlapping_parts.xlsx", "file.damaged")
def _overlapping_parts() -> bytes:
    # Each name of the directory leads to the same packed bytes
    bomb = bytes(4_000_000)
    content = bytearray(_with_parts(*((f"xl/media/{number}", bomb) for number in range(10))))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        first = archive.getinfo("xl/media/0").header_offset
        others = [archive.getinfo(f"xl/media/{number}").header_offset for number in range(1, 10)]
    for offset in others:
        at = content.rindex(struct.pack("<L", offset))
        content[at : at + 4] = struct.pack("<L", first)
    return bytes(content)


for _title, _name in {
    "same": SHEET,
    "case": "XL/Worksheets/SHEET1.xml",
    "backslash": SHEET.replace("/", "\\"),
    "dot": f"./{SHEET}",
    "double_slash": SHEET.replace("/", "//"),
}.items():
    CORPUS[f"names_{_title}.xlsx"] = (
        lambda name=_name: _with_parts((name, sheet_xml(CELL.format("A1")))),  # type: ignore[misc]
        "file.damaged",
    )

# --- XML --------------------------------------------------------------------------------------------------------------

for _title, _name in {"sheet": SHEET, "strings": STRINGS, "book": BOOK, "relations": RELATIONS}.items():
    CORPUS[f"laughs_in_{_title}.xlsx"] = (
        lambda name=_name: with_part(plain(), name, f"{LAUGHS}]><x>&i;</x>".encode()),  # type: ignore[misc]
        "file.forbidden_content",
    )
CORPUS |= {
    "laughs.ods": (lambda: books.ods_of({"S": "&i;"}, before=f"{LAUGHS}]>"), "file.forbidden_content"),
    "outside.xlsx": (
        lambda: with_part(plain(), SHEET, f"{OUTSIDE}]>".encode() + sheet_xml("&i;")),
        "file.forbidden_content",
    ),
    "outside.ods": (lambda: books.ods_of({"S": "&i;"}, before=f"{OUTSIDE}]>"), "file.forbidden_content"),
    "nul.xlsx": (lambda: with_part(plain(), SHEET, sheet_xml("\0")), "file.forbidden_content"),
    "utf16.xlsx": (lambda: with_part(plain(), SHEET, sheet_xml("").decode().encode("utf-16")), "file.encoding"),
    "utf16_unmarked.xlsx": (
        lambda: with_part(plain(), SHEET, sheet_xml("").decode().encode("utf-16-le")),
        "file.encoding",
    ),
    "utf7.xlsx": (
        lambda: with_part(plain(), SHEET, b'<?xml version="1.0" encoding="UTF-7"?>' + sheet_xml("")),
        "file.encoding",
    ),
    "nested.xlsx": (
        lambda: with_part(plain(), SHEET, sheet_xml("<row><c>" + "<is>" * 400_000 + "</is>" * 400_000 + "</c></row>")),
        "file.damaged",
    ),
    "nested.ods": (
        lambda: books.ods_of({"S": "<table:table-row>" + "<table:table-cell>" * 300_000}),
        "file.damaged",
    ),
    "nested_list.xlsx": (lambda: with_part(plain(), BOOK, b"<a>" * 1_000_000), "file.damaged"),
    "endless_tag.xlsx": (lambda: with_part(plain(), SHEET, sheet_xml("") + b"<" + b"a" * 3_000_000), "file.damaged"),
}

# --- cells far apart --------------------------------------------------------------------------------------------------

_CORNER = CELL.format("XFD1048576")
CORPUS |= {
    "corners.xlsx": (lambda: spread('<row r="1">', CELL.format("A1"), _CORNER, "</row>"), "file.too_spread_out"),
    "corners_quoted.xlsx": (
        lambda: spread("""<row r="1"><c r="A1"/><c x='> <c r="A2"' r="XFD1048576"><v>1</v></c></row>"""),
        "file.damaged",
    ),
    "corners_in_single_quotes.xlsx": (
        lambda: spread("<row r='1'><c r='A1'/><c t='n' r='XFD1048576'><v>1</v></c></row>"),
        "file.too_spread_out",
    ),
    "corners_after_comment.xlsx": (
        lambda: spread("<!--", '<c r="A1">' * 100_000, "-->", CELL.format("A1"), CELL.format("SF900000")),
        "file.too_spread_out",
    ),
    "million_columns.xlsx": (lambda: spread("<row>", "<c/>" * 1_000_000, "</row>"), "file.too_spread_out"),
    "million_named_columns.xlsx": (
        lambda: spread('<row r="1">', CELL.format("BDWGN1"), "</row>"),
        "file.too_spread_out",
    ),
}


# --- what leads astray ------------------------------------------------------------------------------------------------

_TARGET = b'Target="worksheets/sheet1.xml"'


def _leads(to: bytes) -> bytes:
    return with_part(plain(), RELATIONS, _part(RELATIONS).replace(_TARGET, b'Target="' + to + b'"'))


@add("sheet_twice.xlsx", "file.damaged")
def _sheet_twice() -> bytes:
    listed = _part(BOOK)
    at = listed.index(b"<sheet ")
    sheet = listed[at : listed.index(b"/>", at) + 2]
    again = sheet.replace(b"Sales", b"Again").replace(b'r:id="rId1"', b'r:id="rId77"')
    links = _part(RELATIONS)
    at = links.index(b"<Relationship ")
    link = links[at : links.index(b"/>", at) + 2]
    content = with_part(plain(), BOOK, listed.replace(sheet, sheet + again))
    return with_part(content, RELATIONS, links.replace(link, link + link.replace(b'"rId1"', b'"rId77"')))


@add("string_bomb.xlsx", "file.too_demanding")
def _string_bomb() -> bytes:
    # 100,000 cells, each of which is given its own copy of one text of 30,000 characters
    rows = "".join(f'<row r="{row}"><c r="A{row}" t="s"><v>0</v></c></row>' for row in range(1, 100_001))
    strings = b"<sst><si><t>" + b"x" * 30_000 + b"</t></si></sst>"
    return with_part(spread(rows), STRINGS, strings)


CORPUS |= {
    "own_list.xlsx": (lambda: _leads(b"workbook.xml"), "file.damaged"),
    "own_links.xlsx": (lambda: _leads(b"_rels/workbook.xml.rels"), "file.damaged"),
    "no_part.xlsx": (lambda: _leads(b"../../../../etc/passwd"), "file.damaged"),
    "string_index.xlsx": (
        lambda: spread('<row r="1"><c r="A1" t="s"><v>4000000000</v></c></row>'),
        "file.damaged",
    ),
}


# --- what is allowed, but laborious -----------------------------------------------------------------------------------


def _said(text: str) -> bytes:
    """A report with a row that says the same text in every cell."""
    cell = '<c r="{}{}" t="inlineStr"><is><t>{}</t></is></c>'
    head = zip("ABCD", ("Date", "Category", "Tickets", "Revenue"), strict=True)
    return spread(
        '<row r="1">',
        *(cell.format(column, 1, heading) for column, heading in head),
        '</row><row r="2">',
        *(cell.format(column, 2, text) for column in "ABCD"),
        "</row>",
    )


def _merged(references: str) -> bytes:
    """The honest report with these merged ranges."""
    end = b"</sheetData>"
    return with_part(plain(), SHEET, _part(SHEET).replace(end, end + f"<mergeCells>{references}</mergeCells>".encode()))


LABORIOUS: dict[str, Callable[[], bytes]] = {
    "digits.xlsx": lambda: _said("1" * 300_000),
    "brackets.xlsx": lambda: _said("(" * 300_000),
    "pairs_of_brackets.xlsx": lambda: _said("(" * 2_000 + ")" * 2_000),
    "accents.xlsx": lambda: _said("a" + "\u0301\u0316" * 100_000),
    "clocks.xlsx": lambda: _said("1:11 " * 60_000),
    "brackets_in_heading.xlsx": lambda: spread(
        *(
            f'<row r="{row}"><c r="A{row}" t="inlineStr"><is><t>{"(" * 30_000}</t></is></c></row>'
            for row in range(1, 60)
        )
    ),
    "merged_all.xlsx": lambda: _merged('<mergeCell ref="A1:XFD1048576"/>' * 60_000),
}
"""Files that an honest program could have written, with contents that cost their square if one is careless."""
