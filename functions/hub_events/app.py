"""Hub: events of organisers, their lists, tickets and images; publishing and cancelling."""

from marquee.auth import Caller
from marquee.http import Api, Reply
from marquee.hub.envelopes import Envelope, envelope
from marquee.hub.images import service as images
from marquee.hub.images.models import NewImage, PreparedImage

handler = Api("hub")


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
