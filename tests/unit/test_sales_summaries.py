"""Totals spread over days: exact in sum, even by day."""

import json
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marquee import money
from marquee.errors import Malformed
from marquee.requests import Request, parse_body
from marquee.sales import rules
from marquee.sales.summaries import summaries
from marquee.sales.summaries.summaries import Sold
from marquee.sales.summaries.summary_models import MAX_DAYS, MAX_TYPES, NewSummary
from marquee.sales.workbooks.amounts import MAX_MINOR

START = date(2026, 3, 1)
totals = st.integers(0, 10**13)
days_of = st.integers(1, MAX_DAYS)


@given(totals, days_of, st.integers(1, MAX_TYPES), st.data())
def test_shares_add_up_exactly_and_none_is_a_unit_away_from_the_even_share(
    total: int, days: int, places: int, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, places - 1))
    shares = list(summaries.spread(total, days, place, places))
    assert len(shares) == days
    assert sum(shares) == total
    even = Fraction(total, days)
    assert all(abs(share - even) < 1 for share in shares)
    # nor is what was given up to any day
    given_so_far = 0
    for day, share in enumerate(shares, start=1):
        given_so_far += share
        assert abs(given_so_far - day * even) < 1


def test_single_units_of_several_types_fall_on_different_days() -> None:
    # Given four types of one ticket each over eight days: each at the middle of its quarter
    falls = [list(summaries.spread(1, 8, place, 4)).index(1) for place in range(4)]
    assert falls == [6, 4, 2, 0]
    # and one alone in the middle of all
    assert list(summaries.spread(1, 9)) == [0, 0, 0, 0, 1, 0, 0, 0, 0]


def test_an_example_by_hand() -> None:
    # 10 tickets and 100.00 over three days: 3.33, 6.67 and 10 tickets until the end of each day, to the nearest
    rows = summaries.rows_of([Sold("A", 10, 10_000)], START, 3, "EUR")
    assert [(row["day"], row["tickets"], row["revenue"]) for row in rows] == [
        ("2026-03-01", 3, 3333),
        ("2026-03-02", 4, 3334),
        ("2026-03-03", 3, 3333),
    ]
    # a day without anything has no row
    few = summaries.rows_of([Sold("A", 1, 0), Sold("B", 0, 0)], START, 9, "EUR")
    assert [(row["day"], row["category"], row["tickets"]) for row in few] == [("2026-03-07", "A", 1)]


sales = st.lists(
    st.tuples(st.text(min_size=1, max_size=5), st.integers(0, 500), st.integers(0, 10**6)),
    min_size=1,
    max_size=8,
    unique_by=lambda one: one[0],
)


@given(sales, st.integers(1, 60), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_what_is_added_to_the_figures_is_what_was_reported(
    sold: list[tuple[str, int, int]], days: int, currency: str
) -> None:
    rows = summaries.rows_of([Sold(*one) for one in sold], START, days, currency)
    last = (START + timedelta(days=days - 1)).isoformat()
    assert all(START.isoformat() <= row["day"] <= last for row in rows)
    delta = rules.delta_of(rows, {})
    for category, tickets, minor in sold:
        found = delta["categories"].get(category, {currency: [0, 0]})
        assert found == {currency: [tickets, minor]}


def test_money_is_read_to_the_unit_and_never_through_a_float() -> None:
    cases: list[tuple[str, int, int | None]] = [
        ("0.1", 2, 10),
        ("1234.5", 2, 123_450),
        ("1e3", 2, 100_000),
        ("12.500", 2, 1250),
        ("0", 0, 0),
        ("0.000", 0, 0),
        ("1500", 0, 1500),
        ("1500.5", 0, None),
        ("0.001", 3, 1),
        ("0.001", 2, None),
        # a binary float would take these for 0.1 and for a whole number
        ("0.1000000000000000000001", 2, None),
        ("90071992547.409930001", 2, None),
        ("100000000000.00", 2, MAX_MINOR),
        ("100000000000.01", 2, MAX_MINOR + 1),
        ("1e999999999", 2, MAX_MINOR + 1),
        ("1e-999999999", 2, None),
    ]
    for spelled, places, minor in cases:
        assert summaries.minor_units(Decimal(spelled), places) == minor, spelled


@given(st.integers(0, MAX_MINOR), st.sampled_from(["EUR", "JPY", "KWD", "CLF"]))
def test_every_amount_that_is_sent_is_read_back(minor: int, currency: str) -> None:
    spelled = json.dumps(money.to_number(minor, currency))
    assert summaries.minor_units(Decimal(spelled), money.exponent(currency)) == minor


def read(**changes: object) -> NewSummary:
    tickets = [{"type": "A", "sold": 2, "revenue": 3}]
    body = {"eid": "evt_1", "from": "2026-03-01", "to": "2026-03-02", "tickets": tickets} | changes
    spelled = json.dumps(body).encode()
    return parse_body(NewSummary, Request("POST", "/", {}, spelled, "request-1"))  # type: ignore[return-value]


def ticket(**changes: object) -> list[dict[str, object]]:
    return [{"type": "A", "sold": 2, "revenue": 3.5} | changes]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"from": "2026-03-03"}, "to"),
        ({"from": "2020-01-01", "to": "2025-01-05"}, "to"),
        ({"from": "1989-12-31", "to": "1990-01-05"}, "from"),
        ({"from": "soon"}, "from"),
        ({"currency": "eur"}, "currency"),
        ({"tickets": []}, "tickets"),
        ({"tickets": ticket() * (MAX_TYPES + 1)}, "tickets"),
        ({"tickets": ticket(type=" ")}, "tickets.0.type"),
        ({"tickets": ticket(type="x" * 101)}, "tickets.0.type"),
        ({"tickets": ticket(sold=-1)}, "tickets.0.sold"),
        ({"tickets": ticket(sold=1.5)}, "tickets.0.sold"),
        ({"tickets": ticket(sold=True)}, "tickets.0.sold"),
        ({"tickets": ticket(sold=10_000_001)}, "tickets.0.sold"),
        ({"tickets": ticket(revenue=-0.01)}, "tickets.0.revenue"),
        ({"tickets": ticket(revenue="much")}, "tickets.0.revenue"),
        ({"tickets": ticket(price=1)}, "tickets.0.price"),
        ({"until": "2026-03-02"}, "until"),
    ],
)
def test_what_is_wrong_with_a_body_is_named_by_field(changes: dict[str, object], field: str) -> None:
    with pytest.raises(Malformed) as caught:
        read(**changes)
    assert [one.field for one in caught.value.violations] == [field]


@pytest.mark.parametrize("body", [b"{", b'{"a": NaN}', b"[" * 100_000, b'{"a": ' + b"9" * 5000 + b"}", b"\xff"])
def test_what_is_no_json_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        parse_body(NewSummary, Request("POST", "/", {}, body, "request-1"))
    assert caught.value.code == "body.not_json"


def test_totals_are_checked_against_the_currency_and_the_day() -> None:
    # Given two wrong amounts and a type that is there twice, once with other spaces
    tickets = [
        {"type": "A", "sold": 1, "revenue": 1.5},
        {"type": " A ", "sold": 1, "revenue": 1},
        {"type": "B", "sold": 1, "revenue": 10**13 + 1},
    ]
    asked = read(tickets=tickets)
    sold, violations = summaries.sold_of(asked, "JPY", date(2026, 3, 1))
    # Then each is named
    assert [(one.code, one.field) for one in violations] == [
        ("date.in_the_future", "to"),
        ("revenue.too_many_decimals", "tickets.0.revenue"),
        ("type.repeated", "tickets.1.type"),
        ("revenue.too_large", "tickets.2.revenue"),
    ]
    assert summaries.sold_of(read(), "EUR", date(2026, 3, 2)) == ([Sold("A", 2, 300)], [])
    assert len(sold) == 2


def test_the_longest_span_is_taken() -> None:
    assert read(**{"from": "2020-01-01", "to": "2025-01-03"}).days == MAX_DAYS
