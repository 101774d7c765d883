"""Merged cells mean the same in every kind of workbook, whether the parser tells of them or not."""

import struct
from pathlib import Path

import pytest

from marquee.sales.workbooks import merged_ranges
from marquee.sales.workbooks.looks import NotAWorkbook
from tests.support import books, office
from tests.support.reports import DAY, NEXT, book, read, refusals, sales, taken

# Rows whose merged cells hold what the next rows share, below a header of two lines, beside unused columns and lines
HEADER: list[list[object]] = [
    [None, None, "Verkauf", None, "Karten", "Umsatz", None],
    [None, None, "Datum", "Kategorie", "Zahl", "netto", "brutto"],
]
ROWS: list[list[object]] = [
    [None, None, DAY, "A", 2, 16.81, 20],
    [None, None, None, None, 1, 8.4, 10],
    [None, None, None, "B", 1, 12.61, 15],
    [],
    [None, None, NEXT, "B", 1, 12.61, 15],
]
MERGED = ["C2:D2", "F2:G2", "C4:C6", "D4:D5"]
WRITTEN_OUT = [
    ("2026-03-01", "A", 2, 2000, "EUR"),
    ("2026-03-01", "A", 1, 1000, "EUR"),
    ("2026-03-01", "B", 1, 1500, "EUR"),
    ("2026-03-02", "B", 1, 1500, "EUR"),
]
REPORT = book([["Bericht"], *HEADER, *ROWS], merged=MERGED)


@pytest.mark.parametrize("kind", ["xls", "ods"])
def test_a_report_with_merged_cells_is_read_alike_as_a_spreadsheet_program_saves_it(kind: str) -> None:
    parsed = read(office.converted(REPORT, kind))
    assert refusals(parsed) == []
    assert sales(parsed) == WRITTEN_OUT
    assert taken(parsed)["revenue"] == "Umsatz brutto"
    assert parsed.identities == read(REPORT).identities


def xlsb_with(spans: list[tuple[int, int, int, int]], rows: list[list[object]]) -> bytes:
    """An .xlsb with merged ranges: first and last row, first and last column."""
    sheet = books.xlsb_sheet(rows)
    end = books.biff12(0x92)
    cells = b"".join(books.biff12(0xB0, struct.pack("<IIII", *span)) for span in spans)
    merged = books.biff12(0xB1, struct.pack("<I", len(spans))) + cells + books.biff12(0xB2)
    before, _, after = sheet.rpartition(end)
    return books.xlsb_of({"Notes": books.xlsb_sheet([["x"]]), "Sales": before + end + merged + after})


def test_an_xlsb_tells_its_merged_ranges() -> None:
    rows: list[list[object]] = [["Datum", "Kategorie", "Anzahl", "Umsatz"], [DAY, "A", 2, 20], [None, None, 1, 10]]
    spans = [(1, 2, 0, 0), (1, 2, 1, 1)]
    assert sales(read(xlsb_with(spans, rows))) == WRITTEN_OUT[:2]
    assert refusals(read(xlsb_with([], rows))) == [(3, ["date.missing"])]


def test_an_ods_tells_its_merged_ranges_however_its_rows_are_repeated() -> None:
    def row(first: str) -> str:
        return f"<table:table-row>{first}{books.ods_cell(1)}{books.ods_cell(10)}</table:table-row>"

    spanned = books.ods_cell(DAY).replace("<table:table-cell", '<table:table-cell table:number-rows-spanned="3"')
    elements = [
        '<table:table-row table:number-rows-repeated="4"><table:table-cell/></table:table-row>',
        books.ods_rows([["Datum", "Anzahl", "Umsatz"]]),
        row(spanned),
        row('<table:covered-table-cell table:number-columns-repeated="1"/>'),
        row("<table:covered-table-cell/>"),
        row("<table:table-cell/>"),
    ]
    parsed = read(books.ods_of({"Other": books.ods_rows([["x"]]), "Sales": "".join(elements)}))
    assert sales(parsed) == [("2026-03-01", "General", 1, 1000, "EUR")] * 3
    assert refusals(parsed) == [(9, ["date.missing"])]


@pytest.mark.parametrize("said", ["0", "-3", "x", "", "99999999999", "1.5"])
def test_a_number_of_merged_rows_that_cannot_be_means_none(said: str) -> None:
    spanned = books.ods_cell(DAY).replace("<table:table-cell", f'<table:table-cell table:number-rows-spanned="{said}"')
    rows = f"<table:table-row>{spanned}{books.ods_cell(1)}{books.ods_cell(10)}</table:table-row>"
    rows += books.ods_rows([[None, 1, 10]])
    parsed = read(books.ods_of({"Sales": books.ods_rows([["Datum", "Anzahl", "Umsatz"]]) + rows}))
    assert refusals(parsed) == [(3, ["date.missing"])]


@pytest.mark.parametrize("kind", ["xlsb", "ods"])
def test_more_merged_ranges_than_a_report_can_have_are_refused(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merged_ranges, "MOST", 2)
    path = tmp_path / "report"
    if kind == "xlsb":
        path.write_bytes(xlsb_with([(n, n, 0, 1) for n in range(3)], [["Datum", "Anzahl", "Umsatz"]]))
    else:
        cell = '<table:table-cell table:number-rows-spanned="2"/>'
        path.write_bytes(books.ods_of({"Sales": f"<table:table-row>{cell * 3}</table:table-row>"}))
    with pytest.raises(NotAWorkbook) as caught:
        merged_ranges.ranges(str(path), "xlsb" if kind == "xlsb" else "ods")
    assert caught.value.code == "file.too_many_merged"
