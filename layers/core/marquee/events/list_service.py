"""Use cases of event lists: filters, order, paging, and the venues to filter by."""

import heapq
from collections.abc import Iterable, Iterator
from typing import Any

from marquee import cursors
from marquee.events import listing, reading, rules, service, tallies
from marquee.events.listing import Position
from marquee.events.models import EventPage, Hall, Item, Venue, Venues
from marquee.events.queries import EventListQuery
from marquee.text import folded

# Labels made of nothing but separators stand for hundreds of names: looking for those would cost more than they save.
_MOST_VENUES = 100


def list_events(tenant: str, query: EventListQuery) -> EventPage:
    """A page of the tenant's events: flagged first, then in the order asked for.

    Filters that one index serves cost the page and a counter, wherever a cursor stands. Other combinations, and other
    orders than by start, read the narrowest index to its end.
    """
    name = listing.cursor_name(query)
    text = cursors.sort_key(query.cursor, name)
    after = listing.decode_position(query, text) if text else None
    number = query.page or 1
    skip = 0 if after else (number - 1) * query.limit
    total, found = _found(tenant, query, after, skip)
    items = found[: query.limit]
    last = listing.position(query, items[-1]) if len(found) > query.limit else None
    documents: list[Any] = service.in_full(tenant, items)
    return {
        "total": total,
        "limit": query.limit,
        "page": number,
        "pages": rules.pages(total, query.limit),
        "items": documents,
        "next_cursor": cursors.encode(name, listing.encode_position(last)) if last else None,
    }


def list_flagged(tenant: str, query: EventListQuery) -> EventPage:
    """`list_events` of the flagged ones only."""
    if query.frontend_status and "FLAGGED" not in query.frontend_status:
        return {"total": 0, "limit": query.limit, "page": query.page or 1, "pages": 0, "items": [], "next_cursor": None}
    return list_events(tenant, query.model_copy(update={"frontend_status": ["FLAGGED"]}))


def list_venues(tenant: str, city: str | None) -> Venues:
    """The venues, with their halls, that events which are not HIDDEN take place in."""
    found: dict[tuple[str, str], list[Hall]] = {}
    for item in reading.halls(tenant, city):
        shown = sum(item.get(f"r{rank}", 0) for rank in (tallies.FLAGGED, tallies.DEFAULT))
        if shown:
            hall: Hall = {
                "hall_name": item["hall_name"],
                "vh": listing.hall_label(item["venue_name"], item["hall_name"]),
                "events": shown,
            }
            found.setdefault((item["city"], item["venue_name"]), []).append(hall)
    items: list[Venue] = [
        {
            "city": of_city,
            "venue_name": venue,
            "events": sum(hall["events"] for hall in halls),
            "halls": sorted(halls, key=lambda hall: folded(hall["hall_name"] or "")),
        }
        for (of_city, venue), halls in sorted(found.items(), key=lambda entry: tuple(map(folded, entry[0])))
    ]
    return {"total": len(items), "items": items}


def _found(tenant: str, query: EventListQuery, after: Position | None, skip: int) -> tuple[int, list[Item]]:
    """How many events the list has, and the page's, with one further where there is one."""
    facet, values, total = _narrowest(tenant, query)
    runs = listing.sections(query, facet, values)
    if total is not None and query.sort.endswith("start_date_time"):
        return total, reading.page(tenant, query, runs, after, skip) if skip <= total else []
    fits = listing.Check(query)
    read = 0

    def fitting() -> Iterator[Item]:
        nonlocal read
        for item in reading.everything(tenant, runs, listing.start_range(query)):
            if fits(item):
                read += 1
                yield item

    first = _first(query, fitting(), after, skip + query.limit + 1)
    return read, first[skip:]


def _narrowest(tenant: str, query: EventListQuery) -> tuple[str, list[str], int | None]:
    """The facet with the fewest events to read and its values; the list's total where the counters alone say it."""
    facets, between, ranks = listing.facet_filters(query), listing.start_range(query), listing.shown_ranks(query)
    bounded = between != (None, None)
    candidates = dict(facets)
    venues = listing.venues_of_halls(query.vh)
    if 0 < len(venues) <= _MOST_VENUES and "venue_name" not in facets:
        candidates["venue_name"] = venues
    if bounded or not candidates:
        candidates["all"] = [""]
    counters = {
        facet: [tallies.facet_tally(tenant, facet, value, rank) for value in values for rank in ranks]
        for facet, values in candidates.items()
    }
    range_keys = tallies.bounds_keys(tenant, *between, ranks) if bounded else []
    keys = [key[:2] for facet, found in counters.items() for key in found if not (bounded and facet == "all")]
    items = reading.counted(list(dict.fromkeys([*keys, *range_keys])))
    sizes = {
        facet: sum(items.get(key[:2], {}).get(key.attribute, 0) for key in found) for facet, found in counters.items()
    }
    if bounded:
        sizes["all"] = tallies.count_between((items[key] for key in range_keys if key in items), *between)
    facet = min(sizes, key=lambda name: sizes[name])
    alone = len(facets) + bounded <= 1 and not listing.has_checks_of_its_own(query)
    if bounded and not tallies.are_counted_by_day(ranks):
        alone = False
    return facet, candidates[facet], sizes[facet] if alone else None


class _Place:
    """Compares as the list is ordered: by section, then by value and id in the direction asked for."""

    __slots__ = ("descending", "position")

    def __init__(self, position: Position, *, descending: bool) -> None:
        self.position = position
        self.descending = descending

    def __lt__(self, other: "_Place") -> bool:
        mine, theirs = self.position, other.position
        if mine.section != theirs.section or not self.descending:
            return mine < theirs
        return theirs < mine


def _first(query: EventListQuery, items: Iterable[Item], after: Position | None, count: int) -> list[Item]:
    """The first `count` events after a position, in the order of the list; no more than these are held."""
    descending = query.sort.startswith("-")

    def place(item: Item) -> _Place:
        return _Place(listing.position(query, item), descending=descending)

    if after is None:
        return heapq.nsmallest(count, items, key=place)
    behind = _Place(after, descending=descending)
    # Every item is looked at, for the total, also those before the cursor.
    return heapq.nsmallest(count, (item for item in items if behind < place(item)), key=place)
