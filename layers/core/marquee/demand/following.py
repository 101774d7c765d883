"""Keeps curves in step with sales, and the benchmark that events show in step with both.

A curve is a copy: it is written under the version of the sales that it was made from, so late writers lose, and readers
who find it older than the sales read those instead. An event's benchmark is what was last predicted; two who renew it
at once may leave the older one, until the next renewal.
"""

import time
from datetime import date, timedelta

import orjson

from marquee import clock
from marquee.demand import repository, seeing, sold
from marquee.demand.models import Model
from marquee.demand.sold import Sold
from marquee.errors import NotFound
from marquee.events import service as events
from marquee.events.models import Item
from marquee.sales import days_service as sales
from marquee.sales.models import Head

_PAGE = 100
_STEP_SECONDS = 60
_RENEWED_SINCE = timedelta(days=3)
"""Events that are over are renewed for so long: their last sales come in."""


def read(tenant: str, item: Item) -> Sold:
    """The event's sales as they are now: from its curve, or where that is older than they are, from their days."""
    eid, currency = item["eid"], orjson.loads(item["doc"])["currency"]
    head = sales.head(tenant, eid)
    if not head["version"]:
        return sold.NOTHING
    found = repository.curve(tenant, eid)
    if found is not None and found.version >= head["version"] and found.currency == currency:
        return found
    return _from_days(tenant, eid, currency, head)


def _from_days(tenant: str, eid: str, currency: str, head: Head | None = None) -> Sold:
    found = sales.by_day(tenant, eid, head)
    return sold.sold(found.version, found.updated_at, currency, found.days)


def follow(tenant: str, eid: str) -> bool:
    """Bring the event's curve and benchmark up to its present sales; repeatable, in any order.

    Gives whether the tenant's model may learn from it: the event is over, or others have been learnt from.
    """
    try:
        item = events.stored(tenant, eid)
    except NotFound:  # sales are for events that Main has; one that is gone has nothing to follow
        return False
    meta = orjson.loads(item["doc"])
    of = _from_days(tenant, eid, meta["currency"])
    repository.put_curve(tenant, eid, of)
    today = clock.now().date()
    current = repository.current(tenant)
    trained = seeing.model(current.data, current.format) if current else None
    renew(tenant, item, of, trained, today)
    return not meta["simulated"] and (trained is not None or seeing.event_day(meta) < today)


def renew(tenant: str, item: Item, of: Sold, trained: Model | None, today: date) -> bool:
    """Write what is predicted of an event to it, where that is not what it shows. Gives whether it was written."""
    said, _ = seeing.forecast(item, of, trained, today)
    shown = seeing.kept(item, said)
    if item.get("benchmark") == shown:
        return False

    def change(before: Item) -> Item | None:
        return None if before.get("benchmark") == shown else {"benchmark": shown}

    events.rewritten(tenant, item["eid"], change)
    return True


def catch_up(tenant: str, after: str | None) -> tuple[int, str | None]:
    """Write the curves that lack or are older than their sales, for about a minute; how many, and where to go on."""
    give_up, written = time.monotonic() + _STEP_SECONDS, 0
    while True:
        eids, after = sales.with_heads(tenant, after, _PAGE)
        curves = repository.several_curves(tenant, eids)
        for eid, version in sales.versions(tenant, eids).items():
            if eid not in curves or curves[eid].version < version:
                written += _caught_up(tenant, eid)
        if after is None or time.monotonic() > give_up:
            return written, after


def _caught_up(tenant: str, eid: str) -> int:
    try:
        currency = orjson.loads(events.stored(tenant, eid)["doc"])["currency"]
    except NotFound:
        return 0
    repository.put_curve(tenant, eid, _from_days(tenant, eid, currency))
    return 1


def renew_coming(tenant: str, after: str | None) -> tuple[int, int, str | None]:
    """Renew the events that are to come or lately over, for about a minute.

    Gives how many were seen and how many were written, and where to go on.
    """
    give_up, seen, written = time.monotonic() + _STEP_SECONDS, 0, 0
    today = clock.now().date()
    since = f"{today - _RENEWED_SINCE}T00:00:00Z"
    current = repository.current(tenant)
    trained = seeing.model(current.data, current.format) if current else None
    while True:
        items, after = events.starting_from(tenant, since, after, _PAGE)
        curves = repository.several_curves(tenant, [item["eid"] for item in items])
        seen += len(items)
        for item in items:
            written += renew(tenant, item, curves.get(item["eid"], sold.NOTHING), trained, today)
        if after is None or time.monotonic() > give_up:
            return seen, written, after
