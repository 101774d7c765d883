"""Changing the times of an event that has begun."""

from datetime import UTC, datetime

from marquee.errors import Violation
from marquee.hub import recurrence, wall_time
from marquee.hub.events import schedule
from marquee.hub.models import Rule
from tests.support.hub_oracle import rule

# A Wednesday, in the middle of it all.
NOW = datetime(2035, 2, 7, 12, tzinfo=UTC)
WEEKLY = rule("weekly", "2035-01-24 19:30", ("after", 4))
KNOWN = {wall_time.minutes(one) for one in recurrence.starts(WEEKLY)}


def edited(after: Rule, *, moved: bool = False) -> tuple[list[str], list[str]]:
    """The days of the occurrences, and the codes and fields of what is wrong."""
    wrong: list[Violation] = []
    found = schedule.starts(after, "Europe/Berlin", NOW, wrong, known=KNOWN, moved=moved)
    return [f"{one:%m-%d}" for one in found], [f"{one.code} {one.field}" for one in wrong]


def test_what_has_taken_place_stays() -> None:
    assert edited(WEEKLY) == (["01-24", "01-31", "02-07", "02-14"], [])


def test_days_that_are_added_are_those_to_come() -> None:
    # Of the Mondays 29 January, 5 and 12 February only the last is ahead.
    more = WEEKLY | {"weekdays": ["mon", "wed"], "ends": ("on", "2035-02-14")}

    assert edited(more) == (["01-24", "01-31", "02-07", "02-12", "02-14"], [])


def test_a_start_that_is_moved_has_to_lie_in_the_future() -> None:
    moved = WEEKLY | {"starts_on": "2035-01-25 19:30"}

    assert edited(moved, moved=True)[1] == ["occurrence.in_the_past event.occurrence.attributes.starts_on"]


def test_a_past_date_is_no_date_of_a_schedule_unless_it_was_one() -> None:
    dates = ["2035-01-24 19:30", "2035-01-31 19:30", "2035-03-01 19:30"]
    scheduled = WEEKLY | {"type": "schedule", "ends": None, "dates": dates}

    assert edited(scheduled) == (["01-24", "01-31", "03-01"], [])
    assert edited(scheduled | {"dates": [*dates, "2035-02-01 19:30"]})[1] == [
        "occurrence.in_the_past event.occurrence.attributes.dates"
    ]
