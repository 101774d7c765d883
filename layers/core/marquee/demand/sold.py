"""Pure rules of a curve item: an event's sales by day, packed, and what of them was known on a day.

Days are kept as dates, so that an event that is moved to another day needs nothing: the lead of a sale is counted when
it is read.
"""

import zlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import accumulate
from typing import Any, NamedTuple

import orjson

from marquee import money
from marquee.demand.models import Curve, Facts

MAX_DAYS = 3_000
"""Days with sales that an item keeps one by one; what was sold before is added to the first of them."""


class Day(NamedTuple):
    """Net tickets of one day in all currencies; of those in the event's own, how many, and their minor units."""

    day: date
    tickets: int
    own: int
    minor: int


class Sold(NamedTuple):
    """An event's sales at one version of its head. `loaded_on` is the day of their last change, None for none."""

    version: int
    currency: str
    loaded_on: date | None
    days: tuple[Day, ...]


NOTHING = Sold(0, "", None, ())


def sold(version: int, updated_at: str | None, currency: str, days: Iterable[tuple[str, str, int, int]]) -> Sold:
    """Sales from (ISO day, currency, tickets, minor units), in any order."""
    sums: dict[date, list[int]] = {}
    for iso, code, tickets, minor in days:
        total = sums.setdefault(date.fromisoformat(iso), [0, 0, 0])
        total[0] += tickets
        if code == currency:
            total[1] += tickets
            total[2] += minor
    ordered = [Day(day, *of) for day, of in sorted(sums.items())]
    early, kept = ordered[:-MAX_DAYS], ordered[-MAX_DAYS:]
    if early:
        whole = [*early, kept[0]]
        tickets, own = sum(one.tickets for one in whole), sum(one.own for one in whole)
        kept[0] = Day(kept[0].day, tickets, own, sum(one.minor for one in whole))
    loaded = datetime.fromisoformat(updated_at).date() if updated_at else None
    return Sold(version, currency, loaded, tuple(kept))


def pack(of: Sold) -> bytes:
    """The days as compressed columns: gaps between days, tickets, own tickets where they differ, minor units."""
    ordinals = [one.day.toordinal() for one in of.days]
    tickets, own = [one.tickets for one in of.days], [one.own for one in of.days]
    body = {
        "gaps": [day - before for before, day in zip([0, *ordinals], ordinals, strict=False)],
        "tickets": tickets,
        "own": None if own == tickets else own,
        "minor": [one.minor for one in of.days],
    }
    return zlib.compress(orjson.dumps(body), 6)


def unpack(packed: bytes) -> tuple[Day, ...]:
    """The days that `pack` was given."""
    body: dict[str, Any] = orjson.loads(zlib.decompress(packed))
    columns = accumulate(body["gaps"]), body["tickets"], body["own"] or body["tickets"], body["minor"]
    return tuple(
        Day(date.fromordinal(day), tickets, own, minor) for day, tickets, own, minor in zip(*columns, strict=True)
    )


def known_until(of: Sold, today: date) -> date:
    """The last whole day whose sales can be known: yesterday, or where they were last loaded earlier, the day before.

    Without sales it is yesterday: that nothing was sold so far is then taken as known.
    """
    yesterday = today - timedelta(days=1)
    if of.loaded_on is None or not of.days:
        return yesterday
    return min(yesterday, max(of.loaded_on - timedelta(days=1), of.days[-1].day))


def tickets(of: Sold) -> int:
    """Net tickets of all days."""
    return sum(one.tickets for one in of.days)


def until(of: Sold, last: date) -> Sold:
    """What of it was sold on `last` and before."""
    return of._replace(days=tuple(one for one in of.days if one.day <= last))


def curve(facts: Facts, of: Sold) -> Curve:
    """The sales as a curve of an event with these facts; the price is the mean of what is sold so far."""
    own, minor = sum(one.own for one in of.days), sum(one.minor for one in of.days)
    price = money.to_number(minor, of.currency) / own if own > 0 else None
    return Curve(replace(facts, price=price), tuple(((facts.day - one.day).days, one.tickets) for one in of.days))
