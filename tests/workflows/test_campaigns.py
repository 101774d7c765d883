"""Campaigns on the deployed stack: set up, toggled, reset, brought back; steps are killed, and a platform fails."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from marquee import ddb
from tests.support.audiences import body, costs
from tests.support.client import ALL_SCOPES, Client, Reply
from tests.support.faults import FaultyWire, Kind, undisturbed, wired

FAR = "2100-06-12T18:30:00Z"
OPEN, RUNS, PAUSED = ("OPEN", "PAUSED", False), ("RUNNING", "RUNNING", True), ("RUNNING", "PAUSED", False)


@pytest.fixture(scope="module")
def wire(stack: Any) -> Iterator[FaultyWire]:
    with wired(stack, "CampaignTasksFunction") as wire:
        yield wire


class Office:
    """A tenant with clusters on the sandbox, and one event."""

    def __init__(self, stack: Any) -> None:
        self.client = Client(stack, scope=f"{ALL_SCOPES} campaigns.write")
        clusters = [body(tc, label=tc.title(), platforms={"sandbox": costs()}) for tc in ("indie", "jazz")]
        assert self.client.put("/main/clusters", {"clusters": clusters}).status == 200
        self.eid = self.client.new_event(start_date_time=FAR, campaign_stop_time=FAR)
        self._store, self._table = stack.client("dynamodb"), stack.resources()["CampaignsTable"]

    def put(self, what: str, given: object = None) -> Reply:
        return self.client.put(f"/main/events/{self.eid}/{what}", given)

    def ended(self, reply: Reply) -> dict[str, Any]:
        """The execution that was accepted, when it has ended."""
        assert reply.status == 202, reply.raw
        path = f"/main{reply.headers['location']}"
        return dict(self.client.until(path, lambda one: bool(one.json["status"] != "running"), 120).json)

    def launch(self, **parameters: Any) -> dict[str, Any]:
        return self.ended(self.put("init_campaigns_setup", {"budget": 300, **parameters}))

    def redrive(self, execution: dict[str, Any]) -> dict[str, Any]:
        return self.ended(self.client.post(f"/main/executions/{execution['id']}/redrive"))

    def fault(self, **fault: Any) -> None:
        item = {"pk": f"T#{self.client.tenant}#SANDBOX", "sk": "FAULT#1", "moment": "before", "times": 1, **fault}
        self._store.put_item(TableName=self._table, Item=ddb.to_item(item))

    def on_sandbox(self) -> list[bool]:
        """Whether each campaign that the sandbox has runs."""
        answer = self._store.query(
            TableName=self._table,
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
            ExpressionAttributeValues=ddb.to_item({":pk": f"T#{self.client.tenant}#SANDBOX", ":sk": "cmp_"}),
        )
        found = [ddb.from_item(item) for item in answer["Items"]]
        return [bool(one["runs"]) and one["runs"][-1]["end"] is None for one in found]

    def said(self) -> tuple[str, str, bool]:
        """What the event says."""
        event = self.client.get(f"/main/events/{self.eid}").json
        return event["campaign_status"], event["client_campaign_status"], event["has_active_campaigns"]


@pytest.fixture
def office(stack: Any, wire: FaultyWire) -> Office:
    wire.plan(undisturbed)
    return Office(stack)


def test_campaigns_are_set_up_paused_resumed_reset_and_brought_back(office: Office) -> None:
    launched = office.launch()
    assert (launched["status"], launched["result"]["campaigns"]) == ("succeeded", 2), launched
    assert (office.on_sandbox(), office.said()) == ([True, True], RUNS)
    assert [step["title"] for step in launched["steps"]] == [
        "Check everything and write the plan down",
        "Create the campaigns on their platforms, paused",
        "See that each is there, whole and as it was asked for",
        "Decide that they run",
        "Switch the campaigns on",
        "Let the event say that its campaigns run",
    ]
    assert office.launch()["id"] == launched["id"]
    paused = office.ended(office.put("client_campaign_status?status=PAUSED"))
    assert (paused["status"], office.on_sandbox(), office.said()) == ("succeeded", [False, False], PAUSED)
    resumed = office.ended(office.put("client_campaign_status?status=RUNNING"))
    assert (resumed["status"], office.on_sandbox(), office.said()) == ("succeeded", [True, True], RUNS)
    reset = office.ended(office.put("reset_campaigns_setup"))
    assert (reset["status"], office.on_sandbox(), office.said()) == ("succeeded", [False, False], OPEN)
    assert reset["undoable_until"] > reset["finished_at"]
    undone = office.ended(office.client.post(f"/main/executions/{reset['id']}/undo"))
    assert (undone["status"], office.on_sandbox(), office.said()) == ("succeeded", [True, True], RUNS)
    # and each state of the campaigns is shown
    shown = office.client.get(f"/main/events/{office.eid}/campaigns").json
    assert (shown["state"], [one["status"] for one in shown["items"]]) == ("READY", ["RUNNING", "RUNNING"])


@pytest.mark.parametrize("kind", ["killed before", "killed after"])
def test_steps_killed_again_and_again_create_nothing_twice(office: Office, wire: FaultyWire, kind: Kind) -> None:
    # Given a launch a worker of which is killed at every 23rd call
    wire.plan(lambda number, _: kind if number % 23 == 7 else None)
    launched = office.launch()
    assert len(wire.seen) > 30
    # Then each campaign is there once, and runs
    assert (launched["status"], office.on_sandbox(), office.said()) == ("succeeded", [True, True], RUNS)


def test_a_platform_that_refuses_one_leaves_none_and_redriven_there_are_all(office: Office) -> None:
    # Given a platform that refuses to switch on the second
    office.fault(operation="switch", error="refused", skip=1)
    failed = office.launch()
    # Then nothing is left, and it is said why
    assert (failed["status"], office.on_sandbox(), office.said()) == ("failed", [], OPEN), failed
    assert "as it was told to" in failed["error"]["message"]
    assert failed["steps"][-1]["title"] == "Note that nothing is left"
    assert "as it was told to" in office.client.get(f"/main/events/{office.eid}/campaigns").json["reasons"][0]
    # When it is redriven, Then there are all
    again = office.redrive(failed)
    assert (again["status"], office.on_sandbox(), office.said()) == ("succeeded", [True, True], RUNS), again
    # and a toggle that one campaign refuses pauses the other, and redriven both
    office.fault(operation="switch", error="refused")
    broken = office.ended(office.put("client_campaign_status?status=PAUSED"))
    assert (broken["status"], sorted(office.on_sandbox()), office.said()) == ("failed", [False, True], RUNS), broken
    assert office.redrive(broken)["status"] == "succeeded"
    assert (office.on_sandbox(), office.said()) == ([False, False], PAUSED)
    # and one that is switched on while another refuses is paused again
    office.fault(operation="switch", error="refused", skip=1)
    broken = office.ended(office.put("client_campaign_status?status=RUNNING"))
    assert (broken["status"], office.on_sandbox(), office.said()) == ("failed", [False, False], PAUSED), broken


def test_a_launch_that_is_cancelled_is_withdrawn_and_redriven_it_is_complete(office: Office) -> None:
    # Given a launch that waits for its platform
    office.fault(operation="create", error="busy", times=99, skip=1)
    reply = office.put("init_campaigns_setup", {"budget": 300})
    office.client.until("/main/events/", lambda _: office.on_sandbox() == [False])
    path = f"/main/executions/{reply.json['id']}"
    # When it is cancelled, Then what was created is removed
    assert office.client.post(f"{path}/cancel").json["status"] == "cancelled"
    office.client.until(f"/main/events/{office.eid}/campaigns", lambda one: bool(one.json["state"] == "FAILED"), 120)
    assert (office.on_sandbox(), office.said()) == ([], OPEN)
    # and redriven, when the platform is well again, it is complete
    office.fault(operation="create", error="busy", times=0)
    assert office.redrive(office.client.get(path).json)["status"] == "succeeded"
    assert (office.on_sandbox(), office.said()) == ([True, True], RUNS)


def test_launches_at_once_are_one_and_what_was_reset_long_ago_is_purged(stack: Any, office: Office) -> None:
    # Given launches that are asked for at once, the same one and others
    given = [{"budget": 300}, {"budget": 300}, {"budget": 300, "goal": "reach"}, {"budget": 301}]
    with ThreadPoolExecutor(len(given)) as pool:
        replies = list(pool.map(lambda body: office.put("init_campaigns_setup", body), given))
    ended = {one.json["id"]: office.ended(one) for one in replies if one.status == 202}
    # Then one of them is complete, and the others are refused, at once or by their executions
    assert [one["status"] for one in ended.values()].count("succeeded") == 1, ended
    assert {one.json["error_code"] for one in replies if one.status != 202} <= {"campaigns.already_set_up"}
    assert (office.on_sandbox(), office.said()) == ([True, True], RUNS)
    # When they are reset, and a month is over
    assert office.ended(office.put("reset_campaigns_setup"))["status"] == "succeeded"
    key = {"pk": {"S": f"T#{office.client.tenant}#E#{office.eid}"}}
    launch_id = next(one["result"]["launch_id"] for one in ended.values() if one["status"] == "succeeded")
    stack.client("dynamodb").update_item(
        TableName=stack.resources()["CampaignsTable"],
        Key={**key, "sk": {"S": f"SETUP#{launch_id}"}},
        UpdateExpression="SET live_sk = :due",
        ExpressionAttributeValues={":due": {"S": f"2026-01-01T00:00:00Z#{launch_id}"}},
    )
    machines = stack.client("stepfunctions")
    arn = machines.start_execution(stateMachineArn=stack.resources()["CampaignsPurgeStateMachine"], input="{}")

    def status() -> str:
        return str(machines.describe_execution(executionArn=arn["executionArn"])["status"])

    office.client.until("/main/events/", lambda _: status() != "RUNNING")
    # Then nothing of them is left on their platform
    assert (status(), office.on_sandbox()) == ("SUCCEEDED", [])
