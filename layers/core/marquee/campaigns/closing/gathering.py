"""What an attribution is computed from: an event's launches, their campaigns' delivery, its sales, its baselines."""

from datetime import date

from marquee import clock
from marquee.campaigns import repository as campaigns
from marquee.campaigns.closing import repository
from marquee.campaigns.closing.attribution import sold, window
from marquee.campaigns.closing.models import Expected, LaunchInputs, Performance, Window
from marquee.campaigns.models import Campaign, Setup
from marquee.demand import service as demand
from marquee.events import closing_service
from marquee.events import service as events
from marquee.sales import days_service as sales


def inputs(tenant: str, eid: str) -> list[LaunchInputs]:
    """The launches of the event that ran, the earliest first, with all that counts for attribution.

    Raises NotFound for an event that is not the tenant's.
    """
    event_day = closing_service.over_at(events.stored(tenant, eid))
    ran = sorted(filter(_ran, repository.launches(tenant, eid)), key=lambda one: (_start(one), one["launch_id"]))
    days = [(one.day, one.currency, one.tickets, one.minor) for one in sales.by_day(tenant, eid).days] if ran else []
    found: list[LaunchInputs] = []
    after: str | None = None
    for launch in ran:
        within = window(_start(launch), launch["stop"], event_day, _end(launch), after)
        expected, unmodelled = _expected(tenant, eid, launch, within)
        found.append(
            {
                "launch_id": launch["launch_id"],
                "currency": launch["currency"],
                "window": within,
                "sold": sold(days, launch["currency"], within),
                "expected": expected,
                "unmodelled": unmodelled,
                "campaigns": [_performance(one) for one in campaigns.campaigns_of(tenant, eid, launch["launch_id"])],
            }
        )
        after = within["until"] if within else after
    return found


def _ran(launch: Setup) -> bool:
    return launch["activated_at"] is not None and launch["phase"] not in {"FAILED", "WITHDRAWING"}


def _start(launch: Setup) -> str:
    """When a launch that ran began to: not before it was activated."""
    return max(launch["start"], launch["activated_at"] or "")


def _end(launch: Setup) -> str:
    """When a launch ended: with the event, or when it was reset."""
    ended = launch.get("closed_at") if launch["sk"] == campaigns.SETUP else launch.get("reset_at")
    return ended or clock.timestamp()


def _expected(tenant: str, eid: str, launch: Setup, within: Window | None) -> tuple[Expected | None, str | None]:
    """The baseline of a launch's window, or why there is none."""
    if within is None:
        return None, "no_days"
    if launch["model"] is None:
        return None, "no_model"
    since, until = date.fromisoformat(within["since"]), date.fromisoformat(within["until"])
    found = demand.baseline(tenant, eid, launch["model"], since, until)
    if found is None:
        return None, "not_predictable"
    expected: Expected = {
        "expected": found.expected,
        "low": found.low,
        "high": found.high,
        "version": found.model,
        "inputs": found.inputs,
    }
    return expected, None


def _performance(campaign: Campaign) -> Performance:
    return {
        "launch_id": campaign["launch_id"],
        "tc": campaign["tc"],
        "tc_run_id": campaign["tc_run_id"],
        "platform": campaign["platform"],
        "reach": campaign.get("reach", 0),
        "clicks": campaign.get("clicks", 0),
        "purchases": campaign.get("purchases", 0),
        "revenue": campaign.get("revenue", 0),
        "spent": campaign.get("spent", 0),
    }
