"""event_publication and event_cancellation without Step Functions: their steps in their order, and what they leave."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import ModuleType
from typing import Any

import orjson
import pytest

from marquee import ddb, workflows
from marquee.events import repository as main
from marquee.hub import heads
from marquee.hub import repository as hub
from marquee.hub import rules as hub_rules
from marquee.hub.models import Item
from marquee.hub.publication import main_metadata
from marquee.hub.publication import rules as publication_rules
from marquee.registry import repository as registry
from marquee.sales import repository as sales
from marquee.sales.models import Head
from marquee.settings import settings
from tests.support import hub as hub_support
from tests.support.api import TENANT, Answer, call, sample, varied

Step = dict[str, Any]
Order = dict[str, Any]


class Failed(Exception):
    """An execution ended with this error."""


class Executions:
    """Step Functions, as far as it keeps what was started: by machine and name."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.inputs: dict[tuple[str, str], Order] = {}
        self.statuses: dict[tuple[str, str], str] = {}
        self.lost = 0  # of the starts to come, so many never arrive
        monkeypatch.setattr(workflows, "start", self._start)
        monkeypatch.setattr(workflows, "describe", self._describe)

    def _start(self, machine: str, name: str, payload: Order) -> str:
        if self.lost:
            self.lost -= 1
            raise ConnectionError
        if (machine, name) not in self.inputs:
            self.inputs[machine, name] = json.loads(json.dumps(payload))
            self.statuses[machine, name] = "RUNNING"
        return f"arn:{machine}:{name}"

    def _describe(self, machine: str, name: str) -> dict[str, Any] | None:
        if (machine, name) not in self.inputs:
            return None
        return {"status": self.statuses[machine, name], "input": json.dumps(self.inputs[machine, name])}

    def waiting(self) -> list[tuple[str, str]]:
        """Those that have been started and have not ended."""
        return [one for one, status in self.statuses.items() if status == "RUNNING"]


class Publishing:
    """Asks for publications, and brings them to the other hosts."""

    def __init__(self, app: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> None:
        self.hub = app("hub_events")
        self._tasks = app("hub_publication_tasks")
        self.executions = Executions(monkeypatch)
        # Called before every step with its name; a test puts its own business in between.
        self.before: Callable[[str], None] = lambda _: None

    def ask(self, kind: str, uuid: str, key: str = "", **changes: Any) -> Answer:
        """Publish, unpublish or cancel the event, or read its publication."""
        event = varied(sample("hub_events", kind), path={"event_uuid": uuid}, headers={"Idempotency-Key": key})
        return call(self.hub, varied(event, **changes))

    def step(self, task: str, order: Order, **more: Any) -> Step:
        """Run one step, its input and outcome going through JSON as in the machine."""
        self.before(task)
        event = sample("hub_publication_tasks", task) | {"publication": order} | more
        outcome: Step = json.loads(json.dumps(self._tasks.handler(json.loads(json.dumps(event)), None)))
        return outcome

    def run(self, machine: str, name: str) -> Step:
        """An execution from its start to its end. Raises Failed where it ends with an error."""
        given = self.executions.inputs[machine, name]
        order = {part: given[part] for part in ("tenant", "event_uuid", "publication_id")}
        try:
            work = self._publication if machine == "event_publication" else self._cancellation
            ended = work(order, given.get("failure"))
        except Failed:
            self.executions.statuses[machine, name] = "FAILED"
            raise
        self.executions.statuses[machine, name] = "SUCCEEDED"
        return ended

    def run_all(self) -> None:
        """Every execution that waits, and those that come with it."""
        while self.executions.waiting():
            for machine, name in self.executions.waiting():
                with suppress(Failed):
                    self.run(machine, name)

    def _publication(self, order: Order, failure: Any) -> Step:
        try:
            work = self.step("open", order, failure=failure)
            if work["outcome"] not in {"BEGUN", "UNDO", "STOPPED"}:
                return work
            if work["outcome"] == "BEGUN":
                return self._forward(order, work)
        except Exception as error:  # noqa: BLE001 - whatever a step raises, the machine catches
            failure = _failure(error)
        undo = self.step("undo", order, failure=failure)
        if undo["outcome"] in {"DONE", "SUPERSEDED"}:
            return undo
        for number in undo["batches"]:
            self.step("undo_batch", order, sequence=undo["sequence"], batch=number)
        self.step("close", order, sequence=undo["sequence"])
        raise Failed(undo["failure"]["Error"])

    def _forward(self, order: Order, work: Step) -> Step:
        at = {"sequence": work["sequence"]}
        for task in ("register", "take"):
            for number in work[task]:
                self.step(task, order, **at, batch=number)
        gathered = [self.step("gather", order, **at, batch=number) for number in work["gather"]]
        for number in work["withdraw"]:
            self.step("withdraw", order, **at, batch=number)
        return self.step("finish", order, **at, gathered=gathered)

    def _cancellation(self, order: Order, failure: Any) -> Step:
        try:
            work = self.step("open", order, failure=failure)
            if work["outcome"] == "BEGUN":
                for number in work["cancel"]:
                    self.step("cancel", order, sequence=work["sequence"], batch=number)
                return self.step("finish", order, sequence=work["sequence"])
        except Exception as error:  # noqa: BLE001 - whatever a step raises, the machine catches
            failure, work = _failure(error), {"outcome": "STOPPED"}
        if work["outcome"] != "STOPPED":
            return work
        self.step("fail", order, failure=failure)
        raise Failed(failure["Error"])


def _failure(error: Exception) -> Step:
    cause = {"errorType": type(error).__name__, "errorMessage": str(error)}
    return {"Error": type(error).__name__, "Cause": json.dumps(cause)}


def published(publishing: Publishing, **changes: Any) -> str:
    """An event that is published everywhere."""
    uuid = str(hub_support.create(publishing.hub, **changes)["uuid"])
    assert publishing.ask("publish", uuid).status == 201
    publishing.run_all()
    assert divergent(uuid) == []
    return uuid


# --- what the three hosts hold ----------------------------------------------------------------------------------------


def main_ids(head: Item) -> dict[int, str]:
    """Main's ids of the event's occurrences, by key."""
    return {one.key: hub_rules.main_event_id(head["tenant"], head["uuid"], one.key) for one in heads.occurrences(head)}


def statuses(head: Item) -> list[str | None]:
    """What Main has each occurrence as, in their order."""
    found = ((main.get(head["tenant"], eid) or {}).get("status") for eid in main_ids(head).values())
    return list(found)


def divergent(uuid: str, tenant: str = TENANT) -> list[str]:
    """What Registry and Main do not have as the event has it, once nothing is under way; nothing where all agree."""
    head = hub.head(tenant, uuid)
    assert head is not None
    found = [] if "publication" not in head or head["publication"]["phase"] != "running" else ["still running"]
    if ("publication" in head and head["publication"]["phase"] == "running") != (_mark(head) is not None):
        found.append("the mark is not as the event")
    return [*found, *_wrong(head)]


def _mark(head: Item) -> Item | None:
    return ddb.get(settings().hub_table, head["pk"], "PENDING")


def _wrong(head: Item) -> Iterator[str]:
    tenant, series = head["tenant"], set()
    public = head["state"] == "published"
    for one, meta in main_metadata.described(head, heads.occurrences(head)):
        eid = hub_rules.main_event_id(tenant, head["uuid"], one.key)
        item, record = main.get(tenant, eid), registry.get_with_frontend(tenant, eid)
        status = item["status"] if item else None
        if status not in _STATUSES.get(head["state"], {"archived", None}):
            yield f"{eid} is {status}, the event {head['state']}"
        elif public and item:
            yield from _described_otherwise(eid, item, record[0] if record else None, meta)
            series.add(item.get("series_id"))
        if status == "cancelled" and (record is None or (record[1] or {}).get("fe_status") != "CANCELLED"):
            yield f"the Registry does not know that {eid} is cancelled"
    if public and len(heads.occurrences(head)) > 1 and (len(series) != 1 or None in series):
        yield f"they are in {len(series)} series"
    for one in publication_rules.dropped(head) if public else []:
        eid = hub_rules.main_event_id(tenant, head["uuid"], one.key)
        if (main.get(tenant, eid) or {}).get("status") == "active":
            yield f"{eid}, removed, is active"


_STATUSES: dict[str, set[str | None]] = {"published": {"active"}, "cancelled": {"cancelled", None}}


def _described_otherwise(eid: str, item: Item, record: Item | None, meta: Any) -> Iterator[str]:
    if record is None or not orjson.loads(item["doc"]) == orjson.loads(record["doc"]) == meta:
        yield f"{eid} is described otherwise"
    elif item["registry_version"] != record["version"]:
        yield f"{eid} has another version"


def sell(eid: str, tenant: str = TENANT) -> None:
    """Give Main's event sales."""
    before: Head = sales.head(tenant, eid)
    entry: Any = {"stage": "s", "kind": "report", "committed_at": "2026-01-01T00:00:00Z"}
    after: Head = {**before, "version": before["version"] + 1, "visible": {"x": entry}}
    assert sales.commit(tenant, eid, before, after)
