"""The routes of sales and insights, from the repository's sample events."""

import io
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from types import ModuleType
from typing import Any

import openpyxl
import pytest

from marquee import cursors
from marquee.sales import service
from marquee.sales.models import XLSX
from tests.support.api import call, sample, varied
from tests.support.ingest import EID, Ingests, register_event
from tests.support.workbooks import HEADER, workbook

ROUTES = [
    ("sales", "daily_revenue"),
    ("sales", "tickets"),
    ("sales", "list_ingests"),
    ("sales", "read_ingest"),
    ("sales", "rows"),
    ("sales", "rejected_workbook"),
    ("insights", "statistics"),
    ("insights", "sales_graph"),
]


@pytest.fixture
def ingests(aws: dict[str, str], app: Callable[[str], ModuleType]) -> Ingests:
    register_event()
    return Ingests(app("sales_ingest_tasks"), aws["Bucket"])


@pytest.fixture
def ingest_id(ingests: Ingests) -> str:
    """A taken report: two good rows in March, one bad."""
    rows = [[date(2026, 3, 1), "A", 2, 20.5], [date(2026, 3, 3), "B", 1, 9.5], ["x", "A", 1, 1]]
    return str(ingests.drop(workbook([HEADER, *rows]))["ingest_id"])


def ask(app: Any, group: str, name: str, ingest_id: str = "", **changes: Any) -> Any:
    event = sample(group, name)
    if ingest_id and "ingest_id" in (event["pathParameters"] or {}):
        event = varied(event, path={"ingest_id": ingest_id})
    return call(app(group), varied(event, **changes))


def test_every_sample_is_answered(app: Any, ingest_id: str) -> None:
    for group, name in ROUTES:
        assert ask(app, group, name, ingest_id).status == 200, name


def test_another_tenant_finds_nothing_and_the_answer_does_not_tell_why(app: Any, ingest_id: str) -> None:
    for group, name in ROUTES:
        theirs = ask(app, group, name, ingest_id, tenants=["borealis"])
        assert theirs.status == 404, name
        assert theirs.json["error_code"] in {"event.not_found", "ingest.not_found"}


def test_every_route_needs_its_scope(app: Any, ingest_id: str) -> None:
    for group, name in ROUTES:
        refused = ask(app, group, name, ingest_id, scope="hub.read")
        assert refused.status == 403, name
        assert ("sales.read" if group == "sales" else "main.read") in refused.json["detail"]


def test_days_and_totals(app: Any, ingest_id: str) -> None:
    answer = ask(app, "sales", "daily_revenue")
    assert answer.json == {
        "event_id": EID,
        "start_date": "2026-03-01",
        "end_date": "2026-03-31",
        "days": [
            {"date": "2026-03-01", "tickets": 2, "revenue": 20.5, "currency": "EUR", "estimated": False},
            {"date": "2026-03-03", "tickets": 1, "revenue": 9.5, "currency": "EUR", "estimated": False},
        ],
        "totals": [{"currency": "EUR", "tickets": 3, "revenue": 30.0}],
    }


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "event_id"),
        ({"event_id": [EID], "start_date": ["2026-03-02"], "end_date": ["2026-03-01"]}, "end_date"),
        ({"event_id": [EID], "start_date": ["yesterday"]}, "start_date"),
        ({"event_id": [EID], "currency": ["eur"]}, "currency"),
        ({"event_id": [EID], "colour": ["red"]}, "colour"),
    ],
)
def test_a_wrong_query_of_days_is_refused_by_name(app: Any, ingest_id: str, query: Any, field: str) -> None:
    answer = ask(app, "sales", "daily_revenue", query=query)
    assert answer.status == 400
    assert field in [violation["field"] for violation in answer.json["validation_errors"]]


def test_ticket_categories(app: Any, ingest_id: str) -> None:
    answer = ask(app, "sales", "tickets").json
    assert [(one["category"], one["sold"], one["revenue"]) for one in answer["categories"]] == [
        ("A", 2, 20.5),
        ("B", 1, 9.5),
    ]
    assert sum(one["share"] for one in answer["categories"]) == pytest.approx(1, abs=1e-5)


def test_statistics_have_every_documented_field(app: Any, ingest_id: str) -> None:
    answer = ask(app, "insights", "statistics").json
    assert answer.keys() >= {"revenue", "purchases", "spent", "roas", "currency", "campaigns", "active"}
    assert (answer["revenue"], answer["purchases"], answer["spent"], answer["roas"]) == (30.0, 2, 0, None)


def test_the_sales_graph_counts_towards_the_event(app: Any, ingest_id: str) -> None:
    sales = ask(app, "insights", "sales_graph").json["sales"]
    # From the first of March to the event on the twelfth of June (103 days) at most
    assert [point["norm_tickets_sold_current"] for point in sales[:3]] == [0.002, 0.002, 0.003]
    assert [point["mapped_date"] for point in sales[:3]] == [-103, -102, -101]
    assert sales[0].keys() >= {"mapped_date", "norm_tickets_sold_current", "norm_tickets_sold_avg", "date", "tickets"}


def test_ingests_are_listed_newest_first_in_pages(app: Any, ingests: Ingests, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given three files, a second apart
    taken = []
    for number in range(3):
        monkeypatch.setattr("marquee.clock.now", lambda at=number: datetime_of(at))
        taken.append(ingests.drop(workbook([HEADER, ["2026-03-01", "A", 1, number]]), f"{number}.xlsx")["ingest_id"])
    # When they are listed two by two
    first = ask(app, "sales", "list_ingests", query={"eid": [EID], "limit": ["2"]}).json
    rest = ask(app, "sales", "list_ingests", query={"eid": [EID], "cursor": [first["next_cursor"]]}).json
    assert [one["id"] for one in first["items"] + rest["items"]] == taken[::-1]
    assert rest["next_cursor"] is None


def datetime_of(second: int) -> datetime:
    return datetime(2026, 4, 1, 12, 0, second, tzinfo=UTC)


def test_a_foreign_cursor_is_refused(app: Any, ingest_id: str) -> None:
    answer = ask(app, "sales", "list_ingests", query={"eid": [EID], "cursor": ["abc"]})
    assert (answer.status, answer.json["error_code"]) == (400, "query.cursor")
    forged = cursors.encode("rows:rejected", "no number")
    answer = ask(app, "sales", "rows", ingest_id, query={"status": ["rejected"], "cursor": [forged]})
    assert (answer.status, answer.json["error_code"]) == (400, "query.cursor")


def test_the_row_ledger(app: Any, ingest_id: str) -> None:
    rejected = ask(app, "sales", "rows", ingest_id).json
    assert rejected["items"] == [
        {
            "status": "rejected",
            "sheet": "Sales",
            "row": 4,
            "last_row": 4,
            "column": "A",
            "header": "Date",
            "cell": "x",
            "code": "date.not_a_date",
            "message": "“x” is not a date. Write it like 31.12.2025 or 2025-12-31.",
            "further_reasons": [],
        }
    ]
    accepted = ask(app, "sales", "rows", ingest_id, query={"status": ["accepted"]}).json
    assert [(one["row"], one["last_row"]) for one in accepted["items"]] == [(2, 3)]
    wrong = ask(app, "sales", "rows", ingest_id, query={"status": ["lost"]})
    assert (wrong.status, wrong.json["validation_errors"][0]["field"]) == (400, "status")


def test_rejected_rows_are_downloaded_as_a_workbook(app: Any, ingest_id: str) -> None:
    answer = ask(app, "sales", "rejected_workbook", ingest_id)
    assert answer.headers["content-type"] == XLSX
    assert re.fullmatch(r'attachment; filename="ing_[\w-]+-rejected\.xlsx"', answer.headers["content-disposition"])
    assert openpyxl.load_workbook(io.BytesIO(answer.raw)).sheetnames == ["Sales"]


def test_a_large_workbook_is_downloaded_from_the_bucket(
    app: Any, ingest_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "_INLINE_BYTES", 100)
    answer = ask(app, "sales", "rejected_workbook", ingest_id)
    assert answer.status == 303
    assert f"/{ingest_id}/rejected.xlsx?" in answer.headers["location"]
    assert "Signature" in answer.headers["location"]


def test_without_rejected_rows_there_is_no_workbook(app: Any, ingests: Ingests) -> None:
    good = ingests.drop(workbook([HEADER, ["2026-03-01", "A", 1, 5]]))["ingest_id"]
    answer = ask(app, "sales", "rejected_workbook", good)
    assert (answer.status, answer.json["error_code"]) == (404, "ingest.no_rejected_rows")


def test_the_sales_api_does_not_import_the_parser() -> None:
    check = (
        "import sys; from local.openapi import load_app; load_app('sales'); load_app('insights');"
        "heavy = {'python_calamine', 'xlsxwriter', 'boto3', 'multipart', 'marquee.sales.workbooks.inspection'};"
        "sys.exit(bool(heavy & set(sys.modules)))"
    )
    environment = {"PYTHONPATH": "layers/core:.", "PATH": ""}
    assert subprocess.run([sys.executable, "-c", check], env=environment, check=False).returncode == 0
