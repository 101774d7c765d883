"""The export of all editable sales."""

import io
from collections.abc import Callable
from datetime import date
from types import ModuleType
from typing import Any

import boto3
import openpyxl
import pytest

from marquee.sales.edits import edit_export, edit_version
from marquee.sales.edits.edit_models import HEADINGS
from tests.support.api import Answer, call, sample, varied
from tests.support.ingest import DAY, EID, REGION, Ingests, register_event
from tests.support.workbooks import HEADER, workbook

OTHER = "evt_other-night"
CURRENCIES = (*HEADER, "Currency")


def ask(app: Any, query: dict[str, list[str]] | None = None, **changes: Any) -> Answer:
    return call(app("sales"), varied(sample("sales", "export_sales"), query=query or {}, **changes))


def rows_of(content: bytes) -> list[tuple[Any, ...]]:
    """The rows below the header, the version left out."""
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    header, *rows = sheet.iter_rows(values_only=True)
    assert header == HEADINGS
    return [(*row[:2], row[2].date(), *row[3:5], *row[6:]) for row in rows]


@pytest.fixture
def sold(ingests: Ingests) -> Ingests:
    """Two events: one with two reports that overlap in a day, one in two currencies."""
    ingests.drop(workbook([HEADER, [DAY, "=A", 2, 40.5], ["2026-04-10", "B", 1, 99.99]]), "one.xlsx")
    ingests.drop(workbook([HEADER, [DAY, "=A", 1, 20.25]]), "two.xlsx")
    register_event(eid=OTHER, title="A Night")
    other = [CURRENCIES, ["2026-03-05", "C", 3, 1500, "JPY"], ["2026-03-05", "C", -1, -9.5, "EUR"]]
    ingests.drop(workbook(other), "three.xlsx", eid=OTHER)
    return ingests


ALL = [
    (OTHER, "A Night", date(2026, 3, 5), "C", "EUR", -1, -9.5),
    (OTHER, "A Night", date(2026, 3, 5), "C", "JPY", 3, 1500),
    (EID, "Aurora Night", date(2026, 3, 1), "=A", "EUR", 3, 60.75),
    (EID, "Aurora Night", date(2026, 4, 10), "B", "EUR", 1, 99.99),
]


def test_every_day_category_and_currency_of_every_event_is_a_row(app: Any, sold: Ingests) -> None:
    # When everything is exported
    answer = ask(app)
    # Then the sums of all reports are there, by title; 2 + 1 tickets and 40.50 + 20.25 on the first day
    assert answer.status == 200
    assert answer.headers["content-disposition"].startswith('attachment; filename="sales-')
    assert rows_of(answer.raw) == ALL


def test_a_row_carries_what_it_said_at_export(app: Any, sold: Ingests) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(ask(app).raw)).worksheets[0]
    version = edit_version.read(sheet["F4"].value)
    assert version is not None
    assert version[1:] == (3, 6075)
    assert version.key == edit_version.keys_of("aurora", EID)("2026-03-01", "=A", "EUR")
    assert sheet.column_dimensions["F"].hidden
    # and the category that looks like a formula is a text
    assert (sheet["D4"].data_type, sheet["D4"].quotePrefix) == ("s", True)


FILTERS: list[tuple[dict[str, list[str]], list[Any]]] = [
    ({"event_id": [EID]}, ALL[2:]),
    ({"event_id": [EID, OTHER, EID]}, ALL),
    ({"currency": ["JPY"]}, ALL[1:2]),
    ({"start_date": ["2026-03-05"]}, [*ALL[:2], ALL[3]]),
    ({"end_date": ["2026-03-04"]}, ALL[2:3]),
    ({"start_date": ["2026-03-01"], "end_date": ["2026-03-01"], "currency": ["EUR"]}, ALL[2:3]),
    ({"currency": ["USD"]}, []),
    ({"start_date": ["2027-01-01"]}, []),
]


def test_filters_leave_rows_out(app: Any, sold: Ingests) -> None:
    for query, kept in FILTERS:
        assert rows_of(ask(app, query).raw) == kept, query


def test_without_sales_there_is_a_header_only(app: Any, ingests: Ingests) -> None:
    assert rows_of(ask(app).raw) == []
    assert rows_of(ask(app, {"event_id": [EID]}).raw) == []


def test_another_tenants_sales_are_not_there(app: Any, sold: Ingests) -> None:
    # When another tenant exports everything, and asks for an event by its id
    assert rows_of(ask(app, tenants=["borealis"]).raw) == []
    answer = ask(app, {"event_id": [EID]}, tenants=["borealis"])
    # Then nothing is found, as for an event that does not exist
    assert (answer.status, answer.json["error_code"]) == (404, "event.not_found")
    assert ask(app, {"event_id": ["evt_none"]}).json["error_code"] == "event.not_found"


WRONG: list[tuple[dict[str, list[str]], str]] = [
    ({"currency": ["eur"]}, "currency"),
    ({"start_date": ["2026-02-01"], "end_date": ["2026-01-01"]}, "end_date"),
    ({"start_date": ["yesterday"]}, "start_date"),
    ({"since": ["2026-01-01"]}, "since"),
    ({"event_id": [f"evt_{number:04}" for number in range(101)]}, "event_id"),
]


def test_a_wrong_filter_is_named(app: Any, sold: Ingests) -> None:
    for query, field in WRONG:
        answer = ask(app, query)
        assert answer.status == 400, query
        assert answer.json["validation_errors"][0]["field"] == field


def test_reading_takes_a_scope(app: Any, aws: dict[str, str]) -> None:
    assert ask(app, scope="main.read").status == 403


def test_too_many_rows_are_refused_with_the_filters_named(app: Any, sold: Ingests) -> None:
    for limit in ("MAX_ROWS", "MAX_EVENTS"):
        # Given a limit that the tenant's sales exceed
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(edit_export, limit, 1)
            # Then the answer says what to do, and one event alone fits where it has few rows
            answer = ask(app)
            assert (answer.status, answer.json["error_code"]) == (422, "export.too_large")
            assert all(name in answer.json["detail"] for name in ("event_id", "currency", "start_date", "end_date"))
            assert ask(app, {"event_id": [EID], "end_date": ["2026-03-31"]}).status == 200


def test_a_large_workbook_is_stored_and_pointed_at(
    app: Any, sold: Ingests, aws: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a workbook above what an answer can hold
    monkeypatch.setattr(edit_export, "_INLINE_BYTES", 100)
    # When it is asked for
    answer = ask(app)
    # Then the answer is a URL of an object that holds it, in the tenant's folder of exports
    assert answer.status == 303
    s3 = boto3.Session(region_name=REGION).client("s3")
    (stored,) = s3.list_objects_v2(Bucket=aws["Bucket"], Prefix="exports/")["Contents"]
    assert stored["Key"].startswith("exports/aurora/")
    assert stored["Key"] in answer.headers["location"]
    assert rows_of(s3.get_object(Bucket=aws["Bucket"], Key=stored["Key"])["Body"].read()) == ALL


def test_the_sums_of_the_export_are_those_of_the_statistics(app: Callable[[str], ModuleType], sold: Ingests) -> None:
    exported = [row for row in rows_of(ask(app).raw) if row[0] == EID]
    statistics = call(app("insights"), varied(sample("insights", "statistics"), path={"eid": EID})).json
    assert sum(row[5] for row in exported) == statistics["tickets_sold"]
    assert round(sum(row[6] for row in exported), 2) == statistics["revenue"]
