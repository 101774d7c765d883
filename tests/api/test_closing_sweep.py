"""The sweep: events that are over are found, and closed, whatever their number."""

from collections.abc import Callable
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest

from marquee import workflows
from marquee.campaigns import launching
from marquee.campaigns.closing import repository
from marquee.events import closing_service, service
from tests.support import closing
from tests.support.api import TENANT, call, sample, varied
from tests.support.closing import CLOSING, LAUNCHED, Clock, Closings, Started, launch, recorded
from tests.support.demand import COMING, NOW, TODAY, coming, past, register
from tests.support.launching import Machines


@pytest.fixture
def now(aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Started:
    return recorded(monkeypatch)


@pytest.fixture
def sweeps(now: Clock, started: Started, app: Callable[[str], ModuleType]) -> Closings:
    return Closings(app("closing_tasks"))


def history(count: int, tenant: str = TENANT) -> None:
    for number in range(count):
        register(past(number), TODAY - timedelta(days=1 + number), tenant)


def statuses(*eids: str, tenant: str = TENANT) -> list[str]:
    return [service.stored(tenant, eid)["campaign_status"] for eid in eids]


def listed(app: Callable[[str], ModuleType], status: str) -> int:
    query = {"campaign_status": [status], "limit": ["1"]}
    return int(call(app("events"), varied(sample("events", "list"), query=query)).json["total"])


def test_events_that_are_over_are_closed_and_counted_so_and_others_stay(
    sweeps: Closings, now: Clock, started: Started, app: Callable[[str], ModuleType]
) -> None:
    # Given 30 events that are over, one that ends in a minute, one to come, a cancelled one, and an ignored one
    history(30)
    register("evt_ending", TODAY, end_date_time="2026-11-20T12:01:00Z")
    coming(final=None)
    register("evt_cancelled", TODAY + timedelta(days=9))
    register("evt_ignored", TODAY - timedelta(days=9))
    service.rewritten(TENANT, "evt_cancelled", lambda _: {"status": "cancelled"})
    service.rewritten(TENANT, "evt_ignored", lambda _: {"campaign_status": "IGNORED"})
    # When they are swept
    assert sweeps.sweep() == {"closed": 31, "started": 0, "failed": 0, "steps": 1}
    # Then those that are over are closed, and lists count them
    assert {*statuses(*map(past, range(30)), "evt_cancelled")} == {"CLOSED"}
    assert statuses("evt_ending", COMING, "evt_ignored") == ["OPEN", "OPEN", "IGNORED"]
    assert (listed(app, "OPEN"), listed(app, "CLOSED"), started) == (2, 31, [])
    # and the next sweep has nothing to do but what has ended since
    assert sweeps.sweep()["closed"] == 0
    now.at(NOW + timedelta(minutes=1))
    assert sweeps.sweep()["closed"] == 1
    assert statuses("evt_ending") == ["CLOSED"]


def test_events_with_campaigns_get_an_execution_each(
    sweeps: Closings, now: Clock, started: Started, app: Callable[[str], ModuleType]
) -> None:
    # Given an event with campaigns, one whose campaigns were reset, and one without
    closing.clusters("jazz")
    now.at(LAUNCHED)
    for eid in (COMING, "evt_reset", "evt_plain"):
        coming(final=None, eid=eid)
    launch()
    launch("evt_reset")
    machines = Machines(app("campaign_tasks"))
    machines.reset(machines.reset_order("evt_reset"))
    now.at(CLOSING)
    # When they are swept
    assert sweeps.sweep() == {"closed": 1, "started": 2, "failed": 0, "steps": 1}
    # Then what was launched is closed by executions of its own, the same ones when swept again
    assert {(machine, task["eid"]) for machine, _, task in started} == {
        ("event_closing", COMING),
        ("event_closing", "evt_reset"),
    }
    assert statuses(COMING, "evt_reset", "evt_plain") == ["RUNNING", "OPEN", "CLOSED"]
    names = {name for _, name, _ in started}
    sweeps.sweep()
    assert {name for _, name, _ in started} == names


def test_a_closing_that_runs_is_left_alone_and_one_that_failed_has_a_successor(
    sweeps: Closings, now: Clock, started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    closing.clusters("jazz")
    now.at(LAUNCHED)
    coming(final=None)
    launch()
    now.at(CLOSING)
    assert sweeps.sweep()["started"] == 1
    name = started[0][1]
    monkeypatch.setattr(workflows, "describe", lambda _, asked: {"status": "RUNNING"} if asked == name else None)
    assert sweeps.sweep()["started"] == 0
    monkeypatch.setattr(workflows, "describe", lambda _, asked: {"status": "FAILED"} if asked == name else None)
    assert sweeps.sweep()["started"] == 1
    assert [one for _, one, _ in started] == [name, f"{name}-r1"]


def test_a_launch_that_comes_in_between_keeps_its_event_from_being_closed_without_it(
    sweeps: Closings, now: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a sweep that has found an event without a launch
    closing.clusters("jazz")
    now.at(LAUNCHED)
    coming(final=None)
    looked = repository.never_launched

    def launched_meanwhile(tenant: str, eids: list[str]) -> dict[str, Any]:
        found = looked(tenant, eids)
        now.at(LAUNCHED)
        launching.prepare(closing.launch_task())
        now.at(CLOSING)
        return found

    now.at(CLOSING)
    monkeypatch.setattr(repository, "never_launched", launched_meanwhile)
    # When a launch comes before it is closed, Then it is not, until its campaigns are seen to
    assert sweeps.sweep() == {"closed": 0, "started": 0, "failed": 0, "steps": 1}
    assert statuses(COMING) == ["OPEN"]
    monkeypatch.setattr(repository, "never_launched", looked)
    assert sweeps.sweep()["started"] == 1


def test_what_cannot_be_closed_stops_nothing_else_and_is_met_again(
    sweeps: Closings, monkeypatch: pytest.MonkeyPatch
) -> None:
    history(3)
    history(3, "borealis")
    real = closing_service.close_together

    def refusing(tenant: str, *rest: Any) -> int:
        if tenant == TENANT:
            raise OSError("no connection")
        return real(tenant, *rest)

    monkeypatch.setattr(closing_service, "close_together", refusing)
    found = sweeps.sweep()
    assert (found["closed"], found["failed"]) == (3, 3)
    monkeypatch.setattr(closing_service, "close_together", real)
    assert sweeps.sweep()["closed"] == 3


def test_many_are_swept_in_steps_tenant_by_tenant(sweeps: Closings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("marquee.campaigns.closing.sweeping.EVENTS", 7)
    monkeypatch.setattr("marquee.campaigns.closing.sweeping.TENANTS", 1)
    monkeypatch.setattr(closing_service, "MOST_TOGETHER", 3)
    for tenant in ("aurora", "borealis", "corona"):
        history(14, tenant)
    found = sweeps.sweep()
    assert (found["closed"], found["failed"]) == (42, 0)
    assert found["steps"] > 6
