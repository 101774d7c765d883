"""Moments that follow from an event's occurrences: when booking starts and ends, and discounts."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from marquee.hub import wall_time
from marquee.hub.session_documents import Moment

_UNITS = {"minute": 1, "hour": 60, "day": 1440, "week": 10_080}


class Course(NamedTuple):
    """What moments are worked out from: the zone, when the event was made, its first start, last start and last end."""

    timezone: str
    created: datetime
    first_start: datetime
    last_start: datetime
    last_end: datetime


def start(stored: Mapping[str, Any], course: Course) -> Moment:
    """When booking starts."""
    if stored["type"] == "immediate":
        return wall_time.shown(course.created, course.timezone)
    before = _offset(stored, "occurrence_booking_start")
    return _given(stored, course.first_start - before if before is not None else None, course)


def end(stored: Mapping[str, Any], course: Course) -> Moment:
    """When booking ends."""
    if stored["type"] == "continue_until_event_ends":
        return wall_time.shown(course.last_end, course.timezone)
    before = _offset(stored, "occurrence_booking_end")
    return _given(stored, course.last_start - before if before is not None else None, course)


def discount_start(kind: str, stored: Mapping[str, Any], course: Course) -> Moment:
    """When a discount starts: at once, unless it has a time of its own."""
    before = _offset({**stored, "type": kind}, "occurrence_discount_start")
    return _given(stored, course.first_start - before if before is not None else None, course)


def discount_end(kind: str, stored: Mapping[str, Any], course: Course) -> Moment:
    """When a discount ends."""
    before = _offset({**stored, "type": kind}, "occurrence_discount_end")
    return _given(stored, course.first_start - before if before is not None else None, course)


def _given(stored: Mapping[str, Any], relative: datetime | None, course: Course) -> Moment:
    if relative is not None:
        return wall_time.shown(relative, course.timezone)
    return at(stored["local"], course.timezone)


def at(local: str | None, timezone: str) -> Moment:
    """The moment of a stored wall time."""
    if not local:
        return wall_time.NEVER.copy()
    moment = wall_time.moment(wall_time.minutes(datetime.fromisoformat(local)), timezone)
    return {"utc": wall_time.written(moment), "local": local}


def _offset(stored: Mapping[str, Any], name: str) -> timedelta | None:
    """How long before an occurrence, where the part says so."""
    if stored["type"] != "before_occurrence":
        return None
    return offset(stored[f"{name}_type"], stored[f"{name}_offset"])


def offset(unit: str, how_many: str) -> timedelta | None:
    """So many minutes, hours, days or weeks; None for what is no such thing."""
    minutes = _UNITS.get(unit.removesuffix("s"))
    if minutes is None or not (how_many.isascii() and how_many.isdigit() and len(how_many) <= 6):  # noqa: PLR2004
        return None
    return timedelta(minutes=minutes * int(how_many))


def minutes(number: int) -> timedelta:
    """So many minutes, as time that passes."""
    return timedelta(minutes=number)
