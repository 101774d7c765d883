"""Events and sessions for tests of sessions, without a store."""

from collections.abc import Mapping, Sequence
from typing import Any

from marquee.hub import heads, recurrence
from marquee.hub import rules as hub_rules
from marquee.hub.models import Item, Rule, StoredLevel, StoredSession
from marquee.hub.sessions import items
from marquee.hub.sessions.models import NewSession, SessionChange

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
