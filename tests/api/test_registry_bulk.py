"""Files of events at the Registry: each entry accepted or refused on its own."""

import json
import random
from collections.abc import Callable
from types import ModuleType
from typing import Any

import orjson
import pytest
from botocore.awsrequest import AWSResponse
from moto.core.botocore_stubber import MockRawResponse

from marquee import clock, ddb
from marquee.errors import Throttled
from tests.support.api import Answer, call, sample, varied

Table = Callable[[str], Callable[[str, str], Any]]


@pytest.fixture
def registry(aws: dict[str, str], app: Callable[[str], ModuleType]) -> ModuleType:
    return app("registry")


@pytest.fixture
def requests(registry: ModuleType) -> list[str]:
    """The names of the calls to DynamoDB from now on."""
    seen: list[str] = []
    events = ddb.aws_client("dynamodb").meta.events
    events.register("before-call.dynamodb", lambda model, **_: seen.append(model.name))
    return seen


def entry(number: int, **fields: object) -> dict[str, Any]:
    return {
        "id": f"evt_bulk-{number:04}",
        "title": f"Night {number}",
        "start_date_time": "2027-03-01T20:00:00Z",
        "city": "Köln",
        "venue_name": "Palladium",
        "capacity": 100 + number,
        "category": "concert",
        "currency": "EUR",
        **fields,
    }


def upload(registry: ModuleType, entries: object, key: str = "", query: dict[str, list[str]] | None = None) -> Answer:
    body = json.dumps({"events": entries}, ensure_ascii=False)
    event = varied(sample("registry", "bulk_upload"), body=body, query=query or {})
    return call(registry, varied(event, headers={"Idempotency-Key": key}))


def refusals(answer: Answer) -> dict[int, str]:
    return {one["index"]: one["error_code"] for one in answer.json["results"] if one["status"] == "refused"}


def test_a_file_in_order_is_201_and_stored(registry: ModuleType, table: Table) -> None:
    answer = call(registry, sample("registry", "bulk_upload"))
    assert answer.status == 201
    assert (answer.json["total"], answer.json["accepted"], answer.json["refused"]) == (3, 3, 0)
    first, _, third = answer.json["results"]
    assert first == {
        "index": 0,
        "status": "accepted",
        "id": "evt_sample-tour-0001",
        "error_code": None,
        "detail": None,
        "validation_errors": [],
    }
    pk = f"T#aurora#E#{third['id']}"
    assert orjson.loads(table("RegistryTable")(pk, "META")["doc"])["event_type"] == "prisma"
    assert table("RegistryTable")(pk, "MAIN")["wanted_version"] == 1


def test_each_entry_is_refused_on_its_own(registry: ModuleType, table: Table) -> None:
    # Given a taken id, and a file with every kind of wrong entry between good ones
    upload(registry, [entry(1)])
    entries = [
        entry(0),
        entry(1, title="Mine"),
        "not an object",
        entry(3, capacity=0, currency="EUX", extra=1),
        entry(4),
        entry(4, title="Again"),
        {},
        entry(7, id="evt_x/../y"),
    ]
    # When it is uploaded
    answer = upload(registry, entries)
    # Then the good ones are stored, and the others are refused by name
    assert answer.status == 207
    assert (answer.json["total"], answer.json["accepted"], answer.json["refused"]) == (8, 2, 6)
    assert [one["index"] for one in answer.json["results"]] == list(range(8))
    assert refusals(answer) == {
        1: "event.id_taken",
        2: "body.invalid",
        3: "body.invalid",
        5: "event.id_repeated",
        6: "body.invalid",
        7: "body.invalid",
    }
    results = answer.json["results"]
    assert {one["field"] for one in results[3]["validation_errors"]} == {
        "events.3.capacity",
        "events.3.currency",
        "events.3.extra",
    }
    assert (results[3]["id"], results[7]["id"]) == ("evt_bulk-0003", None)
    assert [one["field"] for one in results[2]["validation_errors"]] == ["events.2"]
    titles = {
        eid: orjson.loads(table("RegistryTable")(f"T#aurora#E#{eid}", "META")["doc"])["title"]
        for eid in ("evt_bulk-0000", "evt_bulk-0001", "evt_bulk-0004")
    }
    assert titles == {"evt_bulk-0000": "Night 0", "evt_bulk-0001": "Night 1", "evt_bulk-0004": "Night 4"}
    assert table("RegistryTable")("T#aurora#E#evt_bulk-0003", "META") is None


def test_an_entry_wrong_in_itself_leaves_its_id_to_a_later_one(registry: ModuleType) -> None:
    answer = upload(registry, [entry(1, capacity=0), entry(1)])
    assert refusals(answer) == {0: "body.invalid"}


def test_a_file_of_which_all_is_refused_is_207(registry: ModuleType) -> None:
    answer = upload(registry, [{}])
    assert (answer.status, answer.json["accepted"]) == (207, 0)


def test_more_than_500_are_422(registry: ModuleType, requests: list[str]) -> None:
    answer = upload(registry, [entry(number) for number in range(501)])
    assert (answer.status, answer.json["error_code"]) == (422, "bulk.too_many")
    assert "501" in answer.json["detail"]
    assert requests == []


@pytest.mark.parametrize("body", [{"events": []}, {"events": {}}, {}, {"events": [], "more": 1}])
def test_a_body_that_is_no_file_is_400(registry: ModuleType, body: object) -> None:
    assert call(registry, varied(sample("registry", "bulk_upload"), body=body)).status == 400


def test_500_take_twelve_requests(registry: ModuleType, requests: list[str]) -> None:
    # Given a store that takes every transaction at once (moto copies its tables for each)
    sent: list[int] = []

    def take(request: Any, **_: Any) -> AWSResponse:
        sent.append(len(orjson.loads(request.body)["TransactItems"]))
        return AWSResponse(request.url, 200, {}, MockRawResponse(b"{}"))

    ddb.aws_client("dynamodb").meta.events.register_first("before-send.dynamodb.TransactWriteItems", take)
    # When 500 are uploaded under a key
    answer = upload(registry, [entry(number) for number in range(500)], "five-hundred")
    # Then they are a hundred writes each time, and two requests are the key's
    assert (answer.status, answer.json["accepted"]) == (201, 500)
    assert sorted(requests) == ["PutItem", *["TransactWriteItems"] * 10, "UpdateItem"]
    assert sent == [100] * 10


def test_taken_ids_cost_two_requests_more_a_chunk(registry: ModuleType, requests: list[str]) -> None:
    # Given two taken ids, one in each half of a file of a hundred
    upload(registry, [entry(7), entry(93)])
    requests.clear()
    answer = upload(registry, [entry(number) for number in range(100)])
    # Then each chunk is refused, asked about and sent again
    assert refusals(answer) == {7: "event.id_taken", 93: "event.id_taken"}
    assert sorted(requests) == [*["BatchGetItem"] * 2, *["TransactWriteItems"] * 4]


def test_the_worst_file_is_answered_and_replayed(registry: ModuleType) -> None:
    # Given 500 entries that lack everything and have twenty fields with names of random characters
    dice = random.Random(1)
    entries = [
        {"".join(chr(dice.randrange(0x10000, 0x110000)) for _ in range(100)): None for _ in range(20)}
        for _ in range(500)
    ]
    first = upload(registry, entries, "worst")
    assert (first.status, first.json["refused"]) == (207, 500)
    assert {len(one["validation_errors"]) for one in first.json["results"]} == {7 + 2}
    again = upload(registry, entries, "worst")
    assert (again.headers["idempotency-replayed"], again.json) == ("true", first.json)


def test_repeated_after_a_crash_in_the_middle_the_same_ids_are_accepted(
    registry: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a file of 120 without ids, with one equal pair, of which the second fifty are stored when the process dies
    monkeypatch.setattr("marquee.idempotency.LOCK_SECONDS", -1)
    entries: list[dict[str, Any]] = [entry(number) for number in range(120)]
    for one in entries[10:]:
        del one["id"]
    entries[11] = entries[10]
    repository = registry.bulk_service.repository
    create = repository.create
    stored: list[str] = []

    def dying(tenant: str, items: list[dict[str, Any]]) -> list[str]:
        if len(stored) == 100:
            raise KeyboardInterrupt
        stored.extend(item["eid"] for item in items)
        taken: list[str] = create(tenant, items)
        return taken

    with monkeypatch.context() as patched:
        patched.setattr(repository, "create", dying)
        with pytest.raises(KeyboardInterrupt):
            upload(registry, entries, "tour")
    # When it is repeated under its key
    answer = upload(registry, entries, "tour")
    # Then all are accepted, those of before under the ids they had, the equal pair as two events
    assert (answer.status, answer.json["accepted"]) == (201, 120)
    ids = [one["id"] for one in answer.json["results"]]
    assert ids[:100] == stored
    assert len(set(ids)) == 120


def test_a_key_does_not_make_somebody_elses_event_ones_own(registry: ModuleType) -> None:
    upload(registry, [entry(1)], "first")
    assert refusals(upload(registry, [entry(1)], "second")) == {0: "event.id_taken"}


@pytest.mark.parametrize("key", ["", "tour"])
def test_a_store_too_busy_in_the_middle(registry: ModuleType, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    # Given a store that takes fifty and then is busy
    repository = registry.bulk_service.repository
    create = repository.create
    calls: list[int] = []

    def busy(tenant: str, items: list[dict[str, Any]]) -> list[str]:
        calls.append(len(items))
        if len(calls) > 1:
            raise Throttled("store.throttled", "Busy.", retry_after=1)
        taken: list[str] = create(tenant, items)
        return taken

    monkeypatch.setattr(repository, "create", busy)
    answer = upload(registry, [entry(number) for number in range(80)], key)
    # Then without a key it says which are stored, and under one the file may just be sent again
    if key:
        assert (answer.status, answer.headers["retry-after"]) == (429, "1")
        monkeypatch.setattr(repository, "create", create)
        assert upload(registry, [entry(number) for number in range(80)], key).json["accepted"] == 80
    else:
        assert (answer.status, answer.json["accepted"]) == (207, 50)
        assert set(refusals(answer).values()) == {"store.throttled"}


def test_a_dry_run_says_what_would_be_accepted_and_stores_nothing(
    registry: ModuleType, table: Table, requests: list[str]
) -> None:
    upload(registry, [entry(1)])
    requests.clear()
    nameless = entry(3)
    del nameless["id"]
    answer = upload(registry, [entry(1), entry(2), nameless, {}], query={"dry_run": ["true"]})
    assert answer.status == 200
    assert (answer.json["dry_run"], answer.json["workflow"]) == (True, "event_intake")
    assert (answer.json["total"], answer.json["accepted"], answer.json["refused"]) == (4, 2, 2)
    assert refusals(answer) == {0: "event.id_taken", 3: "body.invalid"}
    assert [(one["id"], one["after"]["title"]) for one in answer.json["changes"]] == [
        ("evt_bulk-0002", "Night 2"),
        ("(new)", "Night 3"),
    ]
    assert requests == ["BatchGetItem"]
    assert table("RegistryTable")("T#aurora#E#evt_bulk-0002", "META") is None


def test_a_dry_run_of_a_registration_checks_the_id(registry: ModuleType, table: Table) -> None:
    event = varied(sample("registry", "register"), query={"dry_run": ["true"]})
    planned = call(registry, event)
    assert (planned.status, planned.json["workflow"]) == (200, "event_intake")
    ((change),) = planned.json["changes"]
    assert (change["id"], change["after"]["title"]) == ("evt_sample-night-0001", "Aurora Night")
    assert table("RegistryTable")("T#aurora#E#evt_sample-night-0001", "META") is None
    # And under the key of the request that registered it, there is nothing left to do
    assert call(registry, sample("registry", "register")).status == 201
    assert call(registry, event).json["changes"] == []
    taken = call(registry, varied(event, headers={"Idempotency-Key": ""}))
    assert (taken.status, taken.json["error_code"]) == (409, "event.id_taken")


def test_a_registration_repeated_after_an_edit_finds_its_event(
    registry: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("marquee.idempotency.LOCK_SECONDS", -1)
    with monkeypatch.context() as dying:
        dying.setattr("marquee.idempotency._complete", lambda *a: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            call(registry, sample("registry", "register"))
    call(registry, varied(sample("registry", "edit"), headers={"If-Match": ""}))
    answer = call(registry, sample("registry", "register"))
    assert (answer.status, answer.json["version"], answer.headers["etag"]) == (201, 2, '"2.0"')


def test_text_is_stored_composed_and_products_are_prisma(registry: ModuleType) -> None:
    body = {**orjson.loads(sample("registry", "register")["body"]), "city": "Mu\u0308nchen", "category": "Product"}
    answer = call(registry, varied(sample("registry", "register"), body=body))
    assert (answer.json["city"], answer.json["event_type"], answer.json["category"]) == ("München", "prisma", "Product")


def test_what_main_has_not_taken_is_found_by_its_age(registry: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given events registered minute by minute, the first edited last, and one of another tenant
    service = registry.service
    for minute, (number, tenant) in enumerate([(1, "aurora"), (2, "borealis"), (3, "aurora")]):
        moment = clock.now().replace(year=2027, month=1, day=1, hour=12, minute=minute, second=0)
        monkeypatch.setattr(clock, "now", lambda moment=moment: moment)
        event = varied(sample("registry", "register"), body=entry(number), tenants=[tenant])
        assert call(registry, varied(event, headers={"Idempotency-Key": ""})).status == 201
    event = varied(sample("registry", "edit"), path={"eid": "evt_bulk-0001"}, headers={"If-Match": ""})
    assert call(registry, event).status == 200
    # Then they are given oldest first, across tenants, to the limit; an edit does not make its event younger
    assert service.pending("2027-01-01T13:00:00Z", 10) == [
        ("aurora", "evt_bulk-0001"),
        ("borealis", "evt_bulk-0002"),
        ("aurora", "evt_bulk-0003"),
    ]
    assert service.pending("2027-01-01T13:00:00Z", 2) == [("aurora", "evt_bulk-0001"), ("borealis", "evt_bulk-0002")]
    assert service.pending("2027-01-01T12:01:00Z", 10) == [("aurora", "evt_bulk-0001")]


def test_views_of_many_events_are_read_a_hundred_keys_at_a_time(registry: ModuleType, requests: list[str]) -> None:
    # Given 120 events, one of which the frontend was told of
    upload(registry, [entry(number) for number in range(120)])
    told = {"Marquee-Frontend-Status": "HIDDEN", "Marquee-Frontend-Sequence": "3"}
    event = varied(sample("registry", "report_frontend"), path={"eid": "evt_bulk-0007"}, headers=told)
    assert call(registry, event).status == 204
    requests.clear()
    # When they and two that are not there are asked for
    eids = [f"evt_bulk-{number:04}" for number in range(122)]
    views = registry.service.frontend_views("aurora", eids)
    # Then each that is there is given, in three requests, and to no other tenant
    assert set(views) == set(eids[:120])
    untold = {"frontend_status": "DEFAULT", "sequence": 0, "told_at": None}
    assert views["evt_bulk-0000"] == {"version": 1, "updated_at": views["evt_bulk-0000"]["updated_at"], **untold}
    assert str(views["evt_bulk-0000"]["updated_at"]).endswith("Z")
    assert (views["evt_bulk-0007"]["frontend_status"], views["evt_bulk-0007"]["sequence"]) == ("HIDDEN", 3)
    assert str(views["evt_bulk-0007"]["told_at"]).endswith("Z")
    assert requests == ["BatchGetItem"] * 3
    assert registry.service.frontend_views("borealis", eids) == {}
