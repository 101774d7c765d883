"""The heads that clears took away, in DynamoDB: made and given back in one transaction with the event's head.

A step that was given up may still be at work. So every transaction demands that its execution was not stopped, and
stopping is noted before anybody says how the execution ended.
"""

from collections.abc import Iterator
from typing import Any

import orjson

from marquee import ddb, keys
from marquee.errors import Conflict
from marquee.sales import repository, rules
from marquee.sales.clears.clear_models import ClearTask, Snapshot, SnapshotKey
from marquee.sales.ingests import ledger
from marquee.sales.models import Head, Item
from marquee.settings import settings

_DUE = "CLEARED"
_USABLE = "attribute_exists(pk) AND attribute_not_exists(undone) AND attribute_not_exists(purging)"
_FAILED = "ConditionalCheckFailed"


def _key(tenant: str, eid: str, sk: str) -> dict[str, Any]:
    return {"TableName": settings().sales_table, "Key": ddb.to_item({"pk": keys.event(tenant, eid), "sk": sk})}


def _snapshot_key(task: ClearTask | SnapshotKey) -> dict[str, Any]:
    return _key(task["tenant"], task["eid"], repository.CLEARED + task["clear_id"])


def _snapshot(item: Item) -> Snapshot:
    head: Head = orjson.loads(item["doc"])
    head["version"] = item["version"]
    return Snapshot(head, item["cleared_at"], item.get("undone"), "purging" in item)


def get(task: ClearTask | SnapshotKey) -> Snapshot | None:
    """What a clear took away, as of now (consistent); None where it did not happen, or was purged."""
    sk = repository.CLEARED + task["clear_id"]
    item = ddb.get(settings().sales_table, keys.event(task["tenant"], task["eid"]), sk)
    return _snapshot(item) if item else None


def of_event(tenant: str, eid: str) -> Iterator[tuple[str, Snapshot]]:
    """All snapshots of an event with the ids of their clears, as of now (consistent)."""
    request: dict[str, Any] = {
        "TableName": settings().sales_table,
        "ConsistentRead": True,
        "KeyConditionExpression": "pk = :pk AND begins_with(sk, :sk)",
        "ExpressionAttributeValues": ddb.to_item({":pk": keys.event(tenant, eid), ":sk": repository.CLEARED}),
    }
    while True:
        answer = ddb.query(request)
        for item in map(ddb.from_item, answer["Items"]):
            yield item["sk"].removeprefix(repository.CLEARED), _snapshot(item)
        if "LastEvaluatedKey" not in answer:
            return
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def clear(task: ClearTask, head: Head, now: str, purge_at: str) -> bool:
    """Put the head away and an empty one in its place, in one transaction. False where the head has moved on.

    Of an event without sales only the snapshot is written: it says that this clear is done. Raises Conflict where the
    execution was stopped.
    """
    tenant, eid = task["tenant"], task["eid"]
    item = repository.head_item(tenant, eid, head)
    snapshot = {name: item[name] for name in ("pk", "version", "doc")} | {
        "sk": repository.CLEARED + task["clear_id"],
        "cleared_at": now,
        "due_pk": _DUE,
        "due_sk": f"{purge_at}#{task['clear_id']}",
    }
    if head["visible"]:
        moving = repository.moving(tenant, eid, head, rules.cleared(head, task["clear_id"], now))
    else:
        moving = [repository.unchanged(tenant, eid, head["version"])]
    keeping = {
        "TableName": settings().sales_table,
        "Item": ddb.to_item(snapshot),
        "ConditionExpression": "attribute_not_exists(pk)",
    }
    return _transact(task, [*moving, {"Put": keeping}])


def give_back(task: ClearTask, before: Head, after: Head, stage: str) -> bool:
    """Move the head from `before`, as it was read, to `after` and note that the clear is undone, in one transaction.

    False where the head has moved on, or the clear is undone or being purged already. Raises Conflict where the
    execution was stopped.
    """
    noting = {
        **_snapshot_key(task),
        "UpdateExpression": "SET undone = :stage",
        "ConditionExpression": _USABLE,
        "ExpressionAttributeValues": ddb.to_item({":stage": stage}),
    }
    moving = repository.moving(task["tenant"], task["eid"], before, after)
    return _transact(task, [*moving, {"Update": noting}])


def _transact(task: ClearTask, writes: list[dict[str, Any]]) -> bool:
    execution = {"pk": ledger.execution_partition(task["tenant"], task["execution"]), "sk": "META"}
    running = {
        "TableName": settings().ledger_table,
        "Key": ddb.to_item(execution),
        "ConditionExpression": "attribute_not_exists(stopped_at)",
    }
    reasons = ddb.transact([*writes, {"ConditionCheck": running}])
    if reasons and reasons[-1] == _FAILED:
        raise Conflict("execution.cancelled", "This execution was cancelled.")
    return not reasons


# --- the end of snapshots ---------------------------------------------------------------------------------------------


def due(now: str, after: str | None, limit: int) -> tuple[list[SnapshotKey], str | None]:
    """Snapshots whose time is up, the longest due first, `limit` of them after the place `after`; and the next place.

    The index lags a little: one may be gone already.
    """
    answer = ddb.query(
        {
            "TableName": settings().sales_table,
            "IndexName": "due",
            "KeyConditionExpression": "due_pk = :pk AND due_sk BETWEEN :after AND :now",
            # No place begins with another: the next one is behind its predecessor and "!".
            "ExpressionAttributeValues": ddb.to_item({":pk": _DUE, ":after": f"{after or ''}!", ":now": f"{now}~"}),
            "Limit": limit,
        }
    )
    items = [ddb.from_item(item) for item in answer["Items"]]
    found: list[SnapshotKey] = []
    for item in items:
        tenant, eid = keys.tenant_and_eid(item["pk"])
        found.append({"tenant": tenant, "eid": eid, "clear_id": item["sk"].removeprefix(repository.CLEARED)})
    return found, items[-1]["due_sk"] if len(items) == limit else None


def begin_purge(place: SnapshotKey) -> bool:
    """Note that a snapshot is being purged: no undo can use it from now on. False where it is gone."""
    noting = {
        **_snapshot_key(place),
        "UpdateExpression": "SET purging = :yes",
        "ConditionExpression": "attribute_exists(pk)",
        "ExpressionAttributeValues": ddb.to_item({":yes": True}),
    }
    return not ddb.transact([{"Update": noting}])


def remove(place: SnapshotKey) -> None:
    """Delete a snapshot; deleting it again is fine."""
    ddb.transact([{"Delete": _snapshot_key(place)}])
