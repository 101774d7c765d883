"""Campaigns whose event, integration or set-up is not what it was when they were launched."""

from collections.abc import Callable
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest

from marquee import ddb
from marquee.campaigns import launching, planning, repository, spending_service
from marquee.campaigns.closing import closing, gathering
from marquee.campaigns.delivery import collecting
from marquee.campaigns.delivery import repository as deliveries
from marquee.campaigns.models import LaunchParameters
from marquee.campaigns.platforms.models import Delivery
from marquee.errors import Unavailable
from marquee.events import closing_service
from marquee.events import service as events
from tests.support.api import TENANT
from tests.support.closing import CLOSING, LAUNCHED, Clock, Closings, clusters, launch, launch_task
from tests.support.costs import counted
from tests.support.demand import COMING, coming
from tests.support.ingest import EID
from tests.support.launching import (
    PAUSED,
    Failed,
    Machines,
    disagreements,
    fault,
    on_sandbox,
    prepared,
    statuses,
)

DAY = timedelta(days=1)

DAY = timedelta(days=1)


@pytest.fixture
def machines(aws: dict[str, str], app: Callable[[str], ModuleType]) -> Machines:
    return Machines(app("campaign_tasks"))


def test_pausing_campaigns_that_are_closed_says_that_they_are_paused(machines: Machines) -> None:
    prepared()
    machines.launch()
    # Given an event that is over, whose campaigns were not paused by anybody before
    closing_service.close(TENANT, EID, "2100-06-13T00:00:00Z")
    closing.close(TENANT, EID)
    # When its client pauses them
    done = machines.toggle(machines.ask("PAUSED"))
    # Then they are, and that is what is told
    assert (done["client_campaign_status"], set(on_sandbox().values())) == ("PAUSED", {False})


@pytest.mark.parametrize("failed", [False, True])
def test_a_pause_that_meets_no_campaigns_is_not_said_of_those_that_are_set_up_meanwhile(
    machines: Machines, monkeypatch: pytest.MonkeyPatch, failed: bool
) -> None:
    prepared()
    # Given a pause that found none (or none that is left of a launch), and says so only after others were launched
    if failed:
        fault("create", "refused")
        with pytest.raises(Failed):
            machines.launch()
    order, rewritten = machines.ask("PAUSED"), events.rewritten

    def late(*told: Any) -> Any:
        monkeypatch.undo()
        machines.launch(machines.order(number=int(failed), goal="reach"))
        return rewritten(*told)

    monkeypatch.setattr(events, "rewritten", late)
    # Then they are paused too, as the event says
    machines.toggle(order)
    assert (disagreements(), statuses()) == ([], PAUSED)


def test_what_a_reset_campaign_has_delivered_is_kept_before_it_is_removed(
    aws: dict[str, str], app: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    now, machines = Clock(monkeypatch), Machines(app("campaign_tasks"))
    coming(final=None)
    clusters("jazz")
    # Given a campaign that ran for five days, was not looked at meanwhile, and was reset
    now.at(LAUNCHED)
    launch()
    now.at(LAUNCHED + 5 * DAY)
    machines.reset(machines.reset_order(COMING))
    # When nothing of it is left on its platform
    now.at(LAUNCHED + 40 * DAY)
    assert (machines.purge(), on_sandbox()) == (1, {})
    # Then what it had cost counts
    (campaign,) = repository.campaigns_of(TENANT, COMING)
    assert campaign["status"] == "REMOVED"
    assert campaign["spent"] > 0
    assert spending_service.spent(TENANT)["EUR"].spent == campaign["spent"]


def test_campaigns_that_were_reset_on_a_platform_whose_integration_is_gone_hold_nothing_up(
    aws: dict[str, str], app: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("META_API_URL", "https://nobody.invalid")
    now, machines, closings = Clock(monkeypatch), Machines(app("campaign_tasks")), Closings(app("closing_tasks"))
    coming(final=None)
    clusters("jazz")
    now.at(LAUNCHED)
    launch()
    machines.reset(machines.reset_order(COMING))
    # Given campaigns that were reset, on a platform that the tenant has left since
    (campaign,) = repository.campaigns_of(TENANT, COMING)
    stored = ddb.to_item({**campaign, "platform": "meta"})
    ddb.aws_client("dynamodb").put_item(TableName=aws["CampaignsTable"], Item=stored)
    # Then the event can be closed all the same
    now.at(CLOSING)
    assert closings.close()["outcome"] == "ATTRIBUTED"
    # and the reset is purged once: what nobody can reach stays there, paused
    now.at(LAUNCHED + 40 * DAY)
    assert (machines.purge(), machines.purge()) == (1, 0)
    (left,) = repository.campaigns_of(TENANT, COMING)
    assert left["status"] == "PAUSED"


def test_a_plan_reads_as_much_for_many_clusters_with_budgets_of_their_own_as_for_one(aws: dict[str, str]) -> None:
    names = [f"cluster-{number}" for number in range(20)]
    prepared(*names)
    requests = []
    for asked in (names[:1], names):
        parameters = LaunchParameters.model_validate({"clusters": [{"tc": tc, "budget": 20} for tc in asked]})
        with counted(lambda _: 0) as cost:
            plan = planning.planned(TENANT, EID, parameters)
        requests.append(cost.requests)
        assert [(part.tc, part.budget) for part in plan.parts] == [(tc, 2000) for tc in asked]
    assert len(requests[0]) == len(requests[1]) < 10


def test_deliveries_that_come_in_at_once_are_counted_once(
    aws: dict[str, str], app: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    Clock(monkeypatch).at(LAUNCHED)
    coming(final=None)
    clusters("jazz")
    launch()
    (campaign,) = repository.campaigns_of(TENANT, COMING)
    place, transact = collecting.place_of(TENANT, campaign), ddb.transact
    first, second = (Delivery(f"2026-12-0{day}T00:00:00Z", 100 * day, 10, 10, 1, 1, 200) for day in (1, 2))

    def late(writes: Any) -> list[str]:
        # When another delivery is kept after this one was compared with what is stored
        monkeypatch.setattr(ddb, "transact", transact)
        assert deliveries.deliver(place, second)
        return transact(writes)

    monkeypatch.setattr(ddb, "transact", late)
    # Then the older one is left out, and the tenant has spent what the campaign has
    assert not deliveries.deliver(place, first)
    (campaign,) = repository.campaigns_of(TENANT, COMING)
    assert (campaign["spent"], campaign["delivered_until"]) == (200, second.until)
    assert spending_service.spent(TENANT)["EUR"] == (200, 200)


def test_what_was_seen_earlier_never_replaces_what_was_seen_later(machines: Machines) -> None:
    prepared("jazz")
    machines.launch()
    (campaign,) = repository.campaigns_of(TENANT, EID)
    place = collecting.place_of(TENANT, campaign)
    assert not repository.record(place, {"status": "PAUSED"}, campaign["at_version"] - 1)
    assert repository.campaigns_of(TENANT, EID) == [campaign]


def test_a_withdrawal_is_not_over_while_a_campaign_is_on_its_platform(machines: Machines) -> None:
    prepared()
    order = machines.order()
    (place, other) = machines.step("prepare", launch=order)["places"]
    machines.step("create", place=place)
    machines.step("withdraw", launch=order, failures=[])
    machines.step("settle", place=other)
    with pytest.raises(Unavailable, match="Not removed from their platforms yet"):
        machines.step("conclude", launch=order)
    machines.step("settle", place=place)
    assert (machines.step("conclude", launch=order)["outcome"], on_sandbox()) == ("WITHDRAWN", {})


def test_a_toggle_that_a_later_one_overtook_says_so(machines: Machines) -> None:
    prepared()
    machines.launch()
    earlier, later = machines.ask("PAUSED"), machines.ask("RUNNING")
    machines.step("declare_toggle", toggle=earlier)
    machines.toggle(later)
    assert machines.step("finish_toggle", toggle=earlier)["outcome"] == "OVERTAKEN"


def test_a_launch_is_measured_from_its_activation_where_that_was_after_its_start(
    aws: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = Clock(monkeypatch)
    coming(final=None)
    clusters("jazz")
    # Given a launch that was written down, and came to be active two days later, after a redrive
    now.at(LAUNCHED)
    task = launch_task()
    launching.prepare(task)
    now.at(LAUNCHED + 2 * DAY)
    launching.activate(task)
    now.at(CLOSING)
    closing.close(TENANT, COMING)
    (found,) = gathering.inputs(TENANT, COMING)
    assert found["window"] is not None
    assert found["window"]["since"] == (LAUNCHED + 2 * DAY).date().isoformat()
