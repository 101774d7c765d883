"""Wall times and the moments they stand for, written out and against an oracle that looks at the clock."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marquee.hub import wall_time
from tests.support import hub_oracle

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "America/Havana",
    "America/Santiago",
    "Africa/Cairo",
    "America/St_Johns",
    "UTC",
)
YEARS = (2026, 2038, 2050, 2100)


def moment(text: str, zone: str) -> str:
    return wall_time.written(wall_time.moment(wall_time.minutes(wall_time.parse(text, zone)), zone))


def clock(text: str, zone: str) -> str:
    """What the clock shows at the moment of this wall time."""
    return wall_time.written(wall_time.local(datetime.fromisoformat(moment(text, zone)).replace(tzinfo=UTC), zone))


@pytest.mark.parametrize(
    ("zone", "wall", "utc", "clock_shows"),
    [
        ("Europe/Berlin", "2035-01-24 19:30", "2035-01-24 18:30", None),
        ("Europe/Berlin", "2035-07-24 19:30", "2035-07-24 17:30", None),
        ("Asia/Kathmandu", "2035-01-24 19:30", "2035-01-24 13:45", None),
        # At 2:00 it becomes 3:00.
        ("Europe/Berlin", "2026-03-29 01:59", "2026-03-29 00:59", None),
        ("Europe/Berlin", "2026-03-29 02:00", "2026-03-29 01:00", "2026-03-29 03:00"),
        ("Europe/Berlin", "2026-03-29 02:30", "2026-03-29 01:30", "2026-03-29 03:30"),
        ("Europe/Berlin", "2026-03-29 03:00", "2026-03-29 01:00", None),
        # At 3:00 it becomes 2:00: of two half past twos the first, in summer time.
        ("Europe/Berlin", "2026-10-25 01:59", "2026-10-24 23:59", None),
        ("Europe/Berlin", "2026-10-25 02:30", "2026-10-25 00:30", None),
        ("Europe/Berlin", "2026-10-25 03:00", "2026-10-25 02:00", None),
        ("America/New_York", "2026-03-08 02:30", "2026-03-08 07:30", "2026-03-08 03:30"),
        ("America/New_York", "2026-11-01 01:30", "2026-11-01 05:30", None),
        ("America/New_York", "2026-11-01 02:00", "2026-11-01 07:00", None),
        # Half an hour: at 2:00 it becomes 2:30 (UTC+10:30 to +11), and 1:30 in April.
        ("Australia/Lord_Howe", "2026-10-04 02:15", "2026-10-03 15:45", "2026-10-04 02:45"),
        ("Australia/Lord_Howe", "2026-10-04 02:30", "2026-10-03 15:30", None),
        ("Australia/Lord_Howe", "2026-04-05 01:45", "2026-04-04 14:45", None),
        ("Australia/Lord_Howe", "2026-04-05 02:00", "2026-04-04 15:30", None),
        # At midnight it became 1:00.
        ("America/Sao_Paulo", "2018-11-04 00:00", "2018-11-04 03:00", "2018-11-04 01:00"),
        ("America/Sao_Paulo", "2018-11-03 23:59", "2018-11-04 02:59", None),
        # In Ramadan Morocco's clocks go back an hour, on a Sunday at 3:00.
        ("Africa/Casablanca", "2026-02-15 01:30", "2026-02-15 00:30", None),
        ("Africa/Casablanca", "2026-02-15 02:30", "2026-02-15 01:30", None),
        ("Africa/Casablanca", "2026-02-15 03:00", "2026-02-15 03:00", None),
        # A day that there was not: the clocks went from 29 December 24:00 (UTC-10) to 31 December 0:00 (UTC+14).
        ("Pacific/Apia", "2011-12-29 23:59", "2011-12-30 09:59", None),
        ("Pacific/Apia", "2011-12-30 12:00", "2011-12-30 22:00", "2011-12-31 12:00"),
        ("Pacific/Apia", "2011-12-31 00:00", "2011-12-30 10:00", None),
        # Beyond what 32 bits of seconds hold, and beyond the tables of changes.
        ("Europe/Berlin", "2038-01-19 04:14", "2038-01-19 03:14", None),
        ("Europe/Berlin", "2038-01-19 04:15", "2038-01-19 03:15", None),
        ("Europe/Berlin", "2050-03-27 02:30", "2050-03-27 01:30", "2050-03-27 03:30"),
        ("Europe/Berlin", "2100-07-01 19:30", "2100-07-01 17:30", None),
        ("Europe/Berlin", "2100-12-31 19:30", "2100-12-31 18:30", None),
        ("America/New_York", "2200-12-31 23:59", "2201-01-01 04:59", None),
        ("Pacific/Kiritimati", "1970-01-02 00:00", "1970-01-02 10:40", None),  # that was its offset then
    ],
)
def test_a_wall_time_is_this_moment(zone: str, wall: str, utc: str, clock_shows: str | None) -> None:
    assert moment(wall, zone) == utc
    assert clock(wall, zone) == (clock_shows or wall)


@pytest.mark.parametrize(
    ("zone", "wall"),
    [
        ("America/Sao_Paulo", "2018-11-04 00:30"),
        ("America/Sao_Paulo", "2019-02-16 23:30"),
        ("Pacific/Apia", "2011-12-30 12:00"),
        ("Pacific/Apia", "2011-12-30 00:00"),
        ("Africa/Casablanca", "2026-03-22 02:30"),
        ("Australia/Lord_Howe", "2026-10-04 02:01"),
    ],
)
def test_a_wall_time_of_a_special_day_is_the_moment_at_which_the_clock_shows_it(zone: str, wall: str) -> None:
    given_one = datetime.fromisoformat(wall)

    assert wall_time.moment(wall_time.minutes(given_one), zone) == hub_oracle.moment(given_one, zone)


def test_the_clocks_of_these_zones_change() -> None:
    assert all(hub_oracle.changes_of_the_clock(zone, YEARS) for zone in ZONES if zone not in {"UTC", "Asia/Kathmandu"})


@st.composite
def wall_times(draw: st.DrawFn) -> tuple[datetime, str]:
    zone = draw(st.sampled_from(ZONES))
    changes = hub_oracle.changes_of_the_clock(zone, YEARS)
    near = draw(st.integers(0, 3)) > 0
    if changes and near:
        change: datetime = draw(st.sampled_from(changes))
        return change + timedelta(minutes=draw(st.integers(-100, 100))), zone
    return wall_time.wall(draw(st.integers(0, wall_time.minutes(datetime.fromisoformat("2200-12-31 23:59"))))), zone


@settings(max_examples=150, deadline=None)
@given(wall_times())
def test_a_wall_time_is_the_first_moment_at_which_the_clock_shows_it(given_one: tuple[datetime, str]) -> None:
    wall, zone = given_one

    found = wall_time.moment(wall_time.minutes(wall), zone)

    assert found == hub_oracle.moment(wall, zone)
    assert wall_time.local(found, zone) == hub_oracle.clock(found, zone) >= wall


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**27))
def test_minutes_and_wall_times_are_each_other(number: int) -> None:
    assert wall_time.minutes(wall_time.wall(number)) == number


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2035-01-24 19:30", "2035-01-24 19:30"),
        ("2035-01-24T19:30", "2035-01-24 19:30"),
        ("2035-01-24t19:30:59", "2035-01-24 19:30"),
        (" 2035-01-24 19:30:59.999 ", "2035-01-24 19:30"),
        ("2035-01-24T19:30Z", "2035-01-24 20:30"),
        ("2035-01-24T19:30:00z", "2035-01-24 20:30"),
        ("2035-01-24 19:30+01:00", "2035-01-24 19:30"),
        ("2035-07-24 19:30-0400", "2035-07-25 01:30"),
        ("2200-12-31T23:30+01:00", "2200-12-31 23:30"),
    ],
)
def test_wall_times_are_read_and_moments_are_converted(text: str, expected: str) -> None:
    assert wall_time.parse(text, "Europe/Berlin") == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "now",
            "19:30",
            "2035-01-24",
            "2035-01-24 19",
            "2035-01-24 24:00",
            "2035-01-24 19:60",
            "2035-02-29 19:30",
        ),
        *("2035-13-01 19:30", "24.01.2035 19:30", "20350124T1930", "2035-W04-3T19:30", "2035-01-24x19:30"),
        *("0001-01-01T00:00+14:00", "9999-12-31T23:59-12:00", "1969-12-31 23:59", "2201-01-01 00:00"),
        *("2200-12-31T23:30Z", "2035-01-24 19:30 Europe/Berlin", "２０３５-01-24 19:30", "2035-01-24 19:30+25:00"),  # noqa: RUF001
    ],
)
def test_anything_else_is_no_wall_time(text: str) -> None:
    for read in (wall_time.parse, wall_time.parse_moment):
        with pytest.raises(ValueError, match=r".+"):
            read(text, "Europe/Berlin")


@pytest.mark.parametrize(
    ("given_name", "name"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        (" AMERICA/NEW_YORK ", "America/New_York"),
        ("utc", "UTC"),
        ("Asia/Katmandu", "Asia/Katmandu"),
        *((name, None) for name in ("", "Berlin", "Europe/Atlantis", "localtime", "Factory", "../UTC", "CET-1")),
    ],
)
def test_a_zone_is_found_in_any_case(given_name: str, name: str | None) -> None:
    assert wall_time.zone_name(given_name) == name


def test_a_moment_is_shown_in_utc_and_on_the_clock() -> None:
    late = datetime(2035, 1, 24, 23, 15, tzinfo=UTC)

    assert wall_time.shown(late, "Asia/Kathmandu") == {"utc": "2035-01-24 23:15", "local": "2035-01-25 05:00"}


def test_no_moment_is_shown_as_none_and_belongs_to_whom_it_is_given() -> None:
    found = wall_time.shown(None, "UTC")
    found["utc"] = "changed"

    assert wall_time.shown(None, "UTC") == {"utc": None, "local": None}
