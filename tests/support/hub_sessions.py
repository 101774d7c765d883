"""Events and sessions for tests of sessions: as they are stored, and through the handler of `hub_sessions`."""

import json
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

from marquee.hub import heads, recurrence, repository
from marquee.hub import rules as hub_rules
from marquee.hub.models import Item, Rule, StoredLevel, StoredSession
from marquee.hub.sessions import items, rules
from marquee.hub.sessions.models import NewSession, SessionChange
from tests.support.api import Answer, call, sample, varied

EVENT = "6f1f77a2-3d6c-4c39-9d53-1f0c3a5a9e01"
BERLIN = "Europe/Berlin"


def head(
    *,
    starts_on: str = "2035-01-24 19:00",
    duration: int = 180,
    timezone: str = BERLIN,
    levels: Sequence[StoredLevel] = (),
    capacity: int = 0,
    choice: str = "multiple_choice",
    **rule: Any,
) -> Item:
    """An event as far as its sessions see it; three evenings from seven to ten, unless said otherwise."""
    whole: dict[str, Any] = {
        "type": "daily",
        "starts_on": starts_on,
        "duration": duration,
        "ends": ("after", 3),
        "interval": 1,
        "weekdays": [],
        "dates": [],
        "timeslots": [],
        "exclusions": [],
    }
    given: Rule = {**whole, **rule}  # type: ignore[typeddict-item]
    content = {
        "timezone": timezone,
        "settings": {"event_capacity": capacity},
        "sessions": {"enabled": True, "type": choice},
    }
    return {
        "pk": f"T#aurora#E#{EVENT}",
        "uuid": EVENT,
        "version": 1,
        "state": "ready",
        "doc": heads.packed(content),
        "rule": heads.packed(given),
        "runs": heads.packed(recurrence.packed(recurrence.kept([], recurrence.starts(given)))),
        "levels": heads.packed(list(levels)),
    }


def occurrence_uuids(event: Mapping[str, Any]) -> list[str]:
    """The ids of an event's occurrences, in order."""
    return [hub_rules.occurrence_uuid(event["uuid"], one.key) for one in heads.occurrences(event)]


def stored(**over: Any) -> StoredSession:
    """A session of the first half hour of every occurrence."""
    plain: dict[str, Any] = {
        "name": "Opening",
        "display_name": None,
        "description": "",
        "sell_session": False,
        "status": "active",
        "capacity": -1,
        "image": None,
        "offset": 0,
        "duration": 30,
        "occurrence_keys": None,
        "ticket_uuids": None,
        "sold": {},
    }
    return {**plain, **over}  # type: ignore[typeddict-item]


def item(session: StoredSession, name: str = "one", *, place: int = 1, at: str = "2026-06-12T18:30:00Z") -> Item:
    """The session as it lies below the event; its id derives from `name`."""
    return items.new_item(f"T#aurora#E#{EVENT}", hub_rules.derived_uuid("tests", name), session, place, at)


def new(**over: Any) -> NewSession:
    """A request for a session of the first half hour."""
    return NewSession.model_validate(
        {"name": "Opening", "session_starts_on": "2035-01-24 19:00", "duration": 30, **over}
    )


def change(**given: Any) -> SessionChange:
    """A request to change a session."""
    return SessionChange.model_validate(given)


def body(**over: Any) -> dict[str, Any]:
    """The body that creates the session of the sample, with other fields; None leaves one out."""
    given = {**json.loads(sample("hub_sessions", "create")["body"])["sessions"], **over}
    return {"sessions": {name: value for name, value in given.items() if value is not None}}


def create(app: ModuleType, event_uuid: str, *, key: str = "", **over: Any) -> Answer:
    """Create a session with the handler of `hub_sessions`."""
    event = varied(
        sample("hub_sessions", "create"),
        path={"event_uuid": event_uuid},
        body=body(**over),
        headers={"Idempotency-Key": key},
    )
    return call(app, event)


def created(app: ModuleType, event_uuid: str, **over: Any) -> dict[str, Any]:
    """The document of a session that is created."""
    answer = create(app, event_uuid, **over)
    assert answer.status == 201, answer.json
    document: dict[str, Any] = answer.json["result"]["session"]["session"]
    return document


def request(
    name: str,
    event_uuid: str,
    uuid: str | None = None,
    *,
    given: object = ...,
    query: dict[str, list[str]] | None = None,
    headers: dict[str, str] | None = None,
) -> dict[str, Any]:
    """The sample of this name for this event and session; `given` are fields of a session, `query` has no default."""
    path = {"event_uuid": event_uuid} | ({"session_uuid": uuid} if uuid else {})
    sent = given if given is ... else {"sessions": given}
    return varied(sample("hub_sessions", name), path=path, query=query or {}, body=sent, headers=headers)


def rewrite(event_uuid: str, changes: Item, *, put: Sequence[Item] = ()) -> Item:
    """Change an event's item behind everybody's back."""
    found = repository.head("aurora", event_uuid)
    assert found is not None
    return repository.save(found, changes, put=put)


def sell(event_uuid: str, uuid: str, level_uuid: str, price_uuid: str, number: int) -> None:
    """Note tickets as sold for a session."""
    found = repository.session("aurora", event_uuid, uuid)
    assert found is not None
    session = rules.session(found)
    session["sold"] = {level_uuid: {price_uuid: number}}
    rewrite(event_uuid, {}, put=[{**found, "doc": heads.packed(session)}])
