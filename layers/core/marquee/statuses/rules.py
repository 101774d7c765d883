"""Pure rules of an event's statuses."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from marquee import clock
from marquee.errors import Conflict
from marquee.events.models import Item
from marquee.plans import PlannedChange
from marquee.preconditions import Precondition
from marquee.statuses.models import FrontendState, RecentChange

# Longer than `frontend_status` may run: a change that is older is not undone any more.
SETTLED = timedelta(minutes=2)
# Of changes that may still be undone, and of marks of undone ones.
MOST_RECENT = 20

_OPTIMISATION = {"event": "campaign_optimisation_status", "ad": "ad_campaign_optimisation_status"}


def frontend_change(
    item: Mapping[str, Any], wanted: str, change_id: str, request: str, precondition: Precondition, now: datetime
) -> Item | None:
    """The fields that setting the frontend status to `wanted` writes; None where this very run has done so.

    The sequence grows with every change on Main, one to the same value included; the Registry takes a change only if
    its sequence is newer. So changes that overtake each other on the way leave both hosts with the last one, and
    setting a status again repairs a Registry that had drifted.

    Where an earlier run of the same request has made the change, this run takes it over: from then on only this one
    may undo it. Raises Stale, and Conflict for a run that was undone before it came to write, or one change too many.
    """
    changes = _changes(item)
    own = _position(changes, "id", change_id)
    if own is not None:
        if changes[own]["previous"] is None:
            raise Conflict("frontend_status.withdrawn", "This change was undone before it was made.")
        return None
    at = clock.rfc3339(now)
    earlier = _position(changes, "request", request)
    if earlier is not None:
        changes[earlier] = {**changes[earlier], "id": change_id, "at": at}
        return {"frontend_changes": changes, "frontend_changed_at": at}
    precondition.require(item["version"])
    recent = _recent(changes, now)
    if sum(one["previous"] is not None for one in recent) >= MOST_RECENT:
        raise Conflict("event.contended", "The event's status is being changed too often. Try again in a minute.")
    change: RecentChange = {"id": change_id, "request": request, "previous": item["frontend_status"], "at": at}
    return {"frontend_changes": [*recent, change], "frontend_changed_at": at, **_shown(item, wanted, at)}


def frontend_undo(item: Mapping[str, Any], change_id: str, now: datetime) -> Item | None:
    """The fields that undoing the change writes; None where it is undone.

    The last change gives back the status before it. One that others were made upon leaves that status to the next of
    them, so that no undoing brings back what was undone itself. One that is not there (yet) is marked: its write, if
    still on its way, meets another version of the event, and read again it finds the mark.
    """
    changes = _changes(item)
    own = _position(changes, "id", change_id)
    at = clock.rfc3339(now)
    undone: RecentChange = {"id": change_id, "request": "", "previous": None, "at": at}
    written: Item = {"frontend_changed_at": at}
    if own is not None:
        previous = changes.pop(own)["previous"]
        if previous is None:
            return None
        upon = next((index for index in range(own, len(changes)) if changes[index]["previous"] is not None), None)
        if upon is None:
            written |= _shown(item, previous, at)
        else:
            changes[upon] = {**changes[upon], "previous": previous}
    return {**written, "frontend_changes": _recent([*changes, undone], now)}


def reassertion(item: Mapping[str, Any], above: int) -> Item | None:
    """The fields that put the present status after sequence `above`, so that a Registry there takes it; None if it is.

    It is no change: who made the last one, and when, stays, so one under way can still be undone.
    """
    return {"frontend_sequence": above + 1} if item["frontend_sequence"] <= above else None


def frontend_state(item: Mapping[str, Any]) -> FrontendState:
    """What the Registry is told about the stored event."""
    return {"frontend_status": item["frontend_status"], "sequence": item["frontend_sequence"]}


def optimisation_change(
    item: Mapping[str, Any], wanted: str, level: str, precondition: Precondition, at: str
) -> Item | None:
    """The fields that switching an optimisation writes; None where it is switched so. Raises Stale.

    What is so already is so whatever `If-Match` says: a request repeated after its answer was lost meets the version
    that it has itself written (RFC 9110, 13.1.1).
    """
    field = _OPTIMISATION[level]
    if item[field] == wanted:
        return None
    precondition.require(item["version"])
    return {field: wanted, "updated_at": at}


def planned(item: Mapping[str, Any], written: Mapping[str, Any]) -> list[PlannedChange]:
    """The statuses among the written fields that would change."""
    return [
        PlannedChange(host="Main", id=item["eid"], field=field, before=item[field], after=after)
        for field, after in written.items()
        if field.endswith("_status") and item[field] != after
    ]


def _shown(item: Mapping[str, Any], status: str, at: str) -> Item:
    return {"frontend_status": status, "frontend_sequence": item["frontend_sequence"] + 1, "updated_at": at}


def _changes(item: Mapping[str, Any]) -> list[RecentChange]:
    return list(item.get("frontend_changes", ()))


def _recent(changes: Sequence[RecentChange], now: datetime) -> list[RecentChange]:
    """Without the settled ones at the front (those between others are links of the chain), and without old marks."""
    settled = clock.rfc3339(now - SETTLED)
    first = next((index for index, change in enumerate(changes) if change["at"] > settled), len(changes))
    recent = list(changes[first:])
    undone = [one for one in recent if one["previous"] is None]
    old = {one["id"] for one in undone[:-MOST_RECENT]}
    return [one for one in recent if one["id"] not in old]


def _position(changes: Sequence[Mapping[str, Any]], field: str, value: str) -> int | None:
    return next((index for index, change in enumerate(changes) if change[field] == value), None)
