"""The template against the code and against the house's rules."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from local.openapi import apis
from tests.support.template import Template

ROOT = Path(__file__).parents[2]
HOST_APIS = {"main": "MainApi", "cr": "CrApi", "hub": "HubApi"}
DESCRIBING = "docs"
# Images are shown by web pages, whose readers have no token; their ids cannot be guessed.
OPEN_TOO = {("hub_events", "ReadImage")}


def flat(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def statements(properties: dict[str, Any]) -> list[dict[str, Any]]:
    """A function's or machine's policy statements, those included that stand under a condition."""
    found = [one for policy in properties.get("Policies", []) for one in policy["Statement"]]
    return [one["Fn::If"][1] if "Fn::If" in one else one for one in found]


def environment(function: dict[str, Any]) -> dict[str, Any]:
    variables: dict[str, Any] = function.get("Environment", {}).get("Variables", {})
    return variables


def test_routes_in_the_template_are_the_routes_in_the_code(template: Template) -> None:
    declared = {
        (group, HOST_APIS[api.host], route.method, route.template) for group, api in apis() for route in api.routes
    }
    assert declared == {route for route in template.routes() if route[0] != DESCRIBING}


def test_every_host_describes_itself_and_answers_what_no_route_takes(template: Template) -> None:
    for api in HOST_APIS.values():
        described = {
            (method, path) for group, owner, method, path in template.routes() if (group, owner) == (DESCRIBING, api)
        }
        assert described == {("GET", "/openapi.json"), ("GET", "/docs"), ("GET", "/"), ("ANY", "/{proxy+}")}


def test_only_descriptions_and_images_are_open_to_everybody(template: Template) -> None:
    for group, function in template.functions().items():
        for name, event in function.get("Events", {}).items():
            if event["Type"] == "Api":
                open_route = event["Properties"].get("Auth", {}).get("Authorizer") == "NONE"
                assert open_route == (group == DESCRIBING or (group, name) in OPEN_TOO), name
    assert template.body["Globals"]["Api"]["Auth"]["DefaultAuthorizer"] == "Jwt"


def test_every_folder_of_functions_is_in_the_template(template: Template) -> None:
    assert set(template.functions()) == {path.parent.name for path in (ROOT / "functions").glob("*/app.py")}


def test_every_function_has_a_log_group_of_its_own_that_forgets(template: Template) -> None:
    groups = template.of_type("AWS::Logs::LogGroup")
    named = [function["LoggingConfig"]["LogGroup"]["Ref"] for function in template.functions().values()]
    assert len(named) == len(set(named)) == len(template.functions())
    assert set(named) <= set(groups)
    assert all("RetentionInDays" in properties for properties in groups.values())


def _tables_used_by(group: str) -> set[str]:
    """Tables and bucket that the function's code and its domains ask the settings for."""
    seen: set[Path] = set()
    queue = [ROOT / "functions" / group / "app.py"]
    used: set[str] = set()
    while queue:
        path = queue.pop()
        if path in seen:
            continue
        seen.add(path)
        source = path.read_text("utf-8")
        used |= set(re.findall(r"settings\(\)\.(\w+_table|bucket)\b", source))
        for found in re.findall(r"from (marquee[\w.]*) import (\([^)]+\)|[^\n]+)|import (marquee[\w.]+)", source):
            package = ROOT / "layers" / "core" / Path(*(found[0] or found[2]).split("."))
            names = [name.strip(" ()\n").split(" as ")[0] for name in found[1].split(",")]
            queue += [
                candidate
                for candidate in (package.with_suffix(".py"), *(package / f"{name}.py" for name in names))
                if candidate.exists()
            ]
    return used


def test_each_function_is_told_of_the_tables_its_policy_names_and_no_other(template: Template) -> None:
    storage = {*template.of_type("AWS::DynamoDB::Table"), *template.of_type("AWS::S3::Bucket")}
    for group, function in template.functions().items():
        allowed = {name for name in storage if re.search(rf'"{name}"|\${{{name}\.', flat(statements(function)))}
        told = {value.get("Ref") for value in environment(function).values() if isinstance(value, dict)} & storage
        assert allowed == told, group


def test_each_functions_policy_names_only_tables_its_code_can_reach(template: Template) -> None:
    variables = {"events_table": "EventsTable", "registry_table": "RegistryTable", "sales_table": "SalesTable"}
    variables |= {"ledger_table": "LedgerTable", "idempotency_table": "IdempotencyTable", "bucket": "Bucket"}
    variables |= {"hub_table": "HubTable", "demand_table": "DemandTable", "campaigns_table": "CampaignsTable"}
    for group, function in template.functions().items():
        told = {value.get("Ref") for value in environment(function).values() if isinstance(value, dict)}
        reachable = {variables[name] for name in _tables_used_by(group)}
        assert told & set(variables.values()) <= reachable, group


def test_no_policy_uses_a_wildcard_on_data(template: Template) -> None:
    every = [*template.functions().values(), *template.of_type("AWS::Serverless::StateMachine").values()]
    for properties in every:
        for statement in statements(properties):
            if statement["Resource"] == "*":
                assert all(action.split(":")[0] in {"logs", "xray"} for action in statement["Action"])
            assert all("*" not in action for action in statement["Action"])


def test_no_policy_allows_a_scan(template: Template) -> None:
    assert "dynamodb:Scan" not in flat(template.body)


def test_every_table_is_on_demand_recoverable_and_keyed_by_tenant(template: Template) -> None:
    for name, properties in template.of_type("AWS::DynamoDB::Table").items():
        assert properties["BillingMode"] == "PAY_PER_REQUEST", name
        assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], name
        assert [key["AttributeName"] for key in properties["KeySchema"]] == ["pk", "sk"], name


def test_every_asynchronous_path_ends_in_a_queue_that_is_watched(template: Template) -> None:
    queues = set(template.of_type("AWS::SQS::Queue"))
    watched = flat(template.of_type("AWS::CloudWatch::Alarm"))
    assert all(f'"{queue}"' in watched for queue in queues)
    for function in template.functions().values():
        for event in function.get("Events", {}).values():
            if event["Type"] in {"DynamoDB", "SQS", "Kinesis"}:
                assert "OnFailure" in event["Properties"]["DestinationConfig"]
    for machine in template.of_type("AWS::Serverless::StateMachine").values():
        for event in machine.get("Events", {}).values():
            assert event["Properties"]["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0] in queues
            assert event["Properties"]["RetryPolicy"]


def test_every_machine_has_alarms_for_failing_and_timing_out(template: Template) -> None:
    alarms = template.of_type("AWS::CloudWatch::Alarm").values()
    watched = {
        (alarm["Dimensions"][0]["Value"].get("Ref"), alarm["MetricName"])
        for alarm in alarms
        if alarm["Namespace"] == "AWS/States"
    }
    for machine in template.of_type("AWS::Serverless::StateMachine"):
        assert (machine, "ExecutionsFailed") in watched
        assert (machine, "ExecutionsTimedOut") in watched


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("", True),
        ("https://registry.example/v1", True),
        ("http://127.0.0.1:8080/registry", True),
        ("http://registry.example", False),
        ("http://127.0.0.1.evil.example", False),
        ("https://", False),
        ("https://registry.example/?x=1", False),
        ("https://a b", False),
    ],
)
def test_somebody_elses_registry_is_at_an_https_address_or_on_this_machine(
    template: Template, url: str, *, taken: bool
) -> None:
    pattern = template.body["Parameters"]["RegistryUrl"]["AllowedPattern"]
    assert (re.fullmatch(pattern, url) is not None) == taken


def test_runtime_and_architecture_are_parameters(template: Template) -> None:
    defaults = template.body["Globals"]["Function"]
    assert defaults["Runtime"] == {"Ref": "PythonRuntime"}
    assert defaults["Architectures"] == [{"Ref": "Architecture"}]
    assert template.body["Parameters"]["Architecture"]["Default"] == "arm64"


@pytest.mark.parametrize("path", sorted((ROOT / "functions").glob("*/app.py")), ids=lambda path: path.parent.name)
def test_every_function_has_sample_events_and_the_tests_use_them(path: Path) -> None:
    group = path.parent.name
    samples = {file.stem for file in (ROOT / "events" / group).glob("*.json")}
    assert samples
    tests = "".join(file.read_text("utf-8") for file in (ROOT / "tests").rglob("test_*.py"))
    assert all(f'"{name}"' in tests for name in samples if f'"{group}"' in tests)
    assert f'"{group}"' in tests
