"""API Gateway events for tests: the repository's samples, and variations on them."""

import base64
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import orjson

SAMPLES = Path(__file__).parents[2] / "events"
TENANT = "aurora"


def sample(group: str, name: str) -> dict[str, Any]:
    """A sample invocation, as `python -m local invoke` sends it."""
    event: dict[str, Any] = json.loads((SAMPLES / group / f"{name}.json").read_text("utf-8"))
    return event


def varied(
    event: dict[str, Any],
    *,
    path: dict[str, str] | None = None,
    query: dict[str, list[str]] | None = None,
    body: object = ...,
    headers: dict[str, str] | None = None,
    tenants: list[str] | None = None,
    scope: str | None = None,
    exp: int | None = None,
) -> dict[str, Any]:
    """The event with other path parameters, query, body, headers or caller. A header of value "" is left out."""
    if path is not None:
        event["pathParameters"] = path
        event["path"] = event["resource"]
        for name, value in path.items():
            event["path"] = event["path"].replace(f"{{{name}}}", value)
    if query is not None:
        event["multiValueQueryStringParameters"] = query
        event["queryStringParameters"] = {key: values[-1] for key, values in query.items()}
    if body is not ...:
        event["body"] = body if isinstance(body, str) or body is None else json.dumps(body)
    for name, value in (headers or {}).items():
        event["headers"] = {k: v for k, v in event["headers"].items() if k.lower() != name.lower()}
        if value:
            event["headers"][name] = value
    authorizer = event["requestContext"].get("authorizer", {})
    if tenants is not None:
        authorizer["tenants"] = json.dumps(tenants)
    if scope is not None:
        authorizer["scope"] = scope
    if exp is not None:
        authorizer["exp"] = str(exp)
    return event


class Answer:
    """A proxy response with its body decoded."""

    def __init__(self, response: dict[str, Any]) -> None:
        self.status: int = response["statusCode"]
        self.headers: dict[str, str] = {
            name.lower(): values[-1] for name, values in response.get("multiValueHeaders", {}).items()
        }
        raw = response.get("body") or ""
        self.raw: bytes = base64.b64decode(raw) if response.get("isBase64Encoded") else raw.encode()

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return orjson.loads(self.raw)


class _Context:
    function_name = "test"
    memory_limit_in_mb = 1024
    invoked_function_arn = "arn:aws:lambda:eu-central-1:000000000000:function:test"
    aws_request_id = "5c7d3f7e-0000-4000-8000-000000000000"


def call(app: ModuleType, event: dict[str, Any]) -> Answer:
    """Invoke an API function's handler as Lambda does."""
    return Answer(app.handler(event, _Context()))
