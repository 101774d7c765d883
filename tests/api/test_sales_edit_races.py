"""An edited export beside reports, clears and other edits of the same sales, through the machine's steps."""

from collections.abc import Callable
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest

from marquee.sales import repository, rules, service, sources
from marquee.sales.edits import edit_steps, edit_work
from marquee.sales.models import RowQuery
from tests.support.clearing import Clears
from tests.support.editing import OTHER, Edits, edited, exported, put, row_of, two_events_sold
from tests.support.ingest import DAY, EID, TENANT, Ingests, counts, figures
from tests.support.workbooks import HEADER, workbook


@pytest.fixture
def sold(ingests: Ingests) -> Ingests:
    """Two events with sales."""
    return two_events_sold(ingests)


@pytest.fixture
def month_items(sold: Ingests, items: Callable[[], dict[str, Any]]) -> Callable[[], list[tuple[str, str, str]]]:
    """Month, source and stage of everything that is staged for the first event."""
    return lambda: [rules.parse_month_key(key) for key in items() if key.startswith("S#")]


@pytest.fixture
def sales_edits(sold: Ingests, app: Callable[[str], ModuleType]) -> Edits:
    return Edits(app("sales_edit_tasks"), sold.bucket)


def entries(outcome: dict[str, Any]) -> list[dict[str, Any]]:
    return [dict(one) for one in service.ledger_rows(TENANT, outcome["ingest_id"], RowQuery())["items"]]


def change(sheet: Any) -> None:
    """One ticket more in one row (2 -> 3, 40.50 -> 60.75), another row's revenue, one row to nothing."""
    put(sheet, row_of(sheet, event_id=EID, category="A", tickets=2), 3, 60.75)
    put(sheet, row_of(sheet, event_id=EID, category="B"), revenue=100)
    put(sheet, row_of(sheet, event_id=EID, tickets=4), 0, 0)


# 3 + 1 + 0 tickets, 60.75 + 100.00
AFTER = (4, Decimal("160.75"), 3)


def test_an_edit_is_cleared_and_comes_back_with_the_sales_it_corrects(
    sales_edits: Edits, app: Callable[[str], ModuleType]
) -> None:
    # Given edited sales, which are cleared
    ingest_id = sales_edits.send(edited(exported(), change))["ingest_id"]
    clears = Clears(app("sales_clear_tasks"))
    clears.clear()
    # Then the edit is cleared with them, as its ingest says
    assert figures() == (0, Decimal(0), 0)
    assert service.read_ingest(TENANT, ingest_id)["cleared"]
    # When that is undone
    clears.undo()
    # Then the edited figures are back, and can be edited again
    assert figures() == AFTER
    assert not service.read_ingest(TENANT, ingest_id)["cleared"]
    again = sales_edits.send(edited(exported(), lambda sheet: put(sheet, row_of(sheet, category="B"), 2)))
    assert counts(again) == (4, 1, 0, 3)
    assert figures()[0] == AFTER[0] + 1


def test_an_edit_that_is_applied_again_after_a_clear_stays_cleared(
    sales_edits: Edits, app: Callable[[str], ModuleType]
) -> None:
    # Given an edit whose step commits and dies, and a clear before it is repeated
    key = sales_edits.put(edited(exported(), change))
    clears, real = Clears(app("sales_clear_tasks")), sales_edits.step

    def dying(task: str, **changes: Any) -> dict[str, Any]:
        outcome = real(task, **changes)
        if task == "apply":
            note = edit_work.note_key(TENANT, changes["ingest"]["ingest_id"], 0)
            sales_edits.s3.delete_object(Bucket=sales_edits.bucket, Key=note)
            clears.clear()
            outcome = real(task, **changes)
        return outcome

    sales_edits.step = dying  # type: ignore[method-assign]
    outcome = sales_edits.take(key)
    # Then its rows count as applied, as they were, and nothing comes back
    assert counts(outcome) == (4, 3, 0, 1)
    assert figures() == (0, Decimal(0), 0)
    assert service.read_ingest(TENANT, outcome["ingest_id"])["cleared"]


def test_rows_of_cleared_sales_are_gone(sold: Ingests, sales_edits: Edits) -> None:
    # Given an export, and a clear of one of its events
    file = edited(exported(), change)
    head = repository.head(TENANT, EID)
    repository.commit(TENANT, EID, head, {**head, "version": 99, "visible": {}, "kpi": {}, "categories": {}})
    # When it is sent
    outcome = sales_edits.send(file)
    # Then nothing comes back by editing
    assert counts(outcome) == (4, 0, 3, 1)
    assert {one["code"] for one in entries(outcome) if one["status"] == "rejected"} == {"row.gone"}
    assert figures() == (0, Decimal(0), 0)


def test_while_reports_keep_coming_the_edit_is_judged_by_what_is_there_then(
    sold: Ingests, sales_edits: Edits, month_items: Any
) -> None:
    # Given two reports that are committed just before the edit is: one adds to a row that the edit changes
    rows = iter([[DAY, "A", 3, 60.5], ["2026-05-01", "Z", 1, 1]])
    real = sources.commit

    def contended(tenant: str, eid: str, source: str, name: str) -> sources.Commit:
        row = next(rows, None)
        with pytest.MonkeyPatch.context() as calm:
            calm.setattr(sources, "commit", real)
            if row:
                sold.drop(workbook([HEADER, row]), f"{row[1]}.xlsx")
        return real(tenant, eid, source, name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "commit", contended)
        outcome = sales_edits.send(edited(exported(), change))
    # Then that row is refused, and the others are applied to what there is: 5 + 1 + 0 + 1 tickets
    assert counts(outcome) == (4, 2, 1, 1)
    assert figures()[:2] == (7, Decimal("202.00"))
    # and nothing is left of the attempts that lost
    head = repository.head(TENANT, EID)
    assert all(rules.is_visible(head, source, stage) for _, source, stage in month_items())


def test_an_edit_that_is_given_up_says_how_far_it_came(sales_edits: Edits, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given two events, the later of which never holds still
    def both(sheet: Any) -> None:
        put(sheet, row_of(sheet, event_id=EID, category="B"), 2)
        put(sheet, row_of(sheet, event_id=OTHER), 5)

    monkeypatch.setattr(edit_steps, "_ATTEMPTS", 2)
    file, real = edited(exported(), both), sources.commit
    monkeypatch.setattr(
        sources, "commit", lambda tenant, eid, *rest: sources.Commit(None) if eid == OTHER else real(tenant, eid, *rest)
    )
    key = sales_edits.put(file)
    outcome = sales_edits.take(key)
    # Then the ledger says so, and what was changed stays
    assert outcome["outcome"] == "FAILED"
    document = service.read_ingest(TENANT, outcome["ingest_id"])
    assert document["status"] == "FAILED"
    assert document["reason"] is not None
    assert "1 of 2 events" in document["reason"]["message"]
    assert (figures()[0], service.statistics(TENANT, OTHER)["tickets_sold"]) == (8, 3)
    # and taken up again, it is completed
    monkeypatch.setattr(sources, "commit", real)
    assert counts(sales_edits.take(key)) == (4, 2, 0, 2)
    assert (figures()[0], service.statistics(TENANT, OTHER)["tickets_sold"]) == (8, 5)


def test_two_edits_of_one_export_do_not_overwrite_each_other(sales_edits: Edits) -> None:
    # Given one export that two people edit
    export = exported()

    def to(tickets: int) -> bytes:
        return edited(export, lambda sheet: put(sheet, row_of(sheet, category="B"), tickets))

    first, second = sales_edits.send(to(5)), sales_edits.send(to(6))
    # Then the first counts, and the second is told
    assert (counts(first), counts(second)) == ((4, 1, 0, 3), (4, 0, 1, 3))
    assert figures()[0] == 11
    # and a new export can be edited again
    again = edited(exported(), lambda sheet: put(sheet, row_of(sheet, category="B"), 6))
    assert counts(sales_edits.send(again)) == (4, 1, 0, 3)
    assert figures()[0] == 12
