"""What all of a tenant's events have sold, per currency: counters that move in one transaction with the events' heads.

The counters are spread over `SHARDS` items by event, so that events that are committed at the same time rarely wait for
one another; all of them are small and under one key, and one Query reads them whatever the number of events.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, NamedTuple

from marquee import ddb
from marquee.sales.models import Figures, Head
from marquee.settings import settings

SHARDS = 16
_COUNTED = ("tickets", "revenue", "purchases")


class CurrencyTotal(NamedTuple):
    """What was sold in one currency (revenue in minor units), by how many events."""

    events: int
    tickets: int
    revenue: int
    purchases: int


class TenantTotals(NamedTuple):
    """How many events have sales, and what they sold, by currency."""

    events: int
    currencies: dict[str, CurrencyTotal]


def moved(before: Head, after: Head) -> dict[str, int]:
    """By how much each counter moves when an event's head goes from one to the other; empty where none does."""
    sums = Counter(_counted(after))
    sums.subtract(_counted(before))
    return {name: delta for name, delta in sorted(sums.items()) if delta}


def _counted(head: Head) -> dict[str, int]:
    if not head["visible"]:
        return {}
    return {"events": 1} | {
        f"{name}#{currency}": value
        for currency, figures in head["kpi"].items()
        for name, value in (("events", 1), *_values(figures))
    }


def _values(figures: Figures) -> Iterable[tuple[str, int]]:
    return (("tickets", figures["tickets"]), ("revenue", figures["revenue"]), ("purchases", figures["purchases"]))


def added_up(shards: Iterable[Mapping[str, Any]]) -> TenantTotals:
    """The totals from their items. A currency that no event has sales in any more is left out."""
    sums: Counter[str] = Counter()
    for shard in shards:
        sums.update({name: value for name, value in shard.items() if name not in {"pk", "sk"}})
    codes = sorted(name.partition("#")[2] for name, value in sums.items() if name.startswith("events#") and value)
    totals = {
        code: CurrencyTotal(sums[f"events#{code}"], *(sums[f"{name}#{code}"] for name in _COUNTED)) for code in codes
    }
    return TenantTotals(sums["events"], totals)


def updates(tenant: str, eid: str, before: Head, after: Head) -> list[dict[str, Any]]:
    """A transaction's writes that belong to moving an event's head from one to the other; none where nothing counts.

    The transaction has to demand that the head is still `before`.
    """
    deltas = moved(before, after)
    if not deltas:
        return []
    clause, names, values = ddb.add_expression(deltas)
    update = {
        "TableName": settings().sales_table,
        "Key": ddb.to_item({"pk": _partition(tenant), "sk": _shard(eid)}),
        "UpdateExpression": clause,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }
    return [{"Update": update}]


def read(tenant: str) -> TenantTotals:
    """The tenant's totals as of now (consistent), from `SHARDS` items at most in one request."""
    answer = ddb.query(
        {
            "TableName": settings().sales_table,
            "ConsistentRead": True,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": ddb.to_item({":pk": _partition(tenant)}),
        }
    )
    return added_up(map(ddb.from_item, answer["Items"]))


def _partition(tenant: str) -> str:
    return f"T#{tenant}#TOTALS"


def _shard(eid: str) -> str:
    return f"{int(sha256(eid.encode()).hexdigest()[:8], 16) % SHARDS:02}"
