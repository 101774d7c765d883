"""An event's sales cleared and given back, step by step as the machines do it."""

from collections.abc import Callable
from decimal import Decimal
from types import ModuleType
from typing import Any

import orjson
import pytest

from marquee.errors import Conflict
from marquee.sales import execution_service, repository, rules, service
from tests.support.clearing import Clears
from tests.support.ingest import ALL, DAY, EID, NOTHING, REPORT, ROWS, TENANT, Ingests, counts, figures
from tests.support.workbooks import HEADER, workbook

OTHER = workbook([HEADER, [DAY, "C", 3, 30.0], [DAY, "A", 2, 40.5], [DAY, "A", 2, 40.5], [DAY, "A", 2, 40.5]])


@pytest.fixture
def clears(ingests: Ingests, app: Callable[[str], ModuleType]) -> Clears:
    return Clears(app("sales_clear_tasks"))


def head() -> Any:
    return repository.head(TENANT, EID)


def status(ingest_id: str) -> tuple[str, bool]:
    document = service.read_ingest(TENANT, ingest_id)
    return document["status"], document["cleared"]


def test_cleared_and_given_back_an_event_is_as_it_was(ingests: Ingests, clears: Clears, items: Any) -> None:
    # Given an event with sales
    ingest_id = ingests.drop(REPORT)["ingest_id"]
    before, stored = head(), items()
    # When they are cleared, Then readers see none, and the outcome says what was cleared
    outcome = clears.clear()
    assert (outcome["outcome"], outcome["sources"]) == ("CLEARED", 1)
    assert outcome["cleared"] == [{"currency": "EUR", "tickets": 4, "revenue": 160.74}]
    assert outcome["undoable_until"] > outcome["cleared_at"]
    assert figures() == NOTHING
    assert head()["visible"] == head()["categories"] == head()["kpi"] == {}
    assert status(ingest_id) == ("COMMITTED", True)
    # When that is undone, Then the head is the former one, and no item was written for it
    undone = clears.undo()
    assert (undone["whole"], undone["in_part"], undone["present"]) == (1, 0, 0)
    assert undone["restored"] == undone["totals"] == outcome["cleared"]
    assert figures() == ALL
    same = ("visible", "kpi", "categories", "seen")
    assert {name: head()[name] for name in same} == {name: before[name] for name in same}
    assert head()["version"] == before["version"] + 2
    assert {key for key in items() if key.startswith("S#")} == {key for key in stored if key.startswith("S#")}
    assert status(ingest_id) == ("COMMITTED", False)
    # and the file is known again
    assert ingests.drop(REPORT, "again.xlsx")["outcome"] == "UNCHANGED"


def test_an_event_without_sales_is_cleared_of_nothing(clears: Clears) -> None:
    outcome = clears.clear()
    assert (outcome["outcome"], outcome["sources"], outcome["cleared"]) == ("CLEARED", 0, [])
    assert head()["version"] == 0
    assert clears.undo()["restored"] == []
    assert figures() == NOTHING


def test_a_repeated_clear_spares_what_came_since(ingests: Ingests, clears: Clears) -> None:
    # Given a clear whose answer was lost, and new sales
    ingests.drop(REPORT)
    first = clears.clear()
    ingests.drop(workbook([HEADER, [DAY, "B", 7, 70.0]]), "new.xlsx")
    # When it is repeated, also by a redriven execution, Then it says the same and the new sales stay
    assert clears.clear() == first
    assert clears.step("clear", clear=clears.task(execution="exe-one-r1")) == first
    assert figures() == (7, Decimal("70.0"), 1)
    # and so for an event that had none at first
    assert clears.clear("empty", eid="evt_none") == clears.clear("empty", eid="evt_none")


def test_a_repeated_clear_of_nothing_clears_nothing(ingests: Ingests, clears: Clears) -> None:
    clears.clear()
    ingests.drop(REPORT)
    assert clears.clear()["sources"] == 0
    assert figures() == ALL


def test_files_are_taken_again_after_a_clear(ingests: Ingests, clears: Clears) -> None:
    ingests.drop(REPORT)
    clears.clear()
    assert counts(ingests.drop(REPORT, "again.xlsx")) == (4, 4, 0, 0)
    assert figures() == ALL
    # Then the undo has nothing to give
    undone = clears.undo()
    assert (undone["whole"], undone["in_part"], undone["present"]) == (0, 0, 1)
    assert undone["restored"] == [{"currency": "EUR", "tickets": 0, "revenue": 0}]
    assert figures() == ALL


def test_rows_loaded_since_count_once(ingests: Ingests, clears: Clears, items: Any) -> None:
    # Given a report of four rows that is cleared, another file untouched by what follows, and a file since that has
    # two of the rows and two of its own
    ingests.drop(REPORT)
    ingests.drop(workbook([HEADER, [DAY, "Z", 5, 50.0]]), "apart.xlsx")
    clears.clear()
    ingests.drop(OTHER, "other.xlsx")
    assert figures() == (9, Decimal("151.5"), 1)
    # When the clear is undone
    undone = clears.undo()
    # Then the file that stands apart comes back whole, of the report the two rows that lack
    assert (undone["whole"], undone["in_part"], undone["present"]) == (1, 1, 0)
    assert undone["restored"] == [{"currency": "EUR", "tickets": 5, "revenue": 129.74}]
    assert figures() == (14, Decimal("281.24"), 3)
    statistics = service.statistics(TENANT, EID)
    assert (statistics["purchases"], statistics["first_sale"], statistics["last_sale"]) == (
        5,
        "2026-03-01",
        "2026-04-10",
    )
    # and every file is known: dropped again it adds nothing
    for content in (REPORT, OTHER):
        assert ingests.drop(content, "again.xlsx")["outcome"] == "UNCHANGED"
    assert counts(ingests.drop(workbook([HEADER, *ROWS, [DAY, "Z", 5, 50.0]]), "all.xlsx")) == (5, 0, 0, 5)
    # and only the present multiset and the snapshot's are kept
    listed = ingests.s3.list_objects_v2(Bucket=ingests.bucket, Prefix=f"ingests/{TENANT}/seen/")["Contents"]
    assert len(listed) == 2
    assert head()["seen"] in {one["Key"] for one in listed}


def test_what_an_undo_gave_back_is_cleared_and_given_back_again(ingests: Ingests, clears: Clears) -> None:
    # Given sales of which some came back as the source of an undo
    ingests.drop(REPORT)
    clears.clear("first")
    ingests.drop(OTHER, "other.xlsx")
    clears.undo("first")
    both = figures()
    # When all of it is cleared, some of it is loaded again, and the clear undone
    clears.clear("second")
    ingests.drop(workbook([HEADER, ROWS[2], ROWS[2]]), "more.xlsx")
    undone = clears.undo("second")
    # Then there are the rows of all, and the row that is there twice now
    assert (undone["whole"], undone["in_part"], undone["present"]) == (1, 1, 0)
    assert figures() == (both[0] + 1, both[1] + Decimal("99.99"), both[2])
    # and the first undo, repeated, adds nothing
    assert clears.undo("first")["outcome"] == "UNDONE"
    assert figures() == (both[0] + 1, both[1] + Decimal("99.99"), both[2])


def test_clears_are_undone_in_any_order(ingests: Ingests, clears: Clears) -> None:
    ingests.drop(REPORT)
    clears.clear("first")
    ingests.drop(OTHER, "other.xlsx")
    clears.clear("second")
    assert figures() == NOTHING
    clears.undo("first")
    assert figures() == ALL
    clears.undo("second")
    assert figures() == (9, Decimal("231.24"), 3)
    assert len(head()["generations"]) == 3


def test_an_undo_that_is_overtaken_looks_again(ingests: Ingests, clears: Clears, items: Any) -> None:
    # Given a file that is committed between the undo's stage and its commit
    ingests.drop(REPORT)
    clears.clear()
    ingests.drop(workbook([HEADER, ROWS[0]]), "part.xlsx")
    waiting = ["commit_undo"]

    def overtake(task: str) -> None:
        if task in waiting:
            waiting.clear()
            assert counts(ingests.drop(OTHER, "other.xlsx")) == (4, 3, 0, 1)

    clears.before = overtake
    assert clears.undo()["outcome"] == "UNDONE"
    # Then it comes back beside that file, and nothing is left of the first attempt
    assert figures() == (9, Decimal("231.24"), 3)
    known = {
        (source, entry["stage"])
        for one in (head(), *repository.cleared_heads(TENANT, EID))
        for source, entry in one["visible"].items()
    }
    assert {rules.parse_month_key(key)[1:] for key in items() if key.startswith("S#")} == known


@pytest.mark.parametrize("moment", ["stage", "commit", "settle"])
def test_a_clear_and_an_ingest_are_one_after_the_other(ingests: Ingests, clears: Clears, moment: str) -> None:
    # Given an event with sales, and a file that is being taken while they are cleared
    ingests.drop(workbook([HEADER, [DAY, "Z", 5, 50.0]]), "before.xlsx")

    def meanwhile(task: str) -> None:
        if task == moment:
            clears.clear()

    ingests.before = meanwhile
    outcome = ingests.drop(REPORT)
    # Then its sales were cleared with the others, or are all there is
    assert counts(outcome) == (4, 4, 0, 0)
    assert figures() == (NOTHING if moment == "settle" else ALL)
    assert status(outcome["ingest_id"]) == ("COMMITTED", moment == "settle")
    # and with the undo there is all of it, once
    clears.undo()
    assert figures() == (9, Decimal("210.74"), 3)
    assert status(outcome["ingest_id"]) == ("COMMITTED", False)


def test_a_commit_that_was_cleared_before_its_answer_came_is_repeated_after_the_clear(
    ingests: Ingests, clears: Clears
) -> None:
    # Given a commit that took effect, whose answer was lost, and a clear before it is repeated
    once = ingests.step

    def lossy(task: str, **changes: Any) -> dict[str, Any]:
        answer = once(task, **changes)
        if task == "commit" and not repository.cleared_heads(TENANT, EID):
            clears.clear()
            answer = once(task, **changes)
        return answer

    ingests.step = lossy  # type: ignore[method-assign]
    assert counts(ingests.drop(REPORT)) == (4, 4, 0, 0)
    # Then the file is taken after the clear, and the undo adds nothing to it
    assert figures() == ALL
    clears.undo()
    assert figures() == ALL


def test_what_was_stopped_does_nothing_late(ingests: Ingests, clears: Clears) -> None:
    # Given a clear that the machine gave up while its step was on its way
    ingests.drop(REPORT)
    assert clears.step("abort_clear", clear=clears.task())["outcome"] == "FAILED"
    with pytest.raises(Conflict, match=r"execution\.cancelled"):
        clears.clear()
    assert figures() == ALL
    # When it is redriven, it clears; and the same with its undo
    done = clears.step("clear", clear=clears.task(execution="exe-one-r1"))
    assert done["sources"] == 1
    task = clears.task(execution="undo-one")
    stage = clears.step("stage_undo", clear=task)["stage"]
    execution_service.end_cancelled_clear(TENANT, "undo-one")
    assert clears.step("abort_undo", clear=task)["outcome"] == "FAILED"
    with pytest.raises(Conflict, match=r"execution\.cancelled"):
        clears.step("commit_undo", clear=task, stage=stage)
    assert figures() == NOTHING
    again = clears.task(execution="undo-one-r1")
    assert clears.step("commit_undo", clear=again, stage=stage)["outcome"] == "UNDONE"
    assert figures() == ALL
    # and what has happened is told by a late abort
    assert clears.step("abort_undo", clear=again)["totals"] == done["cleared"]
    assert clears.step("abort_clear", clear=clears.task()) == done


def test_an_undo_that_the_event_cannot_hold_is_refused(
    ingests: Ingests, clears: Clears, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingests.drop(REPORT)
    clears.clear()
    ingests.drop(workbook([HEADER, [DAY, "C", 1, 1.0]]), "other.xlsx")
    before = head()
    for name, value, code in (("MAX_CATEGORIES", 2, "categories"), ("MAX_HEAD_BYTES", 400, "sources")):
        with monkeypatch.context() as patched:
            patched.setattr(rules, name, value)
            refused = clears.undo()
            assert (refused["outcome"], refused["code"]) == ("REFUSED", f"undo.too_many_{code}")
    assert head() == before
    assert clears.undo()["outcome"] == "UNDONE"


def test_a_file_more_than_the_event_can_hold_is_refused_and_changes_nothing(
    ingests: Ingests, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given an event that comes from as many files as it can
    ingests.drop(REPORT)
    monkeypatch.setattr(rules, "MAX_HEAD_BYTES", len(orjson.dumps(head())) + 50)
    # When one more is dropped, Then it is refused with a sentence
    refused = ingests.drop(workbook([HEADER, [DAY, "C", 1, 1.0]]), "more.xlsx")
    assert (refused["outcome"], refused["code"]) == ("REJECTED", "file.too_many_sources")
    assert figures() == ALL
