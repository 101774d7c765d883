"""Curve items: what is packed comes back, and what was known on a day is known of it."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marquee.demand import sold
from marquee.demand.models import Facts, Forecast
from marquee.demand.seeing import forecast, kept
from marquee.demand.sold import Sold

SHOW = date(2026, 6, 12)
FACTS = Facts("evt_one", "concert", "Bern", "Halle", 100, SHOW)
days = st.dates(date(2020, 1, 1), date(2026, 12, 31))
rows = st.lists(
    st.tuples(days.map(str), st.sampled_from(["EUR", "CHF"]), st.integers(-50, 500), st.integers(-(10**6), 10**7)),
    max_size=40,
)


@given(rows)
@settings(max_examples=60, deadline=None)
def test_what_is_packed_comes_back_in_the_order_of_days(found: list[tuple[str, str, int, int]]) -> None:
    of = sold.sold(3, "2026-06-01T10:00:00Z", "EUR", found)
    assert sold.unpack(sold.pack(of)) == of.days
    assert [one.day for one in of.days] == sorted({date.fromisoformat(day) for day, *_ in found})
    assert sold.tickets(of) == sum(tickets for _, _, tickets, _ in found)
    assert sum(one.minor for one in of.days) == sum(minor for _, code, _, minor in found if code == "EUR")
    assert sold.sold(3, "2026-06-01T10:00:00Z", "EUR", reversed(found)) == of


@given(rows, days)
@settings(max_examples=60, deadline=None)
def test_a_curve_has_what_was_known_on_a_day_by_lead(found: list[tuple[str, str, int, int]], last: date) -> None:
    of = sold.until(sold.sold(1, "2026-06-01T10:00:00Z", "EUR", found), last)
    curve = sold.curve(FACTS, of)
    assert [lead for lead, _ in curve.sales] == sorted((lead for lead, _ in curve.sales), reverse=True)
    assert all(SHOW - timedelta(days=lead) <= last for lead, _ in curve.sales)
    own = [(tickets, minor) for day, code, tickets, minor in found if code == "EUR" and day <= str(last)]
    tickets, minor = sum(one for one, _ in own), sum(one for _, one in own)
    assert curve.facts.price == (pytest.approx(minor / 100 / tickets, abs=0.01) if tickets > 0 else None)


def test_a_price_is_in_major_units_of_the_events_currency_alone() -> None:
    found = [("2026-06-01", "JPY", 4, 10_000), ("2026-06-01", "EUR", 5, 99_999)]
    assert sold.curve(FACTS, sold.sold(1, None, "JPY", found)).facts.price == 2500
    assert sold.curve(FACTS, sold.sold(1, None, "CHF", found)).facts.price is None


def test_a_curve_item_is_bounded_and_loses_no_ticket() -> None:
    first = date(1900, 1, 1)
    found = [(str(first + timedelta(days=day)), "EUR", day % 7, 100 * day) for day in range(40_000)]
    of = sold.sold(1, "2026-06-01T10:00:00Z", "EUR", found)
    assert len(of.days) == sold.MAX_DAYS
    assert sold.tickets(of) == sum(tickets for _, _, tickets, _ in found)
    assert of.days[-1].day == first + timedelta(days=39_999)
    assert len(sold.pack(of)) < 40_000


@pytest.mark.parametrize(
    ("loaded", "last_sale", "known"),
    [
        ("2026-06-10T08:00:00Z", "2026-06-09", "2026-06-09"),  # this morning
        ("2026-06-09T23:00:00Z", "2026-06-09", "2026-06-09"),  # last night
        ("2026-06-09T08:00:00Z", "2026-06-08", "2026-06-08"),  # yesterday: nothing is known of yesterday
        ("2026-06-01T08:00:00Z", "2026-05-20", "2026-05-31"),  # then, nothing had been sold for days
        ("2026-06-10T08:00:00Z", "2026-06-10", "2026-06-09"),  # today is not over
        ("2026-06-10T08:00:00Z", "2026-06-11", "2026-06-09"),  # where it is tomorrow already
    ],
)
def test_a_day_is_known_when_it_was_over_before_sales_were_loaded(loaded: str, last_sale: str, known: str) -> None:
    of = sold.sold(1, loaded, "EUR", [(last_sale, "EUR", 1, 100)])
    assert sold.known_until(of, date(2026, 6, 10)) == date.fromisoformat(known)


def test_where_nothing_was_sold_yesterday_is_known() -> None:
    emptied = Sold(4, "EUR", date(2026, 6, 1), ())
    for of in (sold.NOTHING, emptied):
        assert sold.known_until(of, date(2026, 6, 10)) == date(2026, 6, 9)


def test_an_event_without_a_model_has_what_it_sold_and_shows_nothing() -> None:
    doc = (
        '{"category":"concert","city":"Bern","venue_name":"Halle","capacity":100,'
        '"start_date_time":"2026-06-12T18:30:00Z","currency":"EUR"}'
    )
    item = {"eid": "evt_one", "status": "active", "doc": doc}
    of = sold.sold(1, "2026-06-10T08:00:00Z", "EUR", [("2026-06-08", "EUR", 20, 100), ("2026-06-10", "EUR", 5, 100)])
    said, as_of = forecast(item, of, None, date(2026, 6, 10))
    assert (said.now, said.reason, as_of) == (0.25, "no_history", date(2026, 6, 9))
    assert kept(item, said) is None
    predicted = Forecast(1, value=0.51239, benchmark=0.5, state="above")
    assert kept(item, predicted) == '{"prediction":{"value":0.512,"benchmark":0.5},"state":"above"}'
    assert kept({**item, "status": "cancelled"}, predicted) is None
