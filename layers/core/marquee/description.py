"""A host's OpenAPI document, its Swagger UI, and 404 or 405 for what the document does not have."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import aws_lambda_powertools
import orjson

from marquee.errors import DomainError, MethodNotAllowed, NotFound

_DOCUMENTS = Path(__file__).parent / "openapi"
_SWAGGER = Path(aws_lambda_powertools.__file__).parent / "event_handler" / "openapi" / "swagger_ui"


@cache
def openapi(host: str) -> bytes:
    """The generated OpenAPI 3.1 document of `main`, `cr` or `hub`."""
    return (_DOCUMENTS / f"{host}.json").read_bytes()


@cache
def _paths(host: str) -> list[tuple[re.Pattern[str], frozenset[str]]]:
    """Path patterns of a host with their methods, literal paths before parameters, as API Gateway matches."""
    paths: dict[str, dict[str, Any]] = orjson.loads(openapi(host))["paths"]
    found = []
    for template in sorted(paths, key=lambda path: [part.startswith("{") for part in path.split("/")]):
        pattern = re.sub(r"\\\{[^/]+?\\\}", "[^/]+", re.escape(template))
        methods = frozenset(m.upper() for m in paths[template] if m in {"get", "put", "post", "delete"})
        found.append((re.compile(pattern + "/?"), methods))
    return found


def allowed_methods(host: str, path: str) -> frozenset[str]:
    """The methods that a path of the host takes; none where there is nothing at that path."""
    return next((methods for pattern, methods in _paths(host) if pattern.fullmatch(path)), frozenset())


def unrouted(host: str, path: str) -> DomainError:
    """Why no route took a request for `path`: the method, or the path."""
    allowed = allowed_methods(host, path)
    return MethodNotAllowed(allowed) if allowed else NotFound("route.not_found", "There is nothing at this path.")


@cache
def swagger_ui(host: str) -> bytes:
    """A page that shows the host's document, complete in itself: nothing is loaded from elsewhere."""
    title = orjson.loads(openapi(host))["info"]["title"]
    script = (_SWAGGER / "swagger-ui-bundle.min.js").read_text("utf-8")
    style = (_SWAGGER / "swagger-ui.min.css").read_text("utf-8")
    document = openapi(host).decode().replace("</", "<\\/")
    return (
        f"<!DOCTYPE html><html lang=en><head><meta charset=utf-8><title>{title}</title>"
        f"<style>{style}</style></head><body><div id=ui></div><script>{script}</script>"
        f"<script>const spec={document};spec.servers=[{{url:location.pathname.replace(/\\/docs\\/?$/,'')||'/'}}];"
        "SwaggerUIBundle({spec,dom_id:'#ui',presets:[SwaggerUIBundle.presets.apis],deepLinking:true})</script>"
        "</body></html>"
    ).encode()
