"""Use cases of Main's events."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import orjson

from marquee import clock
from marquee.errors import Conflict, NotFound
from marquee.events import reading, repository, rules
from marquee.events.listing import Run
from marquee.events.models import EventDocument, EventMeta, Item
from marquee.events.tallies import DEFAULT, FLAGGED, facet_values
from marquee.preconditions import etag

_ATTEMPTS = 20


def stored(tenant: str, eid: str) -> Item:
    """The event as stored. Raises NotFound."""
    item = repository.get(tenant, eid)
    if item is None:
        raise NotFound("event.not_found", f"There is no event '{eid}'.")
    return item


def read(tenant: str, eid: str) -> EventDocument:
    """The tenant's event. Raises NotFound."""
    return read_with_tag(tenant, eid)[0]


def read_with_tag(tenant: str, eid: str) -> tuple[EventDocument, str]:
    """The tenant's event and its entity tag, which changes with the event and with its series. Raises NotFound."""
    item = stored(tenant, eid)
    series = repository.series(tenant, item["series_id"]) if "series_id" in item else None
    document = EventDocument.model_validate(rules.document(item, series["members"] if series else ()))
    return document, etag(item["version"], *([series["version"]] if series else []))


def titles(tenant: str, eids: Iterable[str]) -> dict[str, str]:
    """The titles of those of these events that the tenant has, by event, a moment ago at the latest."""
    found = repository.several(tenant, eids)
    return {str(item["eid"]): str(orjson.loads(item["doc"])["title"]) for item in found}


def in_full(tenant: str, items: Sequence[Item]) -> list[dict[str, Any]]:
    """Stored events as `EventDocument` dicts, with the siblings of those that are in a series."""
    ids = list(dict.fromkeys(item["series_id"] for item in items if "series_id" in item))
    members = repository.members(tenant, ids) if ids else {}
    return [rules.document(item, members.get(item.get("series_id", ""), ())) for item in items]


def neighbours(tenant: str, item: Item, facet: Literal["all", "city", "venue_name"], limit_each_way: int) -> list[Item]:
    """The events nearest in time to this one among those of the same city or venue, or among all; not HIDDEN ones.

    At most `limit_each_way` flagged and as many others before it, and as many from its start on (itself included).
    """
    start, value = orjson.loads(item["doc"])["start_date_time"], facet_values(item)[facet]
    return [
        found
        for one in (FLAGGED, DEFAULT)
        for descending in (True, False)
        for found in reading.nearest(tenant, Run(facet, value, (one,)), start, limit_each_way, descending=descending)
    ]


def tenants(after: str | None, limit: int) -> tuple[list[str], str | None]:
    """The tenants that have, or had, events, and where to go on (None at the end)."""
    found = reading.tenants(after, limit)
    return found, found[-1] if len(found) == limit else None


def reconcilable(tenant: str, after: str | None, limit: int) -> tuple[list[Item], str | None]:
    """The tenant's events, hidden ones too, as far as the Registry should know them, and where to go on.

    An event that changes its place in the lists meanwhile may be met twice or not at all.
    """
    return reading.in_index_order(tenant, after, limit)


def starting_from(tenant: str, start: str, after: str | None, limit: int) -> tuple[list[Item], str | None]:
    """The tenant's events, hidden ones too, that start at `start` (RFC 3339) or later, and where to go on.

    An event that changes its place in the lists meanwhile may be met twice or not at all.
    """
    return reading.starting_from(tenant, start, after, limit)


def take_from_registry(tenant: str, eid: str, meta: EventMeta, registry_version: int) -> str:
    """Bring Main's copy to the Registry's version: created, updated, or left alone where it is as new already.

    Safe to repeat and to run out of order. Returns ``created``, ``updated`` or ``current``.
    """
    for _ in range(_ATTEMPTS):
        before = repository.get(tenant, eid)
        now = clock.timestamp()
        if before is None:
            if repository.create(tenant, rules.new_item(tenant, eid, meta, registry_version, now)):
                return "created"
            continue
        if before["registry_version"] >= registry_version:
            return "current"
        changes = {"doc": orjson.dumps(meta).decode(), "registry_version": registry_version, "updated_at": now}
        try:
            repository.update(tenant, before, changes)
        except repository.VersionMoved:
            continue
        return "updated"
    raise _contended()


def rewritten(
    tenant: str, eid: str, change: Callable[[Item], Item | None], checks: Sequence[dict[str, Any]] = ()
) -> Item:
    """The event after `change`, computed anew from what is stored until nobody wrote meanwhile; None changes nothing.

    Raises NotFound, Conflict where others never stop writing, and `ddb.CheckFailed` where one of the `checks`, under
    which it is written, does not hold.
    """
    for _ in range(_ATTEMPTS):
        before = stored(tenant, eid)
        changes = change(before)
        if changes is None:
            return before
        try:
            return repository.update(tenant, before, changes, checks)
        except repository.VersionMoved:
            continue
    raise _contended()


def _contended() -> Conflict:
    return Conflict("event.contended", "The event is being changed by others. Try again.")
