"""Events of the Hub for tests: the body that creates one, and one that is created through its handler."""

import json
from types import ModuleType
from typing import Any

from marquee.hub import repository
from marquee.hub.models import Item
from tests.support.api import TENANT, call, sample, varied

VENUE: dict[str, Any] = {
    "name": "Olympiahalle",
    "image": None,
    "url": "https://venue.example/olympiahalle",
    "latitude": "48.1749",
    "longitude": "11.5497",
    "address": {
        "address_line1": "Spiridon-Louis-Ring 21",
        "address_line2": "",
        "country": "Germany",
        "state": "Bavaria",
        "city": "München",
        "post_code": "80809",
    },
}


def new_event(**changes: Any) -> dict[str, Any]:
    """The body that creates an event, far in the future and with all that publishing needs; `changes` of its fields.

    It takes place four times, weekly from 2035-01-24 19:30 in Berlin, for two and a half hours.
    """
    body: dict[str, Any] = json.loads(sample("hub_events", "create")["body"])
    body["event"].update(changes)
    return body


def once(starts_on: str = "2035-01-24 19:30", duration: str = "2") -> dict[str, Any]:
    """The occurrence of an event that does not repeat."""
    return recurring("does_not_repeat", starts_on, duration)


def recurring(
    kind: str, starts_on: str = "2035-01-24 19:30", duration: str = "2", *, after: int | None = None, **attributes: Any
) -> dict[str, Any]:
    """An occurrence of this type, which ends after so many."""
    ends = {"occurrence_ends": {"type": "after", "value": str(after)}} if after else {}
    return {"type": kind, "attributes": {"starts_on": starts_on, "event_duration": duration, **ends, **attributes}}


def create(app: ModuleType, *, tenant: str = TENANT, **changes: Any) -> dict[str, Any]:
    """Create an event with the handler of `hub_events`; gives its document."""
    event = varied(
        sample("hub_events", "create"),
        path={"org_uuid": tenant},
        body=new_event(**changes),
        headers={"Idempotency-Key": ""},
        tenants=[tenant],
    )
    answer = call(app, event)
    assert answer.status == 201, answer.json
    document: dict[str, Any] = answer.json["result"]["event"]
    return document


def read(app: ModuleType, uuid: str, *, tenant: str = TENANT) -> dict[str, Any]:
    """The event's document, as its detail route answers it."""
    answer = call(app, varied(sample("hub_events", "read"), path={"event_uuid": uuid}, tenants=[tenant]))
    assert answer.status == 200, answer.json
    document: dict[str, Any] = answer.json["result"]["event"]
    return document


def update(app: ModuleType, uuid: str, *, tenant: str = TENANT, **changes: Any) -> dict[str, Any]:
    """Change fields of an event with the handler of `hub_events`; gives its document."""
    event = varied(
        sample("hub_events", "update"),
        path={"org_uuid": tenant, "event_uuid": uuid},
        body={"event": changes},
        headers={"Idempotency-Key": ""},
        tenants=[tenant],
    )
    answer = call(app, event)
    assert answer.status == 200, answer.json
    document: dict[str, Any] = answer.json["result"]["event"]
    return document


def stored(uuid: str, tenant: str = TENANT) -> Item:
    """The event's item; it must be there."""
    item = repository.head(tenant, uuid)
    assert item is not None
    return item
