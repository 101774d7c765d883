"""Use cases of the Registry, the system of record for event metadata."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from marquee import clock
from marquee.errors import Conflict, NotFound
from marquee.events.models import EventMeta
from marquee.ids import derived_id, new_id
from marquee.plans import Plan
from marquee.preconditions import Precondition
from marquee.registry import repository, rules
from marquee.registry.models import EditQuery, EventEdit, Item, NewEvent, Recorded, RegistryEvent, RegistryView
from marquee.statuses.models import FrontendState

_ATTEMPTS = 20


def register(tenant: str, sub: str, event: NewEvent, event_type: str, key: str | None) -> Recorded:
    """Register a new event; intake brings it to Main from the table's stream.

    Under an idempotency key of the caller `sub` the generated id derives from key and event, and the record is marked
    with both: a request repeated after a crash finds its own event. Raises Conflict where the caller's id is taken.
    """
    item = new_item(tenant, sub, event, event_type, key)
    if not repository.create(tenant, [item]):
        return _recorded(item, None)
    found = repository.get_with_frontend(tenant, item["eid"])
    if found is None or not rules.is_own(found[0], item):
        raise _taken(item["eid"])
    return _recorded(*found)


def plan_registration(tenant: str, sub: str, event: NewEvent, event_type: str, key: str | None) -> Plan:
    """What registering the event would do. Raises as `register` does."""
    item = new_item(tenant, sub, event, event_type, key)
    stored = repository.get(tenant, item["eid"])
    if stored is not None:
        if not rules.is_own(stored, item):
            raise _taken(item["eid"])
        return Plan(workflow=None, changes=[])
    eid = item["eid"] if event.id or key else rules.NEW
    return Plan(workflow="event_intake", changes=[rules.creation(eid, orjson.loads(item["doc"]))])


def new_item(tenant: str, sub: str, event: NewEvent, event_type: str, key: str | None, *place: str) -> Item:
    """The record to store. Under a key its id and its mark derive from the request and the event's `place` in it."""
    asked = (tenant, sub, key, *place, event_type, event.model_dump_json()) if key else None
    eid = event.id or (derived_id("evt", *asked) if asked else new_id("evt"))
    origin = derived_id("req", *asked) if asked else None
    return rules.new_item(tenant, eid, event, event_type, origin, clock.timestamp())


def read(tenant: str, eid: str) -> Recorded:
    """The tenant's event. Raises NotFound."""
    return _recorded(*_stored(tenant, eid))


def describe(tenant: str, eid: str) -> tuple[EventMeta, int]:
    """The metadata and its version, as intake copies them to Main. Raises NotFound."""
    item = repository.get(tenant, eid)
    if item is None:
        raise _not_found(eid)
    described: EventMeta = orjson.loads(item["doc"])
    return described, int(item["version"])


def edit(
    tenant: str, sub: str, eid: str, asked: EventEdit, query: EditQuery, precondition: Precondition, key: str | None
) -> Recorded:
    """Change an event's metadata; intake brings the change to Main.

    Edits of different fields at the same time all survive: each is computed anew until nobody wrote meanwhile. An edit
    repeated under its key finds its mark on the record, and is answered without being made again. An edit that changes
    nothing writes nothing. Raises NotFound, Stale, Unprocessable for another product's event, and Conflict where others
    never stop writing.
    """
    mark = None
    if key:
        mark = derived_id(
            "req", tenant, sub, key, eid, query.model_dump_json(), asked.model_dump_json(exclude_unset=True)
        )
    for _ in range(_ATTEMPTS):
        item, frontend = _stored(tenant, eid)
        now = clock.now()
        if mark and rules.is_remembered(item, mark, now):
            return _recorded(item, frontend)
        described, after = _edited(item, asked, query, precondition)
        if after == described:
            return _recorded(item, frontend)
        written: Item = {"doc": rules.packed(after), "updated_at": clock.rfc3339(now)}
        if mark:
            written["edits"] = rules.remembered(item, mark, now)
        try:
            return _recorded(repository.update(tenant, item, written), frontend)
        except repository.VersionMoved:
            continue
    raise Conflict("event.contended", "The event is being changed by others. Try again.")


def plan_edit(tenant: str, eid: str, asked: EventEdit, query: EditQuery, precondition: Precondition) -> Plan:
    """What the edit would change. Raises as `edit` does."""
    item, _ = _stored(tenant, eid)
    changes = rules.changes(eid, *_edited(item, asked, query, precondition))
    return Plan(workflow="event_intake" if changes else None, changes=changes)


def _edited(item: Item, asked: EventEdit, query: EditQuery, precondition: Precondition) -> tuple[EventMeta, EventMeta]:
    precondition.require(item["version"])
    described: EventMeta = orjson.loads(item["doc"])
    after = rules.edited(described, asked)
    rules.require_product(query, item, after)
    return described, after


def report_frontend(
    tenant: str,
    sub: str,
    eid: str,
    fe_status: str,
    headers: Mapping[str, str],
    precondition: Precondition,
    key: str | None,
) -> None:
    """`last_updated_on_fe` from outside: the frontend shows the event as RUNNING or CANCELLED.

    Headers of another Marquee's Main tell its frontend state with it; then all of it is taken only if the state is
    newer. Raises NotFound, Stale, and Malformed for such headers that cannot be read.
    """
    state = rules.told_state(headers)
    mark = derived_id("req", tenant, sub, key, eid, fe_status) if key else None
    try:
        _write_frontend(tenant, eid, fe_status, state, precondition, {"report": mark} if mark else {})
    except LookupError as error:
        item, frontend = _stored(tenant, eid)
        # A report repeated after the record was edited: it was made when its precondition held.
        if mark and frontend and frontend.get("report") == mark:
            return
        precondition.require(item["version"])
        raise Conflict("event.contended", "The event is being changed by others. Try again.") from error


def plan_report(tenant: str, eid: str, fe_status: str, headers: Mapping[str, str], precondition: Precondition) -> Plan:
    """What the report would change. Raises as `report_frontend` does."""
    state = rules.told_state(headers)
    item, frontend = _stored(tenant, eid)
    precondition.require(item["version"])
    if state is not None and not rules.is_newer(state, frontend):
        return Plan(workflow=None, changes=[])
    written = rules.report(fe_status, state, clock.timestamp())
    return Plan(workflow=None, changes=rules.changes(eid, frontend or {}, written))


def take_frontend_state(tenant: str, eid: str, state: FrontendState) -> bool:
    """Second step of `frontend_status`: take over Main's state unless a newer one is here already.

    Safe to repeat and to run out of order. False where it was superseded. Raises NotFound.
    """
    try:
        return _write_frontend(tenant, eid, "RUNNING", state, Precondition(), {})
    except LookupError as error:
        raise _not_found(eid) from error


def _write_frontend(
    tenant: str, eid: str, fe_status: str, state: FrontendState | None, precondition: Precondition, marks: Item
) -> bool:
    return repository.write_frontend(
        tenant,
        eid,
        {**rules.report(fe_status, state, clock.timestamp()), **marks},
        newer_than=state["sequence"] if state else None,
        precondition=precondition,
    )


def pending(older_than: str, limit: int) -> list[tuple[str, str]]:
    """(tenant, id) of events with a change from before `older_than` that Main has not taken, oldest first.

    `older_than` is a moment as `clock` writes it. For the reconciler only: it is the one view across tenants.
    """
    return repository.pending(older_than, limit)


def mark_taken(tenant: str, eid: str, version: int) -> None:
    """Note that Main has this version, as `event_intake` does; a newer one stays wanted."""
    repository.mark_taken(tenant, eid, version)


def frontend_views(tenant: str, eids: Iterable[str]) -> dict[str, RegistryView]:
    """What the Registry holds of these events, by id; those it does not have are left out."""
    return {eid: rules.view(*found) for eid, found in repository.get_many_with_frontend(tenant, eids).items()}


def _stored(tenant: str, eid: str) -> tuple[Item, Item | None]:
    found = repository.get_with_frontend(tenant, eid)
    if found is None:
        raise _not_found(eid)
    return found


def _recorded(item: Mapping[str, Any], frontend: Mapping[str, Any] | None) -> Recorded:
    event = RegistryEvent.model_validate(rules.document(item, frontend))
    return Recorded(event, (frontend or {}).get("revision", 0))


def _not_found(eid: str) -> NotFound:
    return NotFound("event.not_found", f"There is no event '{eid}'.")


def _taken(eid: str) -> Conflict:
    return Conflict("event.id_taken", f"The id '{eid}' is taken.")
