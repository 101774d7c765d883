"""Every host's own description, and the answer to requests that no other function takes.

API Gateway tries the greedy `{proxy+}` resource last, so a request ends here when it is for `/openapi.json` or `/docs`,
or when nothing else has its path and method. The host is a stage variable of each API.
"""

from functools import partial
from typing import Any

from marquee import description
from marquee.http import Api, Reply


def _describing(host: str) -> Api:
    api = Api(host, unrouted=partial(description.unrouted, host))

    @api.get("/openapi.json", scope=None)
    def read_openapi() -> Reply[bytes]:
        return Reply(description.openapi(host))

    @api.get("/docs", scope=None)
    def read_docs() -> Reply[bytes]:
        return Reply(description.swagger_ui(host), media_type="text/html")

    @api.get("/", scope=None)
    def read_root() -> Reply[None]:
        return Reply(status=303, headers={"Location": "docs"})

    return api


_HOSTS = {host: _describing(host) for host in ("main", "cr", "hub")}


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer for the API whose stage names it."""
    return _HOSTS[event["stageVariables"]["host"]](event, context)
