"""Somebody else's Registry on 127.0.0.1: the contract's two routes over real sockets, and all the ways to misbehave."""

import json
import ssl
import time
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import unquote

from tests.support.local_host import Asked, LocalHost, Plan, Reply, always, behaving, first, told

__all__ = ["TOLD_AT", "Asked", "Plan", "RegistryHost", "Reply", "always", "behaving", "first", "pointed_at"]
TOLD_AT = "2026-11-21T10:00:00Z"


class RegistryHost(LocalHost):
    """A Registry of one table in memory. `marquee` decides whether it knows the frontend's status and sequence."""

    base = "/registry"

    def __init__(self, *, token: str | None = None, marquee: bool = True, tls: ssl.SSLContext | None = None) -> None:
        self.token = token
        self.marquee = marquee
        self.events: dict[tuple[str, str], dict[str, Any]] = {}
        super().__init__(tls=tls)

    def has(self, tenant: str, eid: str, **fields: Any) -> None:
        """Let it hold an event."""
        self.events[tenant, eid] = {
            "id": eid,
            "version": 1,
            "updated_at": "2026-01-01T00:00:00Z",
            "last_updated_on_fe": None,
            "fe_status": None,
            **({"frontend_status": "DEFAULT", "frontend_sequence": 0} if self.marquee else {}),
            **fields,
        }

    def shown(self, tenant: str, eid: str) -> tuple[str, int]:
        """The frontend state that it holds."""
        event = self.events[tenant, eid]
        return event["frontend_status"], event["frontend_sequence"]

    def answer(self, asked: Asked) -> Reply:
        if self.token is not None and asked.headers.get("authorization") != f"Bearer {self.token}":
            return Reply(401, b"{}")
        route, _, eid = asked.path.removeprefix("/registry/").rpartition("/")
        key = asked.headers["x-preferred-partner-id"], unquote(eid)
        if key not in self.events:
            return Reply(404, b"{}")
        event = self.events[key]
        if (asked.method, route) == ("GET", "events"):
            return Reply(200, json.dumps(event).encode())
        if (asked.method, route) != ("PUT", "events/last_updated_on_fe") or json.loads(asked.body) != {
            "status": "RUNNING"
        }:
            return Reply(400, b"{}")
        sequence = int(asked.headers["marquee-frontend-sequence"])
        if not self.marquee:
            event |= {"last_updated_on_fe": _now()}
        elif sequence > event["frontend_sequence"]:
            event |= {
                "last_updated_on_fe": _now(),
                "frontend_status": asked.headers["marquee-frontend-status"],
                "frontend_sequence": sequence,
            }
        return Reply(204)


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def pointed_at(host: RegistryHost, client: Any, functions: list[str]) -> AbstractContextManager[None]:
    """Let deployed functions talk to this Registry instead of our own; `client` is a Lambda client of the stack."""
    return told(client, functions, REGISTRY_URL=host.url)
