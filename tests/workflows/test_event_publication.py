"""event_publication on the deployed stack: what is published reaches the Registry and Main, whatever is killed."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import hub
from tests.support.faults import FaultyWire, Kind, once, undisturbed, whenever, wired
from tests.support.hub_stack import Organiser
from tests.support.workbooks import workbook

REPORT = workbook([["Date", "Category", "Tickets", "Revenue"], ["2026-03-01", "Front", 2, 40.5]])


@pytest.fixture(scope="module")
def wire(stack: Any) -> Iterator[FaultyWire]:
    with wired(stack, "HubPublicationTasksFunction") as wire:
        yield wire


@pytest.fixture
def organiser(stack: Any, wire: FaultyWire) -> Organiser:
    wire.plan(undisturbed)
    return Organiser(stack)


def test_an_event_is_published_changed_unpublished_and_published_again(organiser: Organiser) -> None:
    client = organiser.client
    # Given an event with four occurrences, published under a key twice
    uuid = organiser.create()
    replies = [organiser.ask("publish", uuid, "publish-it-once") for _ in range(2)]
    assert [one.status for one in replies] == [201, 201]
    assert replies[0].json == replies[1].json
    execution = organiser.ended(replies[0].json["execution"])
    # Then the execution says what it did, step by step, and what came of it
    assert (execution["status"], execution["subject"]) == ("succeeded", {"event_uuid": uuid})
    assert execution["steps"][0]["title"] == "See what is to be brought where"
    assert execution["result"]["report"]["counts"]["main"] == {"active": 4}
    # and Registry and Main have every occurrence, in one series
    publication = organiser.publication(uuid)
    eids = [one["main_event_id"] for one in publication["occurrences"]]
    assert publication["counts"] == {"registry": {"registered": 4}, "main": {"active": 4}}
    for eid in eids:
        event, record = client.get(f"/main/events/{eid}").json, client.get(f"/cr/events/{eid}").json
        assert (event["status"], event["title"], event["city"]) == ("active", "Aurora Night", "München")
        assert event["hub"] == {"registry_id": eid, "hub_event_id": uuid}
        assert set(event["campaign_event_series"]) == {*eids} - {eid}
        assert {name: record[name] for name in ("title", "start_date_time", "venue_name", "capacity")} == {
            name: event[name] for name in ("title", "start_date_time", "venue_name", "capacity")
        }
    # and no intake was started for them
    states, machine = client.stack.client("stepfunctions"), client.stack.resources()["EventIntakeStateMachine"]
    intakes = states.list_executions(stateMachineArn=machine, maxResults=100)["executions"]
    inputs = [states.describe_execution(executionArn=one["executionArn"])["input"] for one in intakes[:20]]
    assert not [one for one in inputs if client.tenant in one]
    # When one has sales, and the event is unpublished
    client.drop(eids[1], "report.xlsx", REPORT)
    assert client.ingest(eids[1], "report.xlsx")["status"] == "COMMITTED"
    organiser.done("unpublish", uuid)
    # Then that one is kept, with the reason, and the others are archived
    found = organiser.publication(uuid)
    assert [one["main"] for one in found["occurrences"]] == ["archived", "kept", "archived", "archived"]
    assert found["occurrences"][1]["reason"] == "It has sales."
    # When it is published again, and its name changed
    organiser.done("publish", uuid)
    organiser.update(uuid, name="Boreal Night")
    assert organiser.settled(uuid)["kind"] == "update"
    # Then they are the same events, under the new name
    shown = [client.get(f"/main/events/{eid}").json for eid in eids]
    assert {(one["title"], one["status"]) for one in shown} == {("Boreal Night", "active")}
    # and an edit at the Registry still takes its way to Main
    assert client.put(f"/cr/events/{eids[0]}", {"hall_name": "Blue Hall"}).status == 200
    client.until(f"/main/events/{eids[0]}", lambda one: bool(one.json["hall_name"] == "Blue Hall"))
    stranger = Organiser(client.stack)
    assert stranger.ask("unpublish", uuid).status == 404
    assert stranger.client.get(f"/main/executions/{execution['id']}").status == 404


@pytest.mark.parametrize("kind", ["killed before", "killed after"])
def test_a_worker_killed_in_each_step_changes_nothing_of_the_outcome(
    organiser: Organiser, wire: FaultyWire, kind: Kind
) -> None:
    # Given an event whose publication's process is killed once in every one of its steps
    uuid = organiser.create(occurrence=hub.recurring("weekly", after=3))
    calls = {"killed before": (0, 3, 9, 15, 19), "killed after": (0, 4, 11, 17, 22)}[kind]
    wire.plan(lambda number, _: kind if number in calls else None)
    organiser.done("publish", uuid)
    assert len(wire.seen) > calls[-1]
    # Then all is there
    assert organiser.publication(uuid)["counts"]["main"] == {"active": 3}
    # and so it is when it is withdrawn
    wire.plan(once(kind, 5))
    organiser.done("unpublish", uuid)
    assert organiser.publication(uuid)["counts"]["main"] == {"archived": 3}


def test_a_registry_that_fails_leaves_everything_as_it_was_and_a_redrive_succeeds(
    organiser: Organiser, wire: FaultyWire
) -> None:
    # Given a Registry that refuses
    uuid = organiser.create()
    wire.plan(whenever("refused", "hub_version"))
    reply = organiser.ask("publish", uuid)
    assert reply.status == 201
    # Then the publication fails, and is undone
    failed = organiser.ended(reply.json["execution"])
    assert failed["status"] == "failed"
    assert failed["steps"][-1]["title"] == "Note that it is undone"
    assert organiser.status(uuid) == "ready"
    found = organiser.publication(uuid)
    assert (found["phase"], found["counts"]["main"]) == ("failed", {"absent": 4})
    # When it is redriven, with the Registry well again
    wire.plan(undisturbed)
    redriven = organiser.client.post(f"/main/executions/{failed['id']}/redrive")
    assert redriven.status == 202, redriven.raw
    assert organiser.ended(redriven.json["id"])["status"] == "succeeded"
    # Then it is public
    assert organiser.status(uuid) == "published"
    assert organiser.publication(uuid)["counts"]["main"] == {"active": 4}


def test_a_cancelled_execution_is_undone(organiser: Organiser, wire: FaultyWire) -> None:
    # Given a publication whose step hangs
    uuid = organiser.create()
    wire.plan(whenever("withheld", "hub_sequence"))
    execution = organiser.ask("publish", uuid).json["execution"]
    path = f"/main/executions/{execution}"
    organiser.client.until(path, lambda one: one.status == 200 and len(one.json["steps"]) >= 2)
    # When it is cancelled
    wire.plan(undisturbed)
    assert organiser.client.post(f"{path}/cancel").status == 200
    # Then the event is as before, and so is Main
    found = organiser.settled(uuid)
    assert organiser.status(uuid) == "ready"
    assert (found["phase"], found["failure"]) == ("failed", "Cancelled: It was cancelled on request.")
    assert found["counts"]["main"] == {"absent": 4}


def test_730_occurrences(organiser: Organiser) -> None:
    # Given an event that takes place on 730 evenings
    uuid = organiser.create(occurrence=hub.recurring("daily", after=730))
    # When it is published, Then they are all on Main, in one series
    organiser.done("publish", uuid, 300)
    found = organiser.publication(uuid)
    assert found["counts"] == {"registry": {"registered": 730}, "main": {"active": 730}}
    eid = found["occurrences"][364]["main_event_id"]
    assert len(organiser.client.get(f"/main/events/{eid}").json["campaign_event_series"]) == 729
