"""When the sales of a file become visible: all at once, whatever happens in between and however often a step runs."""

from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError

from marquee.sales import repository, rules, service
from tests.support.ingest import (
    ALL,
    DAY,
    EID,
    NOTHING,
    REPORT,
    ROWS,
    TENANT,
    Ingests,
    counts,
    figures,
)
from tests.support.workbooks import HEADER, workbook


def test_readers_see_nothing_of_a_file_until_all_of_it_is_committed(ingests: Ingests) -> None:
    # Given readers that look before every step
    seen: list[tuple[str, tuple[int, Decimal, int]]] = []
    ingests.before = lambda task: seen.append((task, figures()))
    ingests.drop(REPORT)
    # Then the figures are the old ones up to the commit, and the new ones after it
    assert seen == [
        ("register", NOTHING),
        ("inspect", NOTHING),
        ("parse", NOTHING),
        ("stage", NOTHING),
        ("commit", NOTHING),
        ("settle", ALL),
    ]


def test_every_step_may_run_twice(ingests: Ingests, items: Any) -> None:
    # Given a machine whose every step runs again after its answer was lost
    once = ingests.step

    def twice(task: str, **changes: Any) -> dict[str, Any]:
        first, again = once(task, **changes), once(task, **changes)
        assert again == first
        return again

    ingests.step = twice  # type: ignore[method-assign]
    assert counts(ingests.drop(workbook([HEADER, *ROWS, ["x", "A", 1, 1]]))) == (5, 4, 1, 0)
    # Then it has taken the file once
    assert figures() == ALL
    assert len(items()) == 3
    assert items()["HEAD"]["version"] == 1


def test_a_file_that_another_overtakes_is_staged_again_on_top_of_it(ingests: Ingests, items: Any) -> None:
    # Given another file of the event, with one of the rows, that is committed between stage and commit
    other = ingests.put(workbook([HEADER, ROWS[0], ROWS[0]]), "other.xlsx")
    waiting = ["commit"]

    def overtake(task: str) -> None:
        if task in waiting:
            waiting.clear()
            assert counts(ingests.take(other)) == (2, 2, 0, 0)

    ingests.before = overtake
    outcome = ingests.drop(REPORT)
    # Then the result is that of one after the other: both rows of the other file are duplicates of it now
    assert counts(outcome) == (4, 2, 0, 2)
    assert figures() == ALL
    # and nothing is left of the attempt that was overtaken
    assert all(base_of(key) in {0, 1} for key in items() if key != "HEAD")
    visible = repository.head(TENANT, EID)["visible"]
    assert {(key.split("#")[2], key.split("#")[3]) for key in items() if key != "HEAD"} == {
        (ingest_id, entry["stage"]) for ingest_id, entry in visible.items()
    }


def base_of(key: str) -> int:
    return rules.base_of(key.split("#")[3])


def test_only_the_present_multiset_is_kept(ingests: Ingests) -> None:
    for number in range(3):
        ingests.drop(workbook([HEADER, [DAY, "A", 1, number + 1]]), f"{number}.xlsx")
    listed = ingests.s3.list_objects_v2(Bucket=ingests.bucket, Prefix=f"ingests/{TENANT}/seen/")["Contents"]
    assert [one["Key"] for one in listed] == [repository.head(TENANT, EID)["seen"]]


def test_a_commit_repeated_after_others_came_reports_its_own(ingests: Ingests) -> None:
    ingests.drop(REPORT)
    first = next(iter(repository.head(TENANT, EID)["visible"]))
    ingests.drop(workbook([HEADER, [DAY, "C", 1, 1]]), "other.xlsx")
    task = ingests.step("register", bucket=ingests.bucket, key=f"sales/{TENANT}/{EID}/report.xlsx")["ingest"]
    assert task["ingest_id"] == first
    stage = repository.head(TENANT, EID)["visible"][first]["stage"]
    assert ingests.step("commit", ingest=task, stage=stage) == {"outcome": "COMMITTED", "stage": stage}
    assert ingests.step("stage", ingest=task) == {"outcome": "COMMITTED", "stage": stage}
    assert figures() == (5, Decimal("161.74"), 3)


def test_an_interrupted_ingest_says_whether_its_sales_are_in(ingests: Ingests) -> None:
    key = ingests.put(REPORT)
    task = ingests.step("register", bucket=ingests.bucket, key=key)["ingest"]
    assert "nothing of this file was taken" in ingests.step("abort", ingest=task)["message"]
    assert service.read_ingest(TENANT, task["ingest_id"])["status"] == "FAILED"
    # Given a machine that ended between commit and settle
    ingests.step("inspect", ingest=task)
    task["work"] = ingests.step("parse", ingest=task, from_1904=False)["work"]
    ingests.step("commit", ingest=task, stage=ingests.step("stage", ingest=task)["stage"])
    assert "are taken" in ingests.step("abort", ingest=task)["message"]
    # Then dropping the file again completes the ledger and changes no figure
    assert counts(ingests.take(key)) == (4, 4, 0, 0)
    assert service.read_ingest(TENANT, task["ingest_id"])["status"] == "COMMITTED"
    assert figures() == ALL
    # and a late abort does not undo that
    ingests.step("abort", ingest=task)
    assert service.read_ingest(TENANT, task["ingest_id"])["status"] == "COMMITTED"


def test_the_head_is_read_whole_or_not_at_all(ingests: Ingests, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a store that throttles, Then the step fails under the name the machine retries
    def throttled(*_: Any, **__: Any) -> Any:
        raise ClientError({"Error": {"Code": "ThrottlingException"}}, "GetItem")

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", throttled)
    with pytest.raises(Exception, match=r"store\.throttled") as caught:
        repository.head(TENANT, EID)
    assert type(caught.value).__name__ == "Throttled"


def test_a_late_rejection_leaves_a_committed_ingest_alone(ingests: Ingests) -> None:
    # Given two executions of the same file, of which one has committed it
    outcome = ingests.drop(REPORT)
    task = ingests.step("register", bucket=ingests.bucket, key=f"sales/{TENANT}/{EID}/report.xlsx")["ingest"]
    # When the other ends in a refusal
    assert ingests.step("reject", ingest=task)["outcome"] == "REJECTED"
    # Then the ledger says what is true of the figures
    assert service.read_ingest(TENANT, outcome["ingest_id"])["status"] == "COMMITTED"
    assert figures() == ALL
