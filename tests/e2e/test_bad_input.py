"""What goes wrong is answered plainly, and the stack stays up."""

import io
import json
import zipfile
from typing import Any

import pytest

from tests.support import books
from tests.support.client import ALL_SCOPES, HUB_SCOPES, Client
from tests.support.hub import new_event
from tests.support.workbooks import workbook

NOBODYS = "0b7a9d64-51c3-4e0f-8a77-0d9c3e5f1a21"
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


def assert_hub_problem(reply: Any, status: int, code: str = "") -> None:
    assert_problem(reply, status)
    assert reply.json["statusCode"] == status
    assert code in {"", reply.json["error_code"]}


@pytest.mark.parametrize("authorization", ["", "Bearer nonsense", "Basic dXNlcjpwYXNz"])
@pytest.mark.parametrize("path", ["/main/events/", "/cr/events/evt_x", "/hub/events", "/hub/orgs/aurora"])
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
    ("method", "path", "scope"),
    [
        ("POST", "/hub/orgs/{tenant}/events", "event.create"),
        ("GET", "/hub/events", "event.list"),
        ("GET", "/hub/events/{uuid}", "event.read"),
        ("PUT", "/hub/orgs/{tenant}/events/{uuid}", "event.update"),
        ("DELETE", "/hub/orgs/{tenant}/events/{uuid}", "event.delete"),
        ("POST", "/hub/events/{uuid}/duplicate", "event.create"),
        ("POST", "/hub/events/{uuid}/publish", "event.publish"),
        ("POST", "/hub/events/{uuid}/unpublish", "event.unpublish"),
        ("POST", "/hub/events/{uuid}/cancel", "event.cancel"),
        ("POST", "/hub/events/{uuid}/tickets", "event.update"),
        ("POST", "/hub/events/{uuid}/sessions", "event.add_session"),
        ("GET", "/hub/events/{uuid}/sessions", "event.list_session"),
        ("GET", "/hub/events/{uuid}/sessions/{uuid}", "event.read_session"),
        ("PUT", "/hub/events/{uuid}/sessions/{uuid}", "event.update_session"),
        ("DELETE", "/hub/events/{uuid}/sessions/{uuid}", "event.delete_session"),
        ("POST", "/hub/images", "event.update"),
    ],
)
def test_the_hub_names_the_scope_that_is_missing(stack: Any, method: str, path: str, scope: str) -> None:
    client = Client(stack, scope=" ".join(one for one in HUB_SCOPES.split() if one != scope))
    reply = client.send(method, path.format(tenant=client.tenant, uuid=NOBODYS), {} if method != "GET" else None)
    assert_hub_problem(reply, 403, "auth.scope_missing")
    assert scope in reply.json["detail"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/hub/events/{uuid}", None, 404, "event.not_found"),
        ("GET", "/hub/events/{uuid}/", None, 404, "event.not_found"),
        ("GET", "/hub/orgs/somebody-else", None, 404, "organisation.not_found"),
        ("POST", "/hub/orgs/somebody-else/events", {}, 404, "organisation.not_found"),
        ("GET", "/hub/images/img_AAAAAAAAAAAAAAAAAAAA.png", None, 404, "image.not_found"),
        ("GET", "/hub/x/y", None, 404, "route.not_found"),
        ("DELETE", "/hub/events", None, 405, "method.not_allowed"),
        ("PATCH", "/hub/events/{uuid}", None, 405, "method.not_allowed"),
        ("GET", "/hub/events/{uuid}/publish", None, 405, "method.not_allowed"),
        ("GET", "/hub/events?colour=red", None, 400, "query.invalid"),
        ("GET", "/hub/events?rows=101", None, 400, "query.invalid"),
        ("POST", "/hub/orgs/{tenant}/events", "{", 400, "body.not_json"),
        ("POST", "/hub/orgs/{tenant}/events", {"event": {"nmae": "Typo"}}, 400, "body.invalid"),
        ("POST", "/hub/orgs/{tenant}/events", {"event": {"description": "x" * 2501}}, 400, "body.invalid"),
        ("POST", "/hub/orgs/{tenant}/events", {"event": {"description": "x" * 5_000_000}}, 413, "body.too_large"),
        ("POST", "/hub/images", {"file_name": "page.html"}, 400, "body.invalid"),
    ],
)
def test_what_the_hub_refuses_it_refuses_with_its_status_in_the_body(
    stack: Any, method: str, path: str, body: object, status: int, code: str
) -> None:
    client = Client(stack, scope=HUB_SCOPES)
    reply = client.send(method, path.format(tenant=client.tenant, uuid=NOBODYS), body)
    assert_hub_problem(reply, status, code)


def test_the_hub_reads_json_only_and_no_stale_version(stack: Any) -> None:
    client = Client(stack, scope=HUB_SCOPES)
    path = f"/hub/orgs/{client.tenant}/events"
    as_text = client.send("POST", path, json.dumps(new_event()), {"Content-Type": "text/plain"})
    assert_hub_problem(as_text, 415, "body.media_type")
    created = client.post(path, new_event())
    uuid, tag = created.json["result"]["event"]["uuid"], created.headers["etag"]
    change = {"event": {"name": "Another"}}
    assert client.put(f"{path}/{uuid}", change, {"If-Match": tag}).status == 200
    assert_hub_problem(client.put(f"{path}/{uuid}", change, {"If-Match": tag}), 412, "precondition.stale")
    # What is well-formed and cannot be is named, all of it
    past = {"type": "daily", "attributes": {"starts_on": "2001-01-24 19:30", "event_duration": "2"}}
    refused = client.post(path, new_event(occurrence=past))
    assert_hub_problem(refused, 422)
    assert refused.json["validation_errors"]
    # and an image that is not there is no failure of ours
    banner = [{"name": "Banner", "image": "http://127.0.0.1:9/banner.png"}]
    refused = client.put(f"{path}/{uuid}", {"event": {"banner": banner}})
    assert_hub_problem(refused, 422, "image.unreachable")
    assert [one["field"] for one in refused.json["validation_errors"]] == ["event.banner.0.image"]


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
