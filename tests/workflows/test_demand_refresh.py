"""demand_refresh on the deployed stack: history comes in, the stream follows it, and events show what is predicted."""

import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.support.client import Client, Reply
from tests.support.faults import FaultyWire, Kind, undisturbed, wired
from tests.support.reconciling import ended
from tests.support.workbooks import HEADER, workbook

PAST = 3
STEPS = [
    "See that all sales so far are in the events' curves",
    "Learn from the events that are over",
    "Renew what the events to come show",
]


def today() -> date:
    return datetime.now(UTC).date()


@pytest.fixture(scope="module")
def wire(stack: Any) -> Iterator[FaultyWire]:
    with wired(stack, "DemandTasksFunction") as wire:
        yield wire


def event(client: Client, day: date) -> str:
    return client.new_event(start_date_time=f"{day}T19:00:00Z")


def report(client: Client, eid: str, last: date, sold: int) -> None:
    """Totals of the forty days up to the last, as a box office types them in."""
    tickets = [{"type": "A", "sold": sold, "revenue": 20 * sold}]
    body = {"eid": eid, "from": str(last - timedelta(days=39)), "to": str(last), "tickets": tickets}
    assert client.post("/main/ingest/transaction_summary", body).status == 201


def history(client: Client) -> str:
    """Events that are over and sold about 600 of 1,000 seats, and one in ten days that has sold 900; gives its id."""
    for number in range(PAST):
        day = today() - timedelta(days=3 + number)
        report(client, event(client, day), day, 570 + 20 * number)
    eid = event(client, today() + timedelta(days=10))
    report(client, eid, today() - timedelta(days=1), 900)
    return eid


def refresh(client: Client, path: str = "/main/demand/refresh") -> Reply:
    """Start it and wait for its end."""
    answer = client.post(path)
    assert answer.status == 202, answer.raw
    assert answer.headers["location"] == f"/executions/{answer.json['id']}"
    return client.until(f"/main/executions/{answer.json['id']}", lambda one: one.json["status"] != "running")


def test_history_is_dropped_and_learnt_from_and_the_benchmark_appears(
    stack: Any, client: Client, wire: FaultyWire
) -> None:
    wire.plan(undisturbed)
    # Given past events with totals, one of them with a workbook instead, and nothing learnt yet
    eid = history(client)
    dropped = event(client, day := today() - timedelta(days=8))
    rows = [[day - timedelta(days=lead), "A", 15, 300.0] for lead in range(40)]
    client.drop(dropped, "history.xlsx", workbook([HEADER, *rows]))
    assert client.ingest(dropped, "history.xlsx")["status"] == "COMMITTED"
    before = client.get(f"/main/events/{eid}/benchmark").json
    assert (before["reason"]["code"], before["prediction"], before["now"]) == ("no_history", None, 0.9)
    # When all of it is in the curves, by the stream alone
    curves = {"TableName": stack.resources()["DemandTable"], "KeyConditionExpression": "pk = :pk"}
    key = {":pk": {"S": f"T#{client.tenant}#CURVES"}}
    give_up = time.monotonic() + 60
    while stack.client("dynamodb").query(**curves, ExpressionAttributeValues=key)["Count"] < PAST + 2:
        assert time.monotonic() < give_up
        time.sleep(0.1)
    # And the tenant asks for a refresh
    done = refresh(client).json
    # Then it has learnt from them, and had nothing to catch up with
    assert (done["status"], [step["title"] for step in done["steps"]]) == ("succeeded", STEPS)
    told = {name: done["result"][name] for name in ("outcome", "events", "curves", "followed", "seen")}
    assert told == {"outcome": "TRAINED", "events": PAST + 1, "curves": PAST + 2, "followed": 0, "seen": 2}
    # and the event shows that it is ahead of those, of which about 75 % of 0.6 were sold by then
    found = client.get(f"/main/events/{eid}/benchmark").json
    assert (found["state"], found["reason"], found["comparables"]["events"]) == ("above", None, PAST + 1)
    assert found["prediction"]["benchmark"] == pytest.approx(0.6 * 29 / 40, abs=0.05)
    assert client.get(f"/main/events/{eid}").json["benchmark"]["state"] == "above"
    assert client.get("/main/events/").json["items"][-1]["benchmark"]["state"] == "above"
    # Sales that come in now are followed by the stream, which starts the next refresh of this quarter of an hour
    report(client, eid, today() - timedelta(days=1), 50)
    client.until(f"/main/events/{eid}", lambda one: one.json["benchmark"]["prediction"]["value"] >= 0.95)
    machine = stack.resources()["DemandRefreshStateMachine"]
    running = stack.client("stepfunctions").list_executions(stateMachineArn=machine, statusFilter="RUNNING")
    assert running["executions"]
    # And it is the tenant's alone
    stranger = Client(stack)
    assert stranger.get(f"/main/executions/{done['id']}").status == 404
    assert stranger.get(f"/main/events/{eid}/benchmark").status == 404
    # A refresh that finds nothing to learn from says so
    nothing = refresh(stranger).json
    assert (nothing["status"], nothing["result"]["outcome"]) == ("succeeded", "NOTHING")


# The writes of a tenant's refresh: its version, the present model, what its event shows. What is stored after one is
# what is stored before the next: killed after each, and before the first, is all.
KINDS: list[tuple[Kind, str]] = [
    ("killed before", "V#"),
    ("killed after", "V#"),
    ("killed after", "CURRENT"),
    ("killed after", "benchmark"),
]


def test_killed_at_every_write_it_goes_on_and_given_up_it_is_redriven(stack: Any, wire: FaultyWire) -> None:
    # Given a tenant for each kill, and one whose store refuses everything
    wire.plan(undisturbed)
    clients = [Client(stack) for _ in range(len(KINDS) + 1)]
    with ThreadPoolExecutor(4) as pool:
        eids = list(pool.map(history, clients))
        faults = {one.tenant: fault for one, fault in zip(clients, [*KINDS, ("refused", "")], strict=True)}
        met: Counter[str] = Counter()

        def plan(_number: int, body: bytes) -> Kind | None:
            tenant = next((one for one in faults if one.encode() in body), "")
            kind, at = faults.get(tenant, (None, ""))
            written = b'"Put"' in body or b"ConditionExpression" in body
            if kind is None or (at and not (written and at.encode() in body)):
                return None
            met[tenant] += 1
            return kind if met[tenant] == 1 or not at else None

        wire.plan(plan)
        runs = [one.json for one in pool.map(refresh, clients)]
    # Then those that were killed have ended as if nothing had happened
    for client, eid, run in zip(clients[:-1], eids, runs, strict=False):
        fault = faults[client.tenant]
        assert (run["status"], run["result"]["outcome"]) == ("succeeded", "TRAINED"), (fault, run)
        assert met[client.tenant] > (fault[0] == "killed before"), fault
        document = client.get(f"/main/events/{eid}").json
        assert (document["benchmark"]["state"], document["version"]) == ("above", 2), fault
    # and the one that could do nothing has failed with nothing changed, and its successor goes on
    client, run = clients[-1], runs[-1]
    assert (run["status"], client.get(f"/main/events/{eids[-1]}").json["benchmark"]) == ("failed", None)
    wire.plan(undisturbed)
    redriven = refresh(client, f"/main/executions/{run['id']}/redrive").json
    assert (redriven["status"], redriven["result"]["events"]) == ("succeeded", PAST)
    assert client.get(f"/main/events/{eids[-1]}").json["benchmark"]["state"] == "above"


def test_the_schedules_run_starts_every_tenants(stack: Any, wire: FaultyWire) -> None:
    wire.plan(undisturbed)
    # Given two tenants, the last of all by name
    clients = [Client(stack, f"zz{uuid.uuid4().hex[:12]}") for _ in range(2)]
    eids = [history(client) for client in clients]
    # When it runs as the schedule starts it, but for the tenants before
    machine, steps = stack.resources()["DemandRefreshStateMachine"], stack.client("stepfunctions")
    run = steps.start_execution(stateMachineArn=machine, input='{"after": "zz"}')["executionArn"]
    # Then the events of both show what is predicted
    for client, eid in zip(clients, eids, strict=True):
        client.until(f"/main/events/{eid}", lambda one: one.json["benchmark"] is not None)
    found = ended(stack, run)
    assert (found["status"], found["output"]["not_started"]) == ("SUCCEEDED", 0)
