"""Sending an edited export over HTTP: what is stored, what is started, what is refused."""

import base64
import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import boto3
import pytest

from marquee.executions import rules as execution_rules
from marquee.forms import MAX_FILE_BYTES
from marquee.sales import execution_service, service
from marquee.settings import settings
from tests.support.api import Answer, call, sample, varied
from tests.support.editing import Edits, edited, exported, put, row_of
from tests.support.forms import file_form, form
from tests.support.ingest import DAY, EID, REGION, TENANT, Ingests, counts, figures
from tests.support.workbooks import HEADER, workbook


@pytest.fixture
def sales(ingests: Ingests, app: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The API's function, an event with sales, and a machine that only keeps what is started."""
    ingests.drop(workbook([HEADER, [DAY, "A", 2, 40.5]]))
    client = boto3.Session(region_name=REGION).client("stepfunctions")
    definition = '{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}'
    role = "arn:aws:iam::123456789012:role/x"
    arn = client.create_state_machine(name="sales_edit", definition=definition, roleArn=role)["stateMachineArn"]
    monkeypatch.setenv("MACHINE_SALES_EDIT", arn)
    settings.cache_clear()
    return app("sales")


def send(app: ModuleType, content_type: str, body: bytes, **changes: Any) -> Answer:
    event = sample("sales", "apply_edited_export") | {"body": base64.b64encode(body).decode()}
    headers = {"Content-Type": content_type, **changes.pop("headers", {})}
    return call(app, varied(event, headers=headers, **changes))


def started() -> list[dict[str, Any]]:
    client = boto3.Session(region_name=REGION).client("stepfunctions")
    found = client.list_executions(stateMachineArn=settings().machine("sales_edit"))["executions"]
    return [json.loads(client.describe_execution(executionArn=one["executionArn"])["input"]) for one in found]


def stored(ingests: Ingests) -> list[str]:
    answer = ingests.s3.list_objects_v2(Bucket=ingests.bucket, Prefix="edit_uploads/")
    return [one["Key"] for one in answer.get("Contents", [])]


def more_tickets() -> bytes:
    return edited(exported(), lambda sheet: put(sheet, row_of(sheet, category="A"), 3, 60.75))


def test_a_sent_file_is_stored_and_its_changes_are_applied(
    sales: ModuleType, ingests: Ingests, app: Callable[[str], ModuleType]
) -> None:
    # When the sample is sent with an edited export
    answer = send(sales, *file_form(more_tickets(), "sales.xlsx"))
    # Then its execution is answered
    assert answer.status == 202, answer.raw
    assert answer.headers["location"] == f"/executions/{answer.json['id']}"
    assert (answer.json["workflow"], answer.json["subject"]["file"]) == ("sales_edit", "sales.xlsx")
    # and the machine is told where it is stored, and takes it
    (key,) = stored(ingests)
    place = {"bucket": {"name": ingests.bucket}, "object": {"key": key}}
    assert started() == [{"tenant": TENANT, "detail": place}]
    assert counts(Edits(app("sales_edit_tasks"), ingests.bucket).take(key)) == (1, 1, 0, 0)
    assert figures()[0] == 3


def test_the_sample_is_taken(sales: ModuleType, ingests: Ingests) -> None:
    assert call(sales, sample("sales", "apply_edited_export")).status == 202
    assert stored(ingests)[0].endswith("/sales.xlsx")


def test_a_repetition_under_its_key_is_the_same_upload_and_execution(sales: ModuleType, ingests: Ingests) -> None:
    file = more_tickets()
    key = {"Idempotency-Key": "edit-0001"}
    first, again = (send(sales, *file_form(file), headers=key) for _ in range(2))
    assert (first.status, again.status, again.json) == (202, 202, first.json)
    assert len(stored(ingests)) == len(started()) == 1
    # Without a key each is a wish of its own
    send(sales, *file_form(file))
    send(sales, *file_form(file))
    assert len(stored(ingests)) == len(started()) == 3


def test_what_is_no_file_is_refused(sales: ModuleType, ingests: Ingests) -> None:
    refused = [
        (form([("other", "sales.xlsx", b"x")]), 400, "form.invalid"),
        (file_form(b""), 400, "form.invalid"),
        (("application/json", b"{}"), 415, "body.media_type"),
        (file_form(bytes(MAX_FILE_BYTES + 1)), 413, "file.too_large"),
    ]
    for body, status, code in refused:
        answer = send(sales, *body)
        assert (answer.status, answer.json["error_code"]) == (status, code)
    # What is too large is told where to go
    assert "/ingest/uploads" in answer.json["detail"]
    assert stored(ingests) == []
    assert send(sales, *file_form(b"x"), scope="sales.read").status == 403


def test_a_dry_run_says_what_would_change_and_changes_nothing(sales: ModuleType, ingests: Ingests) -> None:
    # Given an export of three rows, of which one is edited, one is spoilt, and one changes meanwhile
    ingests.drop(workbook([HEADER, ["2026-03-02", "B", 1, 10], ["2026-03-03", "C", 1, 10], ["2026-03-04", "D", 1, 10]]))

    def change(sheet: Any) -> None:
        put(sheet, row_of(sheet, category="A"), 3, 60.75)
        put(sheet, row_of(sheet, category="B"), "x")
        put(sheet, row_of(sheet, category="C"), 9)

    content = edited(exported(), change)
    ingests.drop(workbook([HEADER, ["2026-03-03", "C", 2, 20]]), "late.xlsx")
    before = figures()
    # When sending it is tried out
    answer = send(sales, *file_form(content), query={"dry_run": ["true"]})
    # Then the answer is what would become of it
    assert answer.status == 200, answer.raw
    plan = answer.json
    assert (plan["dry_run"], plan["workflow"], counts(plan)) == (True, "sales_edit", (4, 1, 2, 1))
    assert plan["changes"] == [
        {
            "host": "Main",
            "id": EID,
            "field": "2026-03-01 / A / EUR",
            "before": {"tickets": 2, "revenue": 40.5},
            "after": {"tickets": 3, "revenue": 60.75},
        }
    ]
    assert [(one["row"], one["code"]) for one in plan["problems"]] == [
        (3, "tickets.not_a_number"),
        (4, "row.changed_meanwhile"),
    ]
    # and nothing has happened
    assert (figures(), stored(ingests), started()) == (before, [], [])


def test_a_dry_run_of_no_export_is_refused(sales: ModuleType) -> None:
    refused = {"edit.not_an_export": workbook([HEADER, [DAY, "A", 1, 1]]), "file.not_a_workbook": b"%PDF-"}
    for code, content in refused.items():
        answer = send(sales, *file_form(content), query={"dry_run": ["true"]})
        assert (answer.status, answer.json["error_code"]) == (422, code)


def ask_for_a_place(sales: ModuleType, body: dict[str, str]) -> Answer:
    return call(sales, varied(sample("sales", "prepare_upload"), body=body))


def test_a_large_edited_export_has_a_place_to_be_sent_to(sales: ModuleType) -> None:
    # When a place for an edited export is asked for
    answer = ask_for_a_place(sales, {"purpose": "edit", "file_name": "sales.xlsx"})
    # Then it is one where a drop starts the edit
    assert answer.status == 201
    assert answer.json["key"].startswith(f"edits/{TENANT}/upl_")
    assert answer.json["key"].endswith("/sales.xlsx")
    assert answer.json["ingests"] is None
    assert answer.json["fields"]["key"] == answer.json["key"]


def test_a_report_names_its_event_and_an_edit_does_not(sales: ModuleType) -> None:
    for named in ({"purpose": "edit", "eid": EID}, {"purpose": "report"}, {}):
        answer = ask_for_a_place(sales, {**named, "file_name": "sales.xlsx"})
        assert answer.status == 400
        assert [one["field"] for one in answer.json["validation_errors"]] == ["eid"]


@pytest.mark.parametrize("folder", ["edits", "edit_uploads"])
def test_an_execution_says_whose_file_it_is_about(folder: str) -> None:
    payload = {"detail": {"object": {"key": f"{folder}/aurora/upl_1/sales.xlsx"}}}
    assert execution_rules.subject(payload) == {"tenant": "aurora", "file": "sales.xlsx"}


def test_a_cancelled_edit_is_closed(sales: ModuleType, ingests: Ingests, app: Callable[[str], ModuleType]) -> None:
    # Given an edit whose execution stops after its rows were read
    edits = Edits(app("sales_edit_tasks"), ingests.bucket)

    class Stopped(Exception):
        pass

    def stop(task: str) -> None:
        if task == "apply":
            raise Stopped

    edits.before = stop
    key = edits.put(more_tickets())
    with pytest.raises(Stopped):
        edits.take(key)
    # When it is cancelled
    execution = sample("sales_edit_tasks", "register")["execution"]
    execution_service.end_cancelled_edit(TENANT, execution)
    execution_service.end_cancelled_edit(TENANT, execution)
    # Then its ledger says that nothing was changed, and a redriven one goes on
    found = ingests.s3.list_objects_v2(Bucket=ingests.bucket, Prefix=f"ingests/{TENANT}/")["Contents"]
    ingest_id = next(one["Key"].split("/")[2] for one in found if "/rows/" in one["Key"] and is_edit(one["Key"]))
    document = service.read_ingest(TENANT, ingest_id)
    assert (document["status"], document["reason"] and document["reason"]["code"]) == ("FAILED", "ingest.cancelled")
    assert figures()[0] == 2
    edits.before = lambda _: None
    with pytest.raises(Exception, match="cancelled"):
        edits.take(key)


def is_edit(key: str) -> bool:
    return service.read_ingest(TENANT, key.split("/")[2])["kind"] == "edit"
