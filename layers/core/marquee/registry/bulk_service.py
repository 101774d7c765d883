"""Use cases of registering many events at once."""

from collections.abc import Sequence
from typing import Any

import orjson

from marquee.errors import Conflict, Throttled
from marquee.registry import bulk, repository, rules, service
from marquee.registry.models import BulkPlan, BulkReport, EntryResult, Item

Placed = tuple[int, Item]


def upload(tenant: str, sub: str, entries: Sequence[object], event_type: str, key: str | None) -> BulkReport:
    """Register a file of events, each accepted or refused on its own.

    They are written fifty at a time; those refused are taken out by their own reasons and the rest goes again. Under an
    idempotency key every id derives from the key and the entry, and the records are marked: a file repeated after a
    crash in the middle accepts the same entries with the same ids. Raises Unprocessable for a file that is too long,
    and Throttled or Conflict where the store is too busy; not once events are stored that nobody could name again.
    """
    kept, results = bulk.sifted(entries)
    waiting = _items(tenant, sub, kept, event_type, key)
    stored = False
    for start in range(0, len(waiting), repository.CREATED_TOGETHER):
        chunk = waiting[start : start + repository.CREATED_TOGETHER]
        try:
            results += _stored(tenant, chunk)
            stored = True
        except (Conflict, Throttled) as error:
            if key or not stored:
                raise
            results += [bulk.refusal_by(error, index, item["eid"]) for index, item in chunk]
    return bulk.report(results)


def plan(tenant: str, sub: str, entries: Sequence[object], event_type: str, key: str | None) -> BulkPlan:
    """What the file would do. Raises as `upload` does."""
    kept, results = bulk.sifted(entries)
    named = {entry.index for entry in kept if entry.event.id or key}
    waiting = _items(tenant, sub, kept, event_type, key)
    stored = repository.get_many(tenant, [item["eid"] for index, item in waiting if index in named])
    changes = []
    for index, item in waiting:
        there = stored.get(item["eid"])
        if there is not None:
            results.append(_result(index, item, there))
            continue
        results.append(bulk.acceptance(index, item["eid"] if index in named else None))
        changes.append(rules.creation(item["eid"] if index in named else rules.NEW, orjson.loads(item["doc"])))
    return BulkPlan(workflow="event_intake" if changes else None, changes=changes, **bulk.report(results))


def _items(tenant: str, sub: str, kept: Sequence[bulk.Entry], event_type: str, key: str | None) -> list[Placed]:
    """The records to store, each with its entry's place in the file."""
    # The place is part of it: two equal entries are two events.
    return [
        (entry.index, service.new_item(tenant, sub, entry.event, event_type, key, "bulk", str(entry.index)))
        for entry in kept
    ]


def _stored(tenant: str, chunk: Sequence[Placed]) -> list[EntryResult]:
    """Store what is not taken. Each round takes out at least one, so this ends."""
    waiting = {item["eid"]: (index, item) for index, item in chunk}
    results: list[EntryResult] = []
    while waiting:
        taken = repository.create(tenant, [item for _, item in waiting.values()])
        if not taken:
            break
        there = repository.get_many(tenant, taken)
        for eid in taken:
            index, item = waiting.pop(eid)
            results.append(_result(index, item, there.get(eid)))
    return results + [bulk.acceptance(index, eid) for eid, (index, _) in waiting.items()]


def _result(index: int, item: Item, there: dict[str, Any] | None) -> EntryResult:
    """Of an entry whose id is in use: its own from before, or somebody's."""
    if rules.is_own(there, item):
        return bulk.acceptance(index, item["eid"])
    return bulk.refusal(index, item["eid"], "event.id_taken", f"The id '{item['eid']}' is taken.")
