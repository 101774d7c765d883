"""Pure rules of the counters behind `total`: what each event adds to which counter.

A counter is an attribute of an item. Per tenant there is one summary item (all events, by status, by campaign status),
one item per city, venue name and category, one per hall (what `/events/venues` lists), one that holds a number per day
of start, and one per day that holds a number per moment. Each is counted per rank (flagged, default, hidden), so that a
list of any of these, with or without hidden events, needs one item for its total.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

import orjson

from marquee.events.models import EventMeta, Item

FLAGGED, DEFAULT, HIDDEN = RANKS = ("0", "1", "2")
_RANK_OF = {"FLAGGED": FLAGGED, "HIDDEN": HIDDEN}
SUMMARY_FACETS = ("all", "status", "campaign_status")
VALUE_FACETS = ("city", "venue_name", "category")
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
        return Tally(f"T#{tenant}#C", "ALL", f"{facet}={value}#{of_rank}")
    return Tally(f"T#{tenant}#C#{facet}", value, f"r{of_rank}")


def days_key(tenant: str) -> tuple[str, str]:
    """Key of the item that holds a number per day of start."""
    return f"T#{tenant}#C#days", "ALL"


def day_key(tenant: str, day: str) -> tuple[str, str]:
    """Key of the item that holds a number per moment of one day (``2026-06-12``)."""
    return f"T#{tenant}#C#day", day


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
    hall = city_prefix(meta["city"]) + _digest(orjson.dumps([meta["venue_name"], meta["hall_name"]]).decode())
    return [
        *(facet_tally(tenant, facet, value, at) for facet, value in facet_values(item).items()),
        Tally(*days_key(tenant), f"{_day_number(day)}.{at}"),
        Tally(*day_key(tenant, day), f"{moment}.{at}"),
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
    if key == (f"T#{tenant}#C", "ALL"):
        return {"tenants_pk": "TENANTS", "tenant": tenant}
    if key[0] == halls_partition(tenant):
        meta: EventMeta = orjson.loads(item["doc"])
        if key in {(one.pk, one.sk) for one in tallies(tenant, item)}:
            return {"city": meta["city"], "venue_name": meta["venue_name"], "hall_name": meta["hall_name"]}
    return {}


def bounds_keys(tenant: str, low: str | None, high: str | None) -> list[tuple[str, str]]:
    """The counter items for a range of starts: the days', and a day's own where a bound is not midnight."""
    inside = {bound.partition("T")[0] for bound in (low, high) if bound and not bound.endswith(MIDNIGHT)}
    return [days_key(tenant), *(day_key(tenant, day) for day in sorted(inside))]


def count_between(items: Iterable[Mapping[str, Any]], low: str | None, high: str | None, ranks: Iterable[str]) -> int:
    """How many events of these ranks start at `low` or later and before `high`, from the items of `bounds_keys`."""
    if low and high and low >= high:
        return 0
    wanted = set(ranks)
    total = 0
    for item in items:
        numbers = {key: n for key, n in item.items() if isinstance(n, int) and key.rpartition(".")[2] in wanted}
        if item["sk"] == "ALL":
            first = _day_number(low.partition("T")[0]) if low else None
            last = _day_number(high.partition("T")[0]) if high else None
            for key, n in numbers.items():
                day = int(key.partition(".")[0])
                total += n if (first is None or day >= first) and (last is None or day < last) else 0
            continue
        for bound, sign in ((low, -1), (high, 1)):
            if bound and bound.startswith(item["sk"]):
                moment = bound.partition("T")[2]
                total += sign * sum(n for key, n in numbers.items() if key.rpartition(".")[0] < moment)
    return total


def _day_number(day: str) -> int:
    return date.fromisoformat(day).toordinal() - _EPOCH


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
