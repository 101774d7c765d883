"""Clearing and undoing over the API, where Step Functions only keeps executions: what runs is in tests/workflows."""

import json
from collections.abc import Callable
from datetime import timedelta
from types import ModuleType
from typing import Any

import boto3
import pytest

from marquee import clock
from marquee.settings import settings
from tests.support.api import Answer, call, sample, varied
from tests.support.clearing import Clears
from tests.support.ingest import ALL, DAY, EID, NOTHING, REGION, REPORT, Ingests, figures
from tests.support.workbooks import HEADER, workbook

OTHER = workbook([HEADER, [DAY, "A", 2, 40.5], [DAY, "C", 3, 30.0]])


class Machine:
    """sales_clear and sales_undo as machines that take input; their steps are run by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, app: Callable[[str], ModuleType], clears: Clears) -> None:
        self._client = boto3.Session(region_name=REGION).client("stepfunctions")
        self._arns = {}
        for name in ("sales_clear", "sales_undo"):
            self._arns[name] = self._machine(name, {"Type": "Task", "Comment": "Do it", "Resource": "x", "End": True})
            monkeypatch.setenv(f"MACHINE_{name.upper()}", self._arns[name])
        settings.cache_clear()
        self.sales, self.executions, self._clears = app("sales"), app("executions"), clears

    def _machine(self, name: str, state: dict[str, Any]) -> str:
        definition = {"StartAt": "Do", "States": {"Do": state}}
        made = self._client.create_state_machine(
            name=name, definition=json.dumps(definition), roleArn="arn:aws:iam::123456789012:role/x"
        )
        return str(made["stateMachineArn"])

    def clear(self, **changes: Any) -> Answer:
        return call(self.sales, varied(sample("sales", "clear_sales"), **changes))

    def undo(self, execution_id: str, **changes: Any) -> Answer:
        event = varied(sample("executions", "undo"), path={"execution_id": execution_id}, **changes)
        return call(self.executions, event)

    def read(self, execution_id: str) -> Any:
        return call(self.executions, varied(sample("executions", "read"), path={"execution_id": execution_id})).json

    def order(self, machine: str, execution_id: str) -> dict[str, str]:
        """What the steps of an execution are told."""
        name = execution_id.partition(".")[2]
        arn = f"{self._arns[machine].replace(':stateMachine:', ':execution:')}:{name}"
        given: dict[str, str] = json.loads(self._client.describe_execution(executionArn=arn)["input"])
        return {key: given[key] for key in ("tenant", "eid", "clear_id")} | {"execution": name}

    def stop(self, execution_id: str) -> None:
        """End an execution, as if cancelled after its step had come through."""
        event = varied(sample("executions", "cancel"), path={"execution_id": execution_id})
        assert call(self.executions, event).status == 200

    def cleared(self, key: str = "a-key-of-mine") -> str:
        """Clear the event and run its step; the execution's id."""
        execution_id = str(self.clear(headers={"Idempotency-Key": key}).json["id"])
        self._clears.step("clear", clear=self.order("sales_clear", execution_id))
        self.stop(execution_id)
        return execution_id


@pytest.fixture
def clears(ingests: Ingests, app: Callable[[str], ModuleType]) -> Clears:
    return Clears(app("sales_clear_tasks"))


@pytest.fixture
def machine(clears: Clears, monkeypatch: pytest.MonkeyPatch, app: Callable[[str], ModuleType]) -> Machine:
    return Machine(monkeypatch, app, clears)


def change(answer: Answer, field: str, of: str = EID) -> tuple[Any, Any]:
    (found,) = (one for one in answer.json["changes"] if (one["field"], one["id"]) == (field, of))
    return found["before"], found["after"]


def test_a_clear_is_accepted_at_once_and_under_a_key_it_is_one(ingests: Ingests, machine: Machine) -> None:
    # Given an event with sales
    ingests.drop(REPORT)
    # When the clear is tried out, Then nothing happens
    plan = machine.clear(query={"eid": [EID], "dry_run": ["true"]})
    assert (plan.status, plan.json["workflow"]) == (200, "sales_clear")
    assert change(plan, "sources") == (1, 0)
    assert change(plan, "tickets[EUR]") == (4, 0)
    assert change(plan, "revenue[EUR]") == (160.74, 0)
    assert figures() == ALL
    # When it is asked for, Then it is an execution of its own, under a key always the same
    keyed = [machine.clear(headers={"Idempotency-Key": "a-key-of-mine"}) for _ in range(2)]
    assert [one.status for one in keyed] == [202, 202]
    assert keyed[0].json == keyed[1].json
    assert keyed[0].headers["location"] == f"/executions/{keyed[0].json['id']}"
    assert keyed[0].json["subject"] == {"eid": EID}
    assert machine.clear().json["id"] != machine.clear().json["id"]


def test_a_clear_needs_an_event_of_the_tenant_and_the_scope(machine: Machine) -> None:
    foreign = machine.clear(tenants=["borealis"])
    unknown = machine.clear(query={"eid": ["evt_none"]})
    assert foreign.status == unknown.status == 404
    assert foreign.json["error_code"] == unknown.json["error_code"] == "event.not_found"
    assert machine.clear(query={"eid": [EID], "dry_run": ["true"]}, tenants=["borealis"]).status == 404
    missing = machine.clear(query={})
    assert (missing.status, missing.json["validation_errors"][0]["field"]) == (400, "eid")
    assert machine.clear(scope="sales.read").json["error_code"] == "auth.scope_missing"


def test_an_undo_is_planned_started_once_and_shown(ingests: Ingests, machine: Machine, clears: Clears) -> None:
    # Given a cleared event, one of whose rows was loaded again
    report = ingests.drop(REPORT)["ingest_id"]
    ingests.drop(workbook([HEADER, [DAY, "Z", 5, 50.0]]), "apart.xlsx")
    cleared = machine.cleared()
    ingests.drop(OTHER, "other.xlsx")
    before = figures()
    # When the undo is tried out, Then the plan says what would come back, and nothing does
    plan = machine.undo(cleared, query={"dry_run": ["true"]})
    assert (plan.status, plan.json["workflow"]) == (200, "sales_undo")
    assert change(plan, "tickets[EUR]") == (5, 12)
    assert change(plan, "revenue[EUR]") == (70.5, 240.74)
    assert change(plan, "source", report) == ("cleared", "in part")
    assert change(plan, "sources") == (1, 3)
    assert figures() == before
    # When it is asked for, Then it is one execution
    started = [machine.undo(cleared) for _ in range(2)]
    assert [one.status for one in started] == [202, 202]
    assert started[0].json["id"] == started[1].json["id"]
    assert started[0].json["subject"] == {"eid": EID, "clear": cleared}
    assert machine.read(cleared)["undo"] == started[0].json["id"]
    # and when it has run, there is nothing to plan, and it is still the same
    order = machine.order("sales_undo", started[0].json["id"])
    stage = clears.step("stage_undo", clear=order)["stage"]
    clears.step("commit_undo", clear=order, stage=stage)
    assert figures()[0] == 12
    assert machine.undo(cleared, query={"dry_run": ["true"]}).json["changes"] == []
    assert machine.undo(cleared).json["id"] == started[0].json["id"]


def test_what_cannot_be_undone_says_why(
    ingests: Ingests, machine: Machine, clears: Clears, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingests.drop(REPORT)
    # a clear that runs
    running = machine.clear().json["id"]
    assert (machine.undo(running).status, machine.undo(running).json["error_code"]) == (409, "execution.not_undoable")
    # one that was cancelled before it cleared anything
    machine.stop(running)
    assert machine.undo(running).json["error_code"] == "execution.not_undoable"
    # somebody else's, and none
    assert machine.undo(running, tenants=["borealis"]).json["error_code"] == "execution.not_found"
    assert machine.undo("exe_sales_clear.none").status == 404
    assert machine.undo(running, scope="main.read").status == 403
    # one of another machine
    cleared = machine.cleared()
    undone = machine.undo(cleared).json["id"]
    assert machine.undo(undone).json["error_code"] == "execution.not_undoable"
    # one of 30 days ago
    ingests.drop(REPORT, "again.xlsx")
    late = machine.cleared("another-key")
    later = clock.now() + timedelta(days=30, minutes=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    for query in ({}, {"dry_run": ["true"]}):
        refused = machine.undo(late, query=query)
        assert (refused.status, refused.json["error_code"]) == (409, "execution.undo_expired")
    # but one that was asked for in time is shown still
    assert machine.undo(cleared).json["id"] == undone
    assert figures() == NOTHING


def test_an_undo_that_the_event_cannot_hold_is_told_by_its_plan(
    ingests: Ingests, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingests.drop(REPORT)
    cleared = machine.cleared()
    ingests.drop(OTHER)
    with monkeypatch.context() as patched:
        patched.setattr("marquee.sales.rules.MAX_CATEGORIES", 2)
        refused = machine.undo(cleared, query={"dry_run": ["true"]})
        assert (refused.status, refused.json["error_code"]) == (422, "undo.too_many_categories")
    # and where looking would take too long
    monkeypatch.setattr("marquee.sales.clears.undo_service._MAX_SOURCES", 0)
    refused = machine.undo(cleared, query={"dry_run": ["true"]})
    assert (refused.status, refused.json["error_code"]) == (422, "undo.too_large_to_try")
