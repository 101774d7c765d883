"""What the executions of publications leave open when they are stopped, and which were lost on the way."""

from datetime import timedelta
from typing import Literal

import orjson

from marquee import clock, workflows
from marquee.executions import service as executions
from marquee.hub.publication import pending, starting
from marquee.hub.publication.models import MACHINES, Failure, Order
from marquee.observability import logger

PAGE = 100
Machine = Literal["event_publication", "event_cancellation"]
_STOPPED: Failure = {"Error": "Cancelled", "Cause": "execution.cancelled: It was cancelled on request."}


def end_cancelled(machine: Machine, tenant: str, execution: str) -> None:
    """Bring the publication of a stopped execution to its end, by an execution of its own; repeated, by the same one.

    What was being published, unpublished or changed is undone. An event's cancellation stays where it is, until it is
    redriven. A publication that is over, or was replaced, is left alone.
    """
    described = workflows.describe(machine, execution)
    told = orjson.loads(described["input"]) if described else {}
    if told.get("tenant") == tenant:
        executions.begin(
            machine, executions.name_of(tenant, machine, execution, "stopped"), {**told, "failure": _STOPPED}
        )


def restart_lost(settle_seconds: int) -> dict[str, int]:
    """See that an execution runs for every publication that has not been over for `settle_seconds`, the oldest first.

    Gives how many there are and how many were started anew.
    """
    cutoff = clock.rfc3339(clock.now() - timedelta(seconds=settle_seconds))
    marks = pending.older_than(cutoff, PAGE)
    started = failed = 0
    for mark in marks:
        tenant, uuid = mark["tenant"], mark["uuid"]
        order: Order = {"tenant": tenant, "event_uuid": uuid, "publication_id": mark["publication_id"]}
        try:
            started += executions.begin_again(MACHINES[mark["kind"]], starting.name(order), {**order}) is not None
        except Exception:  # noqa: BLE001 - one publication must not stop the others; its mark stays
            logger().exception("publication_not_restarted", extra={"tenant": tenant, "event_uuid": uuid})
            failed += 1
    return {"found": len(marks), "restarted": started, "failed": failed}
