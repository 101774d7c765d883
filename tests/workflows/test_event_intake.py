"""event_intake on the deployed stack: what the Registry has, Main gets, and what cannot be taken is kept."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.client import Client
from tests.support.faults import KINDS, FaultyWire, Kind, behind, once, undisturbed, whenever

# Requests of an undisturbed run: the Registry's record is read, Main is looked at and written.
CALLS = ("GetItem", "GetItem", "TransactWriteItems")


@pytest.fixture(scope="module")
def wire(stack: Any) -> Iterator[FaultyWire]:
    wire = FaultyWire(stack.url)
    with behind(wire, stack.client("lambda"), stack.resources()["EventIntakeTasksFunction"]):
        yield wire
    wire.close()


def start(stack: Any, tenant: str, eid: str, version: int = 1) -> str:
    arn: str = stack.client("stepfunctions").start_execution(
        stateMachineArn=stack.resources()["EventIntakeStateMachine"],
        input=json.dumps({"tenant": tenant, "eid": eid, "version": version}),
    )["executionArn"]
    return arn


def ended(stack: Any, arn: str, seconds: float = 60) -> dict[str, Any]:
    give_up = time.monotonic() + seconds
    while True:
        described: dict[str, Any] = stack.client("stepfunctions").describe_execution(executionArn=arn)
        if described["status"] != "RUNNING":
            return described
        assert time.monotonic() < give_up, described
        time.sleep(0.1)


@pytest.mark.parametrize("call", range(len(CALLS)), ids=[f"{n}-{name}" for n, name in enumerate(CALLS)])
@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_at_any_call_is_overcome_and_counts_nothing_twice(
    client: Client, wire: FaultyWire, kind: Kind, call: int
) -> None:
    # Given a wire that fails once at this call
    wire.plan(once(kind, call))
    # When an event is registered
    eid = client.new_event()
    # Then Main has it, once
    page = client.get("/main/events/").json
    assert (page["total"], [item["id"] for item in page["items"]]) == (1, [eid])


def test_undisturbed_it_takes_three_requests(client: Client, wire: FaultyWire) -> None:
    wire.plan(undisturbed)
    client.new_event()
    assert tuple(wire.seen) == CALLS


def test_started_again_it_changes_nothing(stack: Any, client: Client, wire: FaultyWire) -> None:
    wire.plan(undisturbed)
    eid = client.new_event()
    before = client.get(f"/main/events/{eid}").raw
    again = ended(stack, start(stack, client.tenant, eid))
    assert (again["status"], json.loads(again["output"])["outcome"]) == ("SUCCEEDED", "current")
    assert client.get(f"/main/events/{eid}").raw == before


def test_what_cannot_be_taken_is_kept_for_replay(stack: Any, client: Client) -> None:
    # Given nothing at the Registry
    # When intake is asked for it
    described = ended(stack, start(stack, client.tenant, "evt_nowhere-000000"))
    # Then it fails by name, and the dead-letter queue has what and why
    assert (described["status"], described["error"]) == ("FAILED", "NotFound")
    sqs, queue = stack.client("sqs"), stack.resources()["IntakeDeadLetterQueue"]
    kept = []
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        kept += [json.loads(one["Body"]) for one in messages]
        for one in messages:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=one["ReceiptHandle"])
    mine = [one for one in kept if one["subject"]["tenant"] == client.tenant]
    assert [one["subject"]["eid"] for one in mine] == ["evt_nowhere-000000"]
    assert mine[0]["failure"]["Error"] == "NotFound"


def test_a_main_that_comes_back_gets_what_it_missed(stack: Any, client: Client, wire: FaultyWire) -> None:
    # Given a Main whose table does not answer while an event is registered
    wire.plan(whenever("unavailable", stack.resources()["EventsTable"]))
    eid = client.post(
        "/cr/events",
        {
            "title": "Late",
            "start_date_time": "2030-01-01T20:00:00Z",
            "city": "Bonn",
            "venue_name": "Oper",
            "capacity": 10,
            "category": "opera",
            "currency": "EUR",
        },
    ).json["id"]
    time.sleep(1.5)
    assert client.get(f"/main/events/{eid}").status == 404
    # When it answers again
    wire.plan(undisturbed)
    # Then the machine's own retries bring the event
    assert client.until(f"/main/events/{eid}", lambda reply: reply.status == 200, 90).json["title"] == "Late"
