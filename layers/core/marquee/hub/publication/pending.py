"""The mark of a publication that is not over: below the event, written and deleted with its head.

It carries the publication's sequence. Whatever is written on another host for a publication is written under the
condition that its mark stands (`check`), so one that was replaced, or is over, writes nothing any more. And marks of
all tenants stand in one partition of an index, by age: what was lost on the way is found there.
"""

from collections.abc import Mapping
from typing import Any

from marquee import ddb, keys
from marquee.hub.models import Item
from marquee.settings import settings

SK = "PENDING"
PARTITION = "PENDING"


def writes(before: Item | None, after: Item | None) -> list[dict[str, Any]]:
    """The writes of the transaction that takes an event from `before` to `after` (None: there is none)."""
    was, now = mark(before), mark(after)
    table = settings().hub_table
    if now is not None:
        return [{"Put": {"TableName": table, "Item": ddb.to_item(now)}}] if was != now else []
    return [{"Delete": {"TableName": table, "Key": ddb.to_item({"pk": was["pk"], "sk": SK})}}] if was else []


def mark(head: Mapping[str, Any] | None) -> Item | None:
    """The mark that belongs to the event as it is; None where no publication runs."""
    publication = (head or {}).get("publication")
    if head is None or publication is None or publication["phase"] != "running":
        return None
    return {
        "pk": head["pk"],
        "sk": SK,
        "list_pk": PARTITION,
        "created_sk": f"{publication['at']}#{head['tenant']}#{head['uuid']}",
        "tenant": head["tenant"],
        "uuid": head["uuid"],
        "publication_id": publication["id"],
        "kind": publication["kind"],
        "mark_sequence": publication["sequence"],
    }


def check(tenant: str, uuid: str, publication_id: str, sequence: int) -> dict[str, Any]:
    """The transaction's condition that this publication is still running, in this sequence."""
    return {
        "ConditionCheck": {
            "TableName": settings().hub_table,
            "Key": ddb.to_item({"pk": keys.event(tenant, uuid), "sk": SK}),
            "ConditionExpression": "publication_id = :id AND mark_sequence = :sequence",
            "ExpressionAttributeValues": ddb.to_item({":id": publication_id, ":sequence": sequence}),
        }
    }


def older_than(moment: str, limit: int) -> list[Item]:
    """Marks from before `moment`, the oldest first. For the reconciler only: it is the one view across tenants."""
    request: dict[str, Any] = {
        "TableName": settings().hub_table,
        "IndexName": "by_created",
        "KeyConditionExpression": "list_pk = :pending AND created_sk < :moment",
        "ExpressionAttributeValues": ddb.to_item({":pending": PARTITION, ":moment": moment}),
    }
    found: list[Item] = []
    while len(found) < limit:
        answer = ddb.query({**request, "Limit": limit - len(found)})
        found += map(ddb.from_item, answer["Items"])
        if "LastEvaluatedKey" not in answer:
            break
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
    return found
