"""What the emulator does where it matters to us: as AWS where our patches say so, and each difference that we know.

A test whose name says `unlike AWS` fails when a new version of the emulator closes the gap: then the workaround can go.
"""

import json
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import urllib3
from botocore.exceptions import ClientError

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


def standard_machine(stack: Stack, role: str, states: dict[str, Any], start_at: str) -> str:
    definition = {"QueryLanguage": "JSONata", "StartAt": start_at, "States": states}
    arn: str = stack.client("stepfunctions").create_state_machine(
        name=f"e2e-{uuid.uuid4().hex[:12]}", definition=json.dumps(definition), roleArn=role
    )["stateMachineArn"]
    return arn


def test_unlike_aws_starting_a_running_execution_again_is_refused(stack: Stack, role: str) -> None:
    client = stack.client("stepfunctions")
    machine = standard_machine(stack, role, {"Wait": {"Type": "Wait", "Seconds": 30, "End": True}}, "Wait")
    started = client.start_execution(stateMachineArn=machine, name="same", input="{}")
    with pytest.raises(client.exceptions.ExecutionAlreadyExists):
        client.start_execution(stateMachineArn=machine, name="same", input="{}")
    client.stop_execution(executionArn=started["executionArn"])


def test_unlike_aws_a_task_that_starts_a_taken_name_fails_without_the_services_prefix(
    stack: Stack, run_machine: RunMachine, role: str
) -> None:
    # On AWS: StepFunctions.ExecutionAlreadyExistsException. `reconcile` catches both.
    machine = standard_machine(stack, role, {"Done": {"Type": "Succeed"}}, "Done")
    stack.client("stepfunctions").start_execution(stateMachineArn=machine, name="same", input="{}")
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution",
        "Arguments": {"StateMachineArn": machine, "Name": "same", "Input": {"other": True}},
        "End": True,
    }
    execution = run_machine({"StartAt": "Start", "States": {"Start": task}})
    assert (execution["status"], execution["error"]) == ("FAILED", "ExecutionAlreadyExists")


def test_unlike_aws_there_is_no_redrive(stack: Stack, role: str) -> None:
    client = stack.client("stepfunctions")
    machine = standard_machine(stack, role, {"Fail": {"Type": "Fail", "Error": "No", "Cause": "no"}}, "Fail")
    arn = client.start_execution(stateMachineArn=machine)["executionArn"]
    finished(stack, arn)
    with pytest.raises(ClientError) as refused:
        client.redrive_execution(executionArn=arn)
    assert refused.value.response["Error"]["Code"] == "InvalidAction"


def finished(stack: Stack, arn: str) -> dict[str, Any]:
    give_up = time.monotonic() + 20
    while time.monotonic() < give_up:
        execution: dict[str, Any] = stack.client("stepfunctions").describe_execution(executionArn=arn)
        if execution["status"] != "RUNNING":
            return execution
        time.sleep(0.05)
    pytest.fail(f"{arn} is still running")


def test_unlike_aws_there_is_no_http_task(run_machine: RunMachine) -> None:
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::http:invoke",
        "Arguments": {
            "ApiEndpoint": "https://example.com",
            "Method": "GET",
            "InvocationConfig": {"ConnectionArn": "arn:aws:events:us-east-1:000000000000:connection/c/1"},
        },
        "End": True,
    }
    execution = run_machine({"StartAt": "Call", "States": {"Call": task}})
    assert (execution["status"], execution["error"]) == ("FAILED", "States.Runtime")


@pytest.fixture(scope="module")
def items(stack: Stack) -> Iterator[dict[str, Any]]:
    """An item reader that gives 1, 2, 3, 4 from an object."""
    client, bucket = stack.client("s3"), f"e2e-{uuid.uuid4().hex[:12]}"
    client.create_bucket(Bucket=bucket)
    client.put_object(Bucket=bucket, Key="items.json", Body=b"[1, 2, 3, 4]")
    yield {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSON"},
        "Arguments": {"Bucket": bucket, "Key": "items.json"},
    }
    client.delete_object(Bucket=bucket, Key="items.json")
    client.delete_bucket(Bucket=bucket)


EACH = {
    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
    "StartAt": "One",
    "States": {"One": {"Type": "Pass", "End": True}},
}


def run_distributed(stack: Stack, role: str, **more: Any) -> Any:
    machine = standard_machine(
        stack, role, {"Each": {"Type": "Map", "ItemProcessor": EACH, "End": True, **more}}, "Each"
    )
    execution = finished(stack, stack.client("stepfunctions").start_execution(stateMachineArn=machine)["executionArn"])
    assert execution["status"] == "SUCCEEDED"
    return json.loads(execution["output"])


def test_a_distributed_map_reads_its_items_from_an_object(stack: Stack, role: str, items: dict[str, Any]) -> None:
    assert run_distributed(stack, role, ItemReader=items) == [1, 2, 3, 4]


def test_unlike_aws_a_distributed_map_does_not_batch(stack: Stack, role: str, items: dict[str, Any]) -> None:
    assert run_distributed(stack, role, ItemReader=items, ItemBatcher={"MaxItemsPerBatch": 2}) == [1, 2, 3, 4]


def test_unlike_aws_a_distributed_map_writes_no_results(stack: Stack, role: str, items: dict[str, Any]) -> None:
    bucket = items["Arguments"]["Bucket"]
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Arguments": {"Bucket": bucket, "Prefix": "results/"}}
    assert run_distributed(stack, role, ItemReader=items, ResultWriter=writer) == [1, 2, 3, 4]
    assert stack.client("s3").list_objects_v2(Bucket=bucket, Prefix="results/")["KeyCount"] == 0


def test_a_distributed_map_evaluates_its_own_jsonata(stack: Stack, role: str, items: dict[str, Any]) -> None:
    # By our patch: the item reader's arguments, the item selector, the output.
    bucket = items["Arguments"]["Bucket"]
    listing = {
        "Resource": "arn:aws:states:::s3:listObjectsV2",
        "Arguments": {"Bucket": "{% $states.input.bucket %}", "Prefix": "{% 'it' & 'ems' %}"},
    }
    selector = {"key": "{% $states.context.Map.Item.Value.Key %}", "prefix": "{% $states.input.bucket %}"}
    machine = standard_machine(
        stack,
        role,
        {
            "Each": {
                "Type": "Map",
                "ItemProcessor": EACH,
                "ItemReader": listing,
                "ItemSelector": selector,
                "Output": "{% {'found': $states.result} %}",
                "End": True,
            }
        },
        "Each",
    )
    given = json.dumps({"bucket": bucket})
    started = stack.client("stepfunctions").start_execution(stateMachineArn=machine, input=given)
    execution = finished(stack, started["executionArn"])
    assert json.loads(execution["output"]) == {"found": [{"key": "items.json", "prefix": bucket}]}


def test_unlike_aws_a_distributed_map_evaluates_no_items(stack: Stack, role: str) -> None:
    assert run_distributed(stack, role, Items="{% [1..4] %}") == [{}]


def test_a_task_that_waits_for_an_execution_is_refused_a_taken_name(
    stack: Stack, run_machine: RunMachine, role: str
) -> None:
    # By our patch; on AWS with the service's prefix, as of a task that does not wait.
    machine = standard_machine(stack, role, {"Done": {"Type": "Succeed"}}, "Done")
    stack.client("stepfunctions").start_execution(stateMachineArn=machine, name="same", input="{}")
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Arguments": {"StateMachineArn": machine, "Name": "same", "Input": {"other": True}},
        "End": True,
    }
    execution = run_machine({"StartAt": "Start", "States": {"Start": task}})
    assert (execution["status"], execution["error"]) == ("FAILED", "ExecutionAlreadyExists")


def test_unlike_aws_a_distributed_map_goes_on_when_its_execution_is_stopped(
    stack: Stack, role: str, items: dict[str, Any]
) -> None:
    # On AWS its children are stopped with it. The steps of `sales_backfill` look for themselves whether they may go on.
    wait = {"Type": "Wait", "Seconds": 1, "End": True}
    slow = {**EACH, "StartAt": "Wait", "States": {"Wait": wait}}
    each = {"Type": "Map", "ItemReader": items, "ItemProcessor": slow, "MaxConcurrency": 4, "End": True}
    machine = standard_machine(stack, role, {"Each": each}, "Each")
    client = stack.client("stepfunctions")
    arn = client.start_execution(stateMachineArn=machine)["executionArn"]
    give_up = time.monotonic() + 20
    while not (runs := client.list_map_runs(executionArn=arn)["mapRuns"]):
        assert time.monotonic() < give_up
    client.stop_execution(executionArn=arn)
    run = runs[0]["mapRunArn"]
    while client.describe_map_run(mapRunArn=run)["status"] == "RUNNING":
        assert time.monotonic() < give_up
        time.sleep(0.1)
    assert client.describe_map_run(mapRunArn=run)["itemCounts"]["succeeded"] == 4


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
