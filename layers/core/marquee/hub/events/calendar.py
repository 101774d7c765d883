"""An event's occurrences in time, found without going through all of them: lists ask this of every row."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from marquee.hub import recurrence, wall_time
from marquee.hub.models import Occurrence, Rule

Span = tuple[datetime, datetime]
# More than any change of the clocks, in minutes.
_SLACK = 24 * 60


class Calendar:
    """The occurrences of a stored event, with the moments of their starts and ends in UTC."""

    __slots__ = ("_length", "_runs", "rule", "timezone")

    def __init__(self, head: Mapping[str, Any], rule: Rule, timezone: str) -> None:
        self.rule = rule
        self.timezone = timezone
        self._runs: list[list[int]] = orjson.loads(head["runs"])
        slots = rule["timeslots"] or ["00:00"]
        self._length = rule["duration"] + _minute(slots[-1]) - _minute(slots[0])

    def __len__(self) -> int:
        return sum(run[2] for run in self._runs)

    @property
    def first(self) -> Occurrence:
        """The first occurrence; every event has one."""
        start, _, _, shift = self._runs[0]
        return Occurrence(start, start - shift)

    @property
    def last(self) -> Occurrence:
        """The last occurrence."""
        start, step, count, shift = self._runs[-1]
        start += step * (count - 1)
        return Occurrence(start, start - shift)

    def span(self, one: Occurrence) -> Span:
        """When an occurrence starts and ends."""
        return recurrence.span(self.rule, one.start, self.timezone)

    def every(self) -> Iterator[Occurrence]:
        """All occurrences, in order."""
        return iter(recurrence.unpacked(self._runs))

    def unfinished(self, now: datetime, most: int) -> list[tuple[Occurrence, Span]]:
        """At most so many occurrences, in order, that are not over at this moment."""
        found: list[tuple[Occurrence, Span]] = []
        local = wall_time.minutes(wall_time.local(now, self.timezone))
        for one in _since(self._runs, local - self._length - _SLACK):
            span = self.span(one)
            if span[1] > now:
                found.append((one, span))
                if len(found) == most:
                    break
        return found


def _minute(slot: str) -> int:
    return int(slot[:2]) * 60 + int(slot[3:])


def _since(runs: Sequence[Sequence[int]], wall: int) -> Iterator[Occurrence]:
    """The occurrences that start at this wall time or after it."""
    for first, step, count, shift in runs:
        skipped = -(-(wall - first) // step) if step else int(first < wall)
        for number in range(max(skipped, 0), count):
            start = first + step * number
            yield Occurrence(start, start - shift)
