"""Changing and deleting events of the Hub."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from marquee import clock, workflows
from marquee.hub import heads, repository
from marquee.hub.organisations import service as organisations
from tests.support import hub, hub_tickets
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


def test_occurrences_that_are_moved_keep_their_ids(events: ModuleType) -> None:
    before = hub.create(events)
    after = hub.update(events, before["uuid"], occurrence={"attributes": {"starts_on": "2035-01-25 20:00"}})
    assert after["event_occurrence"][0]["start_on"]["local"] == "2035-01-25 20:00"
    ids = [[one["uuid"] for one in each["event_occurrence"]] for each in (before, after)]
    assert ids[0] == ids[1]
    assert after["occurrence"]["attributes"]["occurrence_ends"] == {"type": "after", "value": "4"}


def test_a_stale_change_is_412_and_a_current_one_is_made(events: ModuleType) -> None:
    uuid = hub.create(events)["uuid"]
    assert changed(events, uuid, {"If-Match": '"1"'}, name="First").status == 200
    stale = changed(events, uuid, {"If-Match": '"1"'}, name="Second")
    assert (stale.status, stale.json["statusCode"]) == (412, 412)
    assert hub.read(events, uuid)["name"] == "First"


def test_a_change_under_a_key_is_made_once_and_not_undone_by_its_repetition(
    events: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("marquee.idempotency.RETENTION_SECONDS", -1)
    uuid = hub.create(events)["uuid"]
    changed(events, uuid, {"Idempotency-Key": "one"}, name="First")
    changed(events, uuid, {"Idempotency-Key": "two"}, name="Second")
    # The first request comes once more, after what the edge remembers of it
    again = changed(events, uuid, {"Idempotency-Key": "one", "If-Match": '"1"'}, name="First")
    assert (again.status, again.json["result"]["event"]["name"]) == (200, "Second")
    assert hub.stored(uuid)["version"] == 3


def test_a_draft_is_ready_once_nothing_is_missing_and_a_draft_again(events: ModuleType) -> None:
    nowhere = {"type": "venue_event", "attributes": []}
    event = hub.create(events, configuration=nowhere)
    assert (event["status"], event["publishing"]["state"]) == ("draft", "DRAFT")
    venue = {"attributes": [{"name": "venue", "value": hub.VENUE}]}
    assert hub.update(events, event["uuid"], configuration=venue)["status"] == "ready"
    assert hub.update(events, event["uuid"], configuration=nowhere)["publishing"]["state"] == "DRAFT"
    assert hub.stored(event["uuid"])["state"] == "draft"


def test_a_published_event_cannot_lose_what_it_needs(events: ModuleType) -> None:
    uuid = hub.create(events)["uuid"]
    repository.save(hub.stored(uuid), {"state": "published"})
    answer = changed(events, uuid, configuration={"attributes": []})
    assert (answer.status, codes(answer)) == (422, {"event.configuration.attributes": "event.venue_missing"})
    assert changed(events, uuid, description="More of it").status == 200


def test_main_hears_of_what_it_shows_of_a_published_event_and_of_nothing_else(
    events: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    monkeypatch.setattr(workflows, "start", lambda machine, name, _: started.append(f"{machine} {name}"))
    uuid = hub.create(events)["uuid"]
    done = {"id": "p", "kind": "publish", "sequence": 1, "phase": "done", "before": "ready", "at": clock.timestamp()}
    repository.save(hub.stored(uuid), {"state": "published", "sequence": 1, "publication": done})

    hub.update(events, uuid, description="More of it", settings={"enable_share": False})
    assert (started, hub.stored(uuid)["sequence"]) == ([], 1)
    after = hub.update(events, uuid, name="Renamed")

    assert len(started) == 1
    head = hub.stored(uuid)
    assert (head["sequence"], head["publication"]["kind"], head["publication"]["phase"]) == (2, "update", "running")
    assert (after["status"], after["extended_status"][1]["value"]) == ("published", "RUNNING")


def test_a_cancelled_event_cannot_be_changed(events: ModuleType) -> None:
    uuid = hub.create(events)["uuid"]
    repository.save(hub.stored(uuid), {"state": "cancelled"})
    answer = changed(events, uuid, name="Other")
    assert (answer.status, answer.json["error_code"]) == (409, "event.state")
    assert "cancelled" in answer.json["detail"]


def test_everything_that_no_longer_fits_is_refused_at_once(
    events: ModuleType, app: Callable[[str], ModuleType]
) -> None:
    # Given an event with tickets, and a session at its end
    uuid = hub.create(events, settings={"event_capacity": 500})["uuid"]
    hub_tickets.create(events, uuid, quantity=400)
    path = {"event_uuid": uuid}
    session = {"name": "Finale", "session_starts_on": "2035-01-24 21:30", "duration": 30, "capacity": 300}
    added = call(app("hub_sessions"), varied(sample("hub_sessions", "create"), path=path, body={"sessions": session}))
    assert added.status == 201

    # When it is to be shorter and smaller
    shorter = changed(events, uuid, occurrence={"attributes": {"event_duration": "1.5"}})
    smaller = changed(events, uuid, settings={"event_capacity": 200})
    priced = changed(events, uuid, currency="JPY")

    # Then the answers name what does not fit, and nothing is changed
    assert (shorter.status, codes(shorter)) == (422, {"event.occurrence": "session.outside"})
    assert "Finale" in shorter.json["detail"]
    assert (smaller.status, codes(smaller)) == (422, {"event.settings.event_capacity": "ticket.over_capacity"})
    assert (priced.status, codes(priced)) == (422, {"event.currency": "currency.priced"})
    assert hub.read(events, uuid)["settings"]["event_capacity"] == 500


def test_sessions_keep_their_place_in_an_event_that_is_moved(
    events: ModuleType, app: Callable[[str], ModuleType]
) -> None:
    uuid = hub.create(events)["uuid"]
    session = {"name": "Overture", "session_starts_on": "2035-01-24 20:00", "duration": 30}
    call(
        app("hub_sessions"),
        varied(sample("hub_sessions", "create"), path={"event_uuid": uuid}, body={"sessions": session}),
    )
    after = hub.update(events, uuid, occurrence={"attributes": {"starts_on": "2035-02-01 18:00"}})
    assert after["sessions"]["session_lists"][0]["session_starts_on"]["local"] == "2035-02-01 18:30"


def test_an_events_settings_become_the_organisations_defaults(events: ModuleType) -> None:
    uuid = hub.create(events)["uuid"]
    hub.update(events, uuid, is_update_org_settings=True, currency="DKK", settings={"max_ticket_per_customer": 4})
    assert organisations.profile("aurora").defaults["currency"] == "DKK"
    next_one = hub.create(events)
    assert (next_one["currency"], next_one["settings"]["max_ticket_per_customer"]) == ("DKK", 4)
    assert hub.create(events, tenant="borealis")["currency"] == "EUR"


def test_an_image_that_cannot_be_used_is_refused_and_one_that_is_there_is_not_looked_at_again(
    events: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    uuid = hub.create(events)["uuid"]
    absent = changed(events, uuid, banner=[{"name": "A", "image": "images/img_AuroraNightsBanner01.png"}])
    assert (absent.status, codes(absent)) == (422, {"event.banner.0.image": "image.absent"})
    head = hub.stored(uuid)
    known = {"name": "A", "image": "images/img_AuroraNightsBanner01.png", "primary": True}
    repository.save(head, {"doc": heads.packed({**heads.content(head), "banner": [known]})})
    assert changed(events, uuid, banner=[{**known, "name": "B"}]).status == 200


def test_an_event_that_has_begun_can_be_changed_but_not_begun_anew(
    events: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    uuid = hub.create(events)["uuid"]
    later = clock.now().replace(year=2035, month=1, day=30)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert changed(events, uuid, occurrence={"attributes": {"event_duration": "3"}}).status == 200
    refused = changed(events, uuid, occurrence={"attributes": {"starts_on": "2035-01-23 19:30"}})
    assert codes(refused) == {"event.occurrence.attributes.starts_on": "occurrence.in_the_past"}


def test_a_deleted_event_is_gone_with_all_below_it(events: ModuleType, app: Callable[[str], ModuleType]) -> None:
    uuid = hub.create(events)["uuid"]
    session = {"name": "Overture", "session_starts_on": "2035-01-24 20:00", "duration": 30}
    call(
        app("hub_sessions"),
        varied(sample("hub_sessions", "create"), path={"event_uuid": uuid}, body={"sessions": session}),
    )
    assert len(repository.sessions("aurora", uuid)) == 1
    answer = deleted(events, uuid)
    assert (answer.status, answer.raw) == (204, b"")
    assert repository.head("aurora", uuid) is None
    assert repository.sessions("aurora", uuid) == []
    assert deleted(events, uuid).status == 404


def test_a_published_event_is_not_deleted(events: ModuleType) -> None:
    uuid = hub.create(events)["uuid"]
    repository.save(hub.stored(uuid), {"state": "published"})
    answer = deleted(events, uuid)
    assert (answer.status, answer.json["error_code"]) == (409, "event.state")
    assert repository.head("aurora", uuid) is not None


def test_an_event_is_not_deleted_while_other_hosts_are_told_of_it(events: ModuleType) -> None:
    uuid = hub.create(events)["uuid"]
    publication = {"id": "p", "kind": "unpublish", "sequence": 2, "phase": "running", "before": "published", "at": ""}
    repository.save(hub.stored(uuid), {"state": "unpublished", "sequence": 2, "publication": publication})
    assert deleted(events, uuid).json["error_code"] == "event.publication_running"
    head = hub.stored(uuid)
    repository.save(head, {"publication": {**publication, "phase": "done"}})
    assert deleted(events, uuid).status == 204


def test_a_stale_deletion_is_412(events: ModuleType) -> None:
    uuid = hub.create(events)["uuid"]
    assert deleted(events, uuid, if_match='"7"').status == 412
    assert deleted(events, uuid, if_match='"1"').status == 204


@pytest.mark.parametrize("uuid", ["7d0c4f0e-3a52-4f5e-9a3b-5b8f0e7f9c11", "nothing", "x" * 3000])
def test_what_is_not_there_is_404_to_every_request(events: ModuleType, uuid: str) -> None:
    answers = [
        changed(events, uuid, name="Other"),
        deleted(events, uuid),
        call(events, varied(sample("hub_events", "read"), path={"event_uuid": uuid})),
    ]
    assert [(one.status, one.json["error_code"]) for one in answers] == [(404, "event.not_found")] * 3


def test_another_organisations_event_is_as_if_it_were_not_there(events: ModuleType) -> None:
    uuid = hub.create(events, tenant="borealis")["uuid"]
    assert changed(events, uuid, name="Ours").status == 404
    assert deleted(events, uuid).status == 404
    assert call(events, varied(sample("hub_events", "read"), path={"event_uuid": uuid})).status == 404
    assert repository.head("borealis", uuid) is not None
