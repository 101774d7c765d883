"""The steps of the `event_closing` machine, in their order. Each may be repeated at any time, and finds its own work.

First the event is closed, so that nobody starts its campaigns any more, whatever their platforms answer; then they are
stopped, which is tried for hours where a platform does not answer: that is money. What they have delivered in the end
is fetched, and only then are sales attributed to them. The set-up stays among the live ones until all of that is done,
so that a closing which failed is begun again.
"""

from typing import Any

from marquee import clock
from marquee.audience import learning_service as audience
from marquee.audience.models import Outcome
from marquee.campaigns import platform_service, switching
from marquee.campaigns import repository as campaigns
from marquee.campaigns.closing import attribution, gathering, repository
from marquee.campaigns.closing.models import Run
from marquee.campaigns.delivery import collecting
from marquee.campaigns.models import Campaign, CampaignPlace, Setup
from marquee.errors import Conflict, Unavailable
from marquee.events import closing_service as events

_ATTEMPTS = 10
# Phases in which campaigns may be on a platform, or may come to be there.
_OPEN = frozenset(("PREPARING", "ACTIVATING", "READY"))
# Phases in which nothing of a set-up is left, or somebody is about to see to that.
_GONE = frozenset(("FAILED", "WITHDRAWING"))


def close(tenant: str, eid: str) -> dict[str, Any]:
    """Close the event and its set-up, and say which campaigns have to be stopped.

    Outcome NOT_OVER where the event is not over (any more): nothing is done then. Raises NotFound, Conflict.
    """
    if events.close(tenant, eid, clock.timestamp()) is None:
        return {"outcome": "NOT_OVER", "places": []}
    places = [
        collecting.place_of(tenant, campaign)
        for launch in repository.launches(tenant, eid)
        if _closed(tenant, eid, launch)["phase"] not in _GONE
        for campaign in campaigns.campaigns_of(tenant, eid, launch["launch_id"])
        if campaign["status"] != "REMOVED" and _reachable(tenant, launch, campaign)
    ]
    return {"outcome": "CLOSED", "places": places}


def _reachable(tenant: str, launch: Setup, campaign: Campaign) -> bool:
    """Whether the campaign is to be dealt with; not where it was reset, and the tenant has left its platform since.

    A platform is not left while campaigns are on it that were not reset.
    """
    return launch["sk"] == campaigns.SETUP or platform_service.is_set_up(tenant, campaign["platform"])


def _closed(tenant: str, eid: str, launch: Setup) -> Setup:
    """The set-up, closed where it was open: from then on each of its campaigns is to be off."""
    for _ in range(_ATTEMPTS):
        if launch["sk"] != campaigns.SETUP or launch["phase"] not in {*_OPEN, "RESETTING"}:
            return launch
        if launch["phase"] == "RESETTING":
            raise Conflict("campaigns.being_reset", "The event's campaigns are being reset. Try again.")
        at = clock.timestamp()
        if repository.move(tenant, launch, {"phase": "CLOSED", "closed_at": at, "updated_at": at}):
            return {**launch, "phase": "CLOSED"}
        launch = campaigns.setup(tenant, eid) or {**launch, "phase": "FAILED"}
    raise Conflict("campaigns.contended", "The campaigns are being changed by others. Try again.")


def stop(place: CampaignPlace) -> dict[str, Any]:
    """See that one campaign is off on its platform, as its closed set-up says.

    Raises what the platform raises, and Unavailable where it refuses: that is tried again as well.
    """
    found = switching.settle(place)
    if found["outcome"] != "SETTLED":
        raise Unavailable("campaign.not_stopped", found["message"])
    return {"outcome": "STOPPED"}


def collect(place: CampaignPlace) -> dict[str, Any]:
    """Fetch what one campaign has delivered in the end. Raises what the platform raises."""
    _, campaign = campaigns.with_setup(place)
    if campaign is not None:
        collecting.collect(place["tenant"], campaign)
    return {"outcome": "COLLECTED"}


def attribute(tenant: str, eid: str) -> dict[str, Any]:
    """Attribute sales to the campaigns that ran, and let that count. From equal figures it is the same attribution.

    Raises NotFound, Conflict.
    """
    events.settle(tenant, eid)
    run = _attributed(tenant, eid)
    sources = sorted({"platform" if launch["expected"] is None else "marquee" for launch in run["inputs"]})
    return {
        "outcome": "ATTRIBUTED",
        "eid": eid,
        "run_id": run["id"],
        "results": len(run["results"]),
        "sources": sources,
    }


def _attributed(tenant: str, eid: str) -> Run:
    for _ in range(_ATTEMPTS):
        before = repository.current(tenant, eid)
        run = attribution.attribution(tenant, eid, gathering.inputs(tenant, eid), clock.timestamp())
        if run["id"] == before.run_id:
            return run
        if repository.keep(tenant, eid, run, before.changes, clock.timestamp()):
            return run
    raise Conflict("results.contended", "The event's sales are being attributed by others. Try again.")


def finish(tenant: str, eid: str) -> dict[str, Any]:
    """Let the audience learn from the results that count, and leave the live set-ups. Raises NotFound, Conflict."""
    current = repository.current(tenant, eid)
    run = repository.run(tenant, eid, current.run_id) if current.run_id else None
    learnt = sum(_learnt(tenant, eid, run, launch["launch_id"], current) for launch in run["inputs"]) if run else 0
    for _ in range(_ATTEMPTS):
        setup = campaigns.setup(tenant, eid)
        if setup is None or setup["phase"] != "CLOSED" or "live_pk" not in setup:
            return {"outcome": "FINISHED", "learnt": learnt}
        if repository.move(tenant, setup, {"updated_at": clock.timestamp()}, without=("live_pk", "live_sk")):
            return {"outcome": "FINISHED", "learnt": learnt}
    raise Conflict("campaigns.contended", "The campaigns are being changed by others. Try again.")


def _learnt(tenant: str, eid: str, run: Run, launch_id: str, current: repository.Current) -> bool:
    """Whether the audience learnt something of a launch: as one that counts again it is another evidence."""
    launch = next(one for one in run["inputs"] if one["launch_id"] == launch_id)
    if not launch["campaigns"]:
        return False
    # Results are split by reach, which says nothing about which cluster answered: what the platform reports does.
    reported = attribution.reported(launch["campaigns"], launch["sold"])
    outcomes = [
        Outcome(one["tc"], one["platform"], one["reach"], one["clicks"], purchases)
        for one, (purchases, _) in zip(launch["campaigns"], reported, strict=True)
    ]
    tc_run_id, result_id = launch["campaigns"][0]["tc_run_id"], f"{run['id']}.{current.changes}"
    return audience.learn(tenant, eid, launch_id, tc_run_id, result_id, current.since, outcomes)
