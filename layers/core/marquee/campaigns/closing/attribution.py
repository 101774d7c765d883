"""Pure rules of attribution: which sales are due to campaigns, and to which of them.

What is sold beyond the baseline is incremental (the difference between what happened and what the model, pinned before
the launch, expected of the same days without campaigns; Brodersen et al. 2015 call it the counterfactual). It is split
among the campaigns by the people they have reached. Everything is in integers, so that the parts sum exactly.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import orjson

from marquee.campaigns.closing.models import (
    Expected,
    LaunchInputs,
    Performance,
    Run,
    Share,
    Sold,
    StoredResult,
    Window,
)
from marquee.ids import derived_id

METHOD = 1
"""Version of these rules: it is among a result's inputs, so results of other rules are other results."""


def window(start: str, stop: str, event_day: str, closed_day: str, after: str | None) -> Window | None:
    """The days of a launch that began to run at `start` and was to stop at `stop` (ISO 8601, date or moment).

    They end with the event's day and the day on which it was closed, and begin after the day `after` which ended an
    earlier launch: no day's sales are attributed twice. None where no day is left.
    """
    since, until = start[:10], min(stop[:10], event_day[:10], closed_day[:10])
    if after is not None and since <= after[:10]:
        since = (date.fromisoformat(after[:10]) + timedelta(days=1)).isoformat()
    return {"since": since, "until": until} if since <= until else None


def sold(days: Iterable[tuple[str, str, int, int]], currency: str, within: Window | None) -> Sold:
    """The window's sales, from an event's (day, currency, tickets, revenue); refunds count against them."""
    inside = sorted(row for row in days if within is not None and within["since"] <= row[0] <= within["until"])
    own = [row for row in inside if row[1] == currency]
    return {
        "tickets": sum(row[2] for row in own),
        "revenue": sum(row[3] for row in own),
        "all_tickets": sum(row[2] for row in inside),
        "days": len({row[0] for row in inside}),
        "hash": hashlib.sha256(orjson.dumps(inside)).hexdigest()[:32],
    }


def incremental(sales: Sold, expected: Expected) -> tuple[Share, Share]:
    """Tickets and revenue beyond the baseline, each between nothing and all that was sold.

    The baseline counts tickets of every currency; the campaigns' currency bears its part of it. Revenue follows the
    tickets at the window's average price.
    """
    actual = max(0, sales["tickets"])
    part = min(1.0, actual / sales["all_tickets"]) if sales["all_tickets"] > 0 else 1.0
    low, high = sorted((expected["low"], expected["high"]))
    middle = min(max(expected["expected"], low), high)
    tickets = Share(*(min(max(round(actual - one * part), 0), actual) for one in (high, middle, low)))
    money = max(0, sales["revenue"])
    revenue = Share(
        *(_proportion(money, one, actual) for one in (tickets.low, tickets.value, tickets.high)),
    )
    return tickets, revenue


def _proportion(whole: int, part: int, of: int) -> int:
    """`whole * part / of`, half up; nothing of nothing."""
    return (2 * whole * part + of) // (2 * of) if of else 0


def weights(campaigns: Sequence[Performance]) -> list[int]:
    """By what the campaigns share: the people reached; else the money spent, the clicks or the purchases reported.

    All are 0 where nothing was delivered: campaigns that nobody saw have sold nothing.
    """
    for field in ("reach", "spent", "clicks", "purchases"):
        found = [max(0, int(one[field])) for one in campaigns]
        if any(found):
            return found
    return [0] * len(campaigns)


def shares(
    total: int, by: Sequence[int], at_least: Sequence[int] | None = None, at_most: Sequence[int] | None = None
) -> list[int]:
    """`total` split in proportion to the weights `by`, in integers that sum to it exactly.

    Largest remainders get what rounding down leaves; equal ones in order. Each part is kept between its bounds; there
    must be a way to do so.
    """
    whole = sum(by)
    low = at_least or [0] * len(by)
    high = at_most or [total] * len(by)
    exact = [divmod(total * weight, whole) for weight in by]
    parts = [min(max(quotient, low[index]), high[index]) for index, (quotient, _) in enumerate(exact)]
    order = sorted(range(len(by)), key=lambda index: (-exact[index][1], -by[index], index))
    left = total - sum(parts)
    while left:
        step = 1 if left > 0 else -1
        for index in order if step > 0 else reversed(order):
            room = high[index] - parts[index] if step > 0 else parts[index] - low[index]
            if left and room > 0:
                parts[index] += step
                left -= step
    return parts


def split(share: Share, by: Sequence[int]) -> list[Share]:
    """What each campaign gets of the value, and of its bounds; each of the three sums exactly.

    Where there is no weight at all, nobody gets anything.
    """
    if not any(by):
        return [Share(0, 0, 0) for _ in by]
    values = shares(share.value, by)
    lows = shares(share.low, by, at_most=values)
    highs = shares(share.high, by, at_least=values)
    return [Share(*three) for three in zip(lows, values, highs, strict=True)]


def reported(campaigns: Sequence[Performance], sales: Sold) -> list[tuple[int, int]]:
    """Purchases and revenue as the platform reports them, scaled down where together they exceed the sales."""
    purchases = _capped([one["purchases"] for one in campaigns], sales["tickets"])
    return list(zip(purchases, _capped([one["revenue"] for one in campaigns], sales["revenue"]), strict=True))


def _capped(values: Sequence[int], most: int) -> list[int]:
    found = [max(0, value) for value in values]
    total = sum(found)
    return found if total <= max(0, most) else shares(max(0, most), found)


def attribution(tenant: str, eid: str, inputs: Sequence[LaunchInputs], at: str) -> Run:
    """The attribution of an event's launches. Equal inputs give the same ids and the same numbers, whenever it runs."""
    ordered = sorted(inputs, key=lambda one: one["launch_id"])
    run_id = derived_id("att", tenant, eid, canonical(ordered))
    results = [one for launch in ordered for one in _results(run_id, launch)]
    return {"id": run_id, "method": METHOD, "created_at": at, "inputs": ordered, "results": results}


def canonical(inputs: Sequence[LaunchInputs]) -> str:
    """The inputs as one text that equal inputs always have."""
    return orjson.dumps([METHOD, inputs], option=orjson.OPT_SORT_KEYS).decode()


def _results(run_id: str, launch: LaunchInputs) -> list[StoredResult]:
    campaigns, bounds = launch["campaigns"], None
    if not campaigns:
        return []
    if launch["expected"] is not None:
        tickets, revenue = incremental(launch["sold"], launch["expected"])
        by = weights(campaigns)
        pairs = list(zip(split(tickets, by), split(revenue, by), strict=True))
        figures = [(count.value, money.value) for count, money in pairs]
        bounds = [[count.low, count.high, money.low, money.high] for count, money in pairs]
    else:
        figures = reported(campaigns, launch["sold"])
    return [
        {
            "id": derived_id("res", run_id, one["launch_id"], one["tc"], one["tc_run_id"], one["platform"]),
            "launch_id": one["launch_id"],
            "tc": one["tc"],
            "tc_run_id": one["tc_run_id"],
            "platform": one["platform"],
            "purchase": figures[index][0],
            "revenue": figures[index][1],
            "bounds": bounds[index] if bounds else None,
            "reach": one["reach"],
            "spent": one["spent"],
        }
        for index, one in enumerate(campaigns)
    ]
