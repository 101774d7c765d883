"""Main: an event's campaigns, and a tenant's settings for them."""

from marquee.auth import Caller
from marquee.campaigns import (
    default_service,
    launch_service,
    reset_service,
    service,
    settings_service,
    toggle_service,
)
from marquee.campaigns.closing import result_service as results
from marquee.campaigns.closing.models import AttributionQuery, CampaignResult, ResultQuery
from marquee.campaigns.integrations import service as integrations
from marquee.campaigns.integrations.models import IntegrationDocument, IntegrationsDocument, NewIntegration
from marquee.campaigns.models import (
    CampaignsDocument,
    CampaignSettingsDocument,
    DefaultParameters,
    LaunchParameters,
    NewSettings,
    ToggleQuery,
)
from marquee.executions.models import Execution
from marquee.http import Api, Reply
from marquee.plans import DryRun, Plan
from marquee.preconditions import Precondition, etag
from marquee.requests import Request

handler = Api("main")


@handler.get("/events/<eid>/campaigns", scope="main.read")
def list_campaigns(caller: Caller, eid: str) -> CampaignsDocument:
    """List an event's campaigns with what they have delivered."""
    return service.campaigns(caller.tenant, eid)


@handler.get("/events/<eid>/default_campaigns_parameters", scope="main.read")
def read_default_parameters(caller: Caller, eid: str) -> DefaultParameters:
    """Read what a set-up of an event's campaigns would be if nothing is said about it."""
    return default_service.parameters(caller.tenant, eid)


@handler.put("/events/<eid>/init_campaigns_setup", scope="campaigns.write", status=202)
def set_up_campaigns(
    caller: Caller, eid: str, query: DryRun, body: LaunchParameters, precondition: Precondition
) -> Reply[Execution] | Plan:
    """Set an event's campaigns up: one for each cluster and platform, created paused, verified, then switched on.

    The same parameters again are the same set-up and create nothing twice. Where one campaign cannot be, nothing is
    left of any.
    """
    if query.dry_run:
        return launch_service.plan(caller.tenant, eid, body, precondition)
    started = launch_service.start(caller.tenant, eid, body, precondition)
    return Reply(started, 202, headers={"Location": f"/executions/{started.id}"})


@handler.put("/events/<eid>/client_campaign_status", scope="campaigns.write", status=202)
def toggle_campaigns(
    caller: Caller, eid: str, query: ToggleQuery, precondition: Precondition, request: Request
) -> Reply[Execution] | Plan:
    """Pause an event's campaigns, or let them run: on their platforms first, then the event says so.

    A later toggle is never overridden by an earlier one. Pausing is always possible.
    """
    if query.dry_run:
        return toggle_service.plan(caller.tenant, eid, query.status, precondition)
    key = request.idempotency_key
    started = toggle_service.start(caller.tenant, caller.sub, eid, query.status, precondition, key)
    return Reply(started, 202, headers={"Location": f"/executions/{started.id}"})


@handler.put("/events/<eid>/reset_campaigns_setup", scope="campaigns.write", status=202)
def reset_campaigns(caller: Caller, eid: str, query: DryRun, precondition: Precondition) -> Reply[Execution] | Plan:
    """Reset an event's campaigns: they are paused and put aside, and others can be set up.

    For 30 days `POST /executions/{id}/undo` brings them back as they were.
    """
    if query.dry_run:
        return reset_service.plan(caller.tenant, eid, precondition)
    started = reset_service.start(caller.tenant, eid, precondition)
    return Reply(started, 202, headers={"Location": f"/executions/{started.id}"})


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


@handler.get("/campaign_results", scope="main.read")
def list_results(caller: Caller, query: ResultQuery) -> list[CampaignResult]:
    """List what an event's campaigns have sold, with its interval and the baseline it was measured against.

    They are there once the event is closed. Those that later figures have replaced are shown where asked for.
    """
    return results.results(caller.tenant, query)


@handler.post("/events/<eid>/attribution", scope="campaigns.write", status=202)
def attribute_sales(caller: Caller, eid: str, query: AttributionQuery, request: Request) -> Reply[Execution] | Plan:
    """Attribute a closed event's sales to its campaigns anew, from its present sales and their delivery.

    From equal figures it is the same attribution: the same ids, the same numbers.
    """
    if query.dry_run:
        return results.plan(caller.tenant, eid)
    started = results.attribute_again(caller.tenant, caller.sub, eid, request.idempotency_key)
    return Reply(started, 202, headers={"Location": f"/executions/{started.id}"})
