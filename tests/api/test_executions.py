"""Executions over the API, where Step Functions only keeps them: nothing runs here, what runs is in tests/workflows."""

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import boto3
import pytest

from marquee.sales import service as sales
from marquee.settings import settings
from tests.support.api import call, sample, varied
from tests.support.ingest import EID, REGION, REPORT, TENANT, Ingests

DEFINITION = {
    "StartAt": "Read",
    "States": {"Read": {"Type": "Task", "Comment": "Read it", "Resource": "x", "End": True}},
}


@pytest.fixture
def machine(aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """A machine the function knows as sales_ingest, with the samples' execution running."""
    client = boto3.Session(region_name=REGION).client("stepfunctions")
    arn = client.create_state_machine(
        name="sales_ingest", definition=json.dumps(DEFINITION), roleArn="arn:aws:iam::123456789012:role/x"
    )["stateMachineArn"]
    monkeypatch.setenv("MACHINE_SALES_INGEST", arn)
    settings.cache_clear()
    key = f"sales/{TENANT}/{EID}/report.xlsx"
    client.start_execution(stateMachineArn=arn, name="sample", input=json.dumps({"detail": {"object": {"key": key}}}))
    return client


@pytest.fixture
def executions(app: Callable[[str], ModuleType]) -> ModuleType:
    return app("executions")


def test_a_running_execution_is_shown_cancelled_and_redriven(machine: Any, executions: ModuleType) -> None:
    shown = call(executions, sample("executions", "read"))
    assert (shown.status, shown.json["status"], shown.json["subject"]["eid"]) == (200, "running", EID)
    early = call(executions, sample("executions", "redrive"))
    assert (early.status, early.json["error_code"]) == (409, "execution.not_failed")
    cancelled = [call(executions, sample("executions", "cancel")) for _ in range(2)]
    assert [one.status for one in cancelled] == [200, 200]
    assert cancelled[0].json == cancelled[1].json
    assert (cancelled[0].json["status"], cancelled[0].json["successor"]) == ("cancelled", None)
    redriven = [call(executions, sample("executions", "redrive")) for _ in range(2)]
    assert [(one.status, one.headers["location"]) for one in redriven] == [
        (202, "/executions/exe_sales_ingest.sample-r1")
    ] * 2
    assert redriven[0].json["redrive_of"] == "exe_sales_ingest.sample"
    assert call(executions, sample("executions", "read")).json["successor"] == "exe_sales_ingest.sample-r1"


def test_a_cancelling_that_died_half_way_is_completed_by_its_repetition(
    machine: Any, executions: ModuleType, ingests: Ingests
) -> None:
    # Given an execution that is stopped, by a request that did not come to closing the ingest
    key = ingests.put(REPORT)
    task = ingests.step("register", bucket=ingests.bucket, key=key, execution="sample")["ingest"]
    (running,) = machine.list_executions(stateMachineArn=settings().machine("sales_ingest"))["executions"]
    machine.stop_execution(executionArn=running["executionArn"])
    assert sales.read_ingest(TENANT, task["ingest_id"])["status"] == "REGISTERED"
    # When it is repeated, trying it out first
    tried = call(executions, varied(sample("executions", "cancel"), query={"dry_run": ["true"]}))
    assert (tried.status, tried.json["changes"]) == (200, [])
    assert sales.read_ingest(TENANT, task["ingest_id"])["status"] == "REGISTERED"
    assert call(executions, sample("executions", "cancel")).status == 200
    # Then the ingest is closed
    ended = sales.read_ingest(TENANT, task["ingest_id"])
    assert (ended["status"], ended["reason"] and ended["reason"]["code"]) == ("FAILED", "ingest.cancelled")


@pytest.mark.parametrize("name", ["read", "cancel", "redrive"])
def test_somebody_elses_execution_is_like_none(machine: Any, executions: ModuleType, name: str) -> None:
    others = call(executions, varied(sample("executions", name), tenants=["borealis"]))
    none = call(executions, varied(sample("executions", name), path={"execution_id": "exe_sales_ingest.none"}))
    assert others.status == none.status == 404
    assert others.json["error_code"] == none.json["error_code"] == "execution.not_found"
    assert call(executions, sample("executions", "read")).json["status"] == "running"


@pytest.mark.parametrize("name", ["cancel", "redrive"])
def test_reading_alone_changes_nothing(machine: Any, executions: ModuleType, name: str) -> None:
    refused = call(executions, varied(sample("executions", name), scope="main.read"))
    assert (refused.status, refused.json["error_code"]) == (403, "auth.scope_missing")
    assert call(executions, sample("executions", "read")).json["status"] == "running"
