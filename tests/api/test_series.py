from collections.abc import Callable
from types import ModuleType
from typing import Any

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError

from marquee import ddb
from marquee.events import service as events_service
from tests.support.api import Answer, call, sample, varied
from tests.support.events import meta

TENANT = "aurora"
A, B, C, D, E = (f"evt_{number:04d}" for number in range(1, 6))
Stored = Callable[[str, str], Any]


@pytest.fixture
def events(aws: dict[str, str], app: Callable[[str], ModuleType]) -> ModuleType:
    """Five events, the later the smaller their number."""
    for number, eid in enumerate((A, B, C, D, E)):
        events_service.take_from_registry(
            TENANT, eid, meta(title=f"Night {number}", start_date_time=f"2026-12-0{9 - number}T19:00:00Z"), 1
        )
    return app("events")


@pytest.fixture
def stored(table: Callable[[str], Stored]) -> Stored:
    return table("EventsTable")


def ids(answer: Answer) -> list[str]:
    assert answer.status == 200, answer.raw
    return [item["id"] for item in answer.json["items"]]


def write(name: str, app: ModuleType, eid: str, named: tuple[str, ...], headers: dict[str, str]) -> Answer:
    """A write to an event's series; `If_Match="..."` is a header."""
    sent = {header.replace("_", "-"): value for header, value in headers.items()}
    query = {"event_series": list(named)}
    if sent.pop("dry-run", None):
        query["dry_run"] = ["true"]
    return call(app, varied(sample("events", name), path={"eid": eid}, query=query, headers=sent))


def add(app: ModuleType, eid: str, *named: str, **headers: str) -> Answer:
    return write("add_to_series", app, eid, named, headers)


def remove(app: ModuleType, eid: str, *named: str, **headers: str) -> Answer:
    return write("remove_from_series", app, eid, named, headers)


def siblings(app: ModuleType, eid: str, **query: str) -> Answer:
    asked = {name: [value] for name, value in query.items()}
    return call(app, varied(sample("events", "siblings"), path={"eid": eid}, query=asked))


def read(app: ModuleType, eid: str) -> dict[str, Any]:
    document: dict[str, Any] = call(app, varied(sample("events", "read"), path={"eid": eid})).json
    return document


def rewrite(eid: str, **changes: str) -> None:
    events_service.rewritten(TENANT, eid, lambda _: dict(changes))


def close(eid: str, status: str) -> None:
    rewrite(eid, status=status)


def series_items(aws: dict[str, str]) -> list[dict[str, Any]]:
    table = boto3.Session(region_name="eu-central-1").resource("dynamodb").Table(aws["EventsTable"])
    return [item for item in table.scan()["Items"] if item["sk"] == "SERIES"]


def test_an_addition_is_symmetric_and_answers_the_siblings_by_start(events: ModuleType, stored: Stored) -> None:
    # When two events are added to a third
    answer = call(events, sample("events", "add_to_series"))
    # Then the answer lists them by start, in the envelope of every list
    assert ids(answer) == [C, B]
    assert answer.json | {"items": []} == {
        "total": 2,
        "limit": 50,
        "page": 1,
        "pages": 1,
        "items": [],
        "next_cursor": None,
    }
    # and each event has the others as siblings
    assert ids(siblings(events, A)) == [C, B]
    assert ids(siblings(events, B)) == [C, A]
    assert [read(events, eid)["campaign_event_series"] for eid in (A, B, C)] == [[B, C], [A, C], [A, B]]
    assert {one["id"]: one["campaign_event_series"] for one in answer.json["items"]} == {B: [A, C], C: [A, B]}
    # and its version has grown
    assert [read(events, eid)["version"] for eid in (A, B, C, D)] == [2, 2, 2, 1]
    item = stored(f"T#{TENANT}#E#{A}", "EVENT")
    series = stored(f"T#{TENANT}#S#{item['series_id']}", "SERIES")
    assert (series["members"], series["version"]) == ([A, B, C], 1)


def test_an_event_keeps_its_place_in_lists_when_it_joins(events: ModuleType) -> None:
    before = ids(call(events, varied(sample("events", "list"), query={})))
    add(events, A, B)
    after = call(events, varied(sample("events", "list"), query={}))
    assert ids(after) == before
    assert next(one for one in after.json["items"] if one["id"] == A)["campaign_event_series"] == [B]


def test_an_addition_merges_and_only_who_joins_is_written(events: ModuleType, aws: dict[str, str]) -> None:
    add(events, A, B)
    # When a member's series is added to, with one that is in it and one that is not
    assert ids(add(events, B, A, C, B)) == [C, A]
    # Then there is one series still
    (series,) = series_items(aws)
    assert (series["members"], series["version"]) == ([A, B, C], 2)
    assert [read(events, eid)["version"] for eid in (A, B, C)] == [2, 2, 2]


def test_an_event_without_a_series_lists_no_siblings(events: ModuleType) -> None:
    answer = siblings(events, A)
    assert (ids(answer), answer.json["total"], answer.json["pages"]) == ([], 0, 0)


def test_siblings_are_paged_by_number_and_by_cursor(events: ModuleType) -> None:
    add(events, C, A, B, D, E)
    first = siblings(events, C, limit="3")
    assert (ids(first), first.json["total"], first.json["pages"]) == ([E, D, B], 4, 2)
    second = siblings(events, C, limit="3", cursor=first.json["next_cursor"])
    assert (ids(second), second.json["next_cursor"]) == ([A], None)
    assert ids(siblings(events, C, limit="3", page="2")) == [A]
    assert ids(siblings(events, C, limit="3", page="3")) == []
    foreign = siblings(events, D, cursor=first.json["next_cursor"])
    assert (foreign.status, foreign.json["error_code"]) == (400, "query.cursor")


@pytest.mark.parametrize("own", [True, False], ids=["which has a series", "which has none"])
def test_an_event_of_another_series_is_409_naming_it_and_its_siblings(events: ModuleType, own: bool) -> None:
    # Given a series of two, and an event
    add(events, D, E)
    if own:
        add(events, A, B)
    # When one of the two is added to the event with a third
    answer = add(events, A, C, D)
    # Then nothing changes
    assert (answer.status, answer.json["error_code"]) == (409, "series.event_taken")
    assert answer.json["detail"] == f"'{D}' is in a series already, with '{E}'."
    assert ids(siblings(events, A)) == ([B] if own else [])
    assert ids(siblings(events, C)) == []


@pytest.mark.parametrize("status", ["archived", "cancelled"])
def test_a_closed_event_is_422_naming_it(events: ModuleType, status: str) -> None:
    close(B, status)
    for answer in (add(events, A, C, B), add(events, B, A)):
        assert (answer.status, answer.json["error_code"]) == (422, "series.event_closed")
        assert answer.json["detail"] == f"'{B}' is {status} and cannot join a series."


def test_a_member_that_is_closed_later_stays_and_can_leave(events: ModuleType) -> None:
    add(events, A, B, C)
    close(B, "cancelled")
    assert ids(add(events, A, B)) == [C, B]
    assert remove(events, A, B).status == 204
    assert ids(siblings(events, A)) == [C]


def test_only_itself_is_422(events: ModuleType) -> None:
    answer = add(events, A, A)
    assert (answer.status, answer.json["error_code"]) == (422, "series.only_itself")


@pytest.mark.parametrize("change", [add, remove])
def test_more_than_48_events_are_422(events: ModuleType, change: Callable[..., Answer]) -> None:
    answer = change(events, A, *(f"evt_{number:04d}" for number in range(100, 149)))
    assert (answer.status, answer.json["error_code"]) == (422, "series.too_many")


def test_48_events_join_and_leave_at_once(events: ModuleType, aws: dict[str, str]) -> None:
    many = [f"evt_{number:04d}" for number in range(100, 148)]
    for eid in many:
        events_service.take_from_registry(TENANT, eid, meta(), 1)
    assert add(events, A, *many, If_Match='"1"').json["total"] == 48
    assert remove(events, A, *many, If_Match='"2"').status == 204
    assert series_items(aws) == []


@pytest.mark.parametrize("change", [add, remove])
def test_an_unknown_event_is_404_naming_it(events: ModuleType, change: Callable[..., Answer]) -> None:
    for answer in (change(events, A, B, "evt_unknown"), change(events, "evt_unknown", A)):
        assert (answer.status, answer.json["error_code"]) == (404, "event.not_found")
        assert "'evt_unknown'" in answer.json["detail"]
    assert ids(siblings(events, A)) == []


@pytest.mark.parametrize("name", ["siblings", "add_to_series", "remove_from_series", "available_for_series"])
def test_another_tenants_event_is_404(events: ModuleType, name: str) -> None:
    answer = call(events, varied(sample("events", name), tenants=["borealis"]))
    assert (answer.status, answer.json["error_code"]) == (404, "event.not_found")


def test_another_tenants_event_cannot_be_named(events: ModuleType) -> None:
    events_service.take_from_registry("borealis", "evt_theirs", meta(), 1)
    answers = [add(events, A, "evt_theirs"), remove(events, A, "evt_theirs")]
    assert [answer.status for answer in answers] == [404, 404]


@pytest.mark.parametrize("name", ["add_to_series", "remove_from_series"])
def test_a_write_needs_its_scope_and_an_event_to_name(events: ModuleType, name: str) -> None:
    assert call(events, varied(sample("events", name), scope="main.read")).status == 403
    for query in ({}, {"event_series": [""]}):
        answer = call(events, varied(sample("events", name), query=query))
        assert (answer.status, answer.json["validation_errors"][0]["field"]) == (400, "event_series")


def test_a_removal_leaves_the_rest_together(events: ModuleType) -> None:
    add(events, A, B, C)
    answer = call(events, sample("events", "remove_from_series"))
    assert (answer.status, answer.raw) == (204, b"")
    assert ids(siblings(events, A)) == [C]
    assert ids(siblings(events, B)) == []
    assert [read(events, eid)["version"] for eid in (A, B, C)] == [2, 3, 2]


@pytest.mark.parametrize("named", [[B], [A], [A, B]], ids=["the other", "itself", "both"])
def test_a_series_of_one_dissolves(events: ModuleType, aws: dict[str, str], stored: Stored, named: list[str]) -> None:
    add(events, A, B)
    assert remove(events, A, *named).status == 204
    assert series_items(aws) == []
    for eid in (A, B):
        assert "series_id" not in stored(f"T#{TENANT}#E#{eid}", "EVENT")
        assert (read(events, eid)["campaign_event_series"], read(events, eid)["version"]) == ([], 3)
    # and its events may join another
    assert ids(add(events, C, A, B)) == [B, A]


def test_an_event_may_leave_by_itself(events: ModuleType) -> None:
    add(events, A, B, C)
    assert remove(events, A, A).status == 204
    assert ids(siblings(events, B)) == [C]
    assert ids(siblings(events, A)) == []


def test_removing_what_is_not_in_the_series_changes_nothing(events: ModuleType) -> None:
    add(events, A, B)
    add(events, C, D)
    before = [read(events, eid) for eid in (A, B, C, D, E)]
    assert [remove(events, A, C, E).status, remove(events, E, A).status] == [204, 204]
    assert [read(events, eid) for eid in (A, B, C, D, E)] == before


def test_a_dry_run_plans_each_change_and_writes_nothing(events: ModuleType, aws: dict[str, str]) -> None:
    planned = add(events, A, B, dry_run="yes").json
    assert planned == {
        "dry_run": True,
        "workflow": None,
        "changes": [
            {"host": "Main", "id": A, "field": "campaign_event_series", "before": [], "after": [B]},
            {"host": "Main", "id": B, "field": "campaign_event_series", "before": [], "after": [A]},
        ],
    }
    assert series_items(aws) == []
    add(events, A, B)
    answer = remove(events, A, B, dry_run="yes")
    assert answer.status == 200
    assert [(one["id"], one["before"], one["after"]) for one in answer.json["changes"]] == [(A, [B], []), (B, [A], [])]
    assert ids(siblings(events, A)) == [B]
    assert add(events, A, B, dry_run="yes").json["changes"] == []


def test_a_dry_run_is_checked_like_the_write(events: ModuleType) -> None:
    add(events, D, E)
    assert add(events, A, D, dry_run="yes").status == 409
    assert add(events, A, B, dry_run="yes", If_Match='"7"').status == 412


def test_a_stale_version_is_412_and_the_current_one_writes(events: ModuleType) -> None:
    assert add(events, A, B, If_Match='"7"').json["error_code"] == "precondition.stale"
    assert ids(siblings(events, A)) == []
    assert ids(add(events, A, B, If_Match='"1"')) == [B]
    assert remove(events, A, B, If_Match='"1"').status == 412
    # the version is the event's: adding another to its series does not move it
    assert ids(add(events, A, C, If_Match='"2"')) == [C, B]
    assert remove(events, A, B, If_Match='"2"').status == 204


@pytest.mark.parametrize("grows", [False, True], ids=["the event joins", "the event is a member already"])
def test_a_version_that_moves_between_reading_and_writing_is_412(
    events: ModuleType, monkeypatch: pytest.MonkeyPatch, grows: bool
) -> None:
    if grows:
        add(events, A, C)
    version = read(events, A)["version"]
    real, raced = ddb.transact, list[bool]()

    def late(writes: Any) -> list[str]:
        if not raced:
            raced.append(True)
            close(A, "active")  # somebody else's write
        return real(writes)

    monkeypatch.setattr("marquee.series.repository.ddb.transact", late)
    assert add(events, A, B, If_Match=f'"{version}"').status == 412
    assert read(events, B)["campaign_event_series"] == []


def test_an_event_that_is_archived_between_reading_and_writing_does_not_join(
    events: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, raced = ddb.transact, list[bool]()

    def late(writes: Any) -> list[str]:
        if not raced:
            raced.append(True)
            close(B, "archived")
        return real(writes)

    monkeypatch.setattr("marquee.series.repository.ddb.transact", late)
    assert add(events, A, B).json["error_code"] == "series.event_closed"


@pytest.mark.parametrize("key", [{}, {"Idempotency_Key": "one"}], ids=["plain", "with a key"])
@pytest.mark.parametrize("match", [{}, {"If_Match": '"1"'}], ids=["any version", "If-Match"])
def test_a_request_repeated_after_its_answer_was_lost_finds_its_own_effect(
    events: ModuleType, monkeypatch: pytest.MonkeyPatch, key: dict[str, str], match: dict[str, str]
) -> None:
    # Given an addition that was written, and whose answer was lost on the way to the function
    real = ddb.transact

    def lost(writes: Any) -> list[str]:
        real(writes)
        raise ReadTimeoutError(endpoint_url="https://dynamodb.test")

    with monkeypatch.context() as cut:
        cut.setattr("marquee.series.repository.ddb.transact", lost)
        assert add(events, A, B, **key, **match).status == 503
    # When the same request is sent again
    answer = add(events, A, B, **key, **match)
    # Then it answers what the first would have, and nothing was done twice
    assert ids(answer) == [B]
    assert [read(events, eid)["version"] for eid in (A, B)] == [2, 2]
    # and so does a removal
    match, key = dict.fromkeys(match, '"2"'), dict.fromkeys(key, "two")
    with monkeypatch.context() as cut:
        cut.setattr("marquee.series.repository.ddb.transact", lost)
        assert remove(events, A, B, **key, **match).status == 503
    assert remove(events, A, B, **key, **match).status == 204
    assert [read(events, eid)["version"] for eid in (A, B)] == [3, 3]


def test_a_key_replays_its_answer_and_refuses_another_request(events: ModuleType) -> None:
    first = add(events, A, B, Idempotency_Key="one")
    add(events, A, C)
    again = add(events, A, B, Idempotency_Key="one")
    assert (again.raw, again.headers["idempotency-replayed"]) == (first.raw, "true")
    assert add(events, A, D, Idempotency_Key="one").json["error_code"] == "idempotency.key_reused"


def test_writers_that_never_stop_end_in_409(events: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("marquee.series.repository.ddb.transact", lambda writes: ["ConditionalCheckFailed"])
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    assert add(events, A, B).json["error_code"] == "series.contended"
