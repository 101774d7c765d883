"""Use cases of executions that change them: a tenant stops its long operations, has them tried again, or undone."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple, Protocol

import orjson

from marquee import workflows
from marquee.campaigns import execution_service as campaigns
from marquee.errors import Conflict, Unavailable
from marquee.executions import rules, service
from marquee.executions.models import Execution
from marquee.hub import execution_service as publications
from marquee.plans import Plan, PlannedChange
from marquee.sales import execution_service as sales

Payload = Mapping[str, Any]


def _by_name(close: Callable[[str, str], None]) -> Callable[[str, str, Payload], None]:
    return lambda tenant, name, _: close(tenant, name)


# A stopped execution catches nothing. What it leaves open is closed here: by tenant, execution name and input,
# repeatable.
_CLOSINGS: dict[str, Callable[[str, str, Payload], None]] = {
    "sales_ingest": _by_name(sales.end_cancelled_ingest),
    "sales_backfill": _by_name(sales.end_cancelled_backfill),
    "sales_edit": _by_name(sales.end_cancelled_edit),
    "sales_clear": _by_name(sales.end_cancelled_clear),
    "sales_undo": _by_name(sales.end_cancelled_clear),
    "event_publication": _by_name(partial(publications.end_cancelled, "event_publication")),
    "event_cancellation": _by_name(partial(publications.end_cancelled, "event_cancellation")),
    "campaigns_init": campaigns.end_cancelled_init,
    "campaign_toggle": campaigns.end_cancelled_toggle,
    "campaigns_reset": campaigns.end_cancelled_reset,
    "campaigns_restore": campaigns.end_cancelled_restore,
}


class _Check(Protocol):
    def __call__(self, tenant: str, payload: Payload, *, succeeded: bool) -> None: ...


class _Planning(Protocol):
    def __call__(self, tenant: str, payload: Payload, *, succeeded: bool) -> Plan: ...


class _Undo(NamedTuple):
    """How executions of a machine are undone: what allows it, what it would do, and the input that is handed on.

    `told` is under which name the undo is told of the execution that it undoes.
    """

    check: _Check
    plan: _Planning
    handed_on: tuple[str, ...]
    told: str


_UNDOS = {
    "sales_clear": _Undo(sales.check_undo_clear, sales.plan_undo_clear, ("eid", "clear_id"), "clear"),
    "campaigns_reset": _Undo(
        campaigns.check_undo_reset, campaigns.plan_undo_reset, ("eid", "launch_id", "reset_id"), "reset"
    ),
}


def cancel(tenant: str, execution_id: str, *, dry_run: bool = False) -> Execution | Plan:
    """Stop an execution and close what it leaves open. One that is cancelled already is so again, to the same effect.

    Raises NotFound, Conflict where it ended otherwise, or Unavailable while it is being stopped.
    """
    described = service.described_for(tenant, execution_id)
    machine, name = service.parsed(execution_id)
    if not dry_run and described["status"] == "RUNNING":
        workflows.stop(described["executionArn"], rules.CANCELLED, rules.CANCELLED_CAUSE)
        described = workflows.describe_when(machine, name, lambda now: now["status"] != "RUNNING") or described
        if described["status"] == "RUNNING":
            raise Unavailable("execution.stopping", "The execution is being stopped. Cancel it again in a moment.")
    status = rules.STATUSES[described["status"]]
    if status not in {"running", "cancelled"}:
        raise Conflict("execution.not_running", f"The execution is not running any more: it is {status}.")
    if dry_run:
        return _plan(machine, execution_id, "status", status, "cancelled")
    if machine in _CLOSINGS:
        _CLOSINGS[machine](tenant, name, orjson.loads(described["input"]))
    return service.document(execution_id, described)


def redrive(tenant: str, execution_id: str, *, dry_run: bool = False) -> Execution | Plan:
    """Start the successor of an execution that did not succeed, with its input; repeated, it is the same successor.

    Raises NotFound, Conflict where the execution runs or has succeeded, or Unavailable while it is being started.
    """
    described = service.described_for(tenant, execution_id)
    machine, name = service.parsed(execution_id)
    status = rules.STATUSES[described["status"]]
    if status not in rules.REDRIVABLE:
        raise Conflict("execution.not_failed", f"Only an execution that did not succeed is redriven: it is {status}.")
    successor = rules.successor(name)
    successor_id = rules.execution_id(machine, successor)
    if dry_run:
        return _plan(machine, execution_id, "successor", service.successor_of(machine, name), successor_id)
    workflows.start(machine, successor, orjson.loads(described["input"]))
    return service.started(machine, successor)


def undo(tenant: str, execution_id: str, *, dry_run: bool = False) -> Execution | Plan:
    """Start the execution that undoes one; repeated, it is the same one.

    One that failed or was cancelled can be undone where it took effect nevertheless. Raises NotFound, Conflict where
    there is nothing that could be undone (any more), or Unavailable while the undo is being started.
    """
    described = service.described_for(tenant, execution_id)
    machine, _ = service.parsed(execution_id)
    payload = orjson.loads(described["input"])
    name, status = rules.undo_name(tenant, payload), rules.STATUSES[described["status"]]
    if machine not in rules.UNDOING or name is None or status == "running":
        told = "It is still running." if machine in rules.UNDOING else f"An execution of {machine} cannot be undone."
        raise Conflict("execution.not_undoable", told)
    if not dry_run and service.undo_of(machine, tenant, payload):
        return service.started(rules.UNDOING[machine], name)
    way, succeeded = _UNDOS[machine], status == "succeeded"
    if dry_run:
        return way.plan(tenant, payload, succeeded=succeeded)
    way.check(tenant, payload, succeeded=succeeded)
    order = {field: payload[field] for field in way.handed_on} | {way.told: execution_id}
    return service.start(tenant, rules.UNDOING[machine], name, order)


def _plan(machine: str, execution_id: str, field: str, before: str | None, after: str) -> Plan:
    change = PlannedChange(host="Main", id=execution_id, field=field, before=before, after=after)
    return Plan(workflow=machine, changes=[] if before == after else [change])
