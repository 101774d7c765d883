"""Running campaigns are looked at: what they deliver is kept, and some are switched off by it."""

from collections.abc import Callable
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest

from marquee import clock
from marquee.campaigns import platform_service, repository, settings_service, switching, toggling
from marquee.campaigns.delivery import collecting
from marquee.campaigns.delivery import repository as delivery
from marquee.campaigns.models import NewSettings
from marquee.campaigns.platforms.errors import Refused
from marquee.campaigns.platforms.models import Delivery
from marquee.errors import Unavailable
from marquee.events import service as events
from marquee.preconditions import Precondition
from tests.support import closing
from tests.support.api import TENANT, call, sample
from tests.support.closing import (
    CLOSING,
    LAUNCHED,
    Clock,
    Closings,
    Started,
    campaigns_of,
    launch,
    on_platform,
    recorded,
    setup_of,
)
from tests.support.demand import COMING, TODAY, coming, sell
from tests.support.platforms import inject

DAY = timedelta(days=1)


@pytest.fixture
def now(aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Started:
    return recorded(monkeypatch)


@pytest.fixture
def running(now: Clock, started: Started, app: Callable[[str], ModuleType]) -> Closings:
    """An event with two campaigns that have run for ten days; 100 of 1,000 tickets were sold for 20.00 each."""
    coming(final=None)
    sell(COMING, {TODAY: 100}, price=2000)
    closing.clusters("jazz", "rock")
    now.at(LAUNCHED)
    launch()
    now.at(LAUNCHED + 10 * DAY)
    return Closings(app("closing_tasks"))


def optimise(event: str = "OFF", ad: str = "OFF", floor: str | None = None, spend: str = "0") -> None:
    """What the tenant wants of this event, and of all of them."""
    switches = {"campaign_optimisation_status": event, "ad_campaign_optimisation_status": ad}
    events.rewritten(TENANT, COMING, lambda _: switches)
    asked = NewSettings.model_validate({"return_floor": floor, "minimum_spend": {"EUR": spend}})
    settings_service.replace(TENANT, asked, Precondition())


def returning(monkeypatch: pytest.MonkeyPatch, **revenues: int) -> None:
    """Let the sandbox say that each cluster's campaign has spent 100.00 and returned so much (minor units)."""
    keys = {one["key"]: one["tc"] for one in campaigns_of()}

    def delivery(_self: object, _account: object, spec: Any, until: str) -> Delivery:
        return Delivery(until, 10_000, 500, 1000, 50, 5, revenues[keys[spec.key]])

    monkeypatch.setattr(type(platform_service.platform("sandbox")), "delivery", delivery)


def states(table: str) -> dict[str, tuple[str, bool, str]]:
    """By cluster: how the campaign is noted, whether it runs on the platform, why it was switched off."""
    there = on_platform(table)
    return {one["tc"]: (one["status"], there[one["key"]], one["off"]) for one in campaigns_of()}


def test_what_is_delivered_is_kept_and_never_replaced_by_something_older(
    running: Closings, now: Clock, app: Callable[[str], ModuleType]
) -> None:
    # When campaigns are looked at after ten of their 25 days
    assert running.deliver() == [{"outcome": "COLLECTED", "off": 0}]
    first = campaigns_of()
    assert 35_000 < sum(one["spent"] for one in first) < 45_000
    assert all(one["reach"] > 0 for one in first)
    # and by somebody whose clock is slow, Then the newer stays
    now.at(LAUNCHED + 9 * DAY)
    running.deliver()
    assert campaigns_of() == first
    now.at(LAUNCHED + 11 * DAY)
    running.deliver()
    assert all(new["spent"] > old["spent"] for new, old in zip(campaigns_of(), first, strict=True))
    document = call(app("campaigns"), sample("campaigns", "list_campaigns")).json
    assert document["totals"]["spent"] == pytest.approx(sum(one["spent"] for one in campaigns_of()) / 100)
    assert {one["delivered_until"] for one in document["items"]} == {clock.timestamp()}


@pytest.mark.parametrize(("sold", "off"), [(949, False), (950, False), (951, True)])
def test_above_95_percent_sold_all_are_switched_off_where_that_is_on(
    running: Closings, started: Started, sold: int, off: bool
) -> None:
    optimise(event="ON")
    sell(COMING, {TODAY + DAY: sold - 100}, source="src_two")
    (outcome,) = running.deliver()
    assert outcome["outcome"] == ("ALL_OFF" if off else "COLLECTED")
    assert [machine for machine, _, _ in started] == (["campaign_toggle"] if off else [])


def test_the_whole_events_are_switched_off_as_its_client_could_and_the_reason_is_shown(
    running: Closings, started: Started, aws: dict[str, str], app: Callable[[str], ModuleType]
) -> None:
    optimise(event="ON", ad="ON")
    sell(COMING, {TODAY + DAY: 860}, source="src_two")
    running.deliver()
    ((_, _, task),) = started
    # When the toggle that was started runs
    for place in toggling.declare(task)["places"]:  # type: ignore[arg-type]
        switching.settle(place)
    toggling.finish(task)  # type: ignore[arg-type]
    # Then nothing runs, and everybody sees why
    assert set(on_platform(aws["CampaignsTable"]).values()) == {False}
    document = call(app("campaigns"), sample("campaigns", "list_campaigns")).json
    assert document["reasons"] == ["96.0 % of the tickets are sold, which is more than 95 %."]
    # and it is not decided again, nor switched on when tickets come back
    sell(COMING, {TODAY + DAY: -500}, source="src_three")
    assert running.deliver() == [{"outcome": "COLLECTED", "off": 0}]
    assert len(started) == 1


def test_a_single_campaign_below_the_floor_is_switched_off_with_its_reason(
    running: Closings, aws: dict[str, str], monkeypatch: pytest.MonkeyPatch, app: Callable[[str], ModuleType]
) -> None:
    optimise(ad="ON", floor="2", spend="100")
    returning(monkeypatch, jazz=20_000, rock=19_999)
    assert running.deliver() == [{"outcome": "COLLECTED", "off": 1}]
    told = "It returned 1.99 per unit spent, below 2.00."
    assert states(aws["CampaignsTable"]) == {"jazz": ("RUNNING", True, ""), "rock": ("PAUSED", False, told)}
    items = call(app("campaigns"), sample("campaigns", "list_campaigns")).json["items"]
    assert {one["tc"]: one["reason"] for one in items} == {"jazz": None, "rock": told}
    assert events.read(TENANT, COMING).client_campaign_status == "RUNNING"
    # and it stays off when it returns more
    returning(monkeypatch, jazz=20_000, rock=90_000)
    assert running.deliver() == [{"outcome": "COLLECTED", "off": 0}]
    assert states(aws["CampaignsTable"])["rock"] == ("PAUSED", False, told)


def test_below_the_floor_together_all_are_switched_off(
    running: Closings, started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    optimise(event="ON", floor="2", spend="200")
    returning(monkeypatch, jazz=21_000, rock=18_999)
    assert running.deliver() == [{"outcome": "ALL_OFF", "reason": "return_floor"}]
    assert len(started) == 1


def test_off_does_nothing_but_collect(
    running: Closings, started: Started, aws: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    optimise(floor="2", spend="1")
    returning(monkeypatch, jazz=0, rock=0)
    sell(COMING, {TODAY + DAY: 900}, source="src_two")
    assert running.deliver() == [{"outcome": "COLLECTED", "off": 0}]
    assert (started, set(on_platform(aws["CampaignsTable"]).values())) == ([], {True})


def test_a_switch_that_did_not_reach_the_platform_is_made_up_for(
    running: Closings, aws: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a platform that refuses to switch
    optimise(ad="ON", floor="2")
    returning(monkeypatch, jazz=0, rock=90_000)
    inject(aws["CampaignsTable"], TENANT, operation="switch", moment="before", error="refused")
    with pytest.raises(Unavailable, match="Jazz on sandbox"):
        running.deliver()
    assert states(aws["CampaignsTable"])["jazz"][:2] == ("RUNNING", True)
    # When campaigns are looked at the next time, Then it is off, whatever it returns now
    returning(monkeypatch, jazz=90_000, rock=90_000)
    running.deliver()
    assert states(aws["CampaignsTable"])["jazz"][:2] == ("PAUSED", False)


def test_an_event_that_is_over_or_whose_closing_failed_has_its_closing_begun(
    running: Closings, started: Started, now: Clock
) -> None:
    now.at(CLOSING)
    assert running.deliver() == [{"outcome": "CLOSING", "started": True}]
    assert [(machine, task) for machine, _, task in started] == [("event_closing", {"tenant": TENANT, "eid": COMING})]
    # Given a closing that died when nothing was stopped yet
    running.step("close", closing={"tenant": TENANT, "eid": COMING})
    assert running.deliver() == [{"outcome": "CLOSING", "started": True}]
    # When it was closed in the end, Then nobody asks for its campaigns any more
    running.close()
    assert (running.deliver(), setup_of()["phase"]) == ([], "CLOSED")


def test_every_tenants_live_set_ups_are_found_page_by_page(
    running: Closings, now: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("marquee.campaigns.delivery.delivering.SETUPS", 1)
    monkeypatch.setattr("marquee.campaigns.delivery.delivering._TENANTS", 1)
    now.at(LAUNCHED)
    for tenant, eids in {"aurora": ["evt_second"], "borealis": ["evt_third", "evt_fourth"], "nobody": []}.items():
        coming(final=None, tenant=tenant, eid="evt_without-campaigns")
        closing.clusters("jazz", tenant=tenant)
        for eid in eids:
            coming(final=None, tenant=tenant, eid=eid)
            launch(eid, tenant)
    assert len(running.deliver()) == 4
    assert repository.live("nobody", None, 10) == ([], None)


def test_what_takes_long_is_fetched_in_several_steps_the_longest_not_fetched_first_and_judged_once_all_is(
    running: Closings, now: Clock, aws: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given campaigns below the floor, of which jazz was fetched a day later than rock, and steps without time for two
    running.deliver()
    now.at(LAUNCHED + 11 * DAY)
    jazz, rock = (one["sk"] for one in campaigns_of())
    collecting.collect(TENANT, campaigns_of()[0])
    now.at(LAUNCHED + 12 * DAY)
    optimise(ad="ON", floor="2")
    returning(monkeypatch, jazz=0, rock=0)
    monkeypatch.setattr("marquee.campaigns.delivery.delivering.SECONDS", 0)
    live = {"tenant": TENANT, "eid": COMING}
    # When they are looked at, Then nothing is judged before both are fetched
    assert running.step("deliver", live=live) == {"outcome": "MORE", "fetched": [rock]}
    assert running.step("deliver", live=live, fetched=[rock]) == {"outcome": "MORE", "fetched": sorted([jazz, rock])}
    assert {one["delivered_until"] for one in campaigns_of()} == {clock.timestamp()}
    assert {one for one, _, _ in states(aws["CampaignsTable"]).values()} == {"RUNNING"}
    # and one after the other is switched off, without being fetched again
    now.at(LAUNCHED + 13 * DAY)
    assert running.step("deliver", live=live, fetched=[jazz, rock])["outcome"] == "MORE"
    assert [one for one, _, _ in states(aws["CampaignsTable"]).values()] == ["PAUSED", "RUNNING"]
    assert running.step("deliver", live=live, fetched=[jazz, rock]) == {"outcome": "COLLECTED", "off": 1}
    assert {one for one, _, _ in states(aws["CampaignsTable"]).values()} == {"PAUSED"}
    assert {one["delivered_until"] for one in campaigns_of()} != {clock.timestamp()}


def test_a_campaign_that_an_earlier_step_noted_as_off_takes_its_time_as_well(
    running: Closings, aws: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    jazz, rock = campaigns_of()
    for one in (jazz, rock):
        delivery.switch_off(collecting.place_of(TENANT, one), "It returned nothing.")
    monkeypatch.setattr("marquee.campaigns.delivery.delivering.SECONDS", 0)
    step = running.step("deliver", live={"tenant": TENANT, "eid": COMING}, fetched=[jazz["sk"], rock["sk"]])
    assert step["outcome"] == "MORE"
    assert [one for one, _, _ in states(aws["CampaignsTable"]).values()] == ["PAUSED", "RUNNING"]


def test_a_platform_that_refuses_to_tell_of_one_campaign_keeps_no_others_from_being_judged(
    running: Closings, started: Started, aws: dict[str, str]
) -> None:
    # Given an event that is nearly sold out, and a platform that says nothing about one of its campaigns
    optimise(event="ON")
    sell(COMING, {TODAY + DAY: 860}, source="src_two")
    inject(aws["CampaignsTable"], TENANT, operation="delivery", moment="before", error="refused")
    # When delivery is collected
    with pytest.raises(Refused):
        running.deliver()
    # Then the other's is kept, all are switched off, and the refusal is not hushed up
    assert [bool(one.get("delivered_until")) for one in campaigns_of()].count(True) == 1
    assert [machine for machine, _, _ in started] == ["campaign_toggle"]
