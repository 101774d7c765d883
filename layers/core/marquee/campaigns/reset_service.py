"""Use cases of resetting an event's campaigns, and of taking that back."""

from collections.abc import Mapping
from typing import Any

from marquee import clock
from marquee.campaigns import repository, resetting, states
from marquee.campaigns.models import Setup
from marquee.errors import Conflict
from marquee.events import service as events
from marquee.events.models import Item
from marquee.executions import service as executions
from marquee.executions.models import Execution
from marquee.ids import derived_id
from marquee.plans import Plan, PlannedChange
from marquee.preconditions import Precondition

_RESET, _RESTORE = "campaigns_reset", "campaigns_restore"


def start(tenant: str, eid: str, precondition: Precondition) -> Execution:
    """Start to reset an event's campaigns; asked for again meanwhile, it is the same reset.

    Raises NotFound, Stale for a new one, and Conflict where there are none that could be reset (now).
    """
    _, setup = _resettable(tenant, eid, precondition)
    name = executions.name_of(tenant, eid, "reset", setup["launch_id"], str(setup["restored"]))
    payload = {"eid": eid, "launch_id": setup["launch_id"], "reset_id": derived_id("rst", tenant, eid, name)}
    return executions.resume(tenant, _RESET, name, payload)


def plan(tenant: str, eid: str, precondition: Precondition) -> Plan:
    """What a reset would change. Raises as `start` does."""
    event, setup = _resettable(tenant, eid, precondition)
    gone = PlannedChange(host="Main", id=eid, field="launch_id", before=setup["launch_id"], after=None)
    return Plan(workflow=_RESET, changes=[gone, *_said(event, states.reset_fields(event, clock.timestamp()))])


def _resettable(tenant: str, eid: str, precondition: Precondition) -> tuple[Item, Setup]:
    event = events.stored(tenant, eid)
    setup = resetting.check_resettable(repository.setup(tenant, eid))
    if setup["phase"] != "RESETTING":  # by this very request, repeated
        precondition.require(event["version"])
    return event, setup


def check_undo(tenant: str, payload: Mapping[str, Any], *, succeeded: bool) -> Setup:
    """The set-up that the undo of the reset with this input brings back. Raises Conflict where it cannot (any more)."""
    eid, launch_id = str(payload["eid"]), str(payload["launch_id"])
    aside = repository.reset_setup(tenant, eid, launch_id)
    if aside is None and not succeeded:
        raise Conflict("execution.not_undoable", "This execution did not succeed, and reset nothing.")
    return resetting.check_restorable(repository.setup(tenant, eid), aside, str(payload["reset_id"]))


def plan_undo(tenant: str, payload: Mapping[str, Any], *, succeeded: bool) -> Plan:
    """What the undo of a reset would change. Raises as `check_undo` does."""
    present = repository.setup(tenant, str(payload["eid"]))
    if present is not None and present["launch_id"] == payload["launch_id"]:
        return Plan(workflow=_RESTORE, changes=[])
    aside = check_undo(tenant, payload, succeeded=succeeded)
    event = events.stored(tenant, aside["eid"])
    asked = aside["shown"] == "RUNNING" and not aside["paused"]
    runs = asked and states.may_run(event) and aside["stop"] > clock.timestamp()
    back = PlannedChange(host="Main", id=aside["eid"], field="launch_id", before=None, after=aside["launch_id"])
    fields = states.event_fields(states.moved(aside, clock.timestamp(), paused=not runs), event, clock.timestamp())
    return Plan(workflow=_RESTORE, changes=[back, *_said(event, fields)])


def _said(event: Item, fields: Item) -> list[PlannedChange]:
    return [
        PlannedChange(host="Main", id=event["eid"], field=field, before=event.get(field, False), after=after)
        for field, after in fields.items()
        if field != "updated_at"
    ]
