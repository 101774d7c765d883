"""An edit killed at every call it makes to AWS, before the call and after it took effect, and tried again."""

from collections.abc import Callable
from contextlib import suppress
from types import ModuleType
from typing import Any

import pytest

from marquee.sales import repository, service
from marquee.sales.models import RowQuery
from tests.support.editing import Edits, edited, exported, put, row_of
from tests.support.ingest import EID, TENANT, Ingests, register_event
from tests.support.kills import Calls, Killed
from tests.support.workbooks import HEADER, workbook

OTHER = "evt_other-night"


@pytest.fixture
def sales_edits(ingests: Ingests, app: Callable[[str], ModuleType]) -> Edits:
    """Two events with sales."""
    register_event(eid=OTHER, title="Other Night")
    for eid in (EID, OTHER):
        ingests.drop(workbook([HEADER, ["2026-03-01", "A", 2, 40.5], ["2026-03-02", "B", 1, 10]]), eid=eid)
    return Edits(app("sales_edit_tasks"), ingests.bucket)


def tickets(eid: str) -> int:
    statistics = service.statistics(TENANT, eid)
    return statistics["tickets_sold"]


def one_more_each() -> bytes:
    """One ticket more for a row of each event, and a row that cannot be applied."""

    def change(sheet: Any) -> None:
        for eid in (EID, OTHER):
            row = row_of(sheet, event_id=eid, category="A")
            put(sheet, row, sheet.cell(row, 7).value + 1)
        put(sheet, row_of(sheet, event_id=OTHER, category="B"), "x")

    return edited(exported(), change)


def check(outcome: dict[str, Any]) -> None:
    assert (outcome["rows"], outcome["accepted"], outcome["rejected"], outcome["duplicate"]) == (4, 2, 1, 1)
    entries = service.ledger_rows(TENANT, outcome.get("ingest_id") or outcome["id"], RowQuery())["items"]
    assert [one["status"] for one in entries] == ["rejected", "duplicate", "accepted", "accepted"]


@pytest.mark.parametrize("lands", [False, True], ids=["before", "after"])
def test_a_step_killed_at_each_of_its_calls_in_turn_applies_each_change_once(
    sales_edits: Edits, monkeypatch: pytest.MonkeyPatch, lands: bool
) -> None:
    # Given a machine whose every step dies at its first call, is repeated, dies at its second, and so on
    calls, deaths = Calls(monkeypatch), 0
    once = sales_edits.step

    def until_it_lives(task: str, **changes: Any) -> dict[str, Any]:
        nonlocal deaths
        deadly = 0
        while True:
            calls.plan(deadly, lands=lands)
            try:
                return once(task, **changes)
            except Killed:
                deadly += 1
                deaths += 1
            finally:
                calls.plan()

    sales_edits.step = until_it_lives  # type: ignore[method-assign]
    # When an edit goes through it
    outcome = sales_edits.take(sales_edits.put(one_more_each()))
    # Then each change is applied once, in one version an event, and the ledger says so
    assert deaths > 30
    check(outcome)
    assert (tickets(EID), tickets(OTHER)) == (4, 4)
    assert [repository.head(TENANT, eid)["version"] for eid in (EID, OTHER)] == [2, 2]


@pytest.mark.parametrize("lands", [False, True], ids=["before", "after"])
def test_killed_for_good_each_event_is_old_or_new_and_a_new_execution_finishes(
    sales_edits: Edits, monkeypatch: pytest.MonkeyPatch, lands: bool
) -> None:
    calls = Calls(monkeypatch)
    key = sales_edits.put(one_more_each())
    deadly, alive = 0, False
    while not alive:
        # When the execution dies for good at this call
        calls.plan(deadly, lands=lands)
        with suppress(Killed):
            outcome = sales_edits.take(key)
            alive = True
        calls.plan()
        # Then each event's sales are the old or the new
        assert {tickets(EID), tickets(OTHER)} <= {3, 4}
        # and each later execution gets one call further, on what the earlier ones left
        deadly += 1
    assert deadly > 20
    assert (tickets(EID), tickets(OTHER)) == (4, 4)
    assert outcome["outcome"] in {"COMMITTED", "UNCHANGED"}
    check({**service.read_ingest(TENANT, outcome["ingest"]["ingest_id"])} if "ingest" in outcome else outcome)
