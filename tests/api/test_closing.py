"""Events that are over are closed: their campaigns are stopped, and sales attributed to them."""

import logging
from collections.abc import Callable
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest

from marquee import ddb, workflows
from marquee.audience import service as audience
from marquee.campaigns.closing import repository
from marquee.errors import Conflict, NotFound
from marquee.events import service as events
from tests.support import closing
from tests.support.api import TENANT, Answer, call, sample, varied
from tests.support.closing import CLOSING, LAUNCHED, Clock, Closings, launch, on_platform, setup_of
from tests.support.demand import COMING, TODAY, Refreshes, coming, season, sell
from tests.support.launching import Machines


@pytest.fixture
def now(aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def closings(now: Clock, app: Callable[[str], ModuleType]) -> Closings:
    return Closings(app("closing_tasks"))


@pytest.fixture
def launched(closings: Closings, now: Clock, app: Callable[[str], ModuleType]) -> Closings:
    """A season to learn from, an event to come, and two campaigns for it; then 20 tickets a day until it is over."""
    season()
    Refreshes(app("demand_tasks")).run()
    day = coming(final=600)
    closing.clusters("jazz", "rock")
    now.at(LAUNCHED)
    launch()
    sell(COMING, {TODAY + timedelta(days=lead): 20 for lead in range((day - TODAY).days + 1)}, source="src_two")
    now.at(CLOSING)
    return closings


@pytest.fixture
def api(app: Callable[[str], ModuleType]) -> ModuleType:
    return app("campaigns")


def results(api: ModuleType, eid: str = COMING, tenant: str = TENANT, **query: str) -> Answer:
    asked = {name: [value] for name, value in {"eid": eid, **query}.items()}
    return call(api, varied(sample("campaigns", "list_results"), query=asked, tenants=[tenant]))


def test_an_event_that_is_over_is_closed_its_campaigns_stopped_and_sales_attributed(
    launched: Closings, api: ModuleType, aws: dict[str, str]
) -> None:
    # Given an event whose campaigns run until it is over
    assert set(on_platform(aws["CampaignsTable"]).values()) == {True}
    assert results(api).json == []
    # When it is closed
    found = launched.close()
    # Then nothing runs, on the platform, in the event, in the set-up
    assert set(on_platform(aws["CampaignsTable"]).values()) == {False}
    event = events.read(TENANT, COMING)
    assert (event.campaign_status, event.client_campaign_status, event.has_active_campaigns) == (
        "CLOSED",
        "PAUSED",
        False,
    )
    assert setup_of()["phase"] == "CLOSED"
    assert "live_pk" not in setup_of()
    # and each campaign has its result: 20 a day, where about 12 were expected
    answer = results(api)
    assert answer.status == 200
    first, second = answer.json
    assert {first["tc"], second["tc"]} == {"jazz", "rock"}
    assert (found["results"], found["sources"], found["learnt"]) == (2, ["marquee"], 1)
    baseline = first["baseline"]
    assert (baseline["since"], baseline["until"], baseline["tickets"]) == ("2026-11-20", "2026-12-15", 26 * 20)
    assert baseline["low"] <= baseline["expected"] <= baseline["high"]
    assert [round(baseline[name], 3) - baseline[name] for name in ("low", "expected", "high")] == [0, 0, 0]
    bought = first["purchase"] + second["purchase"]
    assert bought == round(26 * 20 - baseline["expected"])
    assert 26 * 5 < bought < 26 * 12
    assert first["revenue"] + second["revenue"] == bought * 20
    assert first["interval"]["low"] <= first["purchase"] <= first["interval"]["high"]
    assert first["reach"] > 0
    assert first["reach_share"] + second["reach_share"] == pytest.approx(1, abs=1e-3)
    assert first["baseline"]["model"] == setup_of()["model"]
    assert {first["reason"], first["superseded"]} == {None, False}
    # and the clusters have learnt from it
    assert audience.ranked(TENANT, COMING)["clusters"]


def test_attributed_again_from_equal_figures_it_is_the_same_to_the_byte(
    launched: Closings, api: ModuleType, now: Clock
) -> None:
    launched.close()
    before = results(api).raw
    now.at(CLOSING + timedelta(days=40))
    assert launched.close()["learnt"] == 0
    assert results(api).raw == before
    assert results(api, include_superseded="true").raw == before


def test_other_figures_are_another_result_and_the_older_one_is_marked(
    launched: Closings, api: ModuleType, now: Clock
) -> None:
    # Given results, and 50 tickets that were refunded afterwards
    launched.close()
    before = results(api).json
    sell(COMING, {TODAY + timedelta(days=3): -50}, source="src_three")
    now.at(CLOSING + timedelta(days=1))
    # When sales are attributed again
    launched.close()
    # Then there are new results beside the older ones
    after = results(api, include_superseded="true").json
    assert [one["superseded"] for one in after] == [False, False, True, True]
    assert [{**one, "superseded": False} for one in after[2:]] == before
    assert sum(one["purchase"] for one in after[:2]) == sum(one["purchase"] for one in before) - 50
    assert results(api).json == after[:2]
    # When the refund is taken back, Then the first results count again
    sell(COMING, {TODAY + timedelta(days=3): 50}, source="src_four")
    now.at(CLOSING + timedelta(days=2))
    launched.close()
    assert results(api).json == before


def test_without_a_model_the_platforms_word_counts(closings: Closings, api: ModuleType, now: Clock) -> None:
    # Given a tenant without history, and an event with campaigns that sells 3 tickets
    coming(final=None)
    closing.clusters("jazz", "rock")
    now.at(LAUNCHED)
    launch()
    sell(COMING, {TODAY + timedelta(days=3): 3})
    now.at(CLOSING)
    closings.close()
    # Then more purchases are reported than tickets sold: the results have those that were
    found = results(api).json
    assert sum(one["purchases"] for one in closing.campaigns_of()) > 3
    assert sum(one["purchase"] for one in found) == 3
    assert {(one["source"], one["reason"], one["interval"], one["baseline"]) for one in found} == {
        ("platform", "no_model", None, None)
    }


def test_an_event_that_is_not_over_stays_as_it_is(launched: Closings, now: Clock, api: ModuleType) -> None:
    now.at(LAUNCHED + timedelta(days=24))
    before = events.stored(TENANT, COMING)
    assert launched.close() == {"outcome": "NOT_OVER", "places": []}
    assert events.stored(TENANT, COMING) == before
    assert results(api).json == []


def test_a_cancelled_event_is_closed_at_once_and_measured_until_then(
    launched: Closings, api: ModuleType, now: Clock, aws: dict[str, str]
) -> None:
    # Given an event that is cancelled five days after its campaigns began
    now.at(LAUNCHED + timedelta(days=5))
    events.rewritten(TENANT, COMING, lambda _: {"status": "cancelled"})
    # When it is closed, Then its campaigns are stopped, and the window ends with that day
    launched.close()
    assert set(on_platform(aws["CampaignsTable"]).values()) == {False}
    before = results(api)
    assert {(one["baseline"]["since"], one["baseline"]["until"]) for one in before.json} == {
        ("2026-11-20", "2026-11-25")
    }
    # and attributed again later, it is the same
    now.at(CLOSING)
    launched.close()
    assert results(api).raw == before.raw


def test_launches_of_one_event_are_measured_each_in_days_of_its_own(
    launched: Closings, api: ModuleType, now: Clock, app: Callable[[str], ModuleType]
) -> None:
    # Given campaigns that were reset after five days, and others launched on that day
    now.at(LAUNCHED + timedelta(days=5))
    machines = Machines(app("campaign_tasks"))
    machines.reset(machines.reset_order(COMING))
    launch(number=1)
    now.at(CLOSING)
    # When the event is closed
    launched.close()
    # Then a day's sales are attributed to one of them, and all together are no more than were sold
    found = results(api).json
    windows = {one["launch_id"]: (one["baseline"]["since"], one["baseline"]["until"]) for one in found}
    assert sorted(windows.values()) == [("2026-11-20", "2026-11-25"), ("2026-11-26", "2026-12-15")]
    assert sum(one["baseline"]["tickets"] for one in {one["launch_id"]: one for one in found}.values()) == 26 * 20
    assert 0 < sum(one["purchase"] for one in found) < 26 * 20
    assert all(one["reach"] > 0 for one in found)


@pytest.mark.parametrize("gave_up", [True, False])
def test_a_reset_that_ends_after_the_closing_gave_up_leaves_the_campaigns_to_be_closed_with_their_results(
    launched: Closings, now: Clock, app: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch, gave_up: bool
) -> None:
    # Given a reset that failed half-way, and a closing that could not wait for it, or one that comes in between
    machines = Machines(app("campaign_tasks"))
    order = machines.reset_order(COMING)
    machines.step("declare_reset", reset=order)
    now.at(CLOSING)
    about = {"tenant": TENANT, "eid": COMING}

    def closed(*told: Any) -> Any:
        monkeypatch.undo()
        Clock(monkeypatch).at(CLOSING)
        with pytest.raises(Conflict, match="being reset"):
            launched.step("close", closing=about)
        return rewritten(*told)

    rewritten = events.rewritten
    if gave_up:
        with pytest.raises(Conflict, match="being reset"):
            launched.step("close", closing=about)
    else:
        monkeypatch.setattr(events, "rewritten", closed)
    # When it is redriven, Then it says that they are closed, again where its answer was lost
    for _ in range(2):
        with pytest.raises(Conflict, match="their results count"):
            machines.step("finish_reset", reset=order)
    # and the next look at campaigns finds them, for the closing to be begun again
    assert launched.step("find_live", place=None)["events"] == [about]
    assert launched.close()["results"] == 2
    assert (setup_of()["phase"], launched.step("find_live", place=None)["events"]) == ("CLOSED", [])


def test_clusters_that_were_launched_are_kept_for_good_and_others_for_a_time(
    launched: Closings, aws: dict[str, str]
) -> None:
    # Given clusters that were launched, registered again since, and others that nobody launched
    run_id = setup_of()["tc_run_id"]
    closing.clusters("indie")
    closing.clusters("jazz", "rock")
    stored = {one["sk"]: one for one in closing.held(aws["CampaignsTable"], f"T#{TENANT}#AUDIENCE")}
    runs = {sk: one for sk, one in stored.items() if sk.startswith("RUN#")}
    assert (len(runs), f"RUN#{run_id}" in runs) == (2, True)
    assert {int(one["expires_at"]) for one in runs.values()} == {int((CLOSING + timedelta(days=90)).timestamp())}
    assert [sk for sk, one in stored.items() if "expires_at" not in one] == ["CLUSTERS", f"LAUNCHED#{run_id}"]
    # When what expires is gone, Then what is current and what was launched can be read, and is learnt from
    for sk in runs:
        key = ddb.to_item({"pk": f"T#{TENANT}#AUDIENCE", "sk": sk})
        ddb.aws_client("dynamodb").delete_item(TableName=aws["CampaignsTable"], Key=key)
    closing.clusters("pop")
    assert launched.close()["learnt"] == 1
    assert [one["tc"] for one in audience.run(TENANT, run_id)["clusters"]] == ["jazz", "rock"]


def test_results_are_the_tenants_own(launched: Closings, api: ModuleType) -> None:
    launched.close()
    assert results(api, tenant="borealis").status == 404
    assert results(api, eid="evt_of-nobody").json["error_code"] == "event.not_found"
    assert repository.runs("borealis", COMING) == []


class TestAttributingAgain:
    """POST /events/{eid}/attribution."""

    @pytest.fixture
    def started(self, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, Any]]:
        found: list[tuple[str, str, Any]] = []

        def start(machine: str, name: str, payload: Any) -> str:
            found.append((machine, name, payload))
            return name

        def describe(machine: str, name: str) -> dict[str, Any]:
            times = {"startDate": LAUNCHED, "status": "RUNNING", "executionArn": f"arn:{machine}:{name}"}
            return {**times, "input": '{"tenant": "aurora"}'}

        monkeypatch.setattr(workflows, "start", start)
        monkeypatch.setattr(workflows, "describe", describe)
        monkeypatch.setattr(workflows, "history", lambda _: [])
        monkeypatch.setattr(workflows, "definition_of", lambda _: '{"States": {}}')
        return found

    def ask(self, api: ModuleType, tenant: str = TENANT, **query: str) -> Answer:
        asked = {name: [value] for name, value in query.items()}
        return call(api, varied(sample("campaigns", "attribute_sales"), query=asked, tenants=[tenant]))

    def test_it_starts_the_closing_of_a_closed_event(
        self, closings: Closings, now: Clock, api: ModuleType, started: list[Any]
    ) -> None:
        coming(final=None)
        assert (self.ask(api).status, self.ask(api).json["error_code"]) == (409, "event.not_closed")
        now.at(CLOSING)
        closings.close()
        plan = self.ask(api, dry_run="true")
        assert (plan.status, plan.json["workflow"], started) == (200, "event_closing", [])
        answer = self.ask(api)
        assert (answer.status, answer.json["workflow"]) == (202, "event_closing")
        assert answer.headers["location"] == f"/executions/{answer.json['id']}"
        ((machine, _, payload),) = started
        assert (machine, payload) == ("event_closing", {"tenant": TENANT, "eid": COMING})
        assert self.ask(api, tenant="borealis").status == 404


def test_steps_for_an_event_that_is_gone_find_nothing_or_say_so(closings: Closings) -> None:
    nothing = {"closed": 0, "started": 0, "failed": 0, "next": None}
    assert closings.step("sweep") == nothing
    assert closings.step("find_live") == {"events": [], "next": None}
    assert closings.step("stop") == {"outcome": "STOPPED"}
    assert closings.step("collect") == {"outcome": "COLLECTED"}
    assert closings.step("finish") == {"outcome": "FINISHED", "learnt": 0}
    for task in ("close", "attribute", "deliver"):
        with pytest.raises(NotFound):
            closings.step(task)
    with pytest.raises(ValueError, match="no such task"):
        closings.tasks.handler({"task": "dance"}, None)


def test_steps_log_keys_and_nothing_else(launched: Closings, caplog: pytest.LogCaptureFixture) -> None:
    usual = set(logging.makeLogRecord({}).__dict__) | {"message", "asctime"}
    caplog.clear()
    launched.close()
    records = [record.__dict__ for record in caplog.records if record.getMessage() == "step"]
    assert [one["task"] for one in records] == ["close", *("stop", "collect") * 2, "attribute", "finish"]
    keys = {"task", "tenant", "eid", "sk", "outcome", "run_id", "results", "learnt"}
    assert all(set(one) - usual <= keys for one in records)
