"""event_cancellation on the deployed stack: final on the Hub at once, resumable on Main and the Registry."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import hub
from tests.support.faults import FaultyWire, undisturbed, whenever, wired
from tests.support.hub_stack import Organiser
from tests.support.reconciling import reconcile


@pytest.fixture(scope="module")
def wire(stack: Any) -> Iterator[FaultyWire]:
    with wired(stack, "HubPublicationTasksFunction") as wire:
        yield wire


@pytest.fixture
def organiser(stack: Any, wire: FaultyWire) -> Organiser:
    wire.plan(undisturbed)
    return Organiser(stack)


def shown(organiser: Organiser, uuid: str) -> set[tuple[str, str | None]]:
    """Main's status and the Registry's frontend state of the event's occurrences."""
    client = organiser.client
    eids = [one["main_event_id"] for one in organiser.publication(uuid)["occurrences"]]
    return {
        (client.get(f"/main/events/{eid}").json["status"], client.get(f"/cr/events/{eid}").json["fe_status"])
        for eid in eids
    }


def test_a_cancellation_that_fails_stays_final_and_a_redrive_goes_on(organiser: Organiser, wire: FaultyWire) -> None:
    # Given a published event, and a Registry that cannot be told
    uuid = organiser.create()
    organiser.done("publish", uuid)
    wire.plan(whenever("refused", "fe_status"))
    # When it is cancelled
    reply = organiser.ask("cancel", uuid, "cancel-it-once")
    assert (reply.status, reply.json["result"]) == (200, "Event has been cancelled successfully.")
    failed = organiser.ended(reply.json["execution"])
    # Then the event is cancelled all the same, and why the rest is not is kept
    assert (failed["status"], failed["workflow"]) == ("failed", "event_cancellation")
    assert failed["steps"][-1]["title"] == "Note why it could not be finished"
    assert organiser.status(uuid) == "cancelled"
    found = organiser.publication(uuid)
    assert (found["phase"], found["kind"]) == ("failed", "cancel")
    assert found["failure"]
    assert found["counts"]["registry"] == {"registered": 4}
    refused = organiser.ask("publish", uuid)
    assert (refused.status, refused.json["error_code"]) == (409, "event.state")
    # When it is redriven and its process is killed on the way
    wire.plan(lambda number, _: "killed after" if number in {3, 9} else None)
    redriven = organiser.client.post(f"/main/executions/{failed['id']}/redrive")
    assert organiser.ended(redriven.json["id"])["status"] == "succeeded"
    # Then every occurrence is cancelled everywhere
    assert shown(organiser, uuid) == {("cancelled", "CANCELLED")}
    assert organiser.ask("cancel", uuid, "cancel-it-once").json == reply.json
    event = organiser.client.get(f"/hub/events/{uuid}").json["result"]["event"]
    assert event["publishing"]["state"] == "CANCELLED"
    assert event["settings"]["booking_ends_on"]["utc"] < "2035"


def test_one_that_was_never_published_changes_the_hub_alone(organiser: Organiser) -> None:
    uuid = organiser.create()
    reply = organiser.ask("cancel", uuid)
    assert (reply.status, reply.json["execution"]) == (200, None)
    assert organiser.status(uuid) == "cancelled"


def test_what_was_lost_is_started_by_the_reconciler(stack: Any, organiser: Organiser) -> None:
    # Given a published event whose withdrawal was stopped from outside
    uuid = organiser.create(occurrence=hub.recurring("weekly", after=2))
    organiser.done("publish", uuid)
    table, states = stack.resources()["HubTable"], stack.client("stepfunctions")
    machine = stack.resources()["EventPublicationStateMachine"]
    organiser_wire = stack.client("dynamodb")
    execution = organiser.ask("unpublish", uuid).json["execution"]
    arn = f"{machine.replace(':stateMachine:', ':execution:')}:{execution.partition('.')[2]}"
    states.stop_execution(executionArn=arn)
    mark = {"pk": {"S": f"T#{organiser.client.tenant}#E#{uuid}"}, "sk": {"S": "PENDING"}}
    left = "Item" in organiser_wire.get_item(TableName=table, Key=mark, ConsistentRead=True)
    # When the reconciler runs, Then Main has it
    run = reconcile(stack, lost_seconds=-60)
    assert run["output"]["publications"]["failed"] == 0
    assert run["output"]["publications"]["restarted"] >= left
    assert organiser.settled(uuid)["counts"]["main"] == {"archived": 2}
