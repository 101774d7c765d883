"""Use cases of the Registry, the system of record for event metadata."""

from collections.abc import Iterable

import orjson

from marquee import clock
from marquee.errors import Conflict, NotFound
from marquee.events.models import EventMeta
from marquee.ids import derived_id, new_id
from marquee.registry import repository, rules
from marquee.registry.models import NewEvent, RegistryEvent, RegistryView
from marquee.statuses.models import FrontendState


def register(tenant: str, sub: str, event: NewEvent, event_type: str, key: str | None) -> RegistryEvent:
    """Register a new event; intake brings it to Main from the table's stream.

    Under an idempotency key of the caller `sub` the generated id derives from key and event, so a request repeated
    after a crash finds its own event. Raises Conflict where the caller's id is taken.
    """
    eid = event.id or (derived_id("evt", tenant, sub, key, event.model_dump_json()) if key else new_id("evt"))
    item = rules.new_item(tenant, eid, event, event_type, clock.timestamp())
    if repository.create(tenant, [item]):
        stored = repository.get(tenant, eid)
        if key is None or stored is None or stored["doc"] != item["doc"]:
            raise Conflict("event.id_taken", f"The id '{eid}' is taken.")
        item = stored
    return RegistryEvent.model_validate(rules.document(item, None))


def read(tenant: str, eid: str) -> RegistryEvent:
    """The tenant's event. Raises NotFound."""
    found = repository.get_with_frontend(tenant, eid)
    if found is None:
        raise _not_found(eid)
    return RegistryEvent.model_validate(rules.document(*found))


def describe(tenant: str, eid: str) -> tuple[EventMeta, int]:
    """The metadata and its version, as intake copies them to Main. Raises NotFound."""
    item = repository.get(tenant, eid)
    if item is None:
        raise _not_found(eid)
    described: EventMeta = orjson.loads(item["doc"])
    return described, int(item["version"])


def report_frontend(tenant: str, eid: str, fe_status: str) -> None:
    """`last_updated_on_fe` from outside: the frontend shows the event as RUNNING or CANCELLED. Raises NotFound."""
    try:
        repository.write_frontend(tenant, eid, {"fe_status": fe_status, "last_updated_on_fe": clock.timestamp()})
    except LookupError as error:
        raise _not_found(eid) from error


def take_frontend_state(tenant: str, eid: str, state: FrontendState) -> bool:
    """Second step of `frontend_status`: take over Main's state unless a newer one is here already.

    Safe to repeat and to run out of order. False where it was superseded. Raises NotFound.
    """
    try:
        return repository.write_frontend(
            tenant,
            eid,
            {
                "fe_status": "RUNNING",
                "last_updated_on_fe": clock.timestamp(),
                "frontend_status": state["frontend_status"],
                "frontend_sequence": state["sequence"],
            },
            newer_than=state["sequence"],
        )
    except LookupError as error:
        raise _not_found(eid) from error


def pending(older_than: str, limit: int) -> list[tuple[str, str]]:
    """(tenant, id) of events with a change from before `older_than` that Main has not taken, oldest first.

    `older_than` is a moment as `clock` writes it. For the reconciler only: it is the one view across tenants.
    """
    return repository.pending(older_than, limit)


def frontend_views(tenant: str, eids: Iterable[str]) -> dict[str, RegistryView]:
    """What the Registry holds of these events, by id; those it does not have are left out."""
    return {eid: rules.view(*found) for eid, found in repository.get_many_with_frontend(tenant, eids).items()}


def _not_found(eid: str) -> NotFound:
    return NotFound("event.not_found", f"There is no event '{eid}'.")
