from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marquee.hub import heads, recurrence, wall_time
from marquee.hub.listing import checks, facts, windows
from marquee.hub.listing.checks import Checks
from marquee.hub.listing.queries import EventListQuery
from marquee.hub.models import Item
from tests.support.hub_listing import content, head, numbered, online, rule, venue

NOW = datetime(2035, 3, 28, 12, 0, tzinfo=UTC)
SAID = content()
ZONES = ["Europe/Berlin", "America/New_York", "Pacific/Apia", "Australia/Lord_Howe"]


def passes(event: Item, now: datetime = NOW, sub: str = "anna", **asked: Any) -> bool:
    found = facts.of(event)
    tests = Checks(EventListQuery.model_validate(asked), sub, now).tests.values()
    assert tests
    return all(test(found, event) for test in tests)


def event(repeats: Any = None, **said: Any) -> Item:
    return head("aurora", numbered(1), {**SAID, **said}, repeats or rule())


rules = st.one_of(
    st.builds(
        lambda day, kind, count, interval, duration: rule(
            f"{day:%Y-%m-%d %H:%M}", type=kind, ends=("after", count), interval=interval, duration=duration
        ),
        st.datetimes(datetime(2035, 1, 1), datetime(2035, 6, 30)),  # noqa: DTZ001 - wall times
        st.sampled_from(["daily", "weekly", "monthly"]),
        st.integers(1, 40),
        st.integers(1, 3),
        st.sampled_from([15, 120, 24 * 60, 31 * 24 * 60]),
    ),
    st.builds(
        lambda day: rule(
            f"{day:%Y-%m-%d} 02:00", type="timeslots", timeslots=["02:00", "23:45"], ends=("after", 9), duration=45
        ),
        st.datetimes(datetime(2035, 3, 1), datetime(2035, 4, 30)),  # noqa: DTZ001
    ),
)


@settings(max_examples=150, deadline=None)
@given(
    repeats=rules,
    zone=st.sampled_from(ZONES),
    now=st.datetimes(datetime(2035, 1, 1), datetime(2035, 8, 1)),  # noqa: DTZ001
    window=st.sampled_from(["today", "tomorrow", "this_weekend", "next_week", "next_month"]),
)
def test_occurrences_are_found_in_time_without_going_through_all(
    repeats: Any, zone: str, now: datetime, window: Any
) -> None:
    now = now.replace(tzinfo=UTC)
    one = event(repeats, timezone=zone)
    spans = [(start, end) for _, start, end in heads.spans(one)]
    within = windows.window(window, now, zone)
    # An event is running, or in a window, where one of all its occurrences is
    running = passes(one, now, status="live")
    assert running == any(start <= now < end for start, end in spans)
    in_window = passes(one, now, time_filter=[window])
    assert in_window == any(windows.overlaps(start, end, within) for start, end in spans)
    # And what an order by start leaves out would not have been found
    latest = Checks(EventListQuery.model_validate({"time_filter": [window]}), "", now).latest_start
    assert latest is not None
    if in_window:
        assert spans[0][0] <= latest
    if running:
        assert spans[0][0] <= now


@settings(max_examples=80, deadline=None)
@given(repeats=rules, zone=st.sampled_from(ZONES), data=st.data())
def test_an_event_is_found_by_every_start_of_its_own_and_by_no_other(repeats: Any, zone: str, data: Any) -> None:
    one = event(repeats, timezone=zone)
    starts = {wall_time.written(wall_time.local(start, zone)) for _, start, _ in heads.spans(one)}
    chosen = data.draw(st.sampled_from(sorted(starts)))
    assert passes(one, event_start_on=chosen)
    latest = checks.Checks(EventListQuery.model_validate({"event_start_on": chosen}), "", NOW).latest_start
    assert latest is not None
    assert next(heads.spans(one))[1] <= latest
    other = wall_time.written(datetime.fromisoformat(chosen) + timedelta(minutes=data.draw(st.integers(1, 3000))))
    assert passes(one, event_start_on=other) == (other in starts)


def test_a_start_that_the_clocks_jump_over_is_found_where_it_is_shown() -> None:
    one = event(rule("2035-03-25 02:30"))
    assert passes(one, event_start_on="2035-03-25 03:30")
    assert not passes(one, event_start_on="2035-03-25 02:30")
    assert passes(one, event_start_on="2035-03-25T03:30")


def test_only_occurrences_near_the_window_are_worked_out() -> None:
    # Given an event every day for two years
    one = event(rule("2034-06-01 20:00", type="daily", ends=("after", 730)))
    worked_out = 0
    span = recurrence.span

    def counted(*args: Any) -> Any:
        nonlocal worked_out
        worked_out += 1
        return span(*args)

    with patch.object(recurrence, "span", counted):
        assert not passes(one, datetime(2034, 5, 1, tzinfo=UTC), time_filter=["today"])
        assert passes(one, datetime(2034, 11, 1, tzinfo=UTC), time_filter=["today"])
    assert worked_out < 10


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({"event_type": "venu"}, True),
        ({"event_type": "venue"}, True),
        ({"event_type": "online"}, False),
        ({"country": "ÖSTERREICH"}, True),
        ({"country": "osterreich"}, True),
        ({"country": "Austria"}, False),
        ({"currency": "eur"}, True),
        ({"currency": "CHF"}, False),
        ({"search_q": "zauber WIEN"}, True),
        ({"search_q": "gluhwein"}, True),
        ({"search_q": "Organisation aurora"}, True),
        ({"search_q": "late jazz"}, True),
        ({"search_q": "zauber linz"}, False),
        ({"featured": "1"}, True),
        ({"my": "attending"}, True),
        ({"my": "speaking"}, False),
        ({"contact_email": "BOX@Office.example"}, True),
        ({"contact_email": "other@office.example"}, False),
        ({"invitation_code": "VIP"}, True),
        ({"invitation_code": "vip"}, False),
    ],
)
def test_each_filter_looks_at_what_it_is_about(asked: dict[str, Any], wanted: bool) -> None:
    one = head(
        "aurora",
        numbered(1),
        content(
            name="Zauberflöte",
            description="With Glühwein",
            configuration=venue("Oper", "Wien", "Österreich"),
            listing={"featured": True, "categories": ["Jazz"], "tags": ["late"]},
            interactions={"attendees": [{"sub": "anna"}], "speaker": [{"sub": "bert"}]},
            contact_email="box@office.example",
            invitations=[{"code": "VIP"}],
        ),
        rule(),
    )
    assert passes(one, **asked) == wanted


def test_an_online_event_has_no_country_and_is_found_as_online() -> None:
    one = event(configuration=content(configuration=online())["configuration"])
    assert facts.of(one)["country"] == ""
    assert passes(one, event_type="online")


def test_what_is_stored_otherwise_than_today_is_not_in_the_way() -> None:
    for configuration in (
        {"type": "venue_event", "attributes": []},
        {"type": "venue_event", "attributes": [{"name": "venue", "value": None}]},
        {"type": "venue_event", "attributes": [{"name": "venue", "value": {"address": "Wien"}}]},
        {"type": "venue_event", "attributes": [{"name": "capacity", "value": 7}]},
    ):
        assert facts.of(event(configuration=configuration, interactions={"attendees": ["anna"]}))["country"] == ""
