"""Use cases of pausing an event's campaigns and letting them run."""

from typing import Any

from marquee.campaigns import repository, toggling
from marquee.events import service as events
from marquee.executions import service as executions
from marquee.executions.models import Execution
from marquee.ids import new_id
from marquee.plans import Plan, PlannedChange
from marquee.preconditions import Precondition

_MACHINE = "campaign_toggle"


def start(tenant: str, sub: str, eid: str, status: str, precondition: Precondition, key: str | None) -> Execution:
    """Start to pause the event's campaigns, or to let them run; under an idempotency key it is the same when repeated.

    Raises NotFound, Stale for a new one, and Conflict where campaigns are to run that must not, or that there are not.
    """
    event = _check(tenant, eid, status)
    name = executions.name_of(tenant, sub, "toggle", eid, status, key or new_id("tog"))
    if not (key and executions.is_known(_MACHINE, name)):
        precondition.require(event["version"])
    return executions.start(tenant, _MACHINE, name, _payload(tenant, eid, status, ""))


def plan(tenant: str, eid: str, status: str, precondition: Precondition) -> Plan:
    """What the toggle would change. Raises as `start` does."""
    before = _check(tenant, eid, status)
    precondition.require(before["version"])
    fields = {"client_campaign_status": status, "has_active_campaigns": status == "RUNNING"}
    changes = [
        PlannedChange(host="Main", id=eid, field=field, before=before.get(field, False), after=after)
        for field, after in fields.items()
        if before.get(field, False) != after
    ]
    return Plan(workflow=_MACHINE, changes=changes)


def pause(tenant: str, eid: str, reason: str, *cause: str) -> str:
    """See that the event's campaigns are paused, for this reason, and give the execution's id.

    The same cause again is the same toggle: it is named by what brought it about.
    """
    name = executions.name_of(tenant, eid, "pause", *cause)
    return executions.begin(_MACHINE, name, {"tenant": tenant, **_payload(tenant, eid, "PAUSED", reason)})


def converge(tenant: str, eid: str, *cause: str) -> str:
    """See that an event's campaigns are on their platforms what its set-up says, and the event says so too."""
    name = executions.name_of(tenant, eid, "settle", *cause)
    return executions.begin(_MACHINE, name, {"tenant": tenant, "eid": eid, "status": "", "sequence": 0, "reason": ""})


def _check(tenant: str, eid: str, status: str) -> dict[str, Any]:
    event = events.stored(tenant, eid)
    if status == "RUNNING":
        toggling.check_runnable(event, repository.setup(tenant, eid))
    return event


def _payload(tenant: str, eid: str, status: str, reason: str) -> dict[str, Any]:
    sequence = repository.next_in_order(tenant, eid)
    return {"eid": eid, "status": status, "sequence": sequence, "reason": reason}
