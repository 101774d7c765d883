"""The same report in every format is the same sales, row for row."""

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from marquee.sales.workbooks import inspection, parsing, trial
from marquee.sales.workbooks.parsing import Parsed
from tests.support import books, office
from tests.support.workbooks import workbook

DAY = date(2026, 3, 1)
HEADER: list[object] = ["Date", "Category", "Tickets", "Revenue", "Order", "Seat", "Shown on"]


def _row(number: int) -> list[object]:
    tickets = 1 + number % 4
    category = "Parkett Süd" if number % 3 else "Rang „oben“"
    # Cents that no binary fraction has, and whole amounts
    revenue = tickets * (10.1 if number % 2 else 25)
    return [DAY + timedelta(days=number % 40), category, tickets, revenue, f"A-{number:04}", number, date(2026, 6, 12)]


ROWS: list[list[object]] = [
    HEADER,
    *map(_row, range(120)),
    [DAY, "Parkett Süd", -1, -10.1, "A-0001", 1, date(2026, 6, 12)],
    # Two equal rows, one without some cells, and one that is refused
    [DAY, "Rang", 1, 9.99],
    [DAY, "Rang", 1, 9.99],
    [DAY, None, 2, 0.07, "x"],
    [DAY, "Rang", "two", 5],
]
Make = Callable[..., bytes]


@pytest.fixture
def read(tmp_path: Path) -> Callable[[bytes], Parsed]:
    def run(content: bytes) -> Parsed:
        """As the ingest's steps do it."""
        path = tmp_path / "report"
        path.write_bytes(content)
        with path.open("rb") as file:
            found = inspection.inspect(file, len(content))
        if not found.certain:
            trial.attempt(str(path), found)
        return parsing.parse(str(path), currency="EUR", latest=date(2026, 12, 31), from_1904=found.from_1904)

    return run


def sold(parsed: Parsed) -> Counter[tuple[object, ...]]:
    """How often each sale was made, with the identity of its row."""
    found: Counter[tuple[object, ...]] = Counter()
    for mark, sale, count in zip(parsed.identities, parsed.sales, parsed.counts, strict=True):
        group = parsed.group_keys[parsed.groups[sale]]
        found[mark, group, parsed.tickets[sale], parsed.minor[sale]] += count
    return found


def rejected(parsed: Parsed) -> list[tuple[int, str]]:
    return [(row.row, row.reasons[0].refusal.code) for row in parsed.rejected]


@pytest.mark.parametrize("from_1904", [False, True])
@pytest.mark.parametrize("make", [books.xlsb, books.xls, books.ods])
def test_each_format_gives_the_same_sales(make: Make, from_1904: bool, read: Callable[[bytes], Parsed]) -> None:
    # Given a report as .xlsx, and the same in another format and either date system
    expected = read(workbook(ROWS))
    # 60 x 2 x 25.00 + 60 x 3 x 10.10 - 10.10 + 2 x 9.99 + 0.07
    assert (len(expected.order), sum(expected.minor[expected.sales[one]] for one in expected.order)) == (124, 482_795)
    parsed = read(make(ROWS, from_1904=from_1904))
    # Then every row is the same sale, down to its identity, and the same row is refused
    assert sold(parsed) == sold(expected)
    assert rejected(parsed) == rejected(expected) == [(126, "tickets.not_a_number")]
    assert [tuple(run) for run in parsed.runs] == [tuple(run) for run in expected.runs]


@pytest.mark.parametrize("make", [workbook, books.xlsb, books.xls])
def test_days_written_as_bare_numbers_follow_the_workbooks_system(make: Make, read: Callable[[bytes], Parsed]) -> None:
    # Given days as the numbers of a workbook that counts from 1904, without the format of a date
    serial = (DAY - books.EPOCH_1904).days
    parsed = read(make([HEADER[:4], [serial, "A", 1, 10]], from_1904=True))
    assert parsed.group_keys == [("2026-03-01", "A", "EUR")]


@pytest.mark.parametrize(("kind", "from_1904"), [("xls", True), ("ods", False)])
def test_what_another_program_saves_is_the_same_report(
    kind: str, from_1904: bool, read: Callable[[bytes], Parsed]
) -> None:
    # Given a report that LibreOffice opened and saved in its own way
    report = workbook(ROWS, from_1904=from_1904)
    expected = read(report)
    saved = office.converted(report, kind)
    # Then nothing of it changed
    parsed = read(saved)
    assert sold(parsed) == sold(expected)
    assert rejected(parsed) == rejected(expected)


def test_another_program_reads_our_smallest_xlsb_and_saves_the_same_report(read: Callable[[bytes], Parsed]) -> None:
    # All but the last column, whose days it shows as numbers, as our smallest has no styles that it knows
    rows = [row[:6] for row in ROWS]
    assert sold(read(office.converted(books.xlsb(rows), "xlsx", source="xlsb"))) == sold(read(workbook(rows)))


def test_macros_are_parts_that_nobody_runs(tmp_path: Path, read: Callable[[bytes], Parsed]) -> None:
    # Given an .xlsm: another content type, and macros that are nothing but bytes
    import xlsxwriter

    made = tmp_path / "report.xlsm"
    macros = tmp_path / "vbaProject.bin"
    macros.write_bytes(books.compound({"VBA": b'Sub Auto_Open() : Kill "*.*" : End Sub'}))
    with xlsxwriter.Workbook(str(made)) as book:
        sheet = book.add_worksheet("Sales")
        for line, row in enumerate([HEADER[:4], ["2026-03-01", "A", 1, 10]]):
            sheet.write_row(line, 0, row)
        book.add_vba_project(str(macros))
    assert inspection.kind_of(str(made)) == "xlsx"
    assert read(made.read_bytes()).group_keys == [("2026-03-01", "A", "EUR")]


def test_what_a_sheet_says_of_its_size_is_not_believed(tmp_path: Path, read: Callable[[bytes], Parsed]) -> None:
    # Given an honest report that says it spans all there is, or one cell
    book = openpyxl.Workbook()
    for row in [HEADER[:4], ["2026-03-01", "A", 1, 10]]:
        book.active.append(row)
    book.save(tmp_path / "made.xlsx")
    content = (tmp_path / "made.xlsx").read_bytes()
    for said in (b"A1:XFD1048576", b"A1"):
        assert _lying(content, said) != content
        assert len(read(_lying(content, said)).order) == 1


def _lying(content: bytes, said: bytes) -> bytes:
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts: dict[str, Any] = {name: archive.read(name) for name in archive.namelist()}
    name = "xl/worksheets/sheet1.xml"
    return books.archive(parts | {name: parts[name].replace(b'ref="A1:D2"', b'ref="' + said + b'"')})
