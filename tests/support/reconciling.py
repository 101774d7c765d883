"""Runs of the `reconcile` machine on the deployed stack."""

import json
import time
import uuid
from typing import Any


def start(stack: Any, name: str, **payload: Any) -> str:
    """Start it; gives the execution's ARN."""
    started = stack.client("stepfunctions").start_execution(
        stateMachineArn=stack.resources()["ReconcileStateMachine"], name=name, input=json.dumps(payload)
    )
    return str(started["executionArn"])


def reconcile(stack: Any, *, name: str = "", **payload: Any) -> dict[str, Any]:
    """Run it to its end; gives its description, with the output read."""
    return ended(stack, start(stack, name or uuid.uuid4().hex, **payload))


def ended(stack: Any, arn: str, seconds: float = 120) -> dict[str, Any]:
    """Wait for an execution's end."""
    give_up, client = time.monotonic() + seconds, stack.client("stepfunctions")
    while True:
        described: dict[str, Any] = client.describe_execution(executionArn=arn)
        if described["status"] != "RUNNING":
            return described | {"output": json.loads(described.get("output") or "{}")}
        assert time.monotonic() < give_up, described
        time.sleep(0.05)


def settled(stack: Any) -> None:
    """Wait until no run is under way, those of single tenants included."""
    machine = stack.resources()["ReconcileStateMachine"]
    running = stack.client("stepfunctions").list_executions(stateMachineArn=machine, statusFilter="RUNNING")
    for one in running["executions"]:
        ended(stack, one["executionArn"])
