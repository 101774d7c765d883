"""What every route has in common, shown on one."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from marquee.observability import logger
from marquee.requests import MAX_BODY_BYTES
from tests.support.api import call, sample, varied


@pytest.fixture
def events(aws: dict[str, str], app: Callable[[str], ModuleType]) -> ModuleType:
    return app("events")


def test_a_missing_scope_is_403_and_named(events: ModuleType) -> None:
    answer = call(events, varied(sample("events", "list"), scope="sales.read"))
    assert answer.status == 403
    assert "main.read" in answer.json["detail"]
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_expired_token_is_401_even_if_the_gateway_cached_it(events: ModuleType) -> None:
    answer = call(events, varied(sample("events", "list"), exp=1))
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_tenant_that_is_not_in_the_token_is_403(events: ModuleType) -> None:
    answer = call(events, varied(sample("events", "list"), headers={"X-Preferred-Partner-Id": "borealis"}))
    assert (answer.status, answer.json["error_code"]) == (403, "auth.tenant_forbidden")


def test_several_tenants_need_a_choice(events: ModuleType) -> None:
    both = ["aurora", "borealis"]
    undecided = call(events, varied(sample("events", "list"), tenants=both))
    decided = call(
        events, varied(sample("events", "list"), tenants=both, headers={"x-preferred-partner-id": "borealis"})
    )
    assert (undecided.status, undecided.json["error_code"]) == (403, "auth.tenant_not_selected")
    assert decided.status == 200


def test_a_request_without_a_tenant_is_not_logged_under_the_one_before(events: ModuleType) -> None:
    # Given an environment that has served a tenant
    call(events, sample("events", "list"))
    assert logger().get_current_keys()["tenant"] == "aurora"
    # When it refuses somebody whose tenant it does not know
    call(events, varied(sample("events", "list"), exp=1))
    # Then the log lines name no tenant
    assert "tenant" not in logger().get_current_keys()


def test_a_sane_request_id_is_echoed(events: ModuleType) -> None:
    answer = call(events, varied(sample("events", "list"), headers={"X-Request-Id": "client-7f3a9c21"}))
    assert answer.headers["x-request-id"] == "client-7f3a9c21"


@pytest.mark.parametrize("given", ["short", "with space and\nnewline", "x" * 129])
def test_any_other_request_id_is_replaced(events: ModuleType, given: str) -> None:
    event = varied(sample("events", "list"), headers={"X-Request-Id": given})
    assert call(events, event).headers["x-request-id"] == event["requestContext"]["requestId"]


@pytest.mark.parametrize("path", ["/events", "/events/", "/main/events", "/main/events/"])
def test_a_path_is_the_same_with_slash_and_behind_a_custom_domain(events: ModuleType, path: str) -> None:
    event = sample("events", "list") | {"path": path}
    assert call(events, event).status == 200


def test_unknown_repeated_and_bad_parameters_are_all_named(events: ModuleType) -> None:
    answer = call(events, varied(sample("events", "list"), query={"city[]": ["x"], "limit": ["1", "2"], "page": ["0"]}))
    assert answer.status == 400
    assert {one["field"] for one in answer.json["validation_errors"]} == {"city[]", "limit", "page"}


def test_an_empty_parameter_counts_as_absent(events: ModuleType) -> None:
    assert call(events, varied(sample("events", "list"), query={"cursor": [""]})).status == 200


def test_what_goes_wrong_inside_is_500_and_leaks_nothing(events: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("secret table name")

    monkeypatch.setattr(events.list_service, "list_events", broken)
    answer = call(events, sample("events", "list"))
    assert answer.status == 500
    assert b"secret" not in answer.raw
    assert answer.json["request_id"] == answer.headers["x-request-id"]


def test_a_dependency_that_does_not_answer_is_503_with_retry_after(
    events: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_: Any) -> Any:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")

    monkeypatch.setattr(events.list_service, "list_events", unreachable)
    answer = call(events, sample("events", "list"))
    assert answer.status == 503
    assert int(answer.headers["retry-after"]) > 0


def test_a_body_that_the_gateway_could_not_hand_over_is_413(
    aws: dict[str, str], app: Callable[[str], ModuleType]
) -> None:
    largest = sample("registry", "register")["body"]
    for length, status in {MAX_BODY_BYTES: 201, MAX_BODY_BYTES + 1: 413}.items():
        answer = call(app("registry"), varied(sample("registry", "register"), body=largest.ljust(length)))
        assert answer.status == status, answer.raw
    assert answer.json["error_code"] == "body.too_large"
