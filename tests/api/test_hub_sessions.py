"""Sessions through their routes."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import orjson
import pytest
from pydantic import TypeAdapter

from marquee.hub import heads
from marquee.hub.envelopes import Envelope, OneSession, WrittenSession
from tests.support import hub
from tests.support.api import call, sample, varied
from tests.support.costs import counted
from tests.support.hub_sessions import body, create, created, request, rewrite, sell
from tests.support.hub_tickets import level, uuid_of

Table = Callable[[str], Callable[[str, str], Any]]


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


def with_levels(event: str) -> list[str]:
    levels = [level("stalls"), level("balcony")]
    rewrite(event, {"levels": heads.packed(levels)})
    return [one["uuid"] for one in levels]


def test_a_session_is_created_described_and_stored(sessions: ModuleType, event: str, table: Table) -> None:
    # Given an event with a ticket level
    stalls, _ = with_levels(event)
    before = hub.stored(event)
    # When the sample session is created
    answer = call(sessions, varied(sample("hub_sessions", "create"), path={"event_uuid": event}))
    # Then it is answered as documented
    assert answer.status == 201
    TypeAdapter(Envelope[WrittenSession]).validate_python(answer.json, strict=True)
    assert answer.json["statusCode"] == 201
    document = answer.json["result"]["session"]["session"]
    assert answer.headers["location"] == f"/events/{event}/sessions/{document['uuid']}"
    assert answer.headers["etag"] == f'"1.{before["version"] + 1}"'
    assert (document["status"], document["name"], document["display_name"], document["capacity"]) == (
        "active",
        "Soundcheck with the band",
        "Soundcheck",
        40,
    )
    assert document["occurrences"] == {"type": "all", "uuid": []}
    assert document["session_starts_on"] == {"utc": "2035-01-24 18:30", "local": "2035-01-24 19:30"}
    assert document["session_ends_on"] == {"utc": "2035-01-24 19:30", "local": "2035-01-24 20:30"}
    assert document["created_on"] == document["updated_on"]
    assert [(one["uuid"], one["quantity_sold"], one["total_purchased_by_user"]) for one in document["tickets"]] == [
        (stalls, 0, 0),
        (uuid_of("balcony"), 0, 0),
    ]
    # And stored below the event, which counts it
    found = table("HubTable")(f"T#aurora#E#{event}", f"SESSION#{document['uuid']}")
    assert (found["version"], orjson.loads(found["doc"])["offset"]) == (1, 0)
    after = hub.stored(event)
    assert (after["session_count"], after["version"]) == (1, before["version"] + 1)


def test_a_session_is_read_as_it_was_created(sessions: ModuleType, event: str) -> None:
    document = created(sessions, event)
    answer = call(sessions, request("read", event, document["uuid"]))
    assert answer.status == 200
    assert answer.json == {"statusCode": 200, "result": {"session": document}}
    TypeAdapter(Envelope[OneSession]).validate_python(answer.json, strict=True)
    # Its tag holds until the session or its event is written.
    tag = answer.headers["etag"]
    assert call(sessions, request("read", event, document["uuid"], headers={"If-None-Match": tag})).status == 304
    rewrite(event, {})
    assert call(sessions, request("read", event, document["uuid"], headers={"If-None-Match": tag})).status == 200


def test_ids_are_taken_in_any_case(sessions: ModuleType, event: str) -> None:
    document = created(sessions, event.upper())
    assert call(sessions, request("read", event.upper(), document["uuid"].upper())).json["result"] == {
        "session": document
    }


def test_an_event_shows_its_sessions(sessions: ModuleType, hub_events: ModuleType, event: str) -> None:
    first = created(sessions, event)
    second = created(sessions, event, session_starts_on="2035-01-24 20:30", name="Concert")
    document = hub.read(hub_events, event)
    assert document["sessions"]["session_lists"] == [first, second]
    assert [one["sessions"] for one in document["event_occurrence"]] == [[first["uuid"], second["uuid"]]] * 4


def test_a_session_is_for_named_occurrences_and_levels(
    sessions: ModuleType, hub_events: ModuleType, event: str
) -> None:
    stalls, balcony = with_levels(event)
    _, second, third, _ = [one["uuid"] for one in hub.read(hub_events, event)["event_occurrence"]]
    document = created(
        sessions,
        event,
        session_starts_on="2035-02-07 20:00",
        occurrences={"type": "Specific", "uuid": [third, second]},
        tickets={"type": "specific", "uuid": [balcony]},
    )
    assert document["occurrences"] == {"type": "specific", "uuid": [second, third]}
    assert document["session_starts_on"]["local"] == "2035-01-31 20:00"
    assert [one["uuid"] for one in document["tickets"]] == [balcony]
    # At the same time there is room for the other level, and in the other occurrences.
    other = created(
        sessions,
        event,
        session_starts_on="2035-01-24 20:00",
        tickets={"type": "specific", "uuid": [stalls]},
        image=None,
    )
    assert other["occurrences"]["type"] == "all"


def test_everything_that_is_refused_is_named(sessions: ModuleType, event: str) -> None:
    answer = create(
        sessions,
        event,
        session_starts_on="2020-01-24 19:30",
        occurrences={"type": "specific", "uuid": ["nope"]},
        tickets={"type": "specific", "uuid": ["neither", "nor"]},
    )
    assert (answer.status, answer.json["error_code"]) == (422, "session.ticket_unknown")
    assert [one["field"] for one in answer.json["validation_errors"]] == [
        "sessions.tickets.uuid.0",
        "sessions.tickets.uuid.1",
        "sessions.occurrences.uuid.0",
        "sessions.session_starts_on",
    ]
    assert hub.stored(event)["session_count"] == 0


def test_fields_that_cannot_be_are_400_and_named(sessions: ModuleType, event: str) -> None:
    answer = create(
        sessions,
        event,
        name="x" * 76,
        description="x" * 2501,
        status="on",
        image="https://images.example/poster.gif",
        session_starts_on="soon",
        duration=0,
        capacity=0,
        occurrences={"type": "some"},
        stage="main",
    )
    assert answer.status == 400
    assert {one["field"] for one in answer.json["validation_errors"]} == {
        "sessions.name",
        "sessions.description",
        "sessions.status",
        "sessions.image",
        "sessions.session_starts_on",
        "sessions.duration",
        "sessions.capacity",
        "sessions.occurrences.type",
        "sessions.stage",
    }
    missing = create(sessions, event, name=None, session_starts_on=None, duration=None)
    assert {one["field"] for one in missing.json["validation_errors"]} == {
        "sessions.name",
        "sessions.session_starts_on",
        "sessions.duration",
    }


def test_an_image_is_looked_at_and_kept_as_it_is_checked(
    sessions: ModuleType, event: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given somebody who checks images
    seen: list[tuple[Any, ...]] = []

    def checked(*asked: Any) -> str:
        seen.append(asked)
        return "images/checked.png"

    monkeypatch.setattr("marquee.hub.images.service.checked", checked)
    # When a session has one
    document = created(sessions, event, image="https://images.example/poster.PNG?size=l")
    # Then what came out is stored, and sent
    assert document["image"] == "images/checked.png"
    assert seen == [("aurora", "https://images.example/poster.PNG?size=l", "sessions.image", [])]
    # And the one that it has is not looked at again
    given = {"image": "images/checked.png", "name": "Later"}
    assert call(sessions, request("update", event, document["uuid"], given=given)).status == 200
    assert len(seen) == 1
    # And it can be taken away
    answer = call(sessions, request("update", event, document["uuid"], given={"image": None}))
    assert answer.json["result"]["session"]["session"]["image"] is None


def test_two_sessions_of_one_level_do_not_overlap(sessions: ModuleType, event: str) -> None:
    first = created(sessions, event)
    answer = create(sessions, event, session_starts_on="2035-01-31 20:29", duration=10, name="Late")
    assert (answer.status, answer.json["error_code"]) == (409, "session.overlap")
    assert first["uuid"] in answer.json["detail"]
    assert answer.json["validation_errors"][0]["field"] == "sessions.session_starts_on"
    # An inactive one may, until it is made active.
    late = created(sessions, event, session_starts_on="2035-01-31 20:29", duration=10, status="INACTIVE")
    assert call(sessions, request("update", event, late["uuid"], given={"status": "active"})).status == 409
    # Right after the first there is room.
    assert create(sessions, event, session_starts_on="2035-01-31 20:30", duration=10).status == 201


def test_where_people_choose_one_session_they_may_overlap(sessions: ModuleType, hub_events: ModuleType) -> None:
    event = hub.create(hub_events, sessions={"enabled": True, "type": "single_choice"})["uuid"]
    assert [create(sessions, event).status for _ in range(2)] == [201, 201]


def test_a_session_is_changed_where_fields_are_given(sessions: ModuleType, event: str, table: Table) -> None:
    before = created(sessions, event)
    # When the sample change is made
    answer = call(
        sessions, varied(sample("hub_sessions", "update"), path={"event_uuid": event, "session_uuid": before["uuid"]})
    )
    # Then name and duration are new, and the rest is as it was
    assert (answer.status, answer.json["statusCode"]) == (200, 200)
    document = answer.json["result"]["session"]["session"]
    changed = {name for name in before if document[name] != before[name]} - {"updated_on"}
    assert changed == {"name", "duration", "session_ends_on"}
    assert (document["name"], document["duration"]) == ("Soundcheck", 45)
    assert table("HubTable")(f"T#aurora#E#{event}", f"SESSION#{before['uuid']}")["version"] == 2
    assert answer.headers["etag"].startswith('"2.')


def test_a_start_is_taken_back_as_it_was_sent(sessions: ModuleType, event: str) -> None:
    before = created(sessions, event)
    sent = before["session_starts_on"]

    again = call(sessions, request("update", event, before["uuid"], given={"session_starts_on": sent}))
    assert (again.status, again.json["result"]["session"]["session"]) == (200, before)

    # A start in UTC alone is not one on the event's clock
    utc = {"session_starts_on": {"utc": sent["utc"]}}
    answer = call(sessions, request("update", event, before["uuid"], given=utc))
    assert (answer.status, answer.json["validation_errors"][0]["field"]) == (400, "sessions.session_starts_on")


def test_a_change_is_made_to_the_version_that_is_named_only(sessions: ModuleType, event: str) -> None:
    uuid = created(sessions, event)["uuid"]

    def change(name: str, tag: str) -> int:
        return call(sessions, request("update", event, uuid, given={"name": name}, headers={"If-Match": tag})).status

    assert change("First", '"1.2"') == 200
    assert change("Second", '"1.2"') == 412
    # Made again, it finds nothing to do.
    assert change("First", '"1.2"') == 200
    assert change("Second", '"2.9"') == 200
    assert call(sessions, request("delete", event, uuid, headers={"If-Match": '"2"'})).status == 412
    assert call(sessions, request("delete", event, uuid, headers={"If-Match": '"3"'})).status == 204


def test_a_session_is_deleted(sessions: ModuleType, event: str, table: Table) -> None:
    uuid = created(sessions, event)["uuid"]
    answer = call(sessions, varied(sample("hub_sessions", "delete"), path={"event_uuid": event, "session_uuid": uuid}))
    assert (answer.status, answer.raw) == (204, b"")
    assert table("HubTable")(f"T#aurora#E#{event}", f"SESSION#{uuid}") is None
    assert hub.stored(event)["session_count"] == 0
    assert call(sessions, request("read", event, uuid)).status == 404
    assert call(sessions, request("delete", event, uuid)).json["error_code"] == "session.not_found"


def test_what_was_sold_stays(sessions: ModuleType, event: str) -> None:
    stalls, _ = with_levels(event)
    uuid = created(sessions, event)["uuid"]
    sell(event, uuid, stalls, uuid_of("stalls price"), 3)
    # Then it is shown
    shown = call(sessions, request("read", event, uuid)).json["result"]["session"]["tickets"][0]
    assert (shown["quantity_sold"], shown["pricing_details"]) == (
        3,
        [{"uuid": uuid_of("stalls price"), "quantity_sold": 3}],
    )
    # And the session can neither go nor be too small
    answer = call(sessions, request("delete", event, uuid))
    assert (answer.status, answer.json["error_code"]) == (409, "session.sold")
    answer = call(sessions, request("update", event, uuid, given={"capacity": 2}))
    assert (answer.status, answer.json["validation_errors"][0]["field"]) == (422, "sessions.capacity")


def test_a_session_that_a_level_is_for_alone_stays(sessions: ModuleType, event: str) -> None:
    uuid = created(sessions, event)["uuid"]
    rewrite(event, {"levels": heads.packed([level("backstage", session_id=uuid)])})
    answer = call(sessions, request("delete", event, uuid))
    assert (answer.status, answer.json["error_code"]) == (409, "session.has_levels")
    assert "backstage" in answer.json["detail"]


@pytest.mark.parametrize("name", ["create", "update", "delete"])
def test_sessions_of_a_cancelled_event_stay_as_they_are(sessions: ModuleType, event: str, name: str) -> None:
    uuid = created(sessions, event)["uuid"]
    rewrite(event, {"state": "cancelled"})
    given = ... if name == "delete" else body(name="Other", session_starts_on="2035-01-24 21:00")["sessions"]
    answer = call(sessions, request(name, event, None if name == "create" else uuid, given=given))
    assert (answer.status, answer.json["error_code"]) == (409, "event.state")
    assert "It can be deleted." in answer.json["detail"]
    assert call(sessions, request("read", event, uuid)).status == 200


def test_an_event_has_five_hundred_sessions_at_most(
    sessions: ModuleType, event: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions.service, "MOST_SESSIONS", 1)
    assert create(sessions, event).status == 201
    answer = create(sessions, event, session_starts_on="2035-01-24 21:00")
    assert (answer.status, answer.json["error_code"]) == (422, "session.too_many")


SCOPES = {
    "create": "event.add_session",
    "list": "event.list_session",
    "read": "event.read_session",
    "update": "event.update_session",
    "delete": "event.delete_session",
}


def test_each_route_needs_its_scope_and_finds_own_events_only(sessions: ModuleType, event: str) -> None:
    uuid = created(sessions, event)["uuid"]
    before = hub.stored(event)
    for name, scope in SCOPES.items():
        path = {"event_uuid": event} | ({} if name in {"create", "list"} else {"session_uuid": uuid})
        without = call(sessions, varied(sample("hub_sessions", name), path=path, scope="event.read"))
        assert (without.status, scope in without.json["detail"]) == (403, True)
        foreign = call(sessions, varied(sample("hub_sessions", name), path=path, tenants=["borealis"]))
        assert (foreign.status, foreign.json["error_code"]) == (404, "event.not_found")
    assert hub.stored(event) == before


def test_an_id_that_is_none_is_404(sessions: ModuleType, event: str) -> None:
    for odd in ("x" * 3000, "%", "EVENT", "é"):
        # The store refuses keys that are too long: it is not asked.
        with counted(lambda _: 0) as cost:
            assert call(sessions, request("list", odd)).status == 404
            assert create(sessions, odd).status == 404
            assert call(sessions, request("read", odd, odd)).status == 404
        assert cost.requests == []
        with counted(lambda _: 0) as cost:
            assert call(sessions, request("read", event, odd)).status == 404
            assert call(sessions, request("delete", event, odd)).status == 404
        assert cost.requests == ["GetItem", "GetItem"]


def test_a_session_of_another_event_is_404(sessions: ModuleType, hub_events: ModuleType, event: str) -> None:
    other = hub.create(hub_events)["uuid"]
    created(sessions, other)
    uuid = created(sessions, event)["uuid"]
    for name in ("read", "update", "delete"):
        answer = call(sessions, request(name, other, uuid))
        assert (answer.status, answer.json["error_code"]) == (404, "session.not_found")
