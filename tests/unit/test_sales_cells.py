"""Single cells: what people type and what spreadsheets store."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marquee import money
from marquee.sales.workbooks import amounts, cells, days
from marquee.sales.workbooks.cells import Refusal
from marquee.sales.workbooks.days import DateReading

READING = DateReading(latest=date(2026, 12, 31))
LIMIT = amounts.MAX_MINOR


def code(value: object) -> str:
    assert isinstance(value, Refusal)
    assert value.message.endswith(".")
    return value.code


# --- days


@pytest.mark.parametrize(
    "written",
    [
        date(2025, 3, 9),
        datetime(2025, 3, 9, 18, 30),  # noqa: DTZ001 - a cell has no zone
        45725.0,
        45725.75,
        20250309.0,
        "2025-03-09",
        "2025-03-09T23:59:59Z",
        "2025/3/9",
        "09.03.2025",
        "9.3.25",
        "9. 3. 2025",
        "09/03/2025",
        "09-03-2025",
        "20250309",
        "9. März 2025",
        "9 Mar 2025",
        "09-Mar-25",
        "March 9, 2025",
        "Mar 9th, 2025",
        "So, 09.03.2025 14:33",
        "Sonntag, 9. März 2025",
        " 09.03.2025\u00a0 8:05 Uhr",
    ],
)
def test_a_day_is_read_in_every_usual_spelling(written: Any) -> None:
    assert days.read_date(written, READING) == date(2025, 3, 9)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("", "date.missing"),
        ("   ", "date.missing"),
        (None, "date.missing"),
        ("next week", "date.not_a_date"),
        ("31.02.2025", "date.not_a_date"),
        (True, "date.not_a_date"),
        (3.0, "date.not_a_date"),
        (time(9), "date.not_a_date"),
        (float("inf"), "date.not_a_date"),
        ("01.01.2027", "date.in_the_future"),
        (date(1985, 1, 1), "date.too_early"),
    ],
)
def test_what_is_no_day_of_sale_is_refused_with_a_reason(written: Any, expected: str) -> None:
    assert code(days.read_date(written, READING)) == expected


def test_the_column_tells_whether_the_month_comes_first() -> None:
    month_first = READING._replace(month_first=True)
    assert days.read_date("03/09/2025", READING) == date(2025, 9, 3)
    assert days.read_date("03/09/2025", month_first) == date(2025, 3, 9)
    assert days.slashed_parts("3/14/2025 10:00") == (3, 14)
    assert days.slashed_parts("14.3.2025") is None


def test_serial_numbers_count_from_the_workbooks_own_epoch() -> None:
    assert days.read_date(44262.0, READING._replace(from_1904=True)) == date(2025, 3, 8)
    assert days.read_date(44262.0, READING) == date(2021, 3, 7)


@given(st.dates(min_value=days.EARLIEST, max_value=READING.latest))
def test_every_day_survives_every_spelling(day: date) -> None:
    serial = float((day - date(1899, 12, 30)).days)
    for written in (day, serial, day.isoformat(), f"{day:%d.%m.%Y}", f"{day:%Y%m%d}", f"{day:%d/%m/%Y}"):
        assert days.read_date(written, READING) == day


# --- amounts


@pytest.mark.parametrize(
    ("written", "minor"),
    [
        ("€ 1.234,50", 123450),
        ("1,234.50 €", 123450),
        ("1'234.50", 123450),
        ("1 234,50", 123450),
        ("1\u202f234,50", 123450),
        ("1.234", 123400),
        ("1.234.567", 123456700),
        ("1,234,567.89", 123456789),
        ("12,5", 1250),
        ("12,-", 1200),
        ("EUR 12,00", 1200),
        ("-12,50", -1250),
        ("\u221212,50", -1250),
        ("12,50-", -1250),
        ("(12.50)", -1250),
        ("-€5", -500),
        ("+7", 700),
        (0.1 + 0.2, 30),
        (19.99, 1999),
        (-49.5, -4950),
        (3, 300),
        (0.0, 0),
    ],
)
def test_an_amount_is_read_as_people_write_it(written: Any, minor: int) -> None:
    assert amounts.read_amount(written, "EUR") == minor


@pytest.mark.parametrize(
    ("written", "currency", "expected"),
    [
        ("", "EUR", "revenue.missing"),
        (None, "EUR", "revenue.missing"),
        ("free", "EUR", "revenue.not_a_number"),
        ("1.2.3", "EUR", "revenue.not_a_number"),
        ("1.234.56", "EUR", "revenue.not_a_number"),
        (True, "EUR", "revenue.not_a_number"),
        (date(2025, 1, 1), "EUR", "revenue.not_a_number"),
        (float("nan"), "EUR", "revenue.not_a_number"),
        (49.505, "EUR", "revenue.too_many_decimals"),
        ("0,125", "EUR", "revenue.too_many_decimals"),
        (33.333333333333336, "EUR", "revenue.too_many_decimals"),
        (10.5, "JPY", "revenue.too_many_decimals"),
        ("1.234", "KWD", "revenue.not_a_number"),  # one dinar and a quarter, or a thousand?
        (1e15, "EUR", "revenue.too_large"),
    ],
)
def test_an_amount_that_is_not_exact_money_is_refused(written: Any, currency: str, expected: str) -> None:
    assert code(amounts.read_amount(written, currency)) == expected


@given(st.integers(-LIMIT, LIMIT), st.sampled_from(["EUR", "JPY", "KWD", "CLF"]))
def test_money_survives_the_double_a_spreadsheet_makes_of_it(minor: int, currency: str) -> None:
    assert amounts.read_amount(float(money.to_number(minor, currency)), currency) == minor


@given(st.integers(-LIMIT, LIMIT), st.sampled_from([",.", ".,", "'.", " ,"]), st.booleans())
def test_money_survives_being_written_with_any_separators(minor: int, signs: str, euro: bool) -> None:
    thousands, decimal = signs[0], signs[1]
    written = f"{Decimal(minor).scaleb(-2):,.2f}".replace(",", "T").replace(".", decimal).replace("T", thousands)
    assert amounts.read_amount(f"{written} €" if euro else written, "EUR") == minor


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e10, max_value=1e10))
def test_an_amount_is_never_rounded(value: float) -> None:
    read = amounts.read_amount(value, "EUR")
    if isinstance(read, int):
        assert abs(Decimal(read).scaleb(-2) - Decimal(value)) < Decimal("0.000002")
    else:
        assert code(read) == "revenue.too_many_decimals"


# --- tickets, currencies, texts


@pytest.mark.parametrize(("written", "number"), [(2.0, 2), ("3", 3), ("1.000", 1000), ("-2", -2), (-1.0, -1), (4, 4)])
def test_tickets_are_whole_numbers_and_refunds_negative(written: Any, number: int) -> None:
    assert amounts.read_tickets(written) == number


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("", "tickets.missing"),
        ("two", "tickets.not_a_number"),
        ("2 Stk", "tickets.not_a_number"),
        (True, "tickets.not_a_number"),
        (2.5, "tickets.not_whole"),
        (1e9, "tickets.too_many"),
    ],
)
def test_what_is_no_number_of_tickets_is_refused(written: Any, expected: str) -> None:
    assert code(amounts.read_tickets(written)) == expected


@pytest.mark.parametrize(
    ("column", "amount", "heading", "default", "expected"),
    [
        ("", 12.5, "", "EUR", "EUR"),
        ("USD", 12.5, "", "EUR", "USD"),
        ("usd", 12.5, "", "EUR", "USD"),
        ("Euro", 12.5, "", "USD", "EUR"),
        ("", "12 €", "", "USD", "EUR"),
        ("", "12,50 CHF", "", "EUR", "CHF"),
        ("", 12.5, "£", "EUR", "GBP"),
        ("", "$5", "", "EUR", "USD"),
        ("", "$5", "", "CAD", "CAD"),
        ("AUD", "$5", "", "EUR", "AUD"),
        ("", "100 kr", "", "NOK", "NOK"),
    ],
)
def test_a_rows_currency_is_what_stands_closest_to_its_amount(
    column: str, amount: Any, heading: str, default: str, expected: str
) -> None:
    assert amounts.read_currency(column, amount, heading, default) == expected


@pytest.mark.parametrize(
    ("column", "amount", "expected"),
    [
        ("gold", 1.0, "currency.unknown"),
        ("USD", "€ 5", "currency.contradiction"),
        ("", "5 apples", "revenue.not_a_number"),
    ],
)
def test_currencies_that_are_unknown_or_contradict_are_refused(column: str, amount: Any, expected: str) -> None:
    assert code(amounts.read_currency(column, amount, "", "EUR")) == expected


def test_texts_are_normalised_so_that_the_same_content_is_the_same() -> None:
    assert cells.text("  Cafe\u0301\u00a0 am  See ") == "Café am See"
    assert cells.text(7.0) == "7"
    assert cells.as_written(datetime(2025, 1, 2)) == "2025-01-02"  # noqa: DTZ001 - a cell has no zone
    assert cells.as_written(timedelta(hours=1)) == "1:00:00"
    assert cells.read_category("") == "General"
    assert code(cells.read_category("x" * 101)) == "category.too_long"


@given(st.lists(st.one_of(st.text(alphabet="aB \t\u00a0é\x1e\x1f", max_size=6), st.floats(allow_nan=False), st.none())))
def test_a_column_is_normalised_as_its_cells_are(values: list[Any]) -> None:
    assert list(cells.texts(values)) == [cells.text(value) for value in values]
