"""What lists look at of an event before they show it: little enough to go through thousands of events."""

from collections.abc import Mapping
from typing import Any, cast

import orjson
from typing_extensions import TypedDict

from marquee.hub import heads, places
from marquee.hub.models import Content, OccurrenceType, Rule, StoredState
from marquee.text import folded


class Facts(TypedDict):
    """An event as filters see it. `text` is folded and lacks the description; see `description`.

    `email` and `invitations` are known of the caller's own events only: copies in public lists do not have them.
    """

    tenant: str
    uuid: str
    state: StoredState
    timezone: str
    type: OccurrenceType
    duration: int
    timeslots: list[str]
    runs: list[list[int]]
    currency: str
    configuration: str
    country: str
    categories: list[str]
    featured: bool
    listed: bool
    text: str
    attending: list[str]
    speaking: list[str]
    email: str | None
    invitations: list[list[str]]


def of(head: Mapping[str, Any]) -> Facts:
    """The facts of a stored event."""
    content, rule = heads.content(head), heads.rule(head)
    listing, interactions = content["listing"], content["interactions"]
    return {
        "tenant": head["tenant"],
        "uuid": head["uuid"],
        "state": head["state"],
        "timezone": content["timezone"],
        "type": rule["type"],
        "duration": rule["duration"],
        "timeslots": rule["timeslots"],
        "runs": orjson.loads(head["runs"]),
        "currency": content["currency"],
        "configuration": str(content["configuration"].get("type")),
        "country": country(content),
        "categories": list(dict.fromkeys(str(one["uuid"]) for one in listing.get("categories", []))),
        "featured": bool(listing.get("featured")),
        "listed": bool(listing.get("enabled")),
        "text": folded(" ".join(_texts(content, orjson.loads(head["org"])))),
        "attending": _subjects(interactions.get("attendees")),
        "speaking": _subjects(interactions.get("speaker")),
        "email": content["contact_email"],
        "invitations": [[one["uuid"], one["code"]] for one in content["invitations"]],
    }


def published(found: Facts) -> Facts:
    """The facts as a public list keeps them."""
    return {**found, "email": None, "invitations": []}


def timing(found: Facts) -> Rule:
    """As much of the event's rule as the span of an occurrence follows from."""
    rule = {"type": found["type"], "duration": found["duration"], "timeslots": found["timeslots"]}
    return cast("Rule", rule)


def country(content: Content) -> str:
    """The country of the event's venue, folded; empty where there is none."""
    address = _object(_venue(content).get("address"))
    return folded(str(address.get("country") or "").strip())


def _venue(content: Content) -> Mapping[str, Any]:
    return next(places.named(content, "venue"), {})


def _texts(content: Content, organisation: Mapping[str, Any]) -> list[str]:
    venue = _venue(content)
    address = _object(venue.get("address"))
    listing = content["listing"]
    found = [
        content["name"],
        content["display_name"],
        venue.get("name"),
        address.get("city"),
        address.get("country"),
        organisation.get("name"),
        *(one.get("name") for one in listing.get("categories", [])),
        *listing.get("tags", []),
    ]
    return [str(one) for one in found if one]


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _subjects(people: object) -> list[str]:
    found = people if isinstance(people, list) else []
    return [str(one["sub"]) for one in found if isinstance(one, Mapping) and one.get("sub")]
