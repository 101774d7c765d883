"""What others ask of demand prediction: forecasts of one event, from at most four items, and baselines of the past."""

import hashlib
from datetime import date, timedelta
from typing import NamedTuple

import orjson

from marquee import clock
from marquee.demand import following, repository, scoring, seeing
from marquee.demand.models import Forecast, PathPoint
from marquee.demand.seeing import ForecastDocument, ModelReference
from marquee.demand.sold import Sold
from marquee.events import service as events
from marquee.events.models import Item

PINNED_DAYS = 400


class Outlook(NamedTuple):
    """An event's forecast with the path that leads to it, as of the end of `as_of`; the path is empty without one."""

    as_of: date
    forecast: Forecast
    path: list[PathPoint]


class Baseline(NamedTuple):
    """Tickets that were to be expected from one day to another, both included, had nothing been done.

    `low` and `high` bound the 80 % interval. `model` is the version that expects it, and `inputs` a hash of everything
    that it was told: equal hashes have equal baselines.
    """

    expected: float
    low: float
    high: float
    model: str
    inputs: str


def forecast(tenant: str, eid: str) -> ForecastDocument:
    """What is predicted of the event now. Raises NotFound."""
    item = events.stored(tenant, eid)
    of, current = following.read(tenant, item), repository.current(tenant)
    today, trained = clock.now().date(), seeing.model(current.data, current.format) if current else None
    said, as_of = seeing.forecast(item, of, trained, today)
    reference: ModelReference | None = None
    if current is not None and trained is not None:
        reference = {"version": current.version, "trained_at": current.trained_at, "events": current.events}
    return seeing.document(item, said, as_of, today, trained, reference)


def outlook(tenant: str, eid: str) -> Outlook:
    """The event's forecast and its path day by day, from four items at most. Raises NotFound."""
    item = events.stored(tenant, eid)
    return outlook_of(tenant, item, following.read(tenant, item))


def outlook_of(tenant: str, item: Item, of: Sold) -> Outlook:
    """The `outlook` of an event that was read, with its sales."""
    current = repository.current(tenant)
    trained = seeing.model(current.data, current.format) if current else None
    said, as_of = seeing.forecast(item, of, trained, clock.now().date())
    if item["status"] == "cancelled":
        return Outlook(as_of, said, [])
    view = seeing.seen(item, of, as_of)
    return Outlook(as_of, said, scoring.path(trained, view.curve, view.as_of))


def pinned(tenant: str) -> str | None:
    """The present version of the tenant's model, kept for 400 days from now; None where nothing was learnt yet."""
    current = repository.current(tenant)
    if current is None or not current.data:
        return None
    repository.keep(tenant, current, clock.epoch() + PINNED_DAYS * 24 * 60 * 60)
    return current.version


def baseline(tenant: str, eid: str, version: str, since: date, until: date) -> Baseline | None:
    """Tickets to be expected from `since` to `until` with what was known the day before `since`.

    None where the version is not kept, or predicts nothing for the event. Raises NotFound for the event.
    """
    item = events.stored(tenant, eid)
    kept = repository.version(tenant, version)
    trained = seeing.model(kept.data, kept.format) if kept else None
    if trained is None:
        return None
    view = seeing.seen(item, following.read(tenant, item), since - timedelta(days=1))
    found = scoring.pickup(trained, view.curve, view.as_of, until)
    if found is None:
        return None
    told = orjson.dumps([version, since, until, view.curve], option=orjson.OPT_SORT_KEYS)
    return Baseline(found.expected, found.low, found.high, version, hashlib.sha256(told).hexdigest()[:32])
