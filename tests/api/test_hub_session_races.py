"""Sessions written at once, in any order of calls, and writers that die: the rules of the whole event hold."""

import itertools
from collections.abc import Callable
from contextlib import suppress
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marquee import clock, ddb
from marquee.errors import Conflict, DomainError, Unprocessable
from marquee.hub import heads, repository
from marquee.hub import rules as hub_rules
from marquee.hub.events import service as events
from marquee.hub.events.models import EventChange
from marquee.hub.models import Item
from marquee.hub.repository import Whole
from marquee.hub.sessions import asking, items, rules, service
from marquee.hub.sessions.models import NewSession
from marquee.hub.tickets import service as tickets
from marquee.preconditions import Precondition
from marquee.settings import settings as configured
from tests.support import hub, interleaving
from tests.support.hub_sessions import change, new, rewrite
from tests.support.hub_tickets import level
from tests.support.kills import Calls, Killed

TENANT = "aurora"
FREE = Precondition()
Operation = Callable[[], object]


@pytest.fixture
def event(aws: dict[str, str], app: Callable[[str], ModuleType]) -> str:
    """Four evenings, weekly from 2035-01-24 19:30 in Berlin, for two and a half hours."""
    uuid: str = hub.create(app("hub_events"))["uuid"]
    return uuid


def asked(start: int, length: int = 30, name: str = "Session", capacity: int = -1) -> NewSession:
    """A session this many minutes after half past seven."""
    hours, minutes = divmod(19 * 60 + 30 + start, 60)
    return new(name=name, session_starts_on=f"2035-01-24 {hours}:{minutes:02}", duration=length, capacity=capacity)


def whole(event: str) -> Whole:
    found = repository.whole(TENANT, event)
    assert found is not None
    return found


def broken(event: str) -> list[str]:
    """What does not hold of the event and its sessions."""
    found = whole(event)
    wrong = [one.message for one in rules.still_fits(found.head, found.sessions)]
    # Counted even where the head says that there is nothing to read.
    there = repository.sessions(TENANT, event)
    if found.head["session_count"] != len(there):
        wrong.append(f"{found.head['session_count']} sessions are counted, {len(there)} are there")
    return wrong


def cleared(event: str) -> None:
    found = repository.sessions(TENANT, event)
    head = hub.stored(event)
    content = heads.content(head)
    content["settings"]["event_capacity"] = 0
    changes = {"session_count": 0, "doc": heads.packed(content), "marks": []}
    repository.save(head, changes, delete=[one["sk"] for one in found])


def creates(event: str, wanted: NewSession, sub: str = "organiser") -> Operation:
    return lambda: service.create(TENANT, sub, event, wanted, None)


def updates(event: str, **fields: Any) -> Operation:
    """Change these fields of the event."""
    given = EventChange.model_validate({"event": fields})
    return lambda: events.update(TENANT, "organiser", event, given, FREE, None)


def shrinks(event: str, capacity: int) -> Operation:
    return updates(event, settings={"event_capacity": capacity})


def naive(event: str, wanted: NewSession) -> Operation:
    """The same rules, checked against what was read, and a write of the session alone."""

    def write() -> None:
        found = whole(event)
        frame = rules.frame(found.head)
        session, wrong = asking.created(frame, wanted, clock.now())
        assert not wrong
        rules.require_room(frame, session, repository.sessions(TENANT, event))
        item = items.new_item(found.head["pk"], hub_rules.new_uuid(), session, 1, "")
        ddb.aws_client("dynamodb").put_item(TableName=configured().hub_table, Item=ddb.to_item(item))

    return write


def moves(at: int) -> Callable[[int], int]:
    """The first operation moves until this moment, then the other does to its end."""
    counted = itertools.count()
    return lambda _: int(next(counted) == at)


def both(event: str, operations: list[Operation], at: int) -> list[BaseException | None]:
    outcomes = interleaving.run(operations, ddb.aws_client("dynamodb"), moves(at))
    return [one.error for one in outcomes]


def test_of_two_sessions_at_one_time_only_one_comes_to_be_however_their_calls_interleave(event: str) -> None:
    for at in range(6):  # no undisturbed creation makes more calls
        operations = [creates(event, asked(0, 30, "First")), creates(event, asked(20, 30, "Second"))]
        errors = both(event, operations, at)
        assert [type(one) for one in errors if one] == [Conflict]
        assert "session.overlap" in str(next(one for one in errors if one))
        assert (broken(event), len(whole(event).sessions)) == ([], 1)
        cleared(event)


def test_two_sessions_that_fit_both_come_to_be(event: str) -> None:
    for at in range(6):
        assert both(event, [creates(event, asked(0)), creates(event, asked(30))], at) == [None, None]
        assert (broken(event), len(whole(event).sessions)) == ([], 2)
        cleared(event)


def test_writing_what_was_free_when_it_was_read_lets_sessions_overlap(event: str) -> None:
    """The control: without the event's version the same race breaks the rule."""
    wrong = []
    for at in range(6):
        both(event, [naive(event, asked(0)), naive(event, asked(20))], at)
        there = repository.sessions(TENANT, event)
        wrong.append(any(rules.clash(rules.session(a), rules.session(b)) for a, b in itertools.combinations(there, 2)))
        cleared(event)
    assert sum(wrong) >= 1


def test_a_session_and_a_capacity_that_do_not_go_together_do_not_both_come_to_be(event: str) -> None:
    for at, turned in itertools.product((0, 2, 4), (False, True)):
        operations = [creates(event, asked(0, capacity=50)), shrinks(event, 49)]
        errors = [one for one in both(event, operations[::-1] if turned else operations, at) if one]
        assert [type(one) for one in errors] == [Unprocessable]
        assert broken(event) == []
        cleared(event)


def test_a_session_and_a_shorter_event_do_not_both_come_to_be(event: str) -> None:
    """The event is half an hour shorter, or it has the session at its end."""
    for at in range(4):
        shorter = updates(event, occurrence={"attributes": {"event_duration": "2"}})
        errors = [one for one in both(event, [creates(event, asked(120, 30)), shorter], at) if one]
        assert [type(one) for one in errors] == [Unprocessable]
        assert broken(event) == []
        cleared(event)
        updates(event, occurrence={"attributes": {"event_duration": "2.5"}})()


def test_a_session_and_the_removal_of_its_ticket_level_do_not_both_come_to_be(event: str) -> None:
    stalls = level("stalls")
    for at in range(4):
        rewrite(event, {"levels": heads.packed([stalls])})
        named = new(session_starts_on="2035-01-24 19:30", tickets={"type": "specific", "uuid": [stalls["uuid"]]})

        def remove() -> None:
            tickets.delete(TENANT, "organiser", event, stalls["uuid"], FREE, None)

        errors = [one for one in both(event, [creates(event, named), remove], at) if one]
        assert [type(one) for one in errors] in ([Unprocessable], [Conflict])
        assert broken(event) == []
        cleared(event)


@st.composite
def operations(draw: st.DrawFn) -> tuple[str, int, int]:
    kind = draw(st.sampled_from(["create", "create", "move", "delete", "shrink"]))
    return kind, draw(st.sampled_from([0, 20, 40])), draw(st.sampled_from([-1, 40, 60]))


def test_any_writers_in_any_order_leave_an_event_whose_rules_hold(event: str) -> None:
    @settings(deadline=None, max_examples=15, suppress_health_check=list(HealthCheck))
    @given(st.lists(operations(), min_size=3, max_size=3), st.data())
    def races(wanted: list[tuple[str, int, int]], data: st.DataObject) -> None:
        cleared(event)
        uuid = service.create(TENANT, "organiser", event, asked(100), None).document["uuid"]
        does: dict[str, Callable[[int, int], Operation]] = {
            "create": lambda start, capacity: creates(event, asked(start, capacity=capacity)),
            "move": lambda start, capacity: (
                lambda: service.change(
                    TENANT,
                    "organiser",
                    event,
                    uuid,
                    change(session_starts_on=asked(start).session_starts_on, capacity=capacity),
                    FREE,
                    None,
                )
            ),
            "delete": lambda *_: lambda: service.delete(TENANT, "organiser", event, uuid, FREE, None),
            "shrink": lambda *_: shrinks(event, 50),
        }
        outcomes = interleaving.run(
            [does[kind](start, capacity) for kind, start, capacity in wanted],
            ddb.aws_client("dynamodb"),
            lambda n: data.draw(st.integers(0, n - 1)),
        )
        for outcome in outcomes:
            assert outcome.error is None or isinstance(outcome.error, DomainError), outcome.error
            assert "contended" not in str(outcome.error)
        assert broken(event) == []

    races()


@pytest.mark.parametrize("lands", [False, True])
def test_a_creation_killed_at_any_call_and_repeated_makes_one_session(
    event: str, monkeypatch: pytest.MonkeyPatch, lands: bool
) -> None:
    calls, deaths = Calls(monkeypatch), 0
    for number in itertools.count():
        calls.plan(number, lands=lands)
        key = f"key {number}"
        try:
            service.create(TENANT, "organiser", event, asked(0), key)
        except Killed:
            deaths += 1
        calls.plan()
        again = service.create(TENANT, "organiser", event, asked(0), key)
        assert [one["uuid"] for one in whole(event).sessions] == [again.document["uuid"]]
        assert broken(event) == []
        cleared(event)
        if deaths <= number:
            break
    assert deaths >= 2


@pytest.mark.parametrize("lands", [False, True])
def test_a_change_and_a_deletion_killed_at_any_call_are_made_once(
    event: str, monkeypatch: pytest.MonkeyPatch, lands: bool
) -> None:
    calls = Calls(monkeypatch)
    for number in range(4):
        calls.plan()
        made = service.create(TENANT, "organiser", event, asked(0), None)
        uuid, tag = made.document["uuid"], Precondition((1,))
        # Given a change that was killed, and another one since
        calls.plan(number, lands=lands)
        renamed = (TENANT, "organiser", event, uuid, change(name="Renamed"), tag, f"change {number}")
        with suppress(Killed):
            service.change(*renamed)
        calls.plan()
        landed = whole(event).sessions[0]["version"] == 2
        if landed:
            service.change(TENANT, "other", event, uuid, change(name="Since"), FREE, None)
        # When it is repeated, then it is made if it was not, and not made again if it was
        assert service.change(*renamed).document["name"] == ("Since" if landed else "Renamed")
        # And a deletion under a key is answered twice
        calls.plan(number, lands=lands)
        gone = (TENANT, "organiser", event, uuid, FREE, f"delete {number}")
        with suppress(Killed):
            service.delete(*gone)
        calls.plan()
        service.delete(*gone)
        service.delete(*gone)
        assert (broken(event), repository.sessions(TENANT, event)) == ([], [])


def test_a_write_that_landed_and_was_told_to_have_failed_is_made_once(
    event: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a store whose answer is lost once, and which refuses the repetition
    real, told = repository.save, [False]

    def save(*asked: Any, **more: Any) -> Item:
        after = real(*asked, **more)
        if told:
            told.pop()
            raise repository.VersionMoved
        return after

    monkeypatch.setattr(repository, "save", save)
    # Then each use case finds what it has done
    uuid = service.create(TENANT, "organiser", event, asked(0), None).document["uuid"]
    assert (broken(event), len(whole(event).sessions)) == ([], 1)
    told.append(True)
    changed = service.change(TENANT, "organiser", event, uuid, change(name="Once"), Precondition((1,)), None)
    assert (changed.version, changed.document["name"]) == (2, "Once")
    told.append(True)
    service.delete(TENANT, "organiser", event, uuid, Precondition((2,)), None)
    assert (broken(event), repository.sessions(TENANT, event)) == ([], [])


def test_a_writer_that_others_always_outrun_is_told_so(event: str, monkeypatch: pytest.MonkeyPatch) -> None:
    attempts = []

    def outrun(*asked: object, **more: object) -> Item:
        attempts.append(asked)
        raise repository.VersionMoved

    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr(repository, "save", outrun)
    with pytest.raises(Conflict, match=r"event\.contended"):
        service.create(TENANT, "organiser", event, asked(0), None)
    assert (len(attempts), repository.sessions(TENANT, event)) == (20, [])
