"""Recurrence: from an organiser's rule to the occurrences, and the occurrences as they are stored.

The rule is expanded by python-dateutil (RFC 5545) on the event's clock, in wall time, so an event keeps its hour over
every change of the clocks; only then each wall time is given its moment. RFC 5545 skips days that a month does not
have, and so do we: monthly on the 31st skips the short months.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from itertools import chain, islice, takewhile

from marquee.hub import wall_time
from marquee.hub.models import MOST_OCCURRENCES, Occurrence, Rule

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Run = list[int]
_DAY = 24 * 60


class TooManyOccurrences(ValueError):
    """The rule gives more occurrences than an event may have, or does not end before `wall_time.LAST_YEAR` does."""


def starts(rule: Rule) -> list[datetime]:
    """The wall times at which the occurrences start, in order, each once, without the excluded ones.

    The start of the rule is the first of them, also where its day is none of the weekdays (RFC 5545, 3.8.5.3: DTSTART
    counts), unless the rule ends before it. Exclusions do not make the recurrence longer: those of "after 10" are among
    the ten (3.8.5.1). Raises TooManyOccurrences.
    """
    first = datetime.fromisoformat(rule["starts_on"])
    match rule["type"]:
        case "does_not_repeat":
            found = [first]
        case "schedule":
            found = sorted({first, *map(datetime.fromisoformat, rule["dates"])})
        case _:
            found = _repeated(rule, first)
    if len(found) > MOST_OCCURRENCES:
        raise TooManyOccurrences(f"An event has at most {MOST_OCCURRENCES} occurrences.")
    if found and found[-1].year > wall_time.LAST_YEAR:
        raise TooManyOccurrences(_TOO_LONG)
    excluded = set(rule["exclusions"])
    return [one for one in found if not excluded & {f"{one:%Y-%m-%d}", wall_time.written(one)}] if excluded else found


def _repeated(rule: Rule, first: datetime) -> list[datetime]:
    """The occurrences of a rule that repeats; one more than there may be where they are too many."""
    kind, value = rule["ends"] or ("after", MOST_OCCURRENCES)
    every = chain([first], (one for one in _expanded(rule, first) if one > first))
    if kind == "on":
        last = date.fromisoformat(str(value))
        return list(islice(takewhile(lambda one: one.date() <= last, every), MOST_OCCURRENCES + 1))
    wanted = min(int(value), MOST_OCCURRENCES + 1)
    found = list(islice(every, wanted))
    if len(found) < wanted:  # the calendar's years are over
        raise TooManyOccurrences(_TOO_LONG)
    return found


def _expanded(rule: Rule, first: datetime) -> Iterator[datetime]:
    """All that the rule gives from its start on, to the end of the calendar."""
    # Reading events needs no rules, and their start need not wait for this.
    from dateutil.rrule import DAILY, MONTHLY, WEEKLY, rrule, weekday  # noqa: PLC0415

    interval = rule["interval"]
    if rule["type"] == "monthly":
        return iter(rrule(MONTHLY, first, interval))
    if rule["type"] == "daily" or not rule["weekdays"]:
        return iter(rrule(WEEKLY if rule["type"] == "weekly" else DAILY, first, interval))
    days = [weekday(WEEKDAYS.index(one)) for one in rule["weekdays"]]
    return iter(rrule(WEEKLY, first, interval, byweekday=days))


_TOO_LONG = f"The occurrences would go on after the year {wall_time.LAST_YEAR}."


def slots(rule: Rule, start: int) -> list[int]:
    """The wall times of an occurrence's timeslots, in minutes; none where the event has no timeslots."""
    if rule["type"] != "timeslots":
        return []
    day = datetime.combine(wall_time.wall(start).date(), time.min)
    return [wall_time.minutes(datetime.combine(day, time.fromisoformat(one))) for one in rule["timeslots"]]


def span(rule: Rule, start: int, timezone: str) -> tuple[datetime, datetime]:
    """When an occurrence starts and ends. It lasts its duration, whatever the clocks do meanwhile; UTC."""
    last = (slots(rule, start) or [start])[-1]
    return wall_time.moment(start, timezone), wall_time.moment(last, timezone) + timedelta(minutes=rule["duration"])


def kept(before: Sequence[Occurrence], after: Iterable[datetime]) -> list[Occurrence]:
    """The occurrences at these wall times (in order, each once); those that stay, or are moved, keep their keys.

    The one at the same time is the same one; then, in order, those on the same day; then, where as many are left as
    there were, they are the same ones in order. The others are new. A new one's key is its wall time, or the next
    minute that is no key of this event yet.
    """
    wanted = [wall_time.minutes(one) for one in after]
    key_at = {one.start: one.key for one in before}
    keys = {start: key_at[start] for start in wanted if start in key_at}
    left = [one for one in before if one.start not in keys]
    new = [start for start in wanted if start not in keys]

    on_day: dict[int, list[Occurrence]] = {}
    for one in reversed(left):
        on_day.setdefault(one.start // _DAY, []).append(one)
    for start in new:
        if same_day := on_day.get(start // _DAY):
            keys[start] = same_day.pop().key
    used = set(keys.values())
    left = [one for one in left if one.key not in used]
    new = [start for start in new if start not in keys]

    if len(new) == len(left):
        keys |= {start: one.key for start, one in zip(new, left, strict=True)}
        new = []
    taken = {*keys.values(), *(one.key for one in before)}
    for start in new:
        key = start
        while key in taken:
            key += 1
        keys[start] = key
        taken.add(key)
    return [Occurrence(start, keys[start]) for start in wanted]


def packed(occurrences: Sequence[Occurrence]) -> list[Run]:
    """Occurrences in few numbers: runs of ``[first start, step, how many, start minus key]``.

    A year of evenings is one run: wall times know no change of the clocks.
    """
    runs: list[Run] = []
    for one in occurrences:
        shift = one.start - one.key
        if runs and runs[-1][3] == shift:
            first, step, count, _ = run = runs[-1]
            if count == 1 or one.start == first + step * count:
                run[1], run[2] = (one.start - first if count == 1 else step), count + 1
                continue
        runs.append([one.start, 0, 1, shift])
    return runs


def unpacked(runs: Iterable[Sequence[int]]) -> list[Occurrence]:
    """The inverse of `packed`."""
    return [
        Occurrence(first + step * number, first + step * number - shift)
        for first, step, count, shift in runs
        for number in range(count)
    ]


def duration_text(minutes: int) -> str:
    """A duration in hours, as documents have it: 75 minutes are ``1.25``, two hours ``2``."""
    return f"{minutes / 60:g}"


def duration_minutes(text: str) -> int:
    """A duration in minutes, from hours in steps of a quarter: ``1.25``, ``2`` or ``01:15``. Raises ValueError."""
    given = _HOURS.fullmatch(text.strip())
    if given is None:
        raise ValueError(_DURATION)
    hours, decimals, minutes = given.groups("")
    rest = int(minutes) if minutes else _QUARTERS.get(decimals.rstrip("0"), -1)
    found = int(hours) * 60 + rest
    if rest not in _QUARTERS.values() or not 0 < found <= _LONGEST:
        raise ValueError(_DURATION)
    return found


_HOURS = re.compile(r"(\d{1,4})(?:\.(\d{1,9})|:(\d\d))?", re.ASCII)
_QUARTERS: Mapping[str, int] = {"": 0, "25": 15, "5": 30, "75": 45}
_LONGEST = 31 * _DAY
_DURATION = "give hours in steps of a quarter, up to 31 days: 1.25, 2 or 01:15"
