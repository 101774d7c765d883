"""The main job over HTTP and S3, on the deployed stack."""

from typing import Any

import pytest

from local.demo import run_demo
from tests.support.client import Client


def test_the_demo_does_the_main_job_and_finds_every_figure_right(
    stack: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    worked = run_demo(stack, sales=None, tenant="demo-of-the-tests")
    said = capsys.readouterr().out
    assert worked, said
    # each call is shown with its answer, and the URLs and a token at the end
    for shown in ("POST /cr/events", "/executions/exe_sales_ingest.", "setup_frontend_status", "/main/docs", "TOKEN="):
        assert shown in said


def test_an_execution_can_be_watched_by_its_tenant_only(stack: Any, client: Client) -> None:
    # Given a file that was dropped and refused
    eid = client.new_event()
    client.drop(eid, "report.xlsx", b"no workbook")
    ingest = client.ingest(eid, "report.xlsx")
    # When its tenant and a stranger look at the execution that the ingest names
    mine = client.get(f"/main{ingest['execution']}")
    other = Client(stack).get(f"/main{ingest['execution']}")
    # Then one sees the steps, and the other what anybody sees of what does not exist
    assert mine.status == 200
    assert mine.json["status"] == "succeeded"
    assert mine.json["subject"] == {"eid": eid, "file": "report.xlsx"}
    assert [step["status"] for step in mine.json["steps"]][:2] == ["succeeded", "succeeded"]
    assert all(step["title"] and step["seconds"] is not None for step in mine.json["steps"])
    assert (other.status, other.json["error_code"]) == (404, "execution.not_found")


def test_intake_is_an_execution_that_marks_what_main_has(stack: Any, client: Client) -> None:
    eid = client.new_event()
    key = {"pk": {"S": f"T#{client.tenant}#E#{eid}"}, "sk": {"S": "MAIN"}}
    dynamodb = stack.client("dynamodb")

    def noted(_: Any) -> bool:
        item = dynamodb.get_item(TableName=stack.resources()["RegistryTable"], Key=key).get("Item", {})
        return bool(item.get("main_version") == {"N": "1"})

    client.until(f"/main/events/{eid}", noted)
