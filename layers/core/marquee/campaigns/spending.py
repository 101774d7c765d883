"""What all of a tenant's campaigns have cost and sold, per currency: counters that move with each campaign's delivery.

Spread over a few items by event, like the totals of sales, so that campaigns whose delivery comes in at the same time
rarely wait for one another. What was spent stays spent: resetting an event's campaigns takes nothing off.
"""

from collections import Counter
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, NamedTuple

from marquee import ddb
from marquee.settings import settings

SHARDS = 16


class Spending(NamedTuple):
    """Minor units of one currency: what campaigns cost, and the revenue that their platforms report for them."""

    spent: int
    revenue: int


def updates(tenant: str, eid: str, currency: str, by: Spending) -> list[dict[str, Any]]:
    """A transaction's writes that count so much more of one event's campaigns; none where there is nothing to count.

    The transaction has to demand that it was not counted before.
    """
    deltas = {f"{name}#{currency}": value for name, value in by._asdict().items() if value}
    if not deltas:
        return []
    clause, names, values = ddb.add_expression(deltas)
    shard = int(sha256(eid.encode()).hexdigest()[:8], 16) % SHARDS
    update = {
        "TableName": settings().campaigns_table,
        "Key": ddb.to_item({"pk": _partition(tenant), "sk": f"{shard:02}"}),
        "UpdateExpression": clause,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }
    return [{"Update": update}]


def read(tenant: str) -> dict[str, Spending]:
    """What was spent by now (consistent) in each currency that anything was spent in, from `SHARDS` items at most."""
    request = {
        "TableName": settings().campaigns_table,
        "ConsistentRead": True,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": ddb.to_item({":pk": _partition(tenant)}),
    }
    sums: Counter[str] = Counter()
    for shard in map(ddb.from_item, ddb.query(request)["Items"]):
        sums.update(_numbers(shard))
    codes = sorted({name.partition("#")[2] for name, value in sums.items() if value})
    return {code: Spending(sums[f"spent#{code}"], sums[f"revenue#{code}"]) for code in codes}


def _numbers(shard: Mapping[str, Any]) -> dict[str, int]:
    return {name: value for name, value in shard.items() if name not in {"pk", "sk"}}


def _partition(tenant: str) -> str:
    return f"T#{tenant}#SPENDING"
