"""Use cases of series: siblings, who may join them, joining and leaving."""

import random
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal

from marquee import clock, cursors
from marquee.errors import Conflict
from marquee.events import service as events
from marquee.events.models import EventPage, EventPaging, Item
from marquee.ids import new_id
from marquee.plans import Plan
from marquee.preconditions import Precondition
from marquee.series import repository, rules
from marquee.series.models import AvailableQuery, Membership, SeriesChange, View
from marquee.text import folded

_ATTEMPTS = 20
_POOL_EACH_WAY = 250
_POOLS: tuple[Literal["venue_name", "city", "all"], ...] = ("venue_name", "city", "all")


def siblings(tenant: str, eid: str, paging: EventPaging) -> EventPage:
    """The other events of the event's series, by start. Raises NotFound."""
    view = repository.view(tenant, [eid])
    try:
        members = rules.members(view, eid)
    except rules.Torn:
        # It left the series between the two reads: at that moment it was in none.
        members = ()
    return _siblings_page(tenant, eid, members, paging)


def available(tenant: str, eid: str, query: AvailableQuery) -> EventPage:
    """The events that could join this one's series, the best matches first. Raises NotFound.

    They are looked for among the nearest in time of the same venue, of the same city, and of all.
    """
    item = events.stored(tenant, eid)
    words = folded(query.q).split() if query.q else []
    pool = {found["eid"]: found for facet in _POOLS for found in events.neighbours(tenant, item, facet, _POOL_EACH_WAY)}
    fitting = [
        (rules.rank_place(item, found), found)
        for found in pool.values()
        if found["eid"] != eid and rules.may_join(found) and rules.mentions(found, words)
    ]
    return _page(tenant, fitting, query, f"available:{eid}:{' '.join(words)}")


def add(tenant: str, eid: str, query: SeriesChange, precondition: Precondition) -> EventPage | Plan:
    """Bring the named events into the event's series; gives the siblings it has then.

    Raises NotFound, Conflict for an event that is in another series, Unprocessable for one that is archived or
    cancelled, Stale.
    """
    added = rules.others(eid, query.event_series)

    def plan(view: View) -> Membership:
        return rules.addition(view, eid, added)

    membership = _settled(tenant, eid, added, plan, precondition, dry_run=query.dry_run)
    if query.dry_run:
        return Plan(workflow=None, changes=rules.planned(membership, eid))
    return _siblings_page(tenant, eid, membership.after, EventPaging())


def remove(tenant: str, eid: str, query: SeriesChange, precondition: Precondition) -> Plan | None:
    """Take the named events out of the event's series; one that is left alone is in none. Raises NotFound, Stale."""
    removed = rules.named(query.event_series)

    def plan(view: View) -> Membership:
        return rules.removal(view, eid, removed)

    membership = _settled(tenant, eid, removed, plan, precondition, dry_run=query.dry_run)
    return Plan(workflow=None, changes=rules.planned(membership, eid)) if query.dry_run else None


def _settled(
    tenant: str,
    eid: str,
    named: Sequence[str],
    plan: Callable[[View], Membership],
    precondition: Precondition,
    *,
    dry_run: bool,
) -> Membership:
    """Read, plan and write until nobody wrote in between; gives what was done, or with `dry_run` would be.

    Where nothing is left to do, it is done, whatever `If-Match` says: a request repeated after its answer was lost
    meets the version that it has itself written (RFC 9110, 13.1.1).
    """
    for attempt in range(_ATTEMPTS):
        if attempt:
            time.sleep(random.uniform(0, min(0.01 * 2**attempt, 0.3)))  # noqa: S311 - full jitter, no secret
        view = repository.view(tenant, [eid, *named])
        try:
            membership = plan(view)
        except rules.Torn:
            continue
        event = view.events[eid]
        if membership.before == membership.after:
            return membership
        precondition.require(event["version"])
        if dry_run:
            return membership
        series_id, version = new_id("ser"), 0
        if membership.before:
            series_id, version = event["series_id"], view.series[event["series_id"]]["version"]
        guard = None if precondition.versions is None else (eid, event["version"])
        if repository.write(tenant, series_id, version, membership, clock.timestamp(), guard):
            return membership
    raise Conflict("series.contended", "The series is being changed by others. Try again.")


def _siblings_page(tenant: str, eid: str, members: Sequence[str], paging: EventPaging) -> EventPage:
    found = repository.events(tenant, rules.siblings(members, eid))
    page = _page(tenant, [(rules.place(item), item) for item in found.values()], paging, f"series:{eid}")
    documents: list[Any] = page["items"]
    for document in documents:
        # What was just written may not have reached the documents' own, cheaper reads.
        document["campaign_event_series"] = rules.siblings(members, document["id"])
    return page


def _page(tenant: str, placed: list[tuple[str, Item]], paging: EventPaging, name: str) -> EventPage:
    """The page of a list that has been read as a whole, in order of its entries' places."""
    after = cursors.sort_key(paging.cursor, name)
    number = paging.page or 1
    left = sorted((entry for entry in placed if after is None or entry[0] > after), key=lambda entry: entry[0])
    skip = 0 if after else (number - 1) * paging.limit
    shown = left[skip : skip + paging.limit]
    documents: list[Any] = events.in_full(tenant, [item for _, item in shown])
    return {
        "total": len(placed),
        "limit": paging.limit,
        "page": number,
        "pages": -(-len(placed) // paging.limit),
        "items": documents,
        "next_cursor": cursors.encode(name, shown[-1][0]) if len(left) > skip + paging.limit else None,
    }
