"""Recurrence: from an organiser's rule to the occurrences, and the occurrences as they are stored.

The rule is expanded by python-dateutil (RFC 5545) on the event's clock, in wall time, so an event keeps its hour over
every change of the clocks; only then each wall time is given its moment. RFC 5545 skips days that a month does not
have, and so do we: monthly on the 31st skips the short months.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any

from dateutil.rrule import DAILY, MONTHLY, WEEKLY, rrule, weekday

from marquee.hub import wall_time
from marquee.hub.models import MOST_OCCURRENCES, Occurrence, Rule

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FREQUENCIES = {"daily": DAILY, "weekly": WEEKLY, "monthly": MONTHLY, "timeslots": DAILY}
Run = list[int]


class TooManyOccurrences(ValueError):
    """The rule gives more occurrences than an event may have."""


def starts(rule: Rule) -> list[datetime]:
    """The wall times at which the occurrences start, in order, without the excluded ones.

    Exclusions do not make the recurrence longer: those of "after 10" are among the ten (RFC 5545, 3.8.5.1). Raises
    TooManyOccurrences.
    """
    first = datetime.fromisoformat(rule["starts_on"])
    found = sorted({first, *map(datetime.fromisoformat, rule["dates"])}) if rule["type"] == "schedule" else None
    if found is None:
        found = [first] if rule["type"] == "does_not_repeat" else _expanded(rule, first)
    if len(found) > MOST_OCCURRENCES:
        raise TooManyOccurrences
    excluded = set(rule["exclusions"])
    return [one for one in found if not excluded & {f"{one:%Y-%m-%d}", wall_time.written(one)}]


def _expanded(rule: Rule, first: datetime) -> list[datetime]:
    days: dict[str, Any] = {}
    if rule["weekdays"] and rule["type"] in {"weekly", "timeslots"}:
        days["byweekday"] = [weekday(WEEKDAYS.index(one)) for one in rule["weekdays"]]
    kind, value = rule["ends"] or ("after", MOST_OCCURRENCES)
    end: dict[str, Any] = (
        {"count": int(value)}
        if kind == "after"
        else {"until": datetime.combine(date.fromisoformat(str(value)), time.max)}
    )
    recurring = rrule(_FREQUENCIES[rule["type"]], dtstart=first, interval=rule["interval"], **end, **days)
    return list(islice(recurring, MOST_OCCURRENCES + 1))


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
    """The occurrences at these wall times; those that stay, or are moved, keep their keys.

    The one at the same time is the same one; then the one on the same day; then, where as many are left as there were,
    they are the same ones in order.
    """
    wanted = [wall_time.minutes(one) for one in after]
    keys: dict[int, int] = {}
    left = list(before)
    for same in (lambda old, new: old == new, lambda old, new: old // 1440 == new // 1440):
        for start in wanted:
            match = next((one for one in left if start not in keys and same(one.start, start)), None)
            if match is not None:
                keys[start] = match.key
                left.remove(match)
    new = [start for start in wanted if start not in keys]
    if len(new) == len(left) and len(before) == len(wanted):
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
    hours, colon, rest = text.strip().partition(":")
    if colon:
        if not (hours.isdigit() and len(rest) == 2 and rest.isdigit() and int(rest) < 60):  # noqa: PLR2004
            raise ValueError(_DURATION)
        found = int(hours) * 60 + int(rest)
    else:
        whole, _, part = text.strip().partition(".")
        if not whole.isdigit() or part not in _QUARTERS:
            raise ValueError(_DURATION)
        found = int(whole) * 60 + _QUARTERS[part]
    if found % 15 or not 15 <= found <= _LONGEST:  # noqa: PLR2004 - a quarter of an hour
        raise ValueError(_DURATION)
    return found


_QUARTERS: Mapping[str, int] = {"": 0, "0": 0, "00": 0, "25": 15, "5": 30, "50": 30, "75": 45}
_LONGEST = 31 * 24 * 60
_DURATION = "give hours in steps of a quarter, up to 31 days: 1.25, 2 or 01:15"
