"""An edited export on its way back, through the machine's steps."""

import io
from collections.abc import Callable
from decimal import Decimal
from types import ModuleType
from typing import Any

import openpyxl
import pytest

from marquee.sales import repository, rules, service
from marquee.sales.edits import edit_steps, edits
from marquee.sales.models import IngestListQuery, RowQuery
from tests.support.editing import BEFORE, OTHER, Edits, edited, exported, put, row_of, two_events_sold
from tests.support.ingest import DAY, EID, TENANT, Ingests, counts, figures
from tests.support.office import typed
from tests.support.workbooks import HEADER, workbook


@pytest.fixture
def sold(ingests: Ingests) -> Ingests:
    """Two events with sales."""
    return two_events_sold(ingests)


@pytest.fixture
def sales_edits(sold: Ingests, app: Callable[[str], ModuleType]) -> Edits:
    return Edits(app("sales_edit_tasks"), sold.bucket)


def entries(outcome: dict[str, Any]) -> list[dict[str, Any]]:
    return [dict(one) for one in service.ledger_rows(TENANT, outcome["ingest_id"], RowQuery())["items"]]


def statuses(outcome: dict[str, Any]) -> list[tuple[str, int, int, str | None]]:
    return [(one["status"], one["row"], one["last_row"], one["code"]) for one in entries(outcome)]


def change(sheet: Any) -> None:
    """One ticket more in one row (2 -> 3, 40.50 -> 60.75), another row's revenue, one row to nothing."""
    put(sheet, row_of(sheet, event_id=EID, category="A", tickets=2), 3, 60.75)
    put(sheet, row_of(sheet, event_id=EID, category="B"), revenue=100)
    put(sheet, row_of(sheet, event_id=EID, tickets=4), 0, 0)


# 3 + 1 + 0 tickets, 60.75 + 100.00
AFTER = (4, Decimal("160.75"), 3)


def test_changed_rows_are_applied_and_the_others_are_unchanged(sales_edits: Edits) -> None:
    # Given an export in which three of four rows were edited
    outcome = sales_edits.send(edited(exported(), change))
    # Then these are accepted, the other is a duplicate, and every figure follows
    assert (outcome["outcome"], counts(outcome)) == ("COMMITTED", (4, 3, 0, 1))
    assert figures() == AFTER
    categories = {one["category"]: one["sold"] for one in service.ticket_categories(TENANT, EID)["categories"]}
    assert categories == {"A": 3, "B": 1}
    # and the ledger says which rows, as the spreadsheet numbers them
    assert statuses(outcome) == [("duplicate", 5, 5, None), ("accepted", 2, 4, None)]


def test_an_untouched_export_changes_nothing_and_writes_no_figures(sales_edits: Edits) -> None:
    heads = [repository.head(TENANT, eid) for eid in (EID, OTHER)]
    outcome = sales_edits.send(exported())
    assert counts(outcome) == (4, 0, 0, 4)
    assert [repository.head(TENANT, eid) for eid in (EID, OTHER)] == heads


def test_an_export_that_a_spreadsheet_program_saved_in_its_own_format_is_read_like_any(sales_edits: Edits) -> None:
    # Given an export that LibreOffice opened, with three cells typed over, and saved as its own kind of file
    saved = typed(exported(), {"G2": 3, "H2": 60.75, "H3": 100}, kind="ods")
    # When it is sent
    outcome = sales_edits.send(saved, "sales.ods")
    # Then just the two rows of these cells are changed: 3 + 1 + 4 tickets, 60.75 + 100.00 + 81.00
    assert counts(outcome) == (4, 2, 0, 2)
    assert figures()[:2] == (8, Decimal("241.75"))


def test_purchases_and_days_of_sale_stay_as_reported(sales_edits: Edits) -> None:
    before = service.statistics(TENANT, EID)
    sales_edits.send(edited(exported(), change))
    after = service.statistics(TENANT, EID)
    assert all(after[name] == before[name] for name in ("purchases", "first_sale", "last_sale"))


def test_several_events_are_changed_by_one_file_which_is_listed_under_each(sales_edits: Edits) -> None:
    # Given a file that changes two events
    def both(sheet: Any) -> None:
        put(sheet, row_of(sheet, event_id=EID, category="B"), 2, 199.98)
        put(sheet, row_of(sheet, event_id=OTHER), 5, 50)

    outcome = sales_edits.send(edited(exported(), both))
    # Then both are changed
    assert counts(outcome) == (4, 2, 0, 2)
    assert figures()[:2] == (8, Decimal("321.48"))
    assert service.statistics(TENANT, OTHER)["revenue"] == 50
    # and the ingest is listed under both, though it is of neither alone
    document = service.read_ingest(TENANT, outcome["ingest_id"])
    assert (document["eid"], document["kind"], document["status"]) == (None, "edit", "COMMITTED")
    # 99.99 and 20.00 more
    assert document["totals"] == [{"currency": "EUR", "tickets": 3, "revenue": 119.99}]
    for eid in (EID, OTHER):
        (listed,) = (
            one for one in service.list_ingests(TENANT, IngestListQuery(eid=eid))["items"] if one["kind"] == "edit"
        )
        assert {**listed, "eid": None} == document
        assert listed["eid"] == eid
    assert str(document["execution"]).startswith("/executions/exe_sales_edit.")


def test_rows_may_be_sorted_and_deleted_and_columns_moved(sales_edits: Edits) -> None:
    # Given an export whose rows stand in another order, one of them deleted
    def shuffle(sheet: Any) -> None:
        put(sheet, row_of(sheet, event_id=EID, category="B"), 2)
        rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
        sheet.delete_rows(2, len(rows))
        for row in [rows[2], rows[0], rows[1]]:
            sheet.append(row)
        sheet.move_range("G1:H4", cols=3)

    outcome = sales_edits.send(edited(exported(), shuffle))
    # Then the edited row is the right one, and the deleted row stays as it was
    assert counts(outcome) == (3, 1, 0, 2)
    assert figures()[:2] == (8, Decimal("221.49"))


def test_a_row_that_was_changed_meanwhile_is_reported_and_not_overwritten(sold: Ingests, sales_edits: Edits) -> None:
    # Given an export, and a report that adds to one of its rows afterwards
    file = edited(exported(), change)
    sold.drop(workbook([HEADER, [DAY, "A", 3, 60.5]]), "late.xlsx")
    # When the edited export is sent
    outcome = sales_edits.send(file)
    # Then the other rows are applied, and that one is refused with what it said, says, and was to say
    assert counts(outcome) == (4, 2, 1, 1)
    (refused,) = (one for one in entries(outcome) if one["status"] == "rejected")
    assert (refused["row"], refused["code"]) == (2, "row.changed_meanwhile")
    for said in ("2 tickets and 40.50 EUR", "5 tickets and 101.00 EUR now", "3 tickets and 60.75 EUR"):
        assert said in refused["message"]
    # 5 + 1 + 0 tickets, 101.00 + 100.00
    assert figures()[:2] == (6, Decimal("201.00"))


def test_an_edit_that_says_what_others_wrote_meanwhile_is_unchanged(sold: Ingests, sales_edits: Edits) -> None:
    file = edited(exported(), lambda sheet: put(sheet, row_of(sheet, category="A", tickets=2), 3, 60.75))
    sold.drop(workbook([HEADER, [DAY, "A", 1, 20.25]]), "late.xlsx")
    outcome = sales_edits.send(file)
    assert counts(outcome) == (4, 0, 0, 4)


def test_the_same_file_sent_again_finds_everything_done(sales_edits: Edits) -> None:
    file = edited(exported(), change)
    first = sales_edits.send(file)
    # When it is sent again, as a new upload
    again = sales_edits.send(file)
    # Then its rows say already what they were to say
    assert (counts(again), again["ingest_id"] == first["ingest_id"]) == ((4, 0, 0, 4), False)
    assert figures() == AFTER


def test_an_upload_that_is_announced_twice_is_applied_once(sales_edits: Edits) -> None:
    key = sales_edits.put(edited(exported(), change))
    sales_edits.take(key)
    assert sales_edits.take(key)["outcome"] == "UNCHANGED"
    assert figures() == AFTER


def test_refused_rows_come_back_in_a_workbook_that_can_be_mended(sales_edits: Edits) -> None:
    # Given an export in which two rows hold no numbers, one a wrong category, and one is right
    def spoil(sheet: Any) -> None:
        put(sheet, row_of(sheet, category="B"), "two", 199.98)
        put(sheet, row_of(sheet, tickets=4), 5, "a lot")
        put(sheet, row_of(sheet, event_id=OTHER), 4, 40)
        sheet.cell(row_of(sheet, tickets=2), 4).value = "@A"

    outcome = sales_edits.send(edited(exported(), spoil))
    assert counts(outcome) == (4, 1, 3, 0)
    refused = {one["row"]: one for one in entries(outcome) if one["status"] == "rejected"}
    assert [(row, one["column"], one["header"], one["cell"], one["code"]) for row, one in refused.items()] == [
        (2, None, None, None, "row.key_changed"),
        (3, "G", "Tickets", "two", "tickets.not_a_number"),
        (4, "H", "Revenue", "a lot", "revenue.not_a_number"),
    ]
    # When the returned workbook is mended
    returned = service.rejected_workbook(TENANT, outcome["ingest_id"]).content
    assert returned is not None
    sheet = openpyxl.load_workbook(io.BytesIO(returned)).worksheets[0]
    assert [sheet.cell(row, 10).value for row in (2, 3, 4)] == [2, 3, 4]
    assert (sheet["D2"].value, sheet["D2"].data_type) == ("@A", "s")
    assert "is not a number of tickets" in str(sheet["I3"].value)

    def mend(sheet: Any) -> None:
        sheet["D2"].value = "A"
        sheet["G3"].value = 2
        sheet["H4"].value = "100,00"

    again = sales_edits.send(edited(returned, mend))
    # Then just the rows that were missing are applied: 2 + 2 + 5 tickets, 40.50 + 199.98 + 100.00
    assert counts(again) == (3, 2, 0, 1)
    assert figures()[:2] == (9, Decimal("340.48"))


def test_a_file_that_is_no_export_is_refused_whole(sales_edits: Edits) -> None:
    refused = {
        "file.not_a_workbook": b"nothing of the kind",
        "file.empty": b"",
        "edit.not_an_export": workbook([HEADER, [DAY, "A", 1, 1]]),
    }
    for code, content in refused.items():
        key = sales_edits.put(content)
        outcome = sales_edits.take(key)
        assert (outcome["outcome"], outcome["code"]) == ("REJECTED", code)
        document = service.read_ingest(TENANT, outcome["ingest_id"])
        assert (document["status"], document["eid"], document["rows"]) == ("REJECTED", None, 0)
        assert document["reason"] is not None
        tags = sales_edits.s3.get_object_tagging(Bucket=sales_edits.bucket, Key=key)["TagSet"]
        assert {"Key": "marquee-ingest", "Value": "REJECTED"} in tags
    assert figures() == BEFORE


def test_an_object_elsewhere_is_none_of_ours_and_one_that_is_gone_is_ignored(sales_edits: Edits) -> None:
    for key in ("edits/aurora/sales.xlsx", "sales/aurora/evt_1/sales.xlsx", "edits/aurora/upl_1/"):
        sales_edits.s3.put_object(Bucket=sales_edits.bucket, Key=key, Body=b"x")
        assert sales_edits.take(key)["code"] == "drop.no_place"
    assert sales_edits.take(f"edits/{TENANT}/upl_1/gone.xlsx")["code"] == "drop.gone"


def test_an_export_of_another_tenant_changes_nothing(sales_edits: Edits) -> None:
    # Given an edited export of one tenant that another sends, who has no such event
    key = sales_edits.put(edited(exported(), change), tenant="borealis")
    outcome = sales_edits.take(key)
    # Then its rows are none of theirs
    assert counts(outcome) == (4, 0, 4, 0)
    assert figures() == BEFORE
    found = service.ledger_rows("borealis", outcome["ingest_id"], RowQuery())["items"]
    assert {one["code"] for one in found} == {"row.key_changed"}


def test_an_event_that_can_hold_no_more_edits_says_so(sales_edits: Edits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MAX_HEAD_BYTES", 100)
    outcome = sales_edits.send(edited(exported(), change))
    assert counts(outcome) == (4, 0, 3, 1)
    assert {one["code"] for one in entries(outcome)} == {"event.too_many_sources", None}
    assert figures() == BEFORE


def test_time_that_is_up_is_no_loss(sales_edits: Edits, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a step that has time for one event
    monkeypatch.setattr(edit_steps, "APPLY_SECONDS", -1)

    def both(sheet: Any) -> None:
        put(sheet, row_of(sheet, event_id=EID, category="B"), 2)
        put(sheet, row_of(sheet, event_id=OTHER), 5)

    steps: list[str] = []
    sales_edits.before = steps.append
    outcome = sales_edits.send(edited(exported(), both))
    # Then the next step goes on with the next
    assert steps.count("apply") == 2
    assert counts(outcome) == (4, 2, 0, 2)


def test_limits_are_told(sales_edits: Edits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edits, "MAX_ROWS", 3)
    outcome = sales_edits.send(exported())
    assert (outcome["outcome"], outcome["code"]) == ("REJECTED", "file.too_many_rows")
