"""Use cases of executions: a tenant watches what its long operations do, stops them, and has them tried again."""

from collections.abc import Callable
from typing import Any

import orjson

from marquee import workflows
from marquee.clock import rfc3339
from marquee.errors import Conflict, NotFound, Unavailable
from marquee.executions import rules
from marquee.executions.models import Execution
from marquee.plans import Plan, PlannedChange
from marquee.sales import service as sales

# A stopped execution catches nothing. What it leaves open is closed here: by tenant and execution name, repeatable.
_CLOSINGS: dict[str, Callable[[str, str], None]] = {"sales_ingest": sales.end_cancelled_ingest}


def read(tenant: str, execution_id: str) -> Execution:
    """The tenant's execution with its steps. Raises NotFound, also for somebody else's."""
    return _document(execution_id, _described(tenant, execution_id))


def cancel(tenant: str, execution_id: str, *, dry_run: bool = False) -> Execution | Plan:
    """Stop an execution and close what it leaves open. One that is cancelled already is so again, to the same effect.

    Raises NotFound, Conflict where it ended otherwise, or Unavailable while it is being stopped.
    """
    described = _described(tenant, execution_id)
    machine, name = _parsed(execution_id)
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
        _CLOSINGS[machine](tenant, name)
    return _document(execution_id, described)


def redrive(tenant: str, execution_id: str, *, dry_run: bool = False) -> Execution | Plan:
    """Start the successor of an execution that did not succeed, with its input; repeated, it is the same successor.

    Raises NotFound, Conflict where the execution runs or has succeeded, or Unavailable while it is being started.
    """
    described = _described(tenant, execution_id)
    machine, name = _parsed(execution_id)
    status = rules.STATUSES[described["status"]]
    if status not in rules.REDRIVABLE:
        raise Conflict("execution.not_failed", f"Only an execution that did not succeed is redriven: it is {status}.")
    successor = rules.successor(name)
    successor_id = rules.execution_id(machine, successor)
    if dry_run:
        return _plan(machine, execution_id, "successor", _successor(machine, name), successor_id)
    workflows.start(machine, successor, orjson.loads(described["input"]))
    started = workflows.describe_when(machine, successor)
    if started is None:
        raise Unavailable("execution.starting", "The successor is being started. Redrive again in a moment.")
    return _document(successor_id, started)


def _plan(machine: str, execution_id: str, field: str, before: str | None, after: str) -> Plan:
    change = PlannedChange(host="Main", id=execution_id, field=field, before=before, after=after)
    return Plan(workflow=machine, changes=[] if before == after else [change])


def _described(tenant: str, execution_id: str) -> dict[str, Any]:
    """What Step Functions knows of the tenant's execution. Raises NotFound."""
    described = workflows.describe(*_parsed(execution_id))
    if described is None or rules.subject(orjson.loads(described["input"])).get("tenant") != tenant:
        raise _not_found(execution_id)
    return described


def _parsed(execution_id: str) -> tuple[str, str]:
    parsed = rules.parse_execution_id(execution_id)
    if parsed is None:
        raise _not_found(execution_id)
    return parsed


def _document(execution_id: str, described: dict[str, Any]) -> Execution:
    machine, name = _parsed(execution_id)
    arn, status, stopped = str(described["executionArn"]), str(described["status"]), described.get("stopDate")
    subject = rules.subject(orjson.loads(described["input"]))
    earlier = rules.predecessor(name)
    return Execution(
        id=execution_id,
        workflow=machine,
        status=rules.STATUSES[status],
        subject={key: value for key, value in subject.items() if key != "tenant"},
        started_at=rfc3339(described["startDate"]),
        finished_at=rfc3339(stopped) if stopped else None,
        steps=rules.steps(workflows.history(arn), rules.titles(workflows.definition_of(arn))),
        result=orjson.loads(described["output"]) if status == "SUCCEEDED" else None,
        error=rules.ending(status, described.get("error"), described.get("cause")),
        redrive_of=rules.execution_id(machine, earlier) if earlier else None,
        successor=_successor(machine, name) if rules.STATUSES[status] in rules.REDRIVABLE else None,
    )


def _successor(machine: str, name: str) -> str | None:
    """The execution that was started for one that did not succeed: its name is known, so one look tells."""
    successor = rules.successor(name)
    return rules.execution_id(machine, successor) if workflows.describe(machine, successor) else None


def _not_found(execution_id: str) -> NotFound:
    return NotFound("execution.not_found", f"There is no execution '{execution_id}'.")
