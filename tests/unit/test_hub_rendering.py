"""Events as they are sent: what follows from the occurrences, what is for the own organisation only, and how much."""

import time
from bisect import bisect_left
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from marquee.errors import Unprocessable
from marquee.hub import heads, recurrence, room, rules, wall_time
from marquee.hub.event_documents import EventDocument
from marquee.hub.events import content, rendering, schedule
from marquee.hub.events.calendar import Calendar
from marquee.hub.events.models import NewEvent
from marquee.hub.models import Item
from marquee.hub.session_documents import SessionDocument
from marquee.hub.sessions import documents as session_documents
from marquee.hub.sessions import rules as session_rules
from marquee.settings import settings as configured
from tests.support import hub_sessions
from tests.support.hub import VENUE, new_event, once, recurring
from tests.support.hub_tickets import level, price

UUID = "7d0c4f0e-3a52-4f5e-9a3b-5b8f0e7f9c11"
NOW = datetime(2034, 1, 1, tzinfo=UTC)
DOCUMENT = TypeAdapter(EventDocument)


@pytest.fixture(autouse=True)
def store_url(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("STORE_URL", "https://store.example/shows")
    configured.cache_clear()
    yield
    configured.cache_clear()


def head(*, levels: list[Any] | None = None, sessions: int = 0, **changes: Any) -> Item:
    """A stored event, created on New Year's Day of 2034."""
    asked = NewEvent.model_validate(new_event(**changes)).event
    wrong: list[Any] = []
    made = content.created(UUID, asked, {}, wrong)
    rule = schedule.ruled(asked.occurrence, None, made["timezone"], wrong)
    starts = schedule.starts(rule, made["timezone"], NOW, wrong)
    assert not wrong
    at = "2034-01-01T00:00:00Z"
    return {
        "tenant": "aurora",
        "uuid": UUID,
        "version": 3,
        "state": "ready",
        "doc": heads.packed(made),
        "rule": heads.packed(rule),
        "runs": heads.packed(recurrence.packed(recurrence.kept([], starts))),
        "levels": heads.packed(levels or []),
        "org": heads.packed({"name": "Aurora", "slug": "aurora", "info": None, "image": None}),
        "session_count": sessions,
        "created_at": at,
        "updated_at": at,
        "state_at": at,
        "published_at": None,
    }


def shown(item: Item, now: datetime = NOW, *, full: bool = True, own: bool = True, **more: Any) -> EventDocument:
    document = rendering.document(item, more.pop("sessions", []), now, own=own, full=full, **more)
    DOCUMENT.validate_python(document)
    return document


def local(document: EventDocument) -> list[str | None]:
    return [one["start_on"]["local"] for one in document["event_occurrence"]]


def test_an_event_without_more_has_its_place_slug_and_shop() -> None:
    document = shown(head())
    assert document["display_name"] == document["name"] == "Aurora Night"
    assert document["slug"] == "aurora-night-7d0c4f0e"
    assert document["store_url"] == "https://store.example/shows/aurora-night-7d0c4f0e"
    assert document["event_code"] == {"type": "QR", "value": document["store_url"], "image": None}
    assert document["location"] == "Olympiahalle, München"
    assert document["publising"] is document["publishing"]
    assert document["publishing"]["published_on"] == {"utc": None, "local": None}
    assert document["extended_status"] == [{"name": "PUBLISHING", "value": "READY_TO_PUBLISH"}]


def test_without_a_shop_there_is_no_link_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORE_URL", "")
    configured.cache_clear()
    assert shown(head())["store_url"] is None


def test_an_online_event_is_where_its_link_is() -> None:
    attributes = [{"name": "venue", "value": VENUE}, {"name": "ONLINE", "value": {"url": "https://live.example/a"}}]
    assert shown(head(configuration={"type": "ONLINE_EVENT", "attributes": attributes}))["location"] == (
        "https://live.example/a"
    )
    assert shown(head(configuration={"type": "online_event", "attributes": []}))["location"] == ""


@pytest.mark.parametrize(
    ("banner", "thumbnail"),
    [([("a", False), ("b", True)], "b"), ([("a", False), ("b", False)], "a"), ([], "")],
)
def test_the_thumbnail_is_the_primary_banner(banner: list[tuple[str, bool]], thumbnail: str) -> None:
    given_banner = [{"name": name, "image": f"images/{name}", "primary": primary} for name, primary in banner]
    assert shown(head(banner=given_banner))["thumbnail"]["name"] == thumbnail


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        # Four evenings, weekly from Wednesday, 24 January 2035, 19:30 to 22:00 in Berlin.
        ({"booking_starts_on": {"type": "immediate"}}, ("2034-01-01 00:00", "2034-01-01 01:00")),
        (
            {"booking_starts_on": {"type": "specific_time", "local": "2034-07-01 10:00"}},
            ("2034-07-01 08:00", "2034-07-01 10:00"),
        ),
        (
            {
                "booking_starts_on": {
                    "type": "before_occurrence",
                    "occurrence_booking_start_type": "WEEKS",
                    "occurrence_booking_start_offset": "2",
                }
            },
            ("2035-01-10 18:30", "2035-01-10 19:30"),
        ),
        ({"booking_starts_on": {"type": "specific_time"}}, (None, None)),
        ({"booking_ends_on": {"type": "continue_until_event_ends"}}, ("2035-02-14 21:00", "2035-02-14 22:00")),
        (
            {
                "booking_ends_on": {
                    "type": "before_occurrence",
                    "occurrence_booking_end_type": "minutes",
                    "occurrence_booking_end_offset": 90,
                }
            },
            ("2035-02-14 17:00", "2035-02-14 18:00"),
        ),
    ],
)
def test_booking_starts_and_ends_by_the_occurrences(part: dict[str, Any], expected: tuple[str, str]) -> None:
    (name,) = part
    found = shown(head(settings=part))["settings"][name]  # type: ignore[literal-required]
    assert (found["utc"], found["local"]) == expected


def test_a_list_shows_the_next_five_occurrences_and_no_sessions() -> None:
    item = head(occurrence=recurring("daily", after=10))
    during_the_third = datetime(2035, 1, 26, 19, tzinfo=UTC)
    document = shown(item, during_the_third, full=False, own=False, summary=True)
    assert local(document) == [f"2035-01-{day} 19:30" for day in range(26, 31)]
    assert document["sessions"]["session_lists"] == []
    assert len(shown(item, during_the_third)["event_occurrence"]) == 10
    assert local(shown(item, datetime(2036, 1, 1, tzinfo=UTC), full=False)) == []


def test_a_published_event_is_live_while_an_occurrence_runs() -> None:
    item = head() | {"state": "published", "published_at": "2034-06-01T10:00:00Z"}
    start = datetime(2035, 1, 24, 18, 30, tzinfo=UTC)
    seen = [shown(item, at)["status"] for at in (start - timedelta(seconds=1), start, start + timedelta(hours=2.5))]
    assert seen == ["published", "live", "published"]
    assert shown(item, start)["publishing"]["state"] == "PUBLISHED"
    assert shown(item)["publishing"]["published_on"] == {"utc": "2034-06-01 10:00", "local": "2034-06-01 12:00"}


@pytest.mark.parametrize("phase", ["running", "done", "failed"])
def test_a_publication_shows_how_far_it_is(phase: str) -> None:
    document = shown(head() | {"state": "published", "publication": {"phase": phase}})
    assert document["extended_status"][1] == {"name": "DISTRIBUTION", "value": phase.upper()}


def test_what_is_for_the_own_organisation_is_sent_to_no_other() -> None:
    people = {"attendees": [{"sub": "ada-1", "name": "Ada"}], "speaker": [{"sub": "bo-1", "name": "Bo"}]}
    item = head(contact_email="a@b.example", invitations=[{"code": "VIP"}], interactions=people)
    own, others = shown(item, own=True), shown(item, own=False)
    assert {name: own["interactions"][name] for name in people} == people  # type: ignore[literal-required]
    assert (others["interactions"]["attendees"], others["interactions"]["speaker"]) == ([], [{"name": "Bo"}])
    assert (own["contact_email"], own["invitations"][0]["code"]) == ("a@b.example", "VIP")
    assert b"VIP" not in orjson.dumps(others)
    assert b"a@b.example" not in orjson.dumps(others)


def test_levels_are_sent_in_the_currencys_own_unit_and_restricted_ones_on_demand() -> None:
    levels = [level("stalls", pricing_details=[price(4950, 3)]), level("backstage", restricted=True)]
    item = head(levels=levels)
    document = shown(item, restricted=False)
    (stalls,) = document["tickets"]["levels"]
    assert (stalls["pricing_details"][0]["price"], stalls["quantity_sold"]) == (49.5, 3)
    assert document["event_occurrence"][0]["tickets"] == [stalls["uuid"]]
    assert [one["name"] for one in shown(item)["tickets"]["levels"]] == ["stalls", "backstage"]


def test_the_summary_counts_and_gives_the_range_of_prices() -> None:
    levels = [
        level("stalls", quantity=100, pricing_details=[price(4950, 3), price(2500, 1, name="child")]),
        level("off", status=False, pricing_details=[price(1)]),
    ]
    summary = shown(head(levels=levels, sessions=2), summary=True)["summary"]
    assert summary == {
        "occurrences": 4,
        "next_occurrence": {"utc": "2035-01-24 18:30", "local": "2035-01-24 19:30"},
        "sessions": 2,
        "ticket_levels": 2,
        "quantity": 100,
        "quantity_sold": 4,
        "price_from": 25,
        "price_to": 49.5,
        "currency": "EUR",
    }
    unlimited = shown(head(levels=[level(quantity=-1, pricing_details=[])]), summary=True)["summary"]
    assert (unlimited["quantity"], unlimited["price_from"], unlimited["price_to"]) == (-1, None, None)


def test_timeslots_have_times_and_ids_of_their_own() -> None:
    occurrence = recurring("timeslots", duration="1", after=2, timeslots=["19:30", "21:00"])
    first, second = shown(head(occurrence=occurrence))["event_occurrence"]
    assert [one["start_on"]["local"] for one in first["timeslots"]] == ["2035-01-24 19:30", "2035-01-24 21:00"]
    assert (first["end_on"]["local"], first["timeslots"][1]["end_on"]["local"]) == ("2035-01-24 22:00",) * 2
    assert len({one["uuid"] for each in (first, second) for one in each["timeslots"]}) == 4


def test_an_occurrence_names_the_sessions_that_it_has_and_its_event_on_main() -> None:
    item = head()
    keys = [one.key for one in heads.occurrences(item)]
    items = [
        hub_sessions.item(hub_sessions.stored(), "everywhere"),
        hub_sessions.item(hub_sessions.stored(occurrence_keys=keys[1:2]), "second", place=2),
    ]
    frame = session_rules.frame(item)
    sessions: list[SessionDocument] = [session_documents.document(frame, one) for one in items]
    document = shown(item | {"session_count": 2}, sessions=sessions)
    assert [len(one["sessions"]) for one in document["event_occurrence"]] == [1, 2, 1, 1]
    assert document["sessions"]["session_lists"] == sessions
    first = document["event_occurrence"][0]
    assert first["uuid"] == rules.occurrence_uuid(UUID, keys[0])
    assert first["main_event_id"] == rules.main_event_id("aurora", UUID, keys[0])


def test_an_early_bird_discount_ends_before_the_first_occurrence() -> None:
    bird = {
        "discount_type": "fixed",
        "discount": Decimal("7.5"),
        "type": "before_occurrence",
        "discount_ends_on": {"occurrence_discount_end_type": "day", "occurrence_discount_end_offset": "1"},
    }
    found = shown(head(early_bird_discount=bird))["early_bird_discount"]
    assert (found["discount"], found["discount_ends_on"]["local"]) == (7.5, "2035-01-23 19:30")
    assert found["discount_starts_on"]["utc"] is None


STARTS = st.lists(st.integers(0, 60 * 24 * 800), min_size=1, max_size=12, unique=True)


@given(
    starts=STARTS,
    hours=st.integers(1, 80),
    at=st.integers(-5000, 60 * 24 * 810),
    zone=st.sampled_from(["Europe/Berlin", "Pacific/Kiritimati", "America/St_Johns"]),
)
@settings(max_examples=80, deadline=None)
def test_what_is_not_over_is_what_looking_at_every_occurrence_gives(
    starts: list[int], hours: int, at: int, zone: str
) -> None:
    rule = heads.rule(head(occurrence=once(duration=str(hours))))
    origin = wall_time.minutes(datetime(2035, 1, 1))  # noqa: DTZ001 - wall time
    walls = sorted(wall_time.wall(origin + start) for start in starts)
    occurrences = recurrence.kept([], walls)
    item = {"runs": heads.packed(recurrence.packed(occurrences))}
    now = wall_time.moment(origin + at, zone)

    calendar = Calendar(item, rule, zone)

    spans = [(one, recurrence.span(rule, one.start, zone)) for one in occurrences]
    assert calendar.unfinished(now, 5) == [(one, span) for one, span in spans if span[1] > now][:5]
    assert (calendar.first, calendar.last, len(calendar)) == (occurrences[0], occurrences[-1], len(occurrences))
    assert list(calendar.every()) == occurrences


def _quickest(work: Callable[[], object]) -> float:
    """Milliseconds of the quickest of some runs."""
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return min(times) * 1000


def test_rendering_takes_its_time_by_what_is_shown_and_not_by_what_there_is() -> None:
    long, short = head(occurrence=recurring("daily", after=730)), head()
    row = _quickest(lambda: [shown_in_list(short) for _ in range(50)])
    # A list's row of an event with 730 occurrences costs about what one with four costs.
    assert _quickest(lambda: [shown_in_list(long) for _ in range(50)]) < 3 * row
    assert len(shown(long)["event_occurrence"]) == 730


def shown_in_list(item: Item) -> EventDocument:
    return rendering.document(item, [], NOW, own=False, full=False)


@pytest.mark.parametrize(
    ("occurrences", "slots", "levels", "sessions"),
    [(730, 0, 2, 0), (300, 20, 1, 0), (20, 0, 20, 60), (365, 0, 3, 40)],
)
def test_no_document_is_larger_than_was_said_of_it(occurrences: int, slots: int, levels: int, sessions: int) -> None:
    times = [f"{8 + number // 2:02}:{number % 2 * 30:02}" for number in range(slots)]
    occurrence = recurring("timeslots" if slots else "daily", duration="0.5", after=occurrences, timeslots=times)
    stored_levels = [level(f"level {number}") for number in range(levels)]
    item = head(occurrence=occurrence, levels=stored_levels, sessions=sessions)
    frame = session_rules.frame(item)
    described = hub_sessions.stored(description="x" * 2500, name="y" * 75, duration=1, offset=0)
    items = [hub_sessions.item(described, f"s{number}", place=number) for number in range(sessions)]
    documents = [session_documents.document(frame, one) for one in items]

    size = len(orjson.dumps(rendering.document(item, documents, NOW, own=True, full=True)))

    assert size <= room.sent(item) < 3 * size + 20_000
    room.require(item)


@pytest.mark.parametrize("sign", ["x", '"', "\\", "\x01", "\u6f22", "\U0001f600"])
def test_an_event_with_the_longest_texts_is_refused_before_it_is_too_large_for_an_answer(sign: str) -> None:
    described = hub_sessions.stored(description=sign * 2500, name=sign * 75, display_name=sign * 75, duration=1)
    items = [hub_sessions.item(described, f"s{number}", place=number) for number in range(500)]

    def fits(sessions: int) -> bool:
        try:
            room.require(head(sessions=sessions), items[:sessions])
        except Unprocessable:
            return False
        return True

    most = bisect_left(range(501), 1, key=lambda sessions: int(not fits(sessions))) - 1
    event = head(sessions=most)
    frame = session_rules.frame(event)
    documents = [session_documents.document(frame, one) for one in items[:most]]
    answer = orjson.dumps(orjson.dumps(rendering.document(event, documents, NOW, own=True, full=True)).decode())

    assert len(answer) < 6_000_000
    assert most == 500 or len(answer) > 3_000_000


@pytest.mark.parametrize("named", ["all", "specific"])
@pytest.mark.parametrize("sessions", [27, 28])
def test_occurrences_and_sessions_name_each_other_unless_that_is_too_often(sessions: int, named: str) -> None:
    item = head(occurrence=recurring("daily", after=730), sessions=sessions)
    keys = [one.key for one in heads.occurrences(item)] if named == "specific" else None
    frame = session_rules.frame(item)
    described = hub_sessions.stored(duration=1, occurrence_keys=keys)
    items = [hub_sessions.item(described, f"s{number}", place=number) for number in range(sessions)]
    documents = [session_documents.document(frame, one) for one in items]

    document = rendering.document(item, documents, NOW, own=True, full=True)

    # 27 sessions of 730 occurrences are 19,710 names.
    few = sessions * 730 <= room.MOST_NAMED
    assert [len(one["sessions"]) for one in document["event_occurrence"]] == [sessions if few else 0] * 730
    shown_sessions = document["sessions"]["session_lists"]
    assert [one["occurrences"]["type"] for one in shown_sessions] == [named] * sessions
    assert {len(one["occurrences"]["uuid"]) for one in shown_sessions} == {730 if few and keys else 0}
    assert few == (sessions == 27)
    assert len(orjson.dumps(document)) <= room.sent(item)


@pytest.mark.parametrize(
    "change",
    [
        {"session_count": 500, "levels": heads.packed([level(str(number)) for number in range(30)])},
        {"levels": heads.packed([level(str(number), description="x" * 8000) for number in range(50)])},
    ],
)
def test_an_event_that_is_too_large_is_refused(change: Item) -> None:
    item = head(occurrence=recurring("daily", after=730))
    with pytest.raises(Unprocessable) as refused:
        room.require({**item, **change})
    assert refused.value.code == "event.too_large"
