import ast
import gzip
import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import bytecode

ROOT = Path(__file__).parents[2]


def asked_for(source: str) -> Iterator[str]:
    """The service names in calls of `aws_client("name")` and `create_client("name")`."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called in {"aws_client", "create_client", "client"} and node.args and isinstance(node.args[0], ast.Constant):
            yield str(node.args[0].value)


def test_every_service_that_our_code_asks_for_is_kept() -> None:
    sources = [*(ROOT / "layers" / "core").rglob("*.py"), *(ROOT / "functions").rglob("*.py")]
    asked = {service for source in sources for service in asked_for(source.read_text("utf-8"))}
    assert "dynamodb" in asked
    assert asked <= bytecode.SERVICES


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """What `sam build` leaves: a function, and a layer with two of botocore's models."""
    (tmp_path / "template.yaml").write_text("Resources: {L: {Metadata: {SamResourceId: L}}}")
    function = tmp_path / "OneFunction"
    function.mkdir()
    (function / "app.py").write_text("def handler(event, context):\n    return 1\n")
    (function / "template_of_python.py").write_text("def {{ name }}():\n")
    data = tmp_path / "DepsLayer" / "python" / "botocore" / "data"
    for service, prefix in {"dynamodb": "dynamodb", "ec2": "ec2", "stepfunctions": "states"}.items():
        model = data / service / "2016-11-23"
        model.mkdir(parents=True)
        with gzip.open(model / "service-2.json.gz", "wt") as file:
            json.dump({"metadata": {"endpointPrefix": prefix}}, file)
    (data / "_retry.json").write_text("{}")
    partition = {"partition": "aws", "services": {"dynamodb": {}, "ec2": {}, "states": {}}}
    (data / "endpoints.json").write_text(json.dumps({"partitions": [partition], "version": 3}))
    return tmp_path


def test_other_services_models_and_endpoints_are_removed(build: Path) -> None:
    assert bytecode.trim(build) == ["ec2"]
    data = build / "DepsLayer" / "python" / "botocore" / "data"
    assert sorted(path.name for path in data.iterdir()) == [
        "_retry.json",
        "dynamodb",
        "endpoints.json",
        "stepfunctions",
    ]
    (partition,) = json.loads((data / "endpoints.json").read_text())["partitions"]
    assert sorted(partition["services"]) == ["dynamodb", "states"]
    assert bytecode.trim(build) == []


def test_bytecode_is_hash_based_unchecked_and_loads(build: Path) -> None:
    assert bytecode.compile_tree(build) == 1
    source = build / "OneFunction" / "app.py"
    compiled = Path(importlib.util.cache_from_source(str(source)))
    flags = int.from_bytes(compiled.read_bytes()[4:8], "little")
    assert flags == 0b01
    source.write_text("raise RuntimeError('the bytecode is not used')")
    spec = importlib.util.spec_from_file_location("app", source)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.handler({}, None) == 1


def test_only_what_changed_is_compiled_again(build: Path) -> None:
    bytecode.compile_tree(build)
    assert bytecode.compile_tree(build) == 0
    (build / "OneFunction" / "app.py").write_text("def handler(event, context):\n    return 2\n")
    assert bytecode.compile_tree(build) == 1


def test_two_builds_of_one_source_are_equal(build: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other") / "OneFunction"
    other.mkdir()
    (other / "app.py").write_text((build / "OneFunction" / "app.py").read_text())
    bytecode.compile_tree(build)
    bytecode.compile_tree(other.parent)
    (one,) = (build / "OneFunction" / "__pycache__").iterdir()
    (two,) = (other / "__pycache__").iterdir()
    assert one.read_bytes() == two.read_bytes()


def test_the_built_template_deploys_as_what_it_was_built_for(build: Path) -> None:
    parameters = """Parameters:
  PythonRuntime:
    Type: String
    Default: {}
    AllowedValues: [python3.11, python3.13]
  Architecture:
    Type: String
    Default: {}
  Stage:
    Default: dev
Resources:
  DepsLayer:
    Metadata:
      BuildArchitecture: x86_64
      BuildMethod: python3.11
"""
    (build / "template.yaml").write_text(parameters.format("python3.13", "arm64"))
    bytecode.settle(build)
    assert (build / "template.yaml").read_text() == parameters.format("python3.11", "x86_64")


def test_an_interpreter_that_is_not_here_is_a_warning(build: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (build / "template.yaml").write_text("Metadata: {BuildMethod: python3.99}")
    assert bytecode.built_for(build) == "python3.99"
    assert bytecode.finish(build) == 0
    assert capsys.readouterr().err == (
        "warning: no working python3.99 here; the artefacts go without bytecode and start slower\n"
    )
