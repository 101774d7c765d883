"""Main: an event's frontend status and campaign optimisation."""

from marquee.auth import Caller
from marquee.http import Api
from marquee.plans import DryRun, Plan
from marquee.preconditions import Precondition
from marquee.requests import Request
from marquee.statuses import service
from marquee.statuses.models import FrontendStatusChange, OptimisationChange

handler = Api("main")


@handler.put("/events/<eid>/setup_frontend_status", scope="main.write", status=204)
def set_frontend_status(
    caller: Caller, eid: str, query: DryRun, body: FrontendStatusChange, precondition: Precondition, request: Request
) -> Plan | None:
    """Pin, hide or reset an event on both hosts; 204 means that both agree.

    503 `frontend_status.refused` names the host that refused; then both are as they were.
    """
    wanted, key = body.frontend_status.value, request.idempotency_key
    if query.dry_run:
        return service.plan_frontend_status(caller.tenant, eid, wanted, precondition)
    service.set_frontend_status(caller.tenant, caller.sub, eid, wanted, precondition, key)
    return None


@handler.put("/events/<eid>/campaign_optimisation_status", scope="main.write", status=204)
def switch_optimisation(caller: Caller, eid: str, query: OptimisationChange, precondition: Precondition) -> Plan | None:
    """Switch the optimisation of an event's campaigns, or of its ads, on or off."""
    return service.switch_optimisation(caller.tenant, eid, query, precondition)
