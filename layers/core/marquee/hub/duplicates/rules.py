"""Pure rules of duplicates: what an event's copy takes over, what begins anew, and the ids it gets.

All ids of a copy derive from its own uuid and what they stand for in the original: made twice, it is the same copy.
Its occurrences keep their keys, and have ids of their own for these derive from the event's.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from marquee import keys
from marquee.hub import heads, room, rules
from marquee.hub.events.content import identified
from marquee.hub.events.settings_models import BookingEndAsked
from marquee.hub.models import Content, Head, Item, StoredLevel
from marquee.hub.sessions import items

_MOST_ANSWERED = 5_900_000
# Dealings that people had with the original. Who speaks is part of its programme, and is taken over.
_DEALINGS = ("saves", "shares", "attendees", "reviews", "waiting_list", "join_url")


class Copy(NamedTuple):
    """An event that is to be, and its sessions."""

    head: Item
    sessions: list[Item]


def copy(original: Mapping[str, Any], sessions: Sequence[Item], uuid: str, now: str, org: str) -> Copy:
    """The duplicate of this event, with this uuid: ready, not published, with nothing sold.

    `org` is the organisation as it is now.
    """
    tenant, levels, content = original["tenant"], heads.levels(original), heads.content(original)
    own_content = _content(content, uuid, cancelled=original["state"] == "cancelled")
    coupons = {one["uuid"]: own["uuid"] for one, own in zip(content["coupons"], own_content["coupons"], strict=True)}
    head: Head = {
        "pk": keys.event(tenant, uuid),
        "sk": original["sk"],
        "tenant": tenant,
        "uuid": uuid,
        "version": 1,
        "state": "ready",
        "sequence": 0,
        "doc": heads.packed(own_content),
        "rule": original["rule"],
        "runs": original["runs"],
        "levels": heads.packed([_level(one, uuid, coupons, now) for one in levels]),
        "org": org,
        "session_count": len(sessions),
        "created_at": now,
        "updated_at": now,
        "state_at": now,
        "published_at": None,
    }
    own_sessions = {one["uuid"]: _own(uuid, one["uuid"]) for one in sessions}
    own_levels = {one["uuid"]: _own(uuid, one["uuid"]) for one in levels}
    return Copy(dict(head), items.copies(sessions, head["pk"], own_sessions, own_levels, now))


def require_answerable(document: bytes) -> None:
    """Raise Unprocessable for a document that is too large for an answer that has it twice.

    Lambda answers 6 MB, in which each quote takes one byte more.
    """
    if 2 * (len(document) + document.count(b'"')) > _MOST_ANSWERED:
        message = "The event is too large to be duplicated: it has too many occurrences and sessions for one answer."
        raise room.too_large(message)


def _own(uuid: str, original: str) -> str:
    """The id that something of the original has in the copy of this uuid."""
    return rules.derived_uuid(uuid, "copy of", original)


def _content(content: Content, uuid: str, *, cancelled: bool) -> Content:
    interactions = {name: [] if name in _DEALINGS else value for name, value in content["interactions"].items()}
    settings = content["settings"]
    if cancelled:
        # Its cancellation has ended booking, and nothing says when that would have been.
        settings = {**settings, "booking_ends_on": BookingEndAsked().model_dump()}
    return {
        **content,
        "coupons": [identified(uuid, "coupons", {**one, "uuid": None, "total_used": 0}) for one in content["coupons"]],
        "invitations": [identified(uuid, "invitations", {**one, "uuid": None}) for one in content["invitations"]],
        "metrics": [{**one, "value": 0} for one in content["metrics"]],
        "interactions": interactions,
        "settings": settings,
        # The code leads to the original; without one of its own the copy gets that of its address.
        "event_code": None,
    }


def _level(level: StoredLevel, uuid: str, coupons: Mapping[str, str], now: str) -> StoredLevel:
    session, parent = level["session_id"], level["parent_id"]
    return {
        **level,
        "uuid": _own(uuid, level["uuid"]),
        "session_id": None if session is None else _own(uuid, session),
        "parent_id": None if parent is None else _own(uuid, parent),
        "coupons": [coupons[one] for one in level["coupons"]],
        "pricing_details": [
            {**one, "uuid": _own(uuid, one["uuid"]), "quantity_sold": 0} for one in level["pricing_details"]
        ],
        "created_at": now,
    }
