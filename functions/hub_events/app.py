"""Hub: events of organisers, their lists, tickets and images; publishing and cancelling."""

from marquee.auth import Caller
from marquee.http import Api, Reply
from marquee.hub.duplicates import service as duplicates
from marquee.hub.envelopes import DuplicatedEvent, Envelope, OneEvent, envelope
from marquee.hub.event_documents import EventDocument
from marquee.hub.events import service as events
from marquee.hub.events.models import EventChange, NewEvent
from marquee.hub.images import service as images
from marquee.hub.images.models import NewImage, PreparedImage
from marquee.hub.listing import service as listing
from marquee.hub.listing.models import EventPage
from marquee.hub.listing.queries import EventListQuery
from marquee.hub.organisations import service as organisations
from marquee.hub.organisations.models import OneOrganisation, OrganisationAsked, OrganisationDocument
from marquee.hub.publication import service as publication
from marquee.hub.publication.models import Accepted, Asked, PublicationDocument, PublicationQuery
from marquee.hub.tickets import service as tickets
from marquee.hub.tickets.models import AllTickets, NewTicket, OneTicket, TicketChange
from marquee.hub.tickets.service import Recorded
from marquee.plans import Plan
from marquee.preconditions import Precondition, etag
from marquee.requests import Request

handler = Api("hub")


@handler.post("/orgs/<org_uuid>/events", scope="event.create")
def create_event(caller: Caller, org_uuid: str, body: NewEvent, request: Request) -> Reply[Envelope[OneEvent]]:
    """Create an event. It is a draft until nothing is missing that publishing needs, and ready then."""
    document = events.create(org_uuid, caller.sub, body, request.idempotency_key)
    reply = _event(document, 201)
    reply.headers["Location"] = f"/events/{document['uuid']}"
    return reply


@handler.get("/events", scope="event.list")
def list_events(caller: Caller, query: EventListQuery) -> Envelope[EventPage]:
    """List published events of all organisations, or the organisation's own: drafts, ready events, `organised_events`.

    Events that are not listed are there for their own organisation only.
    """
    return envelope(200, listing.list_events(caller.tenant, caller.sub, query))


@handler.get("/events/<event_uuid>", scope="event.read")
def read_event(caller: Caller, event_uuid: str) -> Reply[Envelope[OneEvent]]:
    """Read an event of the organisation, with all its occurrences and sessions."""
    return _event(events.read(caller.tenant, event_uuid))


@handler.put("/orgs/<org_uuid>/events/<event_uuid>", scope="event.update")
def update_event(
    caller: Caller, org_uuid: str, event_uuid: str, body: EventChange, precondition: Precondition, request: Request
) -> Reply[Envelope[OneEvent]]:
    """Change what is given of an event; the rest stays. Main hears of what it shows of a published event."""
    key = request.idempotency_key
    return _event(events.update(org_uuid, caller.sub, event_uuid, body, precondition, key))


@handler.delete("/orgs/<org_uuid>/events/<event_uuid>", scope="event.delete")
def delete_event(org_uuid: str, event_uuid: str, precondition: Precondition) -> None:
    """Delete an event with its sessions and ticket levels. One that is published is unpublished or cancelled first."""
    events.delete(org_uuid, event_uuid, precondition)


def _event(document: EventDocument, status: int = 200) -> Reply[Envelope[OneEvent]]:
    # An event becomes live, and is over, without being written.
    companions = (1,) if document["status"] == "live" else ()
    headers = {"ETag": etag(document["version"], *companions)}
    return Reply(envelope(status, {"event": document}), status, headers=headers)


@handler.post("/events/<event_uuid>/publish", scope="event.publish")
def publish_event(
    caller: Caller, event_uuid: str, query: PublicationQuery, precondition: Precondition, request: Request
) -> Reply[Accepted] | Plan:
    """Publish an event. It is public when this answers; `execution` brings it to the Registry and Main.

    Each occurrence becomes an event there, under the same id whenever it is published again.
    """
    return _changed(caller, event_uuid, "publish", query, precondition, request)


@handler.post("/events/<event_uuid>/unpublish", scope="event.unpublish")
def unpublish_event(
    caller: Caller, event_uuid: str, query: PublicationQuery, precondition: Precondition, request: Request
) -> Reply[Accepted] | Plan:
    """Take an event out of public lists. Main archives its occurrences but for those with sales, or that are over."""
    return _changed(caller, event_uuid, "unpublish", query, precondition, request)


@handler.post("/events/<event_uuid>/cancel", scope="event.cancel", status=200)
def cancel_event(
    caller: Caller, event_uuid: str, query: PublicationQuery, precondition: Precondition, request: Request
) -> Reply[Accepted] | Plan:
    """Cancel an event for good: booking ends now, campaigns are paused, Main and the Registry show it as cancelled."""
    return _changed(caller, event_uuid, "cancel", query, precondition, request)


@handler.get("/events/<event_uuid>/publication", scope="event.read")
def read_publication(caller: Caller, event_uuid: str) -> Envelope[PublicationDocument]:
    """The last publication of an event, and every occurrence as the Registry and Main have it now."""
    return envelope(200, publication.read(caller.tenant, event_uuid))


def _changed(
    caller: Caller, event_uuid: str, kind: Asked, query: PublicationQuery, precondition: Precondition, request: Request
) -> Reply[Accepted] | Plan:
    if query.dry_run:
        return publication.plan(caller.tenant, event_uuid, kind, precondition)
    accepted = publication.change(caller.tenant, caller.sub, event_uuid, kind, request.idempotency_key, precondition)
    return Reply(accepted, accepted["statusCode"])


@handler.post("/images", scope="event.update")
def prepare_image(caller: Caller, body: NewImage) -> Envelope[PreparedImage]:
    """A form with which an image can be sent, and what stands for the image in an event or a session.

    It is looked at when an event or session names it, and has to be a PNG or JPEG picture of more than 300x300 pixels.
    What is not named within two days is forgotten.
    """
    return envelope(201, images.prepare(caller.tenant, body))


@handler.get("/images/<image_id>", scope=None, status=302)
def read_image(image_id: str) -> Reply[None]:
    """An image that an event or session used: a redirection to a URL that works for a quarter of an hour."""
    headers = {"Cache-Control": "public, max-age=600", "X-Content-Type-Options": "nosniff"}
    return Reply(status=302, headers={"Location": images.shown(image_id), **headers})


@handler.get("/orgs/<org_uuid>", scope="event.read")
def read_organisation(org_uuid: str) -> Reply[Envelope[OneOrganisation]]:
    """An organisation: what its events show of it, and what they get where they say nothing."""
    return _organisation(organisations.read(org_uuid))


@handler.put("/orgs/<org_uuid>", scope="event.update")
def update_organisation(
    caller: Caller, org_uuid: str, body: OrganisationAsked, precondition: Precondition, request: Request
) -> Reply[Envelope[OneOrganisation]]:
    """Write an organisation's profile anew; what is left out is empty afterwards.

    Events show it from when they are written next.
    """
    key = request.idempotency_key
    return _organisation(organisations.update(org_uuid, caller.sub, body, precondition, key))


def _organisation(document: OrganisationDocument) -> Reply[Envelope[OneOrganisation]]:
    return Reply(envelope(200, {"organisation": document}), headers={"ETag": etag(document["version"])})


@handler.post("/events/<event_uuid>/duplicate", scope="event.create")
def duplicate_event(caller: Caller, event_uuid: str, request: Request) -> Reply[Envelope[DuplicatedEvent]]:
    """Duplicate an event with its ticket levels and sessions, all with ids of their own; nothing of it is sold.

    The duplicate is ready, and not published. Its occurrences have the times of the original's.
    """
    made = duplicates.duplicate(caller.tenant, caller.sub, event_uuid, request.idempotency_key)
    headers = {"ETag": etag(made["version"]), "Location": f"/events/{made['uuid']}"}
    return Reply(envelope(201, {"events": made, "event": made}), 201, headers=headers)


@handler.get("/events/<event_uuid>/tickets", scope="event.read")
def list_tickets(caller: Caller, event_uuid: str) -> Reply[Envelope[AllTickets]]:
    """List an event's ticket levels, restricted ones too, in their order."""
    found = tickets.listed(caller.tenant, event_uuid)
    return Reply(envelope(200, {"tickets": found.documents}), headers={"ETag": etag(found.version)})


@handler.post("/events/<event_uuid>/tickets", scope="event.update")
def create_ticket(
    caller: Caller, event_uuid: str, body: NewTicket, precondition: Precondition, request: Request
) -> Reply[Envelope[OneTicket]]:
    """Add a ticket level to an event."""
    made = tickets.create(caller.tenant, caller.sub, event_uuid, body, precondition, request.idempotency_key)
    reply = _ticket(made, 201)
    reply.headers["Location"] = f"/events/{event_uuid.lower()}/tickets/{made.document['uuid']}"
    return reply


@handler.get("/events/<event_uuid>/tickets/<ticket_uuid>", scope="event.read")
def read_ticket(caller: Caller, event_uuid: str, ticket_uuid: str) -> Reply[Envelope[OneTicket]]:
    """Read a ticket level. Its entity tag is that of its event, of which it is a part."""
    return _ticket(tickets.read(caller.tenant, event_uuid, ticket_uuid))


@handler.put("/events/<event_uuid>/tickets/<ticket_uuid>", scope="event.update")
def update_ticket(
    caller: Caller,
    event_uuid: str,
    ticket_uuid: str,
    body: TicketChange,
    precondition: Precondition,
    request: Request,
) -> Reply[Envelope[OneTicket]]:
    """Change a ticket level; what is left out stays. The prices given are all that it has then."""
    asked = (event_uuid, ticket_uuid, body, precondition, request.idempotency_key)
    return _ticket(tickets.update(caller.tenant, caller.sub, *asked))


@handler.delete("/events/<event_uuid>/tickets/<ticket_uuid>", scope="event.update")
def delete_ticket(
    caller: Caller, event_uuid: str, ticket_uuid: str, precondition: Precondition, request: Request
) -> None:
    """Delete a ticket level of which nothing was sold."""
    tickets.delete(caller.tenant, caller.sub, event_uuid, ticket_uuid, precondition, request.idempotency_key)


def _ticket(recorded: Recorded, status: int = 200) -> Reply[Envelope[OneTicket]]:
    result: OneTicket = {"ticket": recorded.document}
    return Reply(envelope(status, result), status, headers={"ETag": etag(recorded.version)})
