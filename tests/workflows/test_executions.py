"""Executions on the deployed stack: cancelled while a step is at work, redriven after a wire was cut."""

import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.client import Client, Reply
from tests.support.faults import FaultyWire, Kind, undisturbed, wired
from tests.support.workbooks import workbook

HEADER = ["Date", "Category", "Tickets", "Revenue"]
REPORT = workbook([HEADER, ["2026-03-01", "Front", 2, 40.5], ["2026-03-02", "Back", 1, 9.75]])
TICKETS, CENTS = 3, 5025
MOMENTS, MOMENT = 8, 0.09
# In the one write that makes an ingest visible.
COMMITS = b'visible\\":{\\"ing_'


@pytest.fixture(scope="module")
def wire(stack: Any) -> Iterator[FaultyWire]:
    with wired(stack, "SalesIngestTasksFunction") as wire:
        yield wire


class Hold:
    """A plan that keeps commits waiting until they are let go."""

    def __init__(self) -> None:
        self.reached, self.free = threading.Event(), threading.Event()

    def __call__(self, _number: int, body: bytes) -> Kind | None:
        if COMMITS in body and not self.free.is_set():
            self.reached.set()
            self.free.wait(20)
        return None


def figures(client: Client, eid: str) -> tuple[int, int]:
    """Tickets and cents sold."""
    statistics = client.get(f"/main/events/{eid}/statistics").json
    return statistics["tickets_sold"], round(statistics["revenue"] * 100)


def ingest_of(client: Client, eid: str) -> dict[str, Any]:
    """The event's one ingest, once it is there."""
    reply = client.until(f"/main/ingests?eid={eid}", lambda one: bool(one.json["items"]))
    (found,) = reply.json["items"]
    return dict(found)


def ended(client: Client, location: str) -> dict[str, Any]:
    """An execution, when it has ended."""
    reply = client.until(f"/main{location}", lambda one: bool(one.json["status"] != "running"))
    return dict(reply.json)


def cancel(client: Client, path: str, *, key: str | None = None, query: str = "") -> Reply:
    return client.post(f"/main{path}/cancel{query}", headers={"Idempotency-Key": key} if key else None)


def redrive(client: Client, path: str, query: str = "") -> Reply:
    return client.post(f"/main{path}/redrive{query}")


def test_a_commit_at_work_loses_against_the_cancelling_and_a_redrive_takes_the_file(
    stack: Any, client: Client, wire: FaultyWire
) -> None:
    # Given an ingest whose commit is held on its way to the table
    eid = client.new_event()
    hold = Hold()
    wire.plan(hold)
    client.drop(eid, "report.xlsx", REPORT)
    assert hold.reached.wait(20)
    path = ingest_of(client, eid)["execution"]
    # When it is tried out, Then nothing happens; a running execution is not redriven
    plan = cancel(client, path, query="?dry_run=true").json
    assert [(one["field"], one["before"], one["after"]) for one in plan["changes"]] == [
        ("status", "running", "cancelled")
    ]
    assert redrive(client, path).json["error_code"] == "execution.not_failed"
    assert client.get(f"/main{path}").json["status"] == "running"
    # and nobody else sees it
    stranger = Client(stack)
    for reply in (cancel(stranger, path), redrive(stranger, path)):
        assert (reply.status, reply.json["error_code"]) == (404, "execution.not_found")
    # When it is cancelled, and cancelled again, with the key and without
    key = uuid.uuid4().hex
    first, replayed, again = cancel(client, path, key=key), cancel(client, path, key=key), cancel(client, path)
    assert [reply.status for reply in (first, replayed, again)] == [200, 200, 200], first.raw
    assert replayed.headers["idempotency-replayed"] == "true"
    assert first.json == replayed.json == again.json
    # Then the document says so, step by step
    document = first.json
    assert (document["status"], document["error"]["code"]) == ("cancelled", "Cancelled")
    assert [step["status"] for step in document["steps"]] == ["succeeded"] * 4 + ["cancelled"]
    assert document["steps"][-1]["name"] == "Commit"
    # and the ledger, also after the commit got through
    ingest = ingest_of(client, eid)
    assert (ingest["status"], ingest["reason"]["code"]) == ("FAILED", "ingest.cancelled")
    hold.free.set()
    client.until(f"/main{path}", lambda _: wire.seen.count("TransactWriteItems") >= 1)
    assert figures(client, eid) == (0, 0)
    # When it is redriven, twice
    successors = [redrive(client, path) for _ in range(2)]
    # Then it is one successor, which takes the file
    assert [reply.status for reply in successors] == [202, 202]
    (location,) = {reply.headers["location"] for reply in successors}
    successor = ended(client, location)
    assert (successor["status"], successor["redrive_of"]) == ("succeeded", document["id"])
    assert client.get(f"/main{path}").json["successor"] == successor["id"]
    assert figures(client, eid) == (TICKETS, CENTS)
    assert ingest_of(client, eid)["status"] == "COMMITTED"
    # and what has succeeded is neither cancelled nor redriven
    assert cancel(client, location).json["error_code"] == "execution.not_running"
    assert "succeeded" in cancel(client, location).json["detail"]
    assert redrive(client, location).status == 409


def test_redriven_until_the_wire_holds_the_files_sums_are_right(client: Client, wire: FaultyWire) -> None:
    # Given an ingest that failed because its commit was refused each time
    eid = client.new_event()
    wire.plan(lambda _, body: "unavailable" if COMMITS in body else None)
    client.drop(eid, "report.xlsx", REPORT)
    assert client.ingest(eid, "report.xlsx")["status"] == "FAILED"
    path = ingest_of(client, eid)["execution"]
    failed = ended(client, path)
    assert failed["status"] == "failed"
    assert [step["status"] for step in failed["steps"]][-2:] == ["failed", "succeeded"]
    assert cancel(client, path).json["error_code"] == "execution.not_running"
    # When the redriving is tried out, Then nothing is started
    planned = redrive(client, path, "?dry_run=true")
    assert planned.status == 200
    (change,) = planned.json["changes"]
    assert client.get(f"/main/executions/{change['after']}").status == 404
    # When it is redriven on a wire that holds
    wire.plan(undisturbed)
    reply = redrive(client, path)
    assert (reply.status, reply.json["id"]) == (202, change["after"])
    # Then the sums are the file's
    assert ended(client, reply.headers["location"])["status"] == "succeeded"
    assert figures(client, eid) == (TICKETS, CENTS)
    assert redrive(client, path, "?dry_run=true").json["changes"] == []


def test_what_is_nobodys_is_not_found(client: Client) -> None:
    for path in ("/executions/exe_sales_ingest.none", "/executions/exe_frontend_status.x", "/executions/x"):
        for reply in (client.get(f"/main{path}"), cancel(client, path), redrive(client, path)):
            assert (reply.status, reply.json["error_code"]) == (404, "execution.not_found")


def test_cancelled_at_any_moment_the_ledger_tells_the_truth_and_a_redrive_completes_it(
    client: Client, wire: FaultyWire
) -> None:
    wire.plan(undisturbed)

    def one(number: int) -> str:
        # Given an ingest that is cancelled some time after it opened its ledger
        eid = client.new_event()
        client.drop(eid, "report.xlsx", REPORT)
        path = ingest_of(client, eid)["execution"]
        time.sleep(number * MOMENT)
        answer = cancel(client, path)
        if answer.status == 409:
            assert figures(client, eid) == (TICKETS, CENTS)
            return "succeeded"
        # Then either nothing of it is visible, for good, or all of it
        ingest, shown = ingest_of(client, eid), figures(client, eid)
        assert shown == ((0, 0) if "nothing of this file was taken" in str(ingest["reason"]) else (TICKETS, CENTS))
        assert ingest["status"] in {"FAILED", "COMMITTED"}
        time.sleep(0.5)
        assert figures(client, eid) == shown
        # and its successor takes it, once
        assert ended(client, redrive(client, path).headers["location"])["status"] == "succeeded"
        assert figures(client, eid) == (TICKETS, CENTS)
        assert ingest_of(client, eid)["status"] == "COMMITTED"
        return str(answer.json["steps"][-1]["name"])

    with ThreadPoolExecutor(4) as pool:
        reached = list(pool.map(one, range(MOMENTS)))
    assert set(reached) - {"succeeded"}, reached
