"""Duplicating events, through the route, among other writers, and by processes that die."""

import itertools
import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import boto3
import pytest
from botocore.exceptions import BotoCoreError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from marquee import ddb, idempotency
from marquee.errors import Conflict
from marquee.hub import heads, repository, rewriting
from marquee.hub.duplicates import repository as duplicates
from marquee.hub.duplicates import rules, service
from marquee.hub.envelopes import DuplicatedEvent, Envelope
from marquee.hub.events import service as events
from marquee.hub.models import Item
from marquee.hub.repository import Whole
from marquee.hub.sessions import items
from marquee.preconditions import Precondition
from tests.support import hub, hub_tickets, interleaving
from tests.support.api import TENANT, call, sample, varied
from tests.support.hub_duplicates import differences
from tests.support.hub_sessions import created, rewrite, stored
from tests.support.hub_tickets import uuid_of
from tests.support.kills import Calls, Killed

ANSWER = TypeAdapter(Envelope[DuplicatedEvent])
Load = Callable[[str], ModuleType]


@pytest.fixture
def function(aws: dict[str, str], app: Load) -> ModuleType:
    return app("hub_events")


@pytest.fixture
def everything(aws: dict[str, str]) -> Callable[[], list[Item]]:
    """All items of the Hub's table."""
    table = boto3.Session(region_name="eu-central-1").resource("dynamodb").Table(aws["HubTable"])
    return lambda: list(table.scan()["Items"])


def below(pk: str, number: int, names: str = "Session") -> list[Item]:
    """So many session items that overlap nothing."""
    sessions = [stored(name=f"{names} {place}", offset=0, status="inactive", duration=5) for place in range(number)]
    return [
        items.new_item(pk, uuid_of(f"{pk} {names} {place}"), one, place, hub_tickets.CREATED)
        for place, one in enumerate(sessions)
    ]


def with_sessions(function: ModuleType, number: int) -> str:
    """An event with a ticket level and so many sessions."""
    uuid: str = hub.create(function)["uuid"]
    hub_tickets.create(function, uuid)
    rewrite(uuid, {"session_count": number}, put=below(hub.stored(uuid)["pk"], number))
    return uuid


def asked(uuid: str, key: str = "") -> dict[str, Any]:
    return varied(sample("hub_events", "duplicate"), path={"event_uuid": uuid}, headers={"Idempotency-Key": key})


def test_a_duplicate_is_made_with_its_tickets_and_sessions(function: ModuleType, app: Load) -> None:
    # Given an event with a level that has sold, and a session for it on some occurrences
    event = hub.create(function, display_name="The Night")
    uuid = event["uuid"]
    level = hub_tickets.create(function, uuid, pricing_details=[{"price": 25, "quantity_sold": 4}])
    some = [one["uuid"] for one in event["event_occurrence"][1:3]]
    session = {"session_starts_on": event["event_occurrence"][1]["start_on"]["local"], "duration": 20, "image": None}
    created(
        app("hub_sessions"),
        uuid,
        **session,
        occurrences={"type": "specific", "uuid": some},
        tickets={"type": "specific", "uuid": [level["uuid"]]},
    )
    original = hub.read(function, uuid)
    # When it is duplicated
    answer = call(function, varied(sample("hub_events", "duplicate"), path={"event_uuid": uuid}))
    # Then it is answered under both names, as it is read then
    assert (answer.status, answer.json["statusCode"], answer.headers["etag"]) == (201, 201, '"1"')
    ANSWER.validate_python(answer.json, strict=True)
    result = answer.json["result"]
    copy = result["event"]
    assert result["events"] == copy == hub.read(function, copy["uuid"])
    assert answer.headers["location"] == f"/events/{copy['uuid']}"
    # And is its original but for what must differ
    assert (copy["status"], copy["name"], copy["display_name"]) == ("ready", original["name"], "The Night")
    assert [one["start_on"] for one in copy["event_occurrence"]] == [
        one["start_on"] for one in original["event_occurrence"]
    ]
    made_at = {"created_on", "updated_on", "created_on.utc", "created_on.local"}
    wrong, _ = differences(original, copy)
    assert [one for one in wrong if one.path.rpartition("levels.*.")[2] not in made_at and "_on" not in one.path] == []
    assert hub.read(function, uuid) == original
    # And is in its organisation's list
    listed = call(function, varied(sample("hub_events", "list"), query={"status": ["ready"]})).json["result"]
    assert {one["uuid"] for one in listed["events"]} == {uuid, copy["uuid"]}
    # And it can be edited and deleted on its own
    assert hub.update(function, copy["uuid"], name="Another Night")["name"] == "Another Night"
    events.delete(TENANT, copy["uuid"], Precondition())
    assert repository.sessions(TENANT, copy["uuid"]) == []
    assert len(repository.sessions(TENANT, uuid)) == 1


def test_what_is_not_there_or_somebody_elses_is_not_duplicated(
    function: ModuleType, everything: Callable[[], list[Item]]
) -> None:
    uuid = with_sessions(function, 1)
    before = everything()

    theirs = call(function, varied(asked(uuid), tenants=["borealis"]))
    nothing = call(function, asked(uuid_of("nothing")))

    assert (theirs.status, theirs.json["error_code"]) == (404, "event.not_found")
    assert (nothing.status, nothing.json["error_code"]) == (404, "event.not_found")
    assert everything() == before


def test_the_same_key_is_the_same_duplicate(function: ModuleType) -> None:
    uuid = with_sessions(function, 2)

    first, again, other = (call(function, asked(uuid, key)) for key in ("one", "one", "two"))

    assert first.json == again.json
    assert again.headers["idempotency-replayed"] == "true"
    assert other.json["result"]["event"]["uuid"] != first.json["result"]["event"]["uuid"]


def test_an_answer_too_large_to_be_kept_is_made_again_from_the_same_duplicate(
    function: ModuleType, everything: Callable[[], list[Item]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "MAX_KEPT", 1000)
    uuid = with_sessions(function, 2)

    first, again, other = (call(function, asked(one, "key")) for one in (uuid, uuid, uuid_of("other")))

    assert (first.status, again.status) == (201, 201)
    assert first.json == again.json
    assert "idempotency-replayed" not in again.headers
    assert (other.status, other.json["error_code"]) == (422, "idempotency.key_reused")
    assert len(heads_in(everything())) == 2


def large(function: ModuleType, occurrences: int) -> str:
    """An event with so many evenings, and two hundred sessions of all of them."""
    occurrence = hub.recurring("daily", "2035-01-01 20:00", after=occurrences)
    uuid: str = hub.create(function, occurrence=occurrence)["uuid"]
    hub_tickets.create(function, uuid)
    sessions = below(hub.stored(uuid)["pk"], 200)
    rewrite(uuid, {"session_count": 200})
    for first in range(0, 200, 50):
        rewrite(uuid, {}, put=sessions[first : first + 50])
    return uuid


def test_seven_hundred_evenings_and_two_hundred_sessions_take_few_calls(
    function: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    uuid = large(function, 700)
    calls = Calls(monkeypatch)

    answer = call(function, asked(uuid, "many"))

    copy = answer.json["result"]["event"]
    assert answer.status == 201
    assert (len(copy["event_occurrence"]), len(copy["sessions"]["session_lists"])) == (700, 200)
    assert len({one["uuid"] for one in copy["event_occurrence"]}) == 700
    # The key's claim and answer; the duplicate looked for; the original twice and its sessions; the organisation; the
    # mark, what was left, three times sessions, and the head.
    assert calls.names.count("TransactWriteItems") == 1 + 3 + 1
    assert calls.count == 13
    # What Lambda takes as an answer, in which each quote is one byte more.
    assert len(answer.raw) + answer.raw.count(b'"') < 6_000_000


def test_what_is_too_large_for_one_answer_is_refused_before_anything_is_written(
    function: ModuleType, everything: Callable[[], list[Item]], monkeypatch: pytest.MonkeyPatch
) -> None:
    uuid = with_sessions(function, 3)
    before = len(everything())
    size = len(call(function, asked(uuid)).raw)
    after = len(everything())
    monkeypatch.setattr(rules, "_MOST_ANSWERED", size)  # quotes count twice

    answer = call(function, asked(uuid))

    assert (answer.status, answer.json["error_code"]) == (422, "event.too_large")
    assert len(everything()) == after > before


def heads_in(found: list[Item]) -> list[Item]:
    return [one for one in found if one["sk"] == "EVENT"]


def complete(uuid: str, names: set[str]) -> bool:
    """Whether the event has just these sessions, and says so."""
    whole = repository.whole(TENANT, uuid)
    assert whole is not None
    there = {json.loads(one["doc"])["name"] for one in repository.sessions(TENANT, uuid)}
    return there == names and whole.head["session_count"] == len(names)


@pytest.mark.parametrize("lands", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("key", [None, "key"])
def test_killed_at_any_call_and_repeated_it_is_one_duplicate_and_whole(
    function: ModuleType,
    everything: Callable[[], list[Item]],
    monkeypatch: pytest.MonkeyPatch,
    key: str | None,
    lands: bool,
) -> None:
    monkeypatch.setattr(duplicates, "_TOGETHER", 2)
    calls = Calls(monkeypatch)
    uuid = with_sessions(function, 3)
    names = {f"Session {number}" for number in range(3)}
    known, number, reached = {uuid}, 0, True

    def added() -> list[str]:
        """The events that are there and were not; everything that is visible of them is there."""
        found = [one["uuid"] for one in heads_in(everything()) if one["uuid"] not in known]
        assert all(complete(one, names) for one in found)
        known.update(found)
        return found

    while reached:
        own = f"{key} {number}" if key else None
        calls.plan(number, lands=lands)
        died: list[str] = []
        try:
            made = service.duplicate(TENANT, "organiser", uuid, own)
            reached = False
        except Killed:
            calls.plan()
            died = added()
            assert len(died) <= 1
            made = service.duplicate(TENANT, "organiser", uuid, own)
        calls.plan()
        # Without a key, nobody can know that it is the same request.
        assert [*died, *added()] == [*(died if own is None else ()), made["uuid"]]
        assert not [one for one in everything() if one["sk"] == "COPY" and one["pk"].endswith(made["uuid"])]
        number += 1
    assert number > 8


def test_what_a_dead_attempt_laid_down_of_an_older_version_is_not_in_the_duplicate(
    function: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given an attempt that died before the head, and an original that lost a session and got another one since
    uuid = with_sessions(function, 3)
    calls = Calls(monkeypatch)
    calls.plan(8)
    with pytest.raises(Killed):
        service.duplicate(TENANT, "organiser", uuid, "key")
    assert calls.names[-2:] == ["TransactWriteItems"] * 2
    calls.plan()
    head = hub.stored(uuid)
    repository.save(head, {}, put=below(head["pk"], 1, "Later"), delete=[below(head["pk"], 1)[0]["sk"]])

    made = service.duplicate(TENANT, "organiser", uuid, "key")

    assert complete(made["uuid"], {"Session 1", "Session 2", "Later 0"})


def versions(uuid: str) -> list[Callable[[], Any]]:
    """Writes of an event that change its name and its sessions together."""

    def write(name: str, number: int) -> None:
        def change(head: Item) -> rewriting.Rewrite:
            told = heads.packed({**heads.content(head), "name": name})
            left = [one["sk"] for one in repository.sessions(TENANT, uuid)]
            put = below(head["pk"], number, name)
            return rewriting.Rewrite({"doc": told, "session_count": number}, put, left)

        rewriting.rewritten(TENANT, uuid, change)

    return [lambda: write("Two", 2), lambda: write("Three", 3)]


def named(uuid: str) -> tuple[str, set[str]]:
    """The event's name, and how its sessions are called."""
    there = {json.loads(one["doc"])["name"] for one in repository.sessions(TENANT, uuid)}
    return heads.content(hub.stored(uuid))["name"], there


VERSIONS = {
    "Aurora Night": {"Session 0"},
    "Two": {"Two 0", "Two 1"},
    "Three": {"Three 0", "Three 1", "Three 2"},
}


def test_a_duplicate_is_of_one_version_however_many_write_and_ask_at_once(
    function: ModuleType, everything: Callable[[], list[Item]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duplicates, "_TOGETHER", 1)

    @settings(deadline=None, max_examples=6, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def races(data: st.DataObject) -> None:
        uuid = with_sessions(function, 1)
        before = len(heads_in(everything()))
        faults: list[interleaving.Fault | None] = [*[None] * 12, "unsent", "answer lost"]

        def again() -> str:
            """A client that repeats its request until it is answered."""
            while True:
                try:
                    return service.duplicate(TENANT, "organiser", uuid, "key")["uuid"]
                except (Conflict, BotoCoreError):
                    continue

        outcomes = interleaving.run(
            [again, again, *versions(uuid)],
            ddb.aws_client("dynamodb"),
            lambda number: data.draw(st.integers(0, number - 1)),
            lambda call: data.draw(st.sampled_from(faults)) if call != "PutItem" else None,
        )

        made = {one.value for one in outcomes[:2]}
        assert len(made) == 1, outcomes
        name, sessions = named(made.pop())
        assert sessions == VERSIONS[name]
        assert len(heads_in(everything())) == before + 1

    races()


def test_without_a_second_look_at_the_version_a_copy_is_torn(
    function: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def duplicated(uuid: str) -> str:
        turns = itertools.count()
        first, *_ = interleaving.run(
            [lambda: service.duplicate(TENANT, "organiser", uuid, None)["uuid"], versions(uuid)[0]],
            ddb.aws_client("dynamodb"),
            # The original's head is read; then the other one writes to its end.
            lambda _: int(next(turns) == 2),
        )
        return str(first.value)

    uuid = with_sessions(function, 1)
    name, sessions = named(duplicated(uuid))
    assert sessions == VERSIONS[name]
    # A control that takes what it reads for one version.
    monkeypatch.setattr(rewriting, "at_one_moment", lambda head: Whole(head, repository.sessions(TENANT, head["uuid"])))
    name, sessions = named(duplicated(with_sessions(function, 1)))
    assert sessions != VERSIONS[name]


def test_who_was_overtaken_writes_nothing_more_and_nobody_writes_below_a_head(function: ModuleType) -> None:
    # Given two attempts at one duplicate, of two versions of the original
    uuid = with_sessions(function, 1)
    whole = repository.whole(TENANT, uuid)
    assert whole is not None
    copies = [
        rules.copy(whole.head, sessions, uuid_of("copy"), hub_tickets.CREATED, whole.head["org"])
        for sessions in (whole.sessions, below(whole.head["pk"], 1, "Later"))
    ]
    (older, laid), (newer, later) = copies
    duplicates.begin(older, "older")
    duplicates.lay_down(older, "older", laid)
    # When the second one begins
    duplicates.begin(newer, "newer")
    # Then the first one can do nothing more
    steps: list[Callable[[], object]] = [
        lambda: duplicates.lay_down(older, "older", laid),
        lambda: duplicates.clear(older, "older", []),
        lambda: duplicates.finish(older, "older"),
    ]
    for step in steps:
        with pytest.raises(duplicates.Overtaken):
            step()
    duplicates.clear(newer, "newer", later)
    duplicates.lay_down(newer, "newer", later)
    duplicates.finish(newer, "newer")
    assert complete(uuid_of("copy"), {"Later 0"})
    # And once there is a head, nobody can
    for step in [
        *steps,
        lambda: duplicates.begin(older, "older"),
        lambda: duplicates.lay_down(newer, "newer", laid),
        lambda: duplicates.finish(newer, None),
    ]:
        with pytest.raises(duplicates.Overtaken):
            step()
    assert complete(uuid_of("copy"), {"Later 0"})
