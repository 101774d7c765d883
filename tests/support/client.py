"""A client of the deployed local stack, as a tenant's back end would be."""

import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import orjson
import urllib3

from tests.support.events import registration

ALL_SCOPES = "main.read main.write sales.read sales.write registry.read registry.write"
HUB_SCOPES = (
    "event.create event.list event.read event.update event.delete event.publish event.unpublish event.cancel "
    "event.add_session event.list_session event.read_session event.update_session event.delete_session"
)


class Reply:
    """A response."""

    def __init__(self, response: urllib3.BaseHTTPResponse) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.headers.items()}
        self.raw = response.data

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return orjson.loads(self.raw)


class Client:
    """Calls the three hosts for one tenant; every client has a tenant of its own unless it is given one."""

    def __init__(self, stack: Any, tenant: str | None = None, scope: str = ALL_SCOPES) -> None:
        self.stack = stack
        self.tenant = tenant or f"t{uuid.uuid4().hex[:12]}"
        self.token: str | None = stack.issuer.token([self.tenant], scope, sub="test")
        self._pool = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(60), maxsize=16)

    def send(self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None) -> Reply:
        """One request; a str or bytes body is sent as it is, anything else as JSON."""
        sent = dict(headers or {})
        if self.token is not None:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        content = body if body is None or isinstance(body, str | bytes) else json.dumps(body)
        return Reply(self._pool.request(method, self.stack.url + path, body=content, headers=sent))

    def get(self, path: str, headers: dict[str, str] | None = None) -> Reply:
        """GET."""
        return self.send("GET", path, headers=headers)

    def put(self, path: str, body: object = None, headers: dict[str, str] | None = None) -> Reply:
        """PUT."""
        return self.send("PUT", path, body, headers)

    def post(self, path: str, body: object = None, headers: dict[str, str] | None = None) -> Reply:
        """POST."""
        return self.send("POST", path, body, headers)

    def until(self, path: str, done: Callable[[Reply], bool], seconds: float = 60) -> Reply:
        """Repeat a GET until `done`; fails the test after `seconds`."""
        give_up = time.monotonic() + seconds
        while True:
            reply = self.get(path)
            if done(reply):
                return reply
            assert time.monotonic() < give_up, f"{path}: {reply.status} {reply.raw[:1000]!r}"
            time.sleep(0.1)

    def new_event(self, **fields: object) -> str:
        """Register an event and wait until Main has it; gives its id."""
        reply = self.post("/cr/events?event_type=fdlive", registration(**fields))
        assert reply.status == 201, reply.raw
        eid = str(reply.json["id"])
        self.until(f"/main/events/{eid}", lambda one: one.status == 200)
        return eid

    def drop(self, eid: str, name: str, content: bytes) -> None:
        """Put a file into the bucket, as any S3 client would."""
        self.stack.client("s3").put_object(
            Bucket=self.stack.resources()["Bucket"], Key=f"sales/{self.tenant}/{eid}/{name}", Body=content
        )

    def ingest(self, eid: str, name: str, seconds: float = 90) -> dict[str, Any]:
        """The ingest of a dropped file, when it has ended."""

        def found(reply: Reply) -> dict[str, Any] | None:
            items: list[dict[str, Any]] = reply.json["items"] if reply.status == 200 else []
            return next(
                (one for one in items if one["file"] and one["file"]["name"] == name and one["finished_at"]), None
            )

        ended = found(self.until(f"/main/ingests/?eid={eid}", lambda reply: found(reply) is not None, seconds))
        assert ended is not None
        return ended
