"""The workbook that gives rejected rows back: mended and read again, it holds exactly what was missing."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from marquee.sales.workbooks import columns
from marquee.sales.workbooks.mapping import NO_MAPPING, ColumnMapping
from marquee.sales.workbooks.parsing import Parsed
from tests.support.reports import DAY, NEXT, book, given_back, read, refusals, saved
from tests.support.workbooks import workbook

HEADER = ["Date", "Category", "Tickets", "Revenue", "Order"]
Rows = list[list[object]]
Fixes = Sequence[tuple[int, str, object]]


def contents(parsed: Parsed) -> Counter[bytes]:
    """The rows that were taken, by what they say."""
    return Counter(dict(zip(parsed.identities, parsed.counts, strict=True)))


def mend(parsed: Parsed, fixes: Fixes) -> Any:
    """The workbook given back with (line, heading, value) written into it; 2 is the line below the header."""
    back = given_back(parsed)
    sheet = back.worksheets[0]
    headings = [cell.value for cell in sheet[1]]
    for line, heading, value in fixes:
        sheet.cell(line, headings.index(heading) + 1).value = value
    return back


def assert_nothing_is_missing(
    report: bytes, fixes: Fixes, whole: bytes, mapping: ColumnMapping = NO_MAPPING, currency: str = "EUR"
) -> None:
    """Rows taken from the report, and those from its mended rest, are those of the report without a fault."""
    first = read(report, mapping=mapping, currency=currency)
    assert first.rejected
    # Given back as it is, it is refused as it was
    as_it_was = read(saved(given_back(first)), mapping=mapping, currency=currency)
    assert [codes for _, codes in refusals(as_it_was)] == [codes for _, codes in refusals(first)]
    assert not as_it_was.order
    # Mended, it adds what was missing, and only that
    rest = read(saved(mend(first, fixes)), mapping=mapping, currency=currency)
    assert refusals(rest) == []
    wanted = read(whole, mapping=mapping, currency=currency)
    assert refusals(wanted) == []
    assert len(rest.order) == len(first.rejected)
    assert contents(first) + contents(rest) == contents(wanted)


@pytest.mark.parametrize(
    ("heading", "wrong", "right"),
    [
        ("Date", "soon", DAY),
        ("Date", None, "01.03.2026"),
        ("Date", "31.02.2026", DAY),
        ("Date", date(1980, 1, 1), DAY),
        ("Date", date(2031, 1, 1), "2026-03-01"),
        ("Tickets", "two", 2),
        ("Tickets", None, "2"),
        ("Tickets", 2.5, 2),
        ("Tickets", True, 2),
        ("Tickets", 10**9, 2),
        ("Tickets", -2, 2),
        ("Revenue", None, 20),
        ("Revenue", "much", "20,00 €"),
        ("Revenue", "1.2.3", "20.00"),
        ("Revenue", 20.005, 20),
        ("Revenue", 1e15, 20),
        ("Revenue", "20 XTS!", 20),
        ("Category", "x" * 101, "A"),
        ("Category", "Summe", "A"),
    ],
)
def test_every_refusal_can_be_mended(heading: str, wrong: object, right: object) -> None:
    good: Rows = [[NEXT, "A", 1, 10, "o1"], [DAY, "B", 2, 20, "o2"]]
    row: list[object] = [DAY, "A", 2, 20, "o3"]
    bad = [wrong if name == heading else value for name, value in zip(HEADER, row, strict=True)]
    report = book([["Report"], HEADER, good[0], bad, good[1]])
    assert_nothing_is_missing(report, [(2, heading, right)], book([HEADER, *good, row]))


@pytest.mark.parametrize(
    ("wrong", "right"), [("Sterne", "CHF"), ("12", "CHF")], ids=["no currency", "a number as currency"]
)
def test_a_currency_can_be_mended(wrong: str, right: str) -> None:
    header = ["Date", "Tickets", "Revenue", "Currency"]
    report = book([header, [DAY, 2, 20, wrong], [DAY, 1, 10, ""]])
    assert_nothing_is_missing(report, [(2, "Currency", right)], book([header, [DAY, 2, 20, right], [DAY, 1, 10, ""]]))


def test_rows_with_mapped_columns_are_understood_when_they_come_back() -> None:
    own = ColumnMapping({"date": ["Erfasst"], "tickets": ["Pers."], "revenue": ["Erlös (brutto)"]}, ["Umsatz"])
    header = ["Umsatz", "Erfasst", "Pers.", "Erlös (netto)", "Erlös (brutto)"]
    rows: Rows = [["u", "x", 2, 16.81, 20], ["v", DAY, 1, 8.4, 10], ["w", NEXT, "?", 8.4, 10]]
    mended: Rows = [["u", DAY, 2, 16.81, 20], rows[1], ["w", NEXT, 1, 8.4, 10]]
    fixes: Fixes = [(2, "Erfasst", DAY), (3, "Pers.", 1)]
    assert_nothing_is_missing(book([header, *rows]), fixes, book([header, *mended]), own)


def test_merged_cells_come_back_in_each_row() -> None:
    rows: Rows = [[DAY, "A", 2, 20, "o1"], [None, None, "?", 10, None], [None, "B", "?", 15, "o2"]]
    report = book([HEADER, *rows, [NEXT, "A", 1, 9, "o3"]], merged=["A2:A4", "B2:B3", "E2:E3"])
    whole: Rows = [rows[0], [DAY, "A", 1, 10, "o1"], [DAY, "B", 1, 15, "o2"], [NEXT, "A", 1, 9, "o3"]]
    assert_nothing_is_missing(report, [(2, "Tickets", 1), (3, "Tickets", 1)], book([HEADER, *whole]))


def test_an_amount_of_several_rows_can_be_split_up() -> None:
    report = book([HEADER, [DAY, "A", 2, 35, "o1"], [DAY, "B", 1, None, "o2"]], merged=["D2:D3"])
    parsed = read(report)
    rest = read(saved(mend(parsed, [(2, "Revenue", 20), (3, "Revenue", 15)])))
    assert contents(rest) == contents(read(book([HEADER, [DAY, "A", 2, 20, "o1"], [DAY, "B", 1, 15, "o2"]])))


def test_days_are_the_same_in_a_workbook_that_counts_from_1904() -> None:
    # Given days as cells, as texts and as bare numbers of the workbook's own system
    serial = (NEXT - date(1904, 1, 1)).days
    rows: Rows = [[DAY, "A", "?", 20, "o1"], [serial, "A", "?", 10, "o2"], ["01.03.2026", "A", 1, 5, "o3"]]
    whole: Rows = [[DAY, "A", 2, 20, "o1"], [serial, "A", 1, 10, "o2"], rows[2]]
    report, wanted = (workbook([HEADER, *some], from_1904=True) for some in (rows, whole))
    assert_nothing_is_missing(report, [(2, "Tickets", 2), (3, "Tickets", 1)], wanted)


def test_the_order_of_day_and_month_is_not_lost_with_the_rows_that_showed_it() -> None:
    # Given a column in which one good row alone tells that the month comes first
    rows: Rows = [["03/14/2026", "A", 1, 10, "o1"], ["03/04/2026", "A", "?", 20, "o2"]]
    whole: Rows = [rows[0], ["03/04/2026", "A", 2, 20, "o2"]]
    assert_nothing_is_missing(book([HEADER, *rows]), [(2, "Tickets", 2)], book([HEADER, *whole]))


def test_a_header_of_two_lines_comes_back_as_one() -> None:
    header: Rows = [["Verkauf", "", "Tickets", "Umsatz", ""], ["Datum", "Kategorie", "Zahl", "netto", "brutto"]]
    rows: Rows = [[DAY, "A", 2, 16.81, 20], [NEXT, "A", "?", 8.4, 10]]
    whole: Rows = [rows[0], [NEXT, "A", 1, 8.4, 10]]
    report, wanted = (book([*header, *some], merged=["A1:B1", "D1:E1"]) for some in (rows, whole))
    assert_nothing_is_missing(report, [(2, "Tickets Zahl", 1)], wanted)


def test_a_line_of_units_comes_back_in_the_heading() -> None:
    header: Rows = [["Datum", "Anzahl", "Umsatz", "Gesamtpreis"], ["", "Stück", "CHF", ""]]
    rows: Rows = [[DAY, "?", 20, 21], [NEXT, 1, 10, 11]]
    whole: Rows = [[DAY, 2, 20, 21], rows[1]]
    assert_nothing_is_missing(book([*header, *rows]), [(2, "Anzahl [Stück]", 2)], book([*header, *whole]))


def test_columns_without_a_heading_keep_their_place() -> None:
    # Given unnamed columns, the first of them empty in the row that is wrong
    header = [None, "Date", "Tickets", None, "Revenue"]
    rows: Rows = [["vip", DAY, 2, "x", 20], [None, NEXT, "?", "y", 10]]
    whole: Rows = [rows[0], [None, NEXT, 1, "y", 10]]
    assert_nothing_is_missing(book([header, *rows]), [(2, "Tickets", 1)], book([header, *whole]))


def test_prices_and_discounts_come_back() -> None:
    header = ["Datum", "Anzahl", "Preis", "Rabatt"]
    rows: Rows = [[DAY, 2, 10, "10 %"], [DAY, 1, "?", None], [NEXT, 1, 10, 2]]
    whole: Rows = [[DAY, 2, 10, 2], [DAY, 1, 12.5, None], rows[2]]
    assert_nothing_is_missing(book([header, *rows]), [(2, "Rabatt", 2), (3, "Preis", "12,50")], book([header, *whole]))


@pytest.mark.parametrize(
    "value",
    [
        "=1+1",
        "+49 89 1234",
        "  two  words ",
        "007",
        7,
        7.25,
        1e21,
        -0.1,
        True,
        False,
        time(9, 30),
        time(9, 30, 15),
        timedelta(hours=30, minutes=5),
        date(2026, 2, 28),
        datetime(2026, 2, 28, 9, 30, 15),  # noqa: DTZ001 - a cell has no zone
        datetime(2026, 2, 28, 9, 30, 15, 250000),  # noqa: DTZ001 - a cell has no zone
        "https://marquee.example/a",
        "03/04/2026",
        "x" * 32_767,
    ],
)
def test_what_else_a_row_holds_says_the_same_when_it_comes_back(value: object) -> None:
    header = ["Date", "Tickets", "Revenue", "Other"]
    report = book([header, [DAY, "?", 20, value], [DAY, 1, 10, "o1"]])
    assert_nothing_is_missing(report, [(2, "Tickets", 2)], book([header, [DAY, 2, 20, value], [DAY, 1, 10, "o1"]]))


def test_rows_of_several_sheets_come_back_in_theirs_beside_their_reasons() -> None:
    made = workbook({"März": [HEADER, [DAY, "A", "?", 1, "o1"]], "Apr": [HEADER, [None, "A", 1, 1, "o2"]]})
    back = given_back(read(made))
    assert back.sheetnames == ["März", "Apr"]
    for name, sentence in (("März", "“?” is not a number of tickets."), ("Apr", "The date is missing.")):
        sheet = back[name]
        headings = [cell.value for cell in sheet[1]]
        assert headings == [*HEADER, columns.REASON_HEADER, columns.ROW_HEADER]
        assert sheet.cell(2, 6).value == sentence
        assert sheet.cell(2, 7).value == 2


def test_a_row_whose_cells_were_emptied_is_blank_whatever_its_reason_says() -> None:
    back = mend(
        read(book([HEADER, [DAY, "A", "?", 1, "o1"], [DAY, "A", "?", 2, "o2"]])),
        [(2, name, None) for name in HEADER] + [(3, "Tickets", 1)],
    )
    parsed = read(saved(back))
    assert (len(parsed.order), refusals(parsed), parsed.sheets[0].skipped["blank"]) == (1, [], 1)
