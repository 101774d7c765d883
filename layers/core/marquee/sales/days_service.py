"""What was sold on which day, for whoever learns from it: apart from the reads of one event's figures."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from marquee.sales import repository
from marquee.sales.models import Head


class DaySold(NamedTuple):
    """Net tickets and money (minor units) of one day (ISO 8601) in one currency."""

    day: str
    currency: str
    tickets: int
    minor: int


class Sales(NamedTuple):
    """The event's sales as they are at one version of its head, in the order of days.

    `updated_at` is when they were last changed, None where nothing was ever committed.
    """

    version: int
    updated_at: str | None
    days: tuple[DaySold, ...]


def head(tenant: str, eid: str) -> Head:
    """What says which of the event's sales are visible now, from one item; version 0 where there are none."""
    return repository.head(tenant, eid)


def by_day(tenant: str, eid: str, of: Head | None = None) -> Sales:
    """The event's sales that readers of its head see, ticket categories added up."""
    seen = of or repository.head(tenant, eid)
    sums: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    if seen["visible"]:
        for _, row in repository.day_rows(tenant, eid, seen):
            total = sums[row["day"], row["currency"]]
            total[0] += row["tickets"]
            total[1] += row["revenue"]
    days = tuple(DaySold(day, code, tickets, minor) for (day, code), (tickets, minor) in sorted(sums.items()))
    return Sales(seen["version"], seen["updated_at"], days)


def versions(tenant: str, eids: Iterable[str]) -> dict[str, int]:
    """The versions of several events' heads as of now, by event; those that have none are left out."""
    return {eid: one["version"] for eid, one in repository.heads(tenant, eids).items()}


def with_heads(tenant: str, after: str | None, limit: int) -> tuple[list[str], str | None]:
    """The tenant's events that something was ever committed for, after one of them, and where to go on (or None)."""
    found = list(islice(repository.events_with_sales(tenant, after), limit))
    return found, found[-1] if len(found) == limit else None
