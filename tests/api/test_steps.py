"""The steps of frontend_status and event_intake, and what starts them, one by one."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import boto3
import pytest

from marquee.settings import settings
from tests.support.api import call, sample, varied

EID = "evt_sample-night-0001"
PK = f"T#aurora#E#{EID}"
Table = Callable[[str], Callable[[str, str], Any]]


@pytest.fixture
def step(aws: dict[str, str], app: Callable[[str], ModuleType]) -> Callable[..., dict[str, Any]]:
    """An event registered and taken over to Main; runs a step from its sample."""
    call(app("registry"), sample("registry", "register"))
    app("event_intake_tasks").handler(sample("event_intake_tasks", "take_from_registry"), None)

    def run(name: str, **changes: Any) -> dict[str, Any]:
        result: dict[str, Any] = app("statuses_tasks").handler(sample("statuses_tasks", name) | changes, None)
        return result

    return run


def test_intake_brings_the_registered_event_to_main(step: Any, table: Table) -> None:
    assert table("EventsTable")(PK, "EVENT")["status"] == "active"
    assert table("EventsTable")(PK, "EVENT")["campaign_status"] == "OPEN"
    assert table("EventsTable")("T#aurora#C#visible", "COUNT")["n"] == 1


def test_intake_of_an_event_that_is_not_there_fails_by_name(aws: dict[str, str], app: Any) -> None:
    with pytest.raises(Exception, match=r"event\.not_found"):
        app("event_intake_tasks").handler(sample("event_intake_tasks", "take_from_registry"), None)


def test_set_main_repeated_after_a_lost_answer_writes_once(step: Any, table: Table) -> None:
    first, again = step("set_main"), step("set_main")
    assert first == again == {"frontend_status": "FLAGGED", "sequence": 1}
    assert table("EventsTable")(PK, "EVENT")["version"] == 2
    assert table("EventsTable")("T#aurora#C#flagged", "COUNT")["n"] == 1


def test_the_registry_takes_a_newer_state_and_keeps_it_from_an_older(step: Any, table: Table) -> None:
    step("tell_registry", state={"frontend_status": "HIDDEN", "sequence": 2})
    step("tell_registry", state={"frontend_status": "FLAGGED", "sequence": 1})
    assert table("RegistryTable")(PK, "FE")["frontend_status"] == "HIDDEN"


def test_restore_gives_the_previous_status_back_once(step: Any, table: Table) -> None:
    step("set_main")
    assert step("restore_main") == {"frontend_status": "DEFAULT", "sequence": 2}
    assert step("restore_main") == {"frontend_status": "DEFAULT", "sequence": 2}
    assert table("EventsTable")("T#aurora#C#flagged", "COUNT")["n"] == 0
    assert "flagged_pk" not in table("EventsTable")(PK, "EVENT")


def test_restore_leaves_a_later_change_alone(step: Any) -> None:
    step("set_main")
    step("set_main", change_id="x_later", frontend_status="HIDDEN")
    assert step("restore_main") == {"frontend_status": "HIDDEN", "sequence": 2}


def test_an_event_of_nobody_fails_by_name(step: Any) -> None:
    for name in ("set_main", "restore_main", "tell_registry"):
        with pytest.raises(Exception, match=r"event\.not_found"):
            step(name, tenant="borealis")


def test_the_status_route_refuses_what_is_not_a_status_and_whose_event_it_is_not(step: Any, app: Any) -> None:
    statuses = app("statuses")
    wrong = call(statuses, varied(sample("statuses", "set_frontend_status"), body={"frontend_status": "PINNED"}))
    assert (wrong.status, wrong.json["validation_errors"][0]["field"]) == (400, "frontend_status")
    other = call(statuses, varied(sample("statuses", "set_frontend_status"), tenants=["borealis"]))
    assert (other.status, other.json["error_code"]) == (404, "event.not_found")


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
