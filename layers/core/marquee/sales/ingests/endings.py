"""How an ingest ends that was not finished: what its ledger says then stays true, whoever is still at work on it."""

import random
import time

from marquee import clock
from marquee.errors import Conflict
from marquee.sales import repository, rules
from marquee.sales.models import IngestReason, Item

_ATTEMPTS = 20
_TAKEN = "The sales of this file are taken, but its row ledger is not complete. Drop the file again to complete it."
_BROKEN = "Something went wrong on our side, and nothing of this file was taken. Drop the file again."
_CANCELLED = "The ingest was cancelled, and nothing of this file was taken. Redrive it, or drop the file again."
_CANCELLED_LATE = "The ingest was cancelled after its sales were taken. Redrive it to complete its row ledger."


def interrupted(tenant: str, eid: str, ingest_id: str) -> IngestReason:
    """Note in the ledger that an ingest did not finish through no fault of its file; gives what was noted."""
    message = _TAKEN if is_in_for_good(tenant, eid, ingest_id) else _BROKEN
    reason: IngestReason = {"code": "ingest.interrupted", "message": message}
    repository.update(tenant, ingest_id, failed(reason))
    return reason


def cancelled(tenant: str, execution: str) -> None:
    """End the ingest of a stopped execution; repeated, it changes nothing.

    An ingest that has ended, or that a later execution has taken up, is left to that.
    """
    stored = stopped(tenant, execution)
    if stored is not None:
        late = is_in_for_good(tenant, stored["eid"], stored["ingest_id"])
        end_cancelled(tenant, stored, _CANCELLED_LATE if late else _CANCELLED)


def stopped(tenant: str, execution: str) -> Item | None:
    """Note that an execution is stopped. The ingest it leaves open; None where there is none, or another took it up."""
    ingest_id = repository.stop(tenant, execution, clock.timestamp())
    stored = repository.ingest(tenant, ingest_id) if ingest_id else None
    if stored is None or not rules.is_open(stored["status"]) or stored["execution"] != execution:
        return None
    return stored


def end_cancelled(tenant: str, stored: Item, message: str) -> None:
    """Note in the ledger that an ingest was cancelled, unless another execution has taken it up meanwhile."""
    reason: IngestReason = {"code": "ingest.cancelled", "message": message}
    repository.end(tenant, stored["ingest_id"], stored["execution"], failed(reason))


def failed(reason: IngestReason) -> dict[str, object]:
    """What is noted of an ingest that did not finish."""
    return {"status": "FAILED", "reason": reason, "finished_at": clock.timestamp()}


def is_in_for_good(tenant: str, eid: str, ingest_id: str) -> bool:
    """Whether readers see the ingest's sales, settled for what is at work now.

    A step that was given up may still be running and commit, on top of the version it was staged against. So the
    version is moved, and that commit loses; other ingests of the event stage again, as after any commit. Raises
    Conflict where others keep moving it first.
    """
    for attempt in range(_ATTEMPTS):
        head = repository.head(tenant, eid)
        if ingest_id in head["visible"]:
            return True
        if repository.commit(tenant, eid, head, {**head, "version": head["version"] + 1}):
            return False
        time.sleep(random.uniform(0, min(0.01 * 2**attempt, 0.3)))  # noqa: S311 - full jitter, no secret
    raise Conflict("ingest.contended", "Other files of the event keep being committed. Try again.")
