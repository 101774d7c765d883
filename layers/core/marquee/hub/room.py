"""How large an event may be: its item has to be stored, and all of it has to be sent in one answer. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from marquee.errors import Unprocessable, Violation
from marquee.hub import heads
from marquee.hub.models import Item

MOST_STORED = 350_000
"""Bytes of an event's item; DynamoDB takes 400 KB."""
MOST_SENT = 4_500_000
"""Bytes of an event's document; Lambda answers 6 MB at most, in which every quote takes one more."""
MOST_NAMED = 20_000
"""How often occurrences of a document name a session, or sessions an occurrence; rather than more often, never."""
# What these take in a document, in bytes.
_OCCURRENCE, _TIMESLOT, _ID, _LEVEL, _PRICE = 400, 190, 39, 160, 80
_SESSION, _SESSION_TEXT = 3_800, 3_000
_REST = 8_000


def stored(head: Item) -> int:
    """How many bytes the event's item takes, about."""
    return sum(len(value.encode()) for value in head.values() if isinstance(value, str))


def sent(head: Item) -> int:
    """How many bytes the event's document takes at most, with all that is below the event."""
    runs: list[list[int]] = orjson.loads(head["runs"])
    slots, levels = len(heads.rule(head)["timeslots"]), heads.levels(head)
    occurrences, sessions = sum(run[2] for run in runs), int(head["session_count"])
    of_occurrence = _OCCURRENCE + _TIMESLOT * slots + _ID * len(levels)
    named = 2 * min(occurrences * sessions, MOST_NAMED)
    of_session = _SESSION + sum(_LEVEL + _PRICE * len(level["pricing_details"]) for level in levels)
    return _REST + 2 * stored(head) + occurrences * of_occurrence + sessions * of_session + named * _ID


def beyond(sessions: Iterable[Item]) -> int:
    """How many bytes the texts of these sessions take beyond what `sent` reckons with: signs of several bytes do."""
    return sum(max(_written(orjson.loads(one["doc"])) - _SESSION_TEXT, 0) for one in sessions)


def _written(session: Mapping[str, Any]) -> int:
    """The bytes of a session's texts in an answer, which is text in JSON: quotes and backslashes are two."""
    texts = orjson.dumps([session[name] for name in ("name", "display_name", "description", "image")])
    return len(texts) + texts.count(b'"') + texts.count(b"\\")


def require(head: Item, sessions: Iterable[Item] = ()) -> None:
    """Raise Unprocessable for an event that is too large to be stored, or to be sent with its sessions."""
    size = stored(head)
    if size > MOST_STORED:
        raise too_large(f"The event takes {size} bytes; {MOST_STORED} are the most.")
    if sent(head) + beyond(sessions) > MOST_SENT:
        raise too_large("The event has too many occurrences, timeslots, sessions and prices to be sent in one answer.")


def too_large(message: str) -> Unprocessable:
    """The refusal of an event that is too large, which the message says in what."""
    return Unprocessable("event.too_large", message, violations=[Violation("event.too_large", "event", message)])
