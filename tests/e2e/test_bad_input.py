"""What goes wrong is answered plainly, and the stack stays up."""

import io
import json
import zipfile
from typing import Any

import pytest

from tests.support import books
from tests.support.client import ALL_SCOPES, Client
from tests.support.workbooks import workbook

PROBLEM = {"type", "title", "status", "detail", "instance", "error_code", "validation_errors", "request_id"}


@pytest.fixture(scope="module")
def event(stack: Any) -> tuple[Client, str]:
    client = Client(stack)
    return client, client.new_event()


def assert_problem(reply: Any, status: int) -> None:
    assert reply.status == status, reply.raw
    assert reply.headers["content-type"] == "application/problem+json"
    assert set(reply.json) >= PROBLEM
    assert reply.json["status"] == status
    assert reply.headers["x-request-id"]


@pytest.mark.parametrize("authorization", ["", "Bearer nonsense", "Basic dXNlcjpwYXNz"])
@pytest.mark.parametrize("path", ["/main/events/", "/cr/events/evt_x"])
def test_no_valid_token_is_401(stack: Any, path: str, authorization: str) -> None:
    client = Client(stack)
    client.token = None
    reply = client.get(path, headers={"Authorization": authorization} if authorization else {})
    assert_problem(reply, 401)
    assert reply.headers["www-authenticate"].startswith("Bearer")


def test_an_expired_token_is_401(stack: Any) -> None:
    client = Client(stack)
    client.token = stack.issuer.token([client.tenant], ALL_SCOPES, seconds=-10)
    assert_problem(client.get("/main/events/"), 401)


def test_a_missing_scope_is_403_and_named(stack: Any) -> None:
    reply = Client(stack, scope="main.read").post("/cr/events", {})
    assert_problem(reply, 403)
    assert "registry.write" in reply.json["detail"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/main/events/{eid}", None),
        ("GET", "/main/events/{eid}/", None),
        ("GET", "/main/events/{eid}/statistics", None),
        ("GET", "/main/events/{eid}/tickets", None),
        ("GET", "/main/events/{eid}/sales-graph", None),
        ("GET", "/main/daily_revenue_summary/?event_id={eid}", None),
        ("GET", "/main/ingests/?eid={eid}", None),
        ("PUT", "/main/events/{eid}/setup_frontend_status", {"frontend_status": "FLAGGED"}),
        ("GET", "/cr/events/{eid}", None),
        ("PUT", "/cr/events/last_updated_on_fe/{eid}", {"status": "RUNNING"}),
    ],
)
def test_another_tenants_event_is_404_like_one_that_does_not_exist(
    stack: Any, event: tuple[Client, str], method: str, path: str, body: object
) -> None:
    _, eid = event
    stranger = Client(stack)
    theirs = stranger.send(method, path.format(eid=eid), body)
    nobodys = stranger.send(method, path.format(eid="evt_nobodys-event-000"), body)
    assert_problem(theirs, 404)
    assert theirs.json["error_code"] == nobodys.json["error_code"] == "event.not_found"


def test_an_unknown_parameter_is_400_and_named(event: tuple[Client, str]) -> None:
    reply = event[0].get("/main/events/?colour=red")
    assert_problem(reply, 400)
    assert [one["field"] for one in reply.json["validation_errors"]] == ["colour"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("DELETE", "/cr/events", 405),
        ("POST", "/main/events", 405),
        ("GET", "/main/nowhere", 404),
        ("PUT", "/hub/x/y", 404),
    ],
)
def test_what_is_not_there_is_404_and_what_is_otherwise_405(stack: Any, method: str, path: str, status: int) -> None:
    assert_problem(Client(stack).send(method, path), status)


def test_every_host_answers_and_shows_its_documentation(stack: Any) -> None:
    client = Client(stack)
    client.token = None
    for host in ("main", "cr", "hub"):
        assert client.get(f"/{host}/openapi.json").json["openapi"].startswith("3.1")
        page = client.get(f"/{host}/docs")
        assert (page.status, page.headers["content-type"]) == (200, "text/html")


def zip_with(entries: dict[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return packed.getvalue()


# A compound file with an EncryptedPackage stream is how Excel saves a workbook with a password to open.
ENCRYPTED = books.compound({"EncryptedPackage": bytes(5000), "EncryptionInfo": bytes(200)})


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("text called.xlsx", b"Dear box office, ...", "Excel"),
        ("empty file.xlsx", b"", "empty"),
        ("empty workbook.xlsx", workbook([]), "no rows"),
        ("without columns.xlsx", workbook([["Name", "Telephone"], ["Ada", "123"]]), "column"),
        ("with password.xlsx", ENCRYPTED, "password"),
        ("another archive.xlsx", zip_with({"readme.txt": "hello"}), "Excel"),
        ("cut off.xlsx", workbook([["Date", "Tickets", "Revenue"], ["2026-01-01", 1, 2]])[:900], "Excel"),
    ],
)
def test_a_file_that_is_no_report_ends_rejected_with_a_sentence_and_is_kept(
    event: tuple[Client, str], name: str, content: bytes, words: str
) -> None:
    # Given an event; When the file is dropped
    client, eid = event
    client.drop(eid, name, content)
    # Then its ingest is rejected in words
    ingest = client.ingest(eid, name)
    assert ingest["status"] == "REJECTED"
    assert words.lower() in ingest["reason"]["message"].lower(), ingest["reason"]
    assert ingest["reason"]["message"].endswith(".")
    # and the file is where it was, tagged, and the figures are untouched
    s3, bucket = client.stack.client("s3"), client.stack.resources()["Bucket"]
    key = f"sales/{client.tenant}/{eid}/{name}"
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == content
    tags = {tag["Key"]: tag["Value"] for tag in s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]}
    assert tags["marquee-ingest"] == "REJECTED"
    assert client.get(f"/main/events/{eid}/statistics").json["tickets_sold"] == 0


def test_a_report_for_an_event_that_is_not_there_is_rejected(stack: Any) -> None:
    client = Client(stack)
    client.drop("evt_never-registered", "report.xlsx", workbook([["Date", "Tickets", "Revenue"], ["2026-01-01", 1, 2]]))
    machine = stack.resources()["SalesIngestStateMachine"]
    states = stack.client("stepfunctions")

    def ended(_: Any) -> bool:
        for one in states.list_executions(stateMachineArn=machine, statusFilter="SUCCEEDED")["executions"]:
            described = states.describe_execution(executionArn=one["executionArn"])
            if client.tenant in described["input"]:
                return bool(json.loads(described["output"])["outcome"] == "REJECTED")
        return False

    client.until("/main/events/", ended)
