"""Real workbooks through the parser."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from marquee.sales.workbooks import parsing
from marquee.sales.workbooks.inspection import NotAWorkbook
from marquee.sales.workbooks.parsing import Parsed
from tests.support.workbooks import HEADER, workbook

DAY = date(2026, 3, 1)


@pytest.fixture
def parse(tmp_path: Path) -> Any:
    def run(content: bytes, *, from_1904: bool = False) -> Parsed:
        path = tmp_path / "report.xlsx"
        path.write_bytes(content)
        return parsing.parse(str(path), currency="EUR", latest=date(2026, 12, 31), from_1904=from_1904)

    return run


def days(parsed: Parsed) -> list[str]:
    return [day for day, _, _ in parsed.group_keys]


@pytest.mark.parametrize("from_1904", [False, True])
def test_days_are_the_same_in_both_date_systems(parse: Any, from_1904: bool) -> None:
    # Given a day as a date cell and the day after as the bare number of the workbook's own system
    serial = (DAY + timedelta(days=1) - (date(1904, 1, 1) if from_1904 else date(1899, 12, 30))).days
    content = workbook([HEADER, [DAY, "A", 1, 10], [serial, "A", 1, 10]], from_1904=from_1904)
    assert days(parse(content, from_1904=from_1904)) == ["2026-03-01", "2026-03-02"]


def test_rows_keep_their_numbers_where_a_report_starts_far_from_the_corner(parse: Any, tmp_path: Path) -> None:
    # Given a report in the middle of a sheet written by another program
    book = openpyxl.Workbook()
    sheet = book.active
    for column, heading in enumerate(HEADER, start=4):
        sheet.cell(10, column, heading)
    sheet.cell(11, 4, datetime(2026, 3, 1, 20, 15))  # noqa: DTZ001 - a cell has no zone
    for column, value in enumerate(("A", 2, 19.9), start=5):
        sheet.cell(11, column, value)
    sheet.cell(13, 4, "soon")
    sheet.cell(13, 6, 2)
    book.save(tmp_path / "made.xlsx")
    parsed = parse((tmp_path / "made.xlsx").read_bytes())
    assert [tuple(run) for run in parsed.runs] == [(0, 11, 11)]
    assert [row.row for row in parsed.rejected] == [13]
    assert parsed.sheets[0].first_column == 3
    assert parsed.sheets[0].skipped == {"blank": 1}


def test_hidden_sheets_are_not_counted_twice(parse: Any, tmp_path: Path) -> None:
    # Given a workbook with a hidden copy of its report
    book = openpyxl.Workbook()
    for name in ("Report", "Copy"):
        sheet = book.create_sheet(name)
        sheet.append(HEADER)
        sheet.append(["2026-03-01", "A", 1, 10])
    book["Copy"].sheet_state = "hidden"
    book.save(tmp_path / "made.xlsx")
    parsed = parse((tmp_path / "made.xlsx").read_bytes())
    assert parsed.rows == 1
    assert [sheet.name for sheet in parsed.sheets] == ["Sheet", "Report"]


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"PK\x03\x04 nothing", "file.damaged"), (b"text", "file.not_a_workbook"), (workbook([]), "file.no_content")],
)
def test_what_the_parser_cannot_read_is_refused_as_a_whole(parse: Any, content: bytes, code: str) -> None:
    with pytest.raises(NotAWorkbook) as caught:
        parse(content)
    assert caught.value.code == code


def test_a_panic_of_the_parser_is_a_refusal_too(parse: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class PanicException(BaseException):
        """As PyO3 raises it."""

    def panic(*_: Any, **__: Any) -> Any:
        raise PanicException

    monkeypatch.setattr("marquee.sales.workbooks.reading.read", panic)
    with pytest.raises(NotAWorkbook, match="cannot be read"):
        parse(workbook([HEADER]))
