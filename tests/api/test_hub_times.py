"""The times of an event at their edges, through the routes that create and change it."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from tests.support import hub as events
from tests.support import hub_sessions
from tests.support.api import Answer, call, sample, varied
from tests.support.hub import recurring

START = "event.occurrence.attributes.starts_on"


@pytest.fixture
def hub(aws: dict[str, str], app: Callable[[str], ModuleType]) -> ModuleType:
    return app("hub_events")


def create(hub: ModuleType, **changes: Any) -> Answer:
    body = events.new_event(**changes)
    return call(hub, varied(sample("hub_events", "create"), body=body, headers={"Idempotency-Key": ""}))


def refused(answer: Answer, status: int) -> list[str]:
    assert answer.status == status, answer.json
    return [one["field"] for one in answer.json["validation_errors"]]


def starts(document: dict[str, Any]) -> list[str]:
    return [one["start_on"]["local"] for one in document["event_occurrence"]]


def ids(document: dict[str, Any]) -> list[str]:
    return [one["uuid"] for one in document["event_occurrence"]]


@pytest.mark.parametrize(
    ("starts_on", "field"),
    [
        ({}, START),
        ({"local": None}, START),
        ({"utc": ""}, START),
        ("", f"{START}.local"),
        ("2035-01-24", f"{START}.local"),
        ("2201-01-01 00:00", f"{START}.local"),
        ("2200-12-31T23:30Z", f"{START}.local"),  # 2201 in Berlin
        ("9999-12-31T23:59-12:00", f"{START}.local"),
        ("2035-02-29 19:30", f"{START}.local"),
    ],
)
def test_a_start_that_is_no_time_of_every_zone_is_malformed(hub: ModuleType, starts_on: object, field: str) -> None:
    answer = create(hub, occurrence=recurring("does_not_repeat", starts_on))  # type: ignore[arg-type]

    assert refused(answer, 400) == [field]


@pytest.mark.parametrize(
    ("starts_on", "utc"),
    [
        ({"utc": "2035-01-24 18:30"}, "2035-01-24 18:30"),
        ({"utc": "2035-01-24t18:30z"}, "2035-01-24 18:30"),
        ({"local": "2035-01-24 19:30", "utc": "2000-01-01 00:00"}, "2035-01-24 18:30"),
        ("2035-01-24T13:30-05:00", "2035-01-24 18:30"),
        ("2035-01-24 19:30", "2035-01-24 18:30"),
    ],
)
def test_a_start_is_given_on_the_clock_or_as_a_moment(hub: ModuleType, starts_on: object, utc: str) -> None:
    document = events.create(hub, occurrence=recurring("does_not_repeat", starts_on))  # type: ignore[arg-type]

    assert document["event_occurrence"][0]["start_on"] == {"utc": utc, "local": "2035-01-24 19:30"}
    assert document["occurrence"]["attributes"]["starts_on"] == {"utc": utc, "local": "2035-01-24 19:30"}


def test_an_evening_that_the_clocks_jump_over_is_later_on_that_day_only(hub: ModuleType) -> None:
    document = events.create(hub, occurrence=recurring("daily", "2035-03-24 02:30", after=3))

    assert starts(document) == ["2035-03-24 02:30", "2035-03-25 03:30", "2035-03-26 02:30"]


def test_the_start_is_the_first_occurrence_on_whatever_day_it_is(hub: ModuleType) -> None:
    document = events.create(hub, occurrence=recurring("weekly", after=3, weekdays=["Monday", "FRI"]))

    assert starts(document) == ["2035-01-24 19:30", "2035-01-26 19:30", "2035-01-29 19:30"]
    assert document["occurrence"]["attributes"]["weekdays"] == ["mon", "fri"]


def test_of_an_end_of_no_known_type_the_type_alone_is_refused(hub: ModuleType) -> None:
    answer = create(hub, occurrence=recurring("daily", occurrence_ends={"type": "never", "value": ""}))

    assert refused(answer, 400) == ["event.occurrence.attributes.occurrence_ends.type"]


@pytest.mark.parametrize("day", ["m", "monkey", "8", "mondays", ""])
def test_what_is_no_day_of_the_week_is_malformed(hub: ModuleType, day: str) -> None:
    answer = create(hub, occurrence=recurring("weekly", after=3, weekdays=[day]))

    assert refused(answer, 400) == ["event.occurrence.attributes.weekdays.0"]


@pytest.mark.parametrize("slot", ["24:00", "9:00", "1\u0660:00", "10:60", "10:00:00"])
def test_what_is_no_time_of_day_is_no_timeslot(hub: ModuleType, slot: str) -> None:
    answer = create(hub, occurrence=recurring("timeslots", after=3, timeslots=[slot]))

    assert refused(answer, 400) == ["event.occurrence.attributes.timeslots.0"]


def test_exclusions_are_on_the_event_s_clock_too(hub: ModuleType) -> None:
    exclusions = ["2035-01-25", "2035-01-26 19:30", "2035-01-27T18:30Z", "2035-01-28T18:30"]

    document = events.create(hub, occurrence={**recurring("daily", after=5), "exclusions": exclusions})

    assert starts(document) == ["2035-01-24 19:30", "2035-01-28 19:30"]
    assert document["occurrence"]["exclusions"] == [
        "2035-01-25",
        "2035-01-26 19:30",
        "2035-01-27 19:30",
        "2035-01-28 18:30",
    ]


def test_an_event_has_to_have_an_occurrence(hub: ModuleType) -> None:
    excluded = create(hub, occurrence={**recurring("daily", after=1), "exclusions": ["2035-01-24"]})
    ended = recurring("daily", occurrence_ends={"type": "ON_DATE", "value": "2035-01-23"})

    assert refused(excluded, 422) == refused(create(hub, occurrence=ended), 422) == ["event.occurrence"]


@pytest.mark.parametrize(
    "occurrence",
    [
        recurring("daily", after=731),
        recurring("daily", occurrence_ends={"type": "on", "value": "9999-12-31"}),
        recurring("monthly", "2036-02-29 19:30", after=100, interval=12),
    ],
)
def test_a_recurrence_that_is_too_long_is_refused(hub: ModuleType, occurrence: dict[str, Any]) -> None:
    answer = create(hub, occurrence=occurrence)

    assert refused(answer, 422) == ["event.occurrence"]
    assert answer.json["error_code"] == "occurrence.too_many"


def test_a_scheduled_date_has_to_lie_in_the_future(hub: ModuleType) -> None:
    schedule = recurring("schedule", dates=["2035-01-24 19:30", "2020-01-01 19:30"])

    answer = create(hub, occurrence=schedule)

    assert refused(answer, 422) == ["event.occurrence.attributes.dates"]
    assert "2020-01-01 19:30" in answer.json["detail"]


def test_occurrences_keep_their_ids_through_another_zone_and_hour_and_when_sent_back(hub: ModuleType) -> None:
    created = events.create(hub, occurrence=recurring("weekly", after=3))
    uuid = created["uuid"]

    zone = events.update(hub, uuid, timezone="Asia/Kathmandu")
    hour = events.update(hub, uuid, occurrence={"attributes": {"starts_on": "2035-01-24 20:00"}})
    again = events.update(hub, uuid, occurrence=events.read(hub, uuid)["occurrence"])

    assert ids(created) == ids(zone) == ids(hour) == ids(again)
    assert zone["event_occurrence"][0]["start_on"] == {"utc": "2035-01-24 13:45", "local": "2035-01-24 19:30"}
    assert starts(hour) == ["2035-01-24 20:00", "2035-01-31 20:00", "2035-02-07 20:00"]
    assert again["version"] == hour["version"]


def test_one_that_is_taken_out_leaves_the_others_their_ids_and_comes_back_as_it_was(hub: ModuleType) -> None:
    created = events.create(hub, occurrence=recurring("weekly", after=3))

    without = events.update(hub, created["uuid"], occurrence={"exclusions": ["2035-01-31"]})
    back = events.update(hub, created["uuid"], occurrence={"exclusions": []})

    assert ids(without) == [ids(created)[0], ids(created)[2]]
    assert ids(back) == ids(created)


def test_a_session_at_the_second_of_two_equal_times_is_named_by_its_offset(
    hub: ModuleType, app: Callable[[str], ModuleType]
) -> None:
    night = events.create(hub, occurrence=recurring("does_not_repeat", "2035-10-27 22:00", "8"))
    sessions, uuid = app("hub_sessions"), night["uuid"]

    first = hub_sessions.create(sessions, uuid, session_starts_on="2035-10-28 02:30", duration=30)
    second = hub_sessions.create(sessions, uuid, session_starts_on="2035-10-28T02:30+01:00", duration=30)

    shown = [one.json["result"]["session"]["session"]["session_starts_on"] for one in (first, second)]
    assert shown == [
        {"utc": "2035-10-28 00:30", "local": "2035-10-28 02:30"},
        {"utc": "2035-10-28 01:30", "local": "2035-10-28 02:30"},
    ]
