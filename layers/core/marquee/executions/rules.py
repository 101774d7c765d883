"""Pure rules of executions: ids, and an execution history read as steps."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

import orjson

from marquee.clock import rfc3339
from marquee.executions.models import Failure, Status, Step
from marquee.ids import derived_id

StepStatus = Literal["running", "succeeded", "failed", "cancelled"]

_ID = re.compile(r"exe_([a-z_]+)\.([A-Za-z0-9_-]{1,80})")
# How a `DomainError` prints: its dotted code, then its sentence.
_DOMAIN_MESSAGE = re.compile(r"[a-z_]+(?:\.[a-z_]+)+: (.+)", re.DOTALL)
_NAME_LENGTH = 80
_FOLDERS = frozenset(("sales", "backfill", "uploads"))
_EDITS = frozenset(("edits", "edit_uploads"))
_PARTS = 4
_UPLOAD = re.compile(r"upl_[A-Za-z0-9_-]{1,40}/")
_NAMED = ("tenant", "eid", "event_uuid", "ingest_id", "prefix", "mode", "clear", "launch_id", "status", "reset")
_SUCCESSOR = re.compile(r"(.+)-r([1-9]\d{0,5})")
# What `workflows.execution_name` derives is whole: an end like a successor's is chance.
_DERIVED = re.compile(r"x_[A-Za-z0-9_-]{20}")
_FAILURES = ("Failed", "TimedOut")
_AROUND = frozenset(("MapStateEntered", "ParallelStateEntered"))
_ENDS: dict[str, StepStatus] = {
    "ExecutionSucceeded": "succeeded",
    "ExecutionFailed": "failed",
    "ExecutionTimedOut": "failed",
    "ExecutionAborted": "cancelled",
}
# Why an execution ended, where it does not say so itself.
_ENDINGS = {"TIMED_OUT": "It took longer than it may and was stopped.", "ABORTED": "It was stopped by the operator."}
UNDOING = {"sales_clear": "sales_undo", "campaigns_reset": "campaigns_restore"}
"""Machines whose executions can be undone, and the machine that does it."""
_UNDONE_BY = ("clear_id", "reset_id")
"""What the inputs of those machines call what they did, one of these."""
REDRIVABLE = frozenset(("failed", "timed_out", "cancelled"))
CANCELLED = "Cancelled"
CANCELLED_CAUSE = "execution.cancelled: It was cancelled on request."
STATUSES: dict[str, Status] = {
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


def successor(name: str) -> str:
    """The name of the one execution that makes up for an execution called `name`: ``n`` -> ``n-r1`` -> ``n-r2``."""
    first, number = _counted(name)
    following = f"-r{number + 1}"
    if len(first) + len(following) > _NAME_LENGTH:
        first = derived_id("x", first)
    return first + following


def predecessor(name: str) -> str | None:
    """The name of the execution that one called `name` makes up for; None where it was not started for that."""
    first, number = _counted(name)
    if not number:
        return None
    return f"{first}-r{number - 1}" if number > 1 else first


def _counted(name: str) -> tuple[str, int]:
    match = None if _DERIVED.fullmatch(name) else _SUCCESSOR.fullmatch(name)
    return (match[1], int(match[2])) if match else (name, 0)


def undo_name(tenant: str, payload: Mapping[str, Any]) -> str | None:
    """The name of the one execution that undoes one with this input; None where it is not one that can be undone."""
    done = next((payload[name] for name in _UNDONE_BY if payload.get(name) is not None), None)
    return derived_id("x", tenant, "undo", str(done)) if done is not None else None


def subject(payload: Mapping[str, Any]) -> dict[str, str]:
    """What an execution is about, `tenant` included, from its input.

    A dropped file stands in the input as the bucket's event says it, and so do its tenant and event, in the key:
    ``sales/<tenant>/<eid>/<file>``; an edited export, of several events, in
    ``edits/<tenant>/<upload id>/<file>``. What is started otherwise names them outright.
    """
    named = {key: str(payload[key]) for key in _NAMED if payload.get(key) is not None}
    return _dropped(str(payload.get("detail", {}).get("object", {}).get("key", ""))) | named


def _dropped(key: str) -> dict[str, str]:
    parts = key.split("/", _PARTS - 1)
    if len(parts) == _PARTS and parts[0] in _EDITS:
        return {"tenant": parts[1], "file": parts[3]}
    if len(parts) < _PARTS or parts[0] not in _FOLDERS:
        return {}
    _, tenant, eid, file = parts
    if _UPLOAD.match(file):  # each in a folder of its own
        file = file.partition("/")[2]
    return {"tenant": tenant, "eid": eid, "file": file}


def steps(history: Iterable[Mapping[str, Any]], titles: Mapping[str, str]) -> list[Step]:
    """A GetExecutionHistory event list as the steps a person follows.

    Only states that do work are steps (those `titles` knows); a state entered again is a step again.
    """
    found: list[Step] = []
    began: dict[str, tuple[Step, datetime]] = {}
    # Which step an event belongs to: its predecessor's. Branches of a Map or Parallel come interleaved.
    owners: dict[Any, Step | None] = {}
    latest: Step | None = None
    around: set[int] = set()
    for event in history:
        kind, moment = str(event["type"]), event["timestamp"]
        owner = owners.get(event.get("previousEventId"), latest)
        if kind.endswith("StateEntered"):
            name = str(event["stateEnteredEventDetails"]["name"])
            owner = _begun(name, titles[name], moment) if name in titles else None
            if owner:
                if kind in _AROUND:
                    # Its tries are not those of the states within, one for each branch, that some histories leave out.
                    owner.attempts = 1
                    around.add(id(owner))
                found.append(owner)
                began[name] = owner, moment
        elif kind.endswith("StateExited"):
            ended = began.pop(str(event["stateExitedEventDetails"]["name"]), None)
            if ended:
                _end(*ended, moment, "failed" if ended[0].error else "succeeded")
        elif kind in _ENDS:
            for step, start in began.values():
                _end(step, start, moment, _ENDS[kind])
            break
        elif owner:
            _advance(owner, kind, event, counted=id(owner) not in around)
        latest = owners[event.get("id")] = owner
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


def _advance(step: Step, kind: str, event: Mapping[str, Any], *, counted: bool) -> None:
    """A try of the step was scheduled, failed or succeeded. It goes on until its state is left."""
    if kind in {"TaskScheduled", "LambdaFunctionScheduled"}:
        step.attempts += counted
    elif kind.endswith(_FAILURES):
        step.error = _error(event)
    elif kind in {"TaskSucceeded", "LambdaFunctionSucceeded"}:
        step.error = None


def _end(step: Step, began: datetime, moment: datetime, status: StepStatus) -> None:
    step.status = status
    step.finished_at = rfc3339(moment)
    step.seconds = round((moment - began).total_seconds(), 3)


def _error(event: Mapping[str, Any]) -> str:
    empty: Mapping[str, Any] = {}
    details = next((value for key, value in event.items() if key.endswith("EventDetails")), empty)
    told = failure(str(details.get("error", event["type"])), str(details.get("cause", "")))
    return f"{told.code}: {told.message}"


def failure(error: str, cause: str) -> Failure:
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
    told = spoken[1] if spoken else "A step failed on our side; the operator can see why."
    return Failure(code=error, message=told)


def ending(status: str, error: str | None, cause: str | None) -> Failure | None:
    """Why an execution of this (AWS) status did not succeed; None where it did, or may yet."""
    if STATUSES[status] not in REDRIVABLE:
        return None
    if status in _ENDINGS and not cause:
        return Failure(code=error or status, message=_ENDINGS[status])
    return failure(error or status, cause or "")


def titles(definition: str) -> dict[str, str]:
    """The working states of a state machine definition with the words its comments have for them."""
    states: dict[str, Any] = orjson.loads(definition)["States"]
    found: dict[str, str] = {}
    for name, state in states.items():
        if state["Type"] in {"Task", "Map", "Parallel", "Wait"}:
            found[name] = str(state.get("Comment", name))
    return found
