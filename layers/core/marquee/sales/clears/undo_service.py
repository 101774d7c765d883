"""Use cases of undoing a clear: whether it can be undone, and what that would give back."""

from marquee import clock
from marquee.errors import Conflict, Unavailable, Unprocessable
from marquee.plans import Plan
from marquee.sales import repository
from marquee.sales.clears import clear_plans, clearing, merging, snapshots, undoing
from marquee.sales.clears.clear_models import ClearTask, Snapshot

_MACHINE = "sales_undo"
_LOOKS, _MAX_SOURCES = 3, 200


def check(tenant: str, eid: str, clear_id: str, *, succeeded: bool) -> Snapshot:
    """What the clear took away; `succeeded` says how its execution ended.

    Raises Conflict where it took nothing, or where the time to undo it is over.
    """
    snapshot = snapshots.get(_task(tenant, eid, clear_id))
    if snapshot is None and succeeded:
        raise Conflict("execution.undo_expired", f"A clear can be undone for {clearing.UNDO_DAYS} days.")
    if snapshot is None:
        raise Conflict("execution.not_undoable", "This execution did not succeed, and cleared nothing.")
    until = clearing.undoable_until(snapshot)
    if snapshot.undone is None and (snapshot.purging or clock.now() > until):
        told = f"A clear can be undone for {clearing.UNDO_DAYS} days; this one could until {clock.rfc3339(until)}."
        raise Conflict("execution.undo_expired", told)
    return snapshot


def plan(tenant: str, eid: str, clear_id: str, *, succeeded: bool) -> Plan:
    """What the undo would give back: figures before and after, and the sources that would not come back whole.

    Raises Conflict as `check` does, Unprocessable where the event cannot hold it, or where there is too much to be
    looked through within one request, and Unavailable while the event keeps changing.
    """
    snapshot = check(tenant, eid, clear_id, succeeded=succeeded)
    if snapshot.undone is not None:
        return Plan(workflow=_MACHINE, changes=[])
    task = _task(tenant, eid, clear_id)
    for _ in range(_LOOKS):
        head = repository.head(tenant, eid)
        if len(snapshot.head["visible"]) > _MAX_SOURCES and not merging.is_apart(head, snapshot.head):
            told = (
                f"More than {_MAX_SOURCES} sources were cleared, too many to try this out. The undo itself takes them."
            )
            raise Unprocessable("undo.too_large_to_try", told)
        union = undoing.union_of(tenant, head, snapshot.head)
        if union is not None:
            after = undoing.tried(task, head, union)
            refused = undoing.too_much(after)
            if refused:
                raise Unprocessable(refused["code"], refused["message"])
            changes = [*clear_plans.changes(eid, head, after), *clear_plans.fates(union.fates)]
            return Plan(workflow=_MACHINE, changes=changes)
    raise Unavailable("undo.contended", "Files of the event keep being committed. Try again in a moment.")


def _task(tenant: str, eid: str, clear_id: str) -> ClearTask:
    return {"tenant": tenant, "eid": eid, "clear_id": clear_id, "execution": ""}
