"""Hub: events of organisers, their lists, tickets and images; publishing and cancelling."""

from marquee.auth import Caller
from marquee.http import Api, Reply
from marquee.hub.envelopes import Envelope, OneEvent, envelope
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
    return Reply(envelope(status, {"event": document}), status, headers={"ETag": etag(document["version"])})


@handler.post("/images", scope="event.update")
def prepare_image(caller: Caller, body: NewImage) -> Envelope[PreparedImage]:
    """A form with which an image can be sent, and what stands for the image in an event or a session.

    The image is looked at when an event or session names it: a PNG or JPEG picture of more than 300x300 pixels.
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
