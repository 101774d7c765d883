"""Clusters sent and downloaded as workbooks, over the routes."""

import base64
import io
from types import ModuleType
from typing import Any

import openpyxl
import pytest

from marquee.audience import service
from tests.support.api import Answer, call, sample, varied
from tests.support.audiences import TENANT, body
from tests.support.forms import file_form
from tests.support.hostile import CORPUS
from tests.support.workbooks import workbook

HEADER = ["Cluster ID", "Label", "Size", "Interests", "Currency", "Meta CPM", "Meta CTR", "Meta CVR"]
GOOD = ["indie-fans", "Indie", 1000, "concert", "EUR", 7.5, 0.012, 0.03]
BAD = ["families", "Families", "many", "family", "EUR", 7.5, 0.012, 3]


@pytest.fixture
def audience(aws: dict[str, str], app: Any) -> ModuleType:
    found: ModuleType = app("audience")
    return found


def upload(
    audience: ModuleType, content: bytes, query: dict[str, list[str]] | None = None, if_match: str = ""
) -> Answer:
    kind, form = file_form(content, "clusters.xlsx")
    event = varied(
        sample("audience", "upload_clusters"), headers={"Content-Type": kind, "If-Match": if_match}, query=query
    )
    event["body"] = base64.b64encode(form).decode()
    return call(audience, event)


def kept() -> dict[str, int]:
    return {one["tc"]: one["size"] for one in service.cluster_set(TENANT)["clusters"]}


def test_the_sample_workbook_in_german_is_taken(audience: ModuleType) -> None:
    answer = call(audience, sample("audience", "upload_clusters"))
    assert (answer.status, answer.headers["etag"]) == (200, '"1"')
    assert {name: answer.json[name] for name in ("rows", "added", "changed", "unchanged", "refused")} == {
        "rows": 2, "added": 2, "changed": 0, "unchanged": 0, "refused": [],
    }  # fmt: skip
    assert kept() == {"familien-am-wochenende": 310_000, "indie-fans": 120_000}
    costs = service.cluster_set(TENANT)["clusters"][0]["platforms"]["meta"]
    assert costs == {"cost_per_mille": 620, "click_rate": 0.008, "purchase_rate": 0.02, "minimum_spend": 0}


def test_clusters_that_a_workbook_does_not_name_stay(audience: ModuleType) -> None:
    call(audience, varied(sample("audience", "set_clusters"), body={"clusters": [body("a"), body("indie-fans")]}))
    answer = upload(audience, workbook([HEADER, GOOD, ["b", *GOOD[1:]]]))
    assert (answer.json["added"], answer.json["changed"], answer.json["version"]) == (1, 1, 2)
    assert kept() == {"a": 120_000, "b": 1000, "indie-fans": 1000}
    # and the same again changes nothing
    again = upload(audience, workbook([HEADER, GOOD, ["b", *GOOD[1:]]]))
    assert (again.json["unchanged"], again.json["version"]) == (2, 2)


def test_a_wrong_row_keeps_the_others_out_and_is_named_with_its_cells(audience: ModuleType) -> None:
    answer = upload(audience, workbook([HEADER, GOOD, BAD]))
    assert (answer.status, answer.json["error_code"]) == (422, "clusters.rows_refused")
    assert [(one["code"], one["field"]) for one in answer.json["validation_errors"]] == [
        ("size.not_a_number", "Sales!C3"),
        ("rate.out_of_range", "Sales!H3"),
    ]
    assert "Row 3, column C “Size”" in answer.json["validation_errors"][0]["message"]
    assert kept() == {}


def test_in_part_the_others_are_taken(audience: ModuleType) -> None:
    answer = upload(audience, workbook([HEADER, GOOD, BAD]), {"mode": ["partial"]})
    assert (answer.status, answer.json["rows"], answer.json["added"]) == (207, 2, 1)
    assert [(one["row"], one["column"], one["cell"]) for one in answer.json["refused"]] == [
        (3, "C", "many"),
        (3, "H", "3"),
    ]
    assert kept() == {"indie-fans": 1000}
    # but where none is right, nothing is a success
    nothing = upload(audience, workbook([HEADER, BAD]), {"mode": ["partial"]})
    assert (nothing.status, nothing.json["error_code"]) == (422, "clusters.rows_refused")


def test_a_workbook_made_from_what_somebody_else_changed_is_refused(audience: ModuleType) -> None:
    upload(audience, workbook([HEADER, GOOD]))
    stale = upload(audience, workbook([HEADER, ["b", *GOOD[1:]]]), if_match='"0"')
    assert stale.status == 412
    assert kept() == {"indie-fans": 1000}


def test_the_export_opens_as_texts_and_numbers_and_comes_back_unchanged(audience: ModuleType) -> None:
    # Given a label that a spreadsheet would take for a formula
    clusters = [body("a", label="=HYPERLINK(1)", interests=["indie", "café"]), body("b", currency="EUR")]
    call(audience, varied(sample("audience", "set_clusters"), body={"clusters": clusters}))
    answer = call(audience, sample("audience", "export_clusters"))
    assert (answer.status, answer.headers["content-disposition"][:31]) == (200, 'attachment; filename="clusters-')
    sheet = openpyxl.load_workbook(io.BytesIO(answer.raw)).worksheets[0]
    cells = [[cell.value for cell in row] for row in sheet.iter_rows(max_col=9)]
    assert cells[0][:6] == ["Cluster ID", "Label", "Size", "Interests", "Currency", "Meta CPM"]
    assert cells[1] == ["a", "=HYPERLINK(1)", 120_000, "indie; café", "EUR", 7.5, 0.012, 0.03, 0]
    assert sheet["B2"].data_type == "s"
    back = upload(audience, answer.raw)
    assert (back.json["unchanged"], back.json["version"]) == (2, 1)


def test_a_workbook_of_sales_and_a_file_that_is_none_are_refused(audience: ModuleType) -> None:
    sales = upload(audience, workbook([["Date", "Tickets", "Revenue"], ["2026-03-01", 1, 2]]))
    assert (sales.status, sales.json["error_code"]) == (422, "clusters.no_headings")
    text = upload(audience, b"label;size\nIndie;5")
    assert (text.status, text.json["error_code"]) == (422, "file.not_a_workbook")
    long = upload(audience, workbook([HEADER, *([GOOD] * 2_001)]))
    assert (long.status, long.json["error_code"]) == (422, "file.too_many_rows")


@pytest.mark.parametrize("name", ["corners.xlsx", "laughs_in_sheet.xlsx", "password.xlsx", "string_bomb.xlsx"])
def test_hostile_files_meet_the_same_guards_as_sales_reports(audience: ModuleType, name: str) -> None:
    make, code = CORPUS[name]
    answer = upload(audience, make())
    assert (answer.status, answer.json["error_code"]) == (422, code)
    assert kept() == {}
