"""What a campaign has delivered is fetched from its platform, and kept."""

from typing import Any

import orjson

from marquee import clock
from marquee.campaigns import platform_service
from marquee.campaigns.delivery import repository
from marquee.campaigns.models import Campaign, CampaignPlace
from marquee.campaigns.platforms.models import CampaignSpec, Rates


def place_of(tenant: str, campaign: Campaign) -> CampaignPlace:
    """Where a campaign is, for steps to be told."""
    return {"tenant": tenant, "eid": campaign["eid"], "launch_id": campaign["launch_id"], "sk": campaign["sk"]}


def spec_of(campaign: Campaign) -> CampaignSpec:
    """What the campaign is to be on its platform, as it was stored, and its id there where that is known."""
    stored: dict[str, Any] = orjson.loads(campaign["spec"])
    return CampaignSpec(
        **{
            **stored,
            "interests": tuple(stored["interests"]),
            "rates": Rates(**stored["rates"]),
            "remote_id": campaign["external_id"] or "",
        },
    )


def collect(tenant: str, campaign: Campaign) -> None:
    """Fetch what the campaign has delivered until now, and keep it; one that its platform does not know has nothing.

    Raises what the platform raises.
    """
    platform = platform_service.platform(campaign["platform"])
    account = platform_service.account(tenant, campaign["platform"])
    delivery = platform.delivery(account, spec_of(campaign), clock.timestamp())
    if delivery is not None:
        repository.deliver(place_of(tenant, campaign), delivery)
