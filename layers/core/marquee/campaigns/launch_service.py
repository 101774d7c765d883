"""Use cases of setting campaigns up."""

from typing import Any

from marquee.campaigns import planning, refusals, repository, states
from marquee.campaigns.models import LaunchParameters, Setup
from marquee.events import service as events
from marquee.executions import service as executions
from marquee.executions.models import Execution
from marquee.ids import derived_id
from marquee.money import to_number
from marquee.plans import Plan, PlannedChange
from marquee.preconditions import Precondition

_MACHINE = "campaigns_init"


def start(tenant: str, eid: str, asked: LaunchParameters, precondition: Precondition) -> Execution:
    """Start to set an event's campaigns up. The same parameters again are the same launch, and create nothing.

    Raises NotFound, Stale for a new one, Conflict where other campaigns are set up or none may run, Unprocessable
    naming what is wrong, and Unavailable while a launch is being withdrawn.
    """
    text = planning.parameters_text(asked)
    number = repository.launches(tenant, eid)
    setup = _same(tenant, eid, text)
    if setup is not None:
        return _resumed(tenant, eid, setup["launch_id"], setup["number"], text)
    precondition.require(events.stored(tenant, eid)["version"])
    planning.planned(tenant, eid, asked)
    return _resumed(tenant, eid, derived_id("lch", tenant, eid, str(number), text), number, text)


def _resumed(tenant: str, eid: str, launch_id: str, number: int, text: str) -> Execution:
    payload: dict[str, Any] = {"eid": eid, "launch_id": launch_id, "number": number, "parameters": text}
    return executions.resume(tenant, _MACHINE, executions.name_of(tenant, eid, launch_id), payload)


def _same(tenant: str, eid: str, text: str) -> Setup | None:
    """The set-up that is there, where it is of these parameters and may run. Raises NotFound, Conflict, Unavailable."""
    event = events.stored(tenant, eid)
    setup = repository.setup(tenant, eid)
    if setup is None or setup["phase"] == "FAILED":
        return None
    if setup["phase"] == "WITHDRAWING":
        raise refusals.being_withdrawn()
    if setup["phase"] == "RESETTING":
        raise refusals.being_reset()
    states.check_may_run(event)
    if setup["parameters"] != text:
        raise refusals.already_set_up()
    return setup


def plan(tenant: str, eid: str, asked: LaunchParameters, precondition: Precondition) -> Plan:
    """What a launch would create, and what the event would say of it. Raises as `start` does."""
    if _same(tenant, eid, planning.parameters_text(asked)) is not None:
        return Plan(workflow=_MACHINE, changes=[])
    event = events.stored(tenant, eid)
    precondition.require(event["version"])
    launch = planning.planned(tenant, eid, asked)
    currency = launch.meta["currency"]
    created = [
        PlannedChange(
            host="Main",
            id=eid,
            field=f"campaigns.{part.tc}.{part.platform}",
            before=None,
            after={"budget": to_number(part.budget, currency), "currency": currency},
        )
        for part in launch.parts
    ]
    says = {"campaign_status": "RUNNING", "client_campaign_status": "RUNNING", "has_active_campaigns": True}
    said = [
        PlannedChange(host="Main", id=eid, field=field, before=event.get(field, False), after=after)
        for field, after in says.items()
        if event.get(field, False) != after
    ]
    return Plan(workflow=_MACHINE, changes=[*created, *said])
