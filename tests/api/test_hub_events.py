from collections.abc import Callable
from types import ModuleType

import pytest
from pydantic import TypeAdapter

from marquee.hub.envelopes import Envelope, OneEvent
from tests.support import hub
from tests.support.api import call, sample, varied


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
