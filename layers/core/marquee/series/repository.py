"""Series in DynamoDB: one item that lists the members, and `series_id` on each member's event item.

Both change together, in one transaction. The event item keeps its place in lists and counters: nothing else of it
moves here but its version.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from marquee import ddb, keys
from marquee.events.models import Item
from marquee.series.models import Membership, View
from marquee.settings import settings


def view(tenant: str, eids: Sequence[str], also: Sequence[str] = ()) -> View:
    """These events as far as they exist, the series they are in, and `also` these: each item as when it is read."""
    found = events(tenant, eids)
    ids = list(dict.fromkeys([*also, *(item["series_id"] for item in found.values() if "series_id" in item)]))
    table = settings().events_table
    series = ddb.batch_get(table, [(keys.series(tenant, one), "SERIES") for one in ids], consistent=True)
    return View(found, {str(item["series_id"]): item for item in series})


def events(tenant: str, eids: Sequence[str]) -> dict[str, Item]:
    """The event items among these, by id."""
    table = settings().events_table
    found = ddb.batch_get(table, [(keys.event(tenant, eid), "EVENT") for eid in eids], consistent=True)
    return {str(item["eid"]): item for item in found}


def write(
    tenant: str,
    series_id: str,
    version: int,
    membership: Membership,
    at: str,
    guard: tuple[str, int] | None = None,
) -> bool:
    """Bring the series (`version` 0: there is none yet) and its events to the new membership, all or nothing.

    `guard` names an event that must still have this version. False where somebody else wrote meanwhile.
    """
    writes = [
        _series_write(tenant, series_id, version, membership, at),
        *(_join(tenant, eid, series_id, at, _guarded(guard, eid)) for eid in membership.joining),
        *(_leave(tenant, eid, series_id, at, _guarded(guard, eid)) for eid in membership.leaving),
    ]
    if guard and guard[0] not in {*membership.joining, *membership.leaving}:
        check = {
            **_event(tenant, guard[0]),
            "ConditionExpression": "version = :guard",
            "ExpressionAttributeValues": ddb.to_item({":guard": guard[1]}),
        }
        writes.append({"ConditionCheck": check})
    return not ddb.transact(writes)


def _series_write(tenant: str, series_id: str, version: int, membership: Membership, at: str) -> dict[str, Any]:
    table, key = settings().events_table, {"pk": keys.series(tenant, series_id), "sk": "SERIES"}
    if not membership.after:
        return {
            "Delete": {
                "TableName": table,
                "Key": ddb.to_item(key),
                "ConditionExpression": "version = :before",
                "ExpressionAttributeValues": ddb.to_item({":before": version}),
            }
        }
    values = {"series_id": series_id, "members": membership.after, "version": version + 1, "updated_at": at}
    if not version:
        put = {
            "TableName": table,
            "Item": ddb.to_item(key | values),
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        return {"Put": put}
    clause, names, attributes = ddb.set_expression(values)
    return {
        "Update": {
            "TableName": table,
            "Key": ddb.to_item(key),
            "UpdateExpression": clause,
            "ConditionExpression": "version = :before",
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": attributes | ddb.to_item({":before": version}),
        }
    }


def _join(tenant: str, eid: str, series_id: str, at: str, guarded: Mapping[str, int]) -> dict[str, Any]:
    values = {":series": series_id, ":at": at, ":one": 1, ":active": "active", **guarded}
    return {
        "Update": {
            **_event(tenant, eid),
            "UpdateExpression": "SET series_id = :series, updated_at = :at ADD version :one",
            "ConditionExpression": "attribute_exists(pk) AND attribute_not_exists(series_id) AND #status = :active"
            + _and_version(guarded),
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": ddb.to_item(values),
        }
    }


def _leave(tenant: str, eid: str, series_id: str, at: str, guarded: Mapping[str, int]) -> dict[str, Any]:
    values = {":series": series_id, ":at": at, ":one": 1, **guarded}
    return {
        "Update": {
            **_event(tenant, eid),
            "UpdateExpression": "REMOVE series_id SET updated_at = :at ADD version :one",
            "ConditionExpression": "series_id = :series" + _and_version(guarded),
            "ExpressionAttributeValues": ddb.to_item(values),
        }
    }


def _event(tenant: str, eid: str) -> dict[str, Any]:
    return {"TableName": settings().events_table, "Key": ddb.to_item({"pk": keys.event(tenant, eid), "sk": "EVENT"})}


def _guarded(guard: tuple[str, int] | None, eid: str) -> dict[str, int]:
    return {":guard": guard[1]} if guard and guard[0] == eid else {}


def _and_version(guarded: Mapping[str, int]) -> str:
    return " AND version = :guard" if guarded else ""
