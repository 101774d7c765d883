"""Every state machine's definition against the house's rules."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from statelint.config import Config
from statelint.linter import Linter

from tests.support.template import Template

ROOT = Path(__file__).parents[2]
DEFINITIONS = sorted((ROOT / "statemachines").glob("*.asl.json"))


def states(definition: dict[str, Any], inside: str = "") -> dict[str, dict[str, Any]]:
    """All states, those of Map and Parallel included, by path."""
    found: dict[str, dict[str, Any]] = {}
    for name, state in definition["States"].items():
        found[inside + name] = state
        for inner in [state[key] for key in ("ItemProcessor", "Iterator") if key in state] + state.get("Branches", []):
            found |= states(inner, f"{inside}{name}/")
    return found


def targets(state: dict[str, Any]) -> set[str]:
    branches = [*state.get("Catch", []), *state.get("Choices", []), state]
    return {branch["Next"] for branch in branches if "Next" in branch} | (
        {state["Default"]} if "Default" in state else set()
    )


@pytest.fixture(params=DEFINITIONS, ids=lambda path: path.name)
def path(request: pytest.FixtureRequest) -> Path:
    chosen: Path = request.param
    return chosen


@pytest.fixture
def definition(path: Path) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return parsed


def test_every_definition_is_a_machine_of_the_template(template: Template) -> None:
    used = {
        Path(machine["DefinitionUri"]).name for machine in template.of_type("AWS::Serverless::StateMachine").values()
    }
    assert used == {path.name for path in DEFINITIONS}


def test_every_name_and_arn_is_substituted_and_every_substitution_is_used(template: Template, path: Path) -> None:
    (machine,) = (
        one
        for one in template.of_type("AWS::Serverless::StateMachine").values()
        if Path(one["DefinitionUri"]).name == path.name
    )
    text = path.read_text("utf-8")
    assert set(re.findall(r"\$\{(\w+)\}", text)) == set(machine["DefinitionSubstitutions"])
    assert not re.search(r"arn:aws:(lambda|states:[a-z]|dynamodb|sqs|s3):[a-z]+-", text)


def test_statelint_finds_nothing(path: Path) -> None:
    assert Linter.validate(str(path), Config(evaluate_jsonata=True)) == []


def test_it_speaks_jsonata_and_has_a_time_out_and_a_purpose(definition: dict[str, Any]) -> None:
    assert definition["QueryLanguage"] == "JSONata"
    assert definition["TimeoutSeconds"] > 0
    assert definition["Comment"]


def test_no_state_dangles_and_none_is_unreachable(definition: dict[str, Any]) -> None:
    def check(machine: dict[str, Any]) -> None:
        known = set(machine["States"])
        reached, queue = set(), [machine["StartAt"]]
        while queue:
            name = queue.pop()
            if name in reached:
                continue
            reached.add(name)
            queue.extend(targets(machine["States"][name]))
        assert reached == known
        for state in machine["States"].values():
            for inner in [state[k] for k in ("ItemProcessor",) if k in state] + state.get("Branches", []):
                check(inner)

    check(definition)


def test_every_task_has_a_time_out_named_retries_and_a_catch(definition: dict[str, Any]) -> None:
    for name, state in states(definition).items():
        if state["Type"] != "Task":
            continue
        assert state["TimeoutSeconds"] > 0, name
        assert state["Retry"], name
        assert any(retry.get("JitterStrategy") == "FULL" for retry in state["Retry"]), name
        assert "States.ALL" in state["Catch"][-1]["ErrorEquals"], name
        assert state["Comment"], f"{name}: the comment is what people see as the step's title"


def test_no_step_is_begun_again_while_its_function_may_still_be_at_work_on_an_advertising_platform(
    template: Template,
) -> None:
    functions = template.of_type("AWS::Serverless::Function")
    machines = template.of_type("AWS::Serverless::StateMachine").values()
    limits = {
        "${CampaignTasksFunctionArn}": functions["CampaignTasksFunction"]["Timeout"],
        "${ClosingTasksFunctionArn}": functions["ClosingTasksFunction"]["Timeout"],
    }
    found = {
        f"{machine['DefinitionUri']}/{name}": state["TimeoutSeconds"] - limits[state["Arguments"]["FunctionName"]]
        for machine in machines
        for name, state in states(json.loads((ROOT / machine["DefinitionUri"]).read_text("utf-8"))).items()
        if state.get("Arguments", {}).get("FunctionName") in limits
    }
    assert len(found) > len(limits)
    assert min(found.values()) > 0, found


def test_what_caught_an_error_keeps_it_or_ends_with_one_that_is_kept(definition: dict[str, Any]) -> None:
    for name, state in states(definition).items():
        for catch in state.get("Catch", []):
            if catch["ErrorEquals"] == ["States.ALL"] and "Assign" not in catch:
                following = definition["States"][catch["Next"]]
                assert following["Type"] == "Fail", f"{name}: only the last resort may drop the newer error"
                assert "$failure" in json.dumps(following), name
