"""Main: an event's campaigns, and a tenant's settings for them."""

from marquee.auth import Caller
from marquee.campaigns import service, settings_service
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
