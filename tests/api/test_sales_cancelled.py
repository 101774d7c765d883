"""An execution of sales_ingest that is stopped, with a step of it still at work: the ledger tells the truth."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from marquee.errors import Conflict
from marquee.sales import execution_service, repository, service
from tests.support.api import sample
from tests.support.ingest import ALL, EID, NOTHING, REPORT, TENANT, Ingests, counts, figures

FIRST = sample("sales_ingest_tasks", "register")["execution"]
STEPS = ("inspect", "parse", "stage", "commit", "settle")


def cancel(execution: str = FIRST) -> None:
    """Twice: the first answer may have been lost."""
    for _ in range(2):
        execution_service.end_cancelled_ingest(TENANT, execution)


class Running:
    """An execution, step by step."""

    def __init__(self, ingests: Ingests, execution: str = FIRST) -> None:
        self.ingests = ingests
        key = f"sales/{TENANT}/{EID}/report.xlsx"
        found = ingests.step("register", bucket=ingests.bucket, key=key, execution=execution)
        self.task, self.stage = found["ingest"], ""

    def step(self, name: str) -> dict[str, Any]:
        more: dict[str, dict[str, Any]] = {
            "parse": {"from_1904": False},
            "commit": {"stage": self.stage},
            "settle": {"stage": self.stage, "abandoned": []},
        }
        outcome = self.ingests.step(name, ingest=self.task, **more.get(name, {}))
        self.stage = outcome.get("stage", self.stage)
        self.task["work"] = outcome.get("work", self.task["work"])
        return outcome


def stored(task: dict[str, Any]) -> Any:
    return service.read_ingest(TENANT, task["ingest_id"])


@pytest.mark.parametrize("late", STEPS)
def test_a_step_that_is_still_at_work_changes_nothing_that_was_told(ingests: Ingests, late: str) -> None:
    # Given an execution that is cancelled while its step `late` is at work
    ingests.put(REPORT)
    running = Running(ingests)
    for name in STEPS[: STEPS.index(late)]:
        running.step(name)
    taken = late == "settle"
    cancel()
    ended = stored(running.task)
    assert (ended["status"], ended["reason"]["code"]) == ("FAILED", "ingest.cancelled")
    assert ended["finished_at"] is not None
    assert ("nothing of this file was taken" in ended["reason"]["message"]) is not taken
    # When that step ends after all
    running.step(late)
    # Then nothing was taken, as the ledger says; or all of it, and the ledger is complete
    assert figures() == (ALL if taken else NOTHING)
    assert stored(running.task)["status"] == ("COMMITTED" if taken else "FAILED")
    # and a redriven execution takes the file
    running = Running(ingests, f"{FIRST}-r1")
    if not taken:
        for name in STEPS:
            running.step(name)
    assert counts(stored(running.task)) == (4, 4, 0, 0)
    assert stored(running.task)["status"] == "COMMITTED"
    assert figures() == ALL


def test_without_the_cancelling_the_same_late_commit_would_land(ingests: Ingests) -> None:
    ingests.put(REPORT)
    running = Running(ingests)
    for name in STEPS[:-1]:
        running.step(name)
    assert figures() == ALL


def test_stopped_before_its_ledger_was_opened_it_opens_none(ingests: Ingests) -> None:
    ingests.put(REPORT)
    cancel()
    with pytest.raises(Conflict, match=r"execution\.cancelled"):
        Running(ingests)
    running = Running(ingests, f"{FIRST}-r1")
    assert stored(running.task)["status"] == "REGISTERED"


def test_a_late_cancelling_leaves_the_ingest_to_the_execution_that_took_it_up(ingests: Ingests) -> None:
    # Given an ingest that a second execution works on
    ingests.put(REPORT)
    Running(ingests)
    second = Running(ingests, f"{FIRST}-r1")
    for name in STEPS[:3]:
        second.step(name)
    # When the first is cancelled, Then the second goes on
    cancel()
    assert second.step("commit")["outcome"] == "COMMITTED"
    second.step("settle")
    assert stored(second.task)["status"] == "COMMITTED"
    assert figures() == ALL


def test_what_has_ended_stays_as_it_ended(ingests: Ingests) -> None:
    outcome = ingests.drop(REPORT)
    before = service.read_ingest(TENANT, outcome["ingest_id"])
    version = repository.head(TENANT, EID)["version"]
    cancel()
    assert service.read_ingest(TENANT, outcome["ingest_id"]) == before
    assert repository.head(TENANT, EID)["version"] == version


def test_another_file_of_the_event_stages_again_and_is_taken(ingests: Ingests) -> None:
    # Given a cancelled execution, and another file that was staged before the cancelling
    ingests.put(REPORT)
    Running(ingests)
    other = ingests.put(REPORT, "again.xlsx")

    def cancelled_before_commit(task: str) -> None:
        if task == "commit":
            ingests.before = lambda _: None
            cancel()

    ingests.before = cancelled_before_commit
    outcome = ingests.take(other)
    assert outcome["outcome"] == "COMMITTED"
    assert figures() == ALL


def test_nobody_elses_ingest_is_ended(ingests: Ingests) -> None:
    ingests.put(REPORT)
    running = Running(ingests)
    execution_service.end_cancelled_ingest("borealis", FIRST)
    assert stored(running.task)["status"] == "REGISTERED"


def test_an_interrupted_commit_that_is_still_at_work_loses_as_well(
    ingests: Ingests, items: Callable[[], dict[str, Any]]
) -> None:
    # Given a machine that gave a commit up, which had not come to its write yet
    ingests.put(REPORT)
    running = Running(ingests)
    for name in STEPS[:3]:
        running.step(name)
    assert "nothing of this file was taken" in running.step("abort")["message"]
    # When it comes to its write, Then it loses
    assert running.step("commit")["outcome"] == "MOVED"
    assert figures() == NOTHING == (0, Decimal(0), 0)
    assert items()["HEAD"]["version"] == 1
