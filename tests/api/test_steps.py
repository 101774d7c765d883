"""The steps of event_intake, and what starts them, one by one."""

from collections.abc import Callable
from typing import Any

import boto3
import pytest

from marquee.settings import settings
from tests.support.api import call, sample, varied

EID = "evt_sample-night-0001"
PK = f"T#aurora#E#{EID}"
Table = Callable[[str], Callable[[str, str], Any]]


def test_intake_brings_the_registered_event_to_main(aws: dict[str, str], app: Any, table: Table) -> None:
    call(app("registry"), sample("registry", "register"))
    app("event_intake_tasks").handler(sample("event_intake_tasks", "take_from_registry"), None)
    assert table("EventsTable")(PK, "EVENT")["status"] == "active"
    assert table("EventsTable")(PK, "EVENT")["campaign_status"] == "OPEN"
    assert call(app("events"), sample("events", "list")).json["total"] == 1


def test_intake_of_an_event_that_is_not_there_fails_by_name(aws: dict[str, str], app: Any) -> None:
    with pytest.raises(Exception, match=r"event\.not_found"):
        app("event_intake_tasks").handler(sample("event_intake_tasks", "take_from_registry"), None)


@pytest.fixture
def intake_machine(aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    client = boto3.client("stepfunctions")
    arn: str = client.create_state_machine(
        name="event_intake",
        definition='{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}',
        roleArn="arn:aws:iam::123456789012:role/test",
    )["stateMachineArn"]
    monkeypatch.setenv("MACHINE_EVENT_INTAKE", arn)
    settings.cache_clear()
    return arn


def test_a_stream_record_delivered_twice_starts_one_intake(intake_machine: str, app: Any) -> None:
    stream = app("registry_stream")
    assert stream.handler(sample("registry_stream", "inserted"), None) == {"batchItemFailures": []}
    assert stream.handler(sample("registry_stream", "inserted"), None) == {"batchItemFailures": []}
    executions = boto3.client("stepfunctions").list_executions(stateMachineArn=intake_machine)["executions"]
    assert len(executions) == 1


def test_a_record_that_cannot_be_started_is_reported_alone(intake_machine: str, app: Any) -> None:
    batch = sample("registry_stream", "inserted")
    bad = sample("registry_stream", "inserted")["Records"][0]
    bad["dynamodb"]["NewImage"]["version"] = {"N": "2"}
    bad["dynamodb"]["SequenceNumber"] = "2"
    batch["Records"].append(bad)
    stream = app("registry_stream")
    start = stream.workflows.start

    def failing(machine: str, name: str, payload: dict[str, Any]) -> str:
        if payload["version"] == 2:
            raise RuntimeError("throttled")
        return str(start(machine, name, payload))

    stream.workflows.start = failing
    try:
        assert stream.handler(batch, None) == {"batchItemFailures": [{"itemIdentifier": "2"}]}
    finally:
        stream.workflows.start = start


def test_an_execution_of_another_machine_or_form_is_404(intake_machine: str, app: Any) -> None:
    for execution in ("exe_event_intake.nothing", "exe_other.name", "x", "exe_event_intake"):
        answer = call(app("executions"), varied(sample("executions", "read"), path={"execution_id": execution}))
        assert (answer.status, answer.json["error_code"]) == (404, "execution.not_found")


def test_an_execution_is_its_tenants_alone(intake_machine: str, app: Any) -> None:
    boto3.client("stepfunctions").start_execution(
        stateMachineArn=intake_machine, name="mine", input='{"tenant": "borealis", "eid": "evt_1"}'
    )
    event = varied(sample("executions", "read"), path={"execution_id": "exe_event_intake.mine"})
    assert call(app("executions"), event).status == 404
