"""Files through the steps of sales_ingest, with stored items, objects and readers' figures looked at."""

import io
from collections import Counter
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from types import ModuleType
from typing import Any

import openpyxl
import pytest

from marquee.demand import graph_service
from marquee.sales import repository, service
from marquee.sales.ingests import ledger
from marquee.sales.models import DailyRevenueQuery, IngestListQuery, RowQuery
from marquee.sales.workbooks import columns
from tests.support import books
from tests.support.api import sample
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
    register_event,
)
from tests.support.workbooks import HEADER, workbook


def test_a_report_becomes_visible_with_exact_figures(ingests: Ingests, items: Any) -> None:
    assert figures() == NOTHING
    outcome = ingests.drop(REPORT)
    assert counts(outcome) == (4, 4, 0, 0)
    assert figures() == ALL
    # Two months, so two items beside the head: not more than the three groups of day and category
    assert outcome["items"] == 2
    assert len(items()) == 3
    categories = service.ticket_categories(TENANT, EID)["categories"]
    assert [(one["category"], one["sold"], one["revenue"]) for one in categories] == [("A", 3, 60.75), ("B", 1, 99.99)]
    graph = graph_service.read(TENANT, EID)["sales"]
    assert (graph[0]["mapped_date"], graph[0]["norm_tickets_sold_current"]) == (-103, 0.004)
    assert service.statistics(TENANT, EID)["purchases"] == 2


def test_the_file_is_tagged_and_kept(ingests: Ingests) -> None:
    key = ingests.put(REPORT)
    ingests.s3.put_object_tagging(Bucket=ingests.bucket, Key=key, Tagging={"TagSet": [{"Key": "mine", "Value": "1"}]})
    outcome = ingests.take(key)
    tags = ingests.s3.get_object_tagging(Bucket=ingests.bucket, Key=key)["TagSet"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {
        "mine": "1",
        "marquee-ingest": "COMMITTED",
        "marquee-ingest-id": outcome["ingest_id"],
    }


def test_the_event_of_a_drop_names_the_file(ingests: Ingests) -> None:
    # Given what the bucket tells EventBridge, from which the machine takes bucket and key
    dropped = sample("sales_ingest_tasks", "drop")["detail"]
    assert ingests.put(REPORT) == dropped["object"]["key"]
    outcome = ingests.step("register", bucket=ingests.bucket, key=dropped["object"]["key"])
    assert (outcome["outcome"], outcome["ingest"]["eid"]) == ("REGISTERED", EID)


def test_the_same_file_again_writes_nothing(ingests: Ingests, items: Any) -> None:
    # Given a report that was taken
    first = ingests.drop(REPORT)
    before, ledger_before = items(), service.read_ingest(TENANT, first["ingest_id"])
    # When the same bytes are dropped under another name
    outcome = ingests.drop(REPORT, "again.xlsx")
    # Then nothing changes, not even the ledger
    assert outcome["outcome"] == "UNCHANGED"
    assert items() == before
    assert service.read_ingest(TENANT, first["ingest_id"]) == ledger_before
    assert len(service.list_ingests(TENANT, IngestListQuery(eid=EID))["items"]) == 1


def test_the_same_rows_in_another_file_are_duplicates_and_write_no_item(ingests: Ingests, items: Any) -> None:
    ingests.drop(REPORT)
    before = items()
    outcome = ingests.drop(workbook([["Report"], [], HEADER, *reversed(ROWS)]), "other.xlsx")
    assert counts(outcome) == (4, 0, 0, 4)
    assert outcome["items"] == 0
    assert items() == before


def test_a_growing_report_adds_only_its_new_rows(ingests: Ingests) -> None:
    # Given the first three rows, then all four and two more of the first
    ingests.drop(workbook([HEADER, *ROWS[:3]]))
    outcome = ingests.drop(workbook([HEADER, *ROWS, ROWS[0], ROWS[0]]), "later.xlsx")
    # Then three are known, and the others are added: 160.74 + 2 x 40.50
    assert counts(outcome) == (6, 3, 0, 3)
    assert figures() == (8, Decimal("241.74"), 3)


def test_bad_rows_come_back_with_reasons_and_mended_add_what_was_missing(ingests: Ingests) -> None:
    # Given a report with good rows, and bad ones in between
    bad: list[list[object]] = [["soon", "A", 1, 10.0, "o3"], [DAY, "=HYPERLINK(1)", "two", 9.999, "o4"]]
    header = (*HEADER, "Order")
    rows = [[*ROWS[0], "o1"], bad[0], [*ROWS[1], "o2"], bad[1]]
    outcome = ingests.drop(workbook([["Season report"], header, *rows]))
    assert counts(outcome) == (4, 2, 2, 0)
    # When the rejected rows are downloaded
    entries = service.ledger_rows(TENANT, outcome["ingest_id"], RowQuery(status="rejected"))["items"]
    assert [(one["row"], one["column"], one["header"], one["cell"], one["code"]) for one in entries] == [
        (4, "A", "Date", "soon", "date.not_a_date"),
        (6, "C", "Tickets", "two", "tickets.not_a_number"),
    ]
    assert [one["code"] for one in entries[1]["further_reasons"]] == ["revenue.too_many_decimals"]
    content = service.rejected_workbook(TENANT, outcome["ingest_id"]).content
    assert content is not None
    book = openpyxl.load_workbook(io.BytesIO(content))
    lines = [[cell.value for cell in line] for line in book["Sales"].iter_rows()]
    # Then they are as they were, texts inert, with the reasons and the row beside them
    assert lines[0] == [*header, columns.REASON_HEADER, columns.ROW_HEADER]
    assert lines[1][:5] == bad[0]
    assert lines[2][1] == "=HYPERLINK(1)"
    assert book["Sales"]["B3"].data_type == "s"
    assert book["Sales"]["B3"].quotePrefix
    assert "“two” is not a number of tickets." in lines[2][5]
    assert [line[6] for line in lines[1:]] == [4, 6]
    # And when they are mended there and dropped, they are taken
    book["Sales"]["A2"] = DAY
    book["Sales"]["C3"], book["Sales"]["D3"] = 2, 10
    mended = io.BytesIO()
    book.save(mended)
    assert counts(ingests.drop(mended.getvalue(), "mended.xlsx")) == (2, 2, 0, 0)
    # so that the whole report, mended too, adds nothing
    rows[1], rows[3] = [DAY, "A", 1, 10.0, "o3"], [DAY, "=HYPERLINK(1)", 2, 10.0, "o4"]
    assert counts(ingests.drop(workbook([["Season report"], header, *rows]), "whole.xlsx")) == (4, 0, 0, 4)
    assert figures() == (7, Decimal("101.00"), 1)


def test_the_ledger_document_says_what_was_found(ingests: Ingests) -> None:
    outcome = ingests.drop(
        workbook({"März": [["Titel"], ["Datum", "Anzahl", "Umsatz (€)"], [DAY, 1, 5], ["Summe", 1, 5]]})
    )
    document = service.read_ingest(TENANT, outcome["ingest_id"])
    assert document["status"] == "COMMITTED"
    assert document["file"] is not None
    assert document["file"]["name"] == "report.xlsx"
    assert str(document["execution"]).startswith("/executions/exe_sales_ingest.")
    assert document["totals"] == [{"currency": "EUR", "tickets": 1, "revenue": 5.0}]
    assert document["columns"] == [
        {
            "sheet": "März",
            "header_row": 2,
            "columns": [
                {"field": "date", "column": "A", "header": "Datum", "by": "guess"},
                {"field": "tickets", "column": "B", "header": "Anzahl", "by": "guess"},
                {"field": "revenue", "column": "C", "header": "Umsatz (€)", "by": "guess"},
            ],
            "date_order": "day_first",
            "rows": 1,
            "skipped": {"totals": 1},
        }
    ]


def test_sales_of_several_currencies_are_never_added_up(ingests: Ingests) -> None:
    ingests.drop(workbook([(*HEADER, "Currency"), [DAY, "A", 1, 10.5, "EUR"], [DAY, "A", 1, 3000, "JPY"]]))
    statistics = service.statistics(TENANT, EID)
    assert (statistics["revenue"], statistics["tickets_sold"]) == (10.5, 2)
    assert [(one["currency"], one["revenue"]) for one in statistics["by_currency"]] == [("EUR", 10.5), ("JPY", 3000)]
    only = service.daily_revenue(TENANT, DailyRevenueQuery(event_id=EID, currency="JPY"))
    assert only["totals"] == [{"currency": "JPY", "tickets": 1, "revenue": 3000}]


def test_a_span_of_days_reads_only_its_months(ingests: Ingests) -> None:
    ingests.drop(REPORT)
    query = DailyRevenueQuery(event_id=EID, start_date=date(2026, 3, 2), end_date=date(2026, 4, 9))
    assert [day["date"] for day in service.daily_revenue(TENANT, query)["days"]] == ["2026-03-02"]
    head = repository.head(TENANT, EID)
    months = {row["day"][:7] for _, row in repository.day_rows(TENANT, EID, head, date(2026, 4, 1), date(2026, 5, 1))}
    assert months == {"2026-04"}


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"date;tickets", "file.not_a_workbook", "not an Excel workbook"),
        (workbook([]), "file.no_content", "no rows"),
        (workbook([HEADER]), "file.no_rows", "no rows below"),
        (workbook([["Name", "Phone"], ["Ada", 1]]), "columns.missing", "“Name”, “Phone”"),
        (workbook([["Datum", "Anzahl"], [DAY, 1]]), "columns.missing", "No column was found for revenue"),
        (workbook([[1, 2], [3, 4]]), "columns.missing", "No header row was found"),
        (
            books.compound({"EncryptedPackage": bytes(5000)}),
            "file.password_protected",
            "password",
        ),
    ],
)
def test_a_file_that_is_no_report_ends_rejected_and_is_kept(
    ingests: Ingests, content: bytes, code: str, words: str
) -> None:
    key = ingests.put(content)
    outcome = ingests.take(key)
    assert (outcome["outcome"], outcome["code"]) == ("REJECTED", code)
    document = service.read_ingest(TENANT, outcome["ingest_id"])
    assert document["status"] == "REJECTED"
    assert document["reason"] == {"code": code, "message": outcome["message"]}
    assert words in outcome["message"]
    assert counts(dict(document)) == (0, 0, 0, 0)
    assert ingests.s3.get_object(Bucket=ingests.bucket, Key=key)["Body"].read() == content
    tags = ingests.s3.get_object_tagging(Bucket=ingests.bucket, Key=key)["TagSet"]
    assert {"Key": "marquee-reason", "Value": code} in tags
    assert figures() == NOTHING


def test_a_report_for_an_event_that_is_not_the_tenants_is_rejected(ingests: Ingests) -> None:
    outcome = ingests.drop(REPORT, eid="evt_of-somebody-else")
    assert (outcome["outcome"], outcome["code"]) == ("REJECTED", "event.unknown")
    # and once the event is there, the same file is taken
    register_event(eid="evt_of-somebody-else")
    assert ingests.drop(REPORT, eid="evt_of-somebody-else")["outcome"] == "COMMITTED"


def test_objects_that_are_no_drop_are_left_alone(ingests: Ingests) -> None:
    for key in ("sales/readme.txt", "sales/aurora/evt/", "sales/aurora/evt/gone.xlsx"):
        if "gone" not in key:
            ingests.s3.put_object(Bucket=ingests.bucket, Key=key, Body=b"x")
        assert ingests.step("register", bucket=ingests.bucket, key=key)["outcome"] == "IGNORED"


def test_a_file_replaced_while_it_is_read_is_not_mixed_up(ingests: Ingests) -> None:
    # Given a file that is replaced between two steps
    def replace(task: str) -> None:
        if task == "parse":
            ingests.put(workbook([HEADER, *ROWS[:1]]))

    ingests.before = replace
    outcome = ingests.drop(REPORT)
    # Then the first ingest takes nothing, and the replacement's own takes it
    assert (outcome["outcome"], outcome["code"]) == ("REJECTED", "file.replaced")
    ingests.before = lambda _: None
    assert counts(ingests.take(f"sales/{TENANT}/{EID}/report.xlsx")) == (1, 1, 0, 0)


def test_too_many_categories_are_refused_rather_than_filling_the_head(ingests: Ingests) -> None:
    rows = [[DAY, f"Seat {number}", 1, 10] for number in range(1001)]
    outcome = ingests.drop(workbook([HEADER, *rows]))
    assert (outcome["outcome"], outcome["code"]) == ("REJECTED", "file.too_many_categories")
    assert figures() == NOTHING


def test_a_long_ledger_is_read_in_pages(ingests: Ingests, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given 25 rejected rows between good ones, and chunks of four
    monkeypatch.setattr(ledger, "CHUNK_ENTRIES", 4)
    rows = [[DAY, "A", 1 if number % 2 else "x", 5] for number in range(50)]
    outcome = ingests.drop(workbook([HEADER, *rows]))
    # When the ledger is read seven entries at a time
    seen, cursor = [], None
    while True:
        page = service.ledger_rows(TENANT, outcome["ingest_id"], RowQuery(limit=7, cursor=cursor))
        seen += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    # Then every row has its fate once
    assert page["total"] == len(seen) == 50
    assert Counter(one["status"] for one in seen) == {"rejected": 25, "accepted": 25}
    assert sorted(one["row"] for one in seen) == list(range(2, 52))


def test_an_unknown_task_is_an_error(app: Callable[[str], ModuleType]) -> None:
    with pytest.raises(ValueError, match="no such task"):
        app("sales_ingest_tasks").handler({"task": "dance"}, None)
