"""Closings, sweeps and looks at campaigns that die at any call, before it or after it took effect, and are repeated."""

from collections.abc import Callable
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest

from marquee import workflows
from marquee.campaigns import settings_service
from marquee.campaigns.closing import repository
from marquee.campaigns.models import NewSettings
from marquee.events import service as events
from marquee.preconditions import Precondition
from tests.support import closing
from tests.support.api import TENANT, call, sample, varied
from tests.support.closing import CLOSING, LAUNCHED, Clock, Closings, campaigns_of, launch, on_platform
from tests.support.demand import COMING, TODAY, coming, past, register, sell
from tests.support.kills import Calls, Killed

LANDS = pytest.mark.parametrize("lands", [False, True], ids=["before", "after"])


@pytest.fixture
def now(aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def closings(now: Clock, monkeypatch: pytest.MonkeyPatch, app: Callable[[str], ModuleType]) -> Closings:
    """An event with two campaigns that have run; its sales are those of the campaigns."""
    monkeypatch.setattr(workflows, "start", lambda _machine, name, _payload: name)
    monkeypatch.setattr(workflows, "describe", lambda *_: None)
    coming(final=None)
    sell(COMING, {TODAY: 40})
    closing.clusters("jazz", "rock")
    now.at(LAUNCHED)
    launch()
    return Closings(app("closing_tasks"))


@pytest.fixture
def calls(closings: Closings, monkeypatch: pytest.MonkeyPatch) -> Calls:
    return Calls(monkeypatch)


def lessons(table: str) -> dict[str, Any]:
    """What is kept of what was learnt of clusters."""
    found = closing.held(table, f"T#{TENANT}#AUDIENCE")
    return {one["sk"]: one for one in found if not one["sk"].startswith(("CLUSTERS", "RUN#"))}


@LANDS
def test_a_closing_killed_at_any_call_and_redriven_stops_attributes_and_teaches_once(
    closings: Closings, calls: Calls, now: Clock, aws: dict[str, str], app: Callable[[str], ModuleType], lands: bool
) -> None:
    # Given an event that is over
    now.at(CLOSING)
    deadly, finished = 0, False
    while not finished:
        # When its closing dies for good at this call
        calls.plan(deadly, lands=lands)
        try:
            finished = closings.close()["outcome"] == "ATTRIBUTED"
        except Killed:
            deadly += 1
        calls.plan()
        # Then nothing runs on a platform without the event being closed
        if not all(on_platform(aws["CampaignsTable"]).values()):
            assert events.stored(TENANT, COMING)["campaign_status"] == "CLOSED"
        assert len(repository.runs(TENANT, COMING)) <= 1
    assert deadly > 25
    # and in the end there is one attribution, and another closing changes nothing
    assert set(on_platform(aws["CampaignsTable"]).values()) == {False}
    assert not events.stored(TENANT, COMING)["has_active_campaigns"]
    query = {"eid": [COMING]}
    results = call(app("campaigns"), varied(sample("campaigns", "list_results"), query=query)).raw
    learnt = lessons(aws["CampaignsTable"])
    assert learnt
    assert closings.close()["learnt"] == 0
    assert call(app("campaigns"), varied(sample("campaigns", "list_results"), query=query)).raw == results
    assert lessons(aws["CampaignsTable"]) == learnt


@LANDS
def test_a_look_at_campaigns_killed_at_any_call_switches_off_in_the_end(
    closings: Closings, calls: Calls, now: Clock, aws: dict[str, str], lands: bool
) -> None:
    # Given ad-level optimisation, and 96 % sold
    events.rewritten(TENANT, COMING, lambda _: {"ad_campaign_optimisation_status": "ON"})
    settings_service.replace(TENANT, NewSettings(), Precondition())
    sell(COMING, {TODAY + timedelta(days=1): 920}, source="src_two")
    now.at(LAUNCHED + timedelta(days=10))
    deadly, finished = 0, False
    while not finished:
        calls.plan(deadly, lands=lands)
        try:
            finished = bool(closings.deliver())
        except Killed:
            deadly += 1
    calls.plan()
    # Then both are off, and what was delivered is kept
    assert deadly > 15
    assert set(on_platform(aws["CampaignsTable"]).values()) == {False}
    assert {(one["status"], bool(one["off"]), one["spent"] > 0) for one in campaigns_of()} == {("PAUSED", True, True)}


@LANDS
def test_a_sweep_killed_at_any_call_closes_all_and_counts_them_once(
    closings: Closings, calls: Calls, app: Callable[[str], ModuleType], lands: bool
) -> None:
    # Given 30 events that are over
    for number in range(30):
        register(past(number), TODAY - timedelta(days=1 + number))
    deadly, finished = 0, False
    while not finished:
        calls.plan(deadly, lands=lands)
        try:
            finished = closings.sweep()["failed"] == 0
        except Killed:
            deadly += 1
    calls.plan()
    assert deadly > 4
    query = {"campaign_status": ["CLOSED"], "limit": ["1"]}
    assert call(app("events"), varied(sample("events", "list"), query=query)).json["total"] == 30
