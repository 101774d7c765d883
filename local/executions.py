"""Executions of the stack's workflows, as the command line shows them."""

import json
import time
from typing import Any

from local.project import LocalError
from local.stack import Stack


def public_id(row: dict[str, Any]) -> str:
    """The id under which ``/main/executions/{id}`` shows an execution that the AWS protocol lists as `row`."""
    machine = row["executionArn"].split(":")[-2].rpartition("-")[2]
    return f"exe_{machine}.{row['name']}"


def latest(stack: Stack) -> list[dict[str, Any]]:
    """Every execution of the stack's Standard machines, the latest last. Express machines keep no list, as on AWS."""
    client = stack.client("stepfunctions")
    rows = [
        row
        for machine in client.list_state_machines()["stateMachines"]
        if machine["type"] == "STANDARD"
        for row in client.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]
    ]
    return sorted(rows, key=lambda row: row["startDate"])


def started_by_object(stack: Stack, key: str, known: set[str], seconds: float = 10.0) -> dict[str, Any] | None:
    """The execution, none of the ARNs `known`, that the object `key` started; None if none does in time."""
    client = stack.client("stepfunctions")
    give_up = time.monotonic() + seconds
    seen = set(known)
    while time.monotonic() < give_up:
        for row in latest(stack):
            if row["executionArn"] not in seen:
                described: dict[str, Any] = client.describe_execution(executionArn=row["executionArn"])
                if json.loads(described["input"]).get("detail", {}).get("object", {}).get("key") == key:
                    return described
                seen.add(row["executionArn"])
        time.sleep(0.1)
    return None


def show(stack: Stack, wanted: str) -> dict[str, Any]:
    """An execution by its id, name or ARN, with its steps. Raises LocalError when there is none."""
    client = stack.client("stepfunctions")
    found = [row for row in latest(stack) if wanted in {row["executionArn"], row["name"], public_id(row)}]
    if not found:
        raise LocalError(f"no execution is called {wanted}")
    described = client.describe_execution(executionArn=found[0]["executionArn"])
    history = client.get_execution_history(executionArn=found[0]["executionArn"])["events"]
    shown = {key: described[key] for key in ("status", "input", "output", "error", "cause") if key in described}
    return {"id": public_id(found[0]), **shown, "steps": [_line(event) for event in history]}


def _line(event: dict[str, Any]) -> str:
    details: dict[str, Any] = next((value for key, value in event.items() if key.endswith("EventDetails")), {})
    words = [f"{event['timestamp']:%H:%M:%S.%f}"[:12], event["type"], details.get("name", ""), details.get("error", "")]
    return " ".join(word for word in words if word)
