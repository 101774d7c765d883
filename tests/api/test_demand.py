"""What is predicted of events, over HTTP: from nothing to a season, as it is now and not as it was copied."""

from collections.abc import Callable
from datetime import date, timedelta
from types import ModuleType
from typing import Any

import pytest

from marquee import clock
from marquee.demand import following, repository, service
from marquee.events import service as events
from marquee.events.rules import hub_status
from tests.support import demand
from tests.support.api import TENANT, Answer, call, sample, varied
from tests.support.catalogue import billed_bytes
from tests.support.costs import counted
from tests.support.demand import COMING, LEAD, NOW, PAST, TODAY, Refreshes, coming, evenly, past, predicted, sell, shown

YESTERDAY = TODAY - timedelta(days=1)


@pytest.fixture
def refreshes(aws: dict[str, str], app: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> Refreshes:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return Refreshes(app("demand_tasks"))


@pytest.fixture
def insights(app: Callable[[str], ModuleType]) -> ModuleType:
    return app("insights")


@pytest.fixture
def season(refreshes: Refreshes) -> Refreshes:
    demand.season()
    return refreshes


def ask(insights: ModuleType, **changes: Any) -> Answer:
    return call(insights, varied(sample("insights", "benchmark"), **changes))


@pytest.mark.parametrize(
    ("final", "state"), [(950, "above"), (600, "on_par"), (150, "below"), (None, "below")], ids=str
)
def test_an_event_is_above_below_or_on_par_with_comparables(
    season: Refreshes, insights: ModuleType, app: Callable[[str], ModuleType], final: int | None, state: str
) -> None:
    # Given an event 25 days ahead, sold evenly from 50 days ahead on
    coming(final)
    before = events.stored(TENANT, COMING)
    # When the tenant's past is learnt from
    outcome = season.run()
    # Then 12 events were, and the curves of all that have sales
    assert (outcome["outcome"], outcome["events"], outcome["moved"]) == ("TRAINED", PAST, True)
    assert (outcome["followed"], outcome["seen"], outcome["renewed"]) == (PAST + (final is not None), 1, 1)
    # and it is compared with what they had sold 26 days ahead, of about 600: 25 of 51 days' sales
    answer = ask(insights)
    assert answer.status == 200
    found = answer.json
    assert found["state"] == state
    assert (found["today"], found["known_until"], found["horizon"]) == (str(TODAY), str(YESTERDAY), LEAD + 1)
    assert found["now"] == pytest.approx((final or 0) * 25 / 51 / 1000, abs=0.002)
    prediction = found["prediction"]
    assert prediction["benchmark"] == pytest.approx(0.6 * 25 / 51, abs=0.05)
    assert prediction["benchmark_final"] == pytest.approx(0.6, abs=0.06)
    assert found["now"] <= prediction["low"] <= prediction["value"] <= prediction["high"] <= 1
    assert (found["unit"], found["interval"], found["reason"]) == ("fraction", 0.8, None)
    assert found["comparables"]["events"] == found["model"]["events"] == PAST
    assert found["model"]["version"] == outcome["version"]
    # and its document says so in short, in lists as well, at the same time of change
    short = {"prediction": {name: round(prediction[name], 3) for name in ("value", "benchmark")}, "state": state}
    detail = call(app("events"), varied(sample("events", "read"), path={"eid": COMING})).json
    listed = call(app("events"), varied(sample("events", "list"), query={"since": [str(TODAY)]})).json["items"]
    assert detail["benchmark"] == short
    assert [item["benchmark"] for item in listed] == [short]
    assert (detail["version"], detail["updated_at"]) == (before["version"] + 1, before["updated_at"])


def test_without_a_past_it_says_why_and_a_refresh_has_nothing_to_learn(
    refreshes: Refreshes, insights: ModuleType
) -> None:
    coming()
    outcome = refreshes.run()
    assert (outcome["outcome"], outcome["events"], outcome["curves"]) == ("NOTHING", 0, 1)
    found = ask(insights).json
    assert (found["prediction"], found["state"], found["model"], found["backtest"]) == (None, None, None, None)
    assert (found["reason"]["code"], found["now"]) == ("no_history", pytest.approx(0.294, abs=0.001))
    assert shown() is None


def test_two_events_are_too_few_and_a_place_without_capacity_has_no_fraction(
    refreshes: Refreshes, insights: ModuleType
) -> None:
    demand.season(2)
    coming()
    coming(eid="evt_open-air-0001", capacity=0)
    assert refreshes.run()["events"] == 2
    assert ask(insights).json["reason"]["code"] == "too_little_history"
    open_air = ask(insights, path={"eid": "evt_open-air-0001"}).json
    assert (open_air["reason"]["code"], open_air["now"], open_air["prediction"]) == ("no_capacity", None, None)
    assert shown() is None


def test_of_a_cancelled_event_nothing_is_predicted(season: Refreshes, insights: ModuleType) -> None:
    coming()
    season.run()
    assert shown() is not None
    # When it is cancelled, and the refresh comes by
    events.rewritten(TENANT, COMING, lambda _: hub_status("cancelled", 1))
    season.run()
    # Then it shows nothing, and says why
    assert shown() is None
    assert ask(insights).json["reason"]["code"] == "event_cancelled"
    assert service.outlook(TENANT, COMING).path == []


def test_a_score_reads_four_items_and_one_partition_more_where_the_curve_is_behind(
    season: Refreshes, insights: ModuleType
) -> None:
    coming()
    season.run()
    with counted(billed_bytes) as cost:
        ask(insights)
    assert (cost.requests, cost.counters) == (["GetItem"] * 4, 4)
    # When more is sold, and the curve has not followed yet
    before = predicted()["now"]
    sell(COMING, {YESTERDAY: 100}, source="src_two")
    with counted(billed_bytes) as cost:
        found = ask(insights).json
    # Then what is sold is read, and counts
    assert cost.requests == ["GetItem"] * 3 + ["Query", "GetItem"]
    assert found["now"] == pytest.approx(before + 0.1)


def test_clearing_and_refunds_are_followed(season: Refreshes) -> None:
    coming(950)
    season.run()
    assert predicted()["state"] == "above"
    # When 420 of 465 tickets are returned
    sell(COMING, {YESTERDAY: -420}, source="src_refund")
    assert following.follow(TENANT, COMING)
    assert predicted()["now"] == pytest.approx(0.045, abs=0.001)
    assert shown()["state"] == "below"
    # When all is cleared
    demand.clear(COMING)
    assert following.follow(TENANT, COMING)
    kept = repository.curve(TENANT, COMING)
    assert kept is not None
    assert (kept.version, kept.days) == (3, ())
    assert predicted()["now"] == 0
    # And when the past is cleared too, nothing that was learnt from it is left
    for number in range(PAST):
        demand.clear(past(number))
    outcome = season.run()
    assert (outcome["outcome"], outcome["version"], outcome["events"], outcome["renewed"]) == ("TRAINED", None, 0, 1)
    assert (predicted()["reason"]["code"], shown()) == ("no_history", None)
    assert season.run()["outcome"] == "NOTHING"


def test_tickets_sold_today_raise_what_is_predicted_and_are_no_whole_day(season: Refreshes) -> None:
    coming()
    season.run()
    before = predicted()
    sell(COMING, {TODAY: 700}, source="src_today")
    found = predicted()
    assert (found["known_until"], found["horizon"]) == (before["known_until"], before["horizon"])
    assert found["now"] == found["prediction"]["low"] == pytest.approx(before["now"] + 0.7)
    assert found["prediction"]["value"] >= found["now"]


def test_sales_that_were_last_loaded_a_week_ago_are_seen_as_of_then(season: Refreshes) -> None:
    # Given an event whose sales were loaded eight days ago, up to the day before
    day = coming(None)
    loaded = NOW - timedelta(days=8)
    sell(COMING, evenly(day, 600, loaded.date() - timedelta(days=1)), at=loaded)
    season.run()
    # Then it is compared with where others stood then, and not found to have stopped selling
    found = predicted()
    assert (found["known_until"], found["horizon"]) == (str(loaded.date() - timedelta(days=1)), LEAD + 9)
    assert found["state"] == "on_par"


def test_tenants_learn_from_their_own_events_only(season: Refreshes, insights: ModuleType) -> None:
    coming()
    coming(tenant="stranger")
    season.run()
    season.run("stranger")
    assert ask(insights).json["state"] == "on_par"
    assert ask(insights, tenants=["stranger"]).json["reason"]["code"] == "no_history"
    assert ask(insights, tenants=["nobody"]).status == 404
    assert service.pinned("stranger") is None
    pinned = service.pinned(TENANT)
    assert pinned is not None
    assert service.baseline("stranger", COMING, pinned, TODAY, TODAY) is None


def test_a_pinned_version_is_kept_and_expects_the_same_later(season: Refreshes, table: Any) -> None:
    day = coming()
    season.run()
    # Given a version pinned at a launch today
    version = service.pinned(TENANT)
    assert version is not None
    expected = service.baseline(TENANT, COMING, version, TODAY, day)
    assert expected is not None
    # 26 of 51 days' sales of about 600
    assert expected.expected == pytest.approx(600 * 26 / 51, rel=0.2)
    assert 0 <= expected.low <= expected.expected <= expected.high
    # When a campaign sells, and the tenant learns from more
    sell(COMING, {TODAY: 150, TODAY + timedelta(days=3): 90}, source="src_campaign")
    demand.register("evt_late-0001", TODAY - timedelta(days=2))
    sell("evt_late-0001", evenly(TODAY - timedelta(days=2), 990))
    season.run()
    # Then there is another version, and the pinned one expects what it did
    assert service.pinned(TENANT) != version
    assert service.baseline(TENANT, COMING, version, TODAY, day) == expected
    # A part of the time has a part of it, and what was sold before is not of it
    parts = [
        service.baseline(TENANT, COMING, version, TODAY, date.fromordinal(at))
        for at in range(TODAY.toordinal(), day.toordinal() + 1)
    ]
    sums = [part.expected for part in parts if part is not None]
    assert sums == sorted(sums)
    assert sums[-1] == expected.expected
    # and it is kept for 400 days, others for a fortnight
    stored = table("DemandTable")(f"T#{TENANT}#MODEL", f"V#{version}")
    days = (int(stored["expires_at"]) - NOW.timestamp()) / 86400
    assert days == 400
    assert service.baseline(TENANT, COMING, "mdl_unknown", TODAY, day) is None


def test_a_refresh_can_be_tried_out(season: Refreshes, insights: ModuleType, table: Any) -> None:
    query = {"dry_run": ["true"]}
    answer = call(insights, varied(sample("insights", "refresh_demand"), query=query))
    assert (answer.status, answer.json["workflow"]) == (200, "demand_refresh")
    assert [(one["field"], one["before"]) for one in answer.json["changes"]] == [("trained_at", None)]
    assert table("DemandTable")(f"T#{TENANT}#MODEL", "CURRENT") is None
    season.run()
    answer = call(insights, varied(sample("insights", "refresh_demand"), query=query))
    assert answer.json["changes"][0]["before"] == "2026-11-20T12:00:00Z"
    denied = call(insights, varied(sample("insights", "refresh_demand"), query=query, scope="main.read"))
    assert (denied.status, "main.write" in denied.json["detail"]) == (403, True)
