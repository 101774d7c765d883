"""reconcile on the deployed stack: drift is found, repaired and reported, whatever is killed meanwhile."""

import json
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from marquee import keys, workflows
from tests.support.client import Client
from tests.support.faults import FaultyWire, Kind, undisturbed, wired
from tests.support.reconciling import ended, reconcile, start

# Requests of a page with one drift: Main's and the Registry's events are read; Main's state is put after the
# Registry's, and told; both are read again; the report is stored.
CALLS = (
    "Query",
    "BatchGetItem",
    "GetItem",
    "TransactWriteItems",
    "TransactWriteItems",
    "BatchGetItem",
    "GetItem",
    "report",
)
NONE = {"frontend": 0, "metadata": 0, "missing_in_registry": 0, "unreadable": 0}


@pytest.fixture(scope="module")
def wire(stack: Any) -> Iterator[FaultyWire]:
    with wired(stack, "ReconcileTasksFunction") as wire:
        yield wire


def drift(client: Client, eid: str) -> None:
    """Another client tells the Registry a state that is none of Main's."""
    sequence = client.get(f"/cr/events/{eid}").json["frontend_sequence"] + 10
    told = {"Marquee-Frontend-Status": "HIDDEN", "Marquee-Frontend-Sequence": str(sequence)}
    assert client.put(f"/cr/events/last_updated_on_fe/{eid}", {"status": "RUNNING"}, headers=told).status == 204
    assert shown(client, eid) == ("DEFAULT", "HIDDEN")


def shown(client: Client, eid: str) -> tuple[str, str]:
    main, registry = (client.get(f"/{host}/events/{eid}").json["frontend_status"] for host in ("main", "cr"))
    return main, registry


def calls(wire: FaultyWire) -> tuple[str, ...]:
    return tuple("report" if name == "json" else name for name in wire.seen)


# What is stored after a request is what is stored before the next: killed after each, and before the first, is all.
KILLED: list[tuple[Kind, int]] = [("killed before", 0), *(("killed after", call) for call in range(len(CALLS)))]


def test_killed_at_any_call_it_is_finished_and_counts_once(stack: Any, wire: FaultyWire) -> None:
    # Given a tenant for each call, each with an event that drifted
    clients = [Client(stack) for _ in KILLED]

    def drifted(client: Client) -> str:
        drift(client, eid := client.new_event())
        return eid

    with ThreadPoolExecutor(4) as pool:
        wire.plan(undisturbed)
        eids = list(pool.map(drifted, clients))
        # When they are reconciled, and the process is killed at that tenant's call
        faults = {client.tenant: fault for client, fault in zip(clients, KILLED, strict=True)}
        seen: Counter[str] = Counter()

        def kill(_number: int, body: bytes) -> Kind | None:
            tenant = next((one for one in faults if one.encode() in body), "")
            seen[tenant] += 1
            kind, call = faults.get(tenant, ("killed before", -1))
            return kind if seen[tenant] == call + 1 else None

        wire.plan(kill)
        runs = list(pool.map(lambda client: reconcile(stack, tenant=client.tenant, settle_seconds=0), clients))
    # Then both hosts show what Main had, and each report counts one drift and one repair
    for client, eid, run, fault in zip(clients, eids, runs, KILLED, strict=True):
        assert run["status"] == "SUCCEEDED", (fault, run)
        assert seen[client.tenant] > len(CALLS) - (fault[1] == len(CALLS) - 1), fault
        assert shown(client, eid) == ("DEFAULT", "DEFAULT"), fault
        assert run["output"]["drifted"] == run["output"]["repaired"] == NONE | {"frontend": 1}, fault


def test_undisturbed_it_takes_eight_requests_and_finds_nothing_the_second_time(
    stack: Any, client: Client, wire: FaultyWire
) -> None:
    eid = client.new_event()
    drift(client, eid)
    wire.plan(undisturbed)
    assert reconcile(stack, tenant=client.tenant, settle_seconds=0)["output"]["repaired"]["frontend"] == 1
    assert calls(wire) == CALLS
    wire.plan(undisturbed)
    again = reconcile(stack, tenant=client.tenant, settle_seconds=0)
    assert (again["output"]["compared"], again["output"]["drifted"]) == (1, NONE)
    assert calls(wire) == ("Query", "BatchGetItem", "report")


def test_the_schedules_run_retakes_lost_intakes_and_compares_every_tenant(
    stack: Any, client: Client, wire: FaultyWire
) -> None:
    wire.plan(undisturbed)
    # Given a tenant with a drifted event, and another with one whose intake was lost long ago
    other = Client(stack)
    drifted, lost = client.new_event(), other.new_event()
    drift(client, drifted)
    tables, dynamodb = stack.resources(), stack.client("dynamodb")
    pk = {"S": keys.event(other.tenant, lost)}
    dynamodb.delete_item(TableName=tables["EventsTable"], Key={"pk": pk, "sk": {"S": "EVENT"}})
    dynamodb.update_item(
        TableName=tables["RegistryTable"],
        Key={"pk": pk, "sk": {"S": "MAIN"}},
        UpdateExpression="SET pending_pk = :pending, pending_sk = :since",
        ExpressionAttributeValues={":pending": {"S": "PENDING"}, ":since": {"S": f"2026-01-01T00:00:00Z#{lost}"}},
    )
    # And a tenant whose comparison was started by a try of this run that then was lost
    name = uuid.uuid4().hex
    start(stack, workflows.execution_name(name, "tenant", other.tenant), tenant=other.tenant)
    # When it runs as the schedule starts it, but for the time that changes have to settle
    run = reconcile(stack, name=name, settle_seconds=0)
    # Then the lost event is back
    assert run["status"] == "SUCCEEDED", run
    assert run["output"]["intake"]["retaken"] >= 1
    assert (run["output"]["tenants"] >= 2, run["output"]["not_started"]) == (True, 0)
    assert other.get(f"/main/events/{lost}").status == 200
    # And each tenant has an execution that it, and nobody else, can watch
    child = workflows.execution_name(name, "tenant", client.tenant)
    ended(stack, run["executionArn"].replace(name, child))
    watched = client.get(f"/main/executions/exe_reconcile.{child}")
    assert (watched.status, watched.json["status"]) == (200, "succeeded")
    assert watched.json["result"]["repaired"]["frontend"] == 1
    assert [step["title"] for step in watched.json["steps"]] == [
        "Compare the next hundred events",
        "Bring both hosts back in line",
        "Keep the report",
    ]
    assert other.get(f"/main/executions/exe_reconcile.{child}").status == 404
    assert shown(client, drifted) == ("DEFAULT", "DEFAULT")
    # And its report is in the bucket
    body = stack.client("s3").get_object(Bucket=tables["Bucket"], Key=watched.json["result"]["report"])["Body"].read()
    assert json.loads(body)["examples"][0]["eid"] == drifted


def test_a_run_that_cannot_go_on_fails_by_name_and_keeps_its_report(stack: Any, client: Client) -> None:
    # Given an operator's slip
    run = reconcile(stack, tenant=client.tenant, settle_seconds="soon")
    # Then the run fails, and its report says why and how far it came
    assert (run["status"], run["error"]) == ("FAILED", "Malformed")
    key = f"reports/reconcile/{client.tenant}/{run['name']}.json"
    stored = stack.client("s3").get_object(Bucket=stack.resources()["Bucket"], Key=key)["Body"].read()
    report = json.loads(stored)
    assert (report["completed"], report["failure"]["error"], report["compared"]) == (False, "Malformed", 0)
