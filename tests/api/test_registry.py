from collections.abc import Callable
from types import ModuleType
from typing import Any

import orjson
import pytest

from tests.support.api import call, sample, varied

Table = Callable[[str], Callable[[str, str], Any]]
EID = "evt_sample-night-0001"
PK = f"T#aurora#E#{EID}"


@pytest.fixture
def registry(aws: dict[str, str], app: Callable[[str], ModuleType]) -> ModuleType:
    return app("registry")


def test_a_registered_event_is_answered_and_stored(registry: ModuleType, table: Table) -> None:
    # Given nothing is registered
    # When an event is registered under the caller's own id
    answer = call(registry, sample("registry", "register"))
    # Then it is created, described, versioned and stored
    assert answer.status == 201
    assert answer.json["id"] == EID
    assert answer.json["start_date_time"] == "2026-12-31T18:30:00Z"
    assert answer.json["campaign_stop_time"] == "2026-12-31T18:30:00Z"
    assert answer.headers["location"] == f"/events/{EID}"
    assert answer.headers["etag"] == '"1.0"'
    stored = table("RegistryTable")(PK, "META")
    assert stored["version"] == 1
    assert orjson.loads(stored["doc"])["title"] == "Aurora Night"


def test_an_event_gets_an_id_of_twenty_characters_when_it_brings_none(registry: ModuleType) -> None:
    event = sample("registry", "register")
    body = orjson.loads(event["body"])
    del body["id"]
    answer = call(registry, varied(event, body=body))
    assert answer.status == 201
    assert len(answer.json["id"]) == len("evt_") + 20


def test_the_same_key_and_body_is_answered_once_and_replayed(registry: ModuleType) -> None:
    first = call(registry, sample("registry", "register"))
    again = call(registry, sample("registry", "register"))
    assert (again.status, again.json) == (first.status, first.json)
    assert again.headers["idempotency-replayed"] == "true"


def test_the_same_key_with_another_body_is_422(registry: ModuleType) -> None:
    call(registry, sample("registry", "register"))
    event = sample("registry", "register")
    body = orjson.loads(event["body"]) | {"capacity": 1}
    answer = call(registry, varied(event, body=body))
    assert answer.status == 422
    assert answer.json["error_code"] == "idempotency.key_reused"


def test_a_key_in_flight_is_409(registry: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a request whose work is going on when it is repeated
    seen: list[int] = []
    service = registry.service
    register = service.register

    def while_another_comes(*args: Any) -> Any:
        if not seen:
            seen.append(0)
            seen[0] = call(registry, sample("registry", "register")).status
        return register(*args)

    monkeypatch.setattr(service, "register", while_another_comes)
    # When the first is made
    assert call(registry, sample("registry", "register")).status == 201
    # Then the one in between was told to wait
    assert seen == [409]


def test_a_taken_id_is_409(registry: ModuleType) -> None:
    call(registry, sample("registry", "register"))
    answer = call(registry, varied(sample("registry", "register"), headers={"Idempotency-Key": ""}))
    assert answer.status == 409
    assert answer.json["error_code"] == "event.id_taken"


def test_wrong_fields_are_named(registry: ModuleType) -> None:
    answer = call(
        registry,
        varied(
            sample("registry", "register"),
            body={"title": "", "start_date_time": "2026-12-31T19:30:00", "currency": "EURO", "capacity": 0, "x": 1},
        ),
    )
    assert answer.status == 400
    assert answer.json["error_code"] == "body.invalid"
    assert {one["field"] for one in answer.json["validation_errors"]} == {
        "title",
        "start_date_time",
        "city",
        "venue_name",
        "capacity",
        "category",
        "currency",
        "x",
    }


@pytest.mark.parametrize("body", ["", "{", "[]", "null"])
def test_a_body_that_is_no_event_is_400(registry: ModuleType, body: str) -> None:
    assert call(registry, varied(sample("registry", "register"), body=body)).status == 400


def test_another_media_type_is_415(registry: ModuleType) -> None:
    answer = call(registry, varied(sample("registry", "register"), headers={"Content-Type": "text/csv"}))
    assert answer.status == 415


def test_an_unknown_parameter_is_named(registry: ModuleType) -> None:
    answer = call(registry, varied(sample("registry", "register"), query={"event_typ": ["prisma"]}))
    assert answer.status == 400
    assert answer.json["validation_errors"][0]["field"] == "event_typ"


def test_a_registered_event_is_read_back(registry: ModuleType) -> None:
    call(registry, sample("registry", "register"))
    answer = call(registry, sample("registry", "read"))
    assert answer.status == 200
    assert answer.json["frontend_status"] == "DEFAULT"
    assert answer.json["last_updated_on_fe"] is None
    assert answer.headers["etag"] == '"1.0"'


def test_an_unchanged_event_is_304(registry: ModuleType) -> None:
    call(registry, sample("registry", "register"))
    answer = call(registry, varied(sample("registry", "read"), headers={"If-None-Match": '"1.0"'}))
    assert (answer.status, answer.raw) == (304, b"")


def test_the_frontends_report_is_kept(registry: ModuleType, table: Table) -> None:
    call(registry, sample("registry", "register"))
    answer = call(registry, sample("registry", "report_frontend"))
    assert (answer.status, answer.raw) == (204, b"")
    assert table("RegistryTable")(PK, "FE")["fe_status"] == "RUNNING"
    assert call(registry, sample("registry", "read")).json["last_updated_on_fe"].endswith("Z")


@pytest.mark.parametrize("name", ["read", "report_frontend"])
def test_somebody_elses_event_is_404_like_none_at_all(registry: ModuleType, name: str) -> None:
    # Given an event of one tenant
    call(registry, sample("registry", "register"))
    # When another tenant asks for it, and for one that does not exist
    other = call(registry, varied(sample("registry", name), tenants=["borealis"]))
    nothing = call(registry, varied(sample("registry", name), path={"eid": "evt_nothing"}))
    # Then the answers say the same
    assert other.status == nothing.status == 404
    assert other.json["error_code"] == nothing.json["error_code"] == "event.not_found"


def test_two_callers_with_the_same_key_register_two_events(registry: ModuleType) -> None:
    # Given two callers of one tenant whose clients count their keys alike
    answers = []
    for sub, title in (("box-office", "First"), ("marketing", "Second")):
        event = sample("registry", "register")
        body = {**orjson.loads(event["body"]), "title": title}
        del body["id"]
        event["requestContext"]["authorizer"]["sub"] = sub
        answers.append(call(registry, varied(event, body=body)))
    # Then each has its own event
    assert [answer.status for answer in answers] == [201, 201]
    assert answers[0].json["id"] != answers[1].json["id"]
