"""Use cases of clearing: a tenant's sales of an event are put away, at once and all together."""

from marquee import workflows
from marquee.events import service as events
from marquee.executions import service as executions
from marquee.executions.models import Execution
from marquee.ids import derived_id, new_id
from marquee.plans import Plan
from marquee.sales import repository, rules
from marquee.sales.clears import clear_plans

_MACHINE = "sales_clear"


def start(tenant: str, sub: str, eid: str, key: str | None) -> Execution:
    """Start to clear an event's sales; under an idempotency key it is the same clear when repeated.

    Raises NotFound for an event that is not the tenant's.
    """
    events.read(tenant, eid)
    name = workflows.execution_name(tenant, sub, "clear", eid, key or new_id("clr"))
    return executions.start(tenant, _MACHINE, name, {"eid": eid, "clear_id": derived_id("clr", tenant, eid, name)})


def plan(tenant: str, eid: str) -> Plan:
    """What a clear would take away. Raises NotFound for an event that is not the tenant's."""
    events.read(tenant, eid)
    head = repository.head(tenant, eid)
    return Plan(workflow=_MACHINE, changes=clear_plans.changes(eid, head, rules.cleared(head, "", "")))
