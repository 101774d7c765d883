"""Every command in the documents does what the documents say."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.workbooks import workbook

ROOT = Path(__file__).parents[2]
DOCUMENTS = (ROOT / "README.md", ROOT / "docs" / "operations.md")
# Run by themselves, by whoever runs this test.
BY_HAND = {"make run", "make test"}


def blocks(document: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", document.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def shell(commands: str, stack: Any, report: Path) -> str:
    """Run commands as they stand, but for the port and the name of the report; gives what they printed."""
    commands = commands.replace("http://127.0.0.1:3000", stack.url).replace("sales.xlsx", f"'{report}'")
    for written in ("figures.xlsx", "cleared.json", "event.json", "sales-graph.svg"):
        commands = commands.replace(written, str(report.parent / written))
    commands = re.sub(r"-m local (token|drop|env|invoke|execution)", rf"-m local \1 --port {stack.port}", commands)
    exported = {**os.environ, "PATH": f"{ROOT}/.tools/awscli/bin:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=ROOT,
        env=exported,
        capture_output=True,
        check=False,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def documents(said: str) -> list[Any]:
    """The JSON documents in a shell's output, in order."""
    found, position = [], said.find("{")
    while position >= 0:
        document, position = json.JSONDecoder().raw_decode(said, position)
        found.append(document)
        position = said.find("{", position)
    return found


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("docs") / "sales.xlsx"
    path.write_bytes(workbook([["Date", "Tickets", "Revenue"], ["2026-01-05", 2, 99.0], ["2026-01-06", 1, 49.5]]))
    return path


def test_the_readme_leads_from_the_first_call_to_the_first_figures(stack: Any, report: Path) -> None:
    # Given a new user who copies the README's blocks one after the other
    commands = [block for block in blocks(ROOT / "README.md", "sh") if "make build" not in block]
    # When they are run in one shell
    said = shell("\n".join(commands), stack, report)
    (
        first,
        in_main,
        flagged,
        found,
        plan,
        ingests,
        sent,
        summary,
        edited,
        undo,
        benchmark,
        clusters,
        spread,
        launch,
        campaigns,
        paused,
        ticket,
        published,
        publication,
        *invoked,
    ) = documents(said)
    # Then the first answer is the one that the README shows, times apart
    (shown,) = (json.loads(block) for block in blocks(ROOT / "README.md", "json"))
    assert first | {"created_at": "", "updated_at": ""} == shown | {"created_at": "", "updated_at": ""}
    # and the event is in Main, pinned, with an ingest on its way
    assert in_main["id"] == first["id"]
    assert [item["id"] for item in flagged["items"]] == [first["id"]]
    assert ingests["limit"] > 0
    # and was found by city, date and word, and the edit was planned and not made
    assert [item["title"] for item in found["items"]] == ["First Night"]
    assert [(change["field"], change["after"]) for change in plan["changes"]] == [("title", "First Night, moved")]
    # and the report was sent as well, totals were added, an edit came back, and a clear is being undone
    assert [one["workflow"] for one in (sent, edited, undo)] == ["sales_ingest", "sales_edit", "sales_undo"]
    assert (summary["kind"], summary["totals"]) == (
        "summary",
        [{"currency": "EUR", "tickets": 310, "revenue": 12400.5}],
    )
    # and nothing is predicted without a past, and the picture says so
    assert (benchmark["prediction"], benchmark["reason"]["code"]) == (None, "no_history")
    assert (report.parent / "sales-graph.svg").read_text("utf-8").startswith("<svg")
    # and a budget was spread over the clusters to the cent, campaigns were set up with it, and paused
    assert [one["tc"] for one in clusters["clusters"]] == ["newcomers", "regulars"]
    assert sum(round(one["budget"] * 100) for one in spread["items"]) == 90000
    assert [one["workflow"] for one in (launch, paused)] == ["campaigns_init", "campaign_toggle"]
    assert campaigns["event_id"] == first["id"]
    # and the organiser's event got its ticket level and is on its way to Main, an event an evening
    assert ticket["result"]["ticket"]["pricing_details"][0]["price"] == 24.5
    assert published["result"] == "Event has been published successfully"
    assert (publication["result"]["kind"], len(publication["result"]["occurrences"])) == ("publish", 10)
    # and the sample invocation registered its event
    assert invoked[0]["statusCode"] == 201


def test_the_operations_commands_work_with_the_plain_aws_cli(stack: Any, report: Path) -> None:
    commands = f'eval "$(.venv/bin/python -m local env --port {stack.port})"\n' + "\n".join(
        blocks(ROOT / "docs" / "operations.md", "sh")
    )
    said = shell(commands, stack, report)
    assert "upload: " in said
    assert "executionArn" in said


def test_what_goes_to_the_cloud_is_built_and_deployed_as_the_readme_says(stack: Any) -> None:
    # Given the README's deployment, and credentials and an endpoint in the environment: here the local stack's
    (commands,) = (block for block in blocks(ROOT / "README.md", "sh") if "make build" in block)
    said = shell(f'eval "$(.venv/bin/python -m local env)"\n{commands}', stack, Path("unused.xlsx"))
    # Then a second stack stands beside the first
    assert "Successfully created/updated stack" in said
    stacks = stack.client("cloudformation").describe_stacks()["Stacks"]
    deployed = next(one for one in stacks if one["StackName"] == "marquee-dev")
    assert {"MainUrl", "CrUrl", "HubUrl", "BucketName"} <= {output["OutputKey"] for output in deployed["Outputs"]}


def test_every_command_of_the_documents_is_in_a_block_that_is_run_or_is_one_of_the_two() -> None:
    for document in DOCUMENTS:
        for block in blocks(document, ""):
            named = set(re.findall(r"^(make \w+)", block, re.MULTILINE))
            assert named <= BY_HAND
