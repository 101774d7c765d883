"""The machines of campaigns without Step Functions: their steps in their order, tried again, caught, and given up."""

import json
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import orjson
from botocore.exceptions import BotoCoreError

from marquee import ddb
from marquee.audience import cluster_service
from marquee.audience.models import NewClusterSet
from marquee.campaigns import planning, repository
from marquee.campaigns.models import LaunchParameters, Setup
from marquee.errors import DomainError, Unavailable
from marquee.events import service as events
from marquee.ids import derived_id
from marquee.preconditions import Precondition
from marquee.settings import settings
from tests.support.api import sample
from tests.support.audiences import body, costs
from tests.support.ingest import EID, TENANT, register_event
from tests.support.kills import Killed

Outcome = dict[str, Any]
FAR = "2100-06-12T18:30:00Z"
NAMES = ("jazz", "indie")


class Failed(Exception):
    """The machine ended in a Fail state; the text is its cause."""


def prepared(*tcs: str, tenant: str = TENANT, eid: str = EID) -> None:
    """An event that is yet to come, and clusters on the sandbox."""
    register_event(tenant, eid, start_date_time=FAR, campaign_stop_time=FAR)
    clusters = [body(tc, label=tc.title(), platforms={"sandbox": costs()}) for tc in tcs or NAMES]
    cluster_service.replace(tenant, NewClusterSet.model_validate({"clusters": clusters}), Precondition())


class Machines:
    """campaigns_init, campaign_toggle, campaigns_reset and campaigns_restore of one tenant; campaigns_purge of all."""

    def __init__(self, tasks: ModuleType, tenant: str = TENANT) -> None:
        self._tasks, self.tenant = tasks, tenant
        # How often a step is tried again; a machine that dies for good does not try.
        self.tries = 4

    def step(self, task: str, **changes: Any) -> Outcome:
        """Run one step, its input and outcome going through JSON as in the machine, tried again as there."""
        event = json.loads(json.dumps(sample("campaign_tasks", task) | changes))
        for left in reversed(range(self.tries)):
            try:
                outcome: Outcome = json.loads(json.dumps(self._tasks.handler(json.loads(json.dumps(event)), None)))
            except (Killed, Unavailable, BotoCoreError):
                if not left:
                    raise
            else:
                return outcome
        raise AssertionError

    def each(self, task: str, places: list[Any]) -> list[Outcome]:
        """One step for each campaign; gives what did not come off."""
        found = []
        for place in places:
            try:
                outcome = self.step(task, place=place)
            except (DomainError, BotoCoreError) as error:
                outcome = {"outcome": "LEFT", "error": _told(error)}
            found.append(outcome)
        return [one for one in found if one["outcome"] != "SETTLED"]

    # --- campaigns_init -----------------------------------------------------------------------------------------------

    def order(self, eid: str = EID, number: int = 0, **parameters: Any) -> Outcome:
        """What an execution of campaigns_init is told."""
        text = planning.parameters_text(LaunchParameters.model_validate({"budget": 300, **parameters}))
        launch_id = derived_id("lch", self.tenant, eid, str(number), text)
        return {
            "tenant": self.tenant,
            "eid": eid,
            "launch_id": launch_id,
            "number": number,
            "execution": "exe",
            "parameters": text,
        }

    def launch(self, order: Outcome | None = None) -> Outcome:
        """The machine from its start to its end. Raises Failed."""
        launch = order or self.order()
        try:
            places = self.step("prepare", launch=launch)["places"]
            for task in ("create", "verify"):
                failures = self.each(task, places)
                if failures:
                    return self.withdraw(launch, failures)
            self.step("activate", launch=launch)
            failures = self.each("settle", places)
            return self.withdraw(launch, failures) if failures else self.step("finish", launch=launch)
        except (DomainError, BotoCoreError) as error:
            return self.withdraw(launch, [{"error": _told(error)}])

    def withdraw(self, launch: Outcome, failures: list[Outcome]) -> Outcome:
        """The machine's way back. Raises Failed, unless the launch is complete."""
        found = self.step("withdraw", launch=launch, failures=failures)
        if found["outcome"] == "DONE":
            return found
        if found["outcome"] == "WITHDRAWING":
            if self.each("settle", found["places"]):
                raise Failed("campaigns.left_behind")
            self.step("conclude", launch=launch)
        raise Failed(found["cause"])

    # --- campaign_toggle ----------------------------------------------------------------------------------------------

    def ask(self, status: str, eid: str = EID, reason: str = "") -> Outcome:
        """What an execution of campaign_toggle is told, in its place of the order."""
        sequence = repository.next_in_order(self.tenant, eid) if status else 0
        return {"tenant": self.tenant, "eid": eid, "status": status, "sequence": sequence, "reason": reason}

    def toggle(self, order: Outcome) -> Outcome:
        """The machine from its start to its end. Raises Failed, or why it was refused."""
        declared = self.step("declare_toggle", toggle=order)
        if declared["outcome"] != "DECLARED":
            return declared
        failures = self.each("settle", declared["places"])
        if not failures:
            try:
                return self.step("finish_toggle", toggle=order)
            except (DomainError, BotoCoreError) as error:
                failures = [{"error": _told(error)}]
        found = self.step("give_up_toggle", toggle=order, failures=failures)
        if found["outcome"] == "REVERTED":
            self.each("settle", found["places"])
        raise Failed(found["cause"])

    # --- campaigns_reset, campaigns_restore ---------------------------------------------------------------------------

    def reset_order(self, eid: str = EID, name: str = "one") -> Outcome:
        """What executions of campaigns_reset and campaigns_restore are told."""
        setup = repository.setup(self.tenant, eid)
        assert setup is not None
        return {"tenant": self.tenant, "eid": eid, "launch_id": setup["launch_id"], "reset_id": name}

    def reset(self, order: Outcome) -> Outcome:
        """The machine from its start to its end. Raises Failed, or why it was refused."""
        declared = self.step("declare_reset", reset=order)
        if declared["outcome"] != "RESETTING":
            return declared
        failures = self.each("settle", declared["places"])
        if failures:
            raise Failed(self.step("tell_reset", reset=order, failures=failures)["cause"])
        return self.step("finish_reset", reset=order)

    def restore(self, order: Outcome) -> Outcome:
        """The machine from its start to its end. Raises Failed, or why it was refused."""
        places = self.step("bring_back", reset=order)["places"]
        failures = self.each("settle", places)
        if not failures:
            return self.step("finish_restore", reset=order)
        self.step("pause_restored", reset=order, failures=failures)
        if self.each("settle", places):
            raise Failed("not paused")
        return self.step("finish_restore", reset=order)

    def purge(self) -> int:
        """The machine campaigns_purge from its start to its end; how many resets it dealt with."""
        resets = self.step("find_resets", after=None)["resets"]
        for reset in resets:
            while self.step("purge_reset", reset=reset)["outcome"] == "MORE":
                pass
        return len(resets)


def _told(error: Exception) -> Outcome:
    return {"Error": type(error).__name__, "Cause": json.dumps({"errorMessage": str(error)})}


# --- what is there afterwards -----------------------------------------------------------------------------------------


def on_sandbox(tenant: str = TENANT) -> dict[str, bool]:
    """What the tenant's sandbox has: by key, whether it runs."""
    request = {
        "TableName": settings().campaigns_table,
        "ConsistentRead": True,
        "KeyConditionExpression": "pk = :pk AND begins_with(sk, :sk)",
        "ExpressionAttributeValues": ddb.to_item({":pk": f"T#{tenant}#SANDBOX", ":sk": "cmp_"}),
    }
    found = [ddb.from_item(item) for item in ddb.query(request)["Items"]]
    return {item["sk"]: bool(item["runs"]) and item["runs"][-1]["end"] is None for item in found}


def fault(operation: str, error: str, moment: str = "before", *, tenant: str = TENANT, **more: Any) -> None:
    """Let an operation of the sandbox go wrong."""
    item = {"pk": f"T#{tenant}#SANDBOX", "sk": "FAULT#1", "operation": operation, "error": error, "moment": moment}
    ddb.aws_client("dynamodb").put_item(TableName=settings().campaigns_table, Item=ddb.to_item(item | more))


def statuses(eid: str = EID, tenant: str = TENANT) -> tuple[str, str, bool]:
    """What the event says of its campaigns."""
    event = events.stored(tenant, eid)
    return event["campaign_status"], event["client_campaign_status"], event.get("has_active_campaigns", False)


OPEN, RUNS, PAUSED = ("OPEN", "PAUSED", False), ("RUNNING", "RUNNING", True), ("RUNNING", "PAUSED", False)


def disagreements(eid: str = EID, tenant: str = TENANT) -> list[str]:
    """What is not as it should be between the event, its set-up, its campaigns and the platform, at rest."""
    setup = repository.setup(tenant, eid)
    found: list[str] = []
    there, said = on_sandbox(tenant), statuses(eid, tenant)
    if setup is None or setup["phase"] == "FAILED":
        found += [f"{key} runs" for key, running in there.items() if running]
        return found + ([f"the event says {said}"] if said != OPEN else [])
    if setup["phase"] != "READY":
        return [f"the set-up is {setup['phase']}"]
    own = {one["key"]: one for one in repository.campaigns_of(tenant, eid, setup["launch_id"])}
    wanted = not setup["paused"]
    found += [f"{one['tc']} is not there" for key, one in own.items() if key not in there]
    found += [f"{key} runs: {there[key]}" for key in own if key in there and there[key] != wanted]
    found += [f"{key} runs, of no set-up" for key, running in there.items() if running and key not in own]
    found += [f"{one['tc']} is {one['status']}" for one in own.values() if one["status"] != _status(setup)]
    return found + ([] if said == (RUNS if wanted else PAUSED) else [f"the event says {said}, {setup['paused']=}"])


def _status(setup: Setup) -> str:
    return "PAUSED" if setup["paused"] else "RUNNING"


def stored_keys(eid: str, launch_id: str, tenant: str = TENANT) -> set[str]:
    """The external keys of a launch's campaigns."""
    return {one["key"] for one in repository.campaigns_of(tenant, eid, launch_id)}


def spec(campaign: Mapping[str, Any]) -> Any:
    """What a campaign was to be on its platform."""
    return orjson.loads(campaign["spec"])


Chooser = Callable[[int], int]
