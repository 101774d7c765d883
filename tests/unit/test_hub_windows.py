"""The stretches of time that lists can be asked for."""

from datetime import UTC, datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marquee.hub.listing.windows import TimeFilter, overlaps, window

NAMES: tuple[TimeFilter, ...] = get_args(TimeFilter)
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Havana",
    "America/Santiago",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Pacific/Apia",
    "Pacific/Kiritimati",
]
moments = st.integers(1_704_067_200, 4_260_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))
zones = st.sampled_from(ZONES)
often = settings(max_examples=150, deadline=None)


def at(text: str, zone: str = "Europe/Berlin") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


# Friday, 9 October 2026, in the evening.
@pytest.mark.parametrize(
    ("name", "first", "following"),
    [
        ("today", "2026-10-09", "2026-10-10"),
        ("tomorrow", "2026-10-10", "2026-10-11"),
        ("this_week", "2026-10-05", "2026-10-12"),
        ("this_weekend", "2026-10-10", "2026-10-12"),
        ("next_week", "2026-10-12", "2026-10-19"),
        ("next_weekend", "2026-10-17", "2026-10-19"),
        ("this_month", "2026-10-01", "2026-11-01"),
        ("next_month", "2026-11-01", "2026-12-01"),
        ("this_year", "2026-01-01", "2027-01-01"),
        ("next_year", "2027-01-01", "2028-01-01"),
    ],
)
def test_a_window_is_made_of_whole_days_of_the_zone(name: TimeFilter, first: str, following: str) -> None:
    assert window(name, at("2026-10-09 20:00"), "Europe/Berlin") == (at(first), at(following))


@pytest.mark.parametrize(
    ("day", "this_weekend", "next_weekend"),
    [
        ("2026-10-05", "2026-10-10", "2026-10-17"),  # Monday
        ("2026-10-10", "2026-10-10", "2026-10-17"),  # Saturday
        ("2026-10-11", "2026-10-10", "2026-10-17"),  # Sunday
        ("2026-10-12", "2026-10-17", "2026-10-24"),
    ],
)
def test_this_weekend_is_the_one_under_way_or_the_one_that_comes(
    day: str, this_weekend: str, next_weekend: str
) -> None:
    assert window("this_weekend", at(f"{day} 23:59"), "Europe/Berlin")[0] == at(this_weekend)
    assert window("next_weekend", at(f"{day} 00:00"), "Europe/Berlin")[0] == at(next_weekend)


def test_the_month_after_december_is_january() -> None:
    assert window("next_month", at("2026-12-31 23:59"), "Europe/Berlin") == (at("2027-01-01"), at("2027-02-01"))


def test_the_same_moment_is_another_day_elsewhere() -> None:
    now = datetime(2026, 6, 1, 11, tzinfo=UTC)

    assert window("today", now, "Pacific/Kiritimati")[0] == at("2026-06-02", "Pacific/Kiritimati")
    assert window("today", now, "Pacific/Pago_Pago")[0] == at("2026-06-01", "Pacific/Pago_Pago")


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", "2026-03-29", 23),
        ("Europe/Berlin", "2026-10-25", 25),
        ("Europe/Berlin", "2050-03-27", 23),
        ("Australia/Lord_Howe", "2026-10-04", 23.5),
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
        ("America/Sao_Paulo", "2018-11-04", 23),  # has no midnight
        ("America/Havana", "2024-11-03", 25),  # has two
        ("Pacific/Apia", "2011-12-30", 0),  # there was none
    ],
)
def test_a_day_on_which_clocks_change_has_more_or_fewer_hours(zone: str, day: str, hours: float) -> None:
    before = at(f"{day} 12:00", zone) - timedelta(days=1)

    start, end = window("tomorrow", before.astimezone(UTC), zone)

    assert (end.astimezone(UTC) - start.astimezone(UTC)) == timedelta(hours=hours)


@often
@given(moments, zones)
def test_windows_that_follow_each_other_leave_no_gap_and_do_not_overlap(now: datetime, zone: str) -> None:
    for one, other in [
        ("today", "tomorrow"),
        *((f"this_{kind}", f"next_{kind}") for kind in ("week", "month", "year")),
    ]:
        assert window(one, now, zone)[1] == window(other, now, zone)[0]  # type: ignore[arg-type]


@often
@given(moments, zones)
def test_now_is_in_the_windows_around_it(now: datetime, zone: str) -> None:
    for name in ("today", "this_week", "this_month", "this_year"):
        start, end = window(name, now, zone)
        assert start <= now < end


@often
@given(moments, zones)
def test_smaller_windows_lie_in_larger_ones(now: datetime, zone: str) -> None:
    found = {name: window(name, now, zone) for name in NAMES}

    for inner, outer in [
        ("today", "this_week"),
        ("today", "this_month"),
        ("this_weekend", "this_week"),
        ("next_weekend", "next_week"),
        ("this_month", "this_year"),
    ]:
        assert found[outer][0] <= found[inner][0] < found[inner][1] <= found[outer][1]  # type: ignore[index]
    assert found["this_weekend"][1] == found["this_week"][1]


@often
@given(moments, zones, st.sampled_from(NAMES))
def test_every_moment_of_a_window_that_is_under_way_gives_the_same_window(
    now: datetime, zone: str, name: TimeFilter
) -> None:
    kind = name.partition("_")[2] or "today"
    this: TimeFilter = f"this_{kind}" if kind != "today" else "today"  # type: ignore[assignment]
    start, end = window(this, now, zone)
    last = end - timedelta(minutes=1)

    assert window(this, start, zone) == window(this, last, zone) == (start, end)


@pytest.mark.parametrize(
    ("start", "end", "inside"),
    [
        ("2026-10-09 23:00", "2026-10-10 00:00", False),  # over as the day begins
        ("2026-10-09 23:00", "2026-10-10 00:01", True),
        ("2026-10-10 12:00", "2026-10-10 13:00", True),
        ("2026-10-09 12:00", "2026-10-12 13:00", True),
        ("2026-10-10 23:45", "2026-10-11 00:45", True),
        ("2026-10-11 00:00", "2026-10-11 01:00", False),  # begins as it ends
    ],
)
def test_what_overlaps_a_window_has_a_part_in_it(start: str, end: str, inside: bool) -> None:
    today = window("today", at("2026-10-10 12:00"), "Europe/Berlin")

    assert overlaps(at(start), at(end), today) is inside
