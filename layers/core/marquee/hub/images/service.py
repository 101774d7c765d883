"""Use cases of images: sending one, checking those that an event or a session names, showing one."""

import re
from collections.abc import Collection, Mapping
from datetime import timedelta
from functools import cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from marquee import clock
from marquee.errors import NotFound, Unprocessable, Violation
from marquee.hub.images import content, storage
from marquee.hub.images.models import NewImage, PreparedImage
from marquee.hub.images.refusals import Refused
from marquee.hub.refusing import refuse
from marquee.ids import new_id
from marquee.settings import settings

if TYPE_CHECKING:
    from marquee.hub.images.fetching import Fetcher

_FORM_SECONDS = 3600
_SHOWN_SECONDS = 900
_IMAGE = re.compile(r"/?(?:images/)?(img_[A-Za-z0-9_-]{20}\.(?:png|jpe?g))")
_MEDIA_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}
MOST_AT_ONCE = 8
"""Images that one request may bring anew: each may take five seconds to fetch, and two to decode."""


def prepare(tenant: str, asked: NewImage) -> PreparedImage:
    """A place in the store for one image, and what stands for it in an event or a session."""
    ending = PurePosixPath(asked.file_name).suffix.lower()
    image_id = new_id("img") + ending
    expires_at = clock.now() + timedelta(seconds=_FORM_SECONDS)
    media_type = asked.content_type or _MEDIA_TYPES[ending]
    url, fields = storage.upload_form(tenant, image_id, media_type, content.MAX_BYTES, _FORM_SECONDS)
    return {
        "image": f"images/{image_id}",
        "upload": {
            "url": url,
            "fields": fields,
            "expires_at": clock.rfc3339(expires_at),
            "max_bytes": content.MAX_BYTES,
        },
    }


def shown(image_id: str) -> str:
    """Where the image can be fetched for a quarter of an hour. Raises NotFound unless an event or session used it."""
    found = storage.kept(image_id) if _IMAGE.fullmatch(image_id) else None
    if found is None:
        raise NotFound("image.not_found", "There is no such image.")
    return storage.url(image_id, found.content_type, _SHOWN_SECONDS)


def checked(tenant: str, image: str, field: str, known: Collection[str] = ()) -> str:
    """What is stored and sent for an image: ``images/<id>`` for one that the tenant sent, else its URL as it is.

    `known` are those that the event or session has already: they are not looked at again. Raises Unprocessable naming
    the field, and what is wrong with the image.
    """
    return checked_many(tenant, {field: image}, known)[field]


def checked_many(tenant: str, images: Mapping[str, str], known: Collection[str] = ()) -> dict[str, str]:
    """As `checked`, of several: by field. Raises Unprocessable with a violation for each that is refused."""
    written = {field: _canonical(image) for field, image in images.items()}
    anew = [image for image in dict.fromkeys(written.values()) if image not in known]
    if len(anew) > MOST_AT_ONCE:
        message = f"At most {MOST_AT_ONCE} images can be new in one request; add the others with another."
        over = [
            Violation("image.too_many", field, message) for field in written if written[field] in anew[MOST_AT_ONCE:]
        ]
        raise Unprocessable("image.too_many", message, violations=over)
    refused = _refused(tenant, anew)
    violations = [
        Violation(refused[image].code, field, f"The image in {field} {refused[image].reason}.")
        for field, image in written.items()
        if image in refused
    ]
    refuse(violations)
    return written


def _canonical(image: str) -> str:
    sent = _IMAGE.fullmatch(image.strip())
    return f"images/{sent[1]}" if sent else image.strip()


def _refused(tenant: str, images: list[str]) -> dict[str, Refused]:
    """Those of the images that cannot be used."""
    if not images:
        return {}
    # Most requests bring no image, and need no threads.
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    def refusal(image: str) -> Refused | None:
        try:
            _look(tenant, image)
        except Refused as refused:
            return refused
        return None

    elsewhere = [image for image in images if not _IMAGE.fullmatch(image)]
    with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
        fetched = pool.map(refusal, elsewhere)
        outcomes = {image: refusal(image) for image in images if image not in elsewhere}
        outcomes |= dict(zip(elsewhere, fetched, strict=True))
    return {image: outcome for image, outcome in outcomes.items() if outcome}


def _look(tenant: str, image: str) -> None:
    """Raise Refused unless the image can be used; keep it if it is one that was sent to us."""
    sent = _IMAGE.fullmatch(image)
    if sent is None:
        content.media_type(_fetcher(settings().trusted_image_hosts).fetch(image))
        return
    image_id = sent[1]
    before = storage.kept(image_id)
    if before is not None and before.tenant == tenant:
        return
    data = None if before else storage.uploaded(tenant, image_id, content.MAX_BYTES)
    if data is None:
        raise Refused("image.absent", "is not there: nothing was sent to its form")
    storage.keep(tenant, image_id, data, content.media_type(data))


@cache
def _fetcher(trusted: str) -> "Fetcher":
    """What fetches images by URL, once per process."""
    from marquee.hub.images.fetching import Fetcher  # noqa: PLC0415

    return Fetcher(trusted)
