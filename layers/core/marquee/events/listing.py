"""Pure rules of event lists: which indexes a query reads, in which order, and what is left to check per event.

Every index holds the tenant's events by one facet's value, and in it by rank (flagged, default, hidden) and start. A
list is made of sections (flagged first, then the rest), a section of runs: ranges of an index that are merged by start.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from marquee.clock import rfc3339
from marquee.errors import Malformed
from marquee.events.models import EventMeta
from marquee.events.tallies import DEFAULT, FLAGGED, HIDDEN, RANKS, facet_values, rank
from marquee.ids import is_event_id
from marquee.text import folded, mentioned

if TYPE_CHECKING:  # every function that writes events places them in lists, and asks nothing of them
    from marquee.events.queries import EventListQuery

# Facet -> index and its partition attribute. All indexes share the sort attribute.
INDEXES = {
    "all": ("display", "list_pk"),
    "city": ("by_city", "city_pk"),
    "venue_name": ("by_venue", "venue_pk"),
    "category": ("by_category", "category_pk"),
    "status": ("by_status", "status_pk"),
    "campaign_status": ("by_campaign_status", "campaign_pk"),
}
SORT_KEY = "list_sk"
# Where events that are yet to be closed wait for it.
CLOSING = ("closing_pk", "closing_sk")
CLOSABLE = frozenset(("OPEN", "RUNNING"))
# An event without an end is taken to be over this long after its start.
USUAL_RUNTIME = timedelta(hours=3)
_HALL = " | "
# Sorts after every character of a start or an id, and before every one.
AFTER, BEFORE = "~", "!"


class Range(NamedTuple):
    """Starts from `low` up to, but not including, `high` (RFC 3339, UTC); None where it is open."""

    low: str | None
    high: str | None


class Position(NamedTuple):
    """Where a page ended: the section (0 flagged, 1 the rest), the value it is ordered by, the id."""

    section: int
    value: str | int
    eid: str


@dataclass(frozen=True, slots=True)
class Run:
    """A range of one index, in order of its sort key."""

    facet: str
    value: str
    ranks: tuple[str, ...]


def index_keys(tenant: str, item: Mapping[str, Any]) -> dict[str, str]:
    """The attributes that put an event into every index. RFC 3339 in UTC sorts as text."""
    meta: EventMeta = orjson.loads(item["doc"])
    found = {INDEXES[facet][1]: index_partition(tenant, facet, value) for facet, value in facet_values(item).items()}
    if item["campaign_status"] in CLOSABLE:
        due = "" if item["status"] == "cancelled" else over_at(meta)
        found |= dict(zip(CLOSING, (closing_partition(tenant), f"{due}#{item['eid']}"), strict=True))
    return {**found, SORT_KEY: f"{rank(item['frontend_status'])}#{meta['start_date_time']}#{item['eid']}"}


def over_at(meta: EventMeta) -> str:
    """The moment from which the event is over: its end, or the usual time after its start where none was given."""
    end = meta.get("end_date_time")
    return end or rfc3339(datetime.fromisoformat(meta["start_date_time"]) + USUAL_RUNTIME)


def closing_partition(tenant: str) -> str:
    """Partition key of the tenant's events that are yet to be closed; a cancelled one is due at once."""
    return f"T#{tenant}#CLOSING"


def index_partition(tenant: str, facet: str, value: str) -> str:
    """Partition key of a facet's value in the facet's index."""
    return f"T#{tenant}#L#{facet}#{value}"


def hall_label(venue_name: str, hall_name: str | None) -> str:
    """Venue and hall in one string, as the filter `vh` takes it."""
    return f"{venue_name}{_HALL}{hall_name}" if hall_name else venue_name


def start_range(query: EventListQuery) -> Range:
    """The starts that `since` and `until` leave. A date is a whole day, UTC; starts have whole seconds."""
    low = _first_second(query.since) if query.since is not None else None
    if query.until is None:
        return Range(low, None)
    if isinstance(query.until, datetime):
        after = query.until.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1)
        return Range(low, rfc3339(after))
    return Range(low, _first_second(query.until + timedelta(days=1)))


def _first_second(moment: date) -> str:
    if not isinstance(moment, datetime):
        return f"{moment.isoformat()}T00:00:00Z"
    moment = moment.astimezone(UTC)
    return rfc3339(moment + timedelta(seconds=1) if moment.microsecond else moment)


def shown_ranks(query: EventListQuery) -> tuple[str, ...]:
    """The ranks that the query shows. HIDDEN events are shown where they are asked for by either way."""
    if query.frontend_status:
        wanted = {rank(status) for status in query.frontend_status if status != "CANCELLED"}
    else:
        wanted = {FLAGGED, DEFAULT, HIDDEN} if query.include_archived else {FLAGGED, DEFAULT}
    return tuple(one for one in RANKS if one in wanted)


def facet_filters(query: EventListQuery) -> dict[str, list[str]]:
    """The query's filters that an index of their own serves."""
    given: dict[str, Sequence[str]] = {
        "city": query.city,
        "venue_name": query.venue_name,
        "category": query.category,
        "status": [query.status] if query.status else [],
        "campaign_status": query.campaign_status,
    }
    return {facet: list(dict.fromkeys(values)) for facet, values in given.items() if values}


def venues_of_halls(labels: list[str]) -> list[str]:
    """The venue names that `vh` labels may belong to: a name may itself contain the separator."""
    split = [label.split(_HALL) for label in labels]
    names = [_HALL.join(parts[:length]) for parts in split for length in range(1, len(parts) + 1)]
    return list(dict.fromkeys(names))


def has_checks_of_its_own(query: EventListQuery) -> bool:
    """Whether the query filters by something that no index serves."""
    return bool(
        query.q
        or query.vh
        or query.client_campaign_status
        or query.marketing_campaign_status
        or query.currency
        or query.special_ad_category
        or query.exclude_products
        or query.campaigns is not None
        or query.simulated is not None
    )


def sections(query: EventListQuery, facet: str, values: list[str]) -> list[tuple[int, list[Run]]]:
    """What to read, section by section, by the section's number. The runs of a section are merged by start."""
    ranks = shown_ranks(query)
    if not query.flagged_to_top:
        split = [(1, ranks)]
    elif (
        ranks == (FLAGGED, DEFAULT)
        and len(values) == 1
        and start_range(query) == (None, None)
        and not query.sort.startswith("-")
    ):
        # The two ranks lie beside each other in the index: one request reads across.
        return [(1, [Run(facet, values[0], ranks)])]
    else:
        split = [(0, tuple(one for one in ranks if one == FLAGGED)), (1, tuple(one for one in ranks if one != FLAGGED))]
    return [(number, [Run(facet, value, (one,)) for value in values for one in part]) for number, part in split if part]


def resumed(runs: list[Run], number: int, after: Position | None) -> tuple[list[Run], Position | None]:
    """What is left of a section `after` a position, and the position if it lies in this section."""
    if after is None or len(runs[0].ranks) > 1 or after.section == number:
        return runs, after
    return ([], None) if after.section > number else (runs, None)


def run_bounds(run: Run, between: Range, after: Position | None, *, descending: bool) -> tuple[str, str]:
    """First and last sort key of a run, of the rest of it `after` a position."""
    low = f"{run.ranks[0]}#{between.low or ''}"
    high = f"{run.ranks[-1]}#{between.high or AFTER}"
    if after is None:
        return low, high
    at = run.ranks[min(after.section, len(run.ranks) - 1)]
    key = f"{at}#{after.value}#{after.eid}"
    if descending:
        # The last key before it: ids consist of characters between ``-`` and ``z``.
        return low, f"{key[:-1]}{chr(ord(key[-1]) - 1)}{AFTER}"
    return key + BEFORE, high


def position(query: EventListQuery, item: Mapping[str, Any]) -> Position:
    """Where an event stands in the list."""
    flagged = query.flagged_to_top and item["frontend_status"] == "FLAGGED"
    return Position(0 if flagged else 1, _order(query.sort.removeprefix("-"), item), item["eid"])


def _order(name: str, item: Mapping[str, Any]) -> str | int:
    if name == "updated_at":
        return str(item["updated_at"])
    meta: EventMeta = orjson.loads(item["doc"])
    match name:
        case "title":
            return folded(meta["title"])
        case "capacity":
            return meta["capacity"]
        case _:
            return meta["start_date_time"]


def cursor_name(query: EventListQuery) -> str:
    """The name of the list that a cursor belongs to: its filters and its order."""
    asked = query.model_dump_json(exclude={"limit", "page", "cursor"}, exclude_defaults=True)
    return "events:" + hashlib.sha256(asked.encode()).hexdigest()[:12]


def encode_position(where: Position) -> str:
    """A position as the text of a cursor."""
    return orjson.dumps(list(where)).decode()


def decode_position(query: EventListQuery, text: str) -> Position:
    """The inverse of `encode_position`. Raises Malformed for anything else."""
    try:
        section, value, eid = orjson.loads(text)
    except (ValueError, TypeError) as error:
        raise Malformed("query.cursor", "The cursor is not one this list gave out.") from error
    kind = int if query.sort.removeprefix("-") == "capacity" else str
    if type(section) is not int or section not in {0, 1} or type(value) is not kind or not is_event_id(str(eid)):
        raise Malformed("query.cursor", "The cursor is not one this list gave out.")
    return Position(section, value, eid)


class Check:
    """What is left to check of each event that the indexes give: every filter but the ones they served."""

    def __init__(self, query: EventListQuery) -> None:
        self._query = query
        self._words = folded(query.q).split() if query.q else []
        self._facets = {facet: set(values) for facet, values in facet_filters(query).items()}
        self._ranks = set(shown_ranks(query))
        self._range = start_range(query)

    def __call__(self, item: Mapping[str, Any]) -> bool:
        """Whether the event is in the list."""
        meta: EventMeta = orjson.loads(item["doc"])
        return rank(item["frontend_status"]) in self._ranks and all(self._answers(item, meta))

    def _answers(self, item: Mapping[str, Any], meta: EventMeta) -> Iterator[bool]:
        query, start = self._query, meta["start_date_time"]
        yield (self._range.low or "") <= start and (self._range.high is None or start < self._range.high)
        if self._facets:
            values = facet_values(item)
            yield all(values[facet] in wanted for facet, wanted in self._facets.items())
        yield not query.client_campaign_status or item["client_campaign_status"] == query.client_campaign_status
        yield not query.marketing_campaign_status or marketing_status(item) == query.marketing_campaign_status
        yield not query.currency or meta["currency"] == query.currency
        yield not query.special_ad_category or meta["special_ad_category"] == query.special_ad_category
        yield not query.exclude_products or meta["category"].casefold() != "product"
        yield query.campaigns is None or item.get("has_active_campaigns", False) == query.campaigns
        yield query.simulated is None or meta["simulated"] == query.simulated
        yield not query.vh or hall_label(meta["venue_name"], meta["hall_name"]) in query.vh
        if self._words:
            yield mentioned(self._words, meta["title"], meta["venue_name"], meta["city"])


def marketing_status(item: Mapping[str, Any]) -> str:
    """What the audience gets: a running campaign that its client has paused is PAUSED."""
    status = str(item["campaign_status"])
    return str(item["client_campaign_status"]) if status == "RUNNING" else status
