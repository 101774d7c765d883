"""The steps of the `sales_undo` machine: what a clear put away comes back, beside what was loaded since.

Cleared sources whose rows were not loaded again become visible as they were, without any of their items being written.
Rows that lack of the others are staged as a source of their own. All becomes visible in one transaction, which also
notes in the snapshot that the clear is undone.
"""

from array import array
from datetime import timedelta
from hashlib import sha256
from typing import Any

import orjson

from marquee import clock
from marquee.errors import NotFound
from marquee.ids import derived_id
from marquee.sales import repository, rules, sources, storage
from marquee.sales.clears import clearing, merging, snapshots
from marquee.sales.clears.clear_models import ClearTask, MergeDocument, Restored
from marquee.sales.clears.merging import Union, Work
from marquee.sales.ingests import identity, staging, workfile
from marquee.sales.models import Delta, Head, SourcePlan, VisibleSource

_WITH_ROWS = ("file", "undo")
_GRACE = timedelta(hours=12)
"""What an execution may take beyond the time in which an undo can be asked for."""
Outcome = dict[str, Any]


def source_of(task: ClearTask) -> str:
    """The source that rows come back as whose own source does not."""
    return derived_id("und", task["tenant"], task["eid"], task["clear_id"])


def stage(task: ClearTask) -> Outcome:
    """Write what is to become visible: rows that lack, the multiset of rows, and the head that will name them.

    Outcomes: STAGED with the name of the stage; UNDONE where an earlier attempt's commit took effect; MOVED where the
    event changed while this looked; REFUSED with code and message.
    """
    tenant, eid, source = task["tenant"], task["eid"], source_of(task)
    snapshot = snapshots.get(task)
    if snapshot is not None and snapshot.undone is not None:
        return {"outcome": "UNDONE", "stage": snapshot.undone}
    if snapshot is None or snapshot.purging or clock.now() > clearing.undoable_until(snapshot) + _GRACE:
        return _refused("execution.undo_expired", f"A clear can be undone for {clearing.UNDO_DAYS} days.")
    head = repository.head(tenant, eid)
    name = rules.stage_name(head["version"], task["clear_id"])
    union = union_of(tenant, head, snapshot.head)
    if union is None:
        return {"outcome": "MOVED", "stage": name}
    work = union.lacking()
    plan, parts = sources.plan_of(head, "undo", *_figures(work), source=source, stage=name)
    if work is not None:
        packed = workfile.pack(work.head, work.arrays, {"identities": work.identities})
        plan["work"] = key = storage.ingest_key(tenant, source, f"rows/{sha256(packed).hexdigest()[:20]}")
        storage.put(key, packed)
    plan["seen"] = _seen_after(task, name, head, snapshot.head, union)
    after = _after(task, name, union, plan)
    refusal = too_much(after)
    if refusal is not None:
        return refusal
    sources.stage(tenant, eid, source, name, plan, parts, {"had": _nothing_had(work)})
    document: MergeDocument = {"head": after, "result": result_of(head, after, union)}
    storage.put(merge_key(tenant, source, name), orjson.dumps(document), "application/json")
    return {"outcome": "STAGED", "stage": name, "items": len(parts)}


def union_of(tenant: str, head: Head, cleared: Head) -> Union | None:
    """What was cleared and what there is now, brought together; None where the event has moved on meanwhile."""
    if merging.is_apart(head, cleared):
        union = Union(head, cleared, {})
        union.take_all()
        return union
    seen = staging.seen_of(head)
    if seen is None:
        return None
    union = Union(head, cleared, seen)
    for source, entry in sorted(cleared["visible"].items(), key=lambda one: (one[1]["committed_at"], one[0])):
        plan, arrays = sources.read_plan(tenant, source, entry["stage"])
        rows = None
        if entry["kind"] in _WITH_ROWS:
            if plan["work"] is None:
                raise NotFound("ingest.work_missing", f"The rows of {source} are not there any more.")
            work, of_rows, identities = staging.read_work(plan["work"])
            rows = merging.Rows(work["groups"], of_rows, identities, arrays["had"])
        union.take(source, plan["delta"], rows)
    return union


def _figures(work: Work | None) -> tuple[list[Any], Delta]:
    if work is None:
        return [], {"kpi": {}, "categories": {}}
    return staging.additions(work.head, work.arrays, _nothing_had(work))


def _nothing_had(work: Work | None) -> "array[int]":
    return array("I", bytes(4 * len(work.arrays["counts"]))) if work else array("I")


def _seen_after(task: ClearTask, name: str, head: Head, cleared: Head, union: Union) -> str | None:
    """The key of the multiset that the event has with everything back."""
    if head["seen"] is None or cleared["seen"] is None:
        return head["seen"] or cleared["seen"]
    key = storage.seen_key(task["tenant"], task["eid"], name, source_of(task))
    storage.put(key, identity.encode_multiset(union.multiset()))
    return key


def tried(task: ClearTask, head: Head, union: Union) -> Head:
    """The head that an undo would make visible, with nothing written."""
    name = rules.stage_name(head["version"], task["clear_id"])
    plan, _ = sources.plan_of(head, "undo", *_figures(union.lacking()), source=source_of(task), stage=name)
    return _after(task, name, union, plan)


def _after(task: ClearTask, name: str, union: Union, plan: SourcePlan) -> Head:
    now = clock.timestamp()
    lacking: tuple[str, VisibleSource, Delta] | None = None
    if plan["items"]:
        lacking = source_of(task), rules.visible_entry(name, "undo", now), plan["delta"]
    return union.head(lacking, plan["seen"], now)


def too_much(head: Head) -> Outcome | None:
    """A refusal where the event would have more than one item can hold."""
    categories = len(head["categories"])
    over = rules.too_much(head)
    if over == "categories":
        return _refused(
            "undo.too_many_categories",
            f"With what was cleared the event would have {categories} ticket categories, more than the possible "
            f"{rules.MAX_CATEGORIES}. Nothing was changed.",
        )
    if over:
        return _refused(
            "undo.too_many_sources",
            f"With what was cleared the event would have {len(head['visible'])} files and {categories} ticket "
            "categories, more than it can hold. Nothing was changed.",
        )
    return None


def _refused(code: str, message: str) -> Outcome:
    return {"outcome": "REFUSED", "code": code, "message": message}


def result_of(before: Head, after: Head, union: Union) -> Restored:
    """What the undo gives back: how many sources how, and the figures."""
    fates = list(union.fates.values())
    restored = {
        code: (
            figures["tickets"] - (before["kpi"][code]["tickets"] if code in before["kpi"] else 0),
            figures["revenue"] - (before["kpi"][code]["revenue"] if code in before["kpi"] else 0),
        )
        for code, figures in after["kpi"].items()
    }
    return {
        "whole": fates.count("whole"),
        "in_part": fates.count("in part"),
        "present": fates.count("present"),
        "restored": rules.totals(restored),
        "totals": rules.head_totals(after),
    }


def commit(task: ClearTask, stage: str) -> Outcome:
    """Make what was staged visible, all of it in one transaction.

    Outcomes: UNDONE with the stage that counts, or MOVED where the event changed since: then it is staged again.
    Raises Conflict where the execution was stopped.
    """
    done = _undone(task)
    base = rules.base_of(stage)
    head = repository.head(task["tenant"], task["eid"])
    if done is None and head["version"] == base:
        snapshots.give_back(task, head, _read_merge(task, stage)["head"], stage)
        done = _undone(task)
    return {"outcome": "MOVED", "stage": stage} if done is None else {"outcome": "UNDONE", "stage": done}


def settle(task: ClearTask, stage: str, abandoned: list[str]) -> Outcome:
    """Clear away what the undo has replaced, and what its other attempts left. Outcome: UNDONE with what came back."""
    tenant, eid, source = task["tenant"], task["eid"], source_of(task)
    plan, _ = sources.read_plan(tenant, source, stage)
    superseded = {plan["seen_before"]}
    for other in set(abandoned) - {stage}:
        left, _ = sources.read_plan(tenant, source, other)
        repository.discard(tenant, eid, left["items"])
        superseded.add(left["seen"])
    # The head first: what it loses to a clear is found in the snapshots then.
    needed = {repository.head(tenant, eid)["seen"], None}
    needed |= {snapshot.head["seen"] for _, snapshot in snapshots.of_event(tenant, eid)}
    for key in superseded - needed:
        storage.delete(str(key))
    return _told(task, stage)


def abort(task: ClearTask) -> Outcome:
    """Make sure that an undo which was given up does not happen later. Outcomes: FAILED, or UNDONE where it has."""
    repository.stop(task["tenant"], task["execution"], clock.timestamp())
    stage = _undone(task)
    return {"outcome": "FAILED", "eid": task["eid"]} if stage is None else _told(task, stage)


def _undone(task: ClearTask) -> str | None:
    snapshot = snapshots.get(task)
    return snapshot.undone if snapshot else None


def _told(task: ClearTask, stage: str) -> Outcome:
    return {"outcome": "UNDONE", "eid": task["eid"], **_read_merge(task, stage)["result"]}


def merge_key(tenant: str, source: str, stage: str) -> str:
    """Where the head is kept that a stage of an undo makes visible."""
    return storage.ingest_key(tenant, source, f"merge/{stage}.json")


def _read_merge(task: ClearTask, stage: str) -> MergeDocument:
    stored = storage.get(merge_key(task["tenant"], source_of(task), stage))
    if stored is None:
        raise NotFound("undo.work_missing", f"The undo's working file is missing: {stage}")
    document: MergeDocument = orjson.loads(stored)
    return document
