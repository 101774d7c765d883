"""Publishing, unpublishing and cancelling over the API, and what the machines' steps bring about on the other hosts."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from pydantic import TypeAdapter

from marquee import ddb, idempotency
from marquee.events import repository as main
from marquee.events import service as events
from marquee.hub import execution_service
from marquee.hub.publication.models import Accepted, PublicationDocument
from marquee.preconditions import Precondition
from marquee.registry import repository as registry
from marquee.registry import service as registry_service
from marquee.series import service as series
from marquee.series.models import SeriesChange
from tests.support import hub
from tests.support.api import TENANT, sample
from tests.support.hub_publishing import Publishing, divergent, main_ids, sell, statuses
from tests.support.ingest import EID, register_event

SEVERAL = 4


@pytest.fixture
def publishing(aws: dict[str, str], app: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> Publishing:
    return Publishing(app, monkeypatch)


def published(publishing: Publishing, **changes: Any) -> str:
    """An event that is published everywhere."""
    uuid = str(hub.create(publishing.hub, **changes)["uuid"])
    assert publishing.ask("publish", uuid).status == 201
    publishing.run_all()
    assert divergent(uuid) == []
    return uuid


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


@pytest.mark.parametrize(
    ("task", "outcome"),
    [
        ("open", "SUPERSEDED"),
        ("register", "SUPERSEDED"),
        ("take", "SUPERSEDED"),
        ("gather", "SUPERSEDED"),
        ("withdraw", "SUPERSEDED"),
        ("finish", "SUPERSEDED"),
        ("cancel", "SUPERSEDED"),
        ("fail", "SUPERSEDED"),
        ("undo", "SUPERSEDED"),
        ("undo_batch", "SUPERSEDED"),
        ("close", "SUPERSEDED"),
    ],
)
def test_a_step_of_an_event_that_is_gone_does_nothing(
    aws: dict[str, str], app: Callable[[str], ModuleType], task: str, outcome: str
) -> None:
    assert app("hub_publication_tasks").handler(sample("hub_publication_tasks", task), None)["outcome"] == outcome


def test_what_was_lost_is_started_by_the_reconciler_and_nothing_twice(
    publishing: Publishing, app: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given two publications, one of which was never started
    lost, running = (str(hub.create(publishing.hub)["uuid"]) for _ in range(2))
    publishing.executions.lost = 1
    publishing.ask("publish", lost)
    publishing.ask("publish", running)
    (first,) = publishing.executions.waiting()
    reconcile = app("reconcile_tasks").handler
    # When they are young, Then nothing is started
    assert reconcile(sample("reconcile_tasks", "restart_publications"), None) == {
        "found": 0,
        "restarted": 0,
        "failed": 0,
    }
    # When they are old, Then the lost one is
    old = sample("reconcile_tasks", "restart_publications") | {"lost_seconds": -60}
    assert reconcile(old, None) == {"found": 2, "restarted": 1, "failed": 0}
    assert reconcile(old, None) == {"found": 2, "restarted": 0, "failed": 0}
    # When one has failed without an end, Then a successor takes over
    publishing.executions.statuses[first] = "TIMED_OUT"
    assert reconcile(old, None)["restarted"] == 1
    assert (first[0], f"{first[1]}-r1") in publishing.executions.waiting()
    publishing.run_all()
    assert [divergent(lost), divergent(running)] == [[], []]
    assert reconcile(old, None)["found"] == 0


def test_a_stopped_execution_is_undone_and_a_stopped_cancellation_stays(publishing: Publishing) -> None:
    # Given a publication that is stopped half way
    uuid = str(hub.create(publishing.hub)["uuid"])
    publishing.ask("publish", uuid)
    ((machine, name),) = publishing.executions.waiting()
    order = publishing.executions.inputs[machine, name]
    sequence = publishing.step("open", order)["sequence"]
    for task in ("register", "take"):
        publishing.step(task, order, sequence=sequence, batch=0)
    publishing.executions.statuses[machine, name] = "ABORTED"
    # When what it leaves open is closed, twice
    for _ in range(2):
        execution_service.end_cancelled("event_publication", TENANT, name)
    assert len(publishing.executions.waiting()) == 1
    publishing.run_all()
    # Then it is undone
    assert hub.stored(uuid)["state"] == "ready"
    assert hub.stored(uuid)["publication"]["failure"] == "Cancelled: It was cancelled on request."
    assert statuses(hub.stored(uuid)) == ["archived"] * SEVERAL
    assert divergent(uuid) == []
    # When a cancellation is stopped
    uuid = published(publishing)
    publishing.ask("cancel", uuid)
    ((machine, name),) = publishing.executions.waiting()
    publishing.executions.statuses[machine, name] = "ABORTED"
    execution_service.end_cancelled("event_cancellation", TENANT, name)
    execution_service.end_cancelled("event_cancellation", "borealis", name)
    publishing.run_all()
    # Then the event stays cancelled, and Main as it was, until it is redriven
    assert (hub.stored(uuid)["state"], hub.stored(uuid)["publication"]["phase"]) == ("cancelled", "failed")
    assert statuses(hub.stored(uuid)) == ["active"] * SEVERAL
    publishing.run(machine, name)
    assert divergent(uuid) == []
    assert statuses(hub.stored(uuid)) == ["cancelled"] * SEVERAL


def test_the_stream_starts_no_intake_for_what_a_publication_carries(
    publishing: Publishing, app: Callable[[str], ModuleType]
) -> None:
    # Given records of the stream: one that a publication wrote, and the same after somebody's edit
    uuid = published(publishing)
    eid = next(iter(main_ids(hub.stored(uuid)).values()))
    record = registry.get(TENANT, eid)
    assert record is not None
    edited = registry.update(TENANT, record, {"partner_product": "x"})
    event = {
        "Records": [
            {"dynamodb": {"NewImage": ddb.to_item(item), "SequenceNumber": str(place)}}
            for place, item in enumerate((record, edited))
        ]
    }
    # When it delivers them
    assert app("registry_stream").handler(event, None) == {"batchItemFailures": []}
    # Then an intake is started for the edit alone
    intakes = [given for (machine, _), given in publishing.executions.inputs.items() if machine == "event_intake"]
    assert [one["version"] for one in intakes] == [2]


def test_what_intake_brings_of_an_event_that_is_not_published_is_archived(publishing: Publishing) -> None:
    # Given an occurrence that a publication registered, and that never came to Main
    uuid = str(hub.create(publishing.hub)["uuid"])
    publishing.ask("publish", uuid)
    ((machine, name),) = publishing.executions.waiting()
    order = publishing.executions.inputs[machine, name]
    sequence = publishing.step("open", order)["sequence"]
    publishing.step("register", order, sequence=sequence, batch=0)
    execution_service.end_cancelled("event_publication", TENANT, name)
    publishing.executions.statuses[machine, name] = "ABORTED"
    publishing.run_all()
    # When somebody's edit at the Registry brings it there
    eid = next(iter(main_ids(hub.stored(uuid)).values()))
    described, version = registry_service.describe(TENANT, eid)
    assert events.take_from_registry(TENANT, eid, described, version) == "created"
    # Then it is archived until the event is published
    assert divergent(uuid) == []
    publishing.ask("publish", uuid)
    publishing.run_all()
    assert statuses(hub.stored(uuid)) == ["active"] * SEVERAL
    assert divergent(uuid) == []
