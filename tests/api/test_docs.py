from collections.abc import Callable
from types import ModuleType

import pytest
from openapi_spec_validator import validate

from tests.support.api import call, sample


@pytest.fixture
def docs(app: Callable[[str], ModuleType]) -> ModuleType:
    return app("docs")


@pytest.mark.parametrize("host", ["main", "cr", "hub"])
def test_every_host_serves_its_valid_openapi_document(docs: ModuleType, host: str) -> None:
    answer = call(docs, sample("docs", "openapi") | {"stageVariables": {"host": host}})
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json["openapi"].startswith("3.1")
    validate(answer.json)


@pytest.mark.parametrize("host", ["main", "cr", "hub"])
def test_every_host_has_a_swagger_ui_that_loads_nothing_from_elsewhere(docs: ModuleType, host: str) -> None:
    answer = call(docs, sample("docs", "swagger_ui") | {"stageVariables": {"host": host}})
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html")
    assert b"SwaggerUIBundle" in answer.raw
    assert b'src="http' not in answer.raw


def test_a_path_that_exists_with_another_method_is_405_and_says_which(docs: ModuleType) -> None:
    answer = call(docs, sample("docs", "unrouted"))
    assert (answer.status, answer.json["error_code"]) == (405, "method.not_allowed")
    assert answer.headers["allow"] == "GET, PUT"


def test_a_path_that_does_not_exist_is_404(docs: ModuleType) -> None:
    answer = call(docs, sample("docs", "unrouted") | {"path": "/nowhere"})
    assert (answer.status, answer.json["error_code"]) == (404, "route.not_found")


def test_the_hub_repeats_the_status_as_status_code(docs: ModuleType) -> None:
    answer = call(docs, sample("docs", "unrouted") | {"path": "/x", "stageVariables": {"host": "hub"}})
    assert answer.json["statusCode"] == answer.json["status"] == 404
