"""The OpenAPI documents serve those who generate clients: nothing to warn of, and the clients work."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.support.client import ALL_SCOPES, HUB_SCOPES, Client, Reply
from tests.support.hub import new_event
from tests.support.workbooks import workbook

ROOT = Path(__file__).parents[2]
TOOL = ROOT / ".tools" / "openapi_client" / "bin"
HOSTS = ("main", "cr", "hub")
METHODS = {"get", "put", "post", "delete"}
BAD_ROW = ["someday", 1, 1.0]


@pytest.fixture(scope="module")
def documents(stack: Any) -> dict[str, dict[str, Any]]:
    """What the running hosts say of themselves."""
    return {host: Client(stack).get(f"/{host}/openapi.json").json for host in HOSTS}


@pytest.fixture(scope="module")
def customer(stack: Any) -> Client:
    """A tenant whose one event has a report with a row that was rejected."""
    return Client(stack, scope=f"{ALL_SCOPES} {HUB_SCOPES}")


@pytest.fixture(scope="module")
def event(customer: Client) -> str:
    eid = customer.new_event()
    customer.drop(eid, "report.xlsx", workbook([["Date", "Tickets", "Revenue"], ["2026-03-01", 2, 99.0], BAD_ROW]))
    assert customer.ingest(eid, "report.xlsx")["rejected"] == 1
    return eid


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for path in document["paths"].values() for name, operation in path.items() if name in METHODS]


def media_types(document: dict[str, Any]) -> set[str]:
    return {
        kind for one in operations(document) for told in one["responses"].values() for kind in told.get("content", ())
    }


def test_clients_are_generated_without_a_warning_and_work(
    stack: Any, documents: dict[str, dict[str, Any]], customer: Client, event: str, tmp_path: Path
) -> None:
    # Given a client generated from each host's document
    for host, document in documents.items():
        (tmp_path / f"{host}.json").write_text(json.dumps(document), "utf-8")
        # The generator wants to be told that what it does not know is bytes
        binary = {kind: "application/octet-stream" for kind in media_types(document) if not kind.endswith("json")}
        (tmp_path / "config.json").write_text(json.dumps({"post_hooks": [], "content_type_overrides": binary}), "utf-8")
        run(
            *(str(TOOL / "openapi-python-client"), "generate", "--fail-on-warning", "--meta", "none"),
            *("--config", "config.json", "--path", f"{host}.json", "--output-path", host),
            cwd=tmp_path,
        )
    # When a program uses them, Then it gets typed answers
    asked = {
        "url": stack.url,
        "token": customer.token,
        "tenant": customer.tenant,
        "eid": event,
        "operations": {host: len(operations(document)) for host, document in documents.items()},
    }
    program = ROOT / "tests" / "support" / "generated_client.py"
    # -P: what lies beside the program is not the program's
    said = run(str(TOOL / "python"), "-P", str(program), cwd=tmp_path, say=json.dumps(asked))
    assert said == "used\n"


def run(*command: str, cwd: Path, say: str = "") -> str:
    environment = {"PATH": os.environ["PATH"], "HOME": str(cwd), "PYTHONPATH": str(cwd), "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(
        command, cwd=cwd, env=environment, input=say, capture_output=True, check=False, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def conforms(document: dict[str, Any], method: str, template: str, reply: Reply) -> None:
    """The answer has a status and a content that the document has for the operation."""
    told = document["paths"][template][method.lower()]["responses"][str(reply.status)]
    if "$ref" in told:
        told = document["components"]["responses"][told["$ref"].rpartition("/")[2]]
    if "content" not in told:
        assert reply.raw == b""
        return
    media_type = reply.headers["content-type"].partition(";")[0]
    schema = told["content"][media_type]["schema"]
    validator = jsonschema.Draft202012Validator({**schema, "components": document["components"]})
    problems = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(reply.json)]
    assert not problems, (template, reply.status, problems)


def test_what_the_hosts_answer_is_what_their_documents_say(
    documents: dict[str, dict[str, Any]], customer: Client, event: str
) -> None:
    ingest = customer.get(f"/main/ingests?eid={event}").json["items"][0]
    execution = ingest["execution"].rpartition("/")[2]
    cases: list[tuple[str, str, dict[str, str], str, object]] = [
        ("GET", "/main/events", {}, "", None),
        ("GET", "/main/events", {}, "?limit=0&nothing=1", None),
        ("GET", "/main/events/flagged", {}, "", None),
        ("GET", "/main/events/{eid}", {"eid": event}, "", None),
        ("GET", "/main/events/{eid}", {"eid": "evt_none"}, "", None),
        ("GET", "/main/events/{eid}/statistics", {"eid": event}, "", None),
        ("GET", "/main/events/{eid}/sales-graph", {"eid": event}, "", None),
        ("GET", "/main/events/{eid}/tickets", {"eid": event}, "", None),
        ("GET", "/main/daily_revenue_summary", {}, f"?event_id={event}", None),
        ("GET", "/main/ingests", {}, f"?eid={event}", None),
        ("GET", "/main/ingests/{ingest_id}", {"ingest_id": ingest["id"]}, "", None),
        ("GET", "/main/ingests/{ingest_id}/rows", {"ingest_id": ingest["id"]}, "", None),
        ("GET", "/main/executions/{execution_id}", {"execution_id": execution}, "", None),
        ("POST", "/main/executions/{execution_id}/cancel", {"execution_id": execution}, "", None),
        ("POST", "/main/executions/{execution_id}/redrive", {"execution_id": execution}, "?dry_run=maybe", None),
        ("PUT", "/main/events/{eid}/setup_frontend_status", {"eid": event}, "", {"frontend_status": "FLAGGED"}),
        ("PUT", "/main/events/{eid}/setup_frontend_status", {"eid": event}, "", {"frontend_status": "LOUD"}),
        ("GET", "/cr/events/{eid}", {"eid": event}, "", None),
        ("POST", "/cr/events", {}, "?event_type=fdlive", {"title": 1}),
    ]
    statuses = set()
    for method, template, path, query, body in cases:
        _, host, rest = template.split("/", 2)
        reply = customer.send(method, template.format(**path) + query, body)
        conforms(documents[host], method, f"/{rest}", reply)
        statuses.add(reply.status)
    assert statuses == {200, 204, 400, 404, 409}


def test_what_the_hub_answers_is_what_its_document_says(documents: dict[str, dict[str, Any]], customer: Client) -> None:
    org = {"org_uuid": customer.tenant}
    made = customer.post(f"/hub/orgs/{customer.tenant}/events", new_event())
    one = {"event_uuid": made.json["result"]["event"]["uuid"]}
    ticket = {"ticket": {"name": "Stalls", "quantity": 5, "pricing_details": [{"price": 9.5}]}}
    session = {"sessions": {"name": "Talk", "session_starts_on": "2035-01-24 20:00", "duration": 30}}
    cases: list[tuple[str, str, dict[str, str], str, object]] = [
        ("POST", "/orgs/{org_uuid}/events", org, "", new_event()),
        ("POST", "/orgs/{org_uuid}/events", org, "", {"event": {}}),
        ("PUT", "/orgs/{org_uuid}/events/{event_uuid}", {**org, **one}, "", {"event": {"name": "Other"}}),
        ("GET", "/orgs/{org_uuid}", org, "", None),
        ("POST", "/images", {}, "", {"file_name": "a.png"}),
        ("POST", "/events/{event_uuid}/tickets", one, "", ticket),
        ("GET", "/events/{event_uuid}/tickets", one, "", None),
        ("POST", "/events/{event_uuid}/sessions", one, "", session),
        ("GET", "/events/{event_uuid}/sessions", one, "", None),
        ("POST", "/events/{event_uuid}/sessions", one, "", session),
        ("GET", "/events/{event_uuid}", one, "", None),
        ("POST", "/events/{event_uuid}/duplicate", one, "", None),
        ("GET", "/events/{event_uuid}/publication", one, "", None),
        ("POST", "/events/{event_uuid}/publish", one, "?dry_run=true", None),
        ("POST", "/events/{event_uuid}/publish", one, "", None),
        ("GET", "/events/{event_uuid}/publication", one, "", None),
        ("GET", "/events", {}, "?my=organised_events&summary=1", None),
        ("GET", "/events", {}, "?rows=0", None),
        ("POST", "/events/{event_uuid}/cancel", one, "", None),
        ("DELETE", "/orgs/{org_uuid}/events/{event_uuid}", {**org, **one}, "", None),
    ]
    statuses = set()
    for method, template, path, query, body in cases:
        reply = customer.send(method, "/hub" + template.format(**path) + query, body)
        conforms(documents["hub"], method, template, reply)
        statuses.add(reply.status)
    assert statuses >= {200, 201, 400, 404, 409}


def test_a_document_that_says_something_else_is_noticed(
    documents: dict[str, dict[str, Any]], customer: Client, event: str
) -> None:
    changed = json.loads(json.dumps(documents["main"]))
    changed["components"]["schemas"]["EventDocument"]["properties"]["capacity"] = {"type": "string"}
    with pytest.raises(AssertionError, match="capacity"):
        conforms(changed, "GET", "/events/{eid}", customer.get(f"/main/events/{event}"))
