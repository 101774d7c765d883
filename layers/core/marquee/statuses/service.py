"""Use cases of an event's statuses."""

from marquee import clock, workflows
from marquee.errors import NotFound, Stale, Unavailable
from marquee.events import service as events
from marquee.events.models import Item
from marquee.ids import derived_id, new_id
from marquee.observability import logger
from marquee.plans import Plan
from marquee.preconditions import Precondition
from marquee.statuses import rules
from marquee.statuses.models import FrontendState, OptimisationChange

_MACHINE = "frontend_status"
_HOSTS = {"MainRefused": "Main", "RegistryRefused": "Registry"}


def change_frontend_status(
    tenant: str, eid: str, wanted: str, change_id: str, request: str, precondition: Precondition
) -> FrontendState:
    """First step of `frontend_status`: set the status on Main.

    `change_id` names this run's change: the step repeated after a lost answer finds its own mark and reports what it
    did. `request` names what the client asked for, which may be run again. Raises NotFound, Stale, Conflict.
    """

    def change(before: Item) -> Item | None:
        return rules.frontend_change(before, wanted, change_id, request, precondition, clock.now())

    return rules.frontend_state(events.rewritten(tenant, eid, change))


def restore_frontend_status(tenant: str, eid: str, change_id: str) -> FrontendState:
    """Compensation of `frontend_status`: as if the change had never been made on Main.

    Later changes stay. Returns Main's state after it, for the Registry to be brought in line with. Raises NotFound.
    """

    def undo(before: Item) -> Item | None:
        return rules.frontend_undo(before, change_id, clock.now())

    return rules.frontend_state(events.rewritten(tenant, eid, undo))


def reassert_frontend_status(tenant: str, eid: str, above: int) -> FrontendState:
    """Main's state, put after sequence `above`, so that a Registry there takes it.

    Safe to repeat. Raises NotFound.
    """
    return rules.frontend_state(events.rewritten(tenant, eid, lambda before: rules.reassertion(before, above)))


def set_frontend_status(
    tenant: str, sub: str, eid: str, wanted: str, precondition: Precondition, key: str | None
) -> None:
    """Set the status on Main and Registry through the `frontend_status` machine: both hosts agree when this returns.

    Raises NotFound for an event that is not the tenant's, Stale, Unavailable naming the host that refused; then both
    hosts are as they were.
    """
    events.stored(tenant, eid)
    # Each run is a change of its own, so that a run that is given up undoes nothing of the one that came after it; what
    # was asked for under a key is recognised by whoever asked, for what.
    change_id = new_id("chg")
    result = workflows.run(
        _MACHINE,
        workflows.execution_name(change_id),
        {
            "tenant": tenant,
            "eid": eid,
            "frontend_status": wanted,
            "change_id": change_id,
            "request": derived_id("req", tenant, sub, eid, wanted, key) if key else change_id,
            "precondition": {"versions": precondition.versions},
        },
    )
    match result.output.get("refused"):
        case "Stale":
            raise Stale("precondition.stale", "The entity has changed since it was read. Read it again.")
        case "NotFound":
            raise NotFound("event.not_found", f"There is no event '{eid}'.")
    if not result.succeeded:
        logger().error("frontend_status_failed", extra={"eid": eid, "change_id": change_id, "error": result.error})
        raise _failure(result.error)


def _failure(error: str) -> Unavailable:
    if error in _HOSTS:
        detail = f"{_HOSTS[error]} refused the change, so both hosts keep the status they had."
        return Unavailable("frontend_status.refused", detail)
    return Unavailable(
        "frontend_status.interrupted", "The change did not finish. Both hosts will be brought back in line."
    )


def plan_frontend_status(tenant: str, eid: str, wanted: str, precondition: Precondition) -> Plan:
    """What setting the status would change on Main; the Registry is told the same. Raises NotFound, Stale, Conflict."""
    item = events.stored(tenant, eid)
    written = rules.frontend_change(item, wanted, "", "", precondition, clock.now())
    return Plan(workflow=_MACHINE, changes=rules.planned(item, written or {}))


def switch_optimisation(tenant: str, eid: str, asked: OptimisationChange, precondition: Precondition) -> Plan | None:
    """Switch the optimisation of the event's campaigns, or of its ads, on or off. Raises NotFound, Stale."""

    def change(before: Item) -> Item | None:
        return rules.optimisation_change(before, asked.status, asked.level, precondition, clock.timestamp())

    if asked.dry_run:
        item = events.stored(tenant, eid)
        return Plan(workflow=None, changes=rules.planned(item, change(item) or {}))
    events.rewritten(tenant, eid, change)
    return None
