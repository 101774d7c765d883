"""Opaque identifiers: `<kind>_` and 20 URL-safe characters (120 bits)."""

import base64
import hashlib
import re
import secrets

_EVENT_ID = re.compile(r"evt_[A-Za-z0-9_-]{4,40}")


def new_id(kind: str) -> str:
    """A random identifier such as ``evt_hK3...``."""
    return f"{kind}_{secrets.token_urlsafe(15)}"


def derived_id(kind: str, *parts: str) -> str:
    """The identifier that these parts always get: a repeated step names the same thing again.

    Parts are length-prefixed before hashing, so ("ab", "c") and ("a", "bc") differ.
    """
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode()
        digest.update(len(raw).to_bytes(4, "big") + raw)
    return f"{kind}_{base64.urlsafe_b64encode(digest.digest()[:15]).decode()}"


def is_event_id(value: str) -> bool:
    """Whether a caller's own event id has the form the Registry accepts."""
    return _EVENT_ID.fullmatch(value) is not None
