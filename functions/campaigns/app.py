"""Main: an event's campaigns, and a tenant's settings for them."""

from marquee.auth import Caller
from marquee.campaigns import service, settings_service
from marquee.campaigns.integrations import service as integrations
from marquee.campaigns.integrations.models import IntegrationDocument, IntegrationsDocument, NewIntegration
from marquee.campaigns.models import CampaignsDocument, CampaignSettingsDocument, NewSettings
from marquee.http import Api, Reply
from marquee.preconditions import Precondition, etag

handler = Api("main")


@handler.get("/events/<eid>/campaigns", scope="main.read")
def list_campaigns(caller: Caller, eid: str) -> CampaignsDocument:
    """List an event's campaigns with what they have delivered."""
    return service.campaigns(caller.tenant, eid)


@handler.get("/campaign_settings", scope="main.read")
def read_settings(caller: Caller) -> Reply[CampaignSettingsDocument]:
    """Read the tenant's campaign settings."""
    found = settings_service.read(caller.tenant)
    return Reply(found, headers={"ETag": etag(found["version"])})


@handler.put("/campaign_settings", scope="campaigns.write")
def replace_settings(caller: Caller, body: NewSettings, precondition: Precondition) -> Reply[CampaignSettingsDocument]:
    """Replace the tenant's campaign settings: the return floor, what is spent before it counts, the usual platform."""
    found = settings_service.replace(caller.tenant, body, precondition)
    return Reply(found, headers={"ETag": etag(found["version"])})


@handler.get("/integrations", scope="main.read")
def list_integrations(caller: Caller) -> IntegrationsDocument:
    """List the ad platforms with the tenant's integration of each, and what is missing of it."""
    return integrations.integrations(caller.tenant)


@handler.put("/integrations/<platform>", scope="campaigns.write")
def set_up_integration(
    caller: Caller, platform: str, body: NewIntegration, precondition: Precondition
) -> Reply[IntegrationDocument]:
    """Set up an ad platform, all of it: account, countries, pixel, page, creative.

    The access token is no part of it. It is put into the secret that the answer names, by whoever runs the platform.
    """
    found = integrations.set_up(caller.tenant, platform, body, precondition)
    return Reply(found, headers={"ETag": etag(found["version"])})


@handler.delete("/integrations/<platform>", scope="campaigns.write")
def remove_integration(caller: Caller, platform: str, precondition: Precondition) -> None:
    """Remove the integration with an ad platform. The secret stays where it is."""
    integrations.remove(caller.tenant, platform, precondition)
