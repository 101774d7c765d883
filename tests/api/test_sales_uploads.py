"""Sending reports over HTTP: what is stored, what is started, what is refused."""

import base64
import io
import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import boto3
import openpyxl
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as settings_of
from hypothesis import strategies as st

from local import openapi
from marquee.forms import MAX_FILE_BYTES, UploadedFile
from marquee.sales import repository, service, storage
from marquee.sales.ingests import upload_service
from marquee.sales.ingests.upload_models import UploadQuery
from marquee.sales.models import RowQuery
from marquee.sales.workbooks.looks import MAX_FILE_BYTES as LARGEST
from marquee.settings import settings
from tests.support.api import Answer, call, sample, varied
from tests.support.forms import Part, file_form, form
from tests.support.ingest import ALL, EID, NOTHING, REGION, REPORT, ROWS, TENANT, Ingests, counts, figures
from tests.support.kills import Calls, surviving
from tests.support.workbooks import HEADER, workbook


@pytest.fixture
def sales(ingests: Ingests, app: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The API's function, with a machine that only keeps what is started."""
    client = boto3.Session(region_name=REGION).client("stepfunctions")
    definition = '{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}'
    arn = client.create_state_machine(
        name="sales_ingest", definition=definition, roleArn="arn:aws:iam::123456789012:role/x"
    )["stateMachineArn"]
    monkeypatch.setenv("MACHINE_SALES_INGEST", arn)
    settings.cache_clear()
    return app("sales")


def started() -> list[dict[str, Any]]:
    """Inputs of what was started, the oldest first."""
    client = boto3.Session(region_name=REGION).client("stepfunctions")
    found = client.list_executions(stateMachineArn=settings().machine("sales_ingest"))["executions"]
    return [json.loads(client.describe_execution(executionArn=one["executionArn"])["input"]) for one in found][::-1]


def stored(ingests: Ingests, prefix: str = "uploads/") -> list[str]:
    return [one["Key"] for one in ingests.s3.list_objects_v2(Bucket=ingests.bucket, Prefix=prefix).get("Contents", [])]


def send(app: ModuleType, content_type: str, body: bytes, **changes: Any) -> Answer:
    event = sample("sales", "upload_report") | {"body": base64.b64encode(body).decode()}
    headers = {"Content-Type": content_type, **changes.pop("headers", {})}
    return call(app, varied(event, headers=headers, **changes))


def test_a_sent_file_is_stored_and_its_ingest_started(sales: ModuleType, ingests: Ingests) -> None:
    # When the sample is sent
    answer = call(sales, sample("sales", "upload_report"))
    # Then its execution is answered
    assert answer.status == 202, answer.raw
    assert answer.headers["location"] == f"/executions/{answer.json['id']}"
    assert (answer.json["workflow"], answer.json["subject"]) == ("sales_ingest", {"eid": EID, "file": "report.xlsx"})
    # and the file stands in a folder of its own, with how it is taken
    (key,) = stored(ingests)
    assert key.startswith(f"uploads/{TENANT}/{EID}/upl_")
    assert key.endswith("/report.xlsx")
    assert storage.digest(ingests.bucket, key).mode == "partial"
    # and the machine is told where, in the form of the bucket's own event
    assert started() == [
        {"tenant": TENANT, "eid": EID, "detail": {"bucket": {"name": ingests.bucket}, "object": {"key": key}}}
    ]
    # and takes it: the sample's two rows
    assert counts(ingests.take(key)) == (2, 2, 0, 0)
    assert figures()[0] == 3


def test_the_mode_travels_with_the_file(sales: ModuleType, ingests: Ingests) -> None:
    answer = send(sales, *file_form(REPORT), query={"eid": [EID], "mode": ["strict"]})
    assert answer.status == 202
    (key,) = stored(ingests)
    assert storage.digest(ingests.bucket, key).mode == "strict"
    refused = send(sales, *file_form(REPORT), query={"eid": [EID], "mode": ["some"]})
    assert (refused.status, refused.json["validation_errors"][0]["field"]) == (400, "mode")


def test_under_a_key_a_repetition_is_the_same_upload_whatever_its_boundary(sales: ModuleType, ingests: Ingests) -> None:
    # Given a form sent twice under a key, as a client that repeats it builds it: with another boundary
    first, again = (send(sales, *file_form(REPORT), headers={"Idempotency-Key": "k"}) for _ in range(2))
    # Then there is one file and one execution
    assert (first.status, again.status, again.json) == (202, 202, first.json)
    assert (len(stored(ingests)), len(started())) == (1, 1)
    # and another file under the key is refused
    other = send(sales, *file_form(REPORT, "other.xlsx"), headers={"Idempotency-Key": "k"})
    assert (other.status, other.json["error_code"]) == (422, "idempotency.key_reused")
    # Without a key each is one of its own
    for _ in range(2):
        assert send(sales, *file_form(REPORT)).status == 202
    assert (len(stored(ingests)), len(started())) == (3, 3)


@pytest.mark.parametrize("lands", [False, True], ids=["before", "after"])
def test_killed_at_any_call_and_repeated_it_is_one_upload(
    sales: ModuleType, ingests: Ingests, monkeypatch: pytest.MonkeyPatch, lands: bool
) -> None:
    # Given how many calls an undisturbed upload makes
    calls = Calls(monkeypatch)
    upload, query = UploadedFile("report.xlsx", REPORT), UploadQuery(eid=EID)
    upload_service.take(TENANT, "box-office", query, upload, "undisturbed")
    for number in range(calls.count):
        # When it dies at each of them, and is repeated under its key
        calls.plan(number, lands=lands)
        surviving(upload_service.take)(TENANT, "box-office", query, upload, f"k{number}")
        # Then there is one file and one execution more
        calls.plan()
        assert len(stored(ingests)) == len(started()) == number + 2


def test_what_cannot_be_sent_is_refused_and_nothing_is_stored(sales: ModuleType, ingests: Ingests) -> None:
    wrong: list[tuple[list[Part], str]] = [
        ([("datei", "a.xlsx", REPORT)], "datei"),
        ([("file", "a.xlsx", REPORT), ("file", "b.xlsx", REPORT)], "file"),
        ([("file", None, REPORT)], "file"),
        ([("file", "a.xlsx", b"")], "file"),
    ]
    for parts, field in wrong:
        answer = send(sales, *form(parts))
        assert (answer.status, answer.json["error_code"]) == (400, "form.invalid")
        assert answer.json["validation_errors"][0]["field"] == field
    content_type, body = file_form(REPORT)
    for status, code, answer in (
        (415, "body.media_type", send(sales, "application/json", body)),
        (400, "form.broken", send(sales, content_type, body[:-90])),
        (400, "query.invalid", send(sales, content_type, body, query={})),
        (404, "event.not_found", send(sales, content_type, body, query={"eid": ["evt_none"]})),
        (404, "event.not_found", send(sales, content_type, body, tenants=["borealis"])),
        (403, "auth.scope_missing", send(sales, content_type, body, scope="sales.read")),
    ):
        assert (answer.status, answer.json["error_code"]) == (status, code)
    assert stored(ingests) == []
    assert started() == []


def test_a_large_file_is_told_where_to_go(sales: ModuleType, ingests: Ingests) -> None:
    answer = send(sales, *file_form(b"x" * (MAX_FILE_BYTES + 1)))
    assert (answer.status, answer.json["error_code"]) == (413, "file.too_large")
    assert "POST /ingest/uploads" in answer.json["detail"]
    assert stored(ingests) == []


def test_a_dry_run_looks_at_the_file_and_stores_nothing(sales: ModuleType, ingests: Ingests) -> None:
    dry = {"eid": [EID], "dry_run": ["true"]}
    # A file that would be taken: the plan names its ingest, under which it then is found
    answer = send(sales, *file_form(REPORT), query=dry)
    assert (answer.status, answer.json["workflow"]) == (200, "sales_ingest")
    (change,) = answer.json["changes"]
    assert stored(ingests) == []
    assert started() == []
    assert ingests.drop(REPORT)["ingest_id"] == change["after"]
    # One whose sales are there already
    assert send(sales, *file_form(REPORT), query=dry).json["changes"] == []
    # One that is no workbook, and a mistaken event
    refused = send(sales, *file_form(b"%PDF-1.7 "), query=dry)
    assert (refused.status, refused.json["error_code"]) == (422, "file.not_a_workbook")
    assert send(sales, *file_form(REPORT), query=dry | {"eid": ["evt_none"]}).status == 404


# --- files that go to the store itself


def prepare(app: ModuleType, **changes: Any) -> Answer:
    return call(app, varied(sample("sales", "prepare_upload"), **changes))


def test_a_place_for_a_large_file_takes_that_file_only(sales: ModuleType, ingests: Ingests) -> None:
    answer = prepare(sales)
    assert answer.status == 201, answer.raw
    ticket = answer.json
    # The file belongs to the event, in a folder of its own
    assert ticket["key"].startswith(f"sales/{TENANT}/{EID}/upl_")
    assert ticket["key"].endswith("/report-2026.xlsx")
    assert ticket["ingests"] == f"/ingests?eid={EID}"
    assert ticket["max_bytes"] == LARGEST
    # and what is signed allows nothing else: this key, this mode, this size
    signed = json.loads(base64.b64decode(ticket["fields"]["policy"]))
    assert {"key": ticket["key"]} in signed["conditions"]
    assert {"x-amz-meta-marquee-mode": "partial"} in signed["conditions"]
    assert ["content-length-range", 1, LARGEST] in signed["conditions"]
    assert ticket["fields"]["x-amz-meta-marquee-mode"] == "partial"
    assert ticket["fields"]["x-amz-algorithm"] == "AWS4-HMAC-SHA256"
    assert signed["expiration"][:19] == ticket["expires_at"][:19]
    # The machine takes what lands there under the file's own name
    ingests.s3.put_object(Bucket=ingests.bucket, Key=ticket["key"], Body=REPORT)
    outcome = ingests.take(ticket["key"])
    read = call(sales, varied(sample("sales", "read_ingest"), path={"ingest_id": outcome["ingest_id"]})).json
    assert (read["file"]["name"], read["file"]["key"]) == ("report-2026.xlsx", ticket["key"])
    # Another upload is another place
    assert prepare(sales).json["key"] != ticket["key"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"file_name": "a/b.xlsx"}, "file_name"),
        ({"file_name": ".."}, "file_name"),
        ({"file_name": ""}, "file_name"),
        ({"file_name": "x" * 201}, "file_name"),
        ({"file_name": "${filename}"}, "file_name"),
        ({"file_name": "a\nb.xlsx"}, "file_name"),
        ({"mode": "some"}, "mode"),
        ({"folder": "x"}, "folder"),
    ],
)
def test_a_bad_wish_for_a_place_is_refused_by_field(sales: ModuleType, body: dict[str, Any], field: str) -> None:
    answer = prepare(sales, body={"eid": EID, "file_name": "a.xlsx"} | body)
    assert answer.status == 400
    assert [one["field"] for one in answer.json["validation_errors"]] == [field]


def test_a_place_is_given_for_events_of_the_tenant_only(sales: ModuleType) -> None:
    for changes in ({"body": {"eid": "evt_none", "file_name": "a.xlsx"}}, {"tenants": ["borealis"]}):
        answer = prepare(sales, **changes)
        assert (answer.status, answer.json["error_code"]) == (404, "event.not_found")
    assert prepare(sales, scope="sales.read").status == 403


# --- all rows or nothing


BAD = [["2026-03-01", "A", 2, 40.5], ["x", "A", 1, 1.0], ["2026-03-02", "A", 1, 2.0], ["2026-03-03", "A", 1.5, 3.0]]


def test_a_strict_file_with_bad_rows_is_not_taken_and_every_row_is_accounted_for(
    sales: ModuleType, ingests: Ingests
) -> None:
    # Given a file of four rows to be taken whole, the second and fourth not right
    key = ingests.put(workbook([HEADER, *BAD]), mode="strict")
    # When it is taken
    outcome = ingests.take(key)
    # Then nothing of it is among the figures, and nothing is staged
    assert (outcome["outcome"], outcome["code"]) == ("REJECTED", "file.rows_rejected")
    assert counts(outcome) == (4, 0, 4, 0)
    assert figures() == NOTHING
    assert repository.head(TENANT, EID)["version"] == 0
    assert [one for one in stored(ingests, "ingests/") if "/rows/" in one or "/stage/" in one] == []
    # and its ledger has the bad rows with their reasons, and the good ones that were held back
    path = {"ingest_id": outcome["ingest_id"]}
    read = call(sales, varied(sample("sales", "read_ingest"), path=path)).json
    assert (read["status"], read["mode"], read["reason"]["code"]) == ("REJECTED", "strict", "file.rows_rejected")
    assert "2 of 4 rows are not right" in read["reason"]["message"]
    assert [column["field"] for column in read["columns"][0]["columns"]] == ["date", "category", "tickets", "revenue"]
    rows = call(sales, varied(sample("sales", "rows"), path=path, query={"status": ["rejected"]})).json
    assert [(one["row"], one["last_row"], one["code"], one["cell"]) for one in rows["items"]] == [
        (3, 3, "date.not_a_date", "x"),
        (5, 5, "tickets.not_whole", "1.5"),
        (2, 2, "row.held_back", None),
        (4, 4, "row.held_back", None),
    ]
    assert rows["total"] == 4
    assert call(sales, varied(sample("sales", "rows"), path=path, query={"status": ["accepted"]})).json["total"] == 0
    # The workbook to be fixed has the bad rows only
    returned = call(sales, varied(sample("sales", "rejected_workbook"), path=path))
    fixed = openpyxl.load_workbook(io.BytesIO(returned.raw)).active
    assert [[cell.value for cell in row][:4] for row in fixed.iter_rows(min_row=2)] == [BAD[1], BAD[3]]
    # and the file is kept, and tagged
    tags = ingests.s3.get_object_tagging(Bucket=ingests.bucket, Key=key)["TagSet"]
    assert {"Key": "marquee-reason", "Value": "file.rows_rejected"} in tags


@settings_of(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["good", "bad", "blank"]), min_size=1, max_size=12).filter(lambda rows: "bad" in rows))
def test_every_row_of_a_refused_strict_file_stands_in_its_ledger_once(ingests: Ingests, kinds: list[str]) -> None:
    lines: dict[str, list[object]] = {"good": ["2026-03-01", "A", 1, 1.0], "bad": ["x", "A", 1, 1.0], "blank": []}
    outcome = ingests.take(ingests.put(workbook([HEADER, *(lines[kind] for kind in kinds)]), mode="strict"))
    rows = len(kinds) - kinds.count("blank")
    assert counts(outcome) == (rows, 0, rows, 0)
    entries = service.ledger_rows(TENANT, outcome["ingest_id"], RowQuery(limit=1000))["items"]
    told = {row: one["code"] for one in entries for row in range(one["row"], one["last_row"] + 1)}
    assert sum(one["last_row"] - one["row"] + 1 for one in entries) == len(told) == rows
    codes = {"good": "row.held_back", "bad": "date.not_a_date"}
    assert told == {row: codes[kind] for row, kind in enumerate(kinds, start=2) if kind in codes}
    assert figures() == NOTHING


def test_a_large_workbook_of_a_strict_file_is_downloaded_from_the_store(
    sales: ModuleType, ingests: Ingests, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = ingests.take(ingests.put(workbook([HEADER, *BAD]), mode="strict"))
    monkeypatch.setattr(service, "_INLINE_BYTES", 10)
    path = {"ingest_id": outcome["ingest_id"]}
    answer = call(sales, varied(sample("sales", "rejected_workbook"), path=path))
    assert answer.status == 303
    assert f"/ingests/{TENANT}/{outcome['ingest_id']}/rejected.xlsx?" in answer.headers["location"]
    assert "X-Amz-Signature=" in answer.headers["location"]


def test_the_description_tells_how_a_file_is_sent() -> None:
    path = json.loads(openapi.documents()["main"])["paths"]["/ingest/transaction_summary/from_excel"]["post"]
    form_of = path["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert (form_of["required"], form_of["properties"]["file"]["format"]) == (["file"], "binary")
    assert {"202", "200", "413", "415"} <= set(path["responses"])


def test_a_strict_file_without_bad_rows_is_taken_like_any_other(ingests: Ingests) -> None:
    outcome = ingests.take(ingests.put(REPORT, mode="Strict"))
    assert (outcome["outcome"], counts(outcome), figures()) == ("COMMITTED", (4, 4, 0, 0), ALL)
    # With rows that the event has: duplicates are not wrong
    more = workbook([HEADER, *ROWS, ["2026-03-05", "A", 1, 1.0]])
    assert counts(ingests.take(ingests.put(more, mode="strict"))) == (5, 1, 0, 4)


def test_a_refused_strict_file_can_be_taken_in_part(sales: ModuleType, ingests: Ingests) -> None:
    # Given a strict file that was refused
    content = workbook([HEADER, *BAD])
    first = ingests.take(ingests.put(content, mode="strict"))
    # When the same file is dropped to be taken in part
    second = ingests.take(ingests.put(content))
    # Then its good rows are taken, and the ledger says so
    assert counts(second) == (4, 2, 2, 0)
    assert second["ingest_id"] == first["ingest_id"]
    path = {"ingest_id": second["ingest_id"]}
    read = call(sales, varied(sample("sales", "read_ingest"), path=path)).json
    assert (read["status"], read["mode"], read["reason"]) == ("COMMITTED", "partial", None)
    rows = call(sales, varied(sample("sales", "rows"), path=path, query={})).json["items"]
    assert [(one["status"], one["row"], one["code"]) for one in rows] == [
        ("rejected", 3, "date.not_a_date"),
        ("rejected", 5, "tickets.not_whole"),
        ("accepted", 2, None),
        ("accepted", 4, None),
    ]


def test_a_mode_that_there_is_not_is_refused(sales: ModuleType, ingests: Ingests) -> None:
    outcome = ingests.take(ingests.put(REPORT, mode="careful"))
    assert (outcome["outcome"], outcome["code"]) == ("REJECTED", "mode.unknown")
    assert "“careful”" in outcome["message"]
    assert (counts(outcome), figures()) == ((0, 0, 0, 0), NOTHING)
    # Dropped again with one that there is, it is taken
    assert ingests.take(ingests.put(REPORT, mode="partial"))["outcome"] == "COMMITTED"


def test_a_strict_file_killed_at_every_call_of_its_refusal_ends_the_same(
    sales: ModuleType, ingests: Ingests, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a strict file that is about to be read
    calls = Calls(monkeypatch)
    key = ingests.put(workbook([HEADER, *BAD]), mode="strict")
    task = ingests.step("register", bucket=ingests.bucket, key=key)["ingest"]

    def refuse() -> dict[str, Any]:
        found = surviving(ingests.step)("parse", ingest=task, from_1904=False)
        told = {name: found[name] for name in ("code", "message", "rows", "entries")}
        return surviving(ingests.step)("reject", ingest=task, **told)

    calls.plan()
    expected = refuse()
    for number in range(calls.count):
        for lands in (False, True):
            # When reading and refusing it dies at each call, and is repeated, Then it ends the same
            calls.plan(number, lands=lands)
            assert refuse() == expected
    calls.plan()
    path = {"ingest_id": expected["ingest_id"]}
    assert call(sales, varied(sample("sales", "rows"), path=path, query={})).json["total"] == 4
    assert figures() == NOTHING
