import json
import os
import re
from pathlib import Path

import pytest

from local import bytecode, deploy, project, stack
from local.project import LocalError


def test_a_tool_never_sees_a_real_accounts_profile_or_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_ROLE_ARN"):
        monkeypatch.setenv(name, "real")
    environment = project.tool_environment("http://127.0.0.1:3000")
    assert "real" not in environment.values()
    assert environment["AWS_CONFIG_FILE"] == environment["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull


def test_the_exports_name_the_stack() -> None:
    exports = project.aws_environment("http://127.0.0.1:3107")
    assert exports["AWS_ENDPOINT_URL"] == "http://127.0.0.1:3107"
    assert exports["AWS_DEFAULT_REGION"] == project.REGION


@pytest.fixture
def project_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of one function, with the files that the fingerprint reads beside it."""
    (tmp_path / "local").mkdir()
    for module, name in ((bytecode, "bytecode.py"), (deploy, "deploy.py")):
        monkeypatch.setattr(module, "__file__", str(tmp_path / "local" / name))
        (tmp_path / "local" / name).write_text("")
    (tmp_path / "template.yaml").write_text("Resources: {}")
    for name in ("layers", "statemachines"):
        (tmp_path / name).mkdir()
    function = tmp_path / "functions" / "events"
    function.mkdir(parents=True)
    (function / "app.py").write_text("")
    monkeypatch.setattr(project, "ROOT", tmp_path)
    return tmp_path


def test_a_build_is_repeated_when_a_source_changes_and_only_then(project_root: Path) -> None:
    before = deploy.fingerprint()
    source = project_root / "functions" / "events" / "app.py"
    source.touch()
    cache = source.parent / "__pycache__"
    cache.mkdir()
    (cache / "app.cpython-311.pyc").write_bytes(b"compiled")
    assert deploy.fingerprint() == before
    source.write_text("changed")
    assert deploy.fingerprint() != before


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(project, "STATE", tmp_path)
    return tmp_path


def test_a_killed_stack_is_not_found_and_its_leavings_go(state: Path) -> None:
    home = state / "3107"
    home.mkdir()
    ended = 2**22 + 1  # beyond the kernel's largest process id
    facts = {"port": 3107, "pid": ended, "emulator_pid": ended, "home": str(home), "data": ""}
    (state / "3107.json").write_text(json.dumps(facts))
    with pytest.raises(LocalError, match="no stack is running on port 3107"):
        stack.find(3107)
    assert list(state.iterdir()) == []


def test_another_program_under_a_reused_process_id_is_not_taken_for_a_stack(state: Path) -> None:
    facts = {"port": 3107, "pid": os.getpid(), "emulator_pid": os.getpid(), "home": str(state / "3107"), "data": ""}
    (state / "3107.json").write_text(json.dumps(facts))
    assert stack.running() == []


def event(name: str, status: str, reason: str = "", kind: str = "AWS::S3::Bucket") -> dict[str, str]:
    return {
        "LogicalResourceId": name,
        "ResourceType": kind,
        "ResourceStatus": status,
        **({"ResourceStatusReason": reason} if reason else {}),
    }


def test_a_failed_deployment_names_each_resource_that_failed_and_why() -> None:
    stack_kind = "AWS::CloudFormation::Stack"
    newest_first = [
        event("marquee", "ROLLBACK_COMPLETE", kind=stack_kind),
        event("Bucket", "DELETE_COMPLETE"),
        event("Queue", "CREATE_FAILED", "Resource creation cancelled"),
        event("Mapping", "CREATE_FAILED", "Invalid stage", "AWS::ApiGateway::BasePathMapping"),
        event("Bucket", "CREATE_FAILED"),
        event("marquee", "CREATE_IN_PROGRESS", "User Initiated", stack_kind),
        event("Bucket", "CREATE_FAILED", "of the deployment before"),
    ]
    assert deploy.failures(newest_first) == [
        "Bucket (AWS::S3::Bucket): no reason given",
        "Mapping (AWS::ApiGateway::BasePathMapping): Invalid stage",
    ]


def test_every_schedule_of_the_template_can_be_left_out() -> None:
    template = (Path(__file__).parents[2] / "template.yaml").read_text("utf-8")
    assert set(re.findall(r"ScheduleExpression: !Ref (\w+)", template)) == set(deploy.SCHEDULES)
