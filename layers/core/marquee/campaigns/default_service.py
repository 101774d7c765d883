"""What a launch of an event's campaigns would be if nothing is said about it."""

from typing import get_args

import orjson

from marquee import clock
from marquee.audience import service as audience
from marquee.audience.models import Goal, PlatformName
from marquee.campaigns import defaults, platform_service, repository, states
from marquee.campaigns.models import DefaultCluster, DefaultParameters, IntegrationState
from marquee.errors import DomainError, Unprocessable
from marquee.events import service as events
from marquee.events.models import EventMeta
from marquee.money import to_number


def parameters(tenant: str, eid: str) -> DefaultParameters:
    """The default parameters of a launch: budget bounds, a goal, clusters, times. Raises NotFound."""
    event = events.stored(tenant, eid)
    meta: EventMeta = orjson.loads(event["doc"])
    currency = meta["currency"]
    platforms = [repository.campaign_settings(tenant)["default_platform"]]
    integrations = [_integration(tenant, name) for name in get_args(PlatformName)]
    usual = next(one for one in integrations if one["platform"] == platforms[0])
    found: DefaultParameters = {
        "event_id": eid,
        "goal": defaults.GOAL,
        "goals": list(get_args(Goal)),
        "currency": currency,
        "budget": None,
        "tc_run_id": None,
        "clusters": [],
        "start": clock.timestamp(),
        "stop": meta["campaign_stop_time"],
        "platforms": platforms,
        "special_ad_category": meta["special_ad_category"],
        "integrations": integrations,
        "conversion_id": usual["settings"].get("pixel_id"),
        "campaign_optimisation_status": event["campaign_optimisation_status"],
        "ad_campaign_optimisation_status": event["ad_campaign_optimisation_status"],
        "reason": None,
    }
    try:
        bounds = defaults.bounds(tenant, eid, currency, platforms, None)
        plan = audience.plan(tenant, eid, bounds.usual, defaults.GOAL, platforms=platforms)
        states.check_may_run(event)
        for name in platforms:
            platform_service.account(tenant, name)
    except DomainError as refusal:
        return {**found, "reason": {"code": refusal.code, "message": refusal.detail}}
    clusters: list[DefaultCluster] = [
        {
            "tc": part.tc,
            "label": part.label,
            "platform": part.platform,
            "budget": to_number(part.budget, currency),
            "expected_tickets": round(part.expected_tickets, 2),
            "expected_reach": round(part.expected_reach),
        }
        for part in plan.parts
    ]
    budget = {name: to_number(value, currency) for name, value in bounds._asdict().items() if name != "usual"}
    return {
        **found,
        "budget": {**budget, "default": to_number(bounds.usual, currency)},  # type: ignore[typeddict-item]
        "tc_run_id": plan.tc_run_id,
        "clusters": clusters,
    }


def _integration(tenant: str, name: str) -> IntegrationState:
    try:
        account = platform_service.account(tenant, name)
    except Unprocessable as refusal:
        return {"platform": name, "ready": False, "settings": {}, "reason": refusal.detail}
    return {"platform": name, "ready": True, "settings": dict(account.settings), "reason": None}
