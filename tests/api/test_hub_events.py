from collections.abc import Callable
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import orjson
import pytest
from pydantic import TypeAdapter

from marquee import clock
from marquee.hub import repository
from marquee.hub.envelopes import Envelope, OneEvent
from tests.support import hub
from tests.support.api import Answer, call, sample, varied


@pytest.fixture
def events(aws: dict[str, str], app: Callable[[str], ModuleType]) -> ModuleType:
    return app("hub_events")


def test_a_created_event_is_answered_stored_and_read(events: ModuleType) -> None:
    # Given nothing
    # When an event is created
    answer = call(events, sample("hub_events", "create"))
    # Then it is answered in the documented form, stored, and read the same
    assert answer.status == 201
    assert answer.json["statusCode"] == 201
    TypeAdapter(Envelope[OneEvent]).validate_python(answer.json)
    document = answer.json["result"]["event"]
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["location"] == f"/events/{document['uuid']}"
    stored = hub.stored(document["uuid"])
    assert (stored["version"], stored["state"], stored["tenant"]) == (1, "ready", "aurora")
    assert document["status"] == "ready"
    read = call(events, varied(sample("hub_events", "read"), path={"event_uuid": document["uuid"]}))
    assert (read.status, read.headers["etag"]) == (200, '"1"')
    assert read.json == {"statusCode": 200, "result": answer.json["result"]}


def created(events: ModuleType, body: object, **headers: str) -> Answer:
    given = {"Idempotency-Key": "", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return call(events, varied(sample("hub_events", "create"), body=body, headers=given))


def test_the_body_of_the_documentation_is_taken_with_its_types(events: ModuleType) -> None:
    # `primary` and `enable_datetime_conversion` are documented as strings, and words in any case.
    body = hub.new_event(enable_datetime_conversion="True", timezone="europe/berlin")
    body["event"]["occurrence"]["type"] = "WEEKLY"
    body["event"]["occurrence"]["attributes"]["occurrence_ends"] = {"type": "AFTER_OCCURRENCES", "value": 4}
    answer = created(events, body)
    event = answer.json["result"]["event"]
    assert (answer.status, event["enable_datetime_conversion"], event["timezone"]) == (201, True, "Europe/Berlin")
    assert event["occurrence"] == {
        "type": "weekly",
        "attributes": {
            "starts_on": {"utc": "2035-01-24 18:30", "local": "2035-01-24 19:30"},
            "event_duration": "2.5",
            "occurrence_ends": {"type": "after", "value": "4"},
            "interval": 1,
        },
        "exclusions": [],
    }


def test_every_wrong_field_is_named(events: ModuleType) -> None:
    body = hub.new_event(name="x" * 76, colour="green", timezone="Mars")
    body["event"]["occurrence"]["attributes"]["event_duration"] = "1.3"
    body["event"]["configuration"]["attributes"][0]["value"]["latitude"] = "north"
    answer = created(events, body)
    assert (answer.status, answer.json["statusCode"]) == (400, 400)
    assert {one["field"] for one in answer.json["validation_errors"]} == {
        "event.name",
        "event.colour",
        "event.timezone",
        "event.occurrence.attributes.event_duration",
        "event.configuration.attributes.0.value.latitude",
    }


def test_what_is_left_out_is_named_too(events: ModuleType) -> None:
    answer = created(events, {"event": {"occurrence": {"attributes": {}}}})
    assert {one["field"] for one in answer.json["validation_errors"]} == {
        "event.name",
        "event.occurrence.type",
        "event.occurrence.attributes.starts_on",
        "event.occurrence.attributes.event_duration",
    }


def test_everything_that_is_refused_is_said_at_once_and_nothing_is_stored(events: ModuleType) -> None:
    body = hub.new_event(
        occurrence=hub.recurring("daily"),
        early_bird_discount={"discount_type": "percentage", "discount": 200},
    )
    del body["event"]["timezone"]
    answer = created(events, body, Idempotency_Key="refused")
    assert answer.status == 422
    assert {one["field"]: one["code"] for one in answer.json["validation_errors"]} == {
        "event.timezone": "timezone.missing",
        "event.occurrence.attributes.occurrence_ends": "occurrence.ends_missing",
        "event.early_bird_discount.discount": "discount.too_much",
    }
    # Refused is refused: the same request is answered the same
    again = created(events, body, Idempotency_Key="refused")
    assert (again.status, again.headers["idempotency-replayed"]) == (422, "true")


def test_the_same_key_and_body_is_one_event_and_another_body_is_refused(events: ModuleType) -> None:
    first = created(events, hub.new_event(), Idempotency_Key="night")
    again = created(events, hub.new_event(), Idempotency_Key="night")
    other = created(events, hub.new_event(name="Other"), Idempotency_Key="night")
    assert again.json == first.json
    assert (other.status, other.json["error_code"]) == (422, "idempotency.key_reused")


def test_without_a_key_each_request_is_an_event(events: ModuleType) -> None:
    assert hub.create(events)["uuid"] != hub.create(events)["uuid"]


def test_amounts_and_free_values_come_back_as_they_were_written(events: ModuleType) -> None:
    body = orjson.dumps(hub.new_event(custom_attributes=[{"name": "height", "value": 0.1}])).decode()
    body = body.replace('"resources":[]', '"resources":[{"price":1e2,"deep":[[1.10]]}]')
    event = created(events, body).json["result"]["event"]
    assert event["custom_attributes"] == [{"name": "height", "value": 0.1}]
    assert event["resources"] == [{"price": 100.0, "deep": [[1.1]]}]


@pytest.mark.parametrize(
    "value",
    ["[" * 2000 + "]" * 2000, "1e999", "-1e999", "123456789012345678901234567890", '"\\ud800"', '{"\\udfff":1}'],
)
def test_json_that_cannot_be_kept_is_malformed(events: ModuleType, value: str) -> None:
    body = orjson.dumps(hub.new_event()).decode().replace('"resources":[]', f'"resources":[{value}]')
    answer = created(events, body)
    assert answer.status == 400, answer.json


def test_a_read_that_knows_the_version_is_spared_the_body(events: ModuleType) -> None:
    uuid = hub.create(events)["uuid"]
    event = varied(sample("hub_events", "read"), path={"event_uuid": uuid}, headers={"If-None-Match": '"1"'})
    answer = call(events, event)
    assert (answer.status, answer.raw) == (304, b"")


def test_an_event_that_is_live_now_is_not_the_one_that_was_read_before(
    events: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    uuid = hub.create(events)["uuid"]
    repository.save(hub.stored(uuid), {"state": "published"})
    event = varied(sample("hub_events", "read"), path={"event_uuid": uuid}, headers={"If-None-Match": '"2"'})
    assert call(events, event).status == 304
    monkeypatch.setattr(clock, "now", lambda: datetime(2035, 1, 24, 19, tzinfo=UTC))
    answer = call(events, event)
    assert (answer.status, answer.headers["etag"], answer.json["result"]["event"]["status"]) == (200, '"2.1"', "live")


def test_an_id_is_read_in_any_case(events: ModuleType) -> None:
    uuid = hub.create(events)["uuid"]
    assert hub.read(events, uuid.upper())["uuid"] == uuid


def test_what_is_read_is_of_one_moment(events: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given an event that is written between the two reads of it and its sessions
    uuid = hub.create(events)["uuid"]
    repository.save(hub.stored(uuid), {"session_count": 1})
    sessions = repository.sessions
    written: list[Any] = []

    def and_then_written(tenant: str, event_uuid: str) -> Any:
        found = sessions(tenant, event_uuid)
        if not written:
            written.append(repository.save(hub.stored(uuid), {"session_count": 0}))
        return found

    monkeypatch.setattr(repository, "sessions", and_then_written)
    # When it is read, then it is as it was written
    assert hub.read(events, uuid)["version"] == 3
