"""Sessions as they are sent, and those that a list asks for. Pure."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from marquee.errors import Malformed, Violation
from marquee.hub import rules as hub_rules
from marquee.hub import wall_time
from marquee.hub.listing import windows
from marquee.hub.models import Item, StoredLevel, StoredSession
from marquee.hub.session_documents import SessionDocument, SessionTicket
from marquee.hub.sessions import rules
from marquee.hub.sessions.models import Order, SessionList, SessionsQuery
from marquee.hub.sessions.rules import Frame
from marquee.text import folded, mentioned

_MINUTE = timedelta(minutes=1)
_ORDERED_BY: dict[Order, tuple[str, Literal["ascending", "descending"]]] = {
    "created_ascending": ("created_on", "ascending"),
    "created_descending": ("created_on", "descending"),
    "starting": ("session_starts_on", "ascending"),
    "name_ascending": ("name", "ascending"),
    "name_descending": ("name", "descending"),
}


def document(within: Frame, item: Item) -> SessionDocument:
    """A session as it is sent. Its times are those of the first occurrence that has it."""
    one = rules.session(item)
    spans = within.of(one)
    start = spans[0][0] + one["offset"] * _MINUTE if spans else None
    end = start + one["duration"] * _MINUTE if start else None
    keys = one["occurrence_keys"]
    return {
        "uuid": item["uuid"],
        "sell_session": one["sell_session"],
        "status": one["status"],
        "name": one["name"],
        "capacity": one["capacity"],
        "display_name": one["display_name"] or one["name"],
        "description": one["description"],
        "duration": one["duration"],
        "image": one["image"],
        "created_on": item["created_at"],
        "updated_on": item["updated_at"],
        "occurrences": {
            "type": "all" if keys is None else "specific",
            "uuid": [hub_rules.occurrence_uuid(within.uuid, key) for key in keys or ()],
        },
        "session_starts_on": wall_time.shown(start, within.timezone),
        "session_ends_on": wall_time.shown(end, within.timezone),
        "tickets": [_ticket(level, one) for level in admitting(within, item["uuid"], one)],
    }


def admitting(within: Frame, uuid: str, one: StoredSession) -> list[StoredLevel]:
    """The ticket levels that admit to the session: those named, or all but those that are for another session only."""
    named = one["ticket_uuids"]
    if named is not None:
        return [level for level in within.levels if level["uuid"] in named]
    return [level for level in within.levels if level["session_id"] in {None, uuid}]


def _ticket(level: StoredLevel, one: StoredSession) -> SessionTicket:
    sold = one["sold"].get(level["uuid"], {})
    return {
        "uuid": level["uuid"],
        "quantity_sold": sum(sold.values()),
        "total_purchased_by_user": 0,
        "pricing_details": [
            {"uuid": price["uuid"], "quantity_sold": sold.get(price["uuid"], 0)} for price in level["pricing_details"]
        ],
    }


def in_order(items: Iterable[Item]) -> list[Item]:
    """Sessions in the order in which they came to be."""
    return sorted(items, key=_created)


def _created(item: Item) -> tuple[str, int, str]:
    # Of one second, the event's version at the time says which was first.
    return item["created_at"], item["place"], item["uuid"]


def of_occurrence(items: Iterable[Item], key: int) -> list[Item]:
    """Those of the sessions that the occurrence with this key has."""
    return [item for item in items if (keys := rules.session(item)["occurrence_keys"]) is None or key in keys]


def listed(within: Frame, state: str, items: Sequence[Item], query: SessionsQuery, now: datetime) -> SessionList:
    """The page of an event's sessions that the query asks for; `state` is the event's as readers see it.

    Raises Malformed for a start at which the event has no occurrence.
    """
    kept = selected(within, state, items, query, now)
    ordered = _ordered(within, kept, query.order_by)
    attribute, direction = _ORDERED_BY[query.order_by]
    page = ordered[query.position : query.position + query.rows]
    return {
        "sessions": [document(within, item) for item in page],
        "pagination": {
            "records": len(ordered),
            "position": query.position,
            "rows": query.rows,
            "order_by": {attribute: direction},
        },
    }


def selected(within: Frame, state: str, items: Sequence[Item], query: SessionsQuery, now: datetime) -> list[Item]:
    """The sessions that pass every filter of the query. Raises Malformed."""
    if query.event_start_on is not None:
        items = of_occurrence(items, _occurrence(within, query.event_start_on))
    if query.status in {"active", "inactive"}:
        items = [item for item in items if rules.session(item)["status"] == query.status]
    elif query.status is not None and not _is_in_state(state, query.status):
        return []
    if query.search_q:
        words = folded(query.search_q).split()
        items = [item for item in items if _mentions(rules.session(item), words)]
    names: list[Any] = [name for name in query.time_filter if name in get_args(windows.TimeFilter)]
    if names:
        window = windows.window(names[0], now, within.timezone)
        items = [item for item in items if _touches(within, rules.session(item), window)]
    return list(items)


def _is_in_state(state: str, wanted: str) -> bool:
    """A live event is a published one, one of whose occurrences runs."""
    return state == wanted or (state, wanted) == ("live", "published")


def _mentions(one: StoredSession, words: Sequence[str]) -> bool:
    return mentioned(words, one["name"], one["description"])


def _occurrence(within: Frame, text: str) -> int:
    """The key of the occurrence that starts at this wall time."""
    try:
        wanted = wall_time.parse_moment(text, within.timezone)
        return next(key for key, (start, _) in within.spans.items() if start == wanted)
    except (ValueError, StopIteration):
        message = f"Invalid occurrence: the event has none that starts at '{text}'."
        raise Malformed(
            "occurrence.invalid", message, violations=[Violation("occurrence.invalid", "event_start_on", message)]
        ) from None


def _touches(within: Frame, one: StoredSession, window: windows.Window) -> bool:
    """Whether the session overlaps the window in some occurrence."""
    starts = [start for start, _ in within.of(one)]
    first = bisect_right(starts, window[0] - (one["offset"] + one["duration"]) * _MINUTE)
    return first < len(starts) and starts[first] < window[1] - one["offset"] * _MINUTE


def _ordered(within: Frame, items: Sequence[Item], order: Order) -> list[Item]:
    by: Callable[[Item], Any] = _created
    if order == "starting":
        starts = {item["uuid"]: _start(within, rules.session(item)) for item in items}

        def by(item: Item) -> Any:
            return starts[item["uuid"]], _created(item)

    elif order in {"name_ascending", "name_descending"}:

        def by(item: Item) -> Any:
            name = rules.session(item)["name"]
            return folded(name), name, _created(item)

    return sorted(items, key=by, reverse=order.endswith("descending"))


def _start(within: Frame, one: StoredSession) -> tuple[bool, datetime | None]:
    spans = within.of(one)
    return (False, spans[0][0] + one["offset"] * _MINUTE) if spans else (True, None)
