"""Pure rules of sessions: where in an event they lie, and what they must keep to.

A session lies at the same distance from the start of every occurrence that has it, in elapsed minutes: so two sessions
of one occurrence overlap in all of them or in none.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import orjson

from marquee.errors import Conflict, Violation
from marquee.hub import heads, rules, wall_time
from marquee.hub.models import Item, StoredLevel, StoredSession

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Frame:
    """What sessions see of their event. `spans` are start and end of each occurrence, UTC, by its key, by start."""

    uuid: str
    timezone: str
    spans: dict[int, tuple[datetime, datetime]]
    levels: list[StoredLevel]
    capacity: int
    single_choice: bool

    def of(self, session: StoredSession) -> list[tuple[datetime, datetime]]:
        """The spans of the occurrences that have the session, in order."""
        keys = session["occurrence_keys"]
        return [span for key, span in self.spans.items() if keys is None or key in keys]

    def local(self, at: datetime) -> str:
        """A moment on the event's clock, as messages have it."""
        return wall_time.written(wall_time.local(at, self.timezone))


def frame(head: Mapping[str, Any]) -> Frame:
    """What the event's stored item says to its sessions."""
    content = heads.content(head)
    # Where the clocks are put forward, a wall time that they jump over is later than the next one.
    spans = sorted(((start, end, one.key) for one, start, end in heads.spans(head)), key=lambda span: span[:2])
    return Frame(
        uuid=head["uuid"],
        timezone=content["timezone"],
        spans={key: (start, end) for start, end, key in spans},
        levels=heads.levels(head),
        capacity=int(content["settings"]["event_capacity"]),
        single_choice=content["sessions"]["type"] == "single_choice",
    )


def session(item: Mapping[str, Any]) -> StoredSession:
    """What a stored item says of its session."""
    return cast("StoredSession", orjson.loads(item["doc"]))


def sold(one: StoredSession) -> int:
    """How many tickets were sold for the session."""
    return sum(number for prices in one["sold"].values() for number in prices.values())


def offset(within: Frame, at: datetime, duration: int, keys: Sequence[int] | None) -> int | None:
    """How many minutes after the start of the occurrence that it falls into a session at this moment starts.

    None where it falls into none of these occurrences (None: all). Where occurrences overlap it is the first that
    holds all of the session, or else the first.
    """
    holding = [span for key, span in within.spans.items() if (keys is None or key in keys) and span[0] <= at < span[1]]
    whole = [span for span in holding if at + duration * _MINUTE <= span[1]]
    return (at - (whole or holding)[0][0]) // _MINUTE if holding else None


def misfits(within: Frame, one: StoredSession) -> Iterator[Violation]:
    """What the event does not allow of this session, by the session's field. Other sessions are not looked at."""
    ends = (one["offset"] + one["duration"]) * _MINUTE
    short = [(start, end) for start, end in within.of(one) if start + ends > end]
    if short:
        (start, end), more = short[0], len(short) - 1
        told = f" and {more} more" if more else ""
        yield Violation(
            "session.outside",
            "duration",
            f"It would end at {within.local(start + ends)}, after the occurrence of {within.local(start)}{told}, "
            f"which ends at {within.local(end)}.",
        )
    gone = sorted(set(one["occurrence_keys"] or ()) - set(within.spans))
    for key in gone:
        yield Violation(
            "session.occurrence_unknown",
            "occurrences.uuid",
            f"There is no occurrence '{rules.occurrence_uuid(within.uuid, key)}'.",
        )
    known = {level["uuid"] for level in within.levels}
    for uuid in one["ticket_uuids"] or ():
        if uuid not in known:
            yield Violation("session.ticket_unknown", "tickets.uuid", f"There is no ticket level '{uuid}'.")
    if 0 < within.capacity < one["capacity"]:
        yield Violation(
            "session.capacity",
            "capacity",
            f"A capacity of {one['capacity']} is more than that of the event, {within.capacity}.",
        )
    if -1 < one["capacity"] < sold(one):
        yield Violation(
            "session.capacity", "capacity", f"{sold(one)} tickets are sold: {one['capacity']} places are too few."
        )
    if one["ticket_uuids"] is not None:
        for uuid, prices in one["sold"].items():
            if uuid not in one["ticket_uuids"] and any(prices.values()):
                yield Violation(
                    "session.ticket_sold",
                    "tickets.uuid",
                    f"Tickets of the level '{uuid}' are sold: it cannot be left out.",
                )


def clash(one: StoredSession, other: StoredSession) -> bool:
    """Whether who has tickets for both would be in two places at a time.

    They are both active, share an occurrence and a ticket level, and overlap. One that is open to all levels shares one
    with every other, also while the event has no levels yet.
    """
    return (
        one["status"] == other["status"] == "active"
        and one["offset"] < other["offset"] + other["duration"]
        and other["offset"] < one["offset"] + one["duration"]
        and _share(one["occurrence_keys"], other["occurrence_keys"])
        and _share(one["ticket_uuids"], other["ticket_uuids"])
    )


def _share(one: Sequence[Any] | None, other: Sequence[Any] | None) -> bool:
    if one is None or other is None:
        return True
    return not set(one).isdisjoint(other)


def require_room(within: Frame, one: StoredSession, others: Iterable[Item]) -> None:
    """Raise Conflict naming the session that this one would overlap, unless people choose one session only."""
    if within.single_choice or one["status"] != "active":
        return
    for item in others:
        if clash(one, other := session(item)):
            raise Conflict(
                "session.overlap",
                f"The session '{other['name']}' ({item['uuid']}) is at the same time, in an occurrence and for a "
                "ticket level that both have.",
                violations=[
                    Violation(
                        "session.overlap", "sessions.session_starts_on", f"It overlaps the session '{other['name']}'."
                    )
                ],
            )


_EVENT_FIELDS = {
    "session.outside": "event.occurrence",
    "session.occurrence_unknown": "event.occurrence",
    "session.capacity": "event.settings.event_capacity",
    "session.ticket_unknown": "event.tickets",
    "session.overlap": "event.sessions.type",
}
"""By what is wrong with a session once its event is changed, the field of the event that it comes from."""


def still_fits(head: Mapping[str, Any], sessions: Iterable[Item]) -> list[Violation]:
    """What the event, as it would be stored now, no longer allows of the sessions that it has; by the event's field.

    An occurrence or a ticket level that sessions name and that is gone, an occurrence too short, a capacity too small,
    a choice of several sessions where some overlap.
    """
    within = frame(head)
    items = [(item, session(item)) for item in sessions]
    found = [
        Violation(one.code, _EVENT_FIELDS.get(one.code, "event"), f"The session '{each['name']}': {one.message}")
        for _, each in items
        for one in misfits(within, each)
    ]
    if within.single_choice:
        return found
    active = sorted((each for _, each in items if each["status"] == "active"), key=lambda each: each["offset"])
    for index, each in enumerate(active):
        for other in active[index + 1 :]:
            if other["offset"] >= each["offset"] + each["duration"]:
                break
            if clash(each, other):
                found.append(
                    Violation(
                        "session.overlap",
                        _EVENT_FIELDS["session.overlap"],
                        f"The sessions '{each['name']}' and '{other['name']}' overlap.",
                    )
                )
    return found
