"""Events with campaigns on the deployed stack, and the machines that close them and look at them."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from marquee import ddb
from tests.support.client import ALL_SCOPES, Client, Reply

SCOPES = f"{ALL_SCOPES} campaigns.write"
MACHINES = {
    "closing_sweep": "ClosingSweepStateMachine",
    "event_closing": "EventClosingStateMachine",
    "campaign_delivery": "CampaignDeliveryStateMachine",
}
PLATFORM = {"cost_per_mille": 5, "click_rate": 0.1, "purchase_rate": 0.2, "minimum_spend": 0}
COST_DAYS = 40
"""How far away events with campaigns are; with this speed their campaigns spend their budget in half a minute."""
SPEED = 100_000


def moment(ago: timedelta) -> str:
    """So long ago, RFC 3339."""
    return f"{datetime.now(UTC) - ago:%Y-%m-%dT%H:%M:%SZ}"


class Office:
    """A tenant with clusters, and campaigns that run on a fast sandbox."""

    def __init__(self, stack: Any, *tcs: str) -> None:
        self.stack = stack
        self.client = Client(stack, scope=SCOPES)
        self.tables = stack.resources()
        clusters = [
            {"tc": tc, "label": tc.title(), "size": 50_000, "interests": ["concert"], "currency": "EUR"}
            | {"platforms": {"sandbox": PLATFORM}}
            for tc in tcs
        ]
        assert self.client.put("/main/integrations/sandbox", {"speed": SPEED}).status == 200
        reply = self.client.put("/main/clusters", {"clusters": clusters})
        assert reply.status == 200, reply.raw

    def ended(self, reply: Reply) -> dict[str, Any]:
        """The execution that was accepted, when it has ended."""
        assert reply.status == 202, reply.raw
        path = f"/main{reply.headers['location']}"
        return dict(self.client.until(path, lambda one: bool(one.json["status"] != "running")).json)

    def launched(self, capacity: int = 1000) -> str:
        """An event to come with campaigns that run."""
        eid = self.client.new_event(start_date_time=moment(-timedelta(days=COST_DAYS)), capacity=capacity)
        execution = self.ended(self.client.put(f"/main/events/{eid}/init_campaigns_setup", {"budget": 1000}))
        assert execution["status"] == "succeeded", execution
        return eid

    def sell(self, eid: str, tickets: int) -> None:
        """Tickets sold today, at 20.00 each."""
        today = moment(timedelta())[:10]
        sold = [{"type": "Front", "sold": tickets, "revenue": 20 * tickets}]
        body = {"eid": eid, "from": today, "to": today, "tickets": sold}
        reply = self.client.post("/main/ingest/transaction_summary", body)
        assert reply.status == 201, reply.raw

    def over(self, eid: str) -> None:
        """The event turns out to be over since a moment ago."""
        edit = {"start_date_time": moment(timedelta(minutes=2)), "end_date_time": moment(timedelta(seconds=1))}
        reply = self.client.put(f"/cr/events/{eid}", edit)
        assert reply.status == 200, reply.raw
        self.client.until(f"/main/events/{eid}", lambda one: one.json["start_date_time"] == edit["start_date_time"])

    def run(self, machine: str, payload: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run a machine as its schedule does, to its end; gives how it ended."""
        states = self.stack.client("stepfunctions")
        arn = states.start_execution(
            stateMachineArn=self.tables[MACHINES[machine]], input=orjson.dumps(payload or {}).decode()
        )["executionArn"]
        give_up = time.monotonic() + 60
        while (described := states.describe_execution(executionArn=arn))["status"] == "RUNNING":
            assert time.monotonic() < give_up, arn
            time.sleep(0.1)
        return dict(described)

    def closed(self, eid: str) -> dict[str, Any]:
        """The event when its closing has come to its end."""
        path = f"/main/campaign_results/?eid={eid}"
        self.client.until(path, lambda one: bool(one.json))
        return dict(self.client.get(f"/main/events/{eid}").json)

    def held(self, pk: str) -> list[dict[str, Any]]:
        """What the campaigns table has under a partition key."""
        answer = self.stack.client("dynamodb").query(
            TableName=self.tables["CampaignsTable"],
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": pk}},
        )
        return [ddb.from_item(item) for item in answer["Items"]]

    def running(self) -> list[bool]:
        """Whether each of the tenant's campaigns runs on the sandbox."""
        found = self.held(f"T#{self.client.tenant}#SANDBOX")
        return [bool(one["runs"]) and one["runs"][-1]["end"] is None for one in found if "runs" in one]

    def inject(self, number: int, **fault: Any) -> None:
        """Let something go wrong on the tenant's sandbox."""
        item = {"pk": f"T#{self.client.tenant}#SANDBOX", "sk": f"FAULT#{number:03}", "times": 1, "skip": 0, **fault}
        self.stack.client("dynamodb").put_item(TableName=self.tables["CampaignsTable"], Item=ddb.to_item(item))
