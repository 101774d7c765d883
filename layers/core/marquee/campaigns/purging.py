"""The steps of the `campaigns_purge` machine: what was reset long ago is removed from its platforms.

The set-up and its campaigns' figures stay: what was spent and sold counts for attribution ever after.
"""

import time

from marquee import clock
from marquee.campaigns import platform_service, repository
from marquee.campaigns.delivery import collecting
from marquee.campaigns.models import Campaign, Item, ResetTask

RESETS = 100
"""How many resets a page has."""
_STEP_SECONDS = 10  # the last campaign may take the platform two operations more


def find(after: str | None) -> Item:
    """Resets whose time is up, some of them. Outcome FOUND, with the place to go on from."""
    found, following = repository.resets_due(clock.timestamp(), after, RESETS)
    return {"outcome": "FOUND", "resets": found, "after": following}


def purge(task: ResetTask) -> Item:
    """Remove the campaigns of a reset set-up from their platforms; repeated, it goes on.

    Outcomes: MORE after some seconds, PURGED where nothing is left that can be reached, or it was brought back. Those
    on a platform that the tenant has left since stay there, paused. Raises what the platform raises.
    """
    tenant, eid, launch_id = task["tenant"], task["eid"], task["launch_id"]
    aside = repository.reset_setup(tenant, eid, launch_id)
    if aside is None or "live_pk" not in aside:
        return {"outcome": "PURGED"}
    give_up = time.monotonic() + _STEP_SECONDS
    for campaign in repository.campaigns_of(tenant, eid, launch_id):
        if campaign["status"] == "REMOVED":
            continue
        if time.monotonic() > give_up:
            return {"outcome": "MORE"}
        if platform_service.is_set_up(tenant, campaign["platform"]):
            _remove(tenant, campaign, aside["version"])
    repository.purged(aside, clock.timestamp())
    return {"outcome": "PURGED"}


def _remove(tenant: str, campaign: Campaign, at_version: int) -> None:
    """Remove one campaign; what it has delivered since it was last looked at is fetched while it can be."""
    collecting.collect(tenant, campaign)
    account = platform_service.account(tenant, campaign["platform"])
    platform_service.platform(campaign["platform"]).remove(account, collecting.spec_of(campaign))
    removed = {"status": "REMOVED", "updated_at": clock.timestamp()}
    repository.record(collecting.place_of(tenant, campaign), removed, at_version)
