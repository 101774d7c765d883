"""What a launch will be: its parameters checked against the event, its clusters and the accounts on its platforms."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import orjson

from marquee import clock, keys
from marquee.audience import service as audience
from marquee.audience.models import OBJECTIVES, AllocatedPart, Allocation, Goal
from marquee.campaigns import defaults, platform_service, repository, rules, states
from marquee.campaigns.models import MOST_CAMPAIGNS, Campaign, LaunchParameters, LaunchTask, Setup
from marquee.campaigns.platforms.models import CampaignSpec, Objective, Rates
from marquee.errors import Unprocessable, Violation
from marquee.events import service as events
from marquee.events.models import EventMeta
from marquee.ids import derived_id

_OBJECTIVES: dict[str, Objective] = {"tickets": "SALES", "revenue": "SALES", "reach": "AWARENESS", "clicks": "TRAFFIC"}
_LATE = timedelta(hours=1)
"""How long ago a start may be that counts as now: requests travel, and executions are redriven."""


@dataclass(frozen=True, slots=True)
class LaunchPlan:
    """A launch as it would be."""

    meta: EventMeta
    budget: int
    goal: str
    start: str
    stop: str
    platforms: tuple[str, ...]
    tc_run_id: str
    objective: str
    parts: tuple[AllocatedPart, ...]
    ticket_price: int | None


def parse(text: str) -> LaunchParameters:
    """Parameters as an execution's input has them."""
    return LaunchParameters.model_validate(orjson.loads(text))


def parameters_text(parameters: LaunchParameters) -> str:
    """Parameters for an execution's input; the same ones are the same text, in whatever order clusters stand."""
    given = parameters.model_dump(exclude_none=True)
    if "clusters" in given:
        given["clusters"] = sorted(given["clusters"], key=lambda one: str(one["tc"]))
    if "platforms" in given:
        given["platforms"] = sorted(set(given["platforms"]))
    return orjson.dumps(given, default=_plain, option=orjson.OPT_SORT_KEYS).decode()


def _plain(amount: Decimal) -> str:
    return format(amount.normalize(), "f")


def planned(tenant: str, eid: str, asked: LaunchParameters) -> LaunchPlan:
    """What a launch with these parameters would be now. Raises NotFound, Conflict, Unprocessable."""
    event = events.stored(tenant, eid)
    states.check_may_run(event)
    meta: EventMeta = orjson.loads(event["doc"])
    usual = repository.campaign_settings(tenant)["default_platform"]
    platforms = tuple(sorted(set(asked.platforms))) if asked.platforms else (usual,)
    start, stop = _times(asked, meta, clock.now())
    goal = asked.goal or defaults.GOAL
    parts, allocations = _allocated(tenant, eid, meta, asked, platforms, goal)
    if len(parts) > MOST_CAMPAIGNS:
        told = (
            f"These would be {len(parts)} campaigns; at most {MOST_CAMPAIGNS} are set up at once. Name fewer clusters."
        )
        raise _wrong("clusters.too_many", "clusters", told)
    for platform in sorted({part.platform for part in parts}):
        platform_service.account(tenant, platform)
    return LaunchPlan(
        meta=meta,
        budget=sum(part.budget for part in parts),
        goal=goal,
        start=start,
        stop=stop,
        platforms=platforms,
        tc_run_id=allocations[0].tc_run_id,
        objective=_OBJECTIVES[OBJECTIVES[goal]],
        parts=tuple(parts),
        ticket_price=allocations[0].ticket_price,
    )


def _times(asked: LaunchParameters, meta: EventMeta, now: datetime) -> tuple[str, str]:
    start = _moment(asked.start, "start") if asked.start else now
    last = datetime.fromisoformat(meta["campaign_stop_time"])
    stop = _moment(asked.stop, "stop") if asked.stop else last
    if start < now - _LATE:
        raise _wrong("campaigns.start_past", "start", "start is in the past.")
    check_time(clock.rfc3339(stop), now)
    if stop > last:
        told = f"stop is after the event's campaign stop time, {meta['campaign_stop_time']}."
        raise _wrong("campaigns.stop_late", "stop", told)
    start = max(start, now)
    if start >= stop:
        raise _wrong("campaigns.no_time", "start", "start is not before stop.")
    return clock.rfc3339(start), clock.rfc3339(stop)


def check_time(stop: str, now: datetime) -> None:
    """Raise Unprocessable where campaigns that stop then are over."""
    if stop <= clock.rfc3339(now):
        raise _wrong("campaigns.stop_past", "stop", f"stop is in the past: campaigns would end at {stop}.")


def _moment(text: str, field: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise _wrong(
            "time.unreadable", field, f"{field} is no RFC 3339 time with an offset, as 2026-06-12T18:30:00Z is."
        )
    return moment.astimezone(UTC)


def _allocated(
    tenant: str, eid: str, meta: EventMeta, asked: LaunchParameters, platforms: tuple[str, ...], goal: Goal
) -> tuple[list[AllocatedPart], list[Allocation]]:
    """The budget spread over the clusters: what clusters have of their own, and the rest over the others."""
    currency = meta["currency"]
    own, others = _own_budgets(asked, currency)
    total = rules.minor_units(asked.budget, currency, "budget") if asked.budget is not None else None
    rest = None if total is None else total - sum(own.values())
    if rest is not None and (rest < 0 or (rest and own and not others)):
        told = "budget is not the sum of the clusters' budgets."
        raise _wrong("budget.not_the_sum", "budget", told)
    orders: list[tuple[int, list[str] | None]] = [(budget, [tc]) for tc, budget in own.items()]
    if rest is None and (others or not own):
        rest = defaults.budget(tenant, eid, currency, platforms, others or None)
    if rest and (others or not own):
        orders.append((rest, others or None))
    elif others:
        told = "Nothing of budget is left for the clusters without one of their own."
        raise _wrong("budget.nothing_left", "budget", told)
    found = audience.plans(tenant, eid, orders, goal, platforms=platforms)
    return [part for one in found for part in one.parts], found


def _own_budgets(asked: LaunchParameters, currency: str) -> tuple[dict[str, int], list[str]]:
    own: dict[str, int] = {}
    others: list[str] = []
    for index, cluster in enumerate(asked.clusters or ()):
        if cluster.tc in own or cluster.tc in others:
            raise _wrong("clusters.twice", f"clusters.{index}.tc", f"The cluster '{cluster.tc}' is named twice.")
        if cluster.budget is None:
            others.append(cluster.tc)
        else:
            own[cluster.tc] = rules.minor_units(cluster.budget, currency, f"clusters.{index}.budget")
    return own, others


# --- as it is stored --------------------------------------------------------------------------------------------------


def stored(
    task: LaunchTask, plan: LaunchPlan, model: str | None, at: str, before: Setup | None
) -> tuple[Setup, list[Campaign]]:
    """The launch as it is written down: its set-up, PREPARING, and its campaigns, PLANNED.

    `model` is the version of the demand model that its sales are measured against, `before` the set-up that it
    replaces.
    """
    tenant, eid, launch_id = task["tenant"], task["eid"], task["launch_id"]
    version = before["version"] + 1 if before else 1
    setup: Setup = {
        "pk": keys.event(tenant, eid),
        "sk": repository.SETUP,
        "eid": eid,
        "version": version,
        "launch_id": launch_id,
        "number": task["number"],
        "restored": 0,
        "phase": "PREPARING",
        "paused": False,
        "shown": "PAUSED",
        "sequence": before["sequence"] if before else 0,
        "parameters": task["parameters"],
        "execution": task["execution"],
        "goal": plan.goal,
        "objective": plan.objective,
        "budget": plan.budget,
        "currency": plan.meta["currency"],
        "start": plan.start,
        "stop": plan.stop,
        "special_ad_category": plan.meta["special_ad_category"],
        "platforms": list(plan.platforms),
        "tc_run_id": plan.tc_run_id,
        "model": model,
        "campaigns": len(plan.parts),
        "reasons": [],
        "created_at": at,
        "activated_at": None,
        "updated_at": at,
    }
    return setup, [_campaign(tenant, eid, launch_id, plan, part, at) for part in plan.parts]


def _campaign(tenant: str, eid: str, launch_id: str, plan: LaunchPlan, part: AllocatedPart, at: str) -> Campaign:
    key = derived_id("cmp", tenant, eid, launch_id, part.tc, plan.tc_run_id, part.platform)
    spec = CampaignSpec(
        key=key,
        name=f"{plan.meta['title']}: {part.label}",
        objective=_OBJECTIVES[OBJECTIVES[plan.goal]],  # type: ignore[index]
        budget=part.budget,
        currency=plan.meta["currency"],
        start=plan.start,
        stop=plan.stop,
        special_ad_category=plan.meta["special_ad_category"],
        interests=part.interests,
        size=part.size,
        rates=Rates(part.cost_per_mille, part.click_rate, part.purchase_rate),
        value=plan.ticket_price or 0,
    )
    return {
        "pk": keys.event(tenant, eid),
        "sk": repository.campaign_key(launch_id, part.tc, part.platform),
        "eid": eid,
        "launch_id": launch_id,
        "key": key,
        "tc": part.tc,
        "tc_run_id": plan.tc_run_id,
        "label": part.label,
        "platform": part.platform,
        "budget": part.budget,
        "currency": plan.meta["currency"],
        "spec": orjson.dumps(asdict(spec)).decode(),
        "status": "PLANNED",
        "at_version": 0,
        "external_id": None,
        "reason": None,
        "off": "",
        "created_at": at,
        "updated_at": at,
    }


def _wrong(code: str, field: str, told: str) -> Unprocessable:
    return Unprocessable(code, told, violations=[Violation(code, field, told)])
