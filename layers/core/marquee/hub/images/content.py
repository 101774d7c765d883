"""Whether bytes are a picture that may be shown: by what is in them, whatever they are called.

The decoder reads what strangers send, so it gets as little as possible to do: only two formats, only sizes that fit
into memory, and the size is looked at before a pixel is decoded.
"""

import io
from threading import Lock
from typing import Any

from marquee.hub.images.refusals import Refused

MAX_BYTES = 10 * 1024 * 1024
LESS_THAN_ENOUGH = 300
"""Pixels: both width and height must be larger."""
MAX_PIXELS = 40_000_000
"""Width times height; four bytes a pixel are 160 MB."""
# A progressive picture is sent in some ten passes. Each takes time for all pixels, however few bytes it has.
_MAX_PASSES = 30
_PASS = b"\xff\xda"

# Pictures are decoded one at a time: each may take most of the memory there is.
_decoding = Lock()


def media_type(data: bytes) -> str:
    """The picture's media type, ``image/png`` or ``image/jpeg``. Raises Refused where it may not be shown."""
    # Loading the decoder takes longer than most requests; few have a picture to check.
    from PIL import Image  # noqa: PLC0415

    if len(data) > MAX_BYTES:
        raise too_large()
    with _decoding:
        try:
            picture = Image.open(io.BytesIO(data), formats=("PNG", "JPEG"))
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise _too_many_pixels() from error
        except Exception as error:  # whatever a decoder stumbles over is no picture
            raise Refused("image.format", "is neither a PNG nor a JPEG picture") from error
        with picture:
            _require_presentable(picture, data)
            try:
                picture.load()
            except Exception as error:
                raise Refused("image.unreadable", "is damaged or cut off: it cannot be decoded to its end") from error
            return "image/png" if picture.format == "PNG" else "image/jpeg"


def too_large() -> Refused:
    """The refusal of more bytes than are looked at."""
    return Refused("image.too_large", f"is larger than {MAX_BYTES // 1024 // 1024} MB")


def _require_presentable(picture: Any, data: bytes) -> None:
    """Raise Refused by what the picture's header says."""
    width, height = picture.size
    if width <= LESS_THAN_ENOUGH or height <= LESS_THAN_ENOUGH:
        least = LESS_THAN_ENOUGH
        raise Refused("image.too_small", f"is {width}x{height} pixels; it must be larger than {least}x{least}")
    if width * height > MAX_PIXELS:
        raise _too_many_pixels()
    # A JPEG with several pictures in it is a camera's: its first one is the picture, and browsers show no other.
    if picture.format == "PNG" and getattr(picture, "is_animated", False):
        raise Refused("image.animated", "is animated")
    if picture.format != "PNG" and data.count(_PASS) > _MAX_PASSES:
        raise Refused("image.unreadable", f"has more than {_MAX_PASSES} passes")


def _too_many_pixels() -> Refused:
    return Refused("image.too_many_pixels", f"has more than {MAX_PIXELS // 1_000_000} million pixels")
