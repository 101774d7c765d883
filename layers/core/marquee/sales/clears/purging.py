"""The steps of the `sales_purge` machine: what was cleared long ago, and what nobody can see any more, is deleted.

Needed is what the event's head names, and what the snapshots name that are not being purged. Everything else of the
sources of a snapshot goes: month items, plans, parsed rows, multisets. Dropped files and the ledger stay. What was
written lately is left alone as well: an execution may be about to make it visible.
"""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from marquee import clock
from marquee.sales import repository, sources, storage
from marquee.sales.clears import snapshots, undoing
from marquee.sales.clears.clear_models import SnapshotKey
from marquee.sales.models import Head, SourceKind

_FOUND = 100
_STEP_SECONDS = 60
_SETTLED = timedelta(days=1)
"""No execution is at work for so long."""
_SHARED: tuple[SourceKind, ...] = ("summary", "edit")
"""Sources that may have work at more than one event; of them only what the snapshot names is deleted."""
Outcome = dict[str, Any]


class _Needed(NamedTuple):
    """What is still seen, or can be again: stages of sources, and multisets."""

    stages: set[tuple[str, str]]
    multisets: set[str | None]


def find(after: str | None) -> Outcome:
    """Snapshots whose time is up, some of them. Outcome: FOUND, with the place to go on from."""
    found, following = snapshots.due(clock.timestamp(), after, _FOUND)
    return {"outcome": "FOUND", "snapshots": found, "after": following}


def purge(place: SnapshotKey, start: int) -> Outcome:
    """Delete what only this snapshot needs, from its source number `start` on, and at last the snapshot.

    Outcomes: MORE with the number to go on from, after about a minute; PURGED.
    """
    snapshot = snapshots.get(place)
    if snapshot is None or not snapshots.begin_purge(place):
        return {"outcome": "PURGED", **place}
    tenant, eid = place["tenant"], place["eid"]
    needed = _needed(tenant, eid)
    before = clock.now() - _SETTLED
    undo = undoing.source_of({**place, "execution": ""})
    of_snapshot = [
        (source, entry["stage"], entry["kind"]) for source, entry in sorted(snapshot.head["visible"].items())
    ]
    work: list[tuple[str, str, SourceKind]] = [*of_snapshot, (undo, "", "undo")]
    give_up = time.monotonic() + _STEP_SECONDS
    for number in range(start, len(work)):
        source, stage, kind = work[number]
        if kind in _SHARED:
            if (source, stage) not in needed.stages:
                _forget_stage(tenant, eid, source, stage, needed)
        else:
            _forget_source(tenant, eid, source, needed, before)
            if kind == "undo":
                _forget_merges(tenant, source, needed, before)
        if time.monotonic() > give_up:
            return {"outcome": "MORE", "next": number + 1}
    if snapshot.head["seen"] not in needed.multisets:
        storage.delete(str(snapshot.head["seen"]))
    snapshots.remove(place)
    return {"outcome": "PURGED", **place}


def _needed(tenant: str, eid: str) -> _Needed:
    # The head first: what it loses to a clear is found in the snapshots then, and what an undo gives it stays there.
    head = repository.head(tenant, eid)
    kept = [snapshot.head for _, snapshot in snapshots.of_event(tenant, eid) if not snapshot.purging]
    heads: list[Head] = [head, *kept]
    stages = {(source, entry["stage"]) for one in heads for source, entry in one["visible"].items()}
    return _Needed(stages, {None, *(one["seen"] for one in heads)})


def _forget_source(tenant: str, eid: str, source: str, needed: _Needed, before: datetime) -> None:
    """Delete the stages of a source that are not needed, finished or not, and the parsed rows that only they have."""
    works = {_work_of(tenant, source, stage) for owner, stage in needed.stages if owner == source}
    for stage in list(_stages(tenant, source, before)):
        if (source, stage) not in needed.stages:
            _forget_stage(tenant, eid, source, stage, needed)
    for key in list(storage.ours(storage.ingest_key(tenant, source, "rows/"), before)):
        if key not in works:
            storage.forget(key, before)


def _forget_merges(tenant: str, source: str, needed: _Needed, before: datetime) -> None:
    """Delete what undos kept of the heads they made; only sources of undos have such."""
    prefix, suffix = undoing.merge_key(tenant, source, "\n").split("\n")
    for key in list(storage.ours(prefix, before)):
        if (source, key.removeprefix(prefix).removesuffix(suffix)) not in needed.stages:
            storage.delete(key)


def _stages(tenant: str, source: str, before: datetime) -> Iterator[str]:
    prefix = sources.plan_key(tenant, source, "")
    for key in storage.ours(prefix, before):
        yield key.removeprefix(prefix)


def _work_of(tenant: str, source: str, stage: str) -> str | None:
    plan, _ = sources.read_plan(tenant, source, stage)
    return plan["work"]


def _forget_stage(tenant: str, eid: str, source: str, stage: str, needed: _Needed) -> None:
    """Delete the month items of a stage, its multiset, and last its plan, which says what they are."""
    plan = sources.find_plan(tenant, source, stage)
    if plan is None:
        return
    repository.discard(tenant, eid, plan["items"])
    if plan["seen"] not in needed.multisets:
        storage.delete(str(plan["seen"]))
    storage.delete(sources.plan_key(tenant, source, stage))
