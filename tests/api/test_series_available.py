"""`GET /events/{eid}/available_events_for_series`."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from marquee.events import service as events_service
from marquee.preconditions import Precondition
from marquee.series import service
from marquee.series.models import SeriesChange
from tests.support.api import Answer, call, sample, varied
from tests.support.events import meta

TENANT = "aurora"
A, B, C, D, E = (f"evt_{number:04d}" for number in range(1, 6))


@pytest.fixture
def events(aws: dict[str, str], app: Callable[[str], ModuleType]) -> ModuleType:
    """Five nights of one title, the later the smaller their number."""
    for number, eid in enumerate((A, B, C, D, E)):
        offer(eid, title=f"Night {number}", start_date_time=f"2026-12-0{9 - number}T19:00:00Z")
    return app("events")


def offer(eid: str, **described: Any) -> None:
    events_service.take_from_registry(TENANT, eid, meta(**described), 1)


def rewrite(eid: str, **changes: str) -> None:
    events_service.rewritten(TENANT, eid, lambda _: dict(changes))


def ids(answer: Answer) -> list[str]:
    assert answer.status == 200, answer.raw
    return [item["id"] for item in answer.json["items"]]


def available(app: ModuleType, eid: str = A, **query: str) -> Answer:
    asked = {name: [value] for name, value in query.items()}
    return call(app, varied(sample("events", "available_for_series"), path={"eid": eid}, query=asked))


def test_available_events_are_in_no_series_open_shown_and_not_the_event_itself(events: ModuleType) -> None:
    rewrite(B, status="cancelled")
    rewrite(C, frontend_status="HIDDEN")
    rewrite(D, frontend_status="FLAGGED")
    offer("evt_x")
    offer("evt_y")
    service.add(TENANT, "evt_x", SeriesChange(event_series=["evt_y"]), Precondition())
    answer = available(events)
    assert (ids(answer), answer.json["total"]) == ([D, E], 2)


def test_the_best_matches_come_first(events: ModuleType) -> None:
    noon = "2026-12-09T12:00:00Z"
    offer("evt_same", title="Night 9", start_date_time=noon)
    offer("evt_tour", title="Night 10", start_date_time=noon, city="Bonn", venue_name="Oper")
    offer("evt_venue", title="Fair", start_date_time=noon, category="fair")
    offer("evt_city", title="Fair", start_date_time=noon, category="fair", venue_name="Halle")
    offer("evt_else", title="Fair", start_date_time=noon, category="fair", city="Bonn", venue_name="Oper")
    # the event's own nights, a day apart each, are near behind the one of the same day
    assert ids(available(events)) == ["evt_same", B, C, D, E, "evt_tour", "evt_venue", "evt_city", "evt_else"]


def test_available_events_are_searched_without_case_and_accents(events: ModuleType) -> None:
    offer("evt_x", title="Élan", city="Zürich")
    assert ids(available(events, q="ZURICH elan")) == ["evt_x"]
    assert ids(available(events, q="zurich night")) == []


def test_available_events_are_paged(events: ModuleType) -> None:
    first = call(events, sample("events", "available_for_series"))
    assert (ids(first), first.json["total"], first.json["pages"]) == ([B, C], 4, 2)
    assert ids(available(events, limit="2", cursor=first.json["next_cursor"])) == [D, E]
    assert ids(available(events, limit="2", page="2")) == [D, E]
    assert available(events, limit="2", q="night", cursor=first.json["next_cursor"]).status == 400


def test_the_pool_is_bounded_and_near_in_time(events: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given room for one event each way, and more of them
    monkeypatch.setattr(service, "_POOL_EACH_WAY", 1)
    offer("evt_city", venue_name="Halle", start_date_time="2027-01-01T00:00:00Z")
    offer("evt_else", city="Bonn", venue_name="Oper", start_date_time="2026-12-07T12:00:00Z")
    # Then C, of the evening of the 7th, is offered the last one before it at its venue and at all; its own place is the
    # one from its start on
    assert ids(available(events, C)) == [D, "evt_else"]
