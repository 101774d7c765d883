"""Which events a query wants, event by event: every filter as a test of an event's facts. Pure."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from marquee.errors import Malformed, Violation
from marquee.hub import recurrence, wall_time
from marquee.hub.listing import cards, facts, windows
from marquee.hub.listing.facts import Facts
from marquee.hub.listing.queries import EventListQuery, window_of
from marquee.text import folded

_DAY = 24 * 60
Entry = Mapping[str, Any]
Test = Callable[[Facts, Entry], bool]
# Between the first zone in which a day begins and the last one lie 26 hours.
_EARLIEST_ZONE, _APART = "Etc/GMT-14", timedelta(hours=26)


class Checks:
    """The tests of a query, by the name of the filter."""

    def __init__(self, query: EventListQuery, sub: str, now: datetime) -> None:
        self.tests: dict[str, Test] = dict(_tests(query, sub, now))
        self.latest_start = _latest_start(query, now)

    def beyond(self, *served: str) -> list[Test]:
        """The tests that are left where a list serves the filters of these names."""
        return [test for name, test in self.tests.items() if name not in served]


def _tests(query: EventListQuery, sub: str, now: datetime) -> Iterator[tuple[str, Test]]:  # noqa: C901, PLR0912 - one per filter
    if ids := set(query.filter_by_ids):
        yield "filter_by_ids", lambda found, _: found["uuid"] in ids
    if organisations := set(query.organisation):
        yield "organisation", lambda found, _: found["tenant"] in organisations
    if category := query.category and query.category.lower():
        yield "category", lambda found, _: category in found["categories"]
    if country := query.country and folded(query.country):
        yield "country", lambda found, _: found["country"] == country
    if query.event_type:
        kind = "online_event" if query.event_type == "online" else "venue_event"
        yield "event_type", lambda found, _: found["configuration"] == kind
    if query.currency:
        yield "currency", lambda found, _: found["currency"] == query.currency
    if query.featured == "1":
        yield "featured", lambda found, _: found["featured"]
    if query.my == "attending":
        yield "my", lambda found, _: sub in found["attending"]
    if query.my == "speaking":
        yield "my", lambda found, _: sub in found["speaking"]
    if query.contact_email:
        yield "contact_email", lambda found, _: (found["email"] or "").casefold() == query.contact_email
    if query.invitation_id:
        yield "invitation_id", lambda found, _: any(one[0] == query.invitation_id for one in found["invitations"])
    if query.invitation_code:
        yield "invitation_code", lambda found, _: any(one[1] == query.invitation_code for one in found["invitations"])
    if query.status == "live":
        yield "live", lambda found, _: any(_running(found, now))
    if name := window_of(query):

        @lru_cache
        def within(timezone: str) -> windows.Window:
            return windows.window(name, now, timezone)

        yield "time_filter", lambda found, _: any(_overlapping(found, within(found["timezone"])))
    if query.event_start_on:
        start = start_on(query.event_start_on)
        yield "event_start_on", lambda found, _: _starts_on(found, start)
    if query.search_q:
        words = folded(query.search_q).split()
        yield "search_q", lambda found, entry: _mentions(words, found, entry)


def start_on(text: str) -> datetime:
    """The wall time that is asked for. Raises Malformed."""
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}", text):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass
    told = "Invalid occurrence"
    raise Malformed("occurrence.invalid", told, violations=[Violation("occurrence.invalid", "event_start_on", told)])


def _latest_start(query: EventListQuery, now: datetime) -> datetime | None:
    """The moment by which an event must have started for the first time, to be in the list; None where any will do."""
    found = [now] if query.status == "live" else []
    if name := window_of(query):
        found.append(windows.window(name, now, _EARLIEST_ZONE)[1] + _APART)
    if query.event_start_on:
        # The earliest and the latest clock are within a day of UTC; a wall time may be moved by a day at most.
        at = min(start_on(query.event_start_on), datetime.max - timedelta(days=3))  # noqa: DTZ901 - a wall time
        found.append((at + timedelta(days=2)).replace(tzinfo=UTC))
    return min(found, default=None)


def _running(found: Facts, now: datetime) -> Iterator[bool]:
    return (start <= now < end for start, end in _spans(found, now, now))


def _overlapping(found: Facts, within: windows.Window) -> Iterator[bool]:
    return (windows.overlaps(start, end, within) for start, end in _spans(found, *within))


def _starts_on(found: Facts, start: datetime) -> bool:
    # Where the clocks jump over a wall time, the occurrence is shown, and found, at the later one.
    at = wall_time.minutes(start)
    near = _starts(found, at - _DAY, at + _DAY)
    timezone = found["timezone"]
    return any(wall_time.local(wall_time.moment(one, timezone), timezone) == start for one in near)


def _spans(found: Facts, first: datetime, last: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The spans of the occurrences that may have to do with these moments."""
    timing = facts.timing(found)
    # The last slot of a day, the duration, and what clocks may be off.
    reach = found["duration"] + 3 * _DAY
    low = wall_time.minutes(first.replace(tzinfo=None)) - reach
    high = wall_time.minutes(last.replace(tzinfo=None)) + 2 * _DAY
    return (recurrence.span(timing, one, found["timezone"]) for one in _starts(found, low, high))


def _starts(found: Facts, low: int, high: int) -> Iterator[int]:
    """The wall times of occurrences from `low` to `high`, without going through the others."""
    for first, step, count, _ in found["runs"]:
        if step <= 0:
            numbers = range(count if low <= first <= high else 0)
        else:
            numbers = range(max(0, -((first - low) // step)), min(count, (high - first) // step + 1))
        yield from (first + step * number for number in numbers)


def _mentions(words: list[str], found: Facts, entry: Entry) -> bool:
    missing = [word for word in words if word not in found["text"]]
    if not missing:
        return True
    text = folded(cards.description(entry))
    return all(word in text for word in missing)
