"""Registry events in DynamoDB, three items each.

`META` is the record, `FE` what the frontend shows of it, `MAIN` which version Main should have and has. Whoever writes
the record marks `MAIN` as pending in the same transaction; `event_intake` takes the mark away. So an intake that was
lost is found in the sparse index `pending`, without looking at every event.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from botocore.exceptions import ClientError

from marquee import ddb, keys
from marquee.preconditions import Precondition
from marquee.registry import rules
from marquee.registry.models import Item
from marquee.settings import settings

# A transaction takes a hundred writes, and an event is two.
CREATED_TOGETHER = 50
_REFUSED = "ConditionalCheckFailed"
_MOST_OPERANDS = 100  # of IN
_ANY_VERSION = Precondition()


class VersionMoved(Exception):
    """The record was written by somebody else since it was read."""


def create(tenant: str, items: Sequence[Item]) -> list[str]:
    """Store new events, all of them or none. Returns the ids that are taken; nothing where all are stored."""
    writes = [write for item in items for write in (_put(item), _mark_pending(tenant, item))]
    reasons = ddb.transact(writes)
    return [item["eid"] for item, reason in zip(items, reasons[::2], strict=False) if reason == _REFUSED]


def _put(item: Item) -> dict[str, Any]:
    return {
        "Put": {
            "TableName": settings().registry_table,
            "Item": ddb.to_item(item),
            "ConditionExpression": "attribute_not_exists(pk)",
        }
    }


def update(tenant: str, before: Item, changes: Item) -> Item:
    """Apply `changes` to the version that was read. Returns the item as stored.

    Raises VersionMoved where somebody else wrote since.
    """
    after = {**before, **changes, "version": before["version"] + 1}
    clause, names, attributes = ddb.set_expression({**changes, "version": after["version"]})
    write = {
        "Update": {
            "TableName": settings().registry_table,
            "Key": ddb.to_item({"pk": before["pk"], "sk": "META"}),
            "UpdateExpression": clause,
            "ConditionExpression": "version = :before",
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": {**attributes, ":before": ddb.to_attribute(before["version"])},
        }
    }
    if ddb.transact([write, _mark_pending(tenant, after)]):
        raise VersionMoved
    return after


def put_together(pairs: Sequence[tuple[Item | None, Item]], checks: Sequence[dict[str, Any]]) -> bool:
    """Store these records, each over the one that was read (None: there was none), all or none, marking nothing.

    False where somebody else wrote one since. Raises `ddb.CheckFailed` where one of the `checks` does not hold.
    """
    writes = []
    for before, after in pairs:
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if before is not None:
            values = ddb.to_item({":before": before["version"]})
            condition = {"ConditionExpression": "version = :before", "ExpressionAttributeValues": values}
        writes.append({"Put": {"TableName": settings().registry_table, "Item": ddb.to_item(after), **condition}})
    return not ddb.transact_under(checks, writes)


def _mark_pending(tenant: str, item: Item) -> dict[str, Any]:
    """Main should have this version. The mark keeps the time of the oldest change that Main has not taken."""
    return {
        "Update": {
            "TableName": settings().registry_table,
            "Key": ddb.to_item({"pk": item["pk"], "sk": "MAIN"}),
            "UpdateExpression": (
                "SET wanted_version = :version, pending_pk = :pending, pending_sk = if_not_exists(pending_sk, :since)"
            ),
            "ExpressionAttributeValues": ddb.to_item(
                {
                    ":version": item["version"],
                    ":pending": rules.PENDING,
                    ":since": rules.pending_since(tenant, item["eid"], item["updated_at"]),
                }
            ),
        }
    }


def get(tenant: str, eid: str) -> Item | None:
    """The stored record, or None."""
    return ddb.get(settings().registry_table, keys.event(tenant, eid), "META")


def get_with_frontend(tenant: str, eid: str) -> tuple[Item, Item | None] | None:
    """The record and the frontend state, in one read; None where there is no such event."""
    answer = ddb.query(
        {
            "TableName": settings().registry_table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": ddb.to_item({":pk": keys.event(tenant, eid)}),
            "ConsistentRead": True,
        }
    )
    items = {str(item["sk"]): item for item in map(ddb.from_item, answer["Items"])}
    return (items["META"], items.get("FE")) if "META" in items else None


def get_many(tenant: str, eids: Iterable[str]) -> dict[str, Item]:
    """The stored records of those events that exist, by id."""
    wanted = [(keys.event(tenant, eid), "META") for eid in eids]
    return {str(item["eid"]): item for item in ddb.batch_get(settings().registry_table, wanted, consistent=True)}


def get_many_with_frontend(tenant: str, eids: Iterable[str]) -> dict[str, tuple[Item, Item | None]]:
    """The records of those events that exist with their frontend states, by id."""
    wanted = [(keys.event(tenant, eid), kind) for eid in eids for kind in ("META", "FE")]
    found = ddb.batch_get(settings().registry_table, wanted, consistent=True)
    shown = {item["pk"]: item for item in found if item["sk"] == "FE"}
    return {str(item["eid"]): (item, shown.get(item["pk"])) for item in found if item["sk"] == "META"}


def pending(older_than: str, limit: int) -> list[tuple[str, str]]:
    """(tenant, id) of the events with a change that Main has not taken since before `older_than`, oldest first.

    The one read across tenants; only the reconciler comes here.
    """
    request: dict[str, Any] = {
        "TableName": settings().registry_table,
        "IndexName": "pending",
        "KeyConditionExpression": "pending_pk = :pending AND pending_sk < :older_than",
        "ExpressionAttributeValues": ddb.to_item({":pending": rules.PENDING, ":older_than": older_than}),
    }
    found: list[dict[str, Any]] = []
    while len(found) < limit:
        answer = ddb.query({**request, "Limit": limit - len(found)})
        found += answer["Items"]
        if "LastEvaluatedKey" not in answer:
            break
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
    return [keys.tenant_and_eid(item["pk"]["S"]) for item in found]


def mark_taken(tenant: str, eid: str, version: int) -> None:
    """Take the mark away, unless a newer version is wanted by now."""
    try:
        ddb.aws_client("dynamodb").update_item(
            TableName=settings().registry_table,
            Key=ddb.to_item({"pk": keys.event(tenant, eid), "sk": "MAIN"}),
            UpdateExpression="SET main_version = :version REMOVE pending_pk, pending_sk",
            ConditionExpression="attribute_not_exists(wanted_version) OR wanted_version <= :version",
            ExpressionAttributeValues=ddb.to_item({":version": version}),
        )
    except ClientError as error:
        if not ddb.condition_failed(error):
            raise ddb.translate(error) from error


def write_frontend(
    tenant: str, eid: str, values: Item, *, newer_than: int | None = None, precondition: Precondition = _ANY_VERSION
) -> bool:
    """Record what the frontend shows, together with the proof that the event exists.

    With `newer_than`, only over a state of a lower sequence. False where a newer one is there already; then nothing is
    to be done. Raises LookupError where there is no such event in a version that `precondition` allows.
    """
    write = _frontend(tenant, eid, values)
    if newer_than is not None:
        write["ConditionExpression"] = "attribute_not_exists(frontend_sequence) OR frontend_sequence < :newer"
        write["ExpressionAttributeValues"][":newer"] = ddb.to_attribute(newer_than)
    reasons = ddb.transact([{"ConditionCheck": _exists(tenant, eid, precondition)}, {"Update": write}])
    if reasons and reasons[0] == _REFUSED:
        raise LookupError(eid)
    return not reasons


def write_frontends(tenant: str, eids: Sequence[str], values: Item) -> bool:
    """Record the same of several events, at most `CREATED_TOGETHER`; False where one of them does not exist."""
    checks = [{"ConditionCheck": _exists(tenant, eid, _ANY_VERSION)} for eid in eids]
    return not ddb.transact([*checks, *({"Update": _frontend(tenant, eid, values)} for eid in eids)])


def _frontend(tenant: str, eid: str, values: Item) -> dict[str, Any]:
    clause, names, attributes = ddb.set_expression(values)
    return {
        "TableName": settings().registry_table,
        "Key": ddb.to_item({"pk": keys.event(tenant, eid), "sk": "FE"}),
        "UpdateExpression": f"{clause} ADD revision :one",
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": {**attributes, ":one": ddb.to_attribute(1)},
    }


def _exists(tenant: str, eid: str, precondition: Precondition) -> dict[str, Any]:
    check: dict[str, Any] = {
        "TableName": settings().registry_table,
        "Key": ddb.to_item({"pk": keys.event(tenant, eid), "sk": "META"}),
        "ConditionExpression": "attribute_exists(pk)",
    }
    if precondition.versions is not None:
        # No version is 0: a precondition that names none of ours holds for none.
        versions = list(dict.fromkeys(precondition.versions))[:_MOST_OPERANDS] or [0]
        allowed = {f":v{index}": version for index, version in enumerate(versions)}
        check["ConditionExpression"] = f"version IN ({', '.join(allowed)})"
        check["ExpressionAttributeValues"] = ddb.to_item(allowed)
    return check
