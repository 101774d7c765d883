"""Rules of publications: what is missing, what Main is told, what begins, is undone and ends."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marquee.errors import Conflict, Unprocessable
from marquee.hub import heads, recurrence, wall_time
from marquee.hub.models import Item, Occurrence
from marquee.hub.publication import main_metadata, pending, rules
from marquee.hub.publication.models import Kind
from marquee.registry.models import NewEvent

NOW = datetime(2034, 1, 1, 12, tzinfo=UTC)
START = wall_time.minutes(datetime(2035, 1, 24, 19, 30))  # noqa: DTZ001 - wall time
DAY = 1440
VENUE = {"name": "venue", "value": {"name": "Olympiahalle", "address": {"city": "München", "country": "Germany"}}}
ONLINE = {"name": "online", "value": {"name": None, "url": "https://stage.example/live"}}


def head(
    *,
    state: str = "ready",
    occurrences: list[Occurrence] | None = None,
    levels: list[dict[str, Any]] | None = None,
    capacity: int = 0,
    attributes: list[dict[str, Any]] | None = None,
    **content: Any,
) -> Item:
    """An event's item as far as these rules read it."""
    doc: dict[str, Any] = {
        "name": "Aurora Night",
        "timezone": "Europe/Berlin",
        "currency": "EUR",
        "configuration": {"type": "venue_event", "attributes": [VENUE] if attributes is None else attributes},
        "listing": {"categories": [{"name": "concert"}]},
        "settings": {"event_capacity": capacity, "booking_ends_on": {"type": "before_occurrence", "level": "event"}},
        **content,
    }
    runs = recurrence.packed([Occurrence(START, START)] if occurrences is None else occurrences)
    return {
        "pk": "T#aurora#E#u",
        "sk": "EVENT",
        "tenant": "aurora",
        "uuid": "0b0c7d3e-4c0a-4c53-8f3e-1f0a6a7a2b11",
        "version": 1,
        "state": state,
        "state_at": "2033-01-01T00:00:00Z",
        "sequence": 4,
        "doc": heads.packed(doc),
        "rule": heads.packed({"type": "does_not_repeat", "duration": 120, "timeslots": []}),
        "runs": heads.packed(runs),
        "levels": heads.packed(levels or []),
    }


def level(quantity: int, *, status: bool = True) -> dict[str, Any]:
    return {"quantity": quantity, "status": status}


def meta(of: Item) -> Any:
    ((_, found),) = main_metadata.described(of, heads.occurrences(of))
    return found


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({}, []),
        ({"name": "  "}, ["event.name_missing"]),
        ({"timezone": ""}, ["event.timezone_missing"]),
        ({"attributes": []}, ["event.venue_missing"]),
        ({"attributes": [{"name": "venue", "value": {"name": " "}}]}, ["event.venue_missing"]),
        ({"attributes": [ONLINE]}, ["event.venue_missing"]),
        ({"configuration": {"type": "online_event", "attributes": [VENUE]}}, ["event.online_link_missing"]),
        ({"configuration": {"type": "online_event", "attributes": [ONLINE]}}, []),
        ({"occurrences": [Occurrence(START - 800 * DAY, 0)]}, ["event.no_future_occurrence"]),
        ({"occurrences": [Occurrence(START - 800 * DAY, 0), Occurrence(START, 1)]}, []),
        (
            {"name": "", "attributes": [], "occurrences": [Occurrence(0, 0)]},
            ["event.name_missing", "event.no_future_occurrence", "event.venue_missing"],
        ),
    ],
)
def test_everything_that_is_missing_is_named(changes: dict[str, Any], codes: list[str]) -> None:
    assert [one.code for one in rules.prerequisites(head(**changes), NOW)] == codes


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, {"title": "Aurora Night", "city": "München", "venue_name": "Olympiahalle", "capacity": 10_000_000}),
        ({}, {"start_date_time": "2035-01-24T18:30:00Z", "campaign_stop_time": "2035-01-24T18:30:00Z"}),
        ({"capacity": 500, "levels": [level(20)]}, {"capacity": 500}),
        ({"levels": [level(20), level(30), level(99, status=False)]}, {"capacity": 50}),
        ({"levels": [level(20), level(-1)]}, {"capacity": 10_000_000}),
        ({"levels": [level(0)]}, {"capacity": 1}),
        ({"capacity": 10**9}, {"capacity": 10_000_000}),
        (
            {"configuration": {"type": "online_event", "attributes": [ONLINE]}},
            {"city": "Online", "venue_name": "stage.example"},
        ),
        ({"attributes": [{"name": "VENUE", "value": {"name": "Barn"}}]}, {"city": "Barn", "venue_name": "Barn"}),
        ({"listing": {"categories": []}}, {"category": "event", "event_type": "fdlive"}),
        ({"listing": {"categories": [{"name": "Product"}]}}, {"category": "Product", "event_type": "prisma"}),
        ({"currency": "JPY"}, {"currency": "JPY", "simulated": False, "hall_name": None}),
        ({"listing": {"categories": [], "tags": ["rock", " "]}}, {"tags": ["rock"]}),
    ],
)
def test_what_main_is_told_of_an_occurrence(changes: dict[str, Any], told: dict[str, Any]) -> None:
    found = meta(head(**changes))
    assert {name: found[name] for name in told} == told
    # and the Registry would take it from anybody
    NewEvent.model_validate({name: found[name] for name in NewEvent.model_fields if name in found})


@pytest.mark.parametrize(
    ("kind", "state", "becomes"),
    [
        ("publish", "ready", "published"),
        ("publish", "draft", "published"),  # nothing is missing any more
        ("publish", "unpublished", "published"),
        ("unpublish", "published", "unpublished"),
        ("cancel", "draft", "cancelled"),
        ("cancel", "published", "cancelled"),
    ],
)
def test_what_begins_is_in_its_place_in_the_order_and_can_be_undone(kind: Kind, state: str, becomes: str) -> None:
    before = {**head(state=state), "publication": {"id": "p0", "phase": "done"}}
    # When it is asked for
    changes = rules.requested(before, kind, "p1", NOW)
    # Then it is the next change, and knows what was there before
    assert (changes["state"], changes["sequence"]) == (becomes, 5)
    publication = changes["publication"]
    assert (publication["sequence"], publication["phase"], publication["before"]) == (5, "running", state)
    after = {**before, **changes}
    assert pending.mark(after)["mark_sequence"] == 5  # type: ignore[index]
    # When it is undone, Then the state is back, in a new place, and what is to be turned back is known
    undone = {**after, **rules.undone(after, {"Error": "Conflict", "Cause": "x.y: Try again."}, NOW)}
    assert (undone["state"], undone["sequence"], undone["publication"]["undoes"]) == (
        "ready" if state == "draft" else state,
        6,
        5,
    )
    ended = {**undone, **rules.failed(undone, None)}
    assert (ended["publication"]["phase"], ended["publication"]["failure"]) == ("failed", "Conflict: Try again.")
    assert "undoes" not in ended["publication"]
    assert pending.mark(ended) is None


def test_cancelling_closes_booking_and_tells_nobody_of_what_was_never_published() -> None:
    changes = rules.requested(head(), "cancel", "p1", NOW)
    assert "publication" not in changes
    assert heads.content(changes)["settings"]["booking_ends_on"] == {
        "type": "specific_time",
        "level": "event",
        "utc": "2034-01-01 12:00",
        "local": "2034-01-01 13:00",
    }


def test_what_the_state_or_the_event_does_not_allow_is_refused() -> None:
    with pytest.raises(Unprocessable) as incomplete:
        rules.requested(head(state="draft", attributes=[], name=""), "publish", "p1", NOW)
    assert [one.field for one in incomplete.value.violations] == ["event.name", "event.configuration.attributes"]
    assert incomplete.value.detail == (
        "The event cannot be published: the event needs a name; the event needs a venue with a name."
    )
    kind: Kind
    for kind, state in (("publish", "published"), ("unpublish", "ready"), ("cancel", "cancelled")):
        with pytest.raises(Conflict, match="An event that is"):
            rules.requested(head(state=state), kind, "p1", NOW)


@pytest.mark.parametrize(
    ("cause", "told"),
    [
        ("store.contended: Try again.", "E: Try again."),
        ('{"errorMessage": "event.incomplete: It lacks a name.", "stackTrace": ["x"]}', "E: It lacks a name."),
        ('{"errorMessage": "KeyError: secret"}', "E: A step failed on our side."),
        ("boom", "E: A step failed on our side."),
    ],
)
def test_a_failure_says_what_may_be_told(cause: str, told: str) -> None:
    assert rules.told({"Error": "E", "Cause": cause}) == told
    assert rules.told(rules.as_failure(told)) == told


occurrences = st.lists(st.integers(0, 400), min_size=1, max_size=12, unique=True).map(
    lambda days: [Occurrence(START + day * DAY, START + day * DAY) for day in sorted(days)]
)


@given(changes=st.lists(occurrences, min_size=2, max_size=6))
@settings(max_examples=40, deadline=None)
def test_what_was_there_once_is_there_or_known_to_be_gone(changes: list[list[Occurrence]]) -> None:
    # Given an event whose occurrences change again and again
    event = head(occurrences=changes[0])
    seen = {one.key for one in changes[0]}
    for after in changes[1:]:
        changed = head(occurrences=after)
        gone = rules.dropped_after(event, changed)
        seen |= {one.key for one in after}
        # Then every one that ever was is either there or among those that are gone, never both
        assert {one.key for one in gone} | {one.key for one in after} == seen
        assert not {one.key for one in gone} & {one.key for one in after}
        event = {**changed, "dropped": heads.packed(recurrence.packed(gone))}


@given(number=st.integers(0, 1500))
@settings(max_examples=30, deadline=None)
def test_batches_cover_everything_once(number: int) -> None:
    items = list(range(number))
    assert [one for batch in rules.batches(number) for one in rules.batch(items, batch)] == items
    assert all(0 < len(rules.batch(items, batch)) <= rules.BATCH for batch in rules.batches(number))


@given(hours=st.integers(-72, 72))
@settings(max_examples=40, deadline=None)
def test_what_was_over_when_it_began_is_what_had_ended(hours: int) -> None:
    start = wall_time.moment(START, "Europe/Berlin")
    at = start + timedelta(hours=hours)
    event = {**head(), "publication": {"at": f"{at:%Y-%m-%dT%H:%M:%SZ}"}}
    over = rules.over(event, heads.occurrences(event))
    assert bool(over) == (at >= start + timedelta(hours=2))


@pytest.mark.parametrize(
    ("state", "removed", "status", "shown"),
    [
        ("published", False, "active", ("active", None)),
        ("published", False, None, ("absent", "It was not brought there.")),
        ("published", True, "active", ("kept", "It has sales.")),
        ("published", True, "archived", ("archived", None)),
        ("unpublished", False, "active", ("kept", "It has sales.")),
        ("unpublished", False, None, ("absent", None)),
        ("ready", False, "archived", ("archived", None)),
        ("cancelled", False, "cancelled", ("cancelled", None)),
        ("cancelled", False, "active", ("kept", "It was not brought there.")),
    ],
)
def test_how_an_occurrence_stands_and_why(
    state: str, removed: bool, status: str | None, shown: tuple[str, str | None]
) -> None:
    wish = rules.wanted({"state": state}, removed=removed)
    why = rules.reason(status, wish, "done", is_over=False, has_sales=True)
    assert (rules.standing(status, wish), why) == shown
    running = rules.reason(status, wish, "running", is_over=False, has_sales=False)
    assert running == ("It is on its way." if why else None)
