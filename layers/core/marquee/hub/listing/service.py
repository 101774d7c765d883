"""Use case: the list of events."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import orjson

from marquee import clock, cursors
from marquee.errors import Malformed, Violation
from marquee.hub import wall_time
from marquee.hub.event_documents import EventDocument
from marquee.hub.events import rendering
from marquee.hub.listing import cards, placing, reading
from marquee.hub.listing.checks import Checks, Test
from marquee.hub.listing.models import EventPage
from marquee.hub.listing.queries import NOT_OF_THE_LIST, EventListQuery
from marquee.hub.listing.reading import Found, Part, Span
from marquee.hub.models import Item, StoredState
from marquee.text import folded

# An answer holds 6 MB, as text in JSON.
LARGEST_ANSWER = 5_000_000
_STATES: tuple[StoredState, ...] = ("draft", "ready", "published", "unpublished", "cancelled")
# What facts are made of: of a copy, and of an event itself.
_FACTS = ("facts", "tenant", "uuid", "state", "doc", "rule", "runs", "org")
_LARGEST_OFFSET = 9


def list_events(tenant: str, sub: str, query: EventListQuery) -> EventPage:
    """A page of the published events of all organisations, or of the tenant's own events.

    Where a list, or its organisation's count of a state, answers the query, the page costs its rows and a few
    counters. Other filters read the shortest list that they allow to its end. Raises Malformed.
    """
    now = clock.now()
    name = _cursor_name(tenant, query)
    position, after = _position(query, name)
    span = Span(cards.ORDERS[query.order_by], after, 0 if after else position, query.rows)
    found = _found(tenant, query, Checks(query, sub, now), span)
    events: list[EventDocument] = []
    size, taken, last = 0, 0, ""
    full = False
    for entry, event in found.page():
        shown = _document(event, tenant, now, query) if event else None
        size += _size(shown) if shown else 0
        full = bool(events) and size > LARGEST_ANSWER
        if full:
            break
        taken, last = taken + 1, entry[span.order.key]
        events += [shown] if shown else []
    more = full or (taken == query.rows and (found.count > position + taken or found.has_more()))
    return {
        "events": events,
        "pagination": {
            "records": found.count,
            "position": position,
            "rows": taken if full else query.rows,
            "order_by": query.order_by,
            "next_position": cursors.encode(name, _where(position + taken, last)) if more else None,
        },
    }


def _found(tenant: str, query: EventListQuery, checks: Checks, span: Span) -> Found:
    own_only = (
        query.my == "organised_events"
        or query.status in {"draft", "ready"}
        or bool(query.contact_email or query.invitation_code or query.invitation_id)
    )
    states = _states(query)
    if query.filter_by_ids:
        wanted = _all(checks.beyond("filter_by_ids"), states)
        items = reading.by_ids(tenant, query.filter_by_ids, own_only=own_only)
        return reading.given([item for item in items if wanted(item)], span)
    latest = wall_time.written(checks.latest_start) if checks.latest_start else None
    parts = _own(tenant, query, checks, states) if own_only else _public(tenant, query, checks)
    return reading.lists(parts, span, latest)


def _states(query: EventListQuery) -> tuple[StoredState, ...]:
    """The states that the query asks for."""
    match query.status:
        case "draft" | "ready":
            return (query.status,)
        case None if query.my == "organised_events":
            return _STATES
        case _:
            return ("published",)


def _own(tenant: str, query: EventListQuery, checks: Checks, states: tuple[StoredState, ...]) -> list[Part]:
    """The organisation's own list; who asks for others' events only finds none."""
    if query.organisation and tenant not in query.organisation:
        return []
    partition, left = cards.own_list(tenant), checks.beyond("organisation")
    if left:
        return [Part(partition, _all(left, states), _FACTS, None)]
    count = sum(reading.counted([placing.own_tally(tenant, state) for state in states]).values())
    if states == _STATES:
        return [Part(partition, None, (), count)]
    return [Part(partition, lambda item: item["state"] in states, ("state",), count)]


def _public(tenant: str, query: EventListQuery, checks: Checks) -> list[Part]:
    """The shortest public list that has all that is asked for, and the organisation's own events that no other sees."""
    candidates: dict[str, list[str]] = {}
    if query.organisation:
        candidates["organisation"] = query.organisation
    if query.category:
        candidates["category"] = [query.category.lower()]
    if query.country:
        candidates["country"] = [folded(query.country)]
    candidates = candidates or {"all": [""]}
    tallies = {
        (facet, value): placing.public_tallies(facet, value) for facet, values in candidates.items() for value in values
    }
    unlisted = placing.own_tally(tenant, cards.UNLISTED)
    numbers = reading.counted([unlisted, *(one for found in tallies.values() for one in found)])
    sizes = {place: sum(numbers[one] for one in found) for place, found in tallies.items()}
    facet = min(candidates, key=lambda name: sum(sizes[name, value] for value in candidates[name]))
    parts = [
        _part(cards.public_list(facet, value), checks.beyond(facet), query, sizes[facet, value])
        for value in candidates[facet]
    ]
    if numbers[unlisted] and (not query.organisation or tenant in query.organisation):
        left = checks.beyond("organisation")
        parts.append(_part(cards.unlisted_list(tenant), left, query, numbers[unlisted]))
    return parts


def _part(partition: str, left: list[Test], query: EventListQuery, size: int) -> Part:
    if not left:
        return Part(partition, None, (), size)
    looks_at = (*_FACTS, "description") if query.search_q else _FACTS
    return Part(partition, _all(left, ("published",)), looks_at, None)


def _all(tests: list[Test], states: tuple[StoredState, ...]) -> Callable[[Mapping[str, Any]], bool]:
    """Whether an entry of a list passes every test, and is in one of the states."""

    def wanted(entry: Mapping[str, Any]) -> bool:
        if entry["state"] not in states:
            return False
        found = cards.facts_of(entry)
        return all(test(found, entry) for test in tests)

    return wanted


def _document(item: Item, tenant: str, now: datetime, query: EventListQuery) -> EventDocument:
    # Copies, also those of the tenant's own events, are without what is for its eyes only.
    copied = cards.is_card(item)
    return rendering.document(
        cards.unpacked(item) if copied else item,
        (),
        now,
        own=not copied and item["tenant"] == tenant,
        full=False,
        restricted=query.show_all_tickets == "1",
        summary=query.summary == "1",
    )


def _size(document: EventDocument) -> int:
    """The bytes of a document in an answer, which is text in JSON: quotes and backslashes are written as two."""
    written = orjson.dumps(document)
    return len(written) + written.count(b'"') + written.count(b"\\") + 1


def _cursor_name(tenant: str, query: EventListQuery) -> str:
    """The name of the list that a cursor belongs to: whose it is, its filters and its order."""
    asked = query.model_dump_json(exclude=set(NOT_OF_THE_LIST), exclude_defaults=True)
    return "hub:" + hashlib.sha256(f"{tenant}\n{asked}".encode()).hexdigest()[:12]


def _where(position: int, last: str) -> str:
    return orjson.dumps([position, last]).decode()


def _position(query: EventListQuery, name: str) -> tuple[int, str | None]:
    """How many events are before the page, and the sort key of the last of them where that is known."""
    given = query.position
    if given is None:
        return 0, None
    if given.isascii() and given.isdigit() and len(given) <= _LARGEST_OFFSET:
        return int(given), None
    told = "The position is neither a number of events nor one this list gave out."
    wrong = Malformed("query.position", told, violations=[Violation("query.position", "position", told)])
    try:
        position, last = orjson.loads(cursors.sort_key(given, name) or "")
    except (Malformed, ValueError, TypeError) as error:
        raise wrong from error
    if type(position) is not int or position < 0 or not isinstance(last, str) or not last:
        raise wrong
    return position, last
