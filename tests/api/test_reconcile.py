"""Reconciliation step by step: what drifted is found, repaired where it can be, and reported."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import boto3
import pytest

from marquee import clock
from marquee.events import listing
from marquee.events import rules as events_rules
from marquee.events import service as events
from marquee.preconditions import Precondition
from marquee.registry import rules as registry_rules
from marquee.registry import service as registry
from marquee.registry.models import NewEvent
from marquee.settings import settings
from marquee.statuses import service as statuses
from tests.support.api import call, sample, varied
from tests.support.events import meta
from tests.support.ingest import REGION
from tests.support.registry_host import RegistryHost, Reply

EID = "evt_sample-night-0001"
NONE = {"frontend": 0, "metadata": 0, "missing_in_registry": 0, "unreadable": 0}
TALLY = {"compared": 0, "drifted": {}, "repaired": {}, "examples": []}


class Hosts:
    """Main and Registry of one tenant, and the machine that compares them."""

    def __init__(self, app: Callable[[str], ModuleType]) -> None:
        self.tasks = app("reconcile_tasks")
        self.registry = app("registry")

    def register(self, eid: str = EID, *, taken: bool = True) -> None:
        event = sample("registry", "register")
        body = json.loads(event["body"]) | {"id": eid}
        answer = call(self.registry, varied(event, body=body, headers={"Idempotency-Key": ""}))
        assert answer.status == 201, answer.json
        if taken:
            described, version = registry.describe("aurora", eid)
            events.take_from_registry("aurora", eid, described, version)
            registry.mark_taken("aurora", eid, version)

    def stored(self, eid: str, **changes: Any) -> None:
        """Main's item as a mishap, or an older backup, would have left it."""
        events.rewritten("aurora", eid, lambda _: changes)

    def edit(self, eid: str, **changes: Any) -> None:
        answer = call(self.registry, varied(sample("registry", "edit"), path={"eid": eid}, body=changes, query={}))
        assert answer.status == 200, answer.json

    def step(self, name: str, **changes: Any) -> Any:
        return self.tasks.handler(sample("reconcile_tasks", name) | changes, None)

    def run(self, settle_seconds: int = 0, tenant: str = "aurora") -> dict[str, Any]:
        """The whole machine for one tenant, as its definition strings the steps together."""
        tally, after = TALLY, None
        while True:
            page = self.step("compare", tenant=tenant, after=after, tally=tally, settle_seconds=settle_seconds)
            tally, after = page["tally"], page["after"]
            if page["drifts"]:
                tally = self.step(
                    "repair", tenant=tenant, drifts=page["drifts"], tally=tally, settle_seconds=settle_seconds
                )
            if after is None:
                report: dict[str, Any] = self.step("report", tenant=tenant, tally=tally)
                return report

    def agree(self, eid: str = EID) -> str:
        """The status both hosts show; fails where they do not agree."""
        item = events.stored("aurora", eid)
        seen = registry.frontend_views("aurora", [eid])[eid]
        assert (seen["frontend_status"], seen["sequence"]) == (item["frontend_status"], item["frontend_sequence"])
        assert item["registry_version"] == seen["version"]
        return str(item["frontend_status"])


@pytest.fixture
def hosts(aws: dict[str, str], app: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> Hosts:
    monkeypatch.setenv("STAGE", "test")
    settings.cache_clear()
    return Hosts(app)


def test_hosts_that_agree_are_left_alone(hosts: Hosts, table: Any) -> None:
    hosts.register()
    before = table("EventsTable")(f"T#aurora#E#{EID}", "EVENT")
    report = hosts.run()
    assert (report["compared"], report["drifted"], report["examples"]) == (1, NONE, [])
    assert table("EventsTable")(f"T#aurora#E#{EID}", "EVENT") == before


def test_a_registry_that_was_never_told_is_told(hosts: Hosts) -> None:
    # Given a change on Main of which the Registry heard nothing
    hosts.register()
    hosts.stored(EID, frontend_status="FLAGGED", frontend_sequence=1, frontend_changed_at="2026-01-01T00:00:00Z")
    # When it is reconciled
    report = hosts.run()
    # Then both show Main's status, and the report says what was found
    assert hosts.agree() == "FLAGGED"
    assert (report["drifted"], report["repaired"]) == (NONE | {"frontend": 1}, NONE | {"frontend": 1})
    (example,) = report["examples"]
    assert (example["eid"], example["kind"], example["repaired"], example["error"]) == (EID, "frontend", True, None)
    assert example["main"]["frontend_status"] == "FLAGGED"
    assert example["registry"]["frontend_status"] == "DEFAULT"
    # And the second time there is nothing to do
    assert hosts.run()["drifted"] == NONE


def test_a_change_that_is_on_its_way_is_not_touched(hosts: Hosts) -> None:
    hosts.register()
    hosts.stored(EID, frontend_status="FLAGGED", frontend_sequence=1, frontend_changed_at=clock.timestamp())
    assert hosts.run(settle_seconds=90)["drifted"] == NONE
    assert registry.frontend_views("aurora", [EID])[EID]["sequence"] == 0
    assert hosts.run()["repaired"]["frontend"] == 1


def test_what_another_client_told_the_registry_is_overruled_by_main(hosts: Hosts) -> None:
    # Given another client that told a later state than Main's
    hosts.register()
    told = {"Marquee-Frontend-Status": "HIDDEN", "Marquee-Frontend-Sequence": "7"}
    event = varied(sample("registry", "report_frontend"), path={"eid": EID}, headers=told)
    assert call(hosts.registry, event).status == 204
    # Then Main's status is put after it
    assert hosts.run()["repaired"]["frontend"] == 1
    assert hosts.agree() == "DEFAULT"
    assert events.stored("aurora", EID)["frontend_sequence"] == 8


def test_a_main_from_an_older_backup_is_brought_up_to_date(hosts: Hosts) -> None:
    # Given hosts that agreed on the third change and the second version
    hosts.register()
    hosts.edit(EID, title="New title")
    registry.take_frontend_state("aurora", EID, {"frontend_status": "HIDDEN", "sequence": 3})
    # And a Main as it was after the first
    hosts.stored(EID, frontend_status="FLAGGED", frontend_sequence=1)
    # Then its status rules, under a later sequence, and the metadata are the Registry's
    assert hosts.run()["repaired"] == NONE | {"frontend": 1, "metadata": 1}
    assert hosts.agree() == "FLAGGED"
    assert events.read("aurora", EID).title == "New title"


def test_metadata_that_main_missed_are_taken(hosts: Hosts) -> None:
    hosts.register()
    hosts.edit(EID, city="Bonn")
    assert hosts.run(settle_seconds=90)["drifted"] == NONE
    assert hosts.run()["repaired"] == NONE | {"metadata": 1}
    assert events.read("aurora", EID).city == "Bonn"


def test_an_event_that_the_registry_lacks_is_reported_and_kept(hosts: Hosts) -> None:
    events.take_from_registry("aurora", "evt_stray", meta(), 1)
    report = hosts.run()
    assert report["unrepaired"] == NONE | {"missing_in_registry": 1}
    assert report["examples"][0]["error"] == "reconcile.not_repairable"
    assert events.read("aurora", "evt_stray").title == meta()["title"]


def store_on_both(aws: dict[str, str], eids: list[str]) -> None:
    """Events that Main has as registered, written in batches: one by one they take half a minute."""
    resource, at = boto3.Session(region_name=REGION).resource("dynamodb"), "2026-01-01T00:00:00Z"
    body = NewEvent.model_validate_json(sample("registry", "register")["body"])
    with resource.Table(aws["RegistryTable"]).batch_writer() as batch:
        for eid in eids:
            batch.put_item(Item=registry_rules.new_item("aurora", eid, body, "fdlive", None, at))
    with resource.Table(aws["EventsTable"]).batch_writer() as batch:
        for eid in eids:
            item = events_rules.new_item("aurora", eid, registry_rules.meta(body, "fdlive"), 1, at)
            batch.put_item(Item=item | listing.index_keys("aurora", item))


def test_250_events_are_compared_in_three_pages(hosts: Hosts, aws: dict[str, str]) -> None:
    # Given 250 events, 10 of which drifted
    eids = [f"evt_many-{number:04}" for number in range(250)]
    store_on_both(aws, eids)
    for eid in eids[::25]:
        hosts.stored(eid, frontend_status="HIDDEN", frontend_sequence=1)
    # Then all are found, once
    pages = []
    compare = hosts.tasks.service.compare

    def counted(*args: Any) -> Any:
        pages.append(args)
        return compare(*args)

    hosts.tasks.service.compare = counted
    try:
        report = hosts.run()
    finally:
        hosts.tasks.service.compare = compare
    assert (len(pages), report["compared"]) == (3, 250)
    assert report["drifted"] == report["repaired"] == NONE | {"frontend": 10}
    assert {hosts.agree(eid) for eid in eids[::25]} == {"HIDDEN"}
    assert hosts.run()["drifted"] == NONE


def test_one_event_that_cannot_be_repaired_stops_no_other(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    for eid in ("evt_bad-0001", "evt_good-0001"):
        hosts.register(eid)
        hosts.stored(eid, frontend_status="FLAGGED", frontend_sequence=1)
    reassert = statuses.reassert_frontend_status

    def failing(tenant: str, eid: str, above: int) -> Any:
        if eid == "evt_bad-0001":
            raise RuntimeError("no")
        return reassert(tenant, eid, above)

    monkeypatch.setattr(statuses, "reassert_frontend_status", failing)
    report = hosts.run()
    assert (report["repaired"]["frontend"], report["unrepaired"]["frontend"]) == (1, 1)
    assert [(one["eid"], one["error"]) for one in report["examples"] if not one["repaired"]] == [
        ("evt_bad-0001", "internal.RuntimeError")
    ]
    assert hosts.agree("evt_good-0001") == "FLAGGED"


def test_a_repair_that_the_registry_does_not_show_counts_as_none(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    hosts.register()
    hosts.stored(EID, frontend_status="FLAGGED", frontend_sequence=1)
    monkeypatch.setattr(registry, "take_frontend_state", lambda *_: True)
    report = hosts.run()
    assert report["unrepaired"]["frontend"] == 1
    assert report["examples"][0]["error"] == "reconcile.still_differs"


def test_repairing_the_same_page_again_changes_nothing_more(hosts: Hosts) -> None:
    hosts.register()
    hosts.stored(EID, frontend_status="FLAGGED", frontend_sequence=1)
    page = hosts.step("compare")
    first = hosts.step("repair", drifts=page["drifts"], tally=page["tally"])
    item = events.stored("aurora", EID)
    again = hosts.step("repair", drifts=page["drifts"], tally=page["tally"])
    assert first == again
    assert events.stored("aurora", EID) == item


def test_a_change_undone_after_a_repair_still_ends_with_both_on_the_old_status(hosts: Hosts) -> None:
    # Given a change under way that a repair passes over
    hosts.register()
    statuses.change_frontend_status("aurora", EID, "FLAGGED", "chg_1", "req_1", Precondition())
    assert hosts.run()["repaired"]["frontend"] == 1
    # When it is given up
    state = statuses.restore_frontend_status("aurora", EID, "chg_1")
    registry.take_frontend_state("aurora", EID, state)
    # Then the old status is back on both
    assert hosts.agree() == "DEFAULT"


def test_another_tenants_events_are_not_compared(hosts: Hosts) -> None:
    hosts.register()
    assert hosts.run(tenant="borealis")["compared"] == 0


@pytest.fixture
def a_minute_later(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    later = datetime.now(UTC) + timedelta(minutes=1)
    return lambda: monkeypatch.setattr(clock, "now", lambda: later)


def test_a_lost_intake_is_made_up_for(hosts: Hosts, a_minute_later: Callable[[], None]) -> None:
    # Given an event that Main did not take
    hosts.register(taken=False)
    none = {"found": 0, "retaken": 0, "failed": 0, "more": True}
    assert hosts.step("retake_pending") == none | {"more": False}
    # When it has not done so for long enough
    a_minute_later()
    done = hosts.step("retake_pending", settle_seconds=50)
    # Then Main has it, and it is pending no more
    assert done == {"found": 1, "retaken": 1, "failed": 0, "more": False}
    assert events.read("aurora", EID).id == EID
    assert registry.pending("2100-01-01T00:00:00Z", 10) == []


def test_a_pending_event_that_cannot_be_taken_keeps_its_mark_and_stops_no_other(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch, a_minute_later: Callable[[], None]
) -> None:
    hosts.register("evt_bad-0001", taken=False)
    hosts.register("evt_good-0001", taken=False)
    a_minute_later()
    take = events.take_from_registry

    def failing(tenant: str, eid: str, *rest: Any) -> str:
        if eid == "evt_bad-0001":
            raise RuntimeError("no")
        return take(tenant, eid, *rest)

    monkeypatch.setattr(events, "take_from_registry", failing)
    done = hosts.step("retake_pending", settle_seconds=50)
    assert (done["found"], done["retaken"], done["failed"]) == (2, 1, 1)
    assert registry.pending("2100-01-01T00:00:00Z", 10) == [("aurora", "evt_bad-0001")]
    # Met again in the same run it is the same failure
    again = hosts.step("retake_pending", settle_seconds=50, so_far=done)
    assert (again["found"], again["retaken"], again["failed"], again["more"]) == (2, 1, 1, False)


def test_every_tenant_gets_an_execution_of_its_own_name(hosts: Hosts) -> None:
    hosts.register()
    events.take_from_registry("borealis", EID, meta(), 1)
    first, again = hosts.step("list_tenants"), hosts.step("list_tenants")
    assert first == again
    assert [one["tenant"] for one in first["children"]] == ["aurora", "borealis"]
    assert first["after"] is None
    other = hosts.step("list_tenants", execution="another-run")
    names = {one["name"] for run in (first, other) for one in run["children"]}
    assert len(names) == 4


def test_the_report_is_kept_and_counted(hosts: Hosts, aws: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    said = hosts.step("report")
    assert said["report"] == "reports/reconcile/aurora/a-run.json"
    body = boto3.client("s3").get_object(Bucket=aws["Bucket"], Key=said["report"])["Body"].read()
    assert json.loads(body) == {key: value for key, value in said.items() if key != "report"}
    (metric,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    (definition,) = metric["_aws"]["CloudWatchMetrics"]
    assert definition["Namespace"] == "Marquee"
    assert definition["Dimensions"] == [["stage", "service"]]
    assert {one["Name"] for one in definition["Metrics"]} == {
        "EventsCompared",
        "HostDrift",
        "HostDriftRepaired",
        "HostDriftUnrepaired",
    }
    assert (metric["EventsCompared"], metric["stage"], metric["tenant"]) == ([3.0], "test", "aurora")


def test_a_run_that_failed_says_so_in_its_report(hosts: Hosts) -> None:
    said = hosts.step("report", failure={"error": "Unavailable", "cause": "x"})
    assert (said["completed"], said["failure"]["error"]) == (False, "Unavailable")


@pytest.fixture
def there(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> Iterator[RegistryHost]:
    """Somebody else's Registry, which the settings name."""
    from marquee.registry.remote import registry_at

    host = RegistryHost()
    monkeypatch.setenv("REGISTRY_URL", host.url)
    settings.cache_clear()
    yield host
    registry_at(host.url, "").close()
    host.close()
    settings.cache_clear()


@pytest.mark.parametrize("marquee", [True, False])
def test_somebody_elses_registry_is_compared_and_told(hosts: Hosts, there: RegistryHost, *, marquee: bool) -> None:
    # Given Main's change of which the remote heard nothing, one it has, and one whose answer cannot be used
    there.marquee = marquee
    for eid in ("evt_drift", "evt_same", "evt_odd", "evt_gone"):
        events.take_from_registry("aurora", eid, meta(), 1)
        there.has("aurora", eid)
    hosts.stored(
        "evt_drift", frontend_status="FLAGGED", frontend_sequence=2, frontend_changed_at="2026-01-01T00:00:00Z"
    )
    there.events["aurora", "evt_odd"]["version"] = "three"
    del there.events["aurora", "evt_gone"]
    # When it is reconciled
    report = hosts.run()
    # Then the one is told, and the others are reported
    assert report["drifted"] == NONE | {"frontend": 1, "unreadable": 1, "missing_in_registry": 1}
    assert report["repaired"] == NONE | {"frontend": 1}
    (told,) = [asked for asked in there.asked if asked.method == "PUT"]
    assert (told.headers["marquee-frontend-status"], told.headers["marquee-frontend-sequence"]) == ("FLAGGED", "3")
    assert hosts.run()["drifted"]["frontend"] == 0


def test_metadata_of_somebody_elses_registry_are_taken_and_keep_the_hubs_id(hosts: Hosts, there: RegistryHost) -> None:
    events.take_from_registry("aurora", EID, meta(hub_event_id="hub-1"), 1)
    described = {key: value for key, value in meta(title="Theirs").items() if key != "hub_event_id"}
    there.has("aurora", EID, **described, version=2)
    assert hosts.run()["repaired"] == NONE | {"metadata": 1}
    document = events.read("aurora", EID)
    assert (document.title, document.hub.hub_event_id) == ("Theirs", "hub-1")


def test_a_host_that_is_down_fails_the_page_and_changes_nothing(hosts: Hosts, there: RegistryHost) -> None:
    for number in range(6):
        events.take_from_registry("aurora", f"evt_down-{number}", meta(), 1)
    there.plan(lambda *_: Reply(500))
    with pytest.raises(Exception, match=r"registry\.resting"):
        hosts.step("compare")
