"""Pure rules of series: who joins, who leaves, what a reader may conclude, which events go well together."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from marquee.errors import Conflict, NotFound, Unprocessable
from marquee.events.models import EventMeta
from marquee.plans import PlannedChange
from marquee.series.models import Membership, View
from marquee.text import folded, mentioned

# These, the event itself and the series are well within the 100 writes of a transaction.
MAX_NAMED = 48
MAX_MEMBERS = 1000
_SPELT_OUT = 20  # members that a sentence names
_PLANNED_IN_FULL = 200  # members; a plan names each of them for each of them
_WORDS = re.compile(r"[^\W\d_]+")


class Torn(Exception):
    """The items were read while somebody wrote: together they never stood in the store."""


def named(eids: Sequence[str]) -> list[str]:
    """The events that a request names, each once. Raises Unprocessable for too many."""
    distinct = list(dict.fromkeys(eids))
    if len(distinct) > MAX_NAMED:
        raise Unprocessable(
            "series.too_many", f"A request may name {MAX_NAMED} events; this one names {len(distinct)}."
        )
    return distinct


def others(eid: str, eids: Sequence[str]) -> list[str]:
    """The events that are to join this one. Raises Unprocessable where there is none, or too many."""
    added = [one for one in named(eids) if one != eid]
    if not added:
        raise Unprocessable("series.only_itself", f"'{eid}' cannot be its own sibling. Name another event.")
    return added


def members(view: View, eid: str) -> tuple[str, ...]:
    """The members of the event's series, itself included; none where it is in no series.

    The series item alone decides: it is read in one piece, while events are read one after another. Raises NotFound,
    and Torn where event and series contradict each other.
    """
    event = view.events.get(eid)
    if event is None:
        raise NotFound("event.not_found", f"There is no event '{eid}'.")
    if "series_id" not in event:
        return ()
    series = view.series.get(event["series_id"])
    if series is None or eid not in series["members"]:
        raise Torn
    return tuple(series["members"])


def addition(view: View, eid: str, added: Sequence[str]) -> Membership:
    """What adding these events to the event's series makes of it. Those that are in it already stay as they are.

    Raises NotFound for an unknown event, Conflict for one that is in another series, Unprocessable for one that is
    archived or cancelled, or where the series grows too large; Torn where the view allows no conclusion.
    """
    own = members(view, eid)
    elsewhere = {one: members(view, one) for one in added if one not in own}
    for one, theirs in elsewhere.items():
        if eid in theirs:
            raise Torn
        if theirs:
            raise Conflict("series.event_taken", f"'{one}' is in a series already, with {_spelt_out(one, theirs)}.")
    membership = Membership(own, (*(own or (eid,)), *elsewhere))
    for one in membership.joining:
        status = view.events[one]["status"]
        if status != "active":
            raise Unprocessable("series.event_closed", f"'{one}' is {status} and cannot join a series.")
    if len(membership.after) > MAX_MEMBERS and elsewhere:
        raise Unprocessable("series.too_large", f"A series has at most {MAX_MEMBERS} events.")
    return membership if elsewhere else Membership(own, own)


def gathering(view: View, eids: Sequence[str], own: str) -> tuple[str, Membership, list[str]]:
    """The series that is to hold these events, what a write makes of it, and which of them others hold.

    It is the one called `own` where there is one or none of them is in any, else the one that most of them are in.
    Events that are elsewhere, unknown or not active stay as they are; so do the series' other members. A write takes in
    at most `MAX_NAMED`: one that takes in as many has to be followed by another. Raises Torn where the view allows no
    conclusion.
    """
    known = [eid for eid in eids if eid in view.events]
    inside = [view.events[eid]["series_id"] for eid in known if "series_id" in view.events[eid]]
    if any(series_id not in view.series for series_id in inside):
        raise Torn
    target = own
    if own not in view.series and inside:
        target = max(sorted(set(inside)), key=inside.count)
    before = tuple(view.series[target]["members"]) if target in view.series else ()
    elsewhere = [eid for eid in known if view.events[eid].get("series_id", target) != target]
    free = [eid for eid in known if "series_id" not in view.events[eid] and view.events[eid]["status"] == "active"]
    joining = free[: min(MAX_NAMED, MAX_MEMBERS - len(before))]
    after = (*before, *joining)
    return target, Membership(before, after if len(after) > 1 else before), elsewhere


def removal(view: View, eid: str, removed: Sequence[str]) -> Membership:
    """What taking these events out of the event's series makes of it; the event itself may be among them.

    Events that are not in it stay as they are. A series of one dissolves. Raises NotFound for an unknown event, Torn
    where the view allows no conclusion.
    """
    own = members(view, eid)
    for one in removed:
        if one not in view.events:
            raise NotFound("event.not_found", f"There is no event '{one}'.")
    left = tuple(one for one in own if one not in removed)
    return Membership(own, left if len(left) > 1 else ())


def planned(membership: Membership, eid: str) -> list[PlannedChange]:
    """The change of `campaign_event_series` of each event whose siblings change.

    In a large series only the event itself and those that join or leave are listed: the whole would not fit an answer.
    """
    moving = {*membership.joining, *membership.leaving}
    if not moving:
        return []
    shown = tuple(dict.fromkeys((*membership.before, *membership.after)))
    if len(shown) > _PLANNED_IN_FULL:
        shown = tuple(one for one in shown if one in moving or one == eid)
    return [
        PlannedChange(
            host="Main",
            id=one,
            field="campaign_event_series",
            before=siblings(membership.before, one),
            after=siblings(membership.after, one),
        )
        for one in shown
    ]


def siblings(all_members: Sequence[str], eid: str) -> list[str]:
    """The other members of a series that the event is in; none where it is not."""
    return [one for one in all_members if one != eid] if eid in all_members else []


def place(item: Mapping[str, Any]) -> str:
    """Where an event stands in a list by start. RFC 3339 in UTC sorts as text."""
    return f"{_meta(item)['start_date_time']}#{item['eid']}"


def may_join(item: Mapping[str, Any]) -> bool:
    """Whether a series that is being put together may be offered this event."""
    return "series_id" not in item and item["status"] == "active" and item["frontend_status"] != "HIDDEN"


def mentions(item: Mapping[str, Any], words: Sequence[str]) -> bool:
    """Whether all these (folded) words are in the event's title, venue or city."""
    meta = _meta(item)
    return mentioned(words, meta["title"], meta["venue_name"], meta["city"])


def fit(item: Mapping[str, Any], candidate: Mapping[str, Any]) -> int:
    """How well a candidate goes with an event, 0 to 1000.

    Dates of a tour share a title but for numbers; repeated nights share venue and time. A month apart counts half as
    near as the same moment.
    """
    mine, theirs = _meta(item), _meta(candidate)
    apart = datetime.fromisoformat(mine["start_date_time"]) - datetime.fromisoformat(theirs["start_date_time"])
    days = abs(apart.total_seconds()) / 86400
    return round(
        400 * title_similarity(mine["title"], theirs["title"])
        + 200 * (folded(mine["venue_name"]) == folded(theirs["venue_name"]))
        + 100 * (folded(mine["city"]) == folded(theirs["city"]))
        + 100 * (mine["category"] == theirs["category"])
        + 200 / (1 + days / 30)
    )


def title_similarity(one: str, other: str) -> float:
    """The share of words that two titles have in common, 0 to 1; numbers do not count."""
    mine, theirs = set(_WORDS.findall(folded(one))), set(_WORDS.findall(folded(other)))
    if not mine and not theirs:
        return float(folded(one) == folded(other))
    return len(mine & theirs) / len(mine | theirs)


def rank_place(item: Mapping[str, Any], candidate: Mapping[str, Any]) -> str:
    """Where a candidate stands in the list of an event's: the best first, then by start."""
    return f"{1000 - fit(item, candidate):04d}#{place(candidate)}"


def _meta(item: Mapping[str, Any]) -> EventMeta:
    meta: EventMeta = orjson.loads(item["doc"])
    return meta


def _spelt_out(eid: str, all_members: Sequence[str]) -> str:
    found = siblings(all_members, eid)
    more = len(found) - _SPELT_OUT
    return ", ".join(f"'{one}'" for one in found[:_SPELT_OUT]) + (f" and {more} more" if more > 0 else "")
