"""Changing and deleting events of the Hub."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from tests.support import hub
from tests.support.api import Answer, call, sample, varied


@pytest.fixture
def events(aws: dict[str, str], app: Callable[[str], ModuleType]) -> ModuleType:
    return app("hub_events")


def changed(events: ModuleType, uuid: str, headers: dict[str, str] | None = None, **changes: Any) -> Answer:
    path = {"org_uuid": "aurora", "event_uuid": uuid}
    headers = {"Idempotency-Key": "", **(headers or {})}
    return call(events, varied(sample("hub_events", "update"), path=path, body={"event": changes}, headers=headers))


def deleted(events: ModuleType, uuid: str, **headers: str) -> Answer:
    path = {"org_uuid": "aurora", "event_uuid": uuid}
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return call(events, varied(sample("hub_events", "delete"), path=path, headers=given))


def codes(answer: Answer) -> dict[str, str]:
    """What is wrong, by field."""
    return {one["field"]: one["code"] for one in answer.json["validation_errors"]}


def test_what_is_given_changes_and_the_rest_stays(events: ModuleType) -> None:
    before = hub.create(events)
    answer = call(
        events,
        varied(sample("hub_events", "update"), path={"org_uuid": "aurora", "event_uuid": before["uuid"]}),
    )
    assert (answer.status, answer.json["statusCode"], answer.headers["etag"]) == (200, 200, '"2"')
    after = answer.json["result"]["event"]
    assert (after["name"], after["settings"]["event_capacity"], after["version"]) == ("Aurora Nights", 12000, 2)
    different = {name for name in before if before[name] != after[name]}
    assert different <= {"name", "display_name", "slug", "settings", "version", "updated_on"}
    kept = {name for name in before["settings"] if before["settings"][name] != after["settings"][name]}
    assert kept == {"event_capacity"}
    assert hub.stored(before["uuid"])["version"] == 2


def test_settings_are_merged_deeply(events: ModuleType) -> None:
    uuid = hub.create(events)["uuid"]
    first = hub.update(events, uuid, settings={"custom_thumbnails": {"thumbs": {"portrait": "images/a.png"}}})
    second = hub.update(events, uuid, settings={"custom_thumbnails": {"thumbs": {"landscape": "images/b.png"}}})
    assert first["settings"]["custom_thumbnails"]["thumbs"] == {"portrait": "images/a.png", "landscape": None}
    assert second["settings"]["custom_thumbnails"]["thumbs"] == {
        "portrait": "images/a.png",
        "landscape": "images/b.png",
    }


def test_a_change_that_changes_nothing_writes_nothing(events: ModuleType) -> None:
    before = hub.create(events)
    answer = changed(events, before["uuid"], name=before["name"], settings=before["settings"], refund=before["refund"])
    assert (answer.status, answer.headers["etag"]) == (200, '"1"')
    assert hub.stored(before["uuid"])["version"] == 1
