"""Reports without a revenue column: tickets times price, less the discount."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marquee.sales.workbooks import amounts, columns
from marquee.sales.workbooks.cells import Refusal
from tests.support.reports import DAY, book, read, refusals, sales, taken

ONE = "2026-03-01"
HEADER = ("Datum", "Kategorie", "Anzahl", "Einzelpreis", "Rabatt")


@pytest.mark.parametrize(
    "heading",
    ["Preis", "price", "Einzelpreis (€)", "Unit price", "Ticketpreis", "Preis pro Ticket", "Price per ticket"],
)
def test_tickets_times_price_is_the_revenue_where_no_column_has_it(heading: str) -> None:
    parsed = read(book([["Datum", "Anzahl", heading], [DAY, 3, 19.99], [DAY, -1, "19,99 €"]]))
    assert taken(parsed) == {"date": "Datum", "tickets": "Anzahl", "price": heading}
    # 3 x 19.99, and one back
    assert sales(parsed) == [(ONE, "General", 3, 5997, "EUR"), (ONE, "General", -1, -1999, "EUR")]


def test_where_there_is_a_revenue_it_counts_and_price_and_discount_only_tell_rows_apart() -> None:
    header = ("Datum", "Anzahl", "Preis", "Rabatt", "Umsatz")
    parsed = read(book([header, [DAY, 2, 10, "10 %", 18], [DAY, 2, 10, "10 %", 18], [DAY, 2, 12, 6, 18]]))
    assert taken(parsed) == {"date": "Datum", "tickets": "Anzahl", "revenue": "Umsatz"}
    assert [minor for _, _, _, minor, _ in sales(parsed)] == [1800, 1800, 1800]
    assert list(parsed.counts) == [2, 1]


@pytest.mark.parametrize(
    ("tickets", "price", "discount", "minor"),
    [
        (2, 10, None, 2000),
        (2, 10, 5, 1500),
        (2, 10, -5, 1500),  # some programs write what is taken off as a negative number
        (-2, 10, 5, -1500),  # the refund of that sale
        (2, 10, "5,00 €", 1500),
        (2, 10, "0,50 €", 1950),
        (2, 10, 0, 2000),
        (2, 10, "0 %", 2000),
        (2, 10, 20, 0),
        (0, 10, None, 0),
    ],
)
def test_a_discount_is_taken_off_the_row(tickets: int, price: float, discount: object, minor: int) -> None:
    parsed = read(book([HEADER, [DAY, "A", tickets, price, discount]]))
    assert sales(parsed) == [(ONE, "A", tickets, minor, "EUR")]


@pytest.mark.parametrize(
    ("tickets", "price", "discount", "code"),
    [
        (2, 10, 0.1, "discount.unclear"),  # 10 % as spreadsheets hold it
        (2, 10, "10 %", "discount.unclear"),
        (2, 10, "Student", "discount.not_a_number"),
        (2, 10, "5 $", "discount.not_a_number"),
        (2, 10, 25, "discount.too_large"),
        (2, -10, None, "price.negative"),
        (2, None, None, "price.missing"),
        (2, "free", None, "price.not_a_number"),
        (2, 9.999, None, "price.too_many_decimals"),
        (10_000_000, 10_000_000, None, "price.too_large"),
    ],
)
def test_what_cannot_be_multiplied_with_certainty_is_given_back(
    tickets: int, price: object, discount: object, code: str
) -> None:
    parsed = read(book([HEADER, [DAY, "A", tickets, price, discount], [DAY, "A", 1, 1, None]]))
    assert refusals(parsed) == [(2, [code])]
    reason = parsed.rejected[0].reasons[0]
    found = parsed.sheets[0].columns
    assert found is not None
    assert reason.field in found.positions
    assert reason.refusal.message.endswith(".")


@pytest.mark.parametrize("heading", ["Rabatt %", "Discount (percent)", "Rabatt pro Ticket", "Ermäßigung in Prozent"])
def test_a_discount_that_is_no_amount_of_the_row_is_not_guessed(heading: str) -> None:
    header = ("Datum", "Kategorie", "Anzahl", "Einzelpreis", heading)
    parsed = read(book([header, [DAY, "A", 2, 10, 5], [DAY, "A", 2, 10, 0], [DAY, "A", 2, 10, None]]))
    assert refusals(parsed) == [(2, ["discount.unclear"])]
    assert len(sales(parsed)) == 2


@pytest.mark.parametrize("heading", ["Preisgruppe", "Preiskategorie", "Price level", "Listenpreis alt"])
def test_what_only_sounds_like_a_price_is_none(heading: str) -> None:
    assert "price" not in columns.known_fields(["Datum", "Anzahl", heading])


@given(st.integers(-10_000, 10_000), st.integers(0, 10**7), st.integers(0, 10**7))
def test_a_refund_takes_back_what_its_sale_brought(tickets: int, price: int, discount: int) -> None:
    there = amounts.read_proceeds(tickets, price, discount)
    back = amounts.read_proceeds(-tickets, price, discount)
    if isinstance(there, Refusal):
        assert discount > abs(tickets) * price
        assert isinstance(back, Refusal)
    else:
        assert isinstance(back, int)
        assert there + back == 0
        assert abs(there) == abs(tickets) * price - discount


@given(st.integers(1, 500), st.integers(0, 10**6))
def test_prices_multiply_to_the_cent(tickets: int, price: int) -> None:
    written = f"{Decimal(price).scaleb(-2):.2f}".replace(".", ",")
    read_back = amounts.read_price(written, "EUR")
    assert read_back == price
    assert amounts.read_proceeds(tickets, price, 0) == tickets * price
