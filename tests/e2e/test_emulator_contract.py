"""What the emulator does where it matters to us: as AWS where our patches say so, and each difference that we know.

A test whose name says `unlike AWS` fails when a new version of the emulator closes the gap: then the workaround can go.
"""

import json
import sys
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import urllib3

from local.stack import Stack
from tests.e2e.conftest import MakeFunction, RunMachine, create_role, listening_addresses

Invoke = Callable[..., tuple[str | None, Any]]

MISBEHAVING = """
import json, os, sys, time

class OutOfSeats(Exception):
    pass

def handler(event, context):
    do = (event or {}).get("do")
    if do == "exit":
        os._exit(3)
    if do == "kill":
        os.kill(os.getpid(), 9)
    if do == "hang":
        time.sleep(60)
    if do == "raise":
        raise OutOfSeats("row 7")
    if do == "unserialisable":
        return object()
    if do == "print":
        print("a line of log")
        os.write(1, b'{"status": "ok", "result": "forged"}\\n')
    return {"pid": os.getpid(), "path": sys.path, "version": list(sys.version_info[:2])}
"""


@pytest.fixture(scope="module")
def function(make_function: MakeFunction) -> str:
    return make_function(MISBEHAVING, timeout=1)


def error_of(invoke: Invoke, function: str, do: str) -> tuple[str, str]:
    kind, payload = invoke(function, {"do": do})
    assert kind == "Unhandled"
    return payload["errorType"], payload["errorMessage"]


# --- Execution environments: as AWS, by our patches


def test_a_process_that_exits_is_an_exit_error_and_the_next_call_is_served(invoke: Invoke, function: str) -> None:
    error_type, message = error_of(invoke, function, "exit")
    assert error_type == "Runtime.ExitError"
    assert message.endswith("Error: Runtime exited with error: exit status 3")
    assert invoke(function)[0] is None


def test_a_killed_process_is_an_exit_error_and_the_next_call_is_served(invoke: Invoke, function: str) -> None:
    error_type, message = error_of(invoke, function, "kill")
    assert (error_type, message.rpartition(": ")[2]) == ("Runtime.ExitError", "killed")
    assert invoke(function)[0] is None


def test_a_process_that_hangs_times_out_and_the_next_call_is_served(invoke: Invoke, function: str) -> None:
    started = time.monotonic()
    assert error_of(invoke, function, "hang") == ("Sandbox.Timedout", "Task timed out after 1.00 seconds")
    assert time.monotonic() - started < 5
    assert invoke(function)[0] is None


def test_an_exception_keeps_its_name_and_stack_and_its_environment(invoke: Invoke, function: str) -> None:
    before = invoke(function)[1]["pid"]
    _, payload = invoke(function, {"do": "raise"})
    assert (payload["errorType"], payload["errorMessage"]) == ("OutOfSeats", "row 7")
    assert ", in handler\n" in payload["stackTrace"][-1]
    assert invoke(function)[1]["pid"] == before


def test_a_result_that_is_not_json_is_a_marshal_error(invoke: Invoke, function: str) -> None:
    assert error_of(invoke, function, "unserialisable")[0] == "Runtime.MarshalError"


def test_what_a_handler_prints_is_log_and_never_its_answer(stack: Stack, function: str) -> None:
    answer = stack.client("lambda").invoke(FunctionName=function, Payload=b'{"do": "print"}', LogType="Tail")
    assert "pid" in json.loads(answer["Payload"].read())


@pytest.mark.parametrize(
    ("source", "error_type"),
    [
        ("import no_such_package", "Runtime.ImportModuleError"),
        ("def handler(:", "Runtime.UserCodeSyntaxError"),
        ("other = 1", "Runtime.HandlerNotFound"),
        ("raise ValueError('at import')", "ValueError"),
        ("import os; os._exit(1)", "Runtime.ExitError"),
    ],
)
def test_a_module_that_does_not_load_says_why(
    make_function: MakeFunction, invoke: Invoke, source: str, error_type: str
) -> None:
    name = make_function(source)
    for _ in range(2):
        kind, payload = invoke(name)
        assert (kind, payload["errorType"]) == ("Unhandled", error_type)


def test_a_handler_sees_only_its_own_packages_and_layers(make_function: MakeFunction, invoke: Invoke) -> None:
    _, payload = invoke(make_function("import ministack"))
    assert payload["errorMessage"] == "Unable to import module 'app': No module named 'ministack'"


def test_an_api_answers_502_without_the_reason_when_its_function_fails(stack: Stack, function: str) -> None:
    gateway = stack.client("apigateway")
    api = gateway.create_rest_api(name=f"e2e-{uuid.uuid4().hex[:8]}")["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    gateway.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE")
    arn = stack.client("lambda").get_function(FunctionName=function)["Configuration"]["FunctionArn"]
    gateway.put_integration(
        restApiId=api,
        resourceId=root,
        httpMethod="GET",
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri=f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations",
    )
    gateway.create_deployment(restApiId=api, stageName="t")
    status, body = get(f"{stack.url}/restapis/{api}/t/_user_request_/")
    gateway.delete_rest_api(restApiId=api)
    assert (status, json.loads(body)) == (502, {"message": "Internal server error"})


def get(url: str) -> tuple[int, bytes]:
    answer = urllib3.request("GET", url, retries=False, timeout=30)
    return answer.status, answer.data


# --- Execution environments: differences


def test_unlike_aws_a_handler_runs_on_the_emulators_python_whatever_its_runtime(
    make_function: MakeFunction, invoke: Invoke
) -> None:
    name = make_function(MISBEHAVING, Runtime="python3.9")
    assert invoke(name)[1]["version"] == list(sys.version_info[:2])


def test_unlike_aws_an_answer_over_6_mb_passes(make_function: MakeFunction, invoke: Invoke) -> None:
    name = make_function("def handler(event, context): return 'x' * (7 * 1024 * 1024)")
    kind, payload = invoke(name)
    assert (kind, len(payload)) == (None, 7 * 1024 * 1024)


# --- Step Functions


def lambda_task(function: str, do: str, **more: Any) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": function, "Payload": {"do": do}},
        "End": True,
        **more,
    }


@pytest.mark.parametrize(
    ("do", "error"), [("raise", "OutOfSeats"), ("exit", "Runtime.ExitError"), ("hang", "Sandbox.Timedout")]
)
def test_a_task_catches_a_failure_by_its_name(run_machine: RunMachine, function: str, do: str, error: str) -> None:
    caught = {"Type": "Pass", "Output": "{% $states.input.Error %}", "End": True}
    task = lambda_task(function, do, Catch=[{"ErrorEquals": [error], "Next": "Caught"}])
    execution = run_machine({"StartAt": "Task", "States": {"Task": task, "Caught": caught}})
    assert (execution["status"], execution["output"]) == ("SUCCEEDED", error)


def test_a_task_past_its_own_time_out_is_a_states_timeout(run_machine: RunMachine, make_function: MakeFunction) -> None:
    slow = make_function("import time\ndef handler(event, context): time.sleep(4)", timeout=10)
    task = lambda_task(slow, "", TimeoutSeconds=1)
    execution = run_machine({"StartAt": "Task", "States": {"Task": task}})
    assert (execution["status"], execution["error"]) == ("FAILED", "States.Timeout")


# --- The network


def test_nothing_listens_beyond_this_machine(stack: Stack) -> None:
    assert listening_addresses(stack.port) == {"0100007F"}


def test_a_function_may_do_what_its_role_allows_and_no_more(
    stack: Stack, make_function: MakeFunction, invoke: Invoke
) -> None:
    source = """
from botocore.exceptions import ClientError
from botocore.session import get_session

def handler(event, context):
    try:
        return bool(get_session().create_client("dynamodb").list_tables()["TableNames"])
    except ClientError as error:
        return error.response["Error"]["Code"]
"""
    layers = [arn for name, arn in stack.resources().items() if name.startswith("DepsLayer")]
    allowed = create_role(stack, f"e2e-{uuid.uuid4().hex[:12]}", "dynamodb:ListTables")
    forbidden = create_role(stack, f"e2e-{uuid.uuid4().hex[:12]}")
    assert invoke(make_function(source, Role=allowed, Layers=layers)) == (None, True)
    assert invoke(make_function(source, Role=forbidden, Layers=layers)) == (None, "AccessDeniedException")
