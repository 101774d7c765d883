"""Pure rules of the sales graph: one point for every day, what is sold up to today and what is predicted from then."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from marquee.demand.graph_models import SalesGraphPoint
from marquee.demand.models import PathPoint

MAX_DAYS = 1_500
MAX_DAYS_AHEAD = 730
NOTICEABLE = 0.005
"""The fraction of capacity that comparable events have sold on the day a graph begins, unless sales began earlier."""


def points(
    sold: Mapping[date, int], path: Sequence[PathPoint], *, capacity: int, show: date, today: date
) -> list[SalesGraphPoint]:
    """The booking curve from net tickets per day and the event's path (empty where nothing can be predicted).

    A curve longer than `MAX_DAYS` starts that many days before its end; the tickets sold before are in its first
    total. It ends at the event, or at the last sale where that is later, `MAX_DAYS_AHEAD` days from today at most.
    """
    # A sale's day is the seller's: east of Greenwich it can be tomorrow's.
    now = max([today, *sold])
    days = _span(sold, path, show=show, now=now)
    if not days:
        return []
    by_day = {point.date: point for point in path}
    total = sum(tickets for day, tickets in sold.items() if day < days[0])
    return [
        _point(day, by_day.get(day), sold, total := total + sold.get(day, 0), capacity=capacity, show=show, now=now)
        for day in days
    ]


def _span(sold: Mapping[date, int], path: Sequence[PathPoint], *, show: date, now: date) -> list[date]:
    awaited = [point.date for point in path if point.benchmark >= NOTICEABLE][:1] or [point.date for point in path[-1:]]
    if not sold and not awaited:
        return []
    last = max([show, *sold])
    if last > now:
        last = min(last, now + timedelta(days=MAX_DAYS_AHEAD))
    first = max(min([now, *sold, *awaited]), last - timedelta(days=MAX_DAYS - 1))
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _point(
    day: date, at: PathPoint | None, sold: Mapping[date, int], total: int, *, capacity: int, show: date, now: date
) -> SalesGraphPoint:
    known, current = day <= now, round(total / capacity, 6) if capacity > 0 else None
    point: SalesGraphPoint = {
        "mapped_date": (day - show).days,
        "norm_tickets_sold_current": current if known else None,
        "norm_tickets_sold_avg": round(at.benchmark, 6) if at else None,
        "norm_prediction": None,
        "norm_prediction_low": None,
        "norm_prediction_high": None,
        "date": day.isoformat(),
        "tickets": sold.get(day, 0) if known else None,
        "tickets_total": total if known else None,
    }
    if at and day >= now and current is not None:
        # The path may have been reckoned from yesterday's end: what is sold by now is its beginning.
        value, low, high = (
            current if day == now or bound is None else max(current, round(bound, 6))
            for bound in (at.value, at.low, at.high)
        )
        point |= {"norm_prediction": value, "norm_prediction_low": low, "norm_prediction_high": high}
    return point
