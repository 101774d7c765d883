"""What the executions of publications leave open when they are stopped, and which were lost on the way."""

from datetime import timedelta

import orjson

from marquee import clock, workflows
from marquee.executions import service as executions
from marquee.hub.publication import announcing, cancelling_service, pending, undoing_service
from marquee.hub.publication.models import MACHINES, Failure, Order
from marquee.observability import logger

PAGE = 100
_STOPPED: Failure = {"Error": "Cancelled", "Cause": "execution.cancelled: It was cancelled on request."}


def end_cancelled_publication(tenant: str, execution: str) -> None:
    """Undo the publication of a stopped execution: the event at once, Main by an execution of its own.

    Repeated, it changes nothing. One that is over, or was replaced, stays as it is.
    """
    order = _order(tenant, "event_publication", execution)
    undo = undoing_service.begin(order, _STOPPED) if order else None
    if order is None or undo is None or undo["outcome"] != "UNDOING":
        return
    parts = (tenant, order["event_uuid"], order["publication_id"], "undo", str(undo["sequence"]))
    executions.begin("event_publication", executions.name_of(*parts), {**order})


def end_cancelled_cancellation(tenant: str, execution: str) -> None:
    """Note that an event's cancellation is not brought to the other hosts any further; a redrive goes on."""
    order = _order(tenant, "event_cancellation", execution)
    if order is not None:
        cancelling_service.fail(order, _STOPPED)


def _order(tenant: str, machine: str, execution: str) -> Order | None:
    described = workflows.describe(machine, execution)
    told = orjson.loads(described["input"]) if described else {}
    if told.get("tenant") != tenant:
        return None
    return {"tenant": tenant, "event_uuid": told["event_uuid"], "publication_id": told["publication_id"]}


def restart_lost(settle_seconds: int) -> dict[str, int]:
    """See that an execution runs for every publication that has not been over for `settle_seconds`, the oldest first.

    Gives how many there are and how many were started anew.
    """
    cutoff = clock.rfc3339(clock.now() - timedelta(seconds=settle_seconds))
    marks = pending.older_than(cutoff, PAGE)
    started = failed = 0
    for mark in marks:
        tenant, uuid = mark["tenant"], mark["uuid"]
        order = {"tenant": tenant, "event_uuid": uuid, "publication_id": mark["publication_id"]}
        name = announcing.execution_name(tenant, uuid, mark["publication_id"])
        try:
            started += executions.begin_again(MACHINES[mark["kind"]], name, order) is not None
        except Exception:  # noqa: BLE001 - one publication must not stop the others; its mark stays
            logger().exception("publication_not_restarted", extra={"tenant": tenant, "event_uuid": uuid})
            failed += 1
    return {"found": len(marks), "restarted": started, "failed": failed}
