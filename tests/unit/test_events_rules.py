from collections import Counter
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marquee.events import listing, rules, tallies
from marquee.events.queries import EventListQuery
from marquee.text import folded
from tests.support.events import meta

starts = st.sampled_from(
    ["2026-12-01T19:00:00Z", "2026-12-01T00:00:00Z", "2026-12-02T19:00:00Z", "2027-01-01T00:00:00Z"]
)
frontends = st.sampled_from(["DEFAULT", "FLAGGED", "HIDDEN"])
items = st.builds(
    lambda city, venue, hall, category, start, frontend, status, campaign: {
        **rules.new_item(
            "t",
            "evt_0001",
            meta(city=city, venue_name=venue, hall_name=hall, category=category, start_date_time=start),
            1,
            "now",
        ),
        "frontend_status": frontend,
        "status": status,
        "campaign_status": campaign,
    },
    st.sampled_from(["Bonn", "Köln"]),
    st.sampled_from(["Oper", "Arena"]),
    st.sampled_from([None, "Foyer"]),
    st.sampled_from(["opera", "concert"]),
    starts,
    frontends,
    st.sampled_from(["active", "archived"]),
    st.sampled_from(["OPEN", "CLOSED"]),
)


@given(st.lists(st.none() | items, min_size=2, max_size=12))
def test_counters_follow_any_history_of_an_event(history: list[dict[str, Any] | None]) -> None:
    # Given an event that goes through any states (None: it does not exist)
    counted: Counter[tuple[str, str, str]] = Counter(tallies.tallies("t", history[0]) if history[0] else ())
    # When every step's changes are added up
    for before, after in pairwise(history):
        for (pk, sk), deltas in tallies.tally_changes("t", before, after).items():
            counted.update({(pk, sk, attribute): delta for attribute, delta in deltas.items()})
    # Then each counter counts it exactly if it is in it now
    last = history[-1]
    assert +counted == Counter(tuple(one) for one in (tallies.tallies("t", last) if last else ()))
    assert min(counted.values(), default=0) >= 0


@given(items)
def test_an_unchanged_event_moves_no_counter(item: dict[str, Any]) -> None:
    assert tallies.tally_changes("t", item, item | {"version": 2, "updated_at": "later"}) == {}


@given(st.lists(items, max_size=15), st.none() | starts, st.none() | starts, st.sampled_from(["01", "012", "2"]))
def test_a_range_of_starts_is_counted_from_the_counters_alone(
    events: list[dict[str, Any]], low: str | None, high: str | None, ranks: str
) -> None:
    # Given the counters of some events
    stored: dict[tuple[str, str], dict[str, Any]] = {}
    for event in events:
        for one in tallies.tallies("t", event):
            item = stored.setdefault((one.pk, one.sk), {"pk": one.pk, "sk": one.sk})
            item[one.attribute] = item.get(one.attribute, 0) + 1
    # When a range is counted from the items it names
    keys = tallies.bounds_keys("t", low, high, ranks)
    counted = tallies.count_between([stored[key] for key in keys if key in stored], low, high)
    # Then it is the number of events in it
    begun = [(orjson.loads(one["doc"])["start_date_time"], tallies.rank(one["frontend_status"])) for one in events]
    expected = [1 for start, rank in begun if rank in ranks and (low or "") <= start and (high is None or start < high)]
    assert counted == len(expected)
    assert len(keys) <= 3 * len(tallies.visibilities(ranks))


@given(st.lists(st.tuples(frontends, starts), max_size=30))
def test_sort_keys_put_flagged_first_then_go_by_start_and_hidden_come_last(events: list[tuple[str, str]]) -> None:
    rows = []
    for number, (frontend, start) in enumerate(events):
        item = rules.new_item("t", f"evt_{number:04d}", meta(start_date_time=start), 1, "now")
        rows.append((listing.index_keys("t", item | {"frontend_status": frontend})["list_sk"], frontend, start))
    order = ["FLAGGED", "DEFAULT", "HIDDEN"]
    assert [row[1:] for row in sorted(rows)] == [
        row[1:] for row in sorted(rows, key=lambda row: (order.index(row[1]), row[2], row[0]))
    ]


@pytest.mark.parametrize(
    ("given_", "low", "high"),
    [
        ({"since": "2026-06-12"}, "2026-06-12T00:00:00Z", None),
        ({"until": "2026-06-12"}, None, "2026-06-13T00:00:00Z"),
        ({"since": "2026-06-12T18:30:00+02:00"}, "2026-06-12T16:30:00Z", None),
        ({"since": "2026-06-12T18:30:00.5Z"}, "2026-06-12T18:30:01Z", None),
        ({"until": "2026-06-12T18:30:00Z"}, None, "2026-06-12T18:30:01Z"),
        ({"until": "2026-06-12T00:00:00Z"}, None, "2026-06-12T00:00:01Z"),
        ({"until": "9000-12-31"}, None, "9001-01-01T00:00:00Z"),
    ],
)
def test_bounds_are_whole_days_or_moments(given_: dict[str, str], low: str | None, high: str | None) -> None:
    assert listing.start_range(EventListQuery.model_validate(given_)) == (low, high)


@given(st.text(max_size=20))
def test_folding_is_stable_and_knows_no_case(text: str) -> None:
    assert folded(folded(text)) == folded(text)
    assert folded("STRASSE München") == folded("Straße MUNCHEN")


@given(st.integers(0, 10_000), st.integers(1, 200))
def test_pages_hold_the_total_and_no_page_is_empty(total: int, limit: int) -> None:
    pages = rules.pages(total, limit)
    assert (pages - 1) * limit < total <= pages * limit if total else pages == 0
