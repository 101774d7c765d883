"""What executions of campaigns ask for when they are stopped or undone: apart, as nothing of it talks to a platform."""

from collections.abc import Mapping
from typing import Any

from marquee.campaigns import repository, reset_service, resetting, toggle_service, toggling, withdrawing
from marquee.campaigns.models import LaunchTask
from marquee.executions import service as executions
from marquee.plans import Plan

_INIT, _TOGGLE, _RESET, _RESTORE = "campaigns_init", "campaign_toggle", "campaigns_reset", "campaigns_restore"
Payload = Mapping[str, Any]


def end_cancelled_init(tenant: str, name: str, payload: Payload) -> None:
    """See that nothing is left of a launch whose execution was stopped, or all of it; an execution removes the rest."""
    if executions.successor_of(_INIT, name):
        return
    task: LaunchTask = {
        "tenant": tenant,
        "eid": str(payload["eid"]),
        "launch_id": str(payload["launch_id"]),
        "number": int(payload["number"]),
        "execution": name,
        "parameters": str(payload["parameters"]),
    }
    if withdrawing.withdraw(task, ["It was cancelled."])["outcome"] == "WITHDRAWING":
        executions.begin(_INIT, executions.name_of(tenant, name, "withdraw"), {**payload, "mode": "withdraw"})


def end_cancelled_toggle(tenant: str, name: str, payload: Payload) -> None:
    """Bring an event's campaigns back to what the event says, where a toggle was stopped."""
    eid = str(payload["eid"])
    if executions.successor_of(_TOGGLE, name) is None and toggling.revert(tenant, eid, int(payload["sequence"])):
        toggle_service.converge(tenant, eid, name)


def end_cancelled_reset(tenant: str, name: str, payload: Payload) -> None:
    """Bring an event's campaigns back to what the event says, where a reset was stopped before its end."""
    eid = str(payload["eid"])
    if executions.successor_of(_RESET, name) is None and resetting.give_back(tenant, eid, str(payload["reset_id"])):
        toggle_service.converge(tenant, eid, name)


def end_cancelled_restore(tenant: str, name: str, payload: Payload) -> None:
    """See that campaigns that were brought back are what their set-up says, where bringing them back was stopped."""
    setup = repository.setup(tenant, str(payload["eid"]))
    if executions.successor_of(_RESTORE, name) is None and setup and setup["launch_id"] == payload["launch_id"]:
        toggle_service.converge(tenant, str(payload["eid"]), name)


def check_undo_reset(tenant: str, payload: Payload, *, succeeded: bool) -> None:
    """See that a reset can be undone. Raises Conflict where it put nothing aside, or where the time for it is over."""
    reset_service.check_undo(tenant, payload, succeeded=succeeded)


def plan_undo_reset(tenant: str, payload: Payload, *, succeeded: bool) -> Plan:
    """What the undo of a reset would bring back. Raises Conflict where it cannot."""
    return reset_service.plan_undo(tenant, payload, succeeded=succeeded)
