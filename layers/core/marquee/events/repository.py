"""Main's events in DynamoDB: the item, its place in the lists, and the counters, always in one transaction."""

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from marquee import ddb, keys
from marquee.events import rules
from marquee.events.models import Item
from marquee.settings import settings

_LIST_KEYS = ("list_pk", "list_sk", "flagged_pk", "flagged_sk")


@dataclass(frozen=True, slots=True)
class EventList:
    """A list that an index holds in display order: its name, index and key attributes."""

    name: str
    index: str
    pk: str
    sk: str


VISIBLE = EventList(rules.VISIBLE, "display", "list_pk", "list_sk")
FLAGGED = EventList(rules.FLAGGED, "flagged", "flagged_pk", "flagged_sk")


class VersionMoved(Exception):
    """The event was written by somebody else since it was read."""


def get(tenant: str, eid: str) -> Item | None:
    """The stored event, or None."""
    return ddb.get(settings().events_table, keys.event(tenant, eid), "EVENT")


def create(tenant: str, item: Item) -> bool:
    """Store a new event and count it. False where it is stored already."""
    writes = [
        {
            "Put": {
                "TableName": settings().events_table,
                "Item": ddb.to_item(item),
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        },
        *_counter_updates(tenant, rules.counter_changes(None, item["frontend_status"])),
    ]
    return not ddb.transact(writes)


def update(tenant: str, before: Item, changes: Item) -> Item:
    """Apply `changes` to the version that was read, move the event between lists and counters accordingly.

    Returns the item as stored. Raises VersionMoved where somebody else wrote since.
    """
    after = {key: value for key, value in {**before, **changes}.items() if key not in _LIST_KEYS}
    after["version"] = before["version"] + 1
    meta_start = rules.document(after)["start_date_time"]
    after |= rules.display_keys(tenant, after["eid"], after["frontend_status"], meta_start)
    writes = [
        {
            "Put": {
                "TableName": settings().events_table,
                "Item": ddb.to_item(after),
                "ConditionExpression": "version = :version",
                "ExpressionAttributeValues": ddb.to_item({":version": before["version"]}),
            }
        },
        *_counter_updates(tenant, rules.counter_changes(before["frontend_status"], after["frontend_status"])),
    ]
    if ddb.transact(writes):
        raise VersionMoved
    return after


def _counter_updates(tenant: str, changes: dict[str, int]) -> list[dict[str, Any]]:
    return [
        {
            "Update": {
                "TableName": settings().events_table,
                "Key": ddb.to_item(rules.counter_key(tenant, name)),
                "UpdateExpression": "ADD n :delta",
                "ExpressionAttributeValues": ddb.to_item({":delta": delta}),
            }
        }
        for name, delta in changes.items()
    ]


def total(tenant: str, which: EventList) -> int:
    """How many events the list holds."""
    key = rules.counter_key(tenant, which.name)
    item = ddb.get(settings().events_table, key["pk"], key["sk"], consistent=False)
    return int(item["n"]) if item else 0


def page(tenant: str, which: EventList, limit: int, after: str | None, skip: int = 0) -> tuple[list[Item], str | None]:
    """`limit` events of a list after the sort key `after`, skipping `skip` of them, in display order.

    Returns the events and the sort key to continue after (None at the end). Evaluates one item more than the page,
    which says whether there is another; a skipped page costs its items.
    """
    client = ddb.aws_client("dynamodb")
    # Only what the document needs travels: reading the rest costs more than the page.
    shown = {f"#a{index}": name for index, name in enumerate((*rules.SHOWN, which.sk))}
    query: dict[str, Any] = {
        "TableName": settings().events_table,
        "IndexName": which.index,
        "KeyConditionExpression": "#pk = :pk" + (" AND #sk > :after" if after else ""),
        "ProjectionExpression": ", ".join(shown),
        "ExpressionAttributeNames": {"#pk": which.pk} | shown | ({"#sk": which.sk} if after else {}),
        "ExpressionAttributeValues": ddb.to_item(
            {":pk": rules.list_partition(tenant, which.name)} | ({":after": after} if after else {})
        ),
    }
    found: list[Item] = []
    wanted = skip + limit + 1
    try:
        while wanted > len(found):
            answer = client.query(**query, Limit=wanted - len(found))
            found.extend(answer["Items"])
            if "LastEvaluatedKey" not in answer:
                break
            query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
    except ClientError as error:
        raise ddb.translate(error) from error
    kept = [ddb.from_item(item) for item in found[skip : skip + limit]]
    more = len(found) > skip + limit
    return kept, str(kept[-1][which.sk]) if more else None
