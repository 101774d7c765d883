"""What the Hub brings about on Main: its occurrences, active, archived or cancelled.

Every write carries the sequence of the Hub's publication that it is made for (`hub_sequence`) and is made under the
condition that this is the present one; `hub_changed` is the sequence that last changed the status. Occurrences of one
event count in the same counters, so they are written many at a time; where others write one of them meanwhile, each for
itself.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from marquee import clock
from marquee.errors import Conflict
from marquee.events import repository, rules, service
from marquee.events.models import EventMeta, Item

_ATTEMPTS = 20
MOST_TOGETHER = repository.WRITTEN_TOGETHER
Checks = Sequence[dict[str, Any]]


def held(tenant: str, eids: Iterable[str]) -> dict[str, Item]:
    """Those of these events that Main has, as stored now, by id."""
    return {str(item["eid"]): item for item in repository.several(tenant, eids, consistent=True)}


def take(
    tenant: str,
    described: Mapping[str, tuple[EventMeta, int]],
    sequence: int,
    checks: Checks,
) -> int:
    """Bring Main's copies to these versions of the Registry's, and make them active; gives how many were written.

    Safe to repeat. Raises `ddb.CheckFailed`, Conflict.
    """
    before = held(tenant, described)
    at = clock.timestamp()
    pairs = []
    for eid, (meta, version) in described.items():
        changes = _taken(tenant, eid, before.get(eid), meta, version, sequence, at)
        if changes:
            pairs.append((before.get(eid), changes))
    for chunk in _chunks(pairs):
        if not repository.write_together(tenant, chunk, checks):
            for _, changes in chunk:
                _take_one(tenant, changes["eid"], *described[changes["eid"]], sequence, checks)
    return len(pairs)


def _taken(
    tenant: str, eid: str, before: Item | None, meta: EventMeta, version: int, sequence: int, at: str
) -> Item | None:
    if before is None:
        return {**rules.new_item(tenant, eid, meta, version, at), **rules.hub_status("active", sequence)}
    changes = rules.hub_taken(before, meta, version, sequence)
    return {**changes, "eid": eid, "updated_at": at} if changes else None


def _take_one(tenant: str, eid: str, meta: EventMeta, version: int, sequence: int, checks: Checks) -> None:
    for _ in range(_ATTEMPTS):
        before = repository.get(tenant, eid)
        changes = _taken(tenant, eid, before, meta, version, sequence, clock.timestamp())
        if changes is None or repository.write_together(tenant, [(before, changes)], checks):
            return
    raise Conflict("event.contended", "The event is being changed by others. Try again.")


def change_status(
    tenant: str, items: Iterable[Item], status: str, sequence: int, checks: Callable[[Iterable[str]], Checks]
) -> None:
    """Give these events, as they were read, another status, unless somebody else did; `checks` are asked for by ids.

    Raises Conflict, `ddb.CheckFailed`.
    """
    for chunk in _chunks(list(items)):
        changes = {**rules.hub_status(status, sequence), "updated_at": clock.timestamp()}
        if repository.write_together(tenant, [(item, changes) for item in chunk], checks(_ids(chunk))):
            continue
        for item in chunk:
            _change_one(tenant, item, changes, checks([item["eid"]]))


def _ids(items: Iterable[Item]) -> list[str]:
    return [str(item["eid"]) for item in items]


def _change_one(tenant: str, read: Item, changes: Item, checks: Checks) -> None:
    def change(before: Item) -> Item | None:
        return changes if before["status"] == read["status"] else None

    service.rewritten(tenant, read["eid"], change, checks)


def cancel(tenant: str, items: Iterable[Item], sequence: int, checks: Checks) -> int:
    """Cancel these events, as they were read, their campaigns paused with them; gives how many were not.

    Safe to repeat. Raises as `change_status` does.
    """
    open_ones = [item for item in items if _cancelled(item, sequence)]
    for chunk in _chunks(open_ones):
        pairs = [(item, _cancelled(item, sequence) or {}) for item in chunk]
        if not repository.write_together(tenant, pairs, checks):
            for item in chunk:
                service.rewritten(tenant, item["eid"], lambda stored: _cancelled(stored, sequence), checks)
    return len(open_ones)


def _cancelled(item: Item, sequence: int) -> Item | None:
    paused = rules.campaigns_paused(item)
    if item["status"] == "cancelled" and not paused:
        return None
    return {**paused, **rules.hub_status("cancelled", sequence), "updated_at": clock.timestamp()}


def _chunks(found: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (found[start : start + MOST_TOGETHER] for start in range(0, len(found), MOST_TOGETHER))
