"""A tenant with any number of events, written in bulk: the items and counters that the event domain's rules make."""

import random
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import orjson

from marquee import ddb
from marquee.events import listing, rules, tallies
from tests.support.events import meta

Item = dict[str, Any]
_FIRST = datetime(2026, 1, 1, tzinfo=UTC)
_DAYS = 730
CITIES = [f"City {number:02d}" for number in range(40)]
CATEGORIES = ["concert", "theatre", "sports", "comedy", "fair", "musical", "festival", "opera"]


def made_up(tenant: str, count: int, seed: int = 1) -> Iterator[Item]:
    """`count` events as stored, spread over two years, forty cities of three venues, eight categories."""
    choose = random.Random(seed)
    for number in range(count):
        start = _FIRST + timedelta(days=choose.randrange(_DAYS), minutes=15 * choose.randrange(40, 92))
        city = choose.choice(CITIES)
        described = meta(
            title=f"An Evening with Number {number}",
            start_date_time=f"{start:%Y-%m-%dT%H:%M:%SZ}",
            city=city,
            venue_name=f"{city} {choose.choice(['Arena', 'Opera', 'Club'])}",
            capacity=choose.choice([200, 2_000, 20_000]),
            category=choose.choice(CATEGORIES),
        )
        item = rules.new_item(tenant, f"evt_{number:08d}", described, 1, "2026-01-01T00:00:00Z") | {
            "frontend_status": choose.choices(["DEFAULT", "FLAGGED", "HIDDEN"], [88, 7, 5])[0],
            "status": choose.choices(["active", "archived", "cancelled"], [80, 12, 8])[0],
            "campaign_status": choose.choices(["OPEN", "RUNNING", "CLOSED", "IGNORED"], [60, 20, 12, 8])[0],
        }
        yield item | listing.index_keys(tenant, item)


def counters(tenant: str, items: Iterable[Item]) -> list[Item]:
    """The counter items that the events' writes would have left."""
    found: dict[tuple[str, str], Item] = {}
    for item in items:
        for key, deltas in tallies.tally_changes(tenant, None, item).items():
            counter = found.setdefault(key, {"pk": key[0], "sk": key[1], **tallies.names_kept_with(tenant, key, item)})
            for name, delta in deltas.items():
                counter[name] = counter.get(name, 0) + delta
    return list(found.values())


def load(client: Any, table: str, items: Iterable[Item]) -> None:
    """Write items in batches."""
    waiting = iter(items)
    while batch := list(islice(waiting, 25)):
        client.batch_write_item(RequestItems={table: [{"PutRequest": {"Item": ddb.to_item(item)}} for item in batch]})


def billed_bytes(item: Item) -> int:
    """An item's size as DynamoDB bills it: names and values in UTF-8, numbers by their digits."""
    size = 0
    for name, value in item.items():
        size += len(name.encode())
        match value:
            case bool() | None:
                size += 1
            case int():
                size += len(str(abs(value))) // 2 + 2
            case str():
                size += len(value.encode())
            case bytes():
                size += len(value)
            case _:
                size += len(orjson.dumps(value))
    return size
