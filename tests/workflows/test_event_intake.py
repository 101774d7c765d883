"""event_intake on the deployed stack: what the Registry has, Main gets, and what cannot be taken is kept."""

import hashlib
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from tests.support.client import Client
from tests.support.faults import KINDS, FaultyWire, Kind, once, undisturbed, whenever, wired

# Requests of an undisturbed run: the Registry's record is read, Main is looked at and written.
CALLS = ("GetItem", "GetItem", "TransactWriteItems")


@pytest.fixture(scope="module")
def wire(stack: Any) -> Iterator[FaultyWire]:
    with wired(stack, "EventIntakeTasksFunction") as wire:
        yield wire


# Requests of an edit under a key: the key is claimed, the record read, written with its mark, the answer kept.
EDIT_CALLS = ("PutItem", "Query", "TransactWriteItems", "UpdateItem")


@pytest.fixture(scope="module")
def registry_wire(stack: Any) -> Iterator[FaultyWire]:
    with wired(stack, "RegistryFunction") as wire:
        yield wire


def noted(stack: Any, tenant: str, eid: str) -> dict[str, Any]:
    """What the Registry has noted of Main's copy."""
    key = {"pk": {"S": f"T#{tenant}#E#{eid}"}, "sk": {"S": "MAIN"}}
    item: dict[str, Any] = stack.client("dynamodb").get_item(
        TableName=stack.resources()["RegistryTable"], Key=key, ConsistentRead=True
    )["Item"]
    return {name: int(value.get("N", 0)) or value.get("S") for name, value in item.items()}


def both_newest(stack: Any, client: Client, eid: str, version: int) -> dict[str, Any]:
    """Main's event, when it is what the Registry holds in this version and nothing is pending any more."""
    record = client.get(f"/cr/events/{eid}").json
    assert record["version"] == version
    shared = ("title", "city", "venue_name", "category", "capacity", "start_date_time", "campaign_stop_time")
    wanted = {name: record[name] for name in shared}
    main: dict[str, Any] = client.until(
        f"/main/events/{eid}", lambda reply: {name: reply.json.get(name) for name in shared} == wanted
    ).json
    give_up = time.monotonic() + 30
    while "pending_sk" in noted(stack, client.tenant, eid):
        assert time.monotonic() < give_up, noted(stack, client.tenant, eid)
        time.sleep(0.1)
    found = noted(stack, client.tenant, eid)
    assert (found["main_version"], found["wanted_version"]) == (version, version)
    return main


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


def test_undisturbed_it_takes_three_requests(stack: Any, client: Client, wire: FaultyWire) -> None:
    # Given that nothing of the tests before is still on its way
    running = {"stateMachineArn": stack.resources()["EventIntakeStateMachine"], "statusFilter": "RUNNING"}
    give_up = time.monotonic() + 30
    while stack.client("stepfunctions").list_executions(**running)["executions"]:
        assert time.monotonic() < give_up
        time.sleep(0.1)
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


def test_an_edit_moves_the_event_on_main(stack: Any, client: Client, wire: FaultyWire) -> None:
    # Given an event that Main lists under its city
    wire.plan(undisturbed)
    eid = client.new_event()
    # When its title, city and category change
    edit = {"title": "Borealis Night", "city": "Bonn", "category": "product"}
    reply = client.put(f"/cr/events/{eid}?event_type=prisma", edit, {"If-Match": '"1"'})
    assert (reply.status, reply.headers["etag"]) == (200, '"2.0"')
    # Then Main has the newest version and lists it where it belongs now
    assert both_newest(stack, client, eid, 2)["title"] == "Borealis Night"
    totals = {
        query: client.get(f"/main/events/?{query}").json["total"]
        for query in ("city=Bonn", "city=M%C3%BCnchen", "category=product", "category=concert", "q=borealis")
    }
    assert totals == {
        "city=Bonn": 1,
        "city=M%C3%BCnchen": 0,
        "category=product": 1,
        "category=concert": 0,
        "q=borealis": 1,
    }


@pytest.mark.parametrize("kind", KINDS)
def test_edits_and_intakes_disturbed_at_every_call_end_with_both_at_the_newest(
    stack: Any, client: Client, wire: FaultyWire, registry_wire: FaultyWire, kind: Kind
) -> None:
    # Given an event, and edits of it that fail at each of their calls while their intakes do too
    wire.plan(undisturbed)
    registry_wire.plan(undisturbed)
    eid = client.new_event()
    for call in range(len(EDIT_CALLS)):
        wire.plan(once(kind, call))
        registry_wire.plan(once(kind, call))
        # When each is repeated under its key and its tag until it is answered
        edited(stack, client, eid, f"Title {call}", version=call + 1)
    # Then each was made once, and both hosts are at the last
    registry_wire.plan(undisturbed)
    assert both_newest(stack, client, eid, 1 + len(EDIT_CALLS))["title"] == f"Title {len(EDIT_CALLS) - 1}"


def edited(stack: Any, client: Client, eid: str, title: str, version: int) -> None:
    key = f"{eid}-{version}"
    headers = {"If-Match": f'"{version}"', "Idempotency-Key": key}
    for _ in range(10):
        reply = client.put(f"/cr/events/{eid}", {"title": title}, headers)
        if reply.status == 200:
            assert reply.json["version"] == version + 1
            return
        assert reply.status in {409, 429, 500, 502, 503, 504}, reply.raw
        a_minute_passes(stack, client, key)
    pytest.fail("the edit was never answered")


def a_minute_passes(stack: Any, client: Client, key: str) -> None:
    """Let the claim of a process that died lapse."""
    digest = hashlib.sha256(f"test\n{key}".encode()).hexdigest()
    dynamodb = stack.client("dynamodb")
    with suppress(dynamodb.exceptions.ConditionalCheckFailedException):
        dynamodb.update_item(
            TableName=stack.resources()["IdempotencyTable"],
            Key={"pk": {"S": f"T#{client.tenant}#K#{digest}"}, "sk": {"S": "KEY"}},
            UpdateExpression="SET locked_until = :past",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeValues={":past": {"N": "1"}},
        )


def test_undisturbed_an_edit_takes_four_requests(client: Client, wire: FaultyWire, registry_wire: FaultyWire) -> None:
    wire.plan(undisturbed)
    registry_wire.plan(undisturbed)
    eid = client.new_event()
    registry_wire.plan(undisturbed)
    assert client.put(f"/cr/events/{eid}", {"title": "x"}, {"Idempotency-Key": eid}).status == 200
    assert tuple(registry_wire.seen) == EDIT_CALLS


def test_a_file_whose_process_dies_at_every_call_registers_each_entry_once(
    stack: Any, client: Client, wire: FaultyWire, registry_wire: FaultyWire
) -> None:
    # Given a file of two transactions, without ids
    wire.plan(undisturbed)
    entries = [
        {
            "title": f"Night {number % 7}",
            "start_date_time": "2030-01-01T20:00:00Z",
            "city": "Bonn",
            "venue_name": "Oper",
            "capacity": 10,
            "category": "opera",
            "currency": "EUR",
        }
        for number in range(55)
    ]
    # When its process dies after each of its calls in turn, and the client sends it again under its key
    statuses = []
    for call in range(7):
        registry_wire.plan(once("killed after", call))
        reply = client.post("/cr/events/bulk_upload", {"events": entries}, {"Idempotency-Key": "tour"})
        statuses.append(reply.status)
        a_minute_passes(stack, client, "tour")
    registry_wire.plan(undisturbed)
    # Then it is answered in the end, and Main gets each entry once
    assert statuses[0] >= 500
    reply = client.post("/cr/events/bulk_upload", {"events": entries}, {"Idempotency-Key": "tour"})
    assert (reply.status, reply.json["accepted"]) == (201, 55)
    ids = {one["id"] for one in reply.json["results"]}
    page = client.until("/main/events/?limit=200", lambda reply: reply.json["total"] >= 55).json
    assert {item["id"] for item in page["items"]} == ids
    assert page["total"] == len(ids) == 55


def test_edits_at_the_same_time_all_survive_and_reach_main_in_any_order(
    stack: Any, client: Client, wire: FaultyWire
) -> None:
    # Given an event, and intakes whose first look at it fails, so that they come late and in any order
    wire.plan(undisturbed)
    eid = client.new_event()
    wire.plan(lambda number, _: "unavailable" if number % 3 == 0 else None)
    # When six fields are edited at the same time
    edits: list[dict[str, Any]] = [
        {"title": "New"},
        {"city": "Bonn"},
        {"venue_name": "Oper"},
        {"capacity": 77},
        {"category": "opera"},
        {"start_date_time": "2031-01-01T19:00:00Z"},
    ]
    with ThreadPoolExecutor(len(edits)) as pool:
        replies = list(pool.map(lambda edit: client.put(f"/cr/events/{eid}", edit), edits))
    # Then each has its own version, all survive, and both hosts are at the last
    assert [reply.status for reply in replies] == [200] * 6
    assert sorted(reply.json["version"] for reply in replies) == [2, 3, 4, 5, 6, 7]
    main = both_newest(stack, client, eid, 7)
    assert {name: main[name] for edit in edits for name in edit} == {k: v for edit in edits for k, v in edit.items()}
    # And an intake of an old version that comes after all changes nothing
    before = client.get(f"/main/events/{eid}").raw
    wire.plan(undisturbed)
    again = ended(stack, start(stack, client.tenant, eid, version=1))
    assert json.loads(again["output"])["outcome"] == "current"
    assert client.get(f"/main/events/{eid}").raw == before
