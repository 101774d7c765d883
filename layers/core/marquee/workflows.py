"""State machines as the services use them: start (idempotent by name), run to the end, describe."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from botocore.exceptions import ClientError, ReadTimeoutError

from marquee import ddb
from marquee.ids import derived_id
from marquee.settings import settings

# A function has to answer before API Gateway gives up after 29 s.
SYNC_SECONDS = 25
_LOOKS, _LOOK_SECONDS = 15, 0.1
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")


@dataclass(frozen=True, slots=True)
class SyncResult:
    """How an Express execution ended."""

    succeeded: bool
    output: dict[str, Any]
    error: str
    cause: str


def execution_name(*parts: str) -> str:
    """An execution name (at most 80 characters) that the same parts always get."""
    return _UNSAFE.sub("-", derived_id("x", *parts))


def start(machine: str, name: str, payload: dict[str, Any]) -> str:
    """Start a Standard execution under `name` and return its ARN.

    A name that is taken is this very start, repeated: the names derive from what is asked for.
    """
    machine_arn = settings().machine(machine)
    try:
        answer = ddb.aws_client("stepfunctions").start_execution(
            stateMachineArn=machine_arn, name=name, input=orjson.dumps(payload).decode()
        )
    except ClientError as error:
        if ddb.error_code(error) != "ExecutionAlreadyExists":
            raise ddb.translate(error) from error
        return f"{machine_arn.replace(':stateMachine:', ':execution:')}:{name}"
    return str(answer["executionArn"])


def run(machine: str, name: str, payload: dict[str, Any]) -> SyncResult:
    """Run an Express machine to its end and return how it ended.

    An execution that is not over in time goes on by itself; the error is then ``Unfinished``.
    """
    # Never sent twice: a second execution would not replace the first but run beside it.
    client = ddb.aws_client("stepfunctions", attempts=1, read_timeout=SYNC_SECONDS)
    try:
        answer = client.start_sync_execution(
            stateMachineArn=settings().machine(machine), name=name, input=orjson.dumps(payload).decode()
        )
    except ClientError as error:
        raise ddb.translate(error) from error
    except ReadTimeoutError:
        return SyncResult(succeeded=False, output={}, error="Unfinished", cause=f"not over after {SYNC_SECONDS} s")
    return SyncResult(
        succeeded=answer["status"] == "SUCCEEDED",
        output=orjson.loads(answer.get("output") or "{}"),
        error=str(answer.get("error", answer["status"])),
        cause=str(answer.get("cause", "")),
    )


def describe(machine: str, name: str) -> dict[str, Any] | None:
    """DescribeExecution by machine and execution name; None where there is none (or no such machine here)."""
    machine_arn = settings().machines.get(machine)
    if machine_arn is None:
        return None
    arn = f"{machine_arn.replace(':stateMachine:', ':execution:')}:{name}"
    try:
        answer: dict[str, Any] = ddb.aws_client("stepfunctions").describe_execution(executionArn=arn)
    except ClientError as error:
        if ddb.error_code(error) in {"ExecutionDoesNotExist", "InvalidArn"}:
            return None
        raise ddb.translate(error) from error
    return answer


def describe_when(
    machine: str, name: str, shown: Callable[[dict[str, Any]], bool] = lambda _: True
) -> dict[str, Any] | None:
    """DescribeExecution once it shows what was just done: its answers may lag. After a while, what it says then."""
    for _ in range(_LOOKS):
        described = describe(machine, name)
        if described is not None and shown(described):
            return described
        time.sleep(_LOOK_SECONDS)
    return describe(machine, name)


def stop(execution_arn: str, code: str, cause: str) -> None:
    """Stop a Standard execution; one that is not running any more stays as it ended."""
    try:
        ddb.aws_client("stepfunctions").stop_execution(executionArn=execution_arn, error=code, cause=cause)
    except ClientError as error:
        if ddb.error_code(error) != "ValidationException":
            raise ddb.translate(error) from error


def definition_of(execution_arn: str) -> str:
    """The definition an execution runs, as it was when the execution started."""
    answer = ddb.aws_client("stepfunctions").describe_state_machine_for_execution(executionArn=execution_arn)
    return str(answer["definition"])


def history(execution_arn: str) -> list[dict[str, Any]]:
    """All events of an execution, oldest first."""
    events: list[dict[str, Any]] = []
    request: dict[str, Any] = {"executionArn": execution_arn, "maxResults": 1000}
    while True:
        answer = ddb.aws_client("stepfunctions").get_execution_history(**request)
        events.extend(answer["events"])
        if not answer.get("nextToken"):
            return events
        request["nextToken"] = answer["nextToken"]
