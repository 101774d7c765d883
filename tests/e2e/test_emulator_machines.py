"""What the emulator's Step Functions do where it matters to us, beside `test_emulator_contract.py`; read that first."""

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.stack import Stack
from tests.e2e.conftest import RunMachine


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
