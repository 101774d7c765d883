"""The step that several machines share: one campaign on its platform is brought to what its set-up says it is to be.

What is wanted is read from the set-up, never told to the step, and read again when the platform has answered: a step
that was overtaken by a toggle, a withdrawal or a reset goes on to what is wanted then. So whoever comes last, and
however late, leaves the campaign as the set-up says.
"""

from typing import Any

from marquee import clock
from marquee.campaigns import platform_service, refusals, repository, states
from marquee.campaigns.delivery.collecting import spec_of
from marquee.campaigns.models import Campaign, CampaignPlace, Item, Setup
from marquee.campaigns.platforms.errors import Refused
from marquee.campaigns.platforms.models import RemoteCampaign
from marquee.campaigns.states import Target

_ATTEMPTS = 10


def settle(place: CampaignPlace, *, creating: bool = False) -> Item:
    """Bring a campaign to what it is to be; only where `creating` it is created, and only while that is wanted.

    Outcomes: SETTLED with its status, REFUSED with the platform's words. Raises what the platform raises where it may
    answer otherwise later.
    """
    for _ in range(_ATTEMPTS):
        setup, campaign = _read(place)
        if campaign is None:
            return {"outcome": "SETTLED", "sk": place["sk"], "status": "REMOVED"}
        wanted, version = _wanted(setup, campaign)
        if wanted == "CREATED" and not creating:
            return {"outcome": "SETTLED", "sk": place["sk"], "status": campaign["status"]}
        try:
            seen = _brought(place["tenant"], campaign, wanted)
        except Refused as refusal:
            repository.record(place, {"reason": refusal.detail, "updated_at": clock.timestamp()}, version)
            return _refused(place, campaign, refusal.detail)
        repository.record(place, {**seen, "reason": None, "updated_at": clock.timestamp()}, version)
        setup, campaign = _read(place)
        if campaign is None or _wanted(setup, campaign)[0] == wanted:
            return {"outcome": "SETTLED", "sk": place["sk"], "status": seen["status"]}
    raise refusals.contended()


def verify(place: CampaignPlace) -> Item:
    """See that a campaign that was created is there, whole, as specified, and paused; or not wanted any more.

    Outcomes: SETTLED, REFUSED with what is wrong. Raises what the platform raises.
    """
    setup, campaign = _read(place)
    if campaign is None or _wanted(setup, campaign)[0] != "CREATED":
        return {
            "outcome": "SETTLED",
            "sk": place["sk"],
            "status": "REMOVED" if campaign is None else campaign["status"],
        }
    platform = platform_service.platform(campaign["platform"])
    account = platform_service.account(place["tenant"], campaign["platform"])
    wrong = _wrong(platform.find(account, spec_of(campaign)))
    if wrong is None:
        return {"outcome": "SETTLED", "sk": place["sk"], "status": campaign["status"]}
    told = f"What {campaign['platform']} has is not what was asked for: {wrong}."
    repository.record(place, {"reason": told}, setup["version"] if setup else 0)
    return _refused(place, campaign, told)


def _wrong(found: RemoteCampaign | None) -> str | None:
    if found is None:
        return "it is not there"
    if not found.complete:
        return "a part of it is missing"
    if found.differences:
        return f"different are {', '.join(found.differences)}"
    return "it runs already" if found.running else None


def _read(place: CampaignPlace) -> tuple[Setup | None, Campaign | None]:
    """The set-up that the campaign belongs to, wherever it is now, and the campaign."""
    setup, campaign = repository.with_setup(place)
    if setup is not None and setup["launch_id"] == place["launch_id"]:
        return setup, campaign
    return repository.reset_setup(place["tenant"], place["eid"], place["launch_id"]), campaign


def _wanted(setup: Setup | None, campaign: Campaign) -> tuple[Target, int]:
    """What the campaign is to be, and the version of the set-up that says so.

    One that was withdrawn with its set-up, since replaced, stays away. Raises Conflict where the set-up is on the move.
    """
    if setup is not None:
        return states.target(setup, campaign), setup["version"]
    if campaign["status"] == "REMOVED":
        return "GONE", campaign["at_version"]
    raise refusals.contended()


def _brought(tenant: str, campaign: Campaign, wanted: Target) -> dict[str, Any]:
    """Bring the campaign there; gives what to note of it. Raises what the platform raises."""
    platform = platform_service.platform(campaign["platform"])
    account = platform_service.account(tenant, campaign["platform"])
    spec = spec_of(campaign)
    if wanted == "GONE":
        platform.remove(account, spec)
        return {"status": "REMOVED"}
    if wanted == "CREATED":
        return _seen(platform.create(account, spec))
    try:
        return _seen(platform.switch(account, spec, running=wanted == "RUNNING"))
    except Refused:
        # One that somebody has removed on its platform does not run: that is all that pausing is for.
        if wanted == "RUNNING" or platform.find(account, spec) is not None:
            raise
        return {"status": "REMOVED"}


def _seen(remote: RemoteCampaign) -> dict[str, Any]:
    return {"status": "RUNNING" if remote.running else "PAUSED", "external_id": remote.id}


def _refused(place: CampaignPlace, campaign: Campaign, told: str) -> Item:
    message = f"{campaign['label']} on {campaign['platform']}: {told}"
    return {"outcome": "REFUSED", "sk": place["sk"], "message": message}
