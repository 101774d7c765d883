"""Main's events in DynamoDB: the item, its place in the indexes, and the counters, always in one transaction."""

from collections.abc import Iterable, Sequence
from typing import Any

from marquee import ddb, keys
from marquee.events import listing, tallies
from marquee.events.models import Item
from marquee.settings import settings

_INDEX_KEYS = (*(partition for _, partition in listing.INDEXES.values()), listing.SORT_KEY)


Checks = Sequence[dict[str, Any]]


class VersionMoved(Exception):
    """The event was written by somebody else since it was read."""


def get(tenant: str, eid: str) -> Item | None:
    """The stored event, or None."""
    return ddb.get(settings().events_table, keys.event(tenant, eid), "EVENT")


def several(tenant: str, eids: Iterable[str], *, consistent: bool = False) -> list[Item]:
    """Those of these events that are stored, in no order."""
    wanted = [(keys.event(tenant, eid), "EVENT") for eid in eids]
    return ddb.batch_get(settings().events_table, wanted, consistent=consistent)


def series(tenant: str, series_id: str) -> Item | None:
    """The series item, or None."""
    return ddb.get(settings().events_table, keys.series(tenant, series_id), "SERIES")


def members(tenant: str, series_ids: list[str]) -> dict[str, list[str]]:
    """The members of each of these series, by series id."""
    found = ddb.batch_get(settings().events_table, [(keys.series(tenant, sid), "SERIES") for sid in series_ids])
    return {str(item["series_id"]): item["members"] for item in found}


def create(tenant: str, item: Item, checks: Checks = ()) -> bool:
    """Store a new event and count it. False where it is stored already. Raises CheckFailed."""
    stored = item | listing.index_keys(tenant, item)
    put = {
        "TableName": settings().events_table,
        "Item": ddb.to_item(stored),
        "ConditionExpression": "attribute_not_exists(pk)",
    }
    return not ddb.transact_under(checks, [{"Put": put}, *_tally_updates(tenant, None, stored)])


def update(tenant: str, before: Item, changes: Item, checks: Checks = ()) -> Item:
    """Apply `changes` to the version that was read, move the event between lists and counters accordingly.

    Returns the item as stored. Raises VersionMoved where somebody else wrote since, CheckFailed where one of the
    `checks` (of items elsewhere) does not hold.
    """
    after = {key: value for key, value in {**before, **changes}.items() if key not in _INDEX_KEYS}
    after["version"] = before["version"] + 1
    after |= listing.index_keys(tenant, after)
    put = {
        "TableName": settings().events_table,
        "Item": ddb.to_item(after),
        "ConditionExpression": "version = :version",
        "ExpressionAttributeValues": ddb.to_item({":version": before["version"]}),
    }
    if ddb.transact_under(checks, [{"Put": put}, *_tally_updates(tenant, before, after)]):
        raise VersionMoved
    return after


def _tally_updates(tenant: str, before: Item | None, after: Item) -> list[dict[str, Any]]:
    """The writes that count the event where it is now, and no more where it was."""
    writes = []
    for key, deltas in tallies.tally_changes(tenant, before, after).items():
        kept = tallies.names_kept_with(tenant, key, after)
        names = {f"#n{index}": name for index, name in enumerate(deltas)}
        values = {f":n{index}": delta for index, delta in enumerate(deltas.values())}
        clause = "ADD " + ", ".join(f"#n{index} :n{index}" for index in range(len(deltas)))
        attributes = ddb.to_item(values)
        if kept:
            assigned, more_names, more_attributes = ddb.set_expression(kept)
            clause, names, attributes = f"{assigned} {clause}", names | more_names, attributes | more_attributes
        writes.append(
            {
                "Update": {
                    "TableName": settings().events_table,
                    "Key": ddb.to_item({"pk": key[0], "sk": key[1]}),
                    "UpdateExpression": clause,
                    "ExpressionAttributeNames": names,
                    "ExpressionAttributeValues": attributes,
                }
            }
        )
    return writes
