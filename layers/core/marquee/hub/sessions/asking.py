"""From what is asked for to the session that would be stored, with everything that is wrong with it. Pure."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar, cast

from marquee.errors import Violation
from marquee.hub import rules as hub_rules
from marquee.hub import wall_time
from marquee.hub.models import StoredSession
from marquee.hub.sessions import rules
from marquee.hub.sessions.models import UNLIMITED, GivenOccurrences, GivenTickets, NewSession, SessionChange
from marquee.hub.sessions.rules import Frame

_EMPTY: StoredSession = {
    "name": "",
    "display_name": None,
    "description": "",
    "sell_session": False,
    "status": "active",
    "capacity": UNLIMITED,
    "image": None,
    "offset": 0,
    "duration": 0,
    "occurrence_keys": None,
    "ticket_uuids": None,
    "sold": {},
}


_PLAIN = ("name", "display_name", "description", "sell_session", "status", "capacity", "image", "duration")
T = TypeVar("T", int, str)


def created(within: Frame, given: NewSession, now: datetime) -> tuple[StoredSession, list[Violation]]:
    """The session that is asked for, and what is wrong with it, by the request's fields. Its image is not looked at."""
    return _asked(within, given, set(NewSession.model_fields), _EMPTY, now)


def changed(
    within: Frame, given: SessionChange, before: StoredSession, now: datetime
) -> tuple[StoredSession, list[Violation]]:
    """The session as it would be, and what is wrong with it. A start that stays what it is may have passed."""
    return _asked(within, given, given.model_fields_set, before, now)


def _asked(
    within: Frame, given: SessionChange, fields: set[str], before: StoredSession, now: datetime
) -> tuple[StoredSession, list[Violation]]:
    violations: list[Violation] = []
    after = cast("StoredSession", {**before, **{name: getattr(given, name) for name in _PLAIN if name in fields}})
    if "tickets" in fields:
        known = {level["uuid"]: level["uuid"] for level in within.levels}
        after["ticket_uuids"], wrong = _named(given.tickets, "ticket", "ticket level", lambda: known)
        violations += wrong
    misplaced: list[Violation] = []
    if "occurrences" in fields:
        after["occurrence_keys"], misplaced = _named(
            given.occurrences,
            "occurrence",
            "occurrence",
            lambda: {hub_rules.occurrence_uuid(within.uuid, key): key for key in within.spans},
        )
        violations += misplaced
    if "session_starts_on" in fields:
        violations += _placed(within, given.session_starts_on, before, after, now, known=not misplaced)
    # Without a place there is no telling when it ends.
    lost = any(one.code in {"session.outside", "session.occurrence_unknown"} for one in violations)
    violations += [
        Violation(one.code, f"sessions.{one.field}", one.message)
        for one in rules.misfits(within, after)
        if not (lost and one.code == "session.outside")
    ]
    return after, violations


def _named(
    given: GivenOccurrences | GivenTickets, kind: str, words: str, known: Callable[[], dict[str, T]]
) -> tuple[list[T] | None, list[Violation]]:
    """What the ids stand for, each once, in the event's order; None is all of them."""
    if (given.type or ("specific" if given.uuid else "all")) == "all":
        return None, []
    field = f"sessions.{kind}s.uuid"
    if not given.uuid:
        return [], [Violation(f"session.{kind}_unknown", field, f"Name at least one {words}, or give the type all.")]
    there = known()
    unknown = [
        Violation(f"session.{kind}_unknown", f"{field}.{number}", f"The event has no {words} '{uuid}'.")
        for number, uuid in enumerate(given.uuid)
        if uuid not in there
    ]
    wanted = set(given.uuid)
    return [found for uuid, found in there.items() if uuid in wanted], unknown


def _placed(
    within: Frame, text: str, before: StoredSession, after: StoredSession, now: datetime, *, known: bool
) -> Sequence[Violation]:
    """Give the session its place; what is wrong with the start that was asked for."""
    field = "sessions.session_starts_on"
    at = wall_time.parse_moment(text, within.timezone)
    offset = rules.offset(within, at, after["duration"], after["occurrence_keys"]) if known else None
    violations = []
    stays = before["duration"] > 0 and offset == before["offset"]
    if at <= now and not stays:
        violations.append(
            Violation(
                "session.in_the_past", field, f"The session would start at {within.local(at)}, which is not ahead."
            )
        )
    if offset is not None:
        after["offset"] = offset
    elif known:
        what = "any occurrence" if after["occurrence_keys"] is None else "any of the occurrences named"
        violations.append(
            Violation("session.outside", field, f"The session would start at {within.local(at)}, not within {what}.")
        )
    return violations
