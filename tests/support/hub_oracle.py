"""What recurrences, wall times and kept occurrences should be, worked out in other and slower ways.

Days are counted one by one and each is asked whether the rule takes it; moments are found by looking at the clock every
minute; occurrences are kept one by one, by what is said of them.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from marquee.hub.models import Occurrence, Rule

WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
MOST = 730
LAST_DAY = date(2200, 12, 31).toordinal()
_MINUTE = timedelta(minutes=1)


def rule(kind: str, starts_on: str, ends: tuple[str, int | str] | None = None, **more: Any) -> Rule:
    """A rule of two hours, with what else is given."""
    made: Any = {
        "type": kind,
        "starts_on": starts_on,
        "duration": 120,
        "ends": ends,
        "interval": 1,
        "weekdays": [],
        "dates": [],
        "timeslots": [],
        "exclusions": [],
    }
    return made | more  # type: ignore[no-any-return]


def starts(rule: Rule) -> list[str] | None:
    """The wall times of a rule, as ``2035-01-24 19:30``; None where they are too many, or go on for too long."""
    day, _, hour = rule["starts_on"].partition(" ")
    match rule["type"]:
        case "does_not_repeat":
            found = [rule["starts_on"]]
        case "schedule":
            found = sorted({rule["starts_on"], *rule["dates"]})
        case _:
            days = _days(rule, date.fromisoformat(day).toordinal())
            if days is None:
                return None
            found = [f"{date.fromordinal(one)} {hour}" for one in days]
    if len(found) > MOST:
        return None
    return [one for one in found if one not in rule["exclusions"] and one[:10] not in rule["exclusions"]]


def _days(rule: Rule, first: int) -> list[int] | None:
    kind, value = rule["ends"] or ("after", MOST)
    last = date.fromisoformat(str(value)).toordinal() if kind == "on" else None
    wanted = int(value) if kind == "after" else None
    found: list[int] = []
    day = first
    while True:
        if (last is not None and day > last) or len(found) == wanted:
            return found
        if day > LAST_DAY or len(found) > MOST:
            return None
        if day == first or _takes(rule, first, day):
            found.append(day)
        day += 1


def _takes(rule: Rule, first: int, day: int) -> bool:
    interval = rule["interval"]
    weekdays = rule["weekdays"] if rule["type"] in {"weekly", "timeslots"} else []
    # The first of January of the year 1 was a Monday.
    weekday, week, week_of_first = WEEKDAYS[(day - 1) % 7], (day - 1) // 7, (first - 1) // 7
    if rule["type"] == "monthly":
        this, that = date.fromordinal(day), date.fromordinal(first)
        months = (this.year - that.year) * 12 + this.month - that.month
        return this.day == that.day and months % interval == 0
    if rule["type"] == "weekly" or weekdays:
        return weekday in (weekdays or [WEEKDAYS[(first - 1) % 7]]) and (week - week_of_first) % interval == 0
    return (day - first) % interval == 0


def moment(wall: datetime, zone: str) -> datetime:
    """The first minute, in UTC, at which the clock shows this; where it never does, as late after it as it jumps."""
    before = None
    for at in _minutes(wall - timedelta(hours=16), 60 * 60):
        shown = clock(at, zone)
        if shown == wall:
            return at
        if before is not None and before < wall < shown:
            gap_begins = before + _MINUTE
            return at + (wall - gap_begins)
        before = shown
    raise AssertionError(f"{zone} has lost {wall}")


def _minutes(first: datetime, count: int) -> Iterator[datetime]:
    at = first.replace(tzinfo=UTC)
    for _ in range(count):
        yield at
        at += _MINUTE


def clock(at: datetime, zone: str) -> datetime:
    """What the clock shows at a moment."""
    return ZoneInfo(zone).fromutc(at.replace(tzinfo=ZoneInfo(zone))).replace(tzinfo=None, fold=0)


@cache
def changes_of_the_clock(zone: str, years: Sequence[int]) -> list[datetime]:
    """The minutes, on the clock, just before it is changed in these years."""
    found = []
    for year in years:
        day = datetime(year, 1, 1, tzinfo=UTC)
        while day.year == year:
            if _offset(day, zone) != _offset(day + timedelta(days=1), zone):
                low, high = day, day + timedelta(days=1)
                while high - low > _MINUTE:
                    middle = low + (high - low) // 2
                    middle = middle.replace(second=0, microsecond=0)
                    low, high = (low, middle) if _offset(middle, zone) != _offset(low, zone) else (middle, high)
                found.append(clock(low, zone))
            day += timedelta(days=1)
    return found


def _offset(at: datetime, zone: str) -> timedelta:
    return clock(at, zone) - at.replace(tzinfo=None)


def kept(before: Sequence[Occurrence], after: Iterable[int]) -> dict[int, int | None]:
    """By start, the key of the occurrence that it is; None where it is a new one."""
    found: dict[int, int | None] = dict.fromkeys(after)
    gone = list(before)

    def take(start: int, one: Occurrence) -> None:
        found[start] = one.key
        gone.remove(one)

    for start in found:
        for one in [one for one in gone if one.start == start]:
            take(start, one)
    for start, key in list(found.items()):
        on_the_day = [one for one in gone if one.start // (24 * 60) == start // (24 * 60)]
        if key is None and on_the_day:
            take(start, on_the_day[0])
    new = [start for start, key in found.items() if key is None]
    if len(new) == len(gone):
        for start in new:
            take(start, gone[0])
    return found
