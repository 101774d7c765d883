"""Charts of an event's sales for tests of the sales graph."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from marquee.demand import graph
from marquee.demand.graph_models import Chart, Outcome
from marquee.demand.models import PathPoint

SHOW = date(2026, 6, 12)
TODAY = date(2026, 5, 1)
REACH = 120
REASON = "Too few events with sales are over yet for a prediction."


def path(final: float, now: float = 0.0, *, show: date = SHOW, as_of: date = TODAY, reach: int = REACH) -> Any:
    """A straight way from what is sold to the final, +- 0.1; comparable events sold evenly up to 0.8."""
    ahead = max((show - as_of).days, 0)

    def point(lead: int) -> PathPoint:
        benchmark = 0.8 * max(0.0, 1 - lead / reach)
        day = show - timedelta(days=lead)
        if lead > ahead:
            return PathPoint(lead, day, benchmark, None, None, None)
        done = 1 - lead / ahead if ahead else 1.0
        ends = (final, max(now, final - 0.1), final + 0.1)
        return PathPoint(lead, day, benchmark, *(now + done * (end - now) for end in ends))

    return [point(lead) for lead in range(max(reach, ahead), -1, -1)]


def chart(sold: Mapping[date, int] | None = None, final: float | None = 0.9, **changes: Any) -> Chart:
    """A chart of these net tickets per day (300 a week by default); without a `final` nothing is predicted."""
    show, today, capacity = changes.get("event_day", SHOW), changes.get("today", TODAY), changes.get("capacity", 12_000)
    if sold is None:
        sold = {today - timedelta(days=7 * week): 300 for week in range(14)}
    now = sum(sold.values()) / capacity if capacity else 0.0
    ahead = path(final, now, show=show, as_of=today) if final is not None else []
    values: dict[str, Any] = {
        "title": "Aurora Night",
        "venue": "Olympiahalle",
        "city": "München",
        "capacity": capacity,
        "event_day": show,
        "today": today,
        "points": graph.points(sold, ahead, capacity=capacity, show=show, today=today),
        "outcome": Outcome(final, final - 0.1, final + 0.1, 0.8) if final is not None else None,
        "basis": "Learnt from 48 past events." if final is not None else None,
        "reason": None if final is not None else REASON,
    }
    return Chart(**values | changes)
