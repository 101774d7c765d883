"""The steps of the `campaign_delivery` machine: what campaigns deliver is kept, and campaigns are switched off by it.

An event's campaigns are decided about only when all of its delivery that can be had was fetched by this run, in as many
steps as that takes.
"""

import time
from collections.abc import Collection
from decimal import Decimal
from typing import Any, NamedTuple

import orjson
from typing_extensions import TypedDict

from marquee import clock
from marquee.campaigns import repository as campaigns
from marquee.campaigns import settings_service, states, switching
from marquee.campaigns.closing import sweeping
from marquee.campaigns.delivery import collecting, decisions, repository
from marquee.campaigns.delivery.decisions import Decision, Figures, Policy
from marquee.campaigns.models import Campaign, CampaignPlace, Settings, Setup
from marquee.campaigns.platforms.errors import Refused
from marquee.errors import Unavailable
from marquee.events import closing_service
from marquee.events import service as events
from marquee.events.models import EventMeta, Item
from marquee.executions import service as executions
from marquee.observability import logger
from marquee.sales import days_service as sales

_TOGGLE = "campaign_toggle"
SETUPS = 20
_TENANTS = 50
_THOUSANDTHS = 3
SECONDS = 200
"""How long a step begins with further campaigns: the last one has to end within the function's time-out, too."""


class Place(TypedDict):
    """Where a run is: after this tenant, or within it, after this event among those with campaigns on a platform."""

    tenant: str
    after: str | None


class Live(TypedDict):
    """An event whose campaigns' delivery is to be fetched."""

    tenant: str
    eid: str


class Found(TypedDict):
    """The next events, and where to go on (None at the end)."""

    events: list[Live]
    next: Place | None


def find(place: Place | None) -> Found:
    """The next events with campaigns on a platform, of one tenant after the other."""
    if place is not None and place["after"] is not None:
        eids, after = campaigns.live(place["tenant"], place["after"], SETUPS)
        found: list[Live] = [{"tenant": place["tenant"], "eid": eid} for eid in eids]
        return {"events": found, "next": {"tenant": place["tenant"], "after": after}}
    tenants, following = events.tenants(place["tenant"] if place else None, _TENANTS)
    for number, tenant in enumerate(tenants):
        eids, after = campaigns.live(tenant, None, SETUPS)
        if eids:
            at_end = following is None and after is None and number == len(tenants) - 1
            found = [{"tenant": tenant, "eid": eid} for eid in eids]
            return {"events": found, "next": None if at_end else {"tenant": tenant, "after": after}}
    return {"events": [], "next": None if following is None else {"tenant": following, "after": None}}


def deliver(tenant: str, eid: str, fetched: Collection[str] = ()) -> dict[str, Any]:
    """Fetch what the event's campaigns have delivered, and switch off what the tenant's rules say.

    A step that has been at work for `SECONDS` answers MORE with the sort keys of the campaigns that are `fetched`, for
    the next one to go on after. The longest not fetched come first, so that a run that fails leaves others behind than
    the one before. A campaign whose platform refuses to tell keeps no others from being judged, and counts with what is
    known of it; its refusal is raised in the end. An event that is over has its closing begun instead, again where that
    has failed. Raises what platforms raise.
    """
    event, setup = events.stored(tenant, eid), campaigns.setup(tenant, eid)
    if setup is None or setup["phase"] in {"FAILED", "WITHDRAWING"}:
        return {"outcome": "NOTHING"}
    if setup["phase"] == "CLOSED" or closing_service.is_over(event, clock.timestamp()):
        return {"outcome": "CLOSING", "started": sweeping.begin(tenant, eid)}
    began, done = time.monotonic(), set(fetched)
    found = campaigns.campaigns_of(tenant, eid, setup["launch_id"])
    refusals: list[Refused] = []
    for campaign in sorted(found, key=lambda one: (one.get("delivered_until", ""), one["sk"])):
        try:
            if not _seen_to(tenant, campaign, done):
                continue
        except Refused as refusal:
            logger().warning("delivery_refused", extra={"tenant": tenant, "eid": eid, "sk": campaign["sk"]})
            refusals.append(refusal)
            done.add(campaign["sk"])
        if time.monotonic() - began >= SECONDS:
            return _more(done)
    case = _Case(tenant, event, setup, campaigns.campaigns_of(tenant, eid, setup["launch_id"]), began)
    outcome = _optimised(case) or _more(done)
    if refusals and outcome["outcome"] != "MORE":
        raise refusals[0]
    return outcome


def _seen_to(tenant: str, campaign: Campaign, done: set[str]) -> bool:
    """Fetch the campaign's delivery unless that is `done`, and see that it is off where that was decided.

    False where there was nothing to do.
    """
    to_fetch = campaign["status"] in {"RUNNING", "PAUSED"} and campaign["sk"] not in done
    if to_fetch:
        collecting.collect(tenant, campaign)
        done.add(campaign["sk"])
    to_settle = bool(campaign["off"]) and campaign["status"] == "RUNNING"  # an earlier step did not come to it
    if to_settle:
        _settled(collecting.place_of(tenant, campaign))
    return to_fetch or to_settle


def _more(done: set[str]) -> dict[str, Any]:
    return {"outcome": "MORE", "fetched": sorted(done)}


class _Case(NamedTuple):
    tenant: str
    event: Item
    setup: Setup
    campaigns: list[Campaign]
    began: float


def _optimised(case: _Case) -> dict[str, Any] | None:
    """Switch off what the tenant's rules say; None where the step has no time left for all of it."""
    decision = decide(case.event, case.setup, case.campaigns, settings_service.stored(case.tenant), _sold(case))
    if decision.event is not None:
        _pause_all(case.tenant, case.event["eid"], decision.event.message)
        return {"outcome": "ALL_OFF", "reason": decision.event.code}
    off = [one for one in case.campaigns if one["sk"] in decision.campaigns]
    for number, one in enumerate(off):
        if number and time.monotonic() - case.began >= SECONDS:
            return None
        place = collecting.place_of(case.tenant, one)
        # Noted first: what dies before the platform was told is made up for by the next run.
        repository.switch_off(place, decision.campaigns[one["sk"]].message)
        _settled(place)
    return {"outcome": "COLLECTED", "off": len(off)}


def _pause_all(tenant: str, eid: str, reason: str) -> None:
    """Have all the event's campaigns paused, as its client could, in an execution of its own."""
    sequence = campaigns.next_in_order(tenant, eid)
    name = executions.name_of(tenant, "optimisation", eid, str(sequence))
    task = {"tenant": tenant, "eid": eid, "status": "PAUSED", "sequence": sequence, "reason": reason}
    executions.begin(_TOGGLE, name, task)


def _sold(case: _Case) -> int:
    head = sales.head(case.tenant, case.event["eid"])
    return sum(figures["tickets"] for figures in head["kpi"].values())


def decide(event: Item, setup: Setup, found: list[Campaign], asked: Settings, sold: int) -> Decision:
    """What to switch off of the set-up's campaigns. Only a set-up that is READY, and meant to run, is judged."""
    if setup["phase"] != "READY" or setup["paused"]:
        return decisions.NOTHING
    meta: EventMeta = orjson.loads(event["doc"])
    running = [_figures(one) for one in found if states.target(setup, one) == "RUNNING"]
    every = [_figures(one) for one in found if one["status"] != "REMOVED"]
    return decisions.decide(policy(event, setup, asked), sold, meta["capacity"], running, every)


def policy(event: Item, setup: Setup, asked: Settings) -> Policy:
    """The tenant's rules for one event's campaigns."""
    floor = asked["return_floor"]
    return Policy(
        event=event["campaign_optimisation_status"] == "ON",
        ad=event["ad_campaign_optimisation_status"] == "ON",
        return_floor=None if floor is None else Decimal(floor).scaleb(-_THOUSANDTHS),
        minimum_spend=asked["minimum_spend"].get(setup["currency"]),
    )


def _figures(one: Campaign) -> Figures:
    return Figures(one["sk"], one.get("spent", 0), one.get("revenue", 0), one["budget"])


def _settled(place: CampaignPlace) -> None:
    """See that the campaign is as it is to be. Raises Unavailable where its platform refuses: another time, perhaps."""
    found = switching.settle(place)
    if found["outcome"] != "SETTLED":
        raise Unavailable("campaign.not_switched", found["message"])
