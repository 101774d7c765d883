"""A back-fill through its steps, killed at every call, and over the API."""

from collections.abc import Callable
from decimal import Decimal
from types import ModuleType
from typing import Any

import boto3
import pytest

from marquee import workflows
from marquee.sales import execution_service, service
from marquee.sales.backfills import backfill_notes
from marquee.sales.models import IngestListQuery
from marquee.settings import settings
from tests.support.api import call, sample, varied
from tests.support.backfilling import NAME, Backfills, counts
from tests.support.ingest import EID, REGION, TENANT, Ingests, figures, register_event
from tests.support.kills import Calls, Killed, surviving
from tests.support.workbooks import HEADER, workbook


@pytest.fixture
def backfills(ingests: Ingests, app: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> Backfills:
    return Backfills(ingests, app("sales_backfill_tasks"), monkeypatch)


def test_every_file_is_accounted_for_and_a_second_run_changes_nothing(backfills: Backfills) -> None:
    # Given good files, one of them with the rows of others, one with a bad row, one that is no workbook, one of no
    # event, one of no place, and what a console puts for a folder
    backfills.put_some(3)
    backfills.put("same.xlsx", workbook([HEADER, ["2026-03-01", "A", 1, 10.0], ["2026-03-02", "A", 1, 10.0]]))
    backfills.put("half.xlsx", workbook([HEADER, ["2026-04-01", "A", 2, 21.0], ["2026-04-02", "A", "two", 1.0]]))
    backfills.put("worse.xlsx", b"%PDF-1.7")
    backfills.put("sales.xlsx", workbook([HEADER, ["2026-03-01", "A", 1, 10.0]]), eid="evt_unknown")
    backfills.put("stray.xlsx", b"", eid="")
    backfills.put("folder/", b"")
    # and somebody else's
    backfills.put("theirs.xlsx", b"", tenant="aurora2")
    # When they are taken
    summary = backfills.run()
    # Then each has its end
    assert counts(summary) == (5, 0, 2, 1, 0)
    rows = [summary[name] for name in ("rows", "rows_accepted", "rows_rejected", "rows_duplicate")]
    assert rows == [7, 4, 1, 2]
    assert summary["reasons"] == {"drop.no_place": 1, "event.unknown": 1, "file.not_a_workbook": 1}
    assert [one["file"] for one in summary["problems"]] == [
        f"{EID}/worse.xlsx",
        "evt_unknown/sales.xlsx",
        "stray.xlsx",
    ]
    assert all(one["message"].endswith(".") for one in summary["problems"])
    shown = figures()
    assert shown == (5, Decimal("51.0"), 4)
    # When it is run again, Then what was taken is unchanged
    assert counts(backfills.run("again")) == (0, 5, 2, 1, 0)
    assert figures() == shown
    # and a machine that repeats everything it did starts nothing
    started = len(backfills.executions)
    assert backfills.run("again") == backfills.run("again")
    assert len(backfills.executions) == started


def test_the_mode_of_a_back_fill_is_that_of_its_files(backfills: Backfills) -> None:
    backfills.put_some(1)
    backfills.order["mode"] = "strict"
    assert counts(backfills.run()) == (1, 0, 0, 0, 0)
    (listed,) = service.list_ingests(TENANT, IngestListQuery(eid=EID))["items"]
    assert listed["mode"] == "strict"
    # so that one bad row refuses a file
    backfills.put("half.xlsx", workbook([HEADER, ["2026-04-01", "A", 2, 21.0], ["2026-04-02", "A", "two", 1.0]]))
    assert backfills.run("again")["reasons"] == {"file.rows_rejected": 1}
    assert figures()[0] == 1


@pytest.mark.parametrize("lands", [False, True], ids=["before", "after"])
def test_killed_at_any_call_the_repeated_step_goes_on(
    backfills: Backfills, monkeypatch: pytest.MonkeyPatch, lands: bool
) -> None:
    # Given a machine that repeats its steps, each of which may die; the ingests are undisturbed
    calls = Calls(monkeypatch)
    calls.paused = True
    once = backfills.step

    def dying(task: str, **changes: Any) -> Any:
        calls.paused = False
        try:
            return once(task, **changes)
        finally:
            calls.paused = True

    backfills.step = surviving(dying)  # type: ignore[method-assign]
    deadly, total = 0, 1
    while deadly < total:
        eid = f"evt_killed-{deadly}"
        register_event(eid=eid)
        backfills.put_some(1, eid)
        backfills.order["prefix"] = f"backfill/{TENANT}/{eid}/"
        # When a step dies at one of its calls, another in each run
        calls.plan(deadly, lands=lands)
        summary = backfills.run(f"run-{deadly}")
        total = calls.count
        # Then the file is taken, once
        assert counts(summary) == (1, 0, 0, 0, 0), (deadly, calls.names)
        statistics = service.statistics(TENANT, eid)
        assert (statistics["tickets_sold"], statistics["revenue"]) == (1, 10.0)
        deadly += 1
    assert total > 6


@pytest.mark.parametrize("step", ["open", "begin", "ingest", "note", "summarise"])
def test_killed_for_good_at_a_step_another_run_takes_what_is_left(backfills: Backfills, step: str) -> None:
    # Given a back-fill that dies for good before this step of its second file
    backfills.put_some(3)
    reached = 0

    def dying(name: str) -> None:
        nonlocal reached
        reached += name == step
        if name == step and reached == (1 if step in {"open", "summarise"} else 2):
            raise Killed

    backfills.before = dying
    with pytest.raises(Killed):
        backfills.run()
    taken = figures()[0]
    assert taken == {"open": 0, "begin": 1, "ingest": 1, "note": 2, "summarise": 3}[step]
    # When it is counted, Then no file is forgotten
    backfills.before = lambda _: None
    summary = backfills.step("summarise")
    assert summary["files"] == 3
    assert (summary["committed"], summary["failed"]) == (taken, 3 - taken)
    assert set(summary["reasons"]) <= {"backfill.not_taken", "backfill.unfinished", "ingest.interrupted"}
    # When it is run again, Then the rest is taken
    assert counts(backfills.run("again")) == (3 - taken, taken, 0, 0, 0)
    assert figures()[0] == 3


def test_an_ingest_that_fails_is_tried_again_and_then_told_of(
    backfills: Backfills, monkeypatch: pytest.MonkeyPatch
) -> None:
    backfills.put_some(2)
    # Given ingests that fail: of the first file once, of the second always
    tries: dict[str, int] = {}
    machine = backfills._machine
    take = machine.take

    def failing(key: str) -> Any:
        tries[key[-7:]] = tries.get(key[-7:], 0) + 1
        task = machine.step("register", bucket=machine.bucket, key=key)["ingest"]
        if key.endswith("01.xlsx") or tries["00.xlsx"] == 1:
            machine.step("abort", ingest=task)
            raise RuntimeError
        return take(key)

    monkeypatch.setattr(machine, "take", failing)
    # When they are taken
    summary = backfills.run()
    # Then the first is, and the second is reported as its ledger says
    assert counts(summary) == (1, 0, 0, 0, 1)
    assert tries == {"00.xlsx": 2, "01.xlsx": 3}
    assert summary["reasons"] == {"ingest.interrupted": 1}
    assert "nothing of this file was taken" in summary["problems"][0]["message"]


def test_one_that_was_started_before_is_waited_for(backfills: Backfills) -> None:
    # Given a file whose execution runs, started by a step that died
    key = backfills.put("a.xlsx", workbook([HEADER, ["2026-03-01", "A", 1, 10.0]]))
    backfills.step("open")
    taken = backfills.step("begin", key=key)
    assert backfills.step("begin", key=key) == taken
    backfills.executions[taken["name"]] = {"status": "RUNNING"}
    assert backfills.step("note", key=key) == {"outcome": "LOOK"}
    # When it has ended, Then its outcome is noted, and not again
    del backfills.executions[taken["name"]]
    backfills.start(taken["name"], taken["input"])
    assert backfills.step("note", key=key) == {"outcome": "DONE"}
    assert backfills.step("note", key=key, result={"outcome": "REJECTED"}) == {"outcome": "DONE"}
    noted = backfill_notes.get(TENANT, NAME, f"{EID}/a.xlsx")
    assert noted is not None
    assert (noted["status"], noted["accepted"]) == ("COMMITTED", 1)
    assert backfills.step("begin", key=key) == {"outcome": "DONE"}
    # When the file is replaced, Then it is another one
    assert backfills.step("begin", key=key, etag='"other"')["outcome"] == "START"


def test_a_cancelled_back_fill_starts_nothing_more_and_closes_what_it_started(
    backfills: Backfills, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a back-fill with one file taken, one at work and one to come
    stopped: list[str] = []
    monkeypatch.setattr(workflows, "stop", lambda arn, *_: stopped.append(arn))
    backfills.put_some(3)
    keys = [f"backfill/{TENANT}/{EID}/{number:02}.xlsx" for number in range(3)]
    backfills.step("open")
    backfills.take(keys[0], "e")
    taken = backfills.step("begin", key=keys[1])
    machine = backfills._machine
    machine.name = taken["name"]
    machine.step("register", bucket=machine.bucket, key=keys[1])
    backfills.executions[taken["name"]] = {"status": "RUNNING", "executionArn": "arn:running"}
    # When it is cancelled, twice
    for _ in range(2):
        execution_service.end_cancelled_backfill(TENANT, NAME)
    # Then the one at work is stopped, once, and its ingest closed
    assert stopped == ["arn:running"]
    (listed,) = (
        one for one in service.list_ingests(TENANT, IngestListQuery(eid=EID))["items"] if one["status"] == "FAILED"
    )
    assert listed["reason"] == {
        "code": "ingest.cancelled",
        "message": "The ingest was cancelled, and nothing of this file was taken. Redrive it, or drop the file again.",
    }
    # and no other is started, whatever goes on
    assert backfills.step("note", key=keys[1]) == {"outcome": "DONE"}
    assert backfills.step("begin", key=keys[2]) == {"outcome": "DONE"}
    noted = {note["file"][-7:]: note["status"] for note in backfill_notes.all_of(TENANT, NAME)}
    assert noted == {"00.xlsx": "COMMITTED", "01.xlsx": "CANCELLED", "02.xlsx": "CANCELLED"}
    assert figures()[0] == 1
    # When its successor runs, Then it takes the rest
    assert counts(backfills.run(f"{NAME}-r1")) == (2, 1, 0, 0, 0)


# --- over the API


@pytest.fixture
def sales(ingests: Ingests, app: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The API's function, with a machine that only keeps what is started."""
    arn = (
        boto3.Session(region_name=REGION)
        .client("stepfunctions")
        .create_state_machine(
            name="sales_backfill",
            definition='{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}',
            roleArn="arn:aws:iam::123456789012:role/x",
        )["stateMachineArn"]
    )
    monkeypatch.setenv("MACHINE_SALES_BACKFILL", arn)
    settings.cache_clear()
    return app("sales")


def started() -> list[str]:
    client = boto3.Session(region_name=REGION).client("stepfunctions")
    found = client.list_executions(stateMachineArn=settings().machine("sales_backfill"))["executions"]
    return [client.describe_execution(executionArn=one["executionArn"])["input"] for one in found]


def test_a_back_fill_is_started_once_under_a_key(sales: ModuleType) -> None:
    event = varied(sample("sales", "start_backfill"), headers={"Idempotency-Key": "k"})
    first, again = call(sales, event), call(sales, event)
    assert (first.status, again.status) == (202, 202), first.raw
    assert first.json == again.json
    assert first.headers["location"] == f"/executions/{first.json['id']}"
    assert first.json["subject"] == {"eid": EID, "prefix": f"backfill/{TENANT}/{EID}/"}
    assert len(started()) == 1
    # Without a key each is one of its own
    for _ in range(2):
        assert call(sales, sample("sales", "start_backfill")).status == 202
    assert len(started()) == 3


def test_a_dry_run_tells_how_many_files_there_are(sales: ModuleType, backfills: Backfills) -> None:
    backfills.put_some(25)
    backfills.put("folder/", b"")
    backfills.put("theirs.xlsx", b"", tenant="aurora2")
    for body, files in (({}, 25), ({"eid": EID, "prefix": "1"}, 10), ({"prefix": "evt_none"}, 0)):
        answer = call(sales, varied(sample("sales", "start_backfill"), query={"dry_run": ["true"]}, body=body))
        assert (answer.status, answer.json["workflow"]) == (200, "sales_backfill")
        assert (answer.json["files"], answer.json["more"]) == (files, False)
        assert len(answer.json["changes"]) == min(files, 20)
    assert started() == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"prefix": "/etc"}, "prefix"),
        ({"eid": "a/b"}, "eid"),
        ({"mode": "some"}, "mode"),
        ({"folder": "x"}, "folder"),
    ],
)
def test_a_bad_body_is_refused_by_field(sales: ModuleType, body: dict[str, Any], field: str) -> None:
    answer = call(sales, varied(sample("sales", "start_backfill"), body=body))
    assert answer.status == 400
    assert [one["field"] for one in answer.json["validation_errors"]] == [field]
    assert started() == []


def test_an_unknown_event_is_not_found_and_reading_alone_starts_nothing(sales: ModuleType) -> None:
    unknown = call(sales, varied(sample("sales", "start_backfill"), body={"eid": "evt_unknown"}))
    assert (unknown.status, unknown.json["error_code"]) == (404, "event.not_found")
    refused = call(sales, varied(sample("sales", "start_backfill"), scope="sales.read"))
    assert (refused.status, refused.json["error_code"]) == (403, "auth.scope_missing")
    assert started() == []


def test_the_files_of_a_back_fill_are_listed_page_by_page(sales: ModuleType, backfills: Backfills) -> None:
    # Given a back-fill of three files, one of them refused
    backfills.put_some(2)
    backfills.put("worse.xlsx", b"%PDF-1.7")
    backfills.run()
    # When they are listed two at a time
    first = call(sales, varied(sample("sales", "backfilled_files"), query={"limit": ["2"]}))
    cursor = first.json["next_cursor"]
    rest = call(sales, varied(sample("sales", "backfilled_files"), query={"limit": ["2"], "cursor": [cursor]}))
    files = first.json["items"] + rest.json["items"]
    # Then each is there, with where to look
    assert [(one["file"], one["status"]) for one in files] == [
        (f"{EID}/00.xlsx", "COMMITTED"),
        (f"{EID}/01.xlsx", "COMMITTED"),
        (f"{EID}/worse.xlsx", "REJECTED"),
    ]
    assert files[2]["code"] == "file.not_a_workbook"
    ingest = varied(sample("sales", "read_ingest"), path={"ingest_id": files[0]["ingest"].removeprefix("/ingests/")})
    assert call(sales, ingest).json["execution"] == files[0]["execution"]
    assert rest.json["next_cursor"] is None
    only = call(sales, varied(sample("sales", "backfilled_files"), query={"status": ["REJECTED"]})).json
    assert [one["file"] for one in only["items"]] == [f"{EID}/worse.xlsx"]
    # and nobody else sees any
    for event in (
        varied(sample("sales", "backfilled_files"), tenants=["borealis"]),
        varied(sample("sales", "backfilled_files"), path={"backfill_id": "exe_sales_backfill.none"}),
        varied(sample("sales", "backfilled_files"), path={"backfill_id": NAME}),
        varied(sample("sales", "backfilled_files"), path={"backfill_id": f"exe_sales_ingest.{NAME}"}),
        varied(sample("sales", "backfilled_files"), path={"backfill_id": f"exe_sales_backfill.{'x' * 3000}"}),
    ):
        assert call(sales, event).status == 404
