"""Main's events in DynamoDB: the item, its place in the indexes, and the counters, always in one transaction."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from marquee import ddb, keys
from marquee.events import listing, tallies
from marquee.events.models import Item
from marquee.settings import settings

_INDEX_KEYS = (*(partition for _, partition in listing.INDEXES.values()), listing.SORT_KEY, *listing.CLOSING)


# Each is a write, may leave one day's counters for another's, and may be written under a check of its own.
WRITTEN_TOGETHER = 25
_MOST_WRITES = 100
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
    return write_together(tenant, [(None, item)], checks)


def update(tenant: str, before: Item, changes: Item, checks: Checks = ()) -> Item:
    """Apply `changes` to the version that was read, move the event between lists and counters accordingly.

    Returns the item as stored. Raises VersionMoved where somebody else wrote since, CheckFailed where one of the
    `checks` (of items elsewhere) does not hold.
    """
    after = _after(tenant, before, changes)
    if not _stored(tenant, [(before, after)], checks):
        raise VersionMoved
    return after


def write_together(tenant: str, pairs: Sequence[tuple[Item | None, Item]], checks: Checks = ()) -> bool:
    """Store new events (None and the item), and apply changes to others (as read, and what changes), all or none.

    At most `WRITTEN_TOGETHER`. False where somebody else wrote one of them since, or where they count in so many
    places that no transaction takes them together: then each has to be written for itself. Raises CheckFailed.
    """
    return _stored(tenant, [(before, _after(tenant, before, changes)) for before, changes in pairs], checks)


def _after(tenant: str, before: Item | None, changes: Item) -> Item:
    if before is None:
        return changes | listing.index_keys(tenant, changes)
    after = {key: value for key, value in {**before, **changes}.items() if key not in _INDEX_KEYS}
    after["version"] = before["version"] + 1
    return after | listing.index_keys(tenant, after)


def _stored(tenant: str, pairs: Sequence[tuple[Item | None, Item]], checks: Checks) -> bool:
    puts = []
    for before, after in pairs:
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if before is not None:
            values = ddb.to_item({":version": before["version"]})
            condition = {"ConditionExpression": "version = :version", "ExpressionAttributeValues": values}
        puts.append({"Put": {"TableName": settings().events_table, "Item": ddb.to_item(after), **condition}})
    writes = [*puts, *_tally_updates(tenant, pairs)]
    if len(pairs) > 1 and len(writes) + len(checks) > _MOST_WRITES:
        return False
    return not ddb.transact_under(checks, writes)


def _tally_updates(tenant: str, pairs: Sequence[tuple[Item | None, Item]]) -> list[dict[str, Any]]:
    """The writes that count the events where they are now, and no more where they were."""
    moved: dict[tuple[str, str], Counter[str]] = {}
    names: dict[tuple[str, str], Item] = {}
    for before, after in pairs:
        for key, deltas in tallies.tally_changes(tenant, before, after).items():
            moved.setdefault(key, Counter()).update(deltas)
            names[key] = names.get(key) or tallies.names_kept_with(tenant, key, after)
    updates = []
    for key, sums in sorted(moved.items()):
        deltas = {name: delta for name, delta in sums.items() if delta}
        if deltas:
            updates.append(_tally_update(key, deltas, names[key]))
    return updates


def _tally_update(key: tuple[str, str], deltas: dict[str, int], kept: Item) -> dict[str, Any]:
    clause, names, attributes = ddb.add_expression(deltas)
    if kept:
        assigned, more_names, more_attributes = ddb.set_expression(kept)
        clause, names, attributes = f"{assigned} {clause}", names | more_names, attributes | more_attributes
    return {
        "Update": {
            "TableName": settings().events_table,
            "Key": ddb.to_item({"pk": key[0], "sk": key[1]}),
            "UpdateExpression": clause,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": attributes,
        }
    }
