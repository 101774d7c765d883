"""What is noted of back-fills, in the table of ledgers: one item for the back-fill, and one a file.

The item of a file holds at first that its ingest runs, then how that ended, once.
"""

from collections.abc import Iterator
from typing import Any

from marquee import ddb
from marquee.sales.backfills.backfill_models import FileStatus, Note, Order
from marquee.sales.ingests import ledger
from marquee.settings import settings

_META = "META"
_FILE = "FILE#"
_READ = 500


def _partition(tenant: str, backfill: str) -> str:
    return f"T#{tenant}#B#{backfill}"


def _key(tenant: str, backfill: str, sk: str) -> dict[str, Any]:
    key = ddb.to_item({"pk": _partition(tenant, backfill), "sk": sk})
    return {"TableName": settings().ledger_table, "Key": key}


def open_order(order: Order) -> None:
    """Note that a back-fill has begun; repeated, it changes nothing."""
    clause, names, values = ddb.set_expression(
        {"prefix": order["prefix"], "mode": order["mode"], "started_at": order["started_at"]}
    )
    ddb.transact(
        [
            {
                "Update": {
                    **_key(order["tenant"], order["backfill"], _META),
                    "UpdateExpression": clause,
                    "ExpressionAttributeNames": names,
                    "ExpressionAttributeValues": values,
                }
            }
        ]
    )


def is_open(tenant: str, backfill: str) -> bool:
    """Whether the back-fill has begun."""
    item = ddb.get(settings().ledger_table, _partition(tenant, backfill), _META)
    return item is not None and "started_at" in item


def stop(tenant: str, backfill: str, now: str) -> None:
    """Note that the back-fill was stopped: from now on it starts no ingest."""
    stopping = {
        **_key(tenant, backfill, _META),
        "UpdateExpression": "SET stopped_at = if_not_exists(stopped_at, :now)",
        "ExpressionAttributeValues": ddb.to_item({":now": now}),
    }
    ddb.transact([{"Update": stopping}])


def is_stopped(tenant: str, backfill: str) -> bool:
    """Whether the back-fill was stopped; what was noted before this read is seen by whoever stops it."""
    item = ddb.get(settings().ledger_table, _partition(tenant, backfill), _META)
    return item is not None and "stopped_at" in item


def get(tenant: str, backfill: str, file: str) -> Note | None:
    """What is noted of a file."""
    item = ddb.get(settings().ledger_table, _partition(tenant, backfill), _FILE + file)
    return _note(item) if item else None


def put(tenant: str, backfill: str, note: Note) -> bool:
    """Note something of a file whose end is not noted yet. False, and nothing written, where it is.

    A file that was replaced since is another file.
    """
    clause, names, values = ddb.set_expression(note)
    update = {
        **_key(tenant, backfill, _FILE + note["file"]),
        "UpdateExpression": clause,
        "ConditionExpression": "attribute_not_exists(pk) OR #status = :running OR #etag <> :etag",
        "ExpressionAttributeNames": {**names, "#status": "status", "#etag": "etag"},
        "ExpressionAttributeValues": {**values, **ddb.to_item({":running": "RUNNING", ":etag": note["etag"]})},
    }
    return not ddb.transact([{"Update": update}])


def ingest_of(tenant: str, execution: str) -> str | None:
    """The ingest that an execution of `sales_ingest` has opened, if any."""
    item = ddb.get(settings().ledger_table, ledger.execution_partition(tenant, execution), _META)
    return item.get("ingest_id") if item else None


def all_of(tenant: str, backfill: str) -> Iterator[Note]:
    """All notes of files, in the order of names, as of now (consistent)."""
    after: str | None = None
    while True:
        notes, after = page(tenant, backfill, _READ, after, consistent=True)
        yield from notes
        if after is None:
            return


def page(
    tenant: str,
    backfill: str,
    limit: int,
    after: str | None,
    status: FileStatus | None = None,
    *,
    consistent: bool = False,
) -> tuple[list[Note], str | None]:
    """Notes among the `limit` files after the file `after`, those with a status only; and where to go on."""
    request: dict[str, Any] = {
        "TableName": settings().ledger_table,
        "KeyConditionExpression": "pk = :pk AND begins_with(sk, :file)",
        "ExpressionAttributeValues": ddb.to_item({":pk": _partition(tenant, backfill), ":file": _FILE}),
        "Limit": limit,
        "ConsistentRead": consistent,
    }
    if after is not None:
        request["ExclusiveStartKey"] = _key(tenant, backfill, _FILE + after)["Key"]
    if status is not None:
        request["FilterExpression"] = "#status = :status"
        request["ExpressionAttributeNames"] = {"#status": "status"}
        request["ExpressionAttributeValues"][":status"] = {"S": status}
    answer = ddb.query(request)
    last = answer.get("LastEvaluatedKey")
    following = ddb.from_item(last)["sk"].removeprefix(_FILE) if last else None
    return [_note(ddb.from_item(item)) for item in answer["Items"]], following


def _note(item: dict[str, Any]) -> Note:
    return {name: item[name] for name in Note.__annotations__}  # type: ignore[return-value]
