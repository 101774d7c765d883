"""Duplicates in DynamoDB: first the sessions, then the head, with which the event begins to be.

Several attempts may be at the same duplicate, one after a crash or a few at once, and may have read different versions
of the original. Whoever came last has the mark `COPY` of the event to be; each of its writes holds that it still does.
So what is laid down is of one attempt only once the head is written, and nobody writes below a head that is there.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from marquee import ddb
from marquee.hub import repository
from marquee.hub.models import Item
from marquee.settings import settings


class Overtaken(Exception):
    """The event is there already, or another attempt has taken over."""


_TOGETHER = 98
"""Writes of a transaction, which holds 100, beside the mark and the head."""


def begin(head: Item, attempt: str) -> None:
    """Take over the duplicate with this head, and clear what attempts before this one left. Raises Overtaken."""
    mark = {"pk": head["pk"], "sk": _MARK, "attempt": attempt}
    put = {"TableName": settings().hub_table, "Item": ddb.to_item(mark)}
    _transact([{"Put": put}, _no_head(head)])


def clear(head: Item, attempt: str, kept: Sequence[Item]) -> None:
    """Delete the sessions that attempts before this one left, but those that are to be `kept`. Raises Overtaken."""
    wanted = {item["sk"] for item in kept}
    left = [item["sk"] for item in repository.sessions(head["tenant"], head["uuid"]) if item["sk"] not in wanted]
    table = settings().hub_table
    for chunk in _chunks(left):
        keys_of = [ddb.to_item({"pk": head["pk"], "sk": sk}) for sk in chunk]
        _transact([_holding(head, attempt), *({"Delete": {"TableName": table, "Key": key}} for key in keys_of)])


def lay_down(head: Item, attempt: str, sessions: Sequence[Item]) -> None:
    """Store the sessions, which nobody sees while there is no head. Raises Overtaken."""
    table = settings().hub_table
    for chunk in _chunks(sessions):
        puts = [{"Put": {"TableName": table, "Item": ddb.to_item(item)}} for item in chunk]
        _transact([_holding(head, attempt), *puts])


def finish(head: Item, attempt: str | None) -> None:
    """Store the head: the event is there. Raises Overtaken.

    Without an `attempt` nothing was laid down.
    """
    writes = repository.creation(head)
    if attempt is not None:
        writes.append({"Delete": _check(head, attempt)})
    _transact(writes)


_MARK = "COPY"


def _check(head: Item, attempt: str) -> dict[str, Any]:
    return {
        "TableName": settings().hub_table,
        "Key": ddb.to_item({"pk": head["pk"], "sk": _MARK}),
        "ConditionExpression": "attempt = :attempt",
        "ExpressionAttributeValues": ddb.to_item({":attempt": attempt}),
    }


def _holding(head: Item, attempt: str) -> dict[str, Any]:
    """Holds that this attempt has the mark, which goes when the head comes."""
    return {"ConditionCheck": _check(head, attempt)}


def _no_head(head: Item) -> dict[str, Any]:
    return {
        "ConditionCheck": {
            "TableName": settings().hub_table,
            "Key": ddb.to_item({"pk": head["pk"], "sk": head["sk"]}),
            "ConditionExpression": "attribute_not_exists(pk)",
        }
    }


def _transact(writes: Sequence[dict[str, Any]]) -> None:
    if ddb.transact(writes):
        raise Overtaken


def _chunks(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for first in range(0, len(items), _TOGETHER):
        yield items[first : first + _TOGETHER]
