"""Wall time on an event's clock, and the moments it stands for.

A wall time is a naive datetime, stored as whole minutes since 1970. The rules of time zones come from `zoneinfo`: they
go on beyond 2038, and know offsets and changes of any number of minutes.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from marquee.hub.session_documents import Moment

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - wall times have no zone
_MINUTE = timedelta(minutes=1)
_FORM = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?", re.ASCII)
FIRST_YEAR, LAST_YEAR = 1970, 2200
NEVER: Moment = {"utc": None, "local": None}


def zone_name(given: str) -> str | None:
    """The IANA name of a zone that is given in any case; None where there is none of that name."""
    return _zones().get(given.strip().casefold())


@cache
def _zones() -> dict[str, str]:
    return {name.casefold(): name for name in available_timezones() if name not in {"localtime", "Factory"}}


@cache
def zone(name: str) -> ZoneInfo:
    """The zone of an IANA name."""
    return ZoneInfo(name)


def minutes(wall: datetime) -> int:
    """A wall time as minutes since 1970."""
    return (wall - _EPOCH) // _MINUTE


def wall(number: int) -> datetime:
    """The wall time of so many minutes since 1970."""
    return _EPOCH + number * _MINUTE


def moment(number: int, timezone: str) -> datetime:
    """The moment, in UTC, of a wall time.

    A wall time that the clocks jump over is as many minutes later as they jump: where they go from 2:00 to 3:00, 2:30
    is 3:30. One that comes twice is the first (PEP 495, fold 0).
    """
    return wall(number).replace(tzinfo=zone(timezone)).astimezone(UTC)


def local(at: datetime, timezone: str) -> datetime:
    """The wall time, naive, of a moment."""
    return at.astimezone(zone(timezone)).replace(tzinfo=None)


def parse(text: str, timezone: str) -> datetime:
    """A wall time as clients write it: ``2035-01-24 19:30``, or RFC 3339; with an offset it is converted.

    Seconds are dropped. Raises ValueError, also for years before 1970 and after 2200: the Registry takes none.
    """
    given = _read(text)
    # Converted, it may be a year earlier or later, but not beyond what datetime holds.
    if FIRST_YEAR <= given.year <= LAST_YEAR and given.tzinfo is not None:
        given = local(given, timezone)
    if not FIRST_YEAR <= given.year <= LAST_YEAR:
        raise ValueError(f"the year must be between {FIRST_YEAR} and {LAST_YEAR}")
    return given.replace(second=0, microsecond=0, tzinfo=None)


def parse_moment(text: str, timezone: str) -> datetime:
    """The moment, in UTC, of a time as `parse` takes it: the one that its offset says, else that of the wall time.

    The second of two equal wall times can be said in no other way. Raises ValueError as `parse` does.
    """
    on_the_clock, given = parse(text, timezone), _read(text)
    if given.tzinfo is None:
        return moment(minutes(on_the_clock), timezone)
    return given.astimezone(UTC).replace(second=0, microsecond=0)


def _read(text: str) -> datetime:
    text = text.strip().upper()
    if not _FORM.fullmatch(text):
        raise ValueError("give a date and a time, as in 2035-01-24 19:30")
    return datetime.fromisoformat(text)


def written(at: datetime) -> str:
    """A wall time, or a moment in UTC, as documents have it: ``2035-01-24 19:30``."""
    return f"{at.replace(tzinfo=None):%Y-%m-%d %H:%M}"


def shown(at: datetime | None, timezone: str) -> Moment:
    """A moment as documents have it, in UTC and on the event's clock."""
    if at is None:
        return NEVER.copy()
    return {"utc": written(at.astimezone(UTC)), "local": written(local(at, timezone))}
