"""Occurrences that stay the same ones while an event is edited, and how they are stored."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from marquee.hub import recurrence, rules, wall_time
from marquee.hub.models import Occurrence
from tests.support import hub_oracle
from tests.support.hub_oracle import rule

DAY = 24 * 60
EVENT = "7f1c5f0e-8d0a-4b52-9d7c-5a6f5f5e0d11"


def at(text: str) -> int:
    return wall_time.minutes(wall_time.parse(text, "UTC"))


def fresh(*starts: int) -> list[Occurrence]:
    return [Occurrence(start, start) for start in starts]


def keys(before: list[Occurrence], *starts: int) -> list[int]:
    found = recurrence.kept(before, map(wall_time.wall, starts))
    assert [one.start for one in found] == list(starts)
    return [one.key for one in found]


MON, TUE, WED = at("2035-01-01 19:30"), at("2035-01-02 19:30"), at("2035-01-03 19:30")


def test_new_occurrences_are_known_by_their_wall_time() -> None:
    assert keys([], MON, TUE) == [MON, TUE]


def test_occurrences_that_stay_keep_their_keys() -> None:
    before = [Occurrence(MON, 7), Occurrence(TUE, 8), Occurrence(WED, 9)]

    assert keys(before, MON, WED) == [7, 9]
    assert keys(before, MON, TUE, WED) == [7, 8, 9]
    assert keys(before) == []


def test_an_occurrence_that_is_moved_within_its_day_stays_the_same_one() -> None:
    assert keys(fresh(MON, TUE), MON, TUE + 60) == [MON, TUE]


def test_all_are_moved_together() -> None:
    assert keys(fresh(MON, TUE, WED), MON + 30, TUE + 30, WED + 30) == [MON, TUE, WED]


def test_an_occurrence_at_the_same_time_comes_before_one_on_the_same_day() -> None:
    assert keys(fresh(MON, MON + 180), MON + 60, MON + 180) == [MON, MON + 180]
    assert keys(fresh(MON), MON - 60, MON) == [MON - 60, MON]


def test_one_that_is_moved_to_another_day_is_the_one_that_is_left() -> None:
    assert keys(fresh(MON, TUE), MON, WED) == [MON, TUE]


def test_all_that_are_left_are_the_same_in_order_where_they_are_as_many() -> None:
    later = [one + 10 * DAY for one in (MON, TUE, WED)]

    assert keys(fresh(MON, TUE, WED), *later) == [MON, TUE, WED]


def test_where_more_are_left_than_there_were_nobody_can_say_and_they_are_new() -> None:
    assert keys(fresh(MON), TUE, WED) == [TUE, WED]


def test_a_new_one_never_has_the_key_of_another() -> None:
    moved = [Occurrence(TUE, MON), Occurrence(WED, MON + 1)]

    found = keys(moved, MON, TUE, WED)

    assert found == [MON + 2, MON, MON + 1]


def test_two_new_ones_do_not_meet_at_a_key() -> None:
    assert keys([Occurrence(WED, MON)], MON, MON + 1, WED) == [MON + 1, MON + 2, MON]


def test_a_new_one_does_not_take_the_key_of_one_that_has_just_gone() -> None:
    gone, stays = Occurrence(WED, MON), Occurrence(TUE, TUE)

    assert keys([stays, gone], MON, TUE, WED + DAY) == [MON + 1, TUE, WED + DAY]


def test_one_that_comes_back_at_its_first_time_is_the_one_that_it_was() -> None:
    without = recurrence.kept(fresh(MON, TUE), [wall_time.wall(MON)])

    assert keys(without, MON, TUE) == [MON, TUE]


def test_the_keys_are_those_of_the_event_alone_and_so_are_the_ids() -> None:
    other = "7f1c5f0e-8d0a-4b52-9d7c-5a6f5f5e0d12"

    found = {rules.occurrence_uuid(event, key) for event in (EVENT, other) for key in (MON, TUE)}

    assert len(found) == 4
    assert all(map(rules.is_uuid, found))
    assert rules.occurrence_uuid(EVENT, MON) == rules.occurrence_uuid(EVENT, MON)


# --- Against the oracle -----------------------------------------------------------------------------------------------

# Few days and hours, so that times and days meet.
minutes = st.builds(lambda day, hour: day * DAY + hour * 60, st.integers(0, 6), st.integers(0, 3))
increasing = st.lists(minutes, unique=True, max_size=9).map(sorted)


@st.composite
def occurrences(draw: st.DrawFn) -> list[Occurrence]:
    starts = draw(increasing)
    drawn = draw(st.lists(minutes, unique=True, min_size=len(starts), max_size=len(starts)))
    return [Occurrence(start, key) for start, key in zip(starts, drawn, strict=True)]


@settings(max_examples=400, deadline=None)
@given(occurrences(), increasing)
def test_what_is_kept_is_what_one_finds_one_by_one(before: list[Occurrence], after: list[int]) -> None:
    found = dict(zip(after, keys(before, *after), strict=True))

    expected = hub_oracle.kept(before, after)
    assert {start: key for start, key in found.items() if expected[start] is not None} == {
        start: key for start, key in expected.items() if key is not None
    }
    # New ones: keys of nobody, near their times.
    new = [key for start, key in found.items() if expected[start] is None]
    assert len(set(found.values())) == len(found)
    assert not {one.key for one in before} & set(new)


@settings(max_examples=200, deadline=None)
@given(occurrences(), increasing)
def test_an_edit_that_is_repeated_changes_nothing_more(before: list[Occurrence], after: list[int]) -> None:
    walls = [wall_time.wall(one) for one in after]
    once = recurrence.kept(before, walls)

    assert recurrence.kept(once, walls) == once
    assert recurrence.kept(before, [wall_time.wall(one.start) for one in before]) == before


# --- Stored -----------------------------------------------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([1, 60, DAY, DAY, 7 * DAY]), st.sampled_from([0, 0, 0, 30, -DAY])), max_size=40)
)
def test_what_is_packed_is_unpacked_again(steps: list[tuple[int, int]]) -> None:
    start, given_ones = MON, []
    for step, shift in steps:
        start += step
        given_ones.append(Occurrence(start, start - shift))

    assert recurrence.unpacked(recurrence.packed(given_ones)) == given_ones


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 2**31), unique=True, max_size=30), st.data())
def test_any_occurrences_in_order_can_be_packed(starts: list[int], data: st.DataObject) -> None:
    drawn = data.draw(st.permutations(starts))
    given_ones = [Occurrence(start, key) for start, key in zip(sorted(starts), drawn, strict=True)]

    assert recurrence.unpacked(recurrence.packed(given_ones)) == given_ones


def test_two_years_of_evenings_are_one_run() -> None:
    starts = recurrence.starts(rule("daily", "2035-01-01 19:30", ("after", 730)))

    found = recurrence.packed(recurrence.kept([], starts))

    assert found == [[MON, DAY, 730, 0]]
    assert recurrence.unpacked(found)[-1].start == MON + 729 * DAY


def test_all_730_may_move_and_stay_the_same() -> None:
    starts = recurrence.starts(rule("daily", "2035-01-01 19:30", ("after", 730)))
    before = recurrence.kept([], starts)

    after = recurrence.kept(before, [one + timedelta(days=1000) for one in starts])

    assert [one.key for one in after] == [one.key for one in before]
    assert recurrence.packed(after) == [[MON + 1000 * DAY, DAY, 730, 1000 * DAY]]
