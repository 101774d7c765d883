"""Main: event lists and detail."""

from marquee.auth import Caller
from marquee.events import service
from marquee.events.models import EventDocument, EventListQuery, EventPage
from marquee.http import Api, Reply
from marquee.preconditions import etag

handler = Api("main")


@handler.get("/events", scope="main.read")
def list_events(caller: Caller, query: EventListQuery) -> EventPage:
    """List events: everything but HIDDEN, flagged first, then by start."""
    return service.list_visible(caller.tenant, query)


@handler.get("/events/flagged", scope="main.read")
def list_flagged_events(caller: Caller, query: EventListQuery) -> EventPage:
    """List the flagged events by start."""
    return service.list_flagged(caller.tenant, query)


@handler.get("/events/<eid>", scope="main.read")
def read_event(caller: Caller, eid: str) -> Reply[EventDocument]:
    """Read one event."""
    event = service.read(caller.tenant, eid)
    return Reply(event, headers={"ETag": etag(event.version)})
