"""Sessions as items: one each, below their event. Pure."""

from collections.abc import Iterable, Mapping

from marquee.hub import heads
from marquee.hub.models import Item, StoredSession
from marquee.hub.sessions import rules


def new_item(pk: str, uuid: str, one: StoredSession, place: int, now: str) -> Item:
    """A new session of the event with this key. `place` grows from each session of an event to the next."""
    return {
        "pk": pk,
        "sk": f"SESSION#{uuid}",
        "uuid": uuid,
        "doc": heads.packed(one),
        "version": 1,
        "place": place,
        "created_at": now,
        "updated_at": now,
    }


def changed_item(item: Item, one: StoredSession, now: str) -> Item:
    """The session's item with what it says now."""
    return {**item, "doc": heads.packed(one), "version": item["version"] + 1, "updated_at": now}


def copies(
    sessions: Iterable[Item], pk: str, uuids: Mapping[str, str], levels: Mapping[str, str], now: str
) -> list[Item]:
    """The sessions of an event for its duplicate, with nothing sold.

    `uuids` and `levels` give the new ids of sessions and ticket levels by the old ones. Occurrences keep their keys.
    """
    copied: list[Item] = []
    for item in sorted(sessions, key=lambda one: (one["created_at"], one["place"], one["uuid"])):
        one = rules.session(item)
        one["sold"] = {}
        if one["ticket_uuids"] is not None:
            one["ticket_uuids"] = [levels[uuid] for uuid in one["ticket_uuids"]]
        copied.append(new_item(pk, uuids[item["uuid"]], one, len(copied), now))
    return copied
