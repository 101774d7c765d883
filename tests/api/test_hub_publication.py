"""Publishing, unpublishing and cancelling over the API, and what the machines' steps bring about on the other hosts."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from pydantic import TypeAdapter

from marquee import idempotency
from marquee.events import repository as main
from marquee.hub.publication.models import Accepted, PublicationDocument
from marquee.preconditions import Precondition
from marquee.registry import repository as registry
from marquee.series import service as series
from marquee.series.models import SeriesChange
from tests.support import hub
from tests.support.api import TENANT
from tests.support.hub_publishing import Publishing, divergent, main_ids, published, sell, statuses
from tests.support.ingest import EID, register_event

SEVERAL = 4


@pytest.fixture
def publishing(aws: dict[str, str], app: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> Publishing:
    return Publishing(app, monkeypatch)


def test_publishing_answers_at_once_and_brings_every_occurrence_to_the_registry_and_main(
    publishing: Publishing,
) -> None:
    # Given an event with four occurrences
    uuid = hub.create(publishing.hub)["uuid"]
    # When it is published
    answer = publishing.ask("publish", uuid)
    # Then it is public, and the execution is named that brings it on
    assert answer.status == 201
    accepted = TypeAdapter(Accepted).validate_python(answer.json)
    assert accepted["statusCode"] == 201
    assert accepted["result"] == "Event has been published successfully"
    assert str(accepted["execution"]).startswith("exe_event_publication.")
    assert hub.read(publishing.hub, uuid)["status"] == "published"
    assert statuses(hub.stored(uuid)) == [None] * SEVERAL
    # When that has run
    publishing.run_all()
    # Then all hosts have it
    assert divergent(uuid) == []
    assert statuses(hub.stored(uuid)) == ["active"] * SEVERAL
    read = publishing.ask("read_publication", uuid)
    document = TypeAdapter(PublicationDocument).validate_python(read.json["result"])
    assert (document["kind"], document["phase"], document["execution"]) == ("publish", "done", accepted["execution"])
    assert document["counts"] == {"registry": {"registered": SEVERAL}, "main": {"active": SEVERAL}}
    assert document["occurrences"][0]["start_on"] == "2035-01-24 19:30"
    event = hub.read(publishing.hub, uuid)
    assert [one["main_event_id"] for one in event["event_occurrence"]] == [
        one["main_event_id"] for one in document["occurrences"]
    ]


def test_publish_unpublish_and_publish_again_keep_ids_and_bring_the_same_events_back(publishing: Publishing) -> None:
    uuid = published(publishing)
    before = main_ids(hub.stored(uuid))
    # When it is unpublished
    answer = publishing.ask("unpublish", uuid)
    publishing.run_all()
    # Then Main has archived it all
    assert (answer.status, answer.json["result"]) == (201, "Event has been unpublished successfully")
    assert statuses(hub.stored(uuid)) == ["archived"] * SEVERAL
    assert divergent(uuid) == []
    # When it is published again
    assert publishing.ask("publish", uuid).status == 201
    publishing.run_all()
    # Then the same events are active
    assert main_ids(hub.stored(uuid)) == before
    assert statuses(hub.stored(uuid)) == ["active"] * SEVERAL
    assert divergent(uuid) == []
    assert {main.get(TENANT, eid)["hub_sequence"] for eid in before.values()} == {3}  # type: ignore[index]


def test_what_is_missing_is_listed_and_what_is_possible_is_named(publishing: Publishing) -> None:
    # Given a draft without a place
    uuid = hub.create(publishing.hub, configuration={"type": "online_event", "attributes": []})["uuid"]
    assert hub.read(publishing.hub, uuid)["status"] == "draft"
    # When it is published, or tried
    for query in ({}, {"dry_run": ["true"]}):
        answer = publishing.ask("publish", uuid, query=query)
        # Then it says what is missing
        assert (answer.status, answer.json["error_code"]) == (422, "event.incomplete")
        assert [one["code"] for one in answer.json["validation_errors"]] == ["event.online_link_missing"]
    refused = publishing.ask("unpublish", uuid)
    assert (refused.status, refused.json["error_code"]) == (409, "event.state")
    assert "It can be cancelled, be deleted or be edited." in refused.json["detail"]
    assert publishing.ask("read_publication", uuid).json["error_code"] == "publication.not_found"
    # When a published event is published again, Then it names what can be done
    uuid = published(publishing)
    again = publishing.ask("publish", uuid)
    assert (again.status, again.json["error_code"]) == (409, "event.state")
    assert "be unpublished" in again.json["detail"]
    assert publishing.ask("publish", "7d0c4f0e-3a52-4f5e-9a3b-5b8f0e7f9c99").status == 404
    assert publishing.ask("publish", uuid, tenants=["borealis"]).status == 404
    assert publishing.ask("publish", uuid, scope="event.unpublish").status == 403


def test_a_request_repeated_under_its_key_is_the_same_publication(
    publishing: Publishing, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a publication whose start was lost
    uuid = hub.create(publishing.hub)["uuid"]
    publishing.executions.lost = 1
    assert publishing.ask("publish", uuid, "once").status == 500
    assert hub.stored(uuid)["state"] == "published"
    # When the request is repeated
    first = publishing.ask("publish", uuid, "once")
    # Then it is started, and repeated again it is the same one
    again = publishing.ask("publish", uuid, "once")
    assert (first.status, again.status) == (201, 201)
    assert first.json == again.json
    assert len(publishing.executions.inputs) == 1
    publishing.run_all()
    assert divergent(uuid) == []
    # and when answers are not remembered, and others came later, it is still the same one and changes nothing
    monkeypatch.setattr(idempotency, "run_once", lambda *given: given[-1]())
    assert publishing.ask("unpublish", uuid, "later").status == 201
    publishing.run_all()
    late = publishing.ask("publish", uuid, "once")
    assert (late.status, late.json) == (201, first.json)
    assert hub.stored(uuid)["state"] == "unpublished"
    assert divergent(uuid) == []


@pytest.mark.parametrize("kind", ["publish", "cancel"])
def test_a_version_that_is_named_is_the_one_that_is_published_or_cancelled(publishing: Publishing, kind: str) -> None:
    # Given an event that somebody changes after it was read
    uuid = hub.create(publishing.hub)["uuid"]
    hub.update(publishing.hub, uuid, name="Renamed since")
    # When what was read is asked for
    planned = publishing.ask(kind, uuid, query={"dry_run": ["true"]}, headers={"If-Match": '"1"'})
    stale = publishing.ask(kind, uuid, "once", headers={"If-Match": '"1"'})
    # Then it is refused
    assert (planned.status, stale.status, stale.json["error_code"]) == (412, 412, "precondition.stale")
    assert hub.stored(uuid)["state"] == "ready"
    # and what is there now is changed once
    current = publishing.ask(kind, uuid, "once more", headers={"If-Match": '"2"'})
    again = publishing.ask(kind, uuid, "once more", headers={"If-Match": '"2"'})
    assert current.status == again.status == {"publish": 201, "cancel": 200}[kind]
    assert again.json == current.json
    assert hub.stored(uuid)["version"] == 3


def test_a_plan_says_what_would_change_on_all_hosts_and_changes_nothing(publishing: Publishing) -> None:
    # Given an event with many occurrences
    uuid = hub.create(publishing.hub, occurrence=hub.recurring("daily", after=60))["uuid"]
    before = hub.stored(uuid)
    # When its publication is planned
    answer = publishing.ask("publish", uuid, "a-key", query={"dry_run": ["true"]})
    # Then the plan is bounded, and says how many there are
    assert answer.status == 200
    plan = answer.json
    assert (plan["workflow"], plan["dry_run"]) == ("event_publication", True)
    assert plan["changes"][0] == {
        "host": "Hub",
        "id": uuid,
        "field": "status",
        "before": "ready",
        "after": "published",
    }
    assert plan["changes"][-1]["after"] == {"active": 60}
    assert len(plan["changes"]) == 2 + 2 * 40
    assert {one["host"] for one in plan["changes"]} == {"Hub", "Registry", "Main"}
    # and nothing is changed
    assert hub.stored(uuid) == before
    assert publishing.executions.inputs == {}


def test_an_occurrence_with_sales_is_kept_and_reported(publishing: Publishing) -> None:
    # Given a published event, one of whose occurrences has sales
    uuid = published(publishing)
    sold = list(main_ids(hub.stored(uuid)).values())[1]
    sell(sold)
    plan = publishing.ask("unpublish", uuid, query={"dry_run": ["true"]}).json
    assert plan["changes"][-1]["after"] == {"archived": SEVERAL - 1, "active": 1}
    # When it is unpublished
    publishing.ask("unpublish", uuid)
    publishing.run_all()
    # Then that one stays, and is reported
    assert statuses(hub.stored(uuid)) == ["archived", "active", "archived", "archived"]
    document = publishing.ask("read_publication", uuid).json["result"]
    assert document["counts"]["main"] == {"archived": SEVERAL - 1, "kept": 1}
    assert document["occurrences"][1]["reason"] == "It has sales."
    assert document["report"]["kept"] == [sold]
    # When the event is cancelled, Then all of it is
    answer = publishing.ask("cancel", uuid)
    assert (answer.status, answer.json["statusCode"]) == (200, 200)
    publishing.run_all()
    assert statuses(hub.stored(uuid)) == ["cancelled"] * SEVERAL
    assert divergent(uuid) == []


def test_an_edit_of_what_main_shows_is_brought_there_and_other_edits_are_not(publishing: Publishing) -> None:
    # Given a published event
    uuid = published(publishing)
    started = len(publishing.executions.inputs)
    # When something changes that Main does not show, Then nothing is started
    hub.update(publishing.hub, uuid, description="Another one.")
    assert len(publishing.executions.inputs) == started
    # When its name changes and an occurrence is taken out and others come
    old = main_ids(hub.stored(uuid))
    hub.update(publishing.hub, uuid, name="Boreal Night", occurrence={"exclusions": ["2035-01-31"], **_weekly(after=6)})
    assert hub.stored(uuid)["publication"]["kind"] == "update"
    publishing.run_all()
    # Then Main has it, and the one that was taken out is archived
    assert divergent(uuid) == []
    assert statuses(hub.stored(uuid)) == ["active"] * 5
    (gone,) = set(old.values()) - set(main_ids(hub.stored(uuid)).values())
    assert main.get(TENANT, gone)["status"] == "archived"  # type: ignore[index]
    assert registry.get(TENANT, gone) is not None
    # When it is put back, Then it is the same event
    hub.update(publishing.hub, uuid, occurrence={"exclusions": [], **_weekly(after=6)})
    publishing.run_all()
    assert set(old.values()) < set(main_ids(hub.stored(uuid)).values())
    assert statuses(hub.stored(uuid)) == ["active"] * 6
    assert divergent(uuid) == []


def _weekly(**options: Any) -> dict[str, Any]:
    return hub.recurring("weekly", duration="2.5", **options)


def test_a_removed_occurrence_with_sales_stays_known(publishing: Publishing) -> None:
    # Given a published event whose second night has sales
    uuid = published(publishing)
    sold = list(main_ids(hub.stored(uuid)).values())[1]
    sell(sold)
    # When that night is removed
    hub.update(publishing.hub, uuid, occurrence={"exclusions": ["2035-01-31"]})
    publishing.run_all()
    # Then Main keeps it, and it is said
    assert main.get(TENANT, sold)["status"] == "active"  # type: ignore[index]
    document = publishing.ask("read_publication", uuid).json["result"]
    (kept,) = (one for one in document["occurrences"] if one["main_event_id"] == sold)
    assert (kept["main"], kept["reason"], document["phase"]) == ("kept", "It has sales.", "done")
    # When the event is cancelled, Then so is that night
    publishing.ask("cancel", uuid)
    publishing.run_all()
    assert main.get(TENANT, sold)["status"] == "cancelled"  # type: ignore[index]


def test_organisers_who_put_an_occurrence_into_another_series_keep_it_there(publishing: Publishing) -> None:
    # Given a published event, one of whose occurrences was moved into a series with another event
    uuid = published(publishing)
    moved = next(iter(main_ids(hub.stored(uuid)).values()))
    register_event()
    series.remove(TENANT, moved, SeriesChange(event_series=[moved]), Precondition())
    series.add(TENANT, EID, SeriesChange(event_series=[moved]), Precondition())
    # When the event is changed
    hub.update(publishing.hub, uuid, name="Boreal Night")
    publishing.run_all()
    # Then it is still there, and the report says so
    held = {main.get(TENANT, eid)["series_id"] for eid in main_ids(hub.stored(uuid)).values()}  # type: ignore[index]
    assert len(held) == 2
    assert publishing.ask("read_publication", uuid).json["result"]["report"]["elsewhere"] == [moved]
