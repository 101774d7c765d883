"""Lists of sessions through their route: pages, filters, what is refused, and what it costs."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from pydantic import TypeAdapter

from marquee.hub.envelopes import Envelope
from marquee.hub.sessions.models import SessionList
from tests.support import hub
from tests.support.api import call, sample, varied
from tests.support.costs import counted
from tests.support.hub_sessions import created, item, request, rewrite, stored


@pytest.fixture
def hub_events(aws: dict[str, str], app: Callable[[str], ModuleType]) -> ModuleType:
    return app("hub_events")


@pytest.fixture
def sessions(aws: dict[str, str], app: Callable[[str], ModuleType]) -> ModuleType:
    return app("hub_sessions")


@pytest.fixture
def event(hub_events: ModuleType) -> str:
    """Four evenings, weekly from 2035-01-24 19:30 in Berlin, for two and a half hours."""
    uuid: str = hub.create(hub_events)["uuid"]
    return uuid


def test_the_list_is_paged_and_filtered(sessions: ModuleType, hub_events: ModuleType, event: str) -> None:
    # Given three sessions, one of which is of the second evening only
    second = hub.read(hub_events, event)["event_occurrence"][1]["uuid"]
    late = created(sessions, event, name="Last words", session_starts_on="2035-01-24 21:30", duration=30)
    early = created(sessions, event, name="First words", session_starts_on="2035-01-24 19:30", duration=30)
    only = created(
        sessions,
        event,
        name="Encore",
        session_starts_on="2035-01-31 21:00",
        duration=30,
        occurrences={"type": "specific", "uuid": [second]},
        status="inactive",
    )

    def listed(**query: str) -> list[Any]:
        answer = call(sessions, request("list", event, query={name: [value] for name, value in query.items()}))
        assert answer.status == 200, answer.json
        TypeAdapter(Envelope[SessionList]).validate_python(answer.json, strict=True)
        found: list[Any] = answer.json["result"]["sessions"]
        return found

    # Then the sample lists them as they start
    answer = call(sessions, varied(sample("hub_sessions", "list"), path={"event_uuid": event}))
    assert answer.json["result"] == {
        "sessions": [early, late, only],
        "pagination": {"records": 3, "position": 0, "rows": 20, "order_by": {"session_starts_on": "ascending"}},
    }
    # And every parameter counts
    assert listed() == [late, early, only]
    assert listed(position="1", rows="1") == [early]
    assert listed(status="ready") == [late, early, only]
    assert listed(status="live") == []
    assert listed(status="inactive") == [only]
    assert listed(search_q="WORDS fírst") == [early]
    assert listed(event_start_on="2035-01-24 19:30") == [late, early]
    assert listed(event_start_on="2035-01-31 19:30", order_by="name_ascending") == [only, early, late]
    assert listed(time_filter="today") == []


REFUSED = [
    ({"rows": ["0"]}, "query.invalid"),
    ({"rows": ["101"]}, "query.invalid"),
    ({"position": ["-1"]}, "query.invalid"),
    ({"position": ["9" * 30]}, "query.invalid"),
    ({"status": ["cancelled"]}, "query.invalid"),
    ({"order_by": ["name"]}, "query.invalid"),
    ({"page": ["1"]}, "query.invalid"),
    ({"event_start_on": ["tonight"]}, "occurrence.invalid"),
    ({"event_start_on": ["2035-01-25 19:30"]}, "occurrence.invalid"),
]


def test_parameters_that_cannot_be_are_400_and_named(sessions: ModuleType, event: str) -> None:
    for query, code in REFUSED:
        answer = call(sessions, request("list", event, query=query))
        assert (answer.status, answer.json["error_code"]) == (400, code), query
        assert [one["field"] for one in answer.json["validation_errors"]] == list(query)
        assert answer.json["detail"].startswith("Invalid occurrence") or code != "occurrence.invalid"


def test_two_hundred_sessions_are_read_with_one_query(sessions: ModuleType, event: str) -> None:
    # Given two hundred sessions of a minute, one at a time is enough for each
    many = [
        {**item(stored(status="inactive", name=f"No {n}"), str(n), place=n), "pk": f"T#aurora#E#{event}"}
        for n in range(200)
    ]
    for first in range(0, 200, 50):
        rewrite(event, {"session_count": first + 50}, put=many[first : first + 50])
    # When a page of them is read
    with counted(lambda _: 0) as cost:
        answer = call(sessions, request("list", event, query={"position": ["150"], "rows": ["100"]}))
    # Then it took the event and one query
    assert cost.requests == ["GetItem", "Query"]
    assert len(answer.json["result"]["sessions"]) == 50
    assert answer.json["result"]["pagination"]["records"] == 200
