"""Registry: the system of record for event metadata."""

from marquee.auth import Caller
from marquee.http import Api, Reply
from marquee.plans import DryRun, Plan
from marquee.preconditions import Precondition, etag
from marquee.registry import bulk_service, service
from marquee.registry.models import (
    BulkPlan,
    BulkReport,
    BulkUpload,
    EditQuery,
    EventEdit,
    LastUpdatedOnFe,
    NewEvent,
    Recorded,
    RegisterQuery,
    RegistryEvent,
)
from marquee.requests import Request

handler = Api("cr")


def _reply(recorded: Recorded, status: int = 200) -> Reply[RegistryEvent]:
    return Reply(recorded.event, status, headers={"ETag": etag(recorded.event.version, recorded.revision)})


@handler.post("/events", scope="registry.write")
def register_event(
    caller: Caller, query: RegisterQuery, body: NewEvent, request: Request
) -> Reply[RegistryEvent] | Plan:
    """Register an event; intake brings it to Main."""
    asked = (caller.tenant, caller.sub, body, query.event_type.value, request.idempotency_key)
    if query.dry_run:
        return service.plan_registration(*asked)
    reply = _reply(recorded := service.register(*asked), 201)
    reply.headers["Location"] = f"/events/{recorded.event.id}"
    return reply


@handler.post("/events/bulk_upload", scope="registry.write", also=(207,))
def upload_events(
    caller: Caller, query: RegisterQuery, body: BulkUpload, request: Request
) -> Reply[BulkReport] | BulkPlan:
    """Register up to 500 events, each accepted or refused on its own.

    201 where all were accepted, else 207; the results say which and why.
    """
    asked = (caller.tenant, caller.sub, body.events, query.event_type.value, request.idempotency_key)
    if query.dry_run:
        return bulk_service.plan(*asked)
    report = bulk_service.upload(*asked)
    return Reply(report, 207 if report["refused"] else 201)


@handler.get("/events/<eid>", scope="registry.read")
def read_event(caller: Caller, eid: str) -> Reply[RegistryEvent]:
    """Read an event's record and what the frontend last showed of it."""
    return _reply(service.read(caller.tenant, eid))


@handler.put("/events/<eid>", scope="registry.write")
def edit_event(
    caller: Caller, eid: str, query: EditQuery, body: EventEdit, precondition: Precondition, request: Request
) -> Reply[RegistryEvent] | Plan:
    """Change an event's metadata; intake brings the change to Main."""
    if query.dry_run:
        return service.plan_edit(caller.tenant, eid, body, query, precondition)
    key = request.idempotency_key
    return _reply(service.edit(caller.tenant, caller.sub, eid, body, query, precondition, key))


@handler.put("/events/last_updated_on_fe/<eid>", scope="registry.write", status=204)
def report_frontend(
    caller: Caller, eid: str, query: DryRun, body: LastUpdatedOnFe, precondition: Precondition, request: Request
) -> Plan | None:
    """Report that the frontend shows the event as running or cancelled.

    Another Marquee's Main tells its frontend status along, in the headers `Marquee-Frontend-Status` and
    `Marquee-Frontend-Sequence`; a state that is not newer than the one that is here is left alone.
    """
    headers, key = request.headers, request.idempotency_key
    if query.dry_run:
        return service.plan_report(caller.tenant, eid, body.status, headers, precondition)
    service.report_frontend(caller.tenant, caller.sub, eid, body.status, headers, precondition, key)
    return None
