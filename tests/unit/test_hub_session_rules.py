"""Where sessions may lie: against an oracle that counts minutes one by one."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marquee.errors import Conflict
from marquee.hub import heads, recurrence
from marquee.hub.models import Item, StoredSession
from marquee.hub.sessions import asking, items, rules
from tests.support.hub_sessions import BERLIN, change, head, item, new, occurrence_uuids, stored
from tests.support.hub_tickets import level, uuid_of

NOW = datetime(2034, 6, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LEVELS = [level("stalls"), level("balcony")]
UUIDS = [one["uuid"] for one in LEVELS]


def codes(violations: list[Any]) -> list[tuple[str, str]]:
    return [(one.code, one.field) for one in violations]


def asked(event: Item, **over: Any) -> tuple[StoredSession, list[tuple[str, str]]]:
    session, violations = asking.created(rules.frame(event), new(**over), NOW)
    return session, codes(violations)


def test_a_session_keeps_its_distance_from_the_start_of_the_occurrence_that_it_falls_into() -> None:
    session, wrong = asked(head(), session_starts_on="2035-01-26 20:15")
    assert (session["offset"], session["duration"], wrong) == (75, 30, [])
    assert (session["occurrence_keys"], session["ticket_uuids"]) == (None, None)


def test_a_session_may_fill_its_occurrence_to_the_minute() -> None:
    assert asked(head(), session_starts_on="2035-01-24 19:00", duration=180)[1] == []
    assert asked(head(), session_starts_on="2035-01-24 21:59", duration=1)[1] == []


@pytest.mark.parametrize("start", ["2035-01-24 18:59", "2035-01-24 22:00", "2035-01-27 19:00", "2036-01-24 19:00"])
def test_a_start_in_no_occurrence_is_refused(start: str) -> None:
    assert asked(head(), session_starts_on=start)[1] == [("session.outside", "sessions.session_starts_on")]


def test_an_end_after_the_occurrence_is_refused() -> None:
    assert asked(head(), session_starts_on="2035-01-24 21:00", duration=61)[1] == [
        ("session.outside", "sessions.duration")
    ]


def test_the_start_of_a_session_of_named_occurrences_is_in_one_of_them() -> None:
    event = head()
    _, second, third = occurrence_uuids(event)
    named = {"type": "SPECIFIC", "uuid": [third, second.upper(), third]}
    session, wrong = asked(event, occurrences=named, session_starts_on="2035-01-25 19:30")
    assert (session["occurrence_keys"], wrong) == ([one.key for one in heads.occurrences(event)][1:], [])
    assert asked(event, occurrences=named, session_starts_on="2035-01-24 19:30")[1] == [
        ("session.outside", "sessions.session_starts_on")
    ]


def test_a_start_that_is_not_ahead_is_refused() -> None:
    past = head(starts_on="2034-05-30 19:00")
    assert asked(past, session_starts_on="2034-05-30 19:00")[1] == [
        ("session.in_the_past", "sessions.session_starts_on")
    ]
    # The same session, named by an occurrence that is ahead.
    assert asked(past, session_starts_on="2034-06-01 19:00")[1] == []


def test_a_start_at_this_very_moment_is_not_ahead() -> None:
    event = head(starts_on="2034-06-01 01:00")
    assert asked(event, session_starts_on="2034-06-01 02:00")[1] == [
        ("session.in_the_past", "sessions.session_starts_on")
    ]
    assert asked(event, session_starts_on="2034-06-01 02:01")[1] == []


def test_where_occurrences_overlap_a_session_lies_in_the_first_that_holds_all_of_it() -> None:
    # Given occurrences of thirty hours, one a day: from midnight to 6:00 two are under way
    event = head(starts_on="2035-01-24 00:00", duration=1800)
    # Then an hour at 4:00 is in the one before, and four hours in the one of the day
    assert asked(event, session_starts_on="2035-01-25 04:00", duration=60)[0]["offset"] == 28 * 60
    assert asked(event, session_starts_on="2035-01-25 04:00", duration=240)[0]["offset"] == 4 * 60


def test_ids_beside_the_type_all_are_ignored_and_without_a_type_they_are_meant() -> None:
    event = head(levels=LEVELS)
    some = {"uuid": ["whatever"]}
    session, wrong = asked(event, occurrences={"type": "ALL", **some}, tickets={"type": "All", **some})
    assert (session["occurrence_keys"], session["ticket_uuids"], wrong) == (None, None, [])
    assert asked(event, tickets={"uuid": UUIDS[:1]})[0]["ticket_uuids"] == UUIDS[:1]


def test_everything_that_is_wrong_is_named_with_its_field() -> None:
    event = head(levels=LEVELS, capacity=100)
    known = occurrence_uuids(event)[0]
    _, wrong = asked(
        event,
        session_starts_on="2034-01-01 19:00",
        capacity=101,
        occurrences={"type": "specific", "uuid": [known, "nope"]},
        tickets={"type": "specific", "uuid": [UUIDS[0], "neither", "nor"]},
    )
    assert sorted(wrong) == [
        ("session.capacity", "sessions.capacity"),
        ("session.in_the_past", "sessions.session_starts_on"),
        ("session.occurrence_unknown", "sessions.occurrences.uuid.1"),
        ("session.ticket_unknown", "sessions.tickets.uuid.1"),
        ("session.ticket_unknown", "sessions.tickets.uuid.2"),
    ]


@pytest.mark.parametrize("part", ["occurrences", "tickets"])
def test_a_choice_of_nothing_is_refused(part: str) -> None:
    assert asked(head(levels=LEVELS), **{part: {"type": "specific", "uuid": []}})[1] == [
        (f"session.{part[:-1]}_unknown", f"sessions.{part}.uuid")
    ]


@pytest.mark.parametrize(
    ("event", "session", "fits"), [(0, 10**6, True), (100, 100, True), (100, -1, True), (9, 10, False)]
)
def test_a_session_holds_no_more_than_its_event(event: int, session: int, fits: bool) -> None:
    assert (asked(head(capacity=event), capacity=session)[1] == []) is fits


def test_a_session_of_a_day_of_timeslots_is_between_the_first_start_and_the_last_end() -> None:
    # Given days from 10:00 to 15:00
    event = head(type="timeslots", starts_on="2035-01-24 10:00", duration=60, timeslots=["10:00", "14:00"])
    # Then a session may be between two slots, and not after the last
    assert asked(event, session_starts_on="2035-01-25 12:00", duration=180)[1] == []
    assert asked(event, session_starts_on="2035-01-25 12:00", duration=181)[1] == [
        ("session.outside", "sessions.duration")
    ]


def test_a_session_fits_into_every_day_of_timeslots_however_long_the_clocks_make_it() -> None:
    # Given nights from 1:00 to 5:00; on 2035-03-25 the clocks are put forward and it is an hour less
    event = head(type="timeslots", starts_on="2035-03-24 01:00", duration=60, timeslots=["01:00", "04:00"])
    short = occurrence_uuids(event)[1]
    long = [uuid for uuid in occurrence_uuids(event) if uuid != short]
    four_hours = {"session_starts_on": "2035-03-24 01:00", "duration": 240}
    assert asked(event, **four_hours)[1] == [("session.outside", "sessions.duration")]
    assert asked(event, **four_hours, occurrences={"type": "specific", "uuid": long})[1] == []
    assert asked(event, **{**four_hours, "duration": 180})[1] == []


def test_a_session_keeps_its_elapsed_distance_over_a_change_of_the_clocks() -> None:
    # Given nights from 23:00 on; during the second one the clocks are put forward from 2:00 to 3:00
    event = head(starts_on="2035-03-23 23:00", duration=480)
    # When a session is at 4:00 on an ordinary night
    session, wrong = asked(event, session_starts_on="2035-03-24 04:00")
    # Then it is five hours after the start of each
    assert (session["offset"], wrong) == (300, [])
    assert asked(event, session_starts_on="2035-03-25 05:00")[0]["offset"] == 300


def test_what_is_left_out_stays_and_null_takes_away() -> None:
    before = stored(display_name="Doors", description="Come early", offset=60, capacity=50, image="images/a.png")
    after, wrong = asking.changed(rules.frame(head()), change(name="Closing", display_name=None), before, NOW)
    assert (after, wrong) == ({**before, "name": "Closing", "display_name": None}, [])


def test_a_start_that_stays_what_it_is_may_have_passed() -> None:
    event, before = head(starts_on="2034-05-30 19:00"), stored(offset=15)
    same, wrong = asking.changed(rules.frame(event), change(session_starts_on="2034-05-30 19:15"), before, NOW)
    assert (same, wrong) == (before, [])
    _, wrong = asking.changed(rules.frame(event), change(session_starts_on="2034-05-30 19:16"), before, NOW)
    assert codes(wrong) == [("session.in_the_past", "sessions.session_starts_on")]


def test_a_change_leaves_room_for_what_is_sold() -> None:
    before = stored(sold={UUIDS[0]: {"p": 3}}, ticket_uuids=UUIDS, capacity=10)
    within = rules.frame(head(levels=LEVELS))
    assert codes(asking.changed(within, change(capacity=2), before, NOW)[1]) == [
        ("session.capacity", "sessions.capacity")
    ]
    assert asking.changed(within, change(capacity=3), before, NOW)[1] == []
    assert codes(asking.changed(within, change(tickets={"uuid": UUIDS[1:]}), before, NOW)[1]) == [
        ("session.ticket_sold", "sessions.tickets.uuid")
    ]


KEYS = [one.key for one in heads.occurrences(head())]
some_keys = st.none() | st.lists(st.sampled_from(KEYS), min_size=1, unique=True)
some_levels = st.none() | st.lists(st.sampled_from(UUIDS), min_size=1, unique=True)
sessions = st.builds(
    lambda status, start, length, keys, levels: stored(
        status=status, offset=start * 15, duration=length * 15, occurrence_keys=keys, ticket_uuids=levels
    ),
    st.sampled_from(["active", "active", "inactive"]),
    st.integers(0, 11),
    st.integers(1, 6),
    some_keys,
    some_levels,
)
SMALL = settings(deadline=None, max_examples=60)


def seats(session: StoredSession) -> set[tuple[int, str, int]]:
    """Every (occurrence, level, quarter of an hour) that the session takes; somebody may hold a level to come."""
    if session["status"] != "active":
        return set()
    return {
        (key, uuid, quarter)
        for key in (KEYS if session["occurrence_keys"] is None else session["occurrence_keys"])
        for uuid in ([*UUIDS, "to come"] if session["ticket_uuids"] is None else session["ticket_uuids"])
        for quarter in range(session["offset"] // 15, (session["offset"] + session["duration"]) // 15)
    }


@SMALL
@given(sessions, sessions)
def test_two_sessions_overlap_where_somebody_would_be_in_two_places(one: StoredSession, other: StoredSession) -> None:
    assert rules.clash(one, other) is rules.clash(other, one) is bool(seats(one) & seats(other))


@SMALL
@given(sessions, st.lists(sessions, max_size=3), st.booleans())
def test_room_is_refused_to_what_overlaps_unless_people_choose_one_session(
    one: StoredSession, others: list[StoredSession], single: bool
) -> None:
    within = rules.frame(head(levels=LEVELS, choice="single_choice" if single else "multiple_choice"))
    lying = [item(other, str(number)) for number, other in enumerate(others)]
    if not single and any(seats(one) & seats(other) for other in others):
        with pytest.raises(Conflict, match=r"session\.overlap"):
            rules.require_room(within, one, lying)
    else:
        rules.require_room(within, one, lying)


@SMALL
@given(st.integers(-60, 240), st.integers(1, 240), st.sampled_from([BERLIN, "America/New_York"]))
def test_a_session_is_accepted_where_all_its_minutes_are_in_the_occurrence(
    start: int, length: int, timezone: str
) -> None:
    event = head(timezone=timezone)
    occurrence = set(range(180))
    wall = datetime(2035, 1, 25, 19, tzinfo=UTC) + start * MINUTE
    session, wrong = asked(event, session_starts_on=f"{wall:%Y-%m-%d %H:%M}", duration=length)
    fits = set(range(start, start + length)) <= occurrence
    assert (wrong == []) is fits
    assert not fits or session["offset"] == start


@SMALL
@given(
    st.lists(sessions, max_size=4),
    st.lists(st.sampled_from(KEYS), min_size=1, unique=True).map(sorted),
    st.integers(4, 20),
    st.lists(st.sampled_from(LEVELS), unique_by=lambda one: one["uuid"]),
    st.booleans(),
)
def test_a_changed_event_still_fits_its_sessions_where_each_could_be_created_anew(
    programme: list[StoredSession], keys: list[int], quarters: int, levels: list[Any], single: bool
) -> None:
    # Given an event that keeps some of its occurrences and levels, with another length
    before = head(levels=LEVELS)
    event = head(duration=quarters * 15, levels=levels, choice="single_choice" if single else "multiple_choice")
    kept = [one for one in heads.occurrences(before) if one.key in keys]
    event["runs"] = heads.packed(recurrence.packed(kept))
    lying = [item(session, str(number)) for number, session in enumerate(programme)]
    # When it is asked whether its sessions still fit
    found = rules.still_fits(event, lying)
    # Then they do where minutes, occurrences and levels say so
    left = {one["uuid"] for one in levels}
    alone = all(
        set(session["occurrence_keys"] or ()) <= set(keys)
        and set(session["ticket_uuids"] or ()) <= left
        and session["offset"] + session["duration"] <= quarters * 15
        for session in programme
    )
    together = single or not any(
        seats(one) & seats(other) for number, one in enumerate(programme) for other in programme[:number]
    )
    assert (not found) is (alone and together)
    assert {one.field.partition(".")[0] for one in found} <= {"event"}


def test_a_smaller_capacity_of_the_event_names_the_sessions_that_are_larger() -> None:
    lying = [item(stored(name="Small", capacity=10)), item(stored(name="Large", capacity=20, offset=30), "two")]
    (found,) = rules.still_fits(head(capacity=15), lying)
    assert (found.code, found.field) == ("session.capacity", "event.settings.event_capacity")
    assert "'Large'" in found.message


def test_copies_are_for_the_duplicate_with_nothing_sold() -> None:
    # Given two sessions in no order
    first = item(stored(name="First", ticket_uuids=UUIDS[:1], sold={UUIDS[0]: {"p": 2}}, occurrence_keys=KEYS[:1]))
    second = item(stored(name="Second", offset=60), "two", place=2)
    # When they are copied
    ids = {first["uuid"]: "a", second["uuid"]: "b"}
    copied = items.copies([second, first], "T#aurora#E#x", ids, {UUIDS[0]: uuid_of("new")}, "2027-01-01T00:00:00Z")
    # Then ids are new, the order is kept, and the rest is the same
    assert [(one["pk"], one["sk"], one["uuid"], one["version"]) for one in copied] == [
        ("T#aurora#E#x", "SESSION#a", "a", 1),
        ("T#aurora#E#x", "SESSION#b", "b", 1),
    ]
    assert copied[0]["place"] < copied[1]["place"]
    one = rules.session(copied[0])
    assert one == {**rules.session(first), "ticket_uuids": [uuid_of("new")], "sold": {}}
