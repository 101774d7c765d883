"""Reading whole sheets: every row accounted for, every sum exact."""

from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marquee.sales.workbooks import reading
from marquee.sales.workbooks.days import DateReading
from marquee.sales.workbooks.reading import Parsed, Run
from tests.support.workbooks import HEADER, FakeSheet

DATES = DateReading(latest=date(2026, 12, 31))
DAY = date(2026, 3, 1)


def read(*sheets: FakeSheet, currency: str = "EUR") -> Parsed:
    return reading.read(sheets, currency=currency, dates=DATES)  # type: ignore[arg-type]


def sheet(*rows: list[object], header: tuple[str, ...] = HEADER) -> FakeSheet:
    return FakeSheet([list(header), *rows])


def sums(parsed: Parsed) -> dict[tuple[str, str, str], tuple[int, int]]:
    """(day, category, currency) -> (tickets, minor units)."""
    found: dict[tuple[str, str, str], tuple[int, int]] = {}
    for sale, count in zip(parsed.sales, parsed.counts, strict=True):
        group, tickets, minor = parsed.groups[sale], parsed.tickets[sale], parsed.minor[sale]
        before = found.get(parsed.group_keys[group], (0, 0))
        found[parsed.group_keys[group]] = (before[0] + count * tickets, before[1] + count * minor)
    return found


def row_numbers(runs: list[Run]) -> list[tuple[int, int]]:
    return [(run.sheet, row) for run in runs for row in range(run.first, run.last + 1)]


def test_rows_are_read_grouped_and_numbered_as_the_spreadsheet_shows_them() -> None:
    parsed = read(
        sheet([DAY, "A", 2.0, 20.0], [DAY, "B", 1.0, 15.5], [DAY, "A", 2.0, 20.0], ["02.03.2026", "A", -1.0, -10.0])
    )
    # A on the first of March: two rows of 2 tickets at 20.00
    assert sums(parsed) == {
        ("2026-03-01", "A", "EUR"): (4, 4000),
        ("2026-03-01", "B", "EUR"): (1, 1550),
        ("2026-03-02", "A", "EUR"): (-1, -1000),
    }
    assert parsed.rows == 4
    assert parsed.runs == [Run(0, 2, 5)]
    assert list(parsed.order) == [0, 1, 0, 2]
    assert list(parsed.counts) == [2, 1, 1]


def test_a_bad_row_is_rejected_with_every_refused_cell_and_the_others_are_taken() -> None:
    parsed = read(sheet([DAY, "A", 1.0, 10.0], ["someday", "A", 1.5, 9.999], [DAY, "A", 1.0, 10.0]))
    (rejected,) = parsed.rejected
    assert rejected.row == 3
    assert rejected.cells == ["someday", "A", 1.5, 9.999]
    assert [(reason.field, reason.refusal.code) for reason in rejected.reasons] == [
        ("date", "date.not_a_date"),
        ("tickets", "tickets.not_whole"),
        ("revenue", "revenue.too_many_decimals"),
    ]
    assert parsed.runs == [Run(0, 2, 2), Run(0, 4, 4)]
    assert parsed.rows == 3


def test_blank_lines_repeated_headers_and_totals_are_no_rows() -> None:
    parsed = read(
        sheet(
            [DAY, "A", 1.0, 10.0],
            ["", "", "", ""],
            ["", " ", "", ""],
            list(HEADER),
            [DAY, "A", 2.0, 20.0],
            ["Summe", "", 3.0, 30.0],
            ["", "Total sales", 3.0, 30.0],
        )
    )
    assert parsed.rows == 2
    assert not parsed.rejected
    assert parsed.sheets[0].skipped == {"blank": 2, "repeated_header": 1, "totals": 2}
    assert row_numbers(parsed.runs) == [(0, 2), (0, 6)]


def test_a_row_without_a_date_is_no_total_just_because_it_is_the_last() -> None:
    parsed = read(sheet([DAY, "A", 1.0, 10.0], ["", "A", 2.0, 20.0]))
    assert [reason.refusal.code for reason in parsed.rejected[0].reasons] == ["date.missing"]


def test_other_columns_make_rows_different_and_their_order_does_not() -> None:
    # Given the same two orders with the columns in another order
    header = ("Date", "Order", "Category", "Tickets", "Revenue", "Note")
    one = read(sheet([DAY, "o1", "A", 1.0, 10.0, ""], [DAY, "o2", "A", 1.0, 10.0, "late"], header=header))
    turned = ("Note", "Revenue", "Tickets", "Category", "Order", "Date")
    other = read(sheet(["", 10.0, 1.0, "A", "o1", DAY], ["late", 10.0, 1.0, "A", "o2", DAY], header=turned))
    # Then each order is a content of its own, and the same in both
    assert len(set(one.identities)) == 2
    assert one.identities == other.identities


def test_an_empty_extra_column_changes_no_identity() -> None:
    with_note = read(sheet([DAY, "A", 1.0, 10.0, ""], header=(*HEADER, "Note")))
    assert with_note.identities == read(sheet([DAY, "A", 1.0, 10.0])).identities


def test_different_spellings_of_the_same_row_are_the_same_content() -> None:
    parsed = read(sheet([DAY, "A", 1.0, 10.0], ["01.03.2026", " A ", "1", "10,00 €"], [DAY, "A", 1.0, 10.0]))
    assert len(parsed.identities) == 1
    assert list(parsed.counts) == [3]
    assert list(parsed.order) == [0, 0, 0]


def test_true_is_not_one() -> None:
    parsed = read(sheet([DAY, "A", 1.0, 10.0], [DAY, "A", True, 10.0]))
    assert [reason.refusal.code for reason in parsed.rejected[0].reasons] == ["tickets.not_a_number"]


def test_a_sale_and_a_refund_in_one_row_contradict_each_other() -> None:
    parsed = read(sheet([DAY, "A", -1.0, 10.0], [DAY, "A", 0.0, 10.0], [DAY, "A", -1.0, -10.0]))
    assert [reason.refusal.code for reason in parsed.rejected[0].reasons] == ["row.opposite_signs"]
    assert len(parsed.order) == 2


def test_currencies_are_kept_apart() -> None:
    header = (*HEADER, "Currency")
    parsed = read(
        sheet([DAY, "A", 1.0, 10.0, "EUR"], [DAY, "A", 1.0, 1000.0, "JPY"], [DAY, "A", 1.0, 5.0, ""], header=header)
    )
    assert sums(parsed) == {("2026-03-01", "A", "EUR"): (2, 1500), ("2026-03-01", "A", "JPY"): (1, 1000)}


def test_every_sheet_with_a_header_is_read_and_the_others_are_named() -> None:
    parsed = read(
        FakeSheet([["Notes"], ["nothing here"]], name="Notes"),
        sheet([DAY, "A", 1.0, 10.0]),
        FakeSheet([], name="Empty", start=None),
        FakeSheet([["Datum", "Anzahl", "Umsatz"], [DAY, 2.0, 20.0]], name="März"),
    )
    assert [(one.name, one.columns is not None, one.rows) for one in parsed.sheets] == [
        ("Notes", False, 0),
        ("Sales", True, 1),
        ("Empty", False, 0),
        ("März", True, 1),
    ]
    assert sums(parsed) == {("2026-03-01", "A", "EUR"): (1, 1000), ("2026-03-01", "General", "EUR"): (2, 2000)}


@pytest.mark.parametrize(
    ("later", "expected"),
    [("03/14/2026", ["2026-03-04", "2026-03-14"]), ("14/03/2026", ["2026-04-03", "2026-03-14"])],
)
def test_one_date_of_the_column_settles_the_order_of_all(later: str, expected: list[str]) -> None:
    # Given 03/04 on top and, far below, one that can be read in one way only
    rows: list[list[object]] = [["03/04/2026", "A", 1.0, 1.0]] * 5000
    parsed = read(sheet(*rows, [later, "A", 1.0, 1.0]))
    assert [day for day, _, _ in parsed.group_keys] == expected


def test_a_report_without_dates_in_slashes_is_read_once() -> None:
    one = sheet([DAY, "A", 1.0, 10.0])
    read(one)
    assert one.passes == 1


CELLS = st.tuples(
    st.sampled_from(["2026-03-01", "02.03.2026", "", "soon", 46082.0]),
    st.sampled_from(["A", "B", ""]),
    st.sampled_from([1.0, 2.0, -1.0, 0.0, "3", "x", ""]),
    st.one_of(
        st.integers(-99_999, 99_999).map(lambda minor: minor / 100), st.sampled_from(["", "x", "1.234,50", 0.005])
    ),
    st.sampled_from(["", "", "o1", "o2"]),
)


@given(st.lists(CELLS, max_size=30), st.integers(1, 400))
def test_every_row_is_accounted_for_once_and_the_sums_are_exact(rows: list[tuple[Any, ...]], copies: int) -> None:
    # Given any mixture of rows, repeated so that chunks are filled and crossed
    table = [list(row) for row in rows] * copies
    parsed = read(sheet(*table, header=(*HEADER, "Order")))
    # Then every row is a sale, rejected or no data
    skipped = sum(parsed.sheets[0].skipped.values())
    assert len(parsed.order) + len(parsed.rejected) + skipped == len(table)
    numbers = row_numbers(parsed.runs)
    assert len(numbers) == len(parsed.order)
    rejected = {row.row for row in parsed.rejected}
    assert len({row for _, row in numbers} | rejected) == len(table) - skipped
    # and each sale row stands for its own cells, to the cent, by plain decimal arithmetic
    expected: Counter[str] = Counter()
    for _, number in numbers:
        amount = table[number - 2][3]
        expected["tickets"] += int(table[number - 2][2])
        minor = Decimal("1234.50") if isinstance(amount, str) else Decimal(repr(amount))
        expected["minor"] += int(minor * 100)
    found = sums(parsed).values()
    assert sum(tickets for tickets, _ in found) == expected["tickets"]
    assert sum(minor for _, minor in found) == expected["minor"]
    assert Counter(parsed.order) == dict(enumerate(parsed.counts))
