"""Requests about events that die at any of their calls and are repeated, and requests at once: nothing is lost."""

import itertools
from collections.abc import Callable
from types import ModuleType
from typing import Any

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marquee import ddb, workflows
from marquee.errors import Conflict, Stale
from marquee.hub import heads, repository, rules
from marquee.hub.events import service
from marquee.hub.events.models import EventChange, NewEvent
from marquee.hub.models import Item
from marquee.hub.organisations import service as organisations
from marquee.preconditions import Precondition
from marquee.settings import settings as configured
from tests.conftest import REGION
from tests.support import hub, interleaving
from tests.support.api import TENANT, Answer, call, sample, varied
from tests.support.kills import Calls, Killed

FREE = Precondition()
NUMBERS = itertools.count()
PUBLISHED = {
    "id": "p",
    "kind": "publish",
    "sequence": 1,
    "phase": "done",
    "before": "ready",
    "at": "2034-01-01T00:00:00Z",
}


@pytest.fixture
def events(aws: dict[str, str], app: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    # A key's claim is over at once, as it is a minute after a crash.
    monkeypatch.setattr("marquee.idempotency.LOCK_SECONDS", -1)
    return app("hub_events")


def everything(prefix: str) -> list[Item]:
    """All items of the Hub's table whose partition begins so."""
    found = boto3.Session(region_name=REGION).resource("dynamodb").Table(configured().hub_table).scan()["Items"]
    return [item for item in found if item["pk"].startswith(prefix)]


def repeated_after_every_death(
    calls: Calls, request: Callable[[str], Answer], check: Callable[[str, Answer, Answer | None], None]
) -> int:
    """Make the request, each time under another key, until it outlives all its calls; gives how often it died.

    Each time it dies at a later call, before it or after it took effect, and is repeated. After a call is before the
    next one: every second call is every moment. `check` is given the key, the answer of the repetition, and that of
    one more.
    """
    deaths = 0
    for number, lands in ((number, lands) for number in itertools.count(0, 2) for lands in (False, True)):
        key = f"{number}-{'after' if lands else 'before'}"
        calls.plan(number, lands=lands)
        died = False
        try:
            request(key)
        except Killed:
            died = True
        calls.plan()
        again = request(key)
        check(key, again, request(key))
        deaths += died
        if not died:
            return deaths
    raise AssertionError


def test_a_creation_that_dies_anywhere_is_one_event_under_its_key(
    events: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = Calls(monkeypatch)
    asked = hub.new_event(is_update_org_settings=True, currency="DKK")

    def request(key: str) -> Answer:
        return call(events, varied(sample("hub_events", "create"), body=asked, headers={"Idempotency-Key": key}))

    seen: set[str] = set()

    def check(key: str, answer: Answer, once_more: Answer | None) -> None:
        assert answer.status == 201
        assert once_more is not None
        assert once_more.raw == answer.raw
        document = answer.json["result"]["event"]
        assert document["uuid"] not in seen
        seen.add(document["uuid"])
        heads_there = {item["uuid"] for item in everything(f"T#{TENANT}#E#") if item["sk"] == "EVENT"}
        assert heads_there == seen
        assert hub.stored(document["uuid"])["version"] == 1
        assert organisations.profile(TENANT).defaults["currency"] == "DKK"

    assert repeated_after_every_death(calls, request, check) >= 4


def test_a_change_that_dies_anywhere_is_made_once_and_told_on_once(
    events: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: dict[str, set[str]] = {}
    monkeypatch.setattr(
        workflows, "start", lambda _, name, told: started.setdefault(told["event_uuid"], set()).add(name)
    )
    calls = Calls(monkeypatch)
    uuids: dict[str, str] = {}

    def request(key: str) -> Answer:
        if key not in uuids:
            deadly, calls.paused = calls.deadly, True
            uuids[key] = hub.create(events)["uuid"]
            repository.save(hub.stored(uuids[key]), {"state": "published", "sequence": 1, "publication": PUBLISHED})
            calls.paused, calls.deadly = False, deadly
        path = {"org_uuid": TENANT, "event_uuid": uuids[key]}
        body = {"event": {"name": "Moved", "occurrence": {"attributes": {"starts_on": "2035-02-01 20:00"}}}}
        return call(
            events, varied(sample("hub_events", "update"), path=path, body=body, headers={"Idempotency-Key": key})
        )

    def check(key: str, answer: Answer, once_more: Answer | None) -> None:
        assert (answer.status, answer.headers["etag"]) == (200, '"3"')
        assert once_more is not None
        assert once_more.raw == answer.raw
        stored = hub.stored(uuids[key])
        assert (stored["version"], heads.content(stored)["name"]) == (3, "Moved")
        # However often it was started, it is one execution, of the one publication that the event has.
        assert (stored["sequence"], stored["publication"]["phase"]) == (2, "running")
        assert len(started[uuids[key]]) == 1

    assert repeated_after_every_death(calls, request, check) >= 3


def test_a_deletion_that_dies_anywhere_leaves_nothing_once_it_is_repeated(
    events: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = Calls(monkeypatch)
    uuids: dict[str, str] = {}

    def request(key: str) -> Answer:
        if key not in uuids:
            calls.paused = True
            uuids[key] = hub.create(events)["uuid"]
            sessions = [_session(uuids[key], number) for number in range(2)]
            repository.save(hub.stored(uuids[key]), {"session_count": 2}, put=sessions)
            calls.paused = False
        path = {"org_uuid": TENANT, "event_uuid": uuids[key]}
        return call(events, varied(sample("hub_events", "delete"), path=path, headers={"Idempotency-Key": key}))

    def check(key: str, answer: Answer, once_more: Answer | None) -> None:
        # Done where it had not begun, and not there any more where it had: nothing of it is left in either case.
        assert answer.status in {204, 404}
        assert everything(f"T#{TENANT}#E#{uuids[key]}") == []

    assert repeated_after_every_death(calls, request, check) >= 4


def _session(event_uuid: str, number: int) -> Item:
    uuid = rules.derived_uuid(event_uuid, str(number))
    return {"pk": f"T#{TENANT}#E#{event_uuid}", "sk": repository.session_sk(uuid), "uuid": uuid, "doc": "{}"}


def _change(**fields: Any) -> EventChange:
    return EventChange.model_validate({"event": fields})


@given(data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_changes_of_different_fields_at_once_all_survive(events: ModuleType, data: st.DataObject) -> None:
    uuid = hub.create(events)["uuid"]
    changes = [
        _change(name="Renamed"),
        _change(settings={"event_capacity": 500}),
        _change(listing={"tags": ["north"]}),
    ]

    def operation(number: int) -> Callable[[], object]:
        return lambda: service.update(TENANT, "sub", uuid, changes[number], FREE, f"key {number}")

    outcomes = interleaving.run(
        [operation(number) for number in range(3)],
        ddb.aws_client("dynamodb"),
        lambda n: data.draw(st.integers(0, n - 1)),
    )

    assert [outcome.error for outcome in outcomes] == [None, None, None]
    stored = hub.stored(uuid)
    content = heads.content(stored)
    assert (content["name"], content["settings"]["event_capacity"], content["listing"]["tags"]) == (
        "Renamed",
        500,
        ["north"],
    )
    assert stored["version"] == 4


@given(data=st.data())
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_of_two_changes_of_the_same_version_one_is_stale(events: ModuleType, data: st.DataObject) -> None:
    uuid = hub.create(events)["uuid"]

    def operation(name: str) -> Callable[[], object]:
        return lambda: service.update(TENANT, "sub", uuid, _change(name=name), Precondition((1,)), None)

    outcomes = interleaving.run(
        [operation("One"), operation("Other")],
        ddb.aws_client("dynamodb"),
        lambda n: data.draw(st.integers(0, n - 1)),
    )

    assert [type(outcome.error) for outcome in outcomes if outcome.error] == [Stale]
    won = next(outcome.value["name"] for outcome in outcomes if outcome.error is None)
    assert (heads.content(hub.stored(uuid))["name"], hub.stored(uuid)["version"]) == (won, 2)


@given(data=st.data())
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_creations_at_once_under_one_key_are_one_event(events: ModuleType, data: st.DataObject) -> None:
    body = NewEvent.model_validate(hub.new_event())
    key = f"key {next(NUMBERS)}"

    outcomes = interleaving.run(
        [lambda: service.create(TENANT, "sub", body, key)] * 2,
        ddb.aws_client("dynamodb"),
        lambda n: data.draw(st.integers(0, n - 1)),
    )

    first, second = (outcome.value for outcome in outcomes)
    assert first == second


def test_changes_give_up_where_others_never_stop_writing(events: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    uuid = hub.create(events)["uuid"]
    save, moved = repository.save, repository.VersionMoved

    def somebody_was_quicker(before: Item, changes: Item, **_: Any) -> Item:
        save(before, {})
        raise moved

    monkeypatch.setattr(repository, "save", somebody_was_quicker)
    monkeypatch.setattr("time.sleep", lambda _: None)
    with pytest.raises(Conflict) as refused:
        service.update(TENANT, "sub", uuid, _change(name="Late"), FREE, None)
    assert refused.value.code == "event.contended"
