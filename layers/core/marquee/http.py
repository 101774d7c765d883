"""The HTTP edge of every API function: routing, caller, typed input, one table of errors, typed output.

A route is a function whose parameters say what it needs::

    api = Api("main")

    @api.get("/events/<eid>", scope="main.read")
    def read_event(caller: Caller, eid: str) -> EventDocument: ...

`caller`, `query` and `body` (pydantic models), `upload` (the file of a form), `precondition` (`If-Match`) and
`request` are recognised by name; every other parameter is a path parameter. The same annotations generate the OpenAPI
document. A handler whose query has `dry_run` may return a `Plan` instead of its document.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, get_type_hints

import orjson
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from botocore.exceptions import BotoCoreError
from pydantic import BaseModel

from marquee import errors, idempotency
from marquee.auth import TENANT_HEADER, Caller, caller_from
from marquee.errors import DomainError, Violation
from marquee.forms import UploadedFile, read_file
from marquee.observability import logger
from marquee.plans import Plan
from marquee.requests import JSON, Request, parse_body, parse_query, read_request, request_id

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
_WRITES = ("POST", "PUT", "DELETE")
_NEVER_REPLAYED = (409, 429)


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
    also: tuple[int, ...]
    handler: Callable[..., Any]
    query: type[BaseModel] | None
    body: type[BaseModel] | None
    returns: Any
    needs: frozenset[str]

    @property
    def template(self) -> str:
        """The path as API Gateway and OpenAPI write it: ``/events/{eid}``."""
        return self.path.replace("<", "{").replace(">", "}")


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
        # Keys outlive an invocation: those of the caller before must not stand on this one's lines.
        logger().remove_keys(["tenant"])
        logger().append_keys(request_id=request_id(event), route=event.get("resource"))
        return self._resolver.resolve(event, context)

    def get(
        self, path: str, *, scope: str | None, status: int = 200
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declare a GET route; `scope` None means no token is needed."""
        return self._declare("GET", path, scope, status)

    def post(
        self, path: str, *, scope: str, status: int = 201, also: tuple[int, ...] = ()
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declare a POST route; `also` are other statuses under which the same document is sent."""
        return self._declare("POST", path, scope, status, also)

    def put(self, path: str, *, scope: str, status: int = 200) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declare a PUT route."""
        return self._declare("PUT", path, scope, status)

    def delete(self, path: str, *, scope: str, status: int = 204) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declare a DELETE route."""
        return self._declare("DELETE", path, scope, status)

    def _declare(
        self, method: str, path: str, scope: str | None, status: int, also: tuple[int, ...] = ()
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        def register(handler: Callable[..., Any]) -> Callable[..., Any]:
            hints = get_type_hints(handler, include_extras=True)
            route = Route(
                method=method,
                path=path,
                scope=scope,
                status=status,
                also=also,
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
        request = read_request(event)
        try:
            caller = self._caller(route, event, request, path_parameters.get("org_uuid"))
            given = event.get("multiValueQueryStringParameters")
            query = parse_query(route.query, given)
            arguments = _arguments(route, path_parameters, caller, query, request)

            def answer() -> idempotency.StoredResponse:
                try:
                    return _rendered(route, route.handler(**arguments), request)
                except DomainError as error:
                    refusal = self.problem(error, request)
                    if refusal.status in _NEVER_REPLAYED or refusal.status >= 500:  # noqa: PLR2004
                        raise
                    return refusal

            # A dry run does nothing that a key could guard, and leaves the key to the real request.
            key = None if getattr(query, "dry_run", False) else request.idempotency_key
            if caller is not None and key is not None and route.method in _WRITES:
                upload: UploadedFile | None = arguments.get("upload")
                material = upload.canonical if upload else request.body
                fingerprint = idempotency.fingerprint(route.method, request.path, given, material)
                stored = idempotency.run_once(caller.tenant, caller.sub, key, fingerprint, answer)
            else:
                stored = answer()
        except Exception as error:  # noqa: BLE001 - the edge answers every failure, and logs what it did not foresee
            return self._response(self.problem(error, request), request)
        return self._response(stored, request)

    def _caller(self, route: Route, event: dict[str, Any], request: Request, organisation: str | None) -> Caller | None:
        if route.scope is None:
            return None
        authorizer = event["requestContext"].get("authorizer") or {}
        caller = caller_from(authorizer, request.headers.get(TENANT_HEADER) or None, organisation)
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
        request = read_request(self._resolver.current_event.raw_event)
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


def _arguments(
    route: Route, path_parameters: dict[str, str], caller: Caller | None, query: BaseModel | None, request: Request
) -> dict[str, Any]:
    """What the handler asks for by its parameters' names."""
    arguments: dict[str, Any] = dict(path_parameters)
    if "caller" in route.needs:
        arguments["caller"] = caller
    if "request" in route.needs:
        arguments["request"] = request
    if "precondition" in route.needs:
        arguments["precondition"] = request.precondition
    if route.query is not None:
        arguments["query"] = query
    if route.body is not None:
        arguments["body"] = parse_body(route.body, request)
    if "upload" in route.needs:
        arguments["upload"] = read_file(request)
    return arguments


def _rendered(route: Route, result: Any, request: Request) -> idempotency.StoredResponse:
    """What a handler returned, as status, headers and bytes. Honours `If-None-Match` on reads."""
    status = 200 if isinstance(result, Plan) else route.status
    reply = result if isinstance(result, Reply) else Reply(result, status)
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
