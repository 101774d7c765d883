"""Campaigns over the API, where Step Functions only keeps executions: what runs is in tests/workflows."""

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import boto3
import pytest

from marquee import ddb
from marquee.campaigns import repository
from marquee.events import service as events
from marquee.preconditions import etag
from marquee.settings import settings
from tests.support.api import Answer, call, sample, varied
from tests.support.ingest import EID, REGION, TENANT, register_event
from tests.support.launching import FAR, OPEN, PAUSED, RUNS, Machines, disagreements, on_sandbox, prepared, statuses

NAMES = ("campaigns_init", "campaign_toggle", "campaigns_reset", "campaigns_restore")


class Office:
    """The API of campaigns and executions; the steps of what it starts are run by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, app: Callable[[str], ModuleType]) -> None:
        self._client = boto3.Session(region_name=REGION).client("stepfunctions")
        state = {"Type": "Task", "Comment": "Do it", "Resource": "x", "End": True}
        for name in NAMES:
            made = self._client.create_state_machine(
                name=name,
                definition=json.dumps({"StartAt": "Do", "States": {"Do": state}}),
                roleArn="arn:aws:iam::123456789012:role/x",
            )
            monkeypatch.setenv(f"MACHINE_{name.upper()}", made["stateMachineArn"])
        settings.cache_clear()
        self._campaigns, self._executions = app("campaigns"), app("executions")
        self.machines = Machines(app("campaign_tasks"))

    def ask(self, name: str, **changes: Any) -> Answer:
        return call(self._campaigns, varied(sample("campaigns", name), **changes))

    def execution(self, name: str, execution_id: str, **changes: Any) -> Answer:
        return call(
            self._executions, varied(sample("executions", name), path={"execution_id": execution_id}, **changes)
        )

    def read_version(self) -> str:
        """The event's entity tag now."""
        return etag(events.stored(TENANT, EID)["version"])

    def order(self, answer: Answer) -> Any:
        """What the execution that an answer names was told."""
        machine, _, name = answer.json["id"].removeprefix("exe_").partition(".")
        arn = settings().machine(machine).replace(":stateMachine:", ":execution:")
        return json.loads(self._client.describe_execution(executionArn=f"{arn}:{name}")["input"])

    def started(self, machine: str) -> list[Any]:
        """What the executions of a machine were told, the newest first."""
        found = self._client.list_executions(stateMachineArn=settings().machine(machine))["executions"]
        return [
            json.loads(self._client.describe_execution(executionArn=one["executionArn"])["input"])
            for one in sorted(found, key=lambda one: one["startDate"], reverse=True)
        ]


@pytest.fixture
def office(aws: dict[str, str], monkeypatch: pytest.MonkeyPatch, app: Callable[[str], ModuleType]) -> Office:
    prepared()
    return Office(monkeypatch, app)


def delivered(spent: int, revenue: int) -> None:
    """Each of the event's campaigns has delivered so much."""
    for one in repository.campaigns_of(TENANT, EID):
        item = {**one, "spent": spent, "revenue": revenue, "impressions": 1000, "clicks": 20, "purchases": 2}
        ddb.aws_client("dynamodb").put_item(TableName=settings().campaigns_table, Item=ddb.to_item(item))


def test_a_set_up_is_planned_accepted_once_and_shown(office: Office, app: Callable[[str], ModuleType]) -> None:
    # Given the defaults, which say what a set-up would be
    defaults = office.ask("default_parameters").json
    assert (defaults["goal"], defaults["stop"], defaults["platforms"]) == ("UTILIZATION", FAR, ["sandbox"])
    assert sum(one["budget"] for one in defaults["clusters"]) == pytest.approx(defaults["budget"]["default"], abs=1e-9)
    assert defaults["budget"]["minimum"] <= defaults["budget"]["default"] <= defaults["budget"]["maximum"]
    assert [(one["platform"], one["ready"]) for one in defaults["integrations"]] == [("sandbox", True), ("meta", False)]
    assert (defaults["reason"], {one["tc"] for one in defaults["clusters"]}) == (None, {"jazz", "indie"})
    assert defaults["conversion_id"] is None
    # When it is tried out, Then nothing is there
    plan = office.ask("launch", query={"dry_run": ["true"]})
    budgets = [one["after"]["budget"] for one in plan.json["changes"] if one["field"].startswith("campaigns.")]
    assert (plan.status, len(budgets), sum(budgets)) == (200, 2, 300)
    assert (repository.setup(TENANT, EID), office.started("campaigns_init")) == (None, [])
    # When it is asked for twice, Then it is one execution, whose steps set it up
    first, second = office.ask("launch"), office.ask("launch")
    assert (first.status, first.json["id"]) == (202, second.json["id"])
    assert first.json["subject"] == {"eid": EID, "launch_id": office.order(first)["launch_id"]}
    office.machines.launch({**office.order(first), "execution": "exe"})
    assert (statuses(), disagreements(), list(on_sandbox().values())) == (RUNS, [], [True, True])
    # and asked for again it is the same, creates nothing, and another is refused
    third = office.ask("launch", body={"goal": "UTILIZATION", "budget": "300.00"})
    assert (third.status, third.json["id"]) == (202, first.json["id"])
    other = office.ask("launch", body={"budget": 301})
    assert (other.status, other.json["error_code"]) == (409, "campaigns.already_set_up")
    # and what there is, is shown with what it brought
    delivered(1250, 5000)
    shown = office.ask("list_campaigns").json
    assert (shown["state"], shown["totals"]["budget"], shown["totals"]["spent"]) == ("READY", 300, 25)
    assert {(one["event_id"], one["tc"], one["platform"], one["status"]) for one in shown["items"]} == {
        (EID, tc, "sandbox", "RUNNING") for tc in ("indie", "jazz")
    }
    assert {one["tc_run_id"] for one in shown["items"]} == {defaults["tc_run_id"]}
    figures = call(app("insights"), sample("insights", "statistics")).json
    assert (figures["campaigns"], figures["spent"], figures["roas"]) == (2, 25.0, 4.0)


@pytest.mark.parametrize(
    ("change", "code"),
    [({"campaign_status": "CLOSED"}, "event.closed"), ({"status": "cancelled"}, "event.cancelled")],
)
def test_the_same_campaigns_are_not_set_up_again_for_an_event_that_is_closed_or_cancelled(
    office: Office, change: dict[str, str], code: str
) -> None:
    # Given campaigns of an event that is over since
    office.machines.launch({**office.order(office.ask("launch")), "execution": "exe"})
    events.rewritten(TENANT, EID, lambda _: change)
    before = (repository.setup(TENANT, EID), len(office.started("campaigns_init")))
    # Then the same again is refused, tried out or not, and nothing is begun
    for query in ({}, {"dry_run": ["true"]}):
        answer = office.ask("launch", query=query)
        assert (answer.status, answer.json["error_code"]) == (409, code)
    assert (repository.setup(TENANT, EID), len(office.started("campaigns_init"))) == before


def test_an_empty_body_takes_all_defaults(office: Office) -> None:
    answer = office.ask("launch", body=None)
    assert (answer.status, office.order(answer)["parameters"]) == (202, "{}")


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({"budget": 0}, 400, "body.invalid", "budget"),
        ({"budget": 10.001}, 422, "money.too_precise", "budget"),
        ({"goal": "FAME"}, 400, "body.invalid", "goal"),
        ({"platforms": ["meta"], "budget": 10}, 422, "clusters.none", None),
        ({"clusters": [{"tc": "folk"}], "budget": 10}, 422, "clusters.unknown", None),
        ({"clusters": [{"tc": "jazz"}, {"tc": "jazz"}]}, 422, "clusters.twice", "clusters.1.tc"),
        ({"clusters": [{"tc": "jazz", "budget": 5}], "budget": 6}, 422, "budget.not_the_sum", "budget"),
        (
            {"clusters": [{"tc": "jazz", "budget": 5}, {"tc": "indie"}], "budget": 5},
            422,
            "budget.nothing_left",
            "budget",
        ),
        ({"start": "2020-01-01T00:00:00Z"}, 422, "campaigns.start_past", "start"),
        ({"start": "tomorrow"}, 422, "time.unreadable", "start"),
        ({"stop": "2100-06-12T18:30:01Z"}, 422, "campaigns.stop_late", "stop"),
        ({"stop": "2021-01-01T00:00:00Z"}, 422, "campaigns.stop_past", "stop"),
        ({"start": "2099-01-02T00:00:00Z", "stop": "2099-01-01T00:00:00Z"}, 422, "campaigns.no_time", "start"),
    ],
)
def test_what_is_wrong_with_a_set_up_is_named(
    office: Office, body: dict[str, Any], status: int, code: str, field: str | None
) -> None:
    answer = office.ask("launch", body=body)
    assert (answer.status, answer.json["error_code"]) == (status, code)
    assert field is None or field in {one["field"] for one in answer.json["validation_errors"]}
    assert office.started("campaigns_init") == []


def test_clusters_with_budgets_of_their_own_keep_them_and_the_rest_is_spread(office: Office) -> None:
    answer = office.ask("launch", body={"budget": 100, "clusters": [{"tc": "jazz", "budget": 30.01}, {"tc": "indie"}]})
    office.machines.launch({**office.order(answer), "execution": "exe"})
    found = {one["tc"]: one["budget"] for one in repository.campaigns_of(TENANT, EID)}
    assert found == {"jazz": 3001, "indie": 6999}


def test_an_event_that_may_not_run_campaigns_is_refused_and_can_always_be_paused(office: Office) -> None:
    for eid, changes, code in [
        ("evt_cancelled-1", {"status": "cancelled"}, "event.cancelled"),
        ("evt_closed-1", {"campaign_status": "CLOSED"}, "event.closed"),
        ("evt_ignored-1", {"campaign_status": "IGNORED"}, "event.ignored"),
        ("evt_archived-1", {"status": "archived"}, "event.not_active"),
    ]:
        register_event(eid=eid, start_date_time=FAR, campaign_stop_time=FAR)
        from marquee.events import service as events

        events.rewritten(TENANT, eid, lambda _, changes=changes: changes)  # type: ignore[misc]
        for name, query in (("launch", {}), ("toggle", {"status": ["RUNNING"]})):
            answer = office.ask(name, path={"eid": eid}, query=query)
            assert (answer.status, answer.json["error_code"]) == (409, code)
        assert office.ask("toggle", path={"eid": eid}, query={"status": ["PAUSED"]}).status == 202


def test_toggles_without_campaigns_and_of_somebody_else(office: Office) -> None:
    # Given an event without campaigns: it cannot run any, and pausing it is a success
    refused = office.ask("toggle", query={"status": ["RUNNING"]})
    assert (refused.status, refused.json["error_code"]) == (409, "campaigns.not_set_up")
    paused = office.ask("toggle")
    assert paused.status == 202
    assert office.machines.toggle(office.order(paused))["outcome"] == "DONE"
    assert statuses() == OPEN
    assert office.ask("reset").json["error_code"] == "campaigns.not_set_up"
    # and what is somebody else's is not there, whatever is asked
    for name in ("launch", "toggle", "reset", "default_parameters", "list_campaigns"):
        assert office.ask(name, tenants=["borealis"]).status == 404
    for name in ("launch", "toggle", "reset"):
        assert office.ask(name, scope="main.read").json["error_code"] == "auth.scope_missing"


def test_a_toggle_is_planned_and_under_a_key_it_is_one(office: Office) -> None:
    office.machines.launch()
    plan = office.ask("toggle", query={"status": ["PAUSED"], "dry_run": ["true"]})
    assert {one["field"]: one["after"] for one in plan.json["changes"]} == {
        "client_campaign_status": "PAUSED",
        "has_active_campaigns": False,
    }
    assert statuses() == RUNS
    keyed = [office.ask("toggle", headers={"Idempotency-Key": "once"}) for _ in range(2)]
    assert keyed[0].json["id"] == keyed[1].json["id"] != office.ask("toggle").json["id"]
    assert office.machines.toggle(office.order(keyed[0]))["outcome"] == "DONE"
    assert (statuses(), disagreements()) == (PAUSED, [])


def test_a_reset_is_one_and_its_undo_is_planned_and_started_once(office: Office) -> None:
    office.machines.launch()
    plan = office.ask("reset", query={"dry_run": ["true"]})
    assert ("campaign_status", "RUNNING", "OPEN") in {
        (one["field"], one["before"], one["after"]) for one in plan.json["changes"]
    }
    answers = [office.ask("reset") for _ in range(2)]
    assert (answers[0].status, answers[0].json["id"]) == (202, answers[1].json["id"])
    office.machines.reset(office.order(answers[0]))
    assert statuses() == OPEN
    execution_id = answers[0].json["id"]
    # An execution that was stopped after it took effect can be undone too.
    assert office.execution("cancel", execution_id).status == 200
    assert (statuses(), office.started("campaign_toggle")) == (OPEN, [])
    tried = office.execution("undo", execution_id, query={"dry_run": ["true"]})
    assert (tried.status, tried.json["workflow"]) == (200, "campaigns_restore")
    assert ("client_campaign_status", "RUNNING") in {(one["field"], one["after"]) for one in tried.json["changes"]}
    undos = [office.execution("undo", execution_id) for _ in range(2)]
    assert (undos[0].status, undos[0].json["id"]) == (202, undos[1].json["id"])
    assert undos[0].json["subject"]["reset"] == execution_id
    office.machines.restore(office.order(undos[0]))
    assert (statuses(), disagreements(), list(on_sandbox().values())) == (RUNS, [], [True, True])


def test_cancelling_brings_everything_back_to_what_the_event_says(office: Office) -> None:
    # Given a launch that is stopped when half of it is there
    answer = office.ask("launch")
    order = {**office.order(answer), "execution": "exe"}
    places = office.machines.step("prepare", launch=order)["places"]
    office.machines.each("create", places[:1])
    assert office.execution("cancel", answer.json["id"]).status == 200
    # Then an execution withdraws it, once, however often it is cancelled
    assert office.execution("cancel", answer.json["id"]).status == 200
    withdrawals = [one for one in office.started("campaigns_init") if "mode" in one]
    assert [one["mode"] for one in withdrawals] == ["withdraw"]
    # a step that was on its way meanwhile leaves nothing
    assert office.machines.step("create", place=places[1])["status"] == "REMOVED"
    office.machines.each("settle", places)
    office.machines.step("conclude", launch=order)
    assert (on_sandbox(), statuses(), disagreements()) == ({}, OPEN, [])
    # and a toggle that is stopped before the event says so, or a reset, is taken back
    office.machines.launch(office.machines.order(number=1))
    paused = office.ask("toggle")
    declared = office.machines.step("declare_toggle", toggle=office.order(paused))
    office.machines.each("settle", declared["places"][:1])
    assert sorted(on_sandbox().values()) == [False, True]
    assert office.execution("cancel", paused.json["id"]).status == 200
    settling = office.started("campaign_toggle")[0]
    assert (settling["status"], office.machines.toggle(settling)["outcome"]) == ("", "DONE")
    assert (statuses(), disagreements()) == (RUNS, [])
    reset = office.ask("reset")
    office.machines.each("settle", office.machines.step("declare_reset", reset=office.order(reset))["places"])
    assert not any(on_sandbox().values())
    assert office.execution("cancel", reset.json["id"]).status == 200
    office.machines.toggle(office.started("campaign_toggle")[0])
    assert (statuses(), disagreements()) == (RUNS, [])


def test_if_match_guards_what_is_new_and_lets_what_is_repeated_be(office: Office) -> None:
    # Given an event that has changed since somebody read it: nothing of theirs is planned or started
    stale, toggled = {"If-Match": '"99"'}, {"If-Match": '"99"', "Idempotency-Key": "toggle-it"}
    for name in ("launch", "toggle"):
        changes: dict[str, Any] = {"query": {"status": ["PAUSED"]}} if name == "toggle" else {}
        tried = {"query": {**changes.get("query", {}), "dry_run": ["true"]}}
        assert [office.ask(name, headers=stale, **one).status for one in (changes, tried)] == [412, 412]
    assert (office.started("campaigns_init"), office.started("campaign_toggle")) == ([], [])
    # When it is read again, the same is taken
    version = office.read_version()
    launch = office.ask("launch", headers={"If-Match": version})
    assert launch.status == 202
    office.machines.launch({**office.order(launch), "execution": "exe"})
    # Then a launch that is there is the same one whatever has changed since, and a reset is guarded until it runs
    assert office.ask("launch", headers={"If-Match": version}).json["id"] == launch.json["id"]
    assert [office.ask("reset", headers=stale, query=one).status for one in ({}, {"dry_run": ["true"]})] == [412, 412]
    paused = office.ask("toggle", headers={**toggled, "If-Match": office.read_version()}, query={"status": ["PAUSED"]})
    assert paused.status == 202
    # and a toggle repeated under its key, its answer lost, is the one that was started
    table = ddb.aws_client("dynamodb")
    for item in table.scan(TableName=settings().idempotency_table)["Items"]:
        table.delete_item(TableName=settings().idempotency_table, Key={name: item[name] for name in ("pk", "sk")})
    again = office.ask("toggle", headers=toggled, query={"status": ["PAUSED"]})
    assert (again.status, again.json["id"]) == (202, paused.json["id"])
