"""What is lost, stopped or late of publications, and how other ways to Main go beside them."""

from collections.abc import Callable
from types import ModuleType

import pytest

from marquee import ddb
from marquee.events import hub_service as main
from marquee.events import service as events
from marquee.events.models import EventMeta
from marquee.hub import execution_service
from marquee.preconditions import Precondition
from marquee.registry import repository as registry
from marquee.registry import service as registry_service
from marquee.settings import settings
from marquee.statuses.models import FrontendState
from tests.support import catalogue, hub
from tests.support.api import TENANT, sample
from tests.support.events import meta
from tests.support.hub_publishing import Publishing, divergent, main_ids, published, statuses

SEVERAL = 4
MANY = 25


@pytest.fixture
def publishing(aws: dict[str, str], app: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> Publishing:
    return Publishing(app, monkeypatch)


@pytest.mark.parametrize(
    "task",
    ["open", "register", "take", "gather", "withdraw", "finish", "cancel", "fail", "undo", "undo_batch", "close"],
)
def test_a_step_of_an_event_that_is_gone_does_nothing(
    aws: dict[str, str], app: Callable[[str], ModuleType], task: str
) -> None:
    told = app("hub_publication_tasks").handler(sample("hub_publication_tasks", task), None)
    assert told["outcome"] == "SUPERSEDED"


def test_occurrences_that_count_in_more_places_than_a_transaction_takes_are_written_each_for_itself(
    aws: dict[str, str],
) -> None:
    def described(city: str, month: int, version: int) -> dict[str, tuple[EventMeta, int]]:
        found = {}
        for number in range(1, MANY + 1):
            start = f"2035-{month:02}-{number:02}T19:00:00Z"
            one = meta(city=city, hall_name=f"Hall {number}", start_date_time=start, hub_event_id="hub")
            found[f"evt_{number}"] = (one, version)
        return found

    main.take(TENANT, described("Bergen", 1, 1), 1, ())
    # Each leaves a day and a hall for others
    main.take(TENANT, described("Oslo", 2, 2), 2, ())

    items = list(main.held(TENANT, described("Oslo", 2, 2)).values())
    assert [item["registry_version"] for item in items] == [2] * MANY
    stored = {(one["pk"], one["sk"]): one for one in items}
    for counter in catalogue.counters(TENANT, stored.values()):
        found = ddb.get(settings().events_table, counter["pk"], counter["sk"]) or {}
        assert {name: value for name, value in found.items() if value != 0} == counter


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


def test_a_cancelled_event_stays_cancelled_whatever_frontends_report(publishing: Publishing) -> None:
    # Given a cancelled event
    uuid = published(publishing)
    publishing.ask("cancel", uuid)
    publishing.run_all()
    eid = next(iter(main_ids(hub.stored(uuid)).values()))
    # When Main's frontend status is told to the Registry, and a frontend reports
    state: FrontendState = {"frontend_status": "FLAGGED", "sequence": 1}
    assert registry_service.take_frontend_state(TENANT, eid, state)
    registry_service.report_frontend(TENANT, "sub", eid, "RUNNING", {}, Precondition(), None)
    # Then the Registry shows it as cancelled
    shown = registry_service.read(TENANT, eid).event
    assert (shown.fe_status, shown.frontend_status) == ("CANCELLED", "FLAGGED")
    assert publishing.ask("read_publication", uuid).json["result"]["counts"]["registry"] == {"cancelled": SEVERAL}
