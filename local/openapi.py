"""Generate each host's OpenAPI 3.1 document from the routes as the functions declare them.

`python -m local.openapi` writes the documents, `--check` says whether the committed ones are current.
"""

import argparse
import importlib.util
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import orjson
from pydantic import BaseModel, TypeAdapter

from marquee import __version__, forms
from marquee.http import PROBLEM_JSON, Api, Reply, Route
from marquee.plans import Plan
from marquee.requests import JSON

ROOT = Path(__file__).parents[1]
DOCUMENTS = ROOT / "layers" / "core" / "marquee" / "openapi"
_REF = "#/components/schemas/{model}"
_TITLES = {
    "main": ("Marquee Main", "Event lists and statuses, sales ingest, figures and executions."),
    "cr": ("Marquee Registry", "The system of record for event metadata."),
    "hub": ("Marquee Hub", "Organisers create, schedule, publish and cancel events and sessions."),
}
_WRITES = ("POST", "PUT", "DELETE")


def load_app(group: str) -> ModuleType:
    """A function's `app` module, as Lambda would import it, under a name of its own."""
    path = ROOT / "functions" / group / "app.py"
    spec = importlib.util.spec_from_file_location(f"functions_{group}_app", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"no module at {path}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def apis() -> Iterator[tuple[str, Api]]:
    """Every API function's group with its declared routes."""
    for path in sorted((ROOT / "functions").glob("*/app.py")):
        handler = getattr(load_app(path.parent.name), "handler", None)
        if isinstance(handler, Api):
            yield path.parent.name, handler


def documents() -> dict[str, bytes]:
    """The three documents, by host, as they are to be stored."""
    found = {host: _skeleton(host) for host in _TITLES}
    for group, api in apis():
        for route in api.routes:
            _add(found[api.host], group, route)
    for host, document in found.items():
        _check_operation_ids(host, document)
    return {
        host: orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"
        for host, document in found.items()
    }


def _check_operation_ids(host: str, document: dict[str, Any]) -> None:
    """Raise ValueError where two operations have one name: they would be one function of a generated client."""
    ids = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    twice = {one for one in ids if ids.count(one) > 1}
    if twice:
        raise ValueError(f"{host}: more than one operation is called {', '.join(sorted(twice))}")


def _skeleton(host: str) -> dict[str, Any]:
    title, description = _TITLES[host]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "description": description,
            "version": __version__,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "."}],
        "security": [{"bearer": []}],
        "paths": {},
        "components": {
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "Claims `sub`, `scope` (space-separated) and `tenants` (list).",
                }
            },
            "schemas": {"Problem": _problem(host)},
            "responses": {
                "Problem": {
                    "description": "What went wrong (RFC 9457)",
                    "headers": {"x-request-id": {"schema": {"type": "string"}}},
                    "content": {PROBLEM_JSON: {"schema": {"$ref": _REF.format(model="Problem")}}},
                }
            },
            "parameters": {
                "Tenant": {
                    "name": "X-Preferred-Partner-Id",
                    "in": "header",
                    "required": False,
                    "description": "Chooses the tenant where the token has several",
                    "schema": {"type": "string"},
                },
                "IdempotencyKey": {
                    "name": "Idempotency-Key",
                    "in": "header",
                    "required": False,
                    "description": "The same key with the same request is answered once and replayed for 24 hours",
                    "schema": {"type": "string", "maxLength": 255},
                },
                "IfMatch": {
                    "name": "If-Match",
                    "in": "header",
                    "required": False,
                    "description": "Write only if this is still the entity's tag",
                    "schema": {"type": "string"},
                },
            },
        },
    }


def _problem(host: str) -> dict[str, Any]:
    text = {"type": "string"}
    properties: dict[str, Any] = {
        "type": text,
        "title": text,
        "status": {"type": "integer"},
        "detail": text,
        "instance": text,
        "error_code": {"type": "string", "description": "Stable and dotted"},
        "validation_errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"code": text, "field": text, "message": text},
                "required": ["code", "field", "message"],
            },
        },
        "request_id": text,
    }
    required = sorted(properties)
    properties["statusCode"] = {"type": "integer", "description": "Equal to `status`"}
    if host == "hub":
        required.append("statusCode")
    return {"type": "object", "properties": properties, "required": required}


def _add(document: dict[str, Any], group: str, route: Route) -> None:
    schemas = document["components"]["schemas"]
    summary, _, more = inspect.cleandoc(route.handler.__doc__ or "").partition("\n")
    operation: dict[str, Any] = {
        "operationId": route.handler.__name__,
        "summary": summary.rstrip("."),
        "tags": [group],
        "security": [{"bearer": [route.scope]}] if route.scope else [],
        "parameters": _parameters(schemas, route),
        "responses": _responses(schemas, route),
    }
    if more.strip():
        operation["description"] = more.strip()
    if route.body is not None:
        operation["requestBody"] = {
            "required": not getattr(route.body, "may_be_absent", False),
            "content": {JSON: {"schema": _schema(schemas, route.body, "validation")}},
        }
    if "upload" in route.needs:
        operation["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": _form()}}}
    document["paths"].setdefault(route.template, {})[route.method.lower()] = operation


def _form() -> dict[str, Any]:
    file = {"type": "string", "format": "binary", "description": f"At most {forms.MAX_FILE_BYTES / 1e6:.1f} MB"}
    return {"type": "object", "properties": {forms.FIELD: file}, "required": [forms.FIELD]}


def _parameters(schemas: dict[str, Any], route: Route) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"<(\w+)>", route.path)
    ]
    if route.query is not None:
        model = route.query.model_json_schema(ref_template=_REF)
        schemas.update(model.get("$defs", {}))
        for name, schema in model.get("properties", {}).items():
            required = name in model.get("required", [])
            found.append({"name": name, "in": "query", "required": required, "schema": _sendable(schema)})
    if route.scope is not None:
        found.append({"$ref": "#/components/parameters/Tenant"})
        if route.method in _WRITES:
            found.append({"$ref": "#/components/parameters/IdempotencyKey"})
        if "precondition" in route.needs:
            found.append({"$ref": "#/components/parameters/IfMatch"})
    return found


def _sendable(schema: dict[str, Any]) -> dict[str, Any]:
    """A query parameter's schema without the null that stands for its absence: a query string cannot say null."""
    if "anyOf" not in schema:
        return schema
    told = {name: value for name, value in schema.items() if name != "anyOf" and (name, value) != ("default", None)}
    kinds = [one for one in schema["anyOf"] if one != {"type": "null"}]
    return {**kinds[0], **told} if len(kinds) == 1 else {**told, "anyOf": kinds}


def _responses(schemas: dict[str, Any], route: Route) -> dict[str, Any]:
    returned = _returned(route.returns)
    contents = {media_type: {"schema": _content(schemas, one)} for one, media_type in returned if one is not None}
    success: dict[str, Any] = {"description": "The answer" if contents else "Done"}
    if contents:
        success["content"] = contents
    statuses = ["400", "401", "403", "429", "500", "503"]
    named = () if route.query is None else route.query.model_fields
    if "<" in route.path or {"eid", "event_id"} & set(named):
        statuses.append("404")
    if route.method in _WRITES:
        statuses += ["409", "415", "422"]
    if "upload" in route.needs or route.body is not None:
        statuses.append("413")
    if "precondition" in route.needs:
        statuses.append("412")
    answers = dict.fromkeys(map(str, (route.status, *route.also)), success)
    if route.query is not None and "dry_run" in route.query.model_fields:
        _add_plan(answers, _schema(schemas, _planned(route.returns), "serialization"))
    problem = {"$ref": "#/components/responses/Problem"}
    return {**answers, **dict.fromkeys(sorted(statuses), problem)}


def _add_plan(answers: dict[str, Any], plan: dict[str, Any]) -> None:
    """A dry run is answered with 200 and the plan, whatever the real thing answers."""
    content = answers.get("200", {}).get("content", {}).get(JSON, {})
    schema = {"anyOf": [content["schema"], plan]} if content else plan
    answers["200"] = {"description": "The answer, or the plan of a dry run", "content": {JSON: {"schema": schema}}}


def _content(schemas: dict[str, Any], returned: Any) -> dict[str, Any]:
    if returned is bytes:
        return {"type": "string", "format": "binary"}
    return _schema(schemas, returned, "serialization")


def _returned(annotation: Any) -> list[tuple[Any, str]]:
    """What a handler returns, each with its media type, without its `Reply` and without the plan of a dry run."""
    if get_origin(annotation) in {Union, UnionType}:
        return [found for one in get_args(annotation) if not _is_plan(one) for found in _returned(one)]
    if get_origin(annotation) is Reply:
        (annotation,) = get_args(annotation)
    if get_origin(annotation) is Annotated:
        annotation, media_type = get_args(annotation)[:2]
        return [(annotation, str(media_type))]
    return [(None if annotation in {None, type(None)} else annotation, JSON)]


def _is_plan(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Plan)


def _planned(annotation: Any) -> Any:
    """The plan that a handler's dry run answers with."""
    return next((one for one in get_args(annotation) if _is_plan(one)), Plan)


def _schema(schemas: dict[str, Any], annotation: Any, mode: Any) -> dict[str, Any]:
    """The annotation's JSON schema; named models go to the document's components."""
    schema = TypeAdapter(annotation).json_schema(ref_template=_REF, mode=mode)
    schemas.update(schema.pop("$defs", {}))
    name = getattr(annotation, "__name__", "")
    if isinstance(annotation, type) and (issubclass(annotation, BaseModel) or hasattr(annotation, "__total__")):
        schemas[name] = schema
        return {"$ref": _REF.format(model=name)}
    return schema


def main() -> int:
    """Write the documents, or compare them with the committed ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a document is not current")
    check = parser.parse_args().check
    stale = []
    for host, generated in documents().items():
        path = DOCUMENTS / f"{host}.json"
        if path.exists() and path.read_bytes() == generated:
            continue
        stale.append(host)
        if not check:
            path.write_bytes(generated)
    if stale:
        print(("Not current: " if check else "Written: ") + ", ".join(stale))
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
