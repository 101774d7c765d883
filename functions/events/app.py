"""Main: event lists, venues, detail and series."""

from marquee.auth import Caller
from marquee.events import list_service, service
from marquee.events.models import EventDocument, EventPage, EventPaging, Venues
from marquee.events.queries import EventListQuery, VenueQuery
from marquee.http import Api, Reply
from marquee.plans import Plan
from marquee.preconditions import Precondition
from marquee.series import service as series_service
from marquee.series.models import AvailableQuery, SeriesChange

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


@handler.get("/events/<eid>/series", scope="main.read")
def list_siblings(caller: Caller, eid: str, query: EventPaging) -> EventPage:
    """List the other events of an event's series, by start."""
    return series_service.siblings(caller.tenant, eid, query)


@handler.post("/events/<eid>/series", scope="main.write", status=200)
def add_to_series(caller: Caller, eid: str, query: SeriesChange, precondition: Precondition) -> EventPage | Plan:
    """Bring events into an event's series; answers the first page of its siblings.

    Events that are in it already stay. 409 `series.event_taken` names an event that is in another series.
    """
    return series_service.add(caller.tenant, eid, query, precondition)


@handler.delete("/events/<eid>/series", scope="main.write")
def remove_from_series(caller: Caller, eid: str, query: SeriesChange, precondition: Precondition) -> Plan | None:
    """Take events out of an event's series; the event itself may be named.

    An event that would be left alone is in no series afterwards.
    """
    return series_service.remove(caller.tenant, eid, query, precondition)


@handler.get("/events/<eid>/available_events_for_series", scope="main.read")
def list_available_for_series(caller: Caller, eid: str, query: AvailableQuery) -> EventPage:
    """List events that could join an event's series, the best matches first.

    They are active, shown, in no series, and among the nearest in time at the same venue, in the same city, or at all.
    """
    return series_service.available(caller.tenant, eid, query)
