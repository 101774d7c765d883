"""Edits of the Registry's record, and what the frontend reports of it."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import orjson
import pytest

from tests.support.api import Answer, call, sample, varied

Table = Callable[[str], Callable[[str, str], Any]]
PK = "T#aurora#E#evt_sample-night-0001"


@pytest.fixture
def registry(aws: dict[str, str], app: Callable[[str], ModuleType]) -> ModuleType:
    """The function, with the sample event registered: version 1, 2026-12-31T18:30:00Z, Main Hall."""
    module = app("registry")
    assert call(module, sample("registry", "register")).status == 201
    return module


@pytest.fixture
def stored(table: Table) -> Callable[[str], Any]:
    return lambda sk: table("RegistryTable")(PK, sk)


def edit(
    registry: ModuleType, body: object, headers: dict[str, str] | None = None, query: dict[str, list[str]] | None = None
) -> Answer:
    given = {"If-Match": "", "Idempotency-Key": "", **(headers or {})}
    return call(registry, varied(sample("registry", "edit"), body=body, headers=given, query=query or {}))


def report(
    registry: ModuleType,
    headers: dict[str, str] | None = None,
    status: str = "RUNNING",
    query: dict[str, list[str]] | None = None,
) -> Answer:
    event = varied(sample("registry", "report_frontend"), body={"status": status}, headers=headers, query=query or {})
    return call(registry, event)


def read(registry: ModuleType, headers: dict[str, str] | None = None) -> Answer:
    return call(registry, varied(sample("registry", "read"), headers=headers))


def told(status: str, sequence: str) -> dict[str, str]:
    return {"Marquee-Frontend-Status": status, "Marquee-Frontend-Sequence": sequence}


def test_an_edit_is_answered_stored_and_marked_for_main(registry: ModuleType, stored: Callable[[str], Any]) -> None:
    # Given a new event, marked as not yet taken by Main
    assert stored("MAIN")["wanted_version"] == 1
    # When its title and start change and its hall is cleared
    answer = call(registry, sample("registry", "edit"))
    # Then the answer, the record and the mark for Main say so, and the campaign's end follows the start
    assert answer.status == 200
    assert answer.headers["etag"] == '"2.0"'
    assert answer.json["title"] == "Aurora Night (new date)"
    assert answer.json["start_date_time"] == answer.json["campaign_stop_time"] == "2027-01-07T18:30:00Z"
    assert answer.json["hall_name"] is None
    assert (answer.json["version"], answer.json["city"]) == (2, "München")
    assert orjson.loads(stored("META")["doc"])["title"] == "Aurora Night (new date)"
    assert (stored("MAIN")["wanted_version"], stored("MAIN")["pending_pk"]) == (2, "PENDING")


def test_a_field_that_may_be_missing_is_cleared_by_null(registry: ModuleType) -> None:
    edit(registry, {"special_ad_category": "HOUSING", "campaign_stop_time": "2026-12-30T00:00:00Z"})
    answer = edit(registry, {"special_ad_category": None, "campaign_stop_time": None, "hall_name": None})
    assert answer.status == 200
    assert (answer.json["special_ad_category"], answer.json["hall_name"]) == (None, None)
    assert answer.json["campaign_stop_time"] == "2026-12-31T18:30:00Z"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": None}, "title"),
        ({"capacity": None}, "capacity"),
        ({"capacity": 0}, "capacity"),
        ({"id": "evt_another"}, "id"),
        ({"version": 7}, "version"),
        ({"partner_product": "x"}, "partner_product"),
        ({"start_date_time": "2027-01-07T19:30:00"}, "start_date_time"),
        ({"currency": "EUX"}, "currency"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_changes(
    registry: ModuleType, stored: Callable[[str], Any], body: dict[str, Any], field: str
) -> None:
    answer = edit(registry, body)
    assert answer.status == 400
    assert [one["field"] for one in answer.json["validation_errors"]] == [field]
    assert stored("META")["version"] == 1


@pytest.mark.parametrize("body", [{}, {"title": "Aurora Night"}, {"city": " Mu\u0308nchen "}])
def test_an_edit_that_changes_nothing_writes_nothing(
    registry: ModuleType, stored: Callable[[str], Any], body: dict[str, Any]
) -> None:
    answer = edit(registry, body)
    assert (answer.status, answer.json["version"]) == (200, 1)
    assert stored("META")["version"] == stored("MAIN")["wanted_version"] == 1


def test_the_category_product_means_prisma(registry: ModuleType, stored: Callable[[str], Any]) -> None:
    # Given an fdlive event, when it becomes a product, then it is a prisma event and stays one
    answer = edit(registry, {"category": "PRODUCT"}, query={"event_type": ["prisma"]})
    assert (answer.status, answer.json["event_type"]) == (200, "prisma")
    assert edit(registry, {"category": "concert"}).json["event_type"] == "prisma"
    assert orjson.loads(stored("META")["doc"])["event_type"] == "prisma"


@pytest.mark.parametrize(
    ("body", "query", "code"),
    [
        ({"title": "x"}, {"event_type": ["prisma"]}, "event.event_type"),
        ({"category": "product"}, {"event_type": ["fdlive"]}, "event.event_type"),
        ({"title": "x"}, {"partner_product": ["somebody"]}, "event.partner_product"),
    ],
)
def test_an_edit_addressed_to_another_product_is_422(
    registry: ModuleType, stored: Callable[[str], Any], body: object, query: dict[str, list[str]], code: str
) -> None:
    answer = edit(registry, body, query=query)
    assert (answer.status, answer.json["error_code"]) == (422, code)
    assert stored("META")["version"] == 1


def test_the_events_own_partner_product_is_let_through(registry: ModuleType) -> None:
    body = {**orjson.loads(sample("registry", "register")["body"]), "id": "evt_partnered", "partner_product": "Café"}
    call(registry, varied(sample("registry", "register"), body=body, headers={"Idempotency-Key": ""}))
    event = varied(sample("registry", "edit"), path={"eid": "evt_partnered"}, body={"title": "x"})
    answer = call(registry, varied(event, query={"partner_product": ["Cafe\u0301"]}, headers={"If-Match": '"1"'}))
    assert (answer.status, answer.json["title"]) == (200, "x")


@pytest.mark.parametrize("tag", ['"2"', 'W/"1"', '"x"', '"0"'])
def test_a_stale_edit_is_412_and_changes_nothing(registry: ModuleType, stored: Callable[[str], Any], tag: str) -> None:
    answer = edit(registry, {"title": "Late"}, {"If-Match": tag})
    assert (answer.status, answer.json["error_code"]) == (412, "precondition.stale")
    assert stored("META")["version"] == 1


def test_an_edit_that_is_overtaken_between_check_and_write_is_412(
    registry: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given another edit that lands after this one was checked
    overtake(monkeypatch, registry)
    # When it is written on condition of version 1
    answer = edit(registry, {"title": "Mine"}, {"If-Match": '"1"'})
    # Then it is refused, and the other's stands
    assert answer.status == 412
    assert (read(registry).json["title"], read(registry).json["city"]) == ("Aurora Night", "Bonn")


def test_overtaken_edits_of_different_fields_both_survive(
    registry: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    overtake(monkeypatch, registry)
    answer = edit(registry, {"title": "Mine"})
    assert (answer.status, answer.json["version"]) == (200, 3)
    assert (answer.json["title"], answer.json["city"]) == ("Mine", "Bonn")


def overtake(monkeypatch: pytest.MonkeyPatch, registry: ModuleType) -> None:
    """Let somebody else's edit land just before the next one is written."""
    repository = registry.service.repository
    update = repository.update

    def late(*args: Any) -> Any:
        monkeypatch.setattr(repository, "update", update)
        assert edit(registry, {"city": "Bonn"}).status == 200
        return update(*args)

    monkeypatch.setattr(repository, "update", late)


def test_an_edit_repeated_after_a_lost_answer_finds_its_mark(
    registry: ModuleType, stored: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given an edit that landed, whose process died before it answered; and one by somebody else since
    monkeypatch.setattr("marquee.idempotency.LOCK_SECONDS", -1)
    with monkeypatch.context() as dying:
        dying.setattr("marquee.idempotency._complete", lambda *a: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            call(registry, sample("registry", "edit"))
    assert edit(registry, {"title": "Somebody's"}).json["version"] == 3
    # When the client repeats it, with its tag of version 1
    answer = call(registry, sample("registry", "edit"))
    # Then it is answered, and not made again
    assert (answer.status, answer.json["version"], answer.json["title"]) == (200, 3, "Somebody's")
    assert stored("META")["version"] == 3


def test_a_dry_run_of_an_edit_names_exactly_what_would_change(
    registry: ModuleType, stored: Callable[[str], Any]
) -> None:
    body = {"start_date_time": "2027-01-07T19:30:00+01:00", "city": "München", "category": "product"}
    answer = edit(registry, body, query={"dry_run": ["true"]})
    assert answer.status == 200
    assert (answer.json["dry_run"], answer.json["workflow"]) == (True, "event_intake")
    assert {(one["host"], one["field"], one["before"], one["after"]) for one in answer.json["changes"]} == {
        ("Registry", "start_date_time", "2026-12-31T18:30:00Z", "2027-01-07T18:30:00Z"),
        ("Registry", "campaign_stop_time", "2026-12-31T18:30:00Z", "2027-01-07T18:30:00Z"),
        ("Registry", "category", "concert", "product"),
        ("Registry", "event_type", "fdlive", "prisma"),
    }
    assert stored("META")["version"] == 1
    assert edit(registry, {"title": "x"}, {"If-Match": '"9"'}, {"dry_run": ["true"]}).status == 412
    assert edit(registry, {}, query={"dry_run": ["true"]}).json["workflow"] is None


def test_a_report_changes_the_tag(registry: ModuleType) -> None:
    # Given a read event
    tag = read(registry).headers["etag"]
    assert read(registry, {"If-None-Match": tag}).status == 304
    # When the frontend reports it
    report(registry)
    # Then the tag is another, and its first part still allows an edit
    again = read(registry, {"If-None-Match": tag})
    assert (again.status, again.headers["etag"]) == (200, '"1.1"')
    assert edit(registry, {"title": "x"}, {"If-Match": tag}).status == 200


def test_anothers_main_tells_its_state_in_headers(registry: ModuleType) -> None:
    assert read(registry).json["frontend_sequence"] == 0
    assert report(registry, told("FLAGGED", "4")).status == 204
    document = read(registry).json
    assert (document["frontend_status"], document["frontend_sequence"], document["fe_status"]) == (
        "FLAGGED",
        4,
        "RUNNING",
    )


@pytest.mark.parametrize(("status", "sequence"), [("HIDDEN", "4"), ("HIDDEN", "3"), ("DEFAULT", "0")])
def test_a_state_that_is_not_newer_is_left_alone(registry: ModuleType, status: str, sequence: str) -> None:
    report(registry, told("FLAGGED", "4"))
    before = read(registry).json
    assert report(registry, told(status, sequence), "CANCELLED").status == 204
    assert read(registry).json == before


@pytest.mark.parametrize(
    "headers",
    [
        {"Marquee-Frontend-Status": "FLAGGED"},
        {"Marquee-Frontend-Sequence": "1"},
        told("flagged", "1"),
        told("FLAGGED", "-1"),
        told("FLAGGED", "1.5"),
        told("FLAGGED", "٣"),
        told("FLAGGED", "9" * 40),
    ],
)
def test_a_state_that_cannot_be_read_is_400(
    registry: ModuleType, stored: Callable[[str], Any], headers: dict[str, str]
) -> None:
    answer = report(registry, headers)
    assert (answer.status, answer.json["error_code"]) == (400, "frontend.state_malformed")
    assert stored("FE") is None


def test_a_report_on_condition_of_a_version(registry: ModuleType, stored: Callable[[str], Any]) -> None:
    assert report(registry, {"If-Match": '"7"'}).status == 412
    assert stored("FE") is None
    assert report(registry, {"If-Match": '"1.0", "7"'}).status == 204
    assert report(registry, {"If-Match": '"7"'}, query={"dry_run": ["true"]}).status == 412


def test_a_report_repeated_after_the_record_was_edited_is_done(
    registry: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a report that landed unanswered, and an edit since
    monkeypatch.setattr("marquee.idempotency.LOCK_SECONDS", -1)
    headers = {"If-Match": '"1"', "Idempotency-Key": "report-1"}
    with monkeypatch.context() as dying:
        dying.setattr("marquee.idempotency._complete", lambda *a: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            report(registry, headers)
    edit(registry, {"title": "x"})
    # When it is repeated, then it is done, and one that never landed is stale
    assert report(registry, headers).status == 204
    assert report(registry, {**headers, "Idempotency-Key": "report-2"}).status == 412


def test_a_dry_run_of_a_report_writes_nothing(registry: ModuleType, stored: Callable[[str], Any]) -> None:
    answer = report(registry, told("HIDDEN", "2"), query={"dry_run": ["true"]})
    assert answer.status == 200
    planned = {one["field"]: (one["before"], one["after"]) for one in answer.json["changes"]}
    assert planned.pop("last_updated_on_fe")[0] is None
    assert planned == {
        "fe_status": (None, "RUNNING"),
        "frontend_status": (None, "HIDDEN"),
        "frontend_sequence": (None, 2),
    }
    assert stored("FE") is None
    report(registry, told("HIDDEN", "2"))
    assert report(registry, told("FLAGGED", "1"), query={"dry_run": ["true"]}).json["changes"] == []


@pytest.mark.parametrize("query", [{}, {"dry_run": ["true"]}])
def test_somebody_elses_event_is_404_like_none_at_all(registry: ModuleType, query: dict[str, list[str]]) -> None:
    other = call(registry, varied(sample("registry", "edit"), tenants=["borealis"], query=query))
    nothing = call(registry, varied(sample("registry", "edit"), path={"eid": "evt_nothing"}, query=query))
    assert other.status == nothing.status == 404
    assert other.json["error_code"] == nothing.json["error_code"] == "event.not_found"


def test_an_end_and_tags_are_kept_moved_with_the_start_and_cleared(
    registry: ModuleType, stored: Callable[[str], Any]
) -> None:
    # Given an event that ends two hours after its start, with tags
    tagged = edit(registry, {"end_date_time": "2026-12-31T21:30:00+01:00", "tags": ["rock", " outdoor "]})
    assert (tagged.json["end_date_time"], tagged.json["tags"]) == ("2026-12-31T20:30:00Z", ["rock", "outdoor"])
    # When its start moves, its end moves with it
    moved = edit(registry, {"start_date_time": "2027-01-07T18:30:00Z"})
    assert moved.json["end_date_time"] == "2027-01-07T20:30:00Z"
    assert orjson.loads(stored("META")["doc"])["tags"] == ["rock", "outdoor"]
    # And both can be taken away
    bare = edit(registry, {"end_date_time": None, "tags": []})
    assert (bare.json["end_date_time"], bare.json["tags"]) == (None, [])
    assert not {"end_date_time", "tags"} & set(orjson.loads(stored("META")["doc"]))


def test_an_event_cannot_end_before_it_starts(registry: ModuleType, stored: Callable[[str], Any]) -> None:
    # Given / When
    answer = edit(registry, {"end_date_time": "2026-12-31T18:30:00Z"})
    body = sample("registry", "register") | {"path": "/events"}
    new = varied(body, body={**orjson.loads(body["body"]), "id": None, "end_date_time": "2026-12-31T18:00:00Z"})
    registered = call(registry, new)
    # Then both name the field, and nothing changed
    assert (answer.status, answer.json["validation_errors"][0]["field"]) == (422, "end_date_time")
    assert (registered.status, registered.json["validation_errors"][0]["field"]) == (400, "end_date_time")
    assert stored("META")["version"] == 1
