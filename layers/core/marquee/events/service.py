"""Use cases of Main's events."""

from collections.abc import Callable
from typing import Any

import orjson

from marquee import clock, cursors
from marquee.errors import Conflict, NotFound
from marquee.events import repository, rules
from marquee.events.models import EventDocument, EventListQuery, EventMeta, EventPage, Item

_ATTEMPTS = 20


def stored(tenant: str, eid: str) -> Item:
    """The event as stored. Raises NotFound."""
    item = repository.get(tenant, eid)
    if item is None:
        raise NotFound("event.not_found", f"There is no event '{eid}'.")
    return item


def read(tenant: str, eid: str) -> EventDocument:
    """The tenant's event. Raises NotFound."""
    return EventDocument.model_validate(rules.document(stored(tenant, eid)))


def list_visible(tenant: str, query: EventListQuery) -> EventPage:
    """The default list: everything but HIDDEN, flagged first, then by start."""
    return _page(tenant, repository.VISIBLE, query)


def list_flagged(tenant: str, query: EventListQuery) -> EventPage:
    """The flagged events by start."""
    return _page(tenant, repository.FLAGGED, query)


def _page(tenant: str, which: repository.EventList, query: EventListQuery) -> EventPage:
    after = cursors.sort_key(query.cursor, which.name)
    number = query.page or 1
    skip = 0 if after else (number - 1) * query.limit
    total = repository.total(tenant, which)
    items, last = repository.page(tenant, which, query.limit, after, skip) if skip <= total else ([], None)
    documents: list[Any] = [rules.document(item) for item in items]
    return {
        "total": total,
        "limit": query.limit,
        "page": number,
        "pages": rules.pages(total, query.limit),
        "items": documents,
        "next_cursor": cursors.encode(which.name, last) if last else None,
    }


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


def rewritten(tenant: str, eid: str, change: Callable[[Item], Item | None]) -> Item:
    """The event after `change`, computed anew from what is stored until nobody wrote meanwhile; None changes nothing.

    Raises NotFound, and Conflict where others never stop writing.
    """
    for _ in range(_ATTEMPTS):
        before = stored(tenant, eid)
        changes = change(before)
        if changes is None:
            return before
        try:
            return repository.update(tenant, before, changes)
        except repository.VersionMoved:
            continue
    raise _contended()


def _contended() -> Conflict:
    return Conflict("event.contended", "The event is being changed by others. Try again.")
