"""Events of the Hub for tests of lists: stored heads built directly, and what lists must say of them by brute force."""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from marquee import ddb
from marquee.hub import heads, recurrence, repository, wall_time
from marquee.hub.events import content as contents
from marquee.hub.events.models import NewEventAsked
from marquee.hub.models import Item, Occurrence, Rule

CREATED = "2026-01-01T00:00:00Z"


def asked(**changes: Any) -> dict[str, Any]:
    """What a request says of an event, occurrence apart; `changes` replace whole fields."""
    return {
        "name": "Aurora Night",
        "timezone": "Europe/Berlin",
        "currency": "EUR",
        "configuration": venue("Olympiahalle", "München", "Germany"),
        **changes,
    }


def venue(name: str, city: str, country: str) -> dict[str, Any]:
    """The configuration of an event at a venue."""
    address = {"city": city, "country": country}
    return {"type": "venue_event", "attributes": [{"name": "venue", "value": {"name": name, "address": address}}]}


def online(url: str = "https://stream.example/night") -> dict[str, Any]:
    """The configuration of an event online."""
    return {"type": "online_event", "attributes": [{"name": "online", "value": {"url": url}}]}


def rule(starts_on: str = "2035-06-12 20:00", **changes: Any) -> Rule:
    """A recurrence as stored; by default it does not repeat."""
    found: Any = {
        "type": "does_not_repeat",
        "starts_on": starts_on,
        "duration": 120,
        "ends": None,
        "interval": 1,
        "weekdays": [],
        "dates": [],
        "timeslots": [],
        "exclusions": [],
        **changes,
    }
    repeats: Rule = found
    return repeats


def content(**changes: Any) -> dict[str, Any]:
    """An event's content as stored."""
    occurrence = {"type": "does_not_repeat", "attributes": {"starts_on": "2035-06-12 20:00", "event_duration": "2"}}
    request = NewEventAsked.model_validate({**asked(**changes), "occurrence": occurrence})
    return dict(contents.created("7d9f0a51-6a0e-4c8e-9c52-0a3f4d1b6e21", request, {}, []))


def head(tenant: str, uuid: str, described: Mapping[str, Any], repeats: Rule, **changes: Any) -> Item:
    """An event as stored, before it has its place in lists; `changes` replace attributes."""
    starts = [wall_time.minutes(one) for one in recurrence.starts(repeats)]
    runs = recurrence.packed([Occurrence(start, start) for start in starts])
    organisation = {"name": f"Organisation {tenant}", "slug": tenant, "info": None, "image": None}
    return {
        "pk": f"T#{tenant}#E#{uuid}",
        "sk": "EVENT",
        "tenant": tenant,
        "uuid": uuid,
        "version": 1,
        "state": "draft",
        "sequence": 0,
        "doc": heads.packed(described),
        "rule": heads.packed(repeats),
        "runs": heads.packed(runs),
        "levels": "[]",
        "org": heads.packed(organisation),
        "session_count": 0,
        "created_at": CREATED,
        "updated_at": CREATED,
        "state_at": CREATED,
        "published_at": None,
        **changes,
    }


def write(table: str, items: Iterable[Item]) -> None:
    """Store items in batches."""
    waiting = iter(items)
    while batch := [ddb.to_item(one) for one in islice(waiting, 25)]:
        requests = {table: [{"PutRequest": {"Item": one}} for one in batch]}
        ddb.aws_client("dynamodb").batch_write_item(RequestItems=requests)


def place(tenant: str, uuid: str, state: str = "published", repeats: Rule | None = None, **said: Any) -> Item:
    """Store an event as the routes do, with its place in lists; `said` are fields of its content."""
    item = head(tenant, uuid, content(**said), repeats or rule(), state=state)
    assert repository.create(item)
    stored = repository.head(tenant, uuid)
    assert stored is not None
    return stored


def numbered(number: int) -> str:
    """A UUID that is easy to recognise."""
    return f"00000000-0000-4000-8000-{number:012d}"
