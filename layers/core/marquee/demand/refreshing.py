"""The steps of the `demand_refresh` machine: a tenant's model is trained anew, and what its events show is renewed.

Every step may be repeated: curves and events that are as they should be are left alone, equal inputs make an equal
version, and the present model is only ever replaced by one that read its inputs later.
"""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any

import orjson

from marquee import clock, workflows
from marquee.demand import following, repository, rules, seeing, sold, training
from marquee.demand.models import Curve
from marquee.demand.repository import Version
from marquee.demand.sold import Sold
from marquee.events import service as events
from marquee.events.models import Item

MAX_CURVES, MAX_COMING = 5_000, 1_000
"""How many curves are learnt from at most, and how many of them are of events to come: the nearest of both."""
_KEPT_DAYS = 14
"""A version that was pinned is kept for longer."""
_TENANTS_PAGE = _EVENTS_PAGE = 500
_TURN_SECONDS = 2
"""Training takes much of a processor: all tenants' at once would take what the other functions need."""
Outcome = dict[str, Any]


def list_tenants(execution: str, after: str | None) -> Outcome:
    """A page of tenants, each with the name of its execution, and when that begins: one after the other.

    The names are the same for the same execution, when repeated.
    """
    found, following_one = events.tenants(after, _TENANTS_PAGE)
    now = clock.now()
    return {
        "children": [
            {
                "tenant": one,
                "name": workflows.execution_name(execution, "tenant", one),
                "settle_until": clock.rfc3339(now + timedelta(seconds=place * _TURN_SECONDS)),
            }
            for place, one in enumerate(found)
        ],
        "after": following_one,
        "next_name": workflows.execution_name(execution, "after", following_one or ""),
    }


def catch_up(tenant: str, after: str | None) -> Outcome:
    """Write the curves that lack or are older than their sales: how many, and where to go on."""
    written, following_one = following.catch_up(tenant, after)
    return {"followed": written, "after": following_one}


def train(tenant: str) -> Outcome:
    """Learn from all sales up to yesterday's, and make that the tenant's present model.

    Outcomes: TRAINED, with the version and what it learnt from; NOTHING where no event with sales is over and none was
    learnt from before. Of what was learnt from events whose sales were all cleared, nothing is left.
    """
    read_at, today = clock.now(), clock.now().date()
    as_of = today - timedelta(days=1)
    chosen = choose(_described(tenant), as_of)
    finished = sum(one.facts.day <= as_of for one in chosen)
    told = {"outcome": "TRAINED" if finished else "NOTHING", "events": finished, "curves": len(chosen)}
    one = Version("", read_at.isoformat(timespec="microseconds"), clock.rfc3339(read_at), 0, seeing.FORMAT, b"")
    if finished:
        trained = training.train(chosen, as_of)
        data = rules.pack(trained)
        name = version_name(chosen, as_of, data)
        one = one._replace(version=name, events=trained.events, data=data)
        repository.keep(tenant, one, clock.epoch() + _KEPT_DAYS * 24 * 60 * 60)
    else:
        current = repository.current(tenant)
        if current is None or not current.data:
            return told
    moved = repository.move(tenant, one)
    return told | {"outcome": "TRAINED", "version": one.version or None, "trained_as_of": str(as_of), "moved": moved}


def version_name(curves: Iterable[Curve], as_of: date, data: bytes) -> str:
    """A model's version: a hash of what was learnt from and of what was learnt, so that equals are one version."""
    digest = hashlib.sha256(orjson.dumps(as_of))
    for one in curves:
        digest.update(orjson.dumps(one))
    digest.update(data)
    return f"mdl_{digest.hexdigest()[:24]}"


def renew(tenant: str, after: str | None) -> Outcome:
    """Renew what coming events show: how many were seen and written, and where to go on."""
    seen, written, following_one = following.renew_coming(tenant, after)
    return {"seen": seen, "renewed": written, "after": following_one}


def choose(described: Iterable[tuple[Item, Sold]], as_of: date) -> list[Curve]:
    """The curves to learn from, in an order of their own: of events that really take place, and whose sales are known.

    One that is over teaches where its sales were loaded on its day or later, one to come where they are known up to
    `as_of`; else sales would seem to lack that were only not loaded yet.
    """
    over: list[Curve] = []
    coming: list[Curve] = []
    for item, of in described:
        meta = orjson.loads(item["doc"])
        day = seeing.event_day(meta)
        if not of.days or of.loaded_on is None or item["status"] == "cancelled" or meta["simulated"]:
            continue
        if day <= as_of:
            if of.loaded_on >= day:
                over.append(sold.curve(seeing.facts(item["eid"], meta), of))
        elif sold.known_until(of, as_of + timedelta(days=1)) >= as_of:
            coming.append(seeing.seen(item, of, as_of).curve)
    over.sort(key=_day_and_id)
    coming.sort(key=_day_and_id)
    nearest = coming[:MAX_COMING]
    return over[-(MAX_CURVES - len(nearest)) :] + nearest


def _day_and_id(one: Curve) -> tuple[date, str]:
    return one.facts.day, one.facts.eid


def _described(tenant: str) -> Iterator[tuple[Item, Sold]]:
    """The tenant's events that have curves."""
    curves = dict(repository.curves(tenant))
    after: str | None = None
    met: set[str] = set()
    while curves:
        items, after = events.reconcilable(tenant, after, _EVENTS_PAGE)
        for item in items:
            # One that changes its place in the lists meanwhile may be met twice
            if item["eid"] in curves and item["eid"] not in met:
                met.add(item["eid"])
                yield item, curves[item["eid"]]
        if after is None:
            return
