"""Predicts one event from a trained model and its own curve: pure Python, a few thousand operations."""

from bisect import bisect_left
from datetime import date, timedelta

from marquee.demand import curves, rules
from marquee.demand.models import Comparable, Curve, Forecast, Model, PathPoint, Pickup, State, Step

MIN_EVENTS = 3
TOLERANCE = 0.25  # of the comparables' standard deviation: as near is on a par
_LEAST_TOLERANCE = 0.01  # of the capacity


def forecast(model: Model | None, curve: Curve, as_of: date) -> Forecast:
    """The event's final sell-through as seen at the end of `as_of`; sales after it are not looked at.

    A model that was trained after `as_of` knows what happened since: for a forecast of the past give the model of
    that day. Beyond the model's reach of 365 days the prediction is that of the 365th.
    """
    horizon = curves.lead(curve.facts, as_of)
    if curve.facts.capacity <= 0:
        return Forecast(horizon, reason="no_capacity")
    seen = _Seen(curve, as_of)
    if model is None or not model.events:
        return Forecast(horizon, now=seen.now, reason="no_history")
    if model.events < MIN_EVENTS:
        return Forecast(horizon, now=seen.now, events=model.events, reason="too_little_history")
    comparables, effect = _comparables(model, curve)
    value, low, high = (seen.now,) * 3 if not horizon else _predicted(model, seen, horizon, effect)
    final = min(max(model.finals[2] + effect, 0.0), 1.0)
    benchmark = final * _shape(model, horizon)
    tolerance = max(_LEAST_TOLERANCE, TOLERANCE * _spread(model, horizon))
    return Forecast(
        horizon=horizon,
        value=value,
        low=low,
        high=high,
        now=seen.now,
        benchmark=benchmark,
        benchmark_final=final,
        tolerance=tolerance,
        state=_state(seen.now, benchmark, tolerance),
        comparables=comparables,
        error=_error(model, horizon),
        events=model.events,
    )


def path(model: Model | None, curve: Curve, as_of: date) -> list[PathPoint]:
    """The benchmark and the prediction day by day, from the first lead of interest to the event's day.

    It begins with the event's first sale, or where comparables' sales begin, or today, whichever is first. The
    prediction never falls and ends in the forecast. Empty where there is no forecast.
    """
    seen = forecast(model, curve, as_of)
    if model is None or seen.value is None or seen.low is None or seen.high is None or seen.now is None:
        return []
    final, now = seen.benchmark_final or 0.0, seen.now
    first = max([seen.horizon, model_reach(model), *(days for days, _ in curves.known(curve, as_of))])
    here = _shape(model, seen.horizon)
    points = []
    for lead in range(first, -1, -1):
        at, day = _shape(model, lead), curve.facts.day - timedelta(days=lead)
        if lead > seen.horizon:
            points.append(PathPoint(lead, day, final * at, None, None, None))
            continue
        done = _done(lead, seen.horizon, at, here)
        value, low, high = (one if not lead else now + done * (one - now) for one in (seen.value, seen.low, seen.high))
        points.append(PathPoint(lead, day, final * at, value, low, high))
    return points


def pickup(model: Model | None, curve: Curve, as_of: date, until: date) -> Pickup | None:
    """Tickets expected after `as_of` up to and including `until`; None where there is no forecast."""
    lead, now, room = curves.lead(curve.facts, until), curves.sold(curve, as_of), curve.facts.capacity
    if until <= as_of:
        return Pickup(0.0, 0.0, 0.0) if forecast(model, curve, as_of).value is not None else None
    for point in path(model, curve, as_of):
        if point.lead == lead and point.value is not None and point.low is not None and point.high is not None:
            return Pickup(*(max(one * room - now, 0.0) for one in (point.value, point.low, point.high)))
    return None


def model_reach(model: Model) -> int:
    """The greatest lead at which comparables had sold anything worth a point: one in two hundred of their final."""
    final = model.benchmark[0] if model.benchmark else 0.0
    return next((lead for lead in range(rules.REACH, 0, -1) if model.benchmark[lead] > final / 200), 0)


class _Seen:
    """An event's own sales as known on a day, in fractions of its capacity."""

    def __init__(self, curve: Curve, as_of: date) -> None:
        self.curve, self.room = curve, curve.facts.capacity
        self.sales = curves.known(curve, as_of)
        self.now = self.by(0)

    def by(self, lead: int) -> float:
        """What was sold by the end of `lead`; never negative."""
        return max(sum(tickets for days, tickets in self.sales if days >= lead), 0) / self.room


def _predicted(model: Model, seen: _Seen, horizon: int, effect: float) -> tuple[float, float, float]:
    """Value, low and high: between two leads of the grid, the mean of both, weighed by nearness."""
    lead = min(horizon, rules.REACH)
    place = min(bisect_left(model.steps, lead, key=lambda step: step.lead), len(model.steps) - 1)
    right = model.steps[place]
    value, low, high = _at_step(model, right, seen, horizon, effect)
    if right.lead > lead and place:
        left = model.steps[place - 1]
        share = (right.lead - lead) / (right.lead - left.lead)
        other = _at_step(model, left, seen, horizon, effect)
        value, low, high = ((1 - share) * one + share * two for one, two in zip((value, low, high), other, strict=True))
    now, limit = seen.now, rules.limit(model.room, seen.now)
    value = min(max(value, now), limit)
    return value, min(max(low, now), value), max(min(high, limit), value)


def _at_step(model: Model, step: Step, seen: _Seen, horizon: int, effect: float) -> tuple[float, float, float]:
    """What the step's lead would say of the event if it had sold as much for that lead as it has for its own."""
    lead = min(horizon, rules.REACH)
    moved = model.benchmark[step.lead] / model.benchmark[lead] if model.benchmark[lead] > 0 else 1.0
    sold = min(seen.now * min(max(moved, 0.5), 2.0), rules.limit(model.room, seen.now))
    own = (sold, seen.now - seen.by(horizon + 7), seen.now - seen.by(horizon + 28))
    level = (step.additive[3] + step.reached[3], step.reached[3])
    pickups = (step.advanced[0], step.advanced[1], step.advanced[2])
    near = _near(model, seen.curve)
    inputs = rules.features(
        own, effect, near, step.weekdays[seen.curve.facts.day.weekday()], pickups, level, step.reached
    )
    finals = rules.members(sold, model.finals, step.additive, step.advanced, step.reached, effect)
    offsets = [step.advanced[one] for one in rules.OFFSETS] * len(rules.PENALTIES)
    for (intercept, *slopes), offset in zip(step.ridges, offsets, strict=True):
        correction = sum(slope * one for slope, one in zip(slopes, inputs, strict=True))
        finals.append(sold + offset + intercept + correction)
    limit = rules.limit(model.room, sold)
    value = sum(share * min(max(one, sold), limit) for share, one in zip(step.weights, finals, strict=True))
    unit = rules.scale(sold, value)
    return value, value + step.low * unit, value + step.high * unit


def _near(model: Model, curve: Curve) -> list[tuple[float, float, float, float]]:
    """What the events around this one had sold when the model was trained, without itself."""
    lead = min(max((curve.facts.day - model.trained_as_of).days, 0), rules.REACH)
    sums = model.neighbours[lead]
    near = [(sums[at], sums[at + 1], sums[at + 2], sums[at + 3]) for at in range(0, len(sums), 4)]
    mark = rules.checksum(curve.facts.eid)
    place = bisect_left(model.running, mark)
    if place == len(model.running) or model.running[place] != mark:
        return near
    then, before = _Seen(curve, model.trained_as_of), min(lead + 7, rules.REACH)
    expected = model.benchmark[lead]
    pace = (then.now - then.by(lead + 7)) - (expected - model.benchmark[before])
    return [(sales - then.now, usual - expected, extra - pace, mass - 1) for sales, usual, extra, mass in near]


def _comparables(model: Model, curve: Curve) -> tuple[tuple[Comparable, ...], float]:
    """The traits shared with past events, and their effect on the final."""
    shared, effect = [], 0.0
    for trait, value in zip(rules.TRAITS, rules.trait_values(curve.facts), strict=True):
        events, influence, weight = model.traits[trait].get(value, (0, 0.0, 0.0))
        effect += influence
        if events and weight:
            shared.append(Comparable(trait, value, events, weight))
    return tuple(shared), effect


def _shape(model: Model, lead: int) -> float:
    """The part of their final that comparables had sold by `lead`."""
    return min(model.benchmark[min(lead, rules.REACH)] / model.benchmark[0], 1.0) if model.benchmark[0] > 0 else 0.0


def _done(lead: int, horizon: int, at: float, here: float) -> float:
    """The part of the pick-up from `horizon` to the event that comparables had behind them at `lead`."""
    if lead in (0, horizon):
        return float(lead != horizon)
    return min(max((at - here) / (1 - here), 0.0), 1.0) if here < 1 else 1 - lead / horizon


def _spread(model: Model, horizon: int) -> float:
    place = min(bisect_left(model.steps, horizon, key=lambda step: step.lead), len(model.steps) - 1)
    return model.steps[place].spread


def _error(model: Model, horizon: int) -> float | None:
    """The back-test's error at the next greater lead that could be replayed."""
    return next((one.wape for one in model.backtest if one.lead >= horizon), None) if horizon else 0.0


def _state(now: float, benchmark: float, tolerance: float) -> State:
    if now > benchmark + tolerance:
        return "above"
    return "below" if now < benchmark - tolerance else "on_par"
