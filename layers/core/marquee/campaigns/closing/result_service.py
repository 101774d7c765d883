"""Use cases of campaign results: they are listed, and worked out again."""

from collections.abc import Mapping
from decimal import Decimal

from marquee import money
from marquee.campaigns.closing import repository
from marquee.campaigns.closing.models import (
    CampaignResult,
    LaunchInputs,
    ResultBaseline,
    ResultInterval,
    ResultQuery,
    Run,
    StoredResult,
)
from marquee.errors import Conflict
from marquee.events import service as events
from marquee.events.models import Item
from marquee.executions import service as executions
from marquee.executions.models import Execution
from marquee.ids import new_id
from marquee.plans import Plan, PlannedChange

_MACHINE = "event_closing"
_DECIMALS = 3
"""Of the tickets that a baseline expects."""


def results(tenant: str, query: ResultQuery) -> list[CampaignResult]:
    """What the event's campaigns have sold; nothing before it was closed. Raises NotFound.

    The results that count come first, then, where asked for, those they have replaced, the newest first.
    """
    events.stored(tenant, query.eid)
    current = repository.current(tenant, query.eid).run_id
    if current is None:
        return []
    if not query.include_superseded:
        counting = repository.run(tenant, query.eid, current)
        return _documents(query.eid, counting, current) if counting else []
    found = sorted(repository.runs(tenant, query.eid), key=lambda run: (run["created_at"], run["id"]), reverse=True)
    found.sort(key=lambda run: run["id"] != current)
    return [one for run in found for one in _documents(query.eid, run, current)]


def attribute_again(tenant: str, sub: str, eid: str, key: str | None) -> Execution:
    """Attribute the closed event's sales anew, after its campaigns' delivery was fetched once more.

    Under an idempotency key it is the same execution when repeated. Raises NotFound, and Conflict for an event that is
    not closed.
    """
    _closed(tenant, eid)
    name = executions.name_of(tenant, sub, "attribution", eid, key or new_id("att"))
    return executions.start(tenant, _MACHINE, name, {"eid": eid})


def plan(tenant: str, eid: str) -> Plan:
    """What attributing anew may change: which results count. Raises as `attribute_again` does."""
    _closed(tenant, eid)
    counting = repository.current(tenant, eid).run_id
    told = "that of the figures as they are then"
    return Plan(
        workflow=_MACHINE,
        changes=[PlannedChange(host="Main", id=eid, field="attribution", before=counting, after=told)],
    )


def _closed(tenant: str, eid: str) -> Item:
    item = events.stored(tenant, eid)
    if item["campaign_status"] != "CLOSED":
        told = f"Sales are attributed when the event is closed: its campaign status is {item['campaign_status']}."
        raise Conflict("event.not_closed", told)
    return item


def _documents(eid: str, run: Run, current: str) -> list[CampaignResult]:
    launches = {launch["launch_id"]: launch for launch in run["inputs"]}
    reached = {
        launch_id: sum(one["reach"] for one in run["results"] if one["launch_id"] == launch_id)
        for launch_id in launches
    }
    return [
        _document(eid, run, one, launches[one["launch_id"]], reached, superseded=run["id"] != current)
        for one in run["results"]
    ]


def _document(
    eid: str, run: Run, one: StoredResult, launch: LaunchInputs, reached: Mapping[str, int], *, superseded: bool
) -> CampaignResult:
    currency, everybody = launch["currency"], reached[one["launch_id"]]
    return {
        "id": one["id"],
        "eid": eid,
        "purchase": one["purchase"],
        "revenue": money.to_number(one["revenue"], currency),
        "created_at": run["created_at"],
        "source": "platform" if launch["expected"] is None else "marquee",
        "launch_id": one["launch_id"],
        "tc": one["tc"],
        "tc_run_id": one["tc_run_id"],
        "platform": one["platform"],
        "currency": currency,
        "interval": _interval(one["bounds"], currency),
        "baseline": _baseline(launch),
        "reason": launch["unmodelled"],
        "reach": one["reach"],
        "reach_share": float(round(Decimal(one["reach"]) / everybody, 4)) if everybody else None,
        "spent": money.to_number(one["spent"], currency),
        "run_id": run["id"],
        "method": run["method"],
        "superseded": superseded,
    }


def _interval(bounds: list[int] | None, currency: str) -> ResultInterval | None:
    if bounds is None:
        return None
    low, high, revenue_low, revenue_high = bounds
    return {
        "low": low,
        "high": high,
        "revenue_low": money.to_number(revenue_low, currency),
        "revenue_high": money.to_number(revenue_high, currency),
    }


def _baseline(launch: LaunchInputs) -> ResultBaseline | None:
    expected, within, sold = launch["expected"], launch["window"], launch["sold"]
    if expected is None or within is None:
        return None
    return {
        "since": within["since"],
        "until": within["until"],
        "tickets": sold["all_tickets"],
        "revenue": money.to_number(sold["revenue"], launch["currency"]),
        "expected": round(expected["expected"], _DECIMALS),
        "low": round(expected["low"], _DECIMALS),
        "high": round(expected["high"], _DECIMALS),
        "model": expected["version"],
        "inputs": expected["inputs"],
    }
