"""Registry: the system of record for event metadata."""

from marquee.auth import Caller
from marquee.http import Api, Reply
from marquee.preconditions import etag
from marquee.registry import service
from marquee.registry.models import LastUpdatedOnFe, NewEvent, RegisterQuery, RegistryEvent
from marquee.requests import Request

handler = Api("cr")


@handler.post("/events", scope="registry.write")
def register_event(caller: Caller, query: RegisterQuery, body: NewEvent, request: Request) -> Reply[RegistryEvent]:
    """Register an event; intake brings it to Main."""
    event = service.register(caller.tenant, caller.sub, body, query.event_type.value, request.idempotency_key)
    return Reply(event, 201, headers={"ETag": etag(event.version), "Location": f"/events/{event.id}"})


@handler.get("/events/<eid>", scope="registry.read")
def read_event(caller: Caller, eid: str) -> Reply[RegistryEvent]:
    """Read an event's record and what the frontend last showed of it."""
    event = service.read(caller.tenant, eid)
    return Reply(event, headers={"ETag": etag(event.version)})


@handler.put("/events/last_updated_on_fe/<eid>", scope="registry.write", status=204)
def report_frontend(caller: Caller, eid: str, body: LastUpdatedOnFe) -> None:
    """Report that the frontend shows the event as running or cancelled."""
    service.report_frontend(caller.tenant, eid, body.status)
