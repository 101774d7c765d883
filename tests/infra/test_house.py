"""The house: imports run inward, nothing happens at import, documents are current."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import openapi

ROOT = Path(__file__).parents[2]
LAYER = ROOT / "layers" / "core" / "marquee"
DOMAINS = sorted(path.parent.name for path in LAYER.glob("*/rules.py"))
# The innermost rooms: no AWS, no environment.
PURE = {"models", "rules", "errors", "money", "ids", "keys", "plans", "preconditions"}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def layer_files() -> list[Path]:
    return sorted(LAYER.rglob("*.py"))


@pytest.mark.parametrize("path", layer_files(), ids=lambda path: str(path.relative_to(LAYER)))
def test_the_layer_imports_neither_functions_nor_glue(path: Path) -> None:
    assert not [name for name in imports(path) if name.split(".")[0] in {"functions", "local", "tests", "app"}]


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_domain_reaches_another_only_through_its_service_or_models(domain: str) -> None:
    for path in (LAYER / domain).rglob("*.py"):
        for name in imports(path):
            match = re.fullmatch(r"marquee\.(\w+)\.(\w+)(\.\w+)?", name)
            if match and match[1] in DOMAINS and match[1] != domain:
                reached = match[3] and match[3][1:] if (LAYER / match[1] / match[2]).is_dir() else match[2]
                assert re.fullmatch(r"(\w+_)?service|models", reached or ""), f"{path.name} imports {name}"


@pytest.mark.parametrize("path", [p for p in layer_files() if p.stem in PURE], ids=lambda p: str(p.relative_to(LAYER)))
def test_rules_and_models_know_no_aws_and_no_environment(path: Path) -> None:
    outward = {"botocore", "boto3", "os", "marquee.ddb", "marquee.settings", "marquee.workflows"}
    assert not [name for name in imports(path) if name in outward or name.split(".")[0] in {"botocore", "boto3"}]
    assert not [name for name in imports(path) if name.endswith((".service", ".repository"))]


@pytest.mark.parametrize("path", sorted((ROOT / "functions").glob("*/app.py")), ids=lambda path: path.parent.name)
def test_a_function_reaches_services_and_models_only(path: Path) -> None:
    inner = [name for name in imports(path) if re.fullmatch(r"marquee\.\w+\.repository(\.\w+)?", name)]
    assert not inner
    assert "botocore" not in {name.split(".")[0] for name in imports(path)}


def test_only_the_settings_read_the_environment() -> None:
    readers = [path.name for path in layer_files() if re.search(r"\bos\.(environ|getenv)", path.read_text("utf-8"))]
    assert readers == ["settings.py"]


def test_a_clients_error_is_caught_by_code_in_repositories_only() -> None:
    allowed = {"repository", "ddb", "idempotency", "workflows", "storage", "secret_values"}
    catchers = {path.stem for path in layer_files() if re.search(r"except .*ClientError", path.read_text("utf-8"))}
    assert catchers <= allowed


def test_nothing_scans_a_table() -> None:
    code = [*layer_files(), *(ROOT / "functions").rglob("*.py"), *(ROOT / "statemachines").glob("*.json")]
    assert not [path for path in code if re.search(r"\.scan\(|dynamodb:scan", path.read_text("utf-8"))]


def test_the_openapi_documents_are_current() -> None:
    stale = [h for h, body in openapi.documents().items() if (openapi.DOCUMENTS / f"{h}.json").read_bytes() != body]
    assert not stale, "run `python -m local.openapi`"


def test_no_file_has_outgrown_one_reading() -> None:
    code = [*layer_files(), *(ROOT / "functions").rglob("*.py"), *(ROOT / "local").glob("*.py")]
    code += (ROOT / "tests").rglob("*.py")
    assert not [str(path) for path in code if len(path.read_text("utf-8").splitlines()) > 400]
