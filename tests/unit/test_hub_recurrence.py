"""Recurrence rules: their occurrences, written out and against an oracle that counts days."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marquee.hub import recurrence, wall_time
from marquee.hub.models import MOST_OCCURRENCES, Rule
from marquee.hub.recurrence import TooManyOccurrences
from tests.support import hub_oracle
from tests.support.hub_oracle import rule


def days(of: Rule) -> list[str]:
    found = recurrence.starts(of)
    assert {f"{one:%H:%M}" for one in found} <= {of["starts_on"][11:]}
    return [f"{one:%Y-%m-%d}" for one in found]


def texts(of: Rule) -> list[str]:
    return [wall_time.written(one) for one in recurrence.starts(of)]


# --- Written out ------------------------------------------------------------------------------------------------------

# 24 January 2035 is a Wednesday.
EXAMPLES: list[tuple[Rule, str]] = [
    (rule("does_not_repeat", "2035-01-24 19:30"), "2035-01-24"),
    (rule("daily", "2035-01-30 19:30", ("after", 4)), "2035-01-30 2035-01-31 2035-02-01 2035-02-02"),
    (rule("daily", "2035-01-30 19:30", ("on", "2035-02-01")), "2035-01-30 2035-01-31 2035-02-01"),
    (rule("daily", "2035-01-30 19:30", ("after", "3"), interval=10), "2035-01-30 2035-02-09 2035-02-19"),
    (rule("daily", "2036-02-28 19:30", ("after", 3)), "2036-02-28 2036-02-29 2036-03-01"),
    (rule("daily", "2100-02-27 19:30", ("after", 3)), "2100-02-27 2100-02-28 2100-03-01"),  # no leap year
    (rule("daily", "2038-01-18 19:30", ("after", 3)), "2038-01-18 2038-01-19 2038-01-20"),
    (rule("weekly", "2035-01-24 19:30", ("after", 3)), "2035-01-24 2035-01-31 2035-02-07"),
    (rule("weekly", "2035-01-24 19:30", ("on", "2035-02-07")), "2035-01-24 2035-01-31 2035-02-07"),
    (rule("weekly", "2035-01-24 19:30", ("on", "2035-02-06")), "2035-01-24 2035-01-31"),
    (
        rule("weekly", "2035-01-24 19:30", ("after", 5), weekdays=["wed", "fri"]),
        "2035-01-24 2035-01-26 2035-01-31 2035-02-02 2035-02-07",
    ),
    # The start is one of them, and counts, though it is a Wednesday.
    (
        rule("weekly", "2035-01-24 19:30", ("after", 4), weekdays=["mon", "fri"]),
        "2035-01-24 2035-01-26 2035-01-29 2035-02-02",
    ),
    # Every other week: the week of the start, from Monday on, and not the one after it.
    (
        rule("weekly", "2035-01-24 19:30", ("after", 5), weekdays=["mon", "wed", "sun"], interval=2),
        "2035-01-24 2035-01-28 2035-02-05 2035-02-07 2035-02-11",
    ),
    (rule("monthly", "2035-01-24 19:30", ("after", 3)), "2035-01-24 2035-02-24 2035-03-24"),
    (rule("monthly", "2035-01-31 19:30", ("after", 4)), "2035-01-31 2035-03-31 2035-05-31 2035-07-31"),
    (rule("monthly", "2035-01-30 19:30", ("after", 3)), "2035-01-30 2035-03-30 2035-04-30"),
    (rule("monthly", "2035-12-29 19:30", ("after", 3)), "2035-12-29 2036-01-29 2036-02-29"),
    (rule("monthly", "2034-12-29 19:30", ("after", 3)), "2034-12-29 2035-01-29 2035-03-29"),
    (rule("monthly", "2035-08-31 19:30", ("after", 3), interval=6), "2035-08-31 2036-08-31 2037-08-31"),
    # Leap days; 2100 has none.
    (rule("monthly", "2092-02-29 19:30", ("after", 3), interval=12), "2092-02-29 2096-02-29 2104-02-29"),
    (rule("monthly", "2035-01-31 19:30", ("on", "2035-03-30")), "2035-01-31"),
    (
        rule("schedule", "2035-03-01 19:30", dates=["2035-02-01 19:30", "2035-03-01 19:30", "2035-01-07 19:30"]),
        "2035-01-07 2035-02-01 2035-03-01",
    ),
    (
        rule("timeslots", "2035-01-24 10:00", ("after", 3), timeslots=["10:00", "14:00"]),
        "2035-01-24 2035-01-25 2035-01-26",
    ),
    (
        rule("timeslots", "2035-01-24 10:00", ("on", "2035-02-04"), timeslots=["10:00"], weekdays=["sat", "sun"]),
        "2035-01-24 2035-01-27 2035-01-28 2035-02-03 2035-02-04",
    ),
    (
        rule("timeslots", "2035-01-27 10:00", ("after", 3), timeslots=["10:00"], weekdays=["sat"], interval=2),
        "2035-01-27 2035-02-10 2035-02-24",
    ),
    # It ends before it begins.
    (rule("daily", "2035-01-24 19:30", ("on", "2035-01-23")), ""),
]


@pytest.mark.parametrize(("given_rule", "expected"), EXAMPLES)
def test_a_rule_gives_these_days(given_rule: Rule, expected: str) -> None:
    assert days(given_rule) == expected.split()
    assert texts(given_rule) == hub_oracle.starts(given_rule)


def test_excluded_dates_and_times_are_left_out_and_do_not_make_the_recurrence_longer() -> None:
    found = days(rule("daily", "2035-01-01 19:30", ("after", 5), exclusions=["2035-01-02", "2035-01-04 19:30"]))

    assert found == ["2035-01-01", "2035-01-03", "2035-01-05"]


def test_a_time_at_which_nothing_starts_excludes_nothing() -> None:
    assert len(days(rule("daily", "2035-01-01 19:30", ("after", 5), exclusions=["2035-01-02 19:00"]))) == 5


def test_a_date_excludes_every_occurrence_of_the_day_and_a_time_only_its_own() -> None:
    dates = ["2035-01-01 15:00", "2035-01-01 19:30", "2035-01-02 15:00", "2035-01-02 19:30"]

    found = texts(rule("schedule", dates[0], dates=dates, exclusions=["2035-01-01", "2035-01-02 15:00"]))

    assert found == ["2035-01-02 19:30"]


def test_everything_may_be_excluded() -> None:
    assert days(rule("does_not_repeat", "2035-01-01 19:30", exclusions=["2035-01-01"])) == []


def test_two_evenings_that_are_scheduled_twice_are_two_occurrences() -> None:
    dates = ["2035-01-02 19:30", "2035-01-01 19:30", "2035-01-02 19:30"]

    assert texts(rule("schedule", "2035-01-01 19:30", dates=dates)) == ["2035-01-01 19:30", "2035-01-02 19:30"]


# --- Limits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["daily", "timeslots", "weekly", "monthly"])
def test_there_are_at_most_730_occurrences(kind: str) -> None:
    most = rule(kind, "2035-01-01 19:30", ("after", MOST_OCCURRENCES))

    assert len(days(most)) == MOST_OCCURRENCES == 730
    with pytest.raises(TooManyOccurrences, match="at most 730"):
        recurrence.starts(most | {"ends": ("after", 731)})


def test_two_years_of_days_are_as_many_as_there_may_be() -> None:
    assert len(days(rule("daily", "2037-01-01 19:30", ("on", "2038-12-31")))) == 730
    with pytest.raises(TooManyOccurrences, match="at most 730"):
        recurrence.starts(rule("daily", "2037-01-01 19:30", ("on", "2039-01-01")))


def test_a_schedule_has_at_most_730_dates() -> None:
    dates = [f"{date(2035, 1, 1) + timedelta(days=number)} 19:30" for number in range(731)]

    assert len(days(rule("schedule", dates[0], dates=dates[:730]))) == 730
    with pytest.raises(TooManyOccurrences, match="at most 730"):
        recurrence.starts(rule("schedule", dates[0], dates=dates))


def test_exclusions_do_not_make_room_for_more() -> None:
    with pytest.raises(TooManyOccurrences):
        recurrence.starts(rule("daily", "2035-01-01 19:30", ("after", 731), exclusions=["2035-01-01"]))


@pytest.mark.parametrize(
    "endless",
    [
        rule("monthly", "2036-02-29 19:30", ("after", 100), interval=12),  # a hundred leap days
        rule("monthly", "2035-01-31 19:30", ("on", "2500-12-31"), interval=12),
        rule("daily", "2035-01-01 19:30", ("after", 2), interval=10**9),
        rule("weekly", "2035-01-01 19:30", ("after", 2), interval=10**9),
        rule("monthly", "2035-01-01 19:30", ("after", 2), interval=10**9),
        rule("daily", "9999-12-31 19:30", ("after", 2)),
        rule("does_not_repeat", "2201-01-01 19:30"),
        rule("schedule", "2035-01-01 19:30", dates=["2035-01-01 19:30", "2201-01-01 00:00"]),
    ],
)
def test_a_rule_that_goes_on_for_centuries_is_refused_and_soon(endless: Rule) -> None:
    with pytest.raises(TooManyOccurrences, match="after the year 2200"):
        recurrence.starts(endless)


def test_the_last_evening_of_2200_is_early_enough() -> None:
    assert days(rule("daily", "2200-12-30 19:30", ("after", 2)))[-1] == "2200-12-31"


# --- Against the oracle -----------------------------------------------------------------------------------------------

FIRST = date(2026, 1, 1).toordinal()
day_texts = st.integers(FIRST, FIRST + 40 * 366).map(lambda number: str(date.fromordinal(number)))
special_days = st.sampled_from(
    ["2027-12-31", "2028-02-29", "2029-01-31", "2029-01-30", "2029-01-29", "2038-01-19", "2096-02-29", "2099-12-31"]
)
hours = st.sampled_from(["00:00", "02:30", "19:30", "23:59"])
weekday_lists = st.lists(st.sampled_from(recurrence.WEEKDAYS), unique=True, max_size=7)


@st.composite
def repeating(draw: st.DrawFn) -> Rule:
    kind = draw(st.sampled_from(["daily", "weekly", "monthly", "timeslots"]))
    day = draw(day_texts | special_days)
    interval = draw(st.integers(1, 4) | st.sampled_from([6, 7, 12, 13, 28]))
    if draw(st.booleans()):
        ends: tuple[str, int | str] = ("after", draw(st.integers(1, 40) if kind == "monthly" else st.integers(1, 200)))
    else:
        span = draw(st.integers(-2, 3000 if kind == "monthly" else 900))
        ends = ("on", str(date.fromisoformat(day) + timedelta(days=span)))
    made = rule(kind, f"{day} {draw(hours)}", ends, interval=interval, weekdays=draw(weekday_lists))
    all_days = [one[:10] for one in hub_oracle.starts(made) or []]
    if all_days:
        made["exclusions"] = draw(st.lists(st.sampled_from(all_days), max_size=3))
    return made


@settings(max_examples=150, deadline=None)
@given(repeating())
def test_a_rule_gives_the_days_that_one_finds_by_counting(made: Rule) -> None:
    expected = hub_oracle.starts(made)

    if expected is None:
        with pytest.raises(TooManyOccurrences):
            recurrence.starts(made)
    else:
        assert texts(made) == expected


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(day_texts, hours), min_size=1, max_size=30), st.data())
def test_a_schedule_is_its_dates_in_order(dates: list[tuple[str, str]], data: st.DataObject) -> None:
    written = [" ".join(one) for one in dates]
    excluded = data.draw(st.lists(st.sampled_from(written + [day for day, _ in dates]), max_size=3))
    made = rule("schedule", written[0], dates=written, exclusions=excluded)

    assert texts(made) == hub_oracle.starts(made)


# --- Spans and timeslots ----------------------------------------------------------------------------------------------


def span(of: Rule, zone: str) -> list[str]:
    (start,) = [wall_time.minutes(one) for one in recurrence.starts(of)]
    return [f"{at:%Y-%m-%d %H:%M}" for at in recurrence.span(of, start, zone)]


def test_an_occurrence_lasts_its_duration_while_the_clocks_change() -> None:
    # Berlin's clocks go back at 3:00 on 28 October 2035: ten at night (20:00 UTC) to 5:00, eight hours later.
    night = rule("does_not_repeat", "2035-10-27 22:00", duration=8 * 60)

    assert span(night, "Europe/Berlin") == ["2035-10-27 20:00", "2035-10-28 04:00"]


def test_a_day_of_timeslots_runs_from_the_first_to_the_end_of_the_last() -> None:
    day = rule("timeslots", "2035-01-24 10:00", ("after", 1), timeslots=["10:00", "14:00", "20:30"], duration=90)

    assert span(day, "Asia/Kathmandu") == ["2035-01-24 04:15", "2035-01-24 16:15"]
    (start,) = recurrence.starts(day)
    slots = recurrence.slots(day, wall_time.minutes(start))
    assert [wall_time.written(wall_time.wall(one)) for one in slots] == [
        "2035-01-24 10:00",
        "2035-01-24 14:00",
        "2035-01-24 20:30",
    ]


def test_other_events_have_no_timeslots() -> None:
    assert recurrence.slots(rule("daily", "2035-01-24 10:00", ("after", 1), timeslots=["10:00"]), 0) == []


def test_an_event_keeps_its_hour_over_every_change_of_the_clocks() -> None:
    # In New York in 2026 the clocks change on 8 March and 1 November.
    weekly = rule("weekly", "2026-03-01 19:30", ("on", "2026-11-08"), interval=1)
    starts = [wall_time.minutes(one) for one in recurrence.starts(weekly)]

    moments = [recurrence.span(weekly, one, "America/New_York")[0] for one in starts]

    assert {f"{wall_time.local(one, 'America/New_York'):%H:%M}" for one in moments} == {"19:30"}
    assert {f"{one:%m-%d %H:%M}" for one in moments if one.month in {3, 11}} == {
        "03-02 00:30",
        "03-08 23:30",
        "03-15 23:30",
        "03-22 23:30",
        "03-29 23:30",
        "11-02 00:30",
        "11-09 00:30",
    }


# --- Durations --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("1.25", 75),
        ("2", 120),
        ("01:15", 75),
        ("1:15", 75),
        ("0.25", 15),
        ("0:15", 15),
        ("2.0", 120),
        ("2.50", 150),
        (" 1.5 ", 90),
        ("10.75", 645),
        ("36", 2160),
        ("744", 44_640),
    ],
)
def test_a_duration_is_hours_in_quarters(text: str, minutes: int) -> None:
    assert recurrence.duration_minutes(text) == minutes


@pytest.mark.parametrize(
    "text",
    [
        *("", "0", "0.0", "00:00", "-1", "+1", "1.1", "1.3", "1.255", "0.1", "1.", ".5", "1:5", "01:10", "01:60"),
        *("1:15:00", "01:15 h", "1,25", "744.25", "1e1", "\u0661", "\u00b2", "1\u0660:15", "9" * 5000, "nan"),
    ],
)
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="in steps of a quarter"):
        recurrence.duration_minutes(text)


def test_every_duration_is_read_as_it_is_written() -> None:
    assert [recurrence.duration_text(one) for one in (15, 30, 75, 120, 44_625)] == [
        "0.25",
        "0.5",
        "1.25",
        "2",
        "743.75",
    ]
    for minutes in range(15, 44_641, 15):
        assert recurrence.duration_minutes(recurrence.duration_text(minutes)) == minutes
