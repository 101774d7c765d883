"""What was cleared long ago is deleted, and nothing that anybody can still see or ask for."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest
from botocore.client import BaseClient

from marquee import clock
from marquee.sales import repository, rules, service, storage
from marquee.sales.clears import purging, snapshots, undoing
from marquee.sales.models import RowQuery
from tests.support.clearing import Clears
from tests.support.ingest import ALL, DAY, EID, NOTHING, REPORT, ROWS, TENANT, Ingests, counts, figures
from tests.support.kills import Calls, Killed
from tests.support.workbooks import HEADER, workbook

OTHER = workbook([HEADER, ROWS[0], [DAY, "C", 3, 30.0]])
GONE = ("seen/", "/stage/", "/rows/", "/merge/")


class Days:
    """The clock of the code under test, some days ahead."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ahead = 0
        now = clock.now

        def later() -> datetime:
            return now() + timedelta(days=self.ahead)

        monkeypatch.setattr(clock, "now", later)


@pytest.fixture
def days(monkeypatch: pytest.MonkeyPatch) -> Days:
    return Days(monkeypatch)


@pytest.fixture
def clears(ingests: Ingests, app: Callable[[str], ModuleType]) -> Clears:
    return Clears(app("sales_clear_tasks"))


def working_files(ingests: Ingests) -> set[str]:
    """Objects that are no ledger and no dropped file."""
    listed = ingests.s3.list_objects_v2(Bucket=ingests.bucket, Prefix="ingests/").get("Contents", [])
    return {one["Key"] for one in listed if any(part in one["Key"] for part in GONE)}


def months(items: Any) -> set[str]:
    return {key for key in items() if key.startswith("S#")}


def test_what_was_cleared_and_not_given_back_goes(ingests: Ingests, clears: Clears, items: Any, days: Days) -> None:
    # Given a cleared event
    ingest_id = ingests.drop(REPORT)["ingest_id"]
    clears.clear()
    # When the time for the undo is not over, Then nothing is deleted
    days.ahead = 30
    assert clears.step("find_due", after=None) == {"outcome": "FOUND", "snapshots": [], "after": None}
    assert months(items)
    # When it is, Then everything of it is, but the dropped file and the ledger
    days.ahead = 32
    assert clears.purge() == 1
    assert set(items()) == {"HEAD"}
    assert working_files(ingests) == set()
    assert service.ledger_rows(TENANT, ingest_id, RowQuery())["total"] == 1
    ingests.s3.head_object(Bucket=ingests.bucket, Key=f"sales/{TENANT}/{EID}/report.xlsx")
    # and there is nothing to do the next time
    assert clears.purge() == 0
    # and the file can be taken again
    days.ahead = 0
    assert counts(ingests.drop(REPORT)) == (4, 4, 0, 0)
    assert figures() == ALL
    refused = clears.undo()
    assert (refused["outcome"], refused["code"]) == ("REFUSED", "execution.undo_expired")


def test_what_was_given_back_stays(ingests: Ingests, clears: Clears, items: Any, days: Days) -> None:
    # Given an undone clear whose file is seen, and multiset in use
    ingests.drop(REPORT)
    clears.clear()
    clears.undo()
    stored, files = months(items), working_files(ingests)
    # When it is purged, Then only the snapshot and what the undo kept go
    days.ahead = 32
    assert clears.purge() == 1
    assert set(items()) == {"HEAD"} | stored
    left = working_files(ingests)
    assert {key for key in files - left if "/stage/" not in key and "/merge/" not in key} == set()
    assert repository.head(TENANT, EID)["seen"] in left
    # and the event goes on as ever: known rows are known, and a clear can be undone
    days.ahead = 0
    assert counts(ingests.drop(workbook([HEADER, *ROWS]), "same.xlsx"))[3] in {0, 4}
    clears.clear("second")
    assert figures() == NOTHING
    clears.undo("second")
    assert figures() == ALL


def test_of_what_came_back_in_part_only_that_part_stays(
    ingests: Ingests, clears: Clears, items: Any, days: Days
) -> None:
    # Given a clear of which some rows came back as the source of the undo
    report = ingests.drop(REPORT)["ingest_id"]
    clears.clear()
    ingests.drop(OTHER, "other.xlsx")
    clears.undo()
    now = figures()
    # When it is purged
    days.ahead = 32
    assert clears.purge() == 1
    # Then the report's own items, plan and rows are gone, and the readers' figures are what they were
    assert figures() == now
    visible = repository.head(TENANT, EID)["visible"]
    assert {rules.parse_month_key(key)[1:] for key in months(items)} == {
        (source, entry["stage"]) for source, entry in visible.items()
    }
    assert not [key for key in working_files(ingests) if report in key]
    # and what came back can be cleared and given back again, beside sales that overlap
    days.ahead = 0
    clears.clear("second")
    ingests.drop(workbook([HEADER, ROWS[2]]), "more.xlsx")
    clears.undo("second")
    assert figures() == now


def test_one_of_two_clears_is_purged_and_the_other_undone(ingests: Ingests, clears: Clears, days: Days) -> None:
    # Given the same file in two snapshots, of which one is due
    ingests.drop(REPORT)
    clears.clear("first")
    clears.undo("first")
    days.ahead = 20
    clears.clear("second")
    days.ahead = 32
    assert clears.purge() == 1
    # Then the second can be undone
    clears.undo("second")
    assert figures() == ALL
    # and with both due everything else is gone
    clears.clear("third")
    days.ahead = 70
    assert clears.purge() == 2
    assert working_files(ingests) == set()
    assert figures() == NOTHING


def test_what_a_failed_undo_left_goes_too(ingests: Ingests, clears: Clears, items: Any, days: Days) -> None:
    # Given an undo that staged, and was given up
    ingests.drop(REPORT)
    clears.clear()
    ingests.drop(OTHER, "other.xlsx")
    clears.step("stage_undo", clear=clears.task())
    before = months(items)
    days.ahead = 32
    assert clears.purge() == 1
    assert len(months(items)) < len(before)
    visible = repository.head(TENANT, EID)["visible"]
    assert {rules.parse_month_key(key)[1] for key in months(items)} == set(visible)


def test_a_purge_that_began_shuts_the_undo_out(ingests: Ingests, clears: Clears, days: Days) -> None:
    # Given an undo between its stage and its commit, and a purge that begins
    ingests.drop(REPORT)
    clears.clear()
    task = clears.task(execution="undo")
    stage = clears.step("stage_undo", clear=task)["stage"]
    place = {name: task[name] for name in ("tenant", "eid", "clear_id")}
    assert snapshots.begin_purge(place)  # type: ignore[arg-type]
    # Then the undo does not find what it wants to give back, and finds out why
    assert clears.step("commit_undo", clear=task, stage=stage)["outcome"] == "MOVED"
    assert clears.step("stage_undo", clear=task)["code"] == "execution.undo_expired"
    assert figures() == NOTHING


def test_a_file_that_is_being_taken_again_keeps_its_rows(
    ingests: Ingests, clears: Clears, items: Any, days: Days, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a cleared file that is dropped again, read again, and then its former rows are purged
    ingests.drop(REPORT)
    clears.clear()
    former, written = months(items), clock.now()
    time.sleep(1.5)  # S3 tells of whole seconds

    def purged(task: str) -> None:
        if task == "stage" and not days.ahead:
            days.ahead = 32
            monkeypatch.setattr(purging, "_SETTLED", clock.now() - written)
            assert clears.purge() == 1
            assert not former & months(items)

    ingests.before = purged
    # Then it is taken: the rows that were read again are there, although they have the former ones' name
    assert counts(ingests.drop(REPORT, "again.xlsx")) == (4, 4, 0, 0)
    assert figures() == ALL


def test_only_the_version_that_was_seen_is_removed(ingests: Ingests, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a bucket that keeps versions, and an object that is written again just before it is removed
    ingests.s3.put_bucket_versioning(Bucket=ingests.bucket, VersioningConfiguration={"Status": "Enabled"})
    storage.put("ingests/x/rows/1", b"former")
    real = BaseClient._make_api_call

    def call(client: Any, name: str, arguments: Any) -> Any:
        if name == "DeleteObject":
            storage.put("ingests/x/rows/1", b"present")
        return real(client, name, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", call)
    # Then the one that is written meanwhile stays
    storage.forget("ingests/x/rows/1", clock.now() + timedelta(days=1))
    assert storage.get("ingests/x/rows/1") == b"present"
    versions = ingests.s3.list_object_versions(Bucket=ingests.bucket, Prefix="ingests/x/")
    assert (len(versions["Versions"]), versions.get("DeleteMarkers", [])) == (1, [])
    # and what was written since the moment, or is gone, is left alone
    storage.forget("ingests/x/rows/1", clock.now() - timedelta(days=1))
    storage.forget("ingests/x/rows/2", clock.now())
    assert storage.get("ingests/x/rows/1") == b"present"


def test_a_purge_goes_on_where_a_bounded_step_ended(
    ingests: Ingests, clears: Clears, items: Any, days: Days, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a step that ends after every source
    monkeypatch.setattr(purging, "_STEP_SECONDS", -1)
    for number in range(3):
        ingests.drop(workbook([HEADER, [DAY, "A", 1, number + 1]]), f"{number}.xlsx")
    clears.clear()
    days.ahead = 32
    seen: list[str] = []
    clears.before = seen.append
    assert clears.purge() == 1
    assert seen.count("purge") == 5
    assert set(items()) == {"HEAD"}
    assert working_files(ingests) == set()


@pytest.mark.parametrize("lands", [False, True], ids=["before", "after"])
def test_killed_at_any_call_it_deletes_nothing_that_is_seen_and_ends_the_next_time(
    ingests: Ingests, clears: Clears, items: Any, days: Days, monkeypatch: pytest.MonkeyPatch, lands: bool
) -> None:
    # Given a clear that came back in part
    ingests.drop(REPORT)
    clears.clear()
    ingests.drop(OTHER, "other.xlsx")
    clears.undo()
    now = figures()
    days.ahead = 32
    calls = Calls(monkeypatch)
    deadly, purged = 0, 0
    while not purged:
        calls.plan(deadly, lands=lands)
        try:
            purged = clears.purge()
        except Killed:
            deadly += 1
        calls.plan()
        # Then the readers' figures stay, at every moment
        assert figures() == now
        if lands and not repository.cleared_heads(TENANT, EID):
            break
    assert deadly > 3
    assert not repository.cleared_heads(TENANT, EID)
    assert {rules.parse_month_key(key)[1] for key in months(items)} == set(repository.head(TENANT, EID)["visible"])
    assert now == (7, Decimal("190.74"), 3)
    assert undoing.source_of(clears.task()) in repository.head(TENANT, EID)["visible"]  # type: ignore[arg-type]
