"""Use cases of Main's events."""

from collections.abc import Callable
from typing import Any

import orjson

from marquee import clock, cursors, workflows
from marquee.errors import Conflict, NotFound, Unavailable
from marquee.events import repository, rules
from marquee.events.models import EventDocument, EventListQuery, EventMeta, EventPage, FrontendState, Item
from marquee.ids import new_id
from marquee.observability import logger

_ATTEMPTS = 20


def _stored(tenant: str, eid: str) -> Item:
    item = repository.get(tenant, eid)
    if item is None:
        raise NotFound("event.not_found", f"There is no event '{eid}'.")
    return item


def read(tenant: str, eid: str) -> EventDocument:
    """The tenant's event. Raises NotFound."""
    return EventDocument.model_validate(rules.document(_stored(tenant, eid)))


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


def change_frontend_status(tenant: str, eid: str, wanted: str, change_id: str) -> FrontendState:
    """First step of `frontend_status`: set the status on Main.

    `change_id` names this change: the step repeated after a lost answer finds its own mark and reports what it did.
    Raises NotFound.
    """

    def change(before: Item) -> Item | None:
        if before.get("frontend_change") == change_id:
            return None
        return rules.frontend_change(before, wanted, change_id, clock.timestamp())

    return rules.frontend_state(_rewritten(tenant, eid, change))


def restore_frontend_status(tenant: str, eid: str, change_id: str) -> FrontendState:
    """Compensation of `frontend_status`: Main gets its previous status back, unless a later change has come since.

    Returns Main's state after it, for the Registry to be brought in line with.
    """

    def undo(before: Item) -> Item | None:
        if before.get("frontend_change") != change_id:
            return None
        return rules.frontend_change(before, before["frontend_previous"], f"{change_id}/undo", clock.timestamp())

    return rules.frontend_state(_rewritten(tenant, eid, undo))


def _rewritten(tenant: str, eid: str, change: Callable[[Item], Item | None]) -> Item:
    """The event after `change`, computed anew from what is stored until nobody wrote meanwhile; None changes nothing.

    Raises NotFound, and Conflict where others never stop writing.
    """
    for _ in range(_ATTEMPTS):
        before = _stored(tenant, eid)
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


def set_frontend_status(tenant: str, eid: str, wanted: str, key: str | None) -> None:
    """Set the status on Main and Registry through the `frontend_status` machine: both hosts agree when this returns.

    Raises NotFound for an event that is not the tenant's, Unavailable naming the host that refused; then both hosts are
    as they were.
    """
    _stored(tenant, eid)
    # The wanted status is part of the name: a key that somebody else used for another status names another change.
    name = workflows.execution_name(tenant, eid, wanted, key or new_id("key"))
    result = workflows.run(
        "frontend_status",
        name,
        {"tenant": tenant, "eid": eid, "frontend_status": wanted, "change_id": name},
    )
    if result.succeeded:
        return
    logger().error("frontend_status_failed", extra={"eid": eid, "execution": name, "error": result.error})
    host = {"MainRefused": "Main", "RegistryRefused": "Registry"}.get(result.error)
    if host is None:
        raise Unavailable(
            "frontend_status.interrupted", "The change did not finish. Both hosts will be brought back in line."
        )
    raise Unavailable("frontend_status.refused", f"{host} refused the change, so both hosts keep the status they had.")
