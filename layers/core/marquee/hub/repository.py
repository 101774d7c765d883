"""The Hub's events in DynamoDB.

Everything of one event lies under its key: the head (`EVENT`), its sessions (`SESSION#<uuid>`), and its entries in the
public lists. Whoever changes any of it writes the head in the same transaction, under the version that was read: so
rules that look at the whole event (overlaps, capacities, states) hold however many write at once.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from marquee import ddb, keys
from marquee.hub.listing import placing
from marquee.hub.models import Item
from marquee.hub.publication import pending
from marquee.settings import settings

_TOGETHER = 100
"""Writes that a transaction holds."""


class VersionMoved(Exception):
    """The event was written by somebody else since it was read."""


class Whole:
    """An event with its sessions, as stored."""

    __slots__ = ("head", "sessions")

    def __init__(self, head: Item, sessions: list[Item]) -> None:
        self.head = head
        self.sessions = sessions


def session_sk(uuid: str) -> str:
    """Sort key of a session."""
    return f"SESSION#{uuid}"


def head(tenant: str, uuid: str) -> Item | None:
    """The stored event, or None."""
    return ddb.get(settings().hub_table, keys.event(tenant, uuid), "EVENT")


def session(tenant: str, event_uuid: str, uuid: str) -> Item | None:
    """One session, or None."""
    return ddb.get(settings().hub_table, keys.event(tenant, event_uuid), session_sk(uuid))


def sessions(tenant: str, uuid: str) -> list[Item]:
    """All sessions of an event, in no order to rely on."""
    request: dict[str, Any] = {
        "TableName": settings().hub_table,
        "KeyConditionExpression": "pk = :pk AND begins_with(sk, :prefix)",
        "ExpressionAttributeValues": ddb.to_item({":pk": keys.event(tenant, uuid), ":prefix": session_sk("")}),
        "ConsistentRead": True,
    }
    found: list[Item] = []
    while True:
        answer = ddb.query(request)
        found += map(ddb.from_item, answer["Items"])
        if "LastEvaluatedKey" not in answer:
            return found
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def whole(tenant: str, uuid: str) -> Whole | None:
    """The event with its sessions, or None."""
    found = head(tenant, uuid)
    return Whole(found, sessions(tenant, uuid) if found["session_count"] else []) if found else None


def create(item: Item) -> bool:
    """Store a new event, and count and list it. False where its id is taken."""
    return not ddb.transact(creation(item))


def creation(item: Item) -> list[dict[str, Any]]:
    """The writes of the transaction that stores a new event, counts and lists it. Its id must not be taken."""
    stored = placing.placed(item)
    put = {
        "TableName": settings().hub_table,
        "Item": ddb.to_item(stored),
        "ConditionExpression": "attribute_not_exists(pk)",
    }
    return [{"Put": put}, *_companions(None, stored)]


def save(before: Item, changes: Item, *, put: Sequence[Item] = (), delete: Iterable[str] = ()) -> Item:
    """Apply `changes` to the event that was read, and put or delete these session items with it.

    Gives the event as stored. Raises VersionMoved where somebody else wrote since.
    """
    after = placing.placed({**before, **changes, "version": before["version"] + 1})
    table = settings().hub_table
    writes: list[dict[str, Any]] = [
        {
            "Put": {
                "TableName": table,
                "Item": ddb.to_item(after),
                "ConditionExpression": "version = :version",
                "ExpressionAttributeValues": ddb.to_item({":version": before["version"]}),
            }
        },
        *_companions(before, after),
        *({"Put": {"TableName": table, "Item": ddb.to_item(item)}} for item in put),
        *({"Delete": {"TableName": table, "Key": ddb.to_item({"pk": before["pk"], "sk": sk})}} for sk in delete),
    ]
    if ddb.transact(writes):
        raise VersionMoved
    return after


def remove(before: Item) -> None:
    """Delete an event's head, and take it out of lists and counters. Raises VersionMoved.

    What lies below it is nobody's then; `forget` deletes it.
    """
    delete = {
        "TableName": settings().hub_table,
        "Key": ddb.to_item({"pk": before["pk"], "sk": before["sk"]}),
        "ConditionExpression": "version = :version",
        "ExpressionAttributeValues": ddb.to_item({":version": before["version"]}),
    }
    if ddb.transact([{"Delete": delete}, *_companions(before, None)]):
        raise VersionMoved


def forget(tenant: str, uuid: str) -> None:
    """Delete the sessions that an event which is gone has left; repeated, it finds none."""
    table = settings().hub_table
    left = [ddb.to_item({"pk": item["pk"], "sk": item["sk"]}) for item in sessions(tenant, uuid)]
    for first in range(0, len(left), _TOGETHER):
        chunk = left[first : first + _TOGETHER]
        ddb.transact([{"Delete": {"TableName": table, "Key": key}} for key in chunk])


def _companions(before: Item | None, after: Item | None) -> list[dict[str, Any]]:
    """What is written with a head: its places in lists, counters, and the mark of a publication that is not over."""
    return [*placing.writes(before, after), *pending.writes(before, after)]
