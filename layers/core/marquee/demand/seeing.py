"""Pure view of one event: what prediction is told of it on a day, and what it says in the forms that are kept and sent.

A day is known when it is over: an event is seen as of the last whole day whose sales can have been loaded. What was
sold since raises what is said, and is not taken for a whole day's sales.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import orjson
from typing_extensions import TypedDict

from marquee.demand import curves, rules, scoring, sold, traits
from marquee.demand.models import Accuracy, Comparable, Curve, Facts, Forecast, Model, State
from marquee.demand.sold import Sold

INTERVAL = 0.8
FORMAT = 2
"""How models are packed; another number for every other form, so that none is read that is in an old one."""
_DECIMALS, _KEPT_DECIMALS = 6, 3
CANCELLED = "event_cancelled"
_REASONS = {
    "no_history": "No event with sales is over yet that this one could be compared with.",
    "too_little_history": "Too few events with sales are over yet for a prediction.",
    "no_capacity": "The event has no capacity that sales could be a fraction of.",
    CANCELLED: "The event is cancelled.",
}


class Seen(NamedTuple):
    """An event as of the end of a day."""

    curve: Curve
    as_of: date


class Prediction(TypedDict):
    """The predicted final sell-through with its 80 % interval, and comparable events: by now, and in the end."""

    value: float
    low: float
    high: float
    benchmark: float
    benchmark_final: float


class Trait(TypedDict):
    """A trait that past events share with this one, in words, how many do, and its weight in the benchmark (0..1)."""

    trait: str
    value: str
    events: int
    weight: float


class Comparables(TypedDict):
    """The past events that were learnt from, and what makes some of them alike."""

    events: int
    by: list[Trait]


class Backtest(TypedDict):
    """How well the same was predicted for this tenant's past events, at about the same distance from the event."""

    wape: float
    coverage: float
    events: int


class ModelReference(TypedDict):
    """The model that predicted."""

    version: str
    trained_at: str
    events: int


class Reason(TypedDict):
    """Why nothing is predicted."""

    code: str
    message: str


class ForecastDocument(TypedDict):
    """What is predicted of an event. Shares are fractions of its capacity; `horizon` is in days from `known_until`."""

    event_id: str
    today: str
    known_until: str
    now: float | None
    prediction: Prediction | None
    state: State | None
    unit: Literal["fraction"]
    interval: float
    horizon: int
    comparables: Comparables
    backtest: Backtest | None
    model: ModelReference | None
    reason: Reason | None


@lru_cache(maxsize=4)
def model(data: bytes, stored_as: int) -> Model | None:
    """The model that is stored as these bytes.

    None where there was nothing to learn from, and for one of another release that this one cannot read.
    """
    return rules.unpack(data) if data and stored_as == FORMAT else None


def event_day(meta: Mapping[str, Any]) -> date:
    """The UTC day an event starts on."""
    return datetime.fromisoformat(meta["start_date_time"]).astimezone(UTC).date()


def facts(eid: str, meta: Mapping[str, Any]) -> Facts:
    """What prediction is told of an event besides its sales, from its metadata."""
    return Facts(eid, meta["category"], meta["city"], meta["venue_name"], meta["capacity"], event_day(meta))


def seen(item: Mapping[str, Any], of: Sold, as_of: date) -> Seen:
    """A stored event with what of its sales was known at the end of `as_of`."""
    return Seen(sold.curve(facts(item["eid"], orjson.loads(item["doc"])), sold.until(of, as_of)), as_of)


def forecast(item: Mapping[str, Any], of: Sold, trained: Model | None, today: date) -> tuple[Forecast, date]:
    """What is predicted of a stored event with all that is known of it now, and the day that it is seen as of."""
    view = seen(item, of, sold.known_until(of, today))
    said = scoring.forecast(trained, view.curve, view.as_of)
    return _raised(said, view, sold.tickets(of)), view.as_of


def _raised(said: Forecast, view: Seen, tickets: int) -> Forecast:
    """The forecast with what was sold since the day that it is as of."""
    capacity = view.curve.facts.capacity
    if said.now is None or capacity <= 0 or tickets == curves.sold(view.curve, view.as_of):
        return said
    now = max(tickets, 0) / capacity
    bounds = {name: max(now, bound) for name in ("value", "low", "high") if (bound := getattr(said, name)) is not None}
    return replace(said, now=now, **bounds)


def kept(item: Mapping[str, Any], said: Forecast) -> str | None:
    """What an event's document shows of its forecast, as it is stored with the event; None for nothing."""
    if item["status"] == "cancelled" or said.value is None or said.benchmark is None or said.state is None:
        return None
    prediction = {"value": round(said.value, _KEPT_DECIMALS), "benchmark": round(said.benchmark, _KEPT_DECIMALS)}
    return orjson.dumps({"prediction": prediction, "state": said.state}).decode()


def document(
    item: Mapping[str, Any],
    said: Forecast,
    as_of: date,
    today: date,
    trained: Model | None,
    reference: ModelReference | None,
) -> ForecastDocument:
    """A forecast as it is sent."""
    why = reason(item, said)
    return {
        "event_id": item["eid"],
        "today": today.isoformat(),
        "known_until": as_of.isoformat(),
        "now": _rounded(said.now),
        "prediction": None if why else _prediction(said),
        "state": None if why else said.state,
        "unit": "fraction",
        "interval": INTERVAL,
        "horizon": said.horizon,
        "comparables": {"events": said.events, "by": [_trait(one) for one in said.comparables]},
        "backtest": _backtest(trained.backtest, said.horizon) if trained else None,
        "model": reference,
        "reason": why,
    }


def reason(item: Mapping[str, Any], said: Forecast) -> Reason | None:
    """Why nothing is predicted of a stored event; None where something is."""
    code = CANCELLED if item["status"] == "cancelled" else said.reason
    return {"code": code, "message": _REASONS[code]} if code else None


def _prediction(said: Forecast) -> Prediction | None:
    values = {name: getattr(said, name) for name in ("value", "low", "high", "benchmark", "benchmark_final")}
    return None if said.value is None else Prediction(**{name: _rounded(one) or 0.0 for name, one in values.items()})  # type: ignore[typeddict-item]


def _trait(one: Comparable) -> Trait:
    told = traits.in_words(one.trait, one.value)
    return {"trait": one.trait, "value": told, "events": one.events, "weight": round(one.weight, _DECIMALS)}


def _backtest(measured: Sequence[Accuracy], horizon: int) -> Backtest | None:
    if not measured:
        return None
    nearest = min(measured, key=lambda one: (abs(one.lead - horizon), -one.lead))
    wape, coverage = round(nearest.wape, _DECIMALS), round(nearest.coverage, _DECIMALS)
    return {"wape": wape, "coverage": coverage, "events": nearest.events}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DECIMALS)
