"""Main: event lists, venues and detail."""

from marquee.auth import Caller
from marquee.events import list_service, service
from marquee.events.models import EventDocument, EventListQuery, EventPage, VenueQuery, Venues
from marquee.http import Api, Reply

handler = Api("main")


@handler.get("/events", scope="main.read")
def list_events(caller: Caller, query: EventListQuery) -> EventPage:
    """List events: flagged first, then in the order asked for; HIDDEN ones only on request."""
    return list_service.list_events(caller.tenant, query)


@handler.get("/events/flagged", scope="main.read")
def list_flagged_events(caller: Caller, query: EventListQuery) -> EventPage:
    """List the flagged events, with the same filters."""
    return list_service.list_flagged(caller.tenant, query)


@handler.get("/events/venues", scope="main.read")
def list_venues(caller: Caller, query: VenueQuery) -> Venues:
    """List venues and their halls, with the numbers of events there, of one city or of all."""
    return list_service.list_venues(caller.tenant, query.city)


@handler.get("/events/<eid>", scope="main.read")
def read_event(caller: Caller, eid: str) -> Reply[EventDocument]:
    """Read one event."""
    event, tag = service.read_with_tag(caller.tenant, eid)
    return Reply(event, headers={"ETag": tag})
