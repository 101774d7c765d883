"""Pure rules of executions: ids, and an execution history read as steps."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import orjson

from marquee.clock import rfc3339
from marquee.executions.models import Step

_ID = re.compile(r"exe_([a-z_]+)\.([A-Za-z0-9_-]{1,80})")
# How a `DomainError` prints: its dotted code, then its sentence.
_DOMAIN_MESSAGE = re.compile(r"[a-z_]+(?:\.[a-z_]+)+: (.+)", re.DOTALL)
STATUSES = {
    "RUNNING": "running",
    "PENDING_REDRIVE": "running",
    "SUCCEEDED": "succeeded",
    "FAILED": "failed",
    "TIMED_OUT": "timed_out",
    "ABORTED": "cancelled",
}


def execution_id(machine: str, name: str) -> str:
    """The public id of an execution: its machine and its name, ``exe_sales_ingest.<name>``."""
    return f"exe_{machine}.{name}"


def parse_execution_id(value: str) -> tuple[str, str] | None:
    """Machine and execution name of a public id, or None where it is not one."""
    match = _ID.fullmatch(value)
    return (match[1], match[2]) if match else None


def subject(payload: Mapping[str, Any]) -> dict[str, str]:
    """What an execution is about, `tenant` included, from its input.

    A file drop's input is the bucket's event, where tenant and event stand in the key:
    ``sales/<tenant>/<eid>/<file>``. Everything else names them outright.
    """
    if "tenant" in payload:
        return {key: str(payload[key]) for key in ("tenant", "eid", "ingest_id") if key in payload}
    key = str(payload.get("detail", {}).get("object", {}).get("key", ""))
    parts = key.split("/", 3)
    if len(parts) != 4 or parts[0] != "sales":  # noqa: PLR2004 - sales / tenant / event / file
        return {}
    return {"tenant": parts[1], "eid": parts[2], "file": parts[3]}


def steps(history: Iterable[Mapping[str, Any]], titles: Mapping[str, str]) -> list[Step]:
    """A GetExecutionHistory event list as the steps a person follows.

    Only states that do work are steps (those `titles` knows); a state entered again is a step again.
    """
    found: list[Step] = []
    began: datetime | None = None
    for event in history:
        kind = str(event["type"])
        moment: datetime = event["timestamp"]
        if kind.endswith("StateEntered"):
            name = str(event["stateEnteredEventDetails"]["name"])
            began = moment if name in titles else None
            if began:
                found.append(_begun(name, titles[name], began))
        elif began and (kind.endswith("StateExited") or kind.startswith("Execution")):
            _end(found[-1], began, moment, exited=kind.endswith("StateExited"))
            began = None
        elif began:
            _advance(found[-1], kind, event)
    return found


def _begun(name: str, title: str, moment: datetime) -> Step:
    return Step(
        name=name,
        title=title,
        status="running",
        attempts=0,
        started_at=rfc3339(moment),
        finished_at=None,
        seconds=None,
        error=None,
    )


def _advance(step: Step, kind: str, event: Mapping[str, Any]) -> None:
    """A try of the step was scheduled, failed or succeeded."""
    if kind in {"TaskScheduled", "LambdaFunctionScheduled"}:
        step.attempts += 1
    elif kind in {"TaskFailed", "TaskTimedOut", "LambdaFunctionFailed", "LambdaFunctionTimedOut"}:
        step.status, step.error = "failed", _error(event)
    elif kind in {"TaskSucceeded", "LambdaFunctionSucceeded"}:
        step.status, step.error = "succeeded", None


def _end(step: Step, began: datetime, moment: datetime, *, exited: bool) -> None:
    if step.status == "running":
        step.status = "succeeded" if exited else "failed"
    step.finished_at = rfc3339(moment)
    step.seconds = round((moment - began).total_seconds(), 3)


def _error(event: Mapping[str, Any]) -> str:
    empty: Mapping[str, Any] = {}
    details = next((value for key, value in event.items() if key.endswith("EventDetails")), empty)
    told = failure(str(details.get("error", event["type"])), str(details.get("cause", "")))
    return f"{told['code']}: {told['message']}"


def failure(error: str, cause: str) -> dict[str, str]:
    """An error's name and what its tenant is told of it.

    `cause` is a text, or a Lambda failure as JSON (message, stack trace). A domain error speaks to people and is passed
    on; anything else may name what is inside, which is for the operator's eyes.
    """
    try:
        parsed = orjson.loads(cause)
    except orjson.JSONDecodeError:
        parsed = cause
    message = str(parsed.get("errorMessage", "")) if isinstance(parsed, dict) else str(parsed)
    spoken = _DOMAIN_MESSAGE.match(message)
    return {"code": error, "message": spoken[1] if spoken else "A step failed on our side; the operator can see why."}


def titles(definition: str) -> dict[str, str]:
    """The working states of a state machine definition with the words its comments have for them."""
    states: dict[str, Any] = orjson.loads(definition)["States"]
    found: dict[str, str] = {}
    for name, state in states.items():
        if state["Type"] in {"Task", "Map", "Parallel", "Wait"}:
            found[name] = str(state.get("Comment", name))
    return found
