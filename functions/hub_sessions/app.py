"""Hub: sessions of events."""

from marquee.auth import Caller
from marquee.http import Api, Reply
from marquee.hub.envelopes import Envelope, OneSession, WrittenSession, envelope
from marquee.hub.sessions import service
from marquee.hub.sessions.models import ChangeSession, CreateSession, SessionList, SessionsQuery
from marquee.hub.sessions.service import Recorded
from marquee.preconditions import Precondition, etag
from marquee.requests import Request

handler = Api("hub")


def _tag(recorded: Recorded) -> dict[str, str]:
    return {"ETag": etag(recorded.version, recorded.event_version)}


@handler.get("/events/<event_uuid>/sessions", scope="event.list_session")
def list_sessions(caller: Caller, event_uuid: str, query: SessionsQuery) -> Envelope[SessionList]:
    """List an event's sessions."""
    return envelope(200, service.listed(caller.tenant, event_uuid.lower(), query))


@handler.post("/events/<event_uuid>/sessions", scope="event.add_session")
def create_session(
    caller: Caller, event_uuid: str, body: CreateSession, request: Request
) -> Reply[Envelope[WrittenSession]]:
    """Add a session to an event."""
    event = event_uuid.lower()
    made = service.create(caller.tenant, caller.sub, event, body.sessions, request.idempotency_key)
    location = f"/events/{event}/sessions/{made.document['uuid']}"
    result: WrittenSession = {"session": {"session": made.document}}
    return Reply(envelope(201, result), 201, headers={**_tag(made), "Location": location})


@handler.get("/events/<event_uuid>/sessions/<session_uuid>", scope="event.read_session")
def read_session(caller: Caller, event_uuid: str, session_uuid: str) -> Reply[Envelope[OneSession]]:
    """Read a session."""
    found = service.read(caller.tenant, event_uuid.lower(), session_uuid.lower())
    result: OneSession = {"session": found.document}
    return Reply(envelope(200, result), headers=_tag(found))


@handler.put("/events/<event_uuid>/sessions/<session_uuid>", scope="event.update_session")
def change_session(
    caller: Caller,
    event_uuid: str,
    session_uuid: str,
    body: ChangeSession,
    precondition: Precondition,
    request: Request,
) -> Reply[Envelope[WrittenSession]]:
    """Change a session; what is left out stays as it is."""
    asked = (event_uuid.lower(), session_uuid.lower(), body.sessions, precondition, request.idempotency_key)
    found = service.change(caller.tenant, caller.sub, *asked)
    result: WrittenSession = {"session": {"session": found.document}}
    return Reply(envelope(200, result), headers=_tag(found))


@handler.delete("/events/<event_uuid>/sessions/<session_uuid>", scope="event.delete_session")
def delete_session(
    caller: Caller, event_uuid: str, session_uuid: str, precondition: Precondition, request: Request
) -> None:
    """Delete a session for which nothing was sold."""
    asked = (event_uuid.lower(), session_uuid.lower(), precondition, request.idempotency_key)
    service.delete(caller.tenant, caller.sub, *asked)
