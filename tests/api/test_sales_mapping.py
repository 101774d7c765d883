"""The column mapping over its routes, and through the steps of sales_ingest."""

import io
import json
from types import ModuleType
from typing import Any

import boto3
import openpyxl
import pytest

from marquee.errors import Conflict
from marquee.preconditions import Precondition
from marquee.sales import repository, service
from marquee.sales.ingests import mapping_service
from marquee.sales.ingests.mapping_models import MappedColumns, NewColumnMapping
from tests.support.api import call, sample, varied
from tests.support.ingest import EID, REGION, TENANT, Ingests, counts, figures, register_event
from tests.support.reports import DAY, saved
from tests.support.workbooks import workbook

OWN = {"columns": {"date": ["Erfasst"], "tickets": ["Pers."], "revenue": ["Erlös (brutto)"]}, "ignore": ["Summe netto"]}
REPORT = workbook([["Erfasst", "Pers.", "Summe netto", "Erlös (brutto)"], [DAY, 2, 16.81, 20], ["x", 1, 8.4, 10]])


@pytest.fixture
def sales(aws: dict[str, str], app: Any) -> ModuleType:
    found: ModuleType = app("sales")
    return found


def read(sales: ModuleType, **changes: Any) -> Any:
    return call(sales, varied(sample("sales", "read_column_mapping"), **changes))


def put(sales: ModuleType, **changes: Any) -> Any:
    headers = {"Idempotency-Key": "", **changes.pop("headers", {})}
    return call(sales, varied(sample("sales", "set_column_mapping"), headers=headers, **changes))


def test_a_tenant_without_one_has_an_empty_mapping(sales: ModuleType) -> None:
    answer = read(sales)
    assert (answer.status, answer.headers["etag"]) == (200, '"0"')
    assert answer.json == {"columns": {}, "ignore": [], "version": 0, "updated_at": None}


def test_a_mapping_is_set_whole_and_belongs_to_its_tenant(sales: ModuleType, aws: dict[str, str]) -> None:
    # Given the repository's sample
    answer = put(sales)
    assert (answer.status, answer.headers["etag"]) == (200, '"1"')
    assert {name: answer.json[name] for name in ("columns", "ignore", "version")} == OWN | {"version": 1}
    # Then it is stored under the tenant, read by it, and by nobody else
    table = boto3.Session(region_name=REGION).resource("dynamodb").Table(aws["LedgerTable"])
    stored = table.get_item(Key={"pk": f"T#{TENANT}", "sk": "MAPPING"})["Item"]
    assert json.loads(stored["doc"]) == OWN
    assert read(sales).json == answer.json
    assert read(sales, tenants=["borealis"]).json["version"] == 0
    # and the next one replaces it, all of it
    after = put(sales, body={"columns": {"price": ["Einzel"]}})
    assert after.json["columns"] == {"price": ["Einzel"]}
    assert after.json["ignore"] == []


def test_the_same_mapping_again_changes_nothing_whatever_if_match_says(sales: ModuleType) -> None:
    first = put(sales)
    again = put(sales, headers={"If-Match": '"0"'})
    assert (again.status, again.json) == (200, first.json)


def test_an_edit_of_what_somebody_else_changed_is_refused(sales: ModuleType) -> None:
    put(sales)
    stale = put(sales, body={"columns": {}}, headers={"If-Match": '"0"'})
    assert (stale.status, stale.json["error_code"]) == (412, "precondition.stale")
    assert read(sales).json["columns"] == OWN["columns"]
    assert put(sales, body={"columns": {}}, headers={"If-Match": '"1"'}).status == 200


def test_an_idempotency_key_replays_the_first_answer(sales: ModuleType) -> None:
    # Given the sample with its key, and another mapping set in between
    first = call(sales, sample("sales", "set_column_mapping"))
    put(sales, body={"columns": {}})
    again = call(sales, sample("sales", "set_column_mapping"))
    assert again.json == first.json
    assert read(sales).json["version"] == 2


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({"columns": {"colour": ["x"]}}, 400, "body.invalid", "columns.colour"),
        ({"columns": {"date": "Tag"}}, 400, "body.invalid", "columns.date"),
        ({"columns": {"date": [""]}}, 400, "body.invalid", "columns.date.0"),
        ({"columns": {"date": ["x" * 101]}}, 400, "body.invalid", "columns.date.0"),
        ({"columns": {"date": [str(n) for n in range(51)]}}, 400, "body.invalid", "columns.date"),
        ({"columns": {"date": ["--"]}}, 422, "mapping.invalid", "columns.date.0"),
        ({"columns": {"date": ["Tag"], "revenue": ["TAG:"]}}, 422, "mapping.invalid", "columns.revenue.0"),
        ({"columns": {"date": ["Tag"]}, "ignore": ["Tag"]}, 422, "mapping.invalid", "ignore.0"),
        ({"fields": {}}, 400, "body.invalid", "fields"),
    ],
)
def test_a_mapping_that_means_nothing_is_refused_by_its_field(
    sales: ModuleType, body: dict[str, Any], status: int, code: str, field: str
) -> None:
    answer = put(sales, body=body)
    assert (answer.status, answer.json["error_code"]) == (status, code)
    assert field in [one["field"] for one in answer.json["validation_errors"]]
    assert read(sales).json["version"] == 0


def test_each_route_needs_its_scope(sales: ModuleType) -> None:
    refused = put(sales, scope="sales.read")
    assert (refused.status, "sales.write" in refused.json["detail"]) == (403, True)
    assert read(sales, scope="sales.write").status == 403


def test_of_writers_at_once_none_is_lost_unseen(aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    # Given somebody whose write comes between the reading and the writing of another
    put_mapping = repository.put_mapping
    others = [NewColumnMapping(columns=MappedColumns(date=["B"])), NewColumnMapping(columns=MappedColumns(date=["C"]))]

    def contended(*arguments: Any) -> bool:
        if others:
            monkeypatch.setattr(repository, "put_mapping", put_mapping)
            mapping_service.replace(TENANT, others.pop(0), Precondition())
            monkeypatch.setattr(repository, "put_mapping", contended)
        return put_mapping(*arguments)

    monkeypatch.setattr(repository, "put_mapping", contended)
    wanted = NewColumnMapping(columns=MappedColumns(date=["A"]))
    # When it is set after all, then on top of the others
    assert mapping_service.replace(TENANT, wanted, Precondition())["version"] == 3
    # And a writer that never gets through says so
    monkeypatch.setattr(repository, "put_mapping", lambda *_: False)
    with pytest.raises(Conflict, match="being changed by others"):
        mapping_service.replace(TENANT, NewColumnMapping(), Precondition())


def test_a_refused_report_is_taken_once_its_columns_are_mapped(
    aws: dict[str, str], app: Any, sales: ModuleType
) -> None:
    # Given a report whose headings say nothing
    register_event()
    ingests = Ingests(app("sales_ingest_tasks"), aws["Bucket"])
    refused = ingests.drop(REPORT)
    assert (refused["outcome"], refused["code"]) == ("REJECTED", "columns.missing")
    document = service.read_ingest(TENANT, refused["ingest_id"])
    assert document["reason"] is not None
    assert "PUT /ingest/column_mapping" in document["reason"]["message"]
    # When the mapping is set and the very same file dropped again
    assert put(sales).status == 200
    taken = ingests.drop(REPORT, "again.xlsx")
    # Then its rows are taken under the same ingest, whose document says by what
    assert taken["ingest_id"] == refused["ingest_id"]
    assert counts(taken) == (2, 1, 1, 0)
    assert figures()[0] == 2
    document = service.read_ingest(TENANT, taken["ingest_id"])
    assert (document["status"], document["reason"]) == ("COMMITTED", None)
    assert document["columns"][0]["columns"] == [
        {"field": "date", "column": "A", "header": "Erfasst", "by": "mapping"},
        {"field": "tickets", "column": "B", "header": "Pers.", "by": "mapping"},
        {"field": "revenue", "column": "D", "header": "Erlös (brutto)", "by": "mapping"},
    ]
    # and the row that was refused comes back under the same headings, and is taken once it is mended
    back = openpyxl.load_workbook(io.BytesIO(service.rejected_workbook(TENANT, taken["ingest_id"]).content or b""))
    back.worksheets[0]["A2"] = DAY
    assert counts(ingests.drop(saved(back), "mended.xlsx")) == (1, 1, 0, 0)
    mended = workbook([["Erfasst", "Pers.", "Summe netto", "Erlös (brutto)"], [DAY, 2, 16.81, 20], [DAY, 1, 8.4, 10]])
    assert counts(ingests.drop(mended, "whole.xlsx")) == (2, 0, 0, 2)
    # and a file that is taken already stays so, whatever the mapping says now
    put(sales, body={"columns": {"revenue": ["Summe netto"], "date": ["Erfasst"], "tickets": ["Pers."]}})
    assert ingests.drop(REPORT, "third.xlsx")["outcome"] == "UNCHANGED"
    assert document["file"] is not None
    assert EID in document["file"]["key"]
