"""Pure rules of the counters behind `total`: what each event adds to which counter.

A counter is an attribute of an item. Per tenant there is one summary item (all events, and by each of their statuses),
one item per city, venue name and category, and one per hall (what `/events/venues` lists), counted per rank (flagged,
default, hidden): a list of any of these, with or without hidden events, needs one item for its total. For ranges of
starts there is an item that holds a number per day, and one per day that holds a number per moment. Those are kept
small, as their size is paid for: they tell only shown from hidden events.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

import orjson

from marquee.events.models import EventMeta, Item

FLAGGED, DEFAULT, HIDDEN = RANKS = ("0", "1", "2")
_RANK_OF = {"FLAGGED": FLAGGED, "HIDDEN": HIDDEN}
SUMMARY_FACETS = ("all", "status", "campaign_status")
VALUE_FACETS = ("city", "venue_name", "category")
OTHER_STATUSES = (
    "frontend_status",
    "client_campaign_status",
    "campaign_optimisation_status",
    "ad_campaign_optimisation_status",
    "has_active_campaigns",
)
"""Counted in the summary, for the tenant's statistics; lists do not go by them."""
MIDNIGHT = "00:00:00Z"
_EPOCH = date(1970, 1, 1).toordinal()


class Tally(NamedTuple):
    """One counter: its item's key, and its attribute."""

    pk: str
    sk: str
    attribute: str


def rank(frontend_status: str) -> str:
    """Where lists show an event of this frontend status: flagged first; hidden only where they are asked for."""
    return _RANK_OF.get(frontend_status, DEFAULT)


def facet_values(item: Mapping[str, Any]) -> dict[str, str]:
    """The values by which an event is listed and counted, by facet."""
    meta: EventMeta = orjson.loads(item["doc"])
    return {
        "all": "",
        "status": item["status"],
        "campaign_status": item["campaign_status"],
        "city": meta["city"],
        "venue_name": meta["venue_name"],
        "category": meta["category"],
    }


def facet_tally(tenant: str, facet: str, value: str, of_rank: str) -> Tally:
    """The counter of a facet's value."""
    if facet in SUMMARY_FACETS:
        return _summary(tenant, facet, value, of_rank)
    return Tally(f"T#{tenant}#C#{facet}", value, f"r{of_rank}")


def summary_key(tenant: str) -> tuple[str, str]:
    """The key of the tenant's summary item."""
    return f"T#{tenant}#C", "ALL"


def in_summary(item: Mapping[str, Any], name: str, value: str) -> int:
    """How many events of any rank have this value, from the summary item (empty where there is none)."""
    return sum(int(item.get(f"{name}={value}#{one}", 0)) for one in RANKS)


def _summary(tenant: str, name: str, value: str, of_rank: str) -> Tally:
    return Tally(*summary_key(tenant), f"{name}={value}#{of_rank}")


def visibilities(ranks: Collection[str]) -> tuple[str, ...]:
    """The classes that days are counted by, as far as these ranks need them: shown, hidden, or both."""
    shown = ("SHOWN",) if FLAGGED in ranks or DEFAULT in ranks else ()
    return (*shown, "HIDDEN") if HIDDEN in ranks else shown


def are_counted_by_day(ranks: Collection[str]) -> bool:
    """Whether the days' numbers are of exactly these ranks: they do not tell flagged from default events."""
    return (FLAGGED in ranks) == (DEFAULT in ranks)


def halls_partition(tenant: str) -> str:
    """Partition key of the tenant's halls."""
    return f"T#{tenant}#V"


def city_prefix(city: str) -> str:
    """What the sort keys of a city's halls begin with."""
    return f"{_digest(city)}#"


def tallies(tenant: str, item: Mapping[str, Any]) -> list[Tally]:
    """Every counter that counts this event."""
    at = rank(item["frontend_status"])
    meta: EventMeta = orjson.loads(item["doc"])
    day, _, moment = meta["start_date_time"].partition("T")
    (seen,) = visibilities(at)
    hall = city_prefix(meta["city"]) + _digest(orjson.dumps([meta["venue_name"], meta["hall_name"]]).decode())
    return [
        *(facet_tally(tenant, facet, value, at) for facet, value in facet_values(item).items()),
        *(_summary(tenant, name, str(item.get(name, False)), at) for name in OTHER_STATUSES),
        Tally(_days(tenant), seen, str(_day_number(day))),
        Tally(_day(tenant, day), seen, moment),
        Tally(halls_partition(tenant), hall, f"r{at}"),
    ]


def tally_changes(tenant: str, before: Item | None, after: Item | None) -> dict[tuple[str, str], dict[str, int]]:
    """By how much each counter moves when an event goes from `before` to `after` (None: there is no event)."""
    moved: Counter[Tally] = Counter(tallies(tenant, after) if after else ())
    moved.subtract(tallies(tenant, before) if before else ())
    changes: dict[tuple[str, str], dict[str, int]] = {}
    for (pk, sk, attribute), delta in sorted(moved.items()):
        if delta:
            changes.setdefault((pk, sk), {})[attribute] = delta
    return changes


def names_kept_with(tenant: str, key: tuple[str, str], item: Item) -> dict[str, Any]:
    """What stands beside the numbers of a counter item that `item` is counted in: its place in an index, or names."""
    if key == summary_key(tenant):
        return {"tenants_pk": "TENANTS", "tenant": tenant}
    if key[0] == halls_partition(tenant):
        meta: EventMeta = orjson.loads(item["doc"])
        if key in {(one.pk, one.sk) for one in tallies(tenant, item)}:
            return {"city": meta["city"], "venue_name": meta["venue_name"], "hall_name": meta["hall_name"]}
    return {}


def bounds_keys(tenant: str, low: str | None, high: str | None, ranks: Collection[str]) -> list[tuple[str, str]]:
    """The counter items for a range of starts: the days', and a day's own where a bound is not midnight."""
    inside = {bound.partition("T")[0] for bound in (low, high) if bound and not bound.endswith(MIDNIGHT)}
    partitions = [_days(tenant), *(_day(tenant, day) for day in sorted(inside))]
    return [(partition, seen) for partition in partitions for seen in visibilities(ranks)]


def count_between(items: Iterable[Mapping[str, Any]], low: str | None, high: str | None) -> int:
    """How many events start at `low` or later and before `high`, from the items of `bounds_keys`."""
    if low and high and low >= high:
        return 0
    total = 0
    for item in items:
        numbers = {name: n for name, n in item.items() if name not in {"pk", "sk"}}
        day = item["pk"].partition("#C#day#")[2]
        if day:
            for bound, sign in ((low, -1), (high, 1)):
                if bound and bound.startswith(day):
                    total += sign * sum(n for moment, n in numbers.items() if moment < bound.partition("T")[2])
            continue
        first = _day_number(low.partition("T")[0]) if low else -(10**9)
        last = _day_number(high.partition("T")[0]) if high else 10**9
        total += sum(n for number, n in numbers.items() if first <= int(number) < last)
    return total


def _days(tenant: str) -> str:
    """Partition of the items that hold a number per day of start."""
    return f"T#{tenant}#C#days"


def _day(tenant: str, day: str) -> str:
    """Partition of the items that hold a number per moment of one day (``2026-06-12``)."""
    return f"T#{tenant}#C#day#{day}"


def _day_number(day: str) -> int:
    return date.fromisoformat(day).toordinal() - _EPOCH


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
