"""An event with campaigns that run on the sandbox, and the machines that close it and look at them, step by step."""

import json
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import orjson
import pytest

from marquee import clock, ddb, workflows
from marquee.audience import cluster_service
from marquee.audience.models import NewClusterSet
from marquee.campaigns import launching, repository, switching
from marquee.campaigns.models import Campaign, LaunchTask, Setup
from marquee.ids import derived_id
from marquee.preconditions import Precondition
from tests.support.api import TENANT, sample
from tests.support.demand import COMING, NOW

LAUNCHED, CLOSING = NOW + timedelta(hours=1), NOW + timedelta(days=27)
"""The campaigns begin a day's hour after `NOW`; the event, 25 days later, is over when it is closed."""
PLATFORM = {"cost_per_mille": 5, "click_rate": 0.1, "purchase_rate": 0.2, "minimum_spend": 0}
Outcome = dict[str, Any]


Started = list[tuple[str, str, dict[str, Any]]]
"""Executions that were started: machine, name, input."""


def recorded(monkeypatch: pytest.MonkeyPatch) -> Started:
    """Let executions be noted, not started; of none of them anything is known."""
    found: Started = []

    def start(machine: str, name: str, payload: dict[str, Any]) -> str:
        found.append((machine, name, payload))
        return name

    monkeypatch.setattr(workflows, "start", start)
    monkeypatch.setattr(workflows, "describe", lambda *_: None)
    return found


class Clock:
    """The present moment, as tests move it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = NOW
        monkeypatch.setattr(clock, "now", lambda: self.now)

    def at(self, moment: datetime) -> None:
        """It is this moment from now on."""
        self.now = moment.astimezone(UTC)


def clusters(*tcs: str, tenant: str = TENANT) -> None:
    """Register clusters of a growing number of people."""
    found = [
        {
            "tc": tc,
            "label": tc.title(),
            "size": 20_000 * (number + 1),
            "interests": ["concert"],
            "currency": "EUR",
            "platforms": {"sandbox": PLATFORM},
        }
        for number, tc in enumerate(tcs)
    ]
    asked = NewClusterSet.model_validate({"clusters": found})
    cluster_service.replace(tenant, asked, Precondition())


def launch_task(eid: str = COMING, tenant: str = TENANT, number: int = 0, **asked: Any) -> LaunchTask:
    """What the steps of a launch are told."""
    return {
        "tenant": tenant,
        "eid": eid,
        "launch_id": derived_id("lau", tenant, eid, str(number)),
        "number": number,
        "execution": "launch",
        "parameters": orjson.dumps({"budget": "1000", **asked}).decode(),
    }


def launch(eid: str = COMING, tenant: str = TENANT, number: int = 0, **asked: Any) -> str:
    """Set campaigns up, as `campaigns_init` does, and have them run; gives the launch."""
    task = launch_task(eid, tenant, number, **asked)
    places = launching.prepare(task)["places"]
    for place in places:
        assert switching.settle(place, creating=True)["outcome"] == "SETTLED"
    launching.activate(task)
    for place in places:
        assert switching.settle(place)["status"] == "RUNNING"
    assert launching.finish(task)["outcome"] == "DONE"
    return task["launch_id"]


def setup_of(eid: str = COMING, tenant: str = TENANT) -> Setup:
    """The event's set-up."""
    found = repository.setup(tenant, eid)
    assert found is not None
    return found


def campaigns_of(eid: str = COMING, tenant: str = TENANT) -> list[Campaign]:
    """The campaigns of the event's set-up."""
    return repository.campaigns_of(tenant, eid, setup_of(eid, tenant)["launch_id"])


def held(table: str, pk: str) -> list[dict[str, Any]]:
    """Everything a table has under a partition key."""
    request = {
        "TableName": table,
        "ConsistentRead": True,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": ddb.to_item({":pk": pk}),
    }
    return [ddb.from_item(item) for item in ddb.query(request)["Items"]]


def on_platform(table: str, tenant: str = TENANT) -> dict[str, bool]:
    """Which campaigns the sandbox has, by external key, and whether they run."""
    found = held(table, f"T#{tenant}#SANDBOX")
    return {one["sk"]: bool(one["runs"]) and one["runs"][-1]["end"] is None for one in found if "runs" in one}


class Closings:
    """The machines `event_closing`, `closing_sweep` and `campaign_delivery` without Step Functions."""

    def __init__(self, tasks: ModuleType) -> None:
        self.tasks = tasks

    def step(self, task: str, **changes: Any) -> Outcome:
        """Run one step, its input and outcome going through JSON as in the machine."""
        event = json.loads(json.dumps(sample("closing_tasks", task) | changes))
        outcome: Outcome = json.loads(json.dumps(self.tasks.handler(event, None)))
        return outcome

    def close(self, eid: str = COMING, tenant: str = TENANT) -> Outcome:
        """The machine event_closing from its start to its end."""
        closing = {"tenant": tenant, "eid": eid}
        found = self.step("close", closing=closing)
        if found["outcome"] == "NOT_OVER":
            return found
        for place in found["places"]:
            self.step("stop", place=place)
            self.step("collect", place=place)
        attributed = self.step("attribute", closing=closing)
        return attributed | {"learnt": self.step("finish", closing=closing)["learnt"]}

    def sweep(self) -> Outcome:
        """The machine closing_sweep from its start to its end."""
        sums: Outcome = dict.fromkeys(("closed", "started", "failed", "steps"), 0)
        place = None
        while True:
            found = self.step("sweep", place=place)
            place = found.pop("next")
            sums = {name: sums[name] + found.get(name, 1) for name in sums}
            if place is None:
                return sums

    def deliver(self) -> list[Outcome]:
        """The machine campaign_delivery from its start to its end."""
        outcomes, place = [], None
        while True:
            found = self.step("find_live", place=place)
            outcomes += [self.delivered(one) for one in found["events"]]
            place = found["next"]
            if place is None:
                return outcomes

    def delivered(self, live: dict[str, str]) -> Outcome:
        """One event's part of campaign_delivery, step after step."""
        found = self.step("deliver", live=live, fetched=[])
        while found["outcome"] == "MORE":
            found = self.step("deliver", live=live, fetched=found["fetched"])
        return found
