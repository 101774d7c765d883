"""What a proxy event asks for, as typed values: headers, query, body. Everything wrong with them is named."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, get_origin

from pydantic import BaseModel, ValidationError

from marquee import preconditions
from marquee.errors import Malformed, TooLarge, UnsupportedMedia, Violation
from marquee.preconditions import Precondition
from marquee.schemas import Exact

JSON = "application/json"
MAX_BODY_BYTES = 4_500_000
"""The gateway hands a body over in base64, in an event of at most 6 MB. A larger one comes in elsewhere only."""
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{8,128}")


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

    @property
    def precondition(self) -> Precondition:
        """What the client's `If-Match` demands. Raises Malformed."""
        return preconditions.parse(self.headers.get("if-match"))


def request_id(event: Mapping[str, Any]) -> str:
    """The client's `x-request-id` if it is sane (8 to 128 harmless characters), else the gateway's own."""
    given = next((v for k, v in (event.get("headers") or {}).items() if k.lower() == "x-request-id"), None)
    if given and _REQUEST_ID.fullmatch(given):
        return str(given)
    return str(event["requestContext"]["requestId"])


def read_request(event: Mapping[str, Any]) -> Request:
    """The request in an API Gateway proxy event, its body decoded."""
    raw = event.get("body") or ""
    body = base64.b64decode(raw) if event.get("isBase64Encoded") else raw.encode()
    return Request(
        method=event["httpMethod"],
        path=event["path"],
        headers={name.lower(): value for name, value in (event.get("headers") or {}).items()},
        body=body,
        request_id=request_id(event),
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
            # What is given twice is not missing.
            refused = {one.field for one in violations}
            violations.extend(one for one in violations_of(error) if one.field not in refused)
    if violations:
        raise Malformed("query.invalid", _summary("query parameter", violations), violations=violations)
    return parsed


def parse_body(model: type[BaseModel], request: Request) -> BaseModel:
    """The JSON body as `model`. Raises UnsupportedMedia, TooLarge, or Malformed naming every field that is wrong."""
    if getattr(model, "may_be_absent", False) and not request.body.strip():
        return model()
    media_type = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if media_type != JSON and not media_type.endswith("+json"):
        raise UnsupportedMedia("body.media_type", f"This route reads {JSON}, not '{media_type}'.")
    if len(request.body) > MAX_BODY_BYTES:
        raise TooLarge("body.too_large", f"The body is larger than {MAX_BODY_BYTES / 1e6:.1f} MB.")
    if not request.body.strip():
        raise Malformed("body.missing", "This route needs a JSON body.")
    try:
        if issubclass(model, Exact):
            return model.model_validate(_exact(request.body))
        return model.model_validate_json(request.body)
    except ValidationError as error:
        violations = violations_of(error)
        if any(one.code == "json_invalid" for one in violations):
            raise Malformed("body.not_json", "The body is not valid JSON.", violations=violations) from error
        raise Malformed("body.invalid", _summary("field", violations), violations=violations) from error


def _exact(body: bytes) -> Any:
    """JSON with every number that is no integer as a Decimal. Raises Malformed."""
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        violation = Violation("json_invalid", "body", f"Invalid JSON: {error}")
        raise Malformed("body.not_json", "The body is not valid JSON.", violations=[violation]) from error


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is not a number")


def _is_list(annotation: Any) -> bool:
    if get_origin(annotation) is list:
        return True
    return any(get_origin(part) is list for part in getattr(annotation, "__args__", ()))


def violations_of(error: ValidationError) -> list[Violation]:
    """Everything that a model found wrong, each with the path of its field."""
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
