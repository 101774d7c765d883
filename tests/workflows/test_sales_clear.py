"""Clearing an event's sales and giving them back on the deployed stack, processes killed at their calls."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
import pytest

from tests.support.client import Client, Reply
from tests.support.faults import FaultyWire, Kind, once, undisturbed, whenever, wired
from tests.support.workbooks import workbook

HEADER = ["Date", "Category", "Tickets", "Revenue"]
ROWS: list[list[object]] = [
    ["2026-03-01", "Front", 2, 40.5],
    ["2026-03-01", "Front", 2, 40.5],
    ["2026-03-02", "Back", 1, 9.75],
    ["2026-04-02", "Front", -1, -20.25],
]
REPORT = workbook([HEADER, *ROWS])
OTHER = workbook([HEADER, ROWS[0], ["2026-03-05", "Side", 3, 30.0]])
REPORTED, OTHERS, BOTH, NOTHING = (4, 7050), (5, 7050), (7, 10050), (0, 0)


@pytest.fixture(scope="module")
def wire(stack: Any) -> Iterator[FaultyWire]:
    with wired(stack, "SalesClearTasksFunction") as wire:
        yield wire


def figures(client: Client, eid: str) -> tuple[int, int]:
    """Tickets and cents, from the statistics and again from the days."""
    statistics = client.get(f"/main/events/{eid}/statistics").json
    days = client.get(f"/main/daily_revenue_summary/?event_id={eid}").json["days"]
    tickets, cents = statistics["tickets_sold"], round(statistics["revenue"] * 100)
    assert (tickets, cents) == (sum(day["tickets"] for day in days), sum(round(day["revenue"] * 100) for day in days))
    return tickets, cents


def clear(client: Client, eid: str, query: str = "", headers: dict[str, str] | None = None) -> Reply:
    return client.send("DELETE", f"/main/daily_revenue_summary?eid={eid}{query}", headers=headers)


def ended(client: Client, reply: Reply) -> dict[str, Any]:
    """The execution that was accepted, when it has ended."""
    assert reply.status == 202, reply.raw
    path = f"/main{reply.headers['location']}"
    return dict(client.until(path, lambda one: bool(one.json["status"] != "running")).json)


def taken(client: Client, eid: str, name: str, content: bytes) -> None:
    client.drop(eid, name, content)
    assert client.ingest(eid, name)["status"] == "COMMITTED"


def test_sales_are_cleared_loaded_anew_and_given_back(client: Client, wire: FaultyWire) -> None:
    # Given an event with sales
    wire.plan(undisturbed)
    eid = client.new_event()
    taken(client, eid, "report.xlsx", REPORT)
    assert figures(client, eid) == REPORTED
    plan = clear(client, eid, "&dry_run=true")
    assert (plan.status, figures(client, eid)) == (200, REPORTED)
    # When they are cleared, under a key twice
    key = {"Idempotency-Key": "clear-it-once"}
    replies = [clear(client, eid, headers=key) for _ in range(2)]
    cleared = ended(client, replies[0])
    assert replies[1].json["id"] == cleared["id"]
    # Then nothing is left, and the execution says what was
    assert figures(client, eid) == NOTHING
    assert cleared["result"]["cleared"] == [{"currency": "EUR", "tickets": 4, "revenue": 70.5}]
    assert [step["title"] for step in cleared["steps"]] == ["Put the event's sales away, all at once"]
    assert cleared["undoable_until"] > cleared["finished_at"]
    assert client.get(f"/main/ingests/?eid={eid}").json["items"][0]["cleared"] is True
    # When a file is loaded that has one of the rows, and the clear is undone, tried out first
    taken(client, eid, "other.xlsx", OTHER)
    assert figures(client, eid) == OTHERS
    path = f"/main/executions/{cleared['id']}/undo"
    changes = {
        one["field"]: (one["before"], one["after"]) for one in client.post(f"{path}?dry_run=true").json["changes"]
    }
    assert changes["tickets[EUR]"] == (5, 7)
    assert changes["source"] == ("cleared", "in part")
    undos = [client.post(path) for _ in range(2)]
    undone = ended(client, undos[0])
    # Then there are the rows of both, once, and the undo is one
    assert figures(client, eid) == BOTH
    assert (undone["status"], undone["result"]["in_part"]) == ("succeeded", 1)
    assert undos[1].json["id"] == undone["id"]
    assert client.get(f"/main/executions/{cleared['id']}").json["undo"] == undone["id"]
    assert undone["subject"] == {"eid": eid, "clear": cleared["id"]}
    # and both files are known
    client.drop(eid, "again.xlsx", REPORT)
    assert {one["cleared"] for one in client.get(f"/main/ingests/?eid={eid}").json["items"]} == {False}
    refused = client.post(f"/main/executions/{undone['id']}/undo")
    assert (refused.status, refused.json["error_code"]) == (409, "execution.not_undoable")
    stranger = Client(client.stack)
    assert stranger.post(path).status == clear(stranger, eid).status == 404


@pytest.mark.parametrize("kind", ["killed before", "killed after"])
def test_killed_at_any_call_a_clear_and_its_undo_happen_once(stack: Any, wire: FaultyWire, kind: Kind) -> None:
    # Given a cleared event of whose sales a part was loaded again
    client = Client(stack)
    wire.plan(undisturbed)
    eid = client.new_event()
    taken(client, eid, "report.xlsx", REPORT)
    first = {"killed before": 3, "killed after": 1}[kind]
    for call in range(first, 60, 10):
        # When the clear is disturbed at one call
        wire.plan(once(kind, call))
        cleared = ended(client, clear(client, eid))
        assert cleared["status"] == "succeeded", (call, cleared)
        assert figures(client, eid) == NOTHING, call
        wire.plan(undisturbed)
        if call == first:
            taken(client, eid, "other.xlsx", OTHER)
        # and its undo at one
        wire.plan(once(kind, call))
        undone = ended(client, client.post(f"/main/executions/{cleared['id']}/undo"))
        reached = len(wire.seen) > call
        # Then all is there, once
        assert undone["status"] == "succeeded", (call, undone)
        assert figures(client, eid) == BOTH, call
        if not reached:
            return


def test_an_undo_that_failed_is_redriven_and_a_clear_that_failed_cleared_nothing(
    client: Client, wire: FaultyWire
) -> None:
    # Given a store that refuses to clear
    eid = client.new_event()
    taken(client, eid, "report.xlsx", REPORT)
    wire.plan(whenever("refused", "due_sk"))
    failed = ended(client, clear(client, eid))
    # Then the clear fails, with its compensation, and nothing is cleared; nor can it be undone
    assert (failed["status"], [step["status"] for step in failed["steps"]]) == ("failed", ["failed", "succeeded"])
    assert figures(client, eid) == REPORTED
    assert client.post(f"/main/executions/{failed['id']}/undo").json["error_code"] == "execution.not_undoable"
    # When it is redriven, it clears; when its undo is refused, nothing comes back
    wire.plan(whenever("refused", "SET undone"))
    cleared = ended(client, client.post(f"/main/executions/{failed['id']}/redrive"))
    assert (cleared["status"], figures(client, eid)) == ("succeeded", NOTHING)
    path = f"/main/executions/{cleared['id']}/undo"
    broken = ended(client, client.post(path))
    assert (broken["status"], figures(client, eid)) == ("failed", NOTHING)
    assert client.post(path).json["id"] == broken["id"]
    # When the undo is redriven, Then all is there
    wire.plan(undisturbed)
    assert ended(client, client.post(f"/main/executions/{broken['id']}/redrive"))["status"] == "succeeded"
    assert figures(client, eid) == REPORTED


def test_clears_undos_and_files_at_once_equal_some_order_of_them(client: Client, wire: FaultyWire) -> None:
    # Given an event with sales, cleared three times at once while two files come in
    wire.plan(undisturbed)
    eid = client.new_event()
    taken(client, eid, "report.xlsx", REPORT)
    with ThreadPoolExecutor(5) as pool:
        clears = [pool.submit(clear, client, eid) for _ in range(3)]
        client.drop(eid, "other.xlsx", OTHER)
        client.drop(eid, "more.xlsx", workbook([HEADER, ["2026-03-07", "Back", 1, 10.0]]))
        done = [ended(client, one.result()) for one in clears]
    assert {one["status"] for one in done} == {"succeeded"}
    for name in ("other.xlsx", "more.xlsx"):
        assert client.ingest(eid, name)["status"] == "COMMITTED"
    # Then the report was cleared by one of them
    assert figures(client, eid) in {NOTHING, OTHERS, (1, 1000), (6, 8050)}
    assert sum(one["tickets"] for each in done for one in each["result"]["cleared"]) >= 4
    # and when all are undone at once, everything is there, once
    with ThreadPoolExecutor(3) as pool:
        undone = list(pool.map(lambda one: ended(client, client.post(f"/main/executions/{one['id']}/undo")), done))
    assert {one["status"] for one in undone} == {"succeeded"}
    assert figures(client, eid) == (BOTH[0] + 1, BOTH[1] + 1000)


def test_the_purge_leaves_alone_what_is_not_due(stack: Any, client: Client, wire: FaultyWire) -> None:
    # Given a cleared event
    wire.plan(undisturbed)
    eid = client.new_event()
    taken(client, eid, "report.xlsx", REPORT)
    cleared = ended(client, clear(client, eid))
    table = stack.client("dynamodb")
    name = stack.resources()["SalesTable"]
    pk = {"S": f"T#{client.tenant}#E#{eid}"}

    def purge() -> Any:
        states = stack.client("stepfunctions")
        arn = states.start_execution(stateMachineArn=stack.resources()["SalesPurgeStateMachine"], input="{}")
        client.until("/main/events/", lambda _: described(arn)["status"] != "RUNNING")
        assert described(arn)["status"] == "SUCCEEDED", described(arn)
        return orjson.loads(described(arn)["output"])

    def described(arn: Any) -> Any:
        return stack.client("stepfunctions").describe_execution(executionArn=arn["executionArn"])

    def stored() -> dict[str, Any]:
        answer = table.query(
            TableName=name,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": pk},
            ConsistentRead=True,
        )
        return {item["sk"]["S"]: item for item in answer["Items"]}

    # When the purge runs, Then the clear can still be undone
    assert purge()["purged"] == 0
    assert len(stored()) == 4
    # When its time is up, Then it is gone, and cannot be
    (snapshot,) = (item for sk, item in stored().items() if sk.startswith("CLEARED#"))
    table.put_item(TableName=name, Item={**snapshot, "due_sk": {"S": "2026-01-01T00:00:00Z#x"}})
    assert purge()["purged"] == 1
    assert set(stored()) - {"HEAD"} == {sk for sk in stored() if sk.startswith("S#")}
    refused = client.post(f"/main/executions/{cleared['id']}/undo")
    assert (refused.status, refused.json["error_code"]) == (409, "execution.undo_expired")
