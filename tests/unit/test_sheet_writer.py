"""The streaming writer of workbooks, read back by two readers that share no code."""

import io
import zipfile
from typing import Any

import openpyxl
import pytest
import python_calamine
from hypothesis import given, settings
from hypothesis import strategies as st

from marquee.sales.workbooks import sheet_writer
from marquee.sales.workbooks.sheet_writer import Column, SheetWriter, Style, number_cell, text_cell

COLUMNS = (Column("Shared", 10), Column("Inline", 12), Column("Hidden", 8, hidden=True), Column("Number", 9))
INERT = ["=1+1", "+49", "-1", "@SUM(A1)", "\t=1", '=HYPERLINK("x")', "00123", "1e5", "2026-03-01", "TRUE"]


def written(texts: list[str], numbers: list[str] | None = None) -> bytes:
    packed = io.BytesIO()
    numbers = numbers or ["0"] * len(texts)
    with SheetWriter(packed, "Sales", COLUMNS) as writer:
        rows = (
            f'<c s="2" t="s"><v>{writer.label(text)}</v></c>{text_cell(text)}{text_cell("v", Style.FAINT)}'
            + number_cell(number, Style.AMOUNT_2)
            for text, number in zip(texts, numbers, strict=True)
        )
        assert writer.write(rows) == len(texts)
    return packed.getvalue()


def as_openpyxl(content: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]


def as_calamine(content: bytes) -> list[list[Any]]:
    return python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()


@pytest.mark.parametrize("text", INERT)
def test_a_text_that_looks_like_a_formula_or_a_number_is_a_text(text: str) -> None:
    # When such a text is written, among others and on its own
    content = written([text])
    # Then it is a text whose format keeps it one
    for cell in as_openpyxl(content)[2][:2]:
        assert (cell.value, cell.data_type, cell.number_format, cell.quotePrefix) == (text, "s", "@", True)
    assert as_calamine(content)[1][:2] == [text, text]


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


@settings(max_examples=50)
@given(st.lists(texts, min_size=1, max_size=5))
def test_every_text_comes_back_as_it_was(some: list[str]) -> None:
    # Given any texts; what XML cannot hold becomes the replacement character
    lost = dict.fromkeys([*range(9), 11, 12, 13, *range(14, 32), 0xFFFE, 0xFFFF], "\ufffd")
    # When they are written and read
    rows = as_calamine(written(some))[1:]
    # Then nothing else has changed
    expected = [one.translate(lost) for one in some]
    assert [row[:2] for row in rows] == [[one, one] for one in expected]


@settings(max_examples=100)
@given(st.integers(-(10**14), 10**14))
def test_an_amount_comes_back_to_the_cent(minor: int) -> None:
    # When an amount is written as the export does
    row = as_calamine(written(["x"], [repr(minor / 100)]))[1]
    # Then it is the double nearest to it
    assert round(row[3] * 100) == minor


def test_the_sheet_has_a_frozen_header_a_filter_over_all_columns_and_a_hidden_one() -> None:
    # Given more rows than are written in one go
    sheet = as_openpyxl(written([str(number) for number in range(1200)]))
    # Then the sheet is as it should be, the hidden column within the filter: sorting takes it along
    assert (sheet.freeze_panes, sheet.auto_filter.ref, sheet.max_row) == ("A2", "A1:D1201", 1201)
    assert [sheet.column_dimensions[letter].hidden for letter in "ABCD"] == [False, False, True, False]
    assert [cell.value for cell in sheet[1]] == ["Shared", "Inline", "Hidden", "Number"]
    assert [cell.value for cell in sheet[1201]] == ["1199", "1199", "v", 0]


def test_without_rows_there_is_a_header_only() -> None:
    assert as_calamine(written([])) == [["Shared", "Inline", "Hidden", "Number"]]


def test_equal_rows_are_equal_files_and_equal_texts_are_written_once() -> None:
    content = written(["a", "a", "b"])
    assert content == written(["a", "a", "b"])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.read("xl/sharedStrings.xml").count(b"<si>") == 2


@pytest.mark.parametrize(("places", "shown"), [(0, "#,##0"), (2, "#,##0.00"), (3, "#,##0.000"), (4, "#,##0.0000")])
def test_amounts_show_the_decimals_of_their_currency(places: int, shown: str) -> None:
    packed = io.BytesIO()
    with SheetWriter(packed, "Sales", COLUMNS) as writer:
        writer.write([text_cell("") * 3 + number_cell("1.5", sheet_writer.AMOUNTS[places])])
    assert as_openpyxl(packed.getvalue())["D2"].number_format == shown
