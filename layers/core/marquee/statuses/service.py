"""Use cases of an event's statuses."""

from marquee import clock, workflows
from marquee.errors import Unavailable
from marquee.events import service as events
from marquee.events.models import Item
from marquee.ids import new_id
from marquee.observability import logger
from marquee.statuses import rules
from marquee.statuses.models import FrontendState


def change_frontend_status(tenant: str, eid: str, wanted: str, change_id: str) -> FrontendState:
    """First step of `frontend_status`: set the status on Main.

    `change_id` names this change: the step repeated after a lost answer finds its own mark and reports what it did.
    Raises NotFound.
    """

    def change(before: Item) -> Item | None:
        if before.get("frontend_change") == change_id:
            return None
        return rules.frontend_change(before, wanted, change_id, clock.timestamp())

    return rules.frontend_state(events.rewritten(tenant, eid, change))


def restore_frontend_status(tenant: str, eid: str, change_id: str) -> FrontendState:
    """Compensation of `frontend_status`: Main gets its previous status back, unless a later change has come since.

    Returns Main's state after it, for the Registry to be brought in line with.
    """

    def undo(before: Item) -> Item | None:
        if before.get("frontend_change") != change_id:
            return None
        return rules.frontend_change(before, before["frontend_previous"], f"{change_id}/undo", clock.timestamp())

    return rules.frontend_state(events.rewritten(tenant, eid, undo))


def reassert_frontend_status(tenant: str, eid: str, above: int) -> FrontendState:
    """Main's state, after sequence `above`: a Registry that holds that one takes it. Safe to repeat. Raises NotFound."""
    return rules.frontend_state(events.rewritten(tenant, eid, lambda before: rules.reassertion(before, above)))


def set_frontend_status(tenant: str, eid: str, wanted: str, key: str | None) -> None:
    """Set the status on Main and Registry through the `frontend_status` machine: both hosts agree when this returns.

    Raises NotFound for an event that is not the tenant's, Unavailable naming the host that refused; then both hosts are
    as they were.
    """
    events.stored(tenant, eid)
    # The wanted status is part of the name: a key that somebody else used for another status names another change.
    name = workflows.execution_name(tenant, eid, wanted, key or new_id("key"))
    result = workflows.run(
        "frontend_status",
        name,
        {"tenant": tenant, "eid": eid, "frontend_status": wanted, "change_id": name},
    )
    if result.succeeded:
        return
    logger().error("frontend_status_failed", extra={"eid": eid, "execution": name, "error": result.error})
    host = {"MainRefused": "Main", "RegistryRefused": "Registry"}.get(result.error)
    if host is None:
        raise Unavailable(
            "frontend_status.interrupted", "The change did not finish. Both hosts will be brought back in line."
        )
    raise Unavailable("frontend_status.refused", f"{host} refused the change, so both hosts keep the status they had.")
