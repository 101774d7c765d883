"""Use cases of executions: they are started for a tenant, who watches what they do."""

from typing import Any

import orjson

from marquee import workflows
from marquee.clock import rfc3339
from marquee.errors import NotFound, Unavailable
from marquee.executions import rules
from marquee.executions.models import Execution


def read(tenant: str, execution_id: str) -> Execution:
    """The tenant's execution with its steps. Raises NotFound, also for somebody else's."""
    return document(execution_id, described_for(tenant, execution_id))


def start(tenant: str, machine: str, name: str, payload: dict[str, Any]) -> Execution:
    """Start an execution for a tenant, or find the one that was started under this name.

    `payload` has what the machine is told beside the tenant. Raises Unavailable while it is being started.
    """
    workflows.start(machine, name, {"tenant": tenant, **payload})
    return started(machine, name)


def name_of(*parts: str) -> str:
    """The execution name that these parts always get."""
    return workflows.execution_name(*parts)


def public_id(machine: str, name: str) -> str:
    """The id under which an execution of this machine and name is read."""
    return rules.execution_id(machine, name)


def begin(machine: str, name: str, payload: dict[str, Any]) -> str:
    """Start an execution, or find the one that was started under this name; gives its id and waits for nothing."""
    workflows.start(machine, name, payload)
    return public_id(machine, name)


def begin_again(machine: str, name: str, payload: dict[str, Any]) -> str | None:
    """See that an execution runs for what this one was started for: itself, or the last of those that make up for it.

    Gives the id of the one that was started; None where one is running.
    """
    described = workflows.describe(machine, name)
    while described is not None:
        if described["status"] == "RUNNING":
            return None
        name = rules.successor(name)
        described = workflows.describe(machine, name)
    return begin(machine, name, payload)


def resume(tenant: str, machine: str, name: str, payload: dict[str, Any]) -> Execution:
    """Start an execution for a tenant, or find the one that was started for the same: itself, or who makes up for it.

    One that did not succeed gets its successor. Raises Unavailable while it is being started.
    """
    described = workflows.describe(machine, name)
    while described is not None and rules.STATUSES[described["status"]] in rules.REDRIVABLE:
        name = rules.successor(name)
        described = workflows.describe(machine, name)
    return start(tenant, machine, name, payload)


def told(error: str, cause: str) -> str:
    """What people are told of a step that failed with this error and cause."""
    return rules.failure(error, cause).message


def is_known(machine: str, name: str) -> bool:
    """Whether an execution of this machine was started under this name."""
    return workflows.describe(machine, name) is not None


def started(machine: str, name: str) -> Execution:
    """The execution that was just started. Raises Unavailable while it is being started."""
    described = workflows.describe_when(machine, name)
    if described is None:
        raise Unavailable("execution.starting", "The execution is being started. Ask again in a moment.")
    return document(rules.execution_id(machine, name), described)


def described_for(tenant: str, execution_id: str) -> dict[str, Any]:
    """What Step Functions knows of the tenant's execution. Raises NotFound."""
    described = workflows.describe(*parsed(execution_id))
    if described is None or rules.subject(orjson.loads(described["input"])).get("tenant") != tenant:
        raise _not_found(execution_id)
    return described


def parsed(execution_id: str) -> tuple[str, str]:
    """Machine and execution name of a public id. Raises NotFound."""
    found = rules.parse_execution_id(execution_id)
    if found is None:
        raise _not_found(execution_id)
    return found


def document(execution_id: str, described: dict[str, Any]) -> Execution:
    """An execution as its tenant sees it, from what Step Functions says of it."""
    machine, name = parsed(execution_id)
    arn, status, stopped = str(described["executionArn"]), str(described["status"]), described.get("stopDate")
    payload = orjson.loads(described["input"])
    subject = rules.subject(payload)
    result = orjson.loads(described["output"]) if status == "SUCCEEDED" else None
    earlier = rules.predecessor(name)
    return Execution(
        id=execution_id,
        workflow=machine,
        status=rules.STATUSES[status],
        subject={key: value for key, value in subject.items() if key != "tenant"},
        started_at=rfc3339(described["startDate"]),
        finished_at=rfc3339(stopped) if stopped else None,
        steps=rules.steps(workflows.history(arn), rules.titles(workflows.definition_of(arn))),
        result=result,
        error=rules.ending(status, described.get("error"), described.get("cause")),
        redrive_of=rules.execution_id(machine, earlier) if earlier else None,
        successor=successor_of(machine, name) if rules.STATUSES[status] in rules.REDRIVABLE else None,
        undo=undo_of(machine, subject.get("tenant", ""), payload) if status != "RUNNING" else None,
        undoable_until=result.get("undoable_until") if result else None,
    )


def successor_of(machine: str, name: str) -> str | None:
    """The execution that was started for one that did not succeed: its name is known, so one look tells."""
    successor = rules.successor(name)
    return rules.execution_id(machine, successor) if workflows.describe(machine, successor) else None


def undo_of(machine: str, tenant: str, payload: dict[str, Any]) -> str | None:
    """The execution that was started to undo one with this input: its name is known, so one look tells."""
    undoing, name = rules.UNDOING.get(machine), rules.undo_name(tenant, payload)
    if undoing is None or name is None or workflows.describe(undoing, name) is None:
        return None
    return rules.execution_id(undoing, name)


def _not_found(execution_id: str) -> NotFound:
    return NotFound("execution.not_found", f"There is no execution '{execution_id}'.")
