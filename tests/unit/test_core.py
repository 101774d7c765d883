"""The small pure parts everything stands on."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marquee import clock, cursors, ddb, ids, money
from marquee.errors import Malformed

WALL_1900 = datetime(1900, 1, 1)  # noqa: DTZ001 - hypothesis wants wall times
WALL_2200 = datetime(2200, 1, 1)  # noqa: DTZ001 - same
CURRENCIES = st.sampled_from(["EUR", "JPY", "KWD", "CLF", "USD"])


@given(st.integers(-(10**15) + 1, 10**15 - 1), CURRENCIES)
def test_money_goes_out_and_comes_back_to_the_minor_unit(minor: int, currency: str) -> None:
    sent = money.to_number(minor, currency)
    assert Decimal(repr(sent)).scaleb(money.exponent(currency)) == minor


def test_a_currency_is_an_active_iso_4217_code() -> None:
    assert money.is_currency("EUR")
    assert not money.is_currency("eur")
    assert not money.is_currency("DEM")


@given(st.datetimes(WALL_1900, WALL_2200), st.integers(-14 * 60, 14 * 60))
def test_a_moment_is_written_in_utc_whatever_its_offset(wall: datetime, offset: int) -> None:
    moment = wall.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=offset)))
    assert datetime.fromisoformat(clock.rfc3339(moment)) == moment
    assert clock.rfc3339(moment).endswith("Z")


def test_a_wall_time_is_no_moment() -> None:
    with pytest.raises(ValueError, match="time zone"):
        clock.rfc3339(datetime(2026, 1, 1))  # noqa: DTZ001 - that it is naive is the point


def test_the_present_has_a_zone() -> None:
    assert clock.now().tzinfo is UTC


STORED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(min_size=1, max_size=5), STORED, max_size=5))
def test_an_item_is_read_as_it_was_written(item: dict[str, object]) -> None:
    assert ddb.from_item(ddb.to_item(item)) == item


def test_a_float_is_never_stored() -> None:
    with pytest.raises(TypeError, match="float"):
        ddb.to_attribute(0.1)


@given(st.lists(st.text(max_size=8), max_size=4), st.lists(st.text(max_size=8), max_size=4))
def test_derived_ids_are_the_same_only_for_the_same_parts(left: list[str], right: list[str]) -> None:
    assert (ids.derived_id("evt", *left) == ids.derived_id("evt", *right)) == (left == right)


def test_ids_are_opaque_and_accepted_as_a_callers_own() -> None:
    first, second = ids.new_id("evt"), ids.new_id("evt")
    assert first != second
    assert len(first) == len("evt_") + 20
    assert ids.is_event_id(first)
    assert not ids.is_event_id("evt_#E#")


@given(st.text(min_size=1, max_size=60), st.integers(0, 10**9))
def test_a_cursor_gives_its_position_back_to_its_own_list_only(key: str, behind: int) -> None:
    assert cursors.sort_key(cursors.encode("visible", key), "visible") == key
    assert cursors.offset(cursors.encode("rows", behind), "rows") == behind
    assert (cursors.sort_key(None, "visible"), cursors.offset(None, "rows")) == (None, 0)
    for forged in (cursors.encode("rows", key), cursors.encode("rows", -1), cursors.encode("other", behind), key):
        with pytest.raises(Malformed, match="not one this list gave out"):
            cursors.offset(forged, "rows")
    for forged in (cursors.encode("visible", behind), cursors.encode("other", key)):
        with pytest.raises(Malformed, match="not one this list gave out"):
            cursors.sort_key(forged, "visible")


@pytest.mark.parametrize("nonsense", ["!", "AAAA", "e30", "bnVsbA", "WyJyb3dzIiwgdHJ1ZV0", "WyJyb3dzIiwgbnVsbF0"])
def test_what_is_no_cursor_is_refused(nonsense: str) -> None:
    with pytest.raises(Malformed):
        cursors.offset(nonsense, "rows")
    with pytest.raises(Malformed):
        cursors.sort_key(nonsense, "rows")


@given(st.integers(min_value=-(10**15) + 1, max_value=10**15 - 1), st.sampled_from(["EUR", "JPY", "KWD", "CLF"]))
def test_what_is_sent_comes_back_in_minor_units_and_a_decimal_too_many_does_not(minor: int, currency: str) -> None:
    sent = Decimal(str(money.to_number(minor, currency)))
    assert money.to_minor(sent, currency) == minor
    assert money.to_minor(sent + Decimal(1).scaleb(-money.exponent(currency) - 1), currency) is None
