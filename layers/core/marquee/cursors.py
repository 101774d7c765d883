"""Cursors: where a page ended, opaque to clients. They name no tenant; that always comes from the token."""

import base64
import binascii

import orjson

from marquee.errors import Malformed


def encode(name: str, position: str | int) -> str:
    """The cursor of the page of the list `name` after `position` (a sort key, or how many entries are behind)."""
    return base64.urlsafe_b64encode(orjson.dumps([name, position])).decode().rstrip("=")


def sort_key(cursor: str | None, name: str) -> str | None:
    """The sort key that a cursor of this list holds; None without a cursor. Raises Malformed for any other cursor."""
    position = _decode(cursor, name) if cursor else None
    if position is not None and not isinstance(position, str):
        raise _foreign()
    return position


def offset(cursor: str | None, name: str) -> int:
    """How many entries a cursor of this list has behind it; 0 without one. Raises Malformed for any other cursor."""
    position = _decode(cursor, name) if cursor else 0
    if type(position) is not int or position < 0:
        raise _foreign()
    return position


def _decode(cursor: str, name: str) -> object:
    try:
        named, position = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, TypeError) as error:
        raise _foreign() from error
    if named != name or position is None:
        raise _foreign()
    return position


def _foreign() -> Malformed:
    return Malformed("query.cursor", "The cursor is not one this list gave out.")
