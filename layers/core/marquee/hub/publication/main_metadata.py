"""What the Registry and Main are told of an event's occurrences. No I/O."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from marquee.clock import rfc3339
from marquee.events.models import EventMeta
from marquee.hub import heads, places, recurrence
from marquee.hub.models import Content, Occurrence, StoredLevel

ONLINE = "Online"
UNLIMITED = 10_000_000
_CATEGORY = "event"
# What the Registry takes.
_LONGEST_TEXT, _LONGEST_CATEGORY = 200, 60


def place(content: Mapping[str, Any]) -> tuple[str, str] | None:
    """City and venue: of a venue with a name, or of an online event with a link; None where there is neither."""
    wanted = places.wanted(content)
    read = _online if wanted == "online" else _venue
    return next(filter(None, map(read, places.named(content, wanted))), None)


def _venue(value: Mapping[str, Any]) -> tuple[str, str] | None:
    name, address = _text(value.get("name")), value.get("address") or {}
    if not name:
        return None
    # Main lists events by city, so something stands there: the nearest to a city that is known.
    told = (_text(address.get(part)) for part in ("city", "state", "country"))
    return next((one for one in told if one), name), name


def _online(value: Mapping[str, Any]) -> tuple[str, str] | None:
    link = _text(value.get("url"))
    return (ONLINE, (urlsplit(link).hostname or ONLINE)[:_LONGEST_TEXT]) if link else None


def _text(value: object) -> str:
    return str(value).strip()[:_LONGEST_TEXT] if value else ""


def capacity(content: Content, levels: Iterable[StoredLevel]) -> int:
    """How many the event takes: what the organiser says, else what the tickets that are sold come to."""
    given = content["settings"]["event_capacity"]
    if not given:
        sold = [level["quantity"] for level in levels if level["status"]]
        # The Registry takes no event for nobody: one whose levels hold nothing holds one.
        given = max(sum(sold), 1) if sold and all(quantity >= 0 for quantity in sold) else 0
    return min(given, UNLIMITED) if given > 0 else UNLIMITED


def category(content: Mapping[str, Any]) -> str:
    """The name of the event's first category."""
    categories = content["listing"]["categories"]
    return (_text(categories[0].get("name")) if categories else "")[:_LONGEST_CATEGORY] or _CATEGORY


def described(head: Mapping[str, Any], occurrences: Sequence[Occurrence]) -> Iterator[tuple[Occurrence, EventMeta]]:
    """These occurrences with the metadata that Main has of them."""
    content, rule = heads.content(head), heads.rule(head)
    kind = category(content)
    city, venue = place(content) or (ONLINE, ONLINE)
    holds = capacity(content, heads.levels(head))
    given = content["listing"].get("tags") or ()
    tags = [tag for tag in (_text(one)[:_LONGEST_CATEGORY] for one in given) if tag]
    for one in occurrences:
        start, end = map(rfc3339, recurrence.span(rule, one.start, content["timezone"]))
        meta: EventMeta = {
            "title": content["name"],
            "start_date_time": start,
            "city": city,
            "venue_name": venue,
            "hall_name": None,
            "capacity": holds,
            "category": kind,
            "currency": content["currency"],
            "special_ad_category": None,
            "campaign_stop_time": start,
            "event_type": "prisma" if kind.casefold() == "product" else "fdlive",
            "simulated": False,
            "hub_event_id": head["uuid"],
        }
        if end > start:
            meta["end_date_time"] = end
        if tags:
            meta["tags"] = tags
        yield one, meta
