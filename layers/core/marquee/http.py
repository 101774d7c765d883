"""The HTTP edge of every API function: routing, caller, typed input, one table of errors, typed output.

A route is a function whose parameters say what it needs::

    api = Api("main")

    @api.get("/events/<eid>", scope="main.read")
    def read_event(caller: Caller, eid: str) -> EventDocument: ...

`caller`, `query` (a pydantic model), `body` (a pydantic model) and `request` are recognised by name; every other
parameter is a path parameter. The same annotations generate the OpenAPI document.
"""

import base64
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, get_origin, get_type_hints

import orjson
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from botocore.exceptions import BotoCoreError
from pydantic import BaseModel, ValidationError

from marquee import errors, idempotency
from marquee.auth import TENANT_HEADER, Caller, caller_from
from marquee.errors import DomainError, Malformed, UnsupportedMedia, Violation
from marquee.observability import logger

JSON = "application/json"
PROBLEM_JSON = "application/problem+json"

# The one table: domain error -> HTTP status and title (RFC 9457).
PROBLEMS: dict[type[DomainError], tuple[int, str]] = {
    errors.Malformed: (400, "Bad request"),
    errors.Unauthenticated: (401, "Unauthorized"),
    errors.Forbidden: (403, "Forbidden"),
    errors.NotFound: (404, "Not found"),
    errors.MethodNotAllowed: (405, "Method not allowed"),
    errors.Conflict: (409, "Conflict"),
    errors.Stale: (412, "Precondition failed"),
    errors.TooLarge: (413, "Content too large"),
    errors.UnsupportedMedia: (415, "Unsupported media type"),
    errors.Unprocessable: (422, "Unprocessable content"),
    errors.Throttled: (429, "Too many requests"),
    errors.Unavailable: (503, "Service unavailable"),
}
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{8,128}")
_WRITES = ("POST", "PUT")
_NEVER_REPLAYED = (409, 429)


@dataclass(frozen=True, slots=True)
class Request:
    """The request's headers (lower-case names), raw body and id, for the few routes that need them."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    request_id: str

    @property
    def idempotency_key(self) -> str | None:
        """The client's `Idempotency-Key`, if any."""
        return self.headers.get("idempotency-key") or None


T = TypeVar("T")


@dataclass(frozen=True)
class Reply(Generic[T]):
    """An answer with its own status, headers or media type; `body` is a document, or bytes sent as they are."""

    body: T | None = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    media_type: str = JSON


@dataclass(frozen=True, slots=True)
class Route:
    """One route as declared: what the router serves and what the OpenAPI document says."""

    method: str
    path: str
    scope: str | None
    status: int
    handler: Callable[..., Any]
    query: type[BaseModel] | None
    body: type[BaseModel] | None
    returns: Any
    needs: frozenset[str]

    @property
    def template(self) -> str:
        """The path as API Gateway and OpenAPI write it: ``/events/{eid}``."""
        return self.path.replace("<", "{").replace(">", "}")


def etag(version: int) -> str:
    """The entity tag of a stored version."""
    return f'"{version}"'


class Api:
    """The routes that one function serves on one host (`main`, `cr` or `hub`)."""

    def __init__(self, host: str, *, unrouted: Callable[[str], DomainError] | None = None) -> None:
        self.host = host
        self._unrouted = unrouted
        self.routes: list[Route] = []
        # A custom domain maps /main, /cr and /hub to the three APIs and leaves that prefix in the path.
        self._resolver = APIGatewayRestResolver(strip_prefixes=[f"/{host}"])
        self._resolver.not_found(self._no_route)

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """Lambda entry point: an API Gateway REST proxy event in, a proxy response out."""
        logger().append_keys(request_id=_request_id(event), route=event.get("resource"))
        return self._resolver.resolve(event, context)

    def get(self, path: str, *, scope: str | None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declare a GET route; `scope` None means no token is needed."""
        return self._declare("GET", path, scope, 200)

    def post(self, path: str, *, scope: str, status: int = 201) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declare a POST route."""
        return self._declare("POST", path, scope, status)

    def put(self, path: str, *, scope: str, status: int = 200) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declare a PUT route."""
        return self._declare("PUT", path, scope, status)

    def delete(self, path: str, *, scope: str, status: int = 204) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declare a DELETE route."""
        return self._declare("DELETE", path, scope, status)

    def _declare(
        self, method: str, path: str, scope: str | None, status: int
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        def register(handler: Callable[..., Any]) -> Callable[..., Any]:
            hints = get_type_hints(handler, include_extras=True)
            route = Route(
                method=method,
                path=path,
                scope=scope,
                status=status,
                handler=handler,
                query=hints.get("query"),
                body=hints.get("body"),
                returns=hints.get("return"),
                needs=frozenset(inspect.signature(handler).parameters),
            )
            self.routes.append(route)

            def endpoint(**path_parameters: str) -> Response[Any]:
                return self._serve(route, path_parameters)

            self._resolver.route(path, method=[method])(endpoint)
            return handler

        return register

    def _serve(self, route: Route, path_parameters: dict[str, str]) -> Response[Any]:
        event: dict[str, Any] = self._resolver.current_event.raw_event
        request = _request(event)
        try:
            caller = self._caller(route, event, request)
            arguments: dict[str, Any] = dict(path_parameters)
            if "caller" in route.needs:
                arguments["caller"] = caller
            if "request" in route.needs:
                arguments["request"] = request
            query = parse_query(route.query, event.get("multiValueQueryStringParameters"))
            if route.query is not None:
                arguments["query"] = query
            if route.body is not None:
                arguments["body"] = parse_body(route.body, request)

            def answer() -> idempotency.StoredResponse:
                try:
                    return _rendered(route, route.handler(**arguments), request)
                except DomainError as error:
                    refusal = self.problem(error, request)
                    if refusal.status in _NEVER_REPLAYED or refusal.status >= 500:  # noqa: PLR2004
                        raise
                    return refusal

            key = request.idempotency_key
            if caller is not None and key is not None and route.method in _WRITES:
                fingerprint = idempotency.fingerprint(
                    route.method, request.path, event.get("multiValueQueryStringParameters"), request.body
                )
                stored = idempotency.run_once(caller.tenant, caller.sub, key, fingerprint, answer)
            else:
                stored = answer()
        except Exception as error:  # noqa: BLE001 - the edge answers every failure, and logs what it did not foresee
            return self._response(self.problem(error, request), request)
        return self._response(stored, request)

    def _caller(self, route: Route, event: dict[str, Any], request: Request) -> Caller | None:
        if route.scope is None:
            return None
        authorizer = event["requestContext"].get("authorizer") or {}
        caller = caller_from(authorizer, request.headers.get(TENANT_HEADER) or None)
        logger().append_keys(tenant=caller.tenant)
        caller.require(route.scope)
        return caller

    def problem(self, error: Exception, request: Request) -> idempotency.StoredResponse:
        """An error as RFC 9457 problem document."""
        headers: dict[str, str] = {}
        violations: tuple[Violation, ...] = ()
        if isinstance(error, DomainError):
            status, title = next(PROBLEMS[kind] for kind in type(error).__mro__ if kind in PROBLEMS)
            code, detail, violations = error.code, error.detail, error.violations
            if isinstance(error, errors.Unavailable):
                headers["Retry-After"] = str(error.retry_after)
            if isinstance(error, errors.MethodNotAllowed):
                headers["Allow"] = ", ".join(sorted(error.allowed))
            if status == 401:  # noqa: PLR2004
                headers["WWW-Authenticate"] = 'Bearer realm="marquee", error="invalid_token"'
        elif isinstance(error, BotoCoreError):
            logger().exception("dependency_unreachable")
            status, title, code = 503, "Service unavailable", "dependency.unreachable"
            detail = "A service this depends on does not answer. Try again in a moment."
            headers["Retry-After"] = "5"
        else:
            logger().exception("request_failed")
            status, title, code = 500, "Internal server error", "internal"
            detail = "Something went wrong on our side. Give the request id when you report it."
        document: dict[str, Any] = {
            "type": f"urn:marquee:problem:{code}",
            "title": title,
            "status": status,
            "detail": detail,
            "instance": request.path,
            "error_code": code,
            "validation_errors": [{"code": one.code, "field": one.field, "message": one.message} for one in violations],
            "request_id": request.request_id,
        }
        if self.host == "hub":
            document["statusCode"] = status
        return idempotency.StoredResponse(status, {**headers, "Content-Type": PROBLEM_JSON}, orjson.dumps(document))

    def _no_route(self, _error: Exception) -> Response[Any]:
        request = _request(self._resolver.current_event.raw_event)
        path = request.path.removeprefix(f"/{self.host}")
        error = (
            self._unrouted(path)
            if self._unrouted
            else errors.NotFound("route.not_found", "There is nothing at this path.")
        )
        return self._response(self.problem(error, request), request)

    @staticmethod
    def _response(stored: idempotency.StoredResponse, request: Request) -> Response[Any]:
        headers = dict(stored.headers)
        media_type = headers.pop("Content-Type", JSON)
        headers["x-request-id"] = request.request_id
        textual = media_type.startswith("text/") or media_type.endswith(("json", "+xml", "javascript"))
        # The resolver sends bytes base64-encoded, which is for binary documents only.
        body: Any = stored.body.decode() if textual else stored.body
        return Response(
            status_code=stored.status,
            content_type=media_type if stored.body else None,
            body=body if stored.body else "",
            headers=headers,
        )


def _rendered(route: Route, result: Any, request: Request) -> idempotency.StoredResponse:
    """What a handler returned, as status, headers and bytes. Honours `If-None-Match` on reads."""
    reply = result if isinstance(result, Reply) else Reply(result, route.status)
    headers = dict(reply.headers)
    tag = headers.get("ETag")
    if tag and route.method == "GET" and request.headers.get("if-none-match") == tag:
        return idempotency.StoredResponse(304, headers, b"")
    if reply.body is None:
        return idempotency.StoredResponse(reply.status, headers, b"")
    headers["Content-Type"] = reply.media_type
    return idempotency.StoredResponse(reply.status, headers, _to_bytes(reply.body))


def _to_bytes(body: Any) -> bytes:
    match body:
        case bytes():
            return body
        case BaseModel():
            return body.model_dump_json(by_alias=True).encode()
        case _:
            return orjson.dumps(body, default=_document)


def _document(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    raise TypeError(type(value).__name__)


def _request_id(event: Mapping[str, Any]) -> str:
    given = next((v for k, v in (event.get("headers") or {}).items() if k.lower() == "x-request-id"), None)
    if given and _REQUEST_ID.fullmatch(given):
        return str(given)
    return str(event["requestContext"]["requestId"])


def _request(event: Mapping[str, Any]) -> Request:
    raw = event.get("body") or ""
    body = base64.b64decode(raw) if event.get("isBase64Encoded") else raw.encode()
    return Request(
        method=event["httpMethod"],
        path=event["path"],
        headers={name.lower(): value for name, value in (event.get("headers") or {}).items()},
        body=body,
        request_id=_request_id(event),
    )


def parse_query(model: type[BaseModel] | None, given: Mapping[str, list[str]] | None) -> BaseModel | None:
    """The query string as `model`: repeated keys are lists, empty values count as absent.

    Raises Malformed naming every parameter that is unknown, repeated without being a list, or has a bad value.
    """
    present = {key: kept for key, values in (given or {}).items() if (kept := [v for v in values if v])}
    fields = {info.alias or name: info for name, info in model.model_fields.items()} if model else {}
    violations = [
        Violation("query.unknown", key, f"There is no query parameter '{key}' here.")
        for key in present
        if key not in fields
    ]
    values: dict[str, Any] = {}
    for key, info in fields.items():
        if key not in present:
            continue
        if _is_list(info.annotation):
            values[key] = present[key]
        elif len(present[key]) > 1:
            violations.append(Violation("query.repeated", key, f"'{key}' may be given only once."))
        else:
            values[key] = present[key][0]
    parsed: BaseModel | None = None
    if model is not None:
        try:
            parsed = model.model_validate(values)
        except ValidationError as error:
            violations.extend(_violations(error))
    if violations:
        raise Malformed("query.invalid", _summary("query parameter", violations), violations=violations)
    return parsed


def parse_body(model: type[BaseModel], request: Request) -> BaseModel:
    """The JSON body as `model`. Raises UnsupportedMedia or Malformed naming every field that is wrong."""
    media_type = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if media_type != JSON and not media_type.endswith("+json"):
        raise UnsupportedMedia("body.media_type", f"This route reads {JSON}, not '{media_type}'.")
    if not request.body.strip():
        raise Malformed("body.missing", "This route needs a JSON body.")
    try:
        return model.model_validate_json(request.body)
    except ValidationError as error:
        violations = _violations(error)
        if any(one.code == "json_invalid" for one in violations):
            raise Malformed("body.not_json", "The body is not valid JSON.", violations=violations) from error
        raise Malformed("body.invalid", _summary("field", violations), violations=violations) from error


def _is_list(annotation: Any) -> bool:
    if get_origin(annotation) is list:
        return True
    return any(get_origin(part) is list for part in getattr(annotation, "__args__", ()))


def _violations(error: ValidationError) -> list[Violation]:
    return [
        Violation(
            str(one["type"]),
            ".".join(str(part) for part in one["loc"]) or "body",
            str(one["msg"]).removeprefix("Value error, "),
        )
        for one in error.errors(include_url=False, include_input=False, include_context=False)
    ]


def _summary(what: str, violations: list[Violation]) -> str:
    names = ", ".join(dict.fromkeys(one.field for one in violations))
    return f"Wrong {what}{'s' if len({one.field for one in violations}) > 1 else ''}: {names}."
