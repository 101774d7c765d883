"""Predicts one event from a trained model and its own curve: pure Python, a few thousand operations."""

from datetime import date, timedelta

from marquee.demand import curves
from marquee.demand.models import Curve, Forecast, Model, PathPoint, Pickup, State

MIN_EVENTS = 3
_NORMAL_80 = 1.2816  # half the width of a normal distribution's central 80 %, in standard deviations


def forecast(model: Model | None, curve: Curve, as_of: date) -> Forecast:
    """The event's final sell-through as seen at the end of `as_of`."""
    horizon = curves.lead(curve.facts, as_of)
    if curve.facts.capacity <= 0:
        return Forecast(horizon, reason="no_capacity")
    now = curves.sold(curve, as_of) / curve.facts.capacity
    if model is None or not model.events:
        return Forecast(horizon, now=now, reason="no_history")
    if model.events < MIN_EVENTS:
        return Forecast(horizon, now=now, events=model.events, reason="too_little_history")
    lead = min(horizon, len(model.benchmark) - 1)
    benchmark, final = model.benchmark[lead], model.benchmark[0]
    value = max(now, min(1.0, now + final - benchmark))
    width = _NORMAL_80 * model.spread[lead]
    return Forecast(
        horizon=horizon,
        value=value,
        low=max(now, value - width),
        high=max(value, min(1.0, value + width)),
        now=now,
        benchmark=benchmark,
        benchmark_final=final,
        tolerance=0.02,
        state=_state(now, benchmark, 0.02),
        events=model.events,
    )


def path(model: Model | None, curve: Curve, as_of: date) -> list[PathPoint]:
    """The benchmark and the prediction day by day, from the first lead of interest to the event's day.

    Empty where there is no forecast. Ends in the forecast.
    """
    seen = forecast(model, curve, as_of)
    if model is None or seen.value is None or seen.low is None or seen.high is None or seen.now is None:
        return []
    reach = len(model.benchmark) - 1
    start = max([seen.horizon, *(days for days, _ in curve.sales)])
    here, end = model.benchmark[min(seen.horizon, reach)], model.benchmark[0]
    points = []
    for lead in range(max(start, 0), -1, -1):
        at = model.benchmark[min(lead, reach)]
        done = 1.0 if lead == 0 else (at - here) / (end - here) if end > here else 1 - lead / max(seen.horizon, 1)
        ahead = lead <= seen.horizon
        points.append(
            PathPoint(
                lead,
                curve.facts.day - timedelta(days=lead),
                at,
                seen.now + done * (seen.value - seen.now) if ahead else None,
                seen.now + done * (seen.low - seen.now) if ahead else None,
                seen.now + done * (seen.high - seen.now) if ahead else None,
            )
        )
    return points


def pickup(model: Model | None, curve: Curve, as_of: date, until: date) -> Pickup | None:
    """Tickets expected after `as_of` up to and including `until`; None where there is no forecast."""
    for point in path(model, curve, as_of):
        if point.lead == curves.lead(curve.facts, until) and point.value is not None:
            now, room = curves.sold(curve, as_of), curve.facts.capacity
            low, high = point.low or 0.0, point.high or 0.0
            return Pickup(point.value * room - now, low * room - now, high * room - now)
    return None


def _state(now: float, benchmark: float, tolerance: float) -> State:
    if now > benchmark + tolerance:
        return "above"
    return "below" if now < benchmark - tolerance else "on_par"
