"""Use cases of refreshing a tenant's demand model: at once on request, and soon after its sales have changed."""

import hashlib
from datetime import UTC, datetime

from marquee import clock, workflows
from marquee.demand import repository
from marquee.executions import service as executions
from marquee.executions.models import Execution
from marquee.ids import new_id
from marquee.plans import Plan, PlannedChange

_MACHINE = "demand_refresh"
_WINDOW, _SLACK = 15 * 60, 60
"""Seconds in which changes of a tenant's sales are learnt from together, and those that a start may take."""


def start(tenant: str, sub: str, key: str | None) -> Execution:
    """Start to train the tenant's model anew; under an idempotency key it is the same execution when repeated."""
    name = workflows.execution_name(tenant, sub, "demand", key or new_id("ref"))
    return executions.start(tenant, _MACHINE, name, {})


def plan(tenant: str) -> Plan:
    """What a refresh would replace."""
    current = repository.current(tenant)
    before = current.trained_at if current else None
    change = PlannedChange(host="Main", id="model", field="trained_at", before=before, after=clock.timestamp())
    return Plan(workflow=_MACHINE, changes=[change])


def soon(tenant: str) -> None:
    """See that the tenant's model is refreshed when a quarter of an hour is over; repeated within it, it is once."""
    name, settled = window(tenant, clock.now())
    workflows.start(_MACHINE, name, {"tenant": tenant, "settle_until": clock.rfc3339(settled)})


def window(tenant: str, now: datetime) -> tuple[str, datetime]:
    """The name of the refresh that changes made `now` belong to, and when all that belong to it are stored.

    Each tenant's quarters of an hour begin at a time of their own, so that not all refreshes begin at once.
    """
    offset = int.from_bytes(hashlib.sha256(tenant.encode()).digest()[:4], "big") % _WINDOW
    begin = (int(now.timestamp()) - offset) // _WINDOW * _WINDOW + offset
    name = workflows.execution_name(tenant, "demand", "changed", str(begin))
    return name, datetime.fromtimestamp(begin + _WINDOW + _SLACK, UTC)
