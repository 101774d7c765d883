"""An organiser who publishes events on the deployed stack, and what the three hosts then say of them."""

import time
from typing import Any

from tests.support import hub
from tests.support.client import ALL_SCOPES, Client, Reply

HUB_SCOPES = " ".join(
    f"event.{what}" for what in ("create", "list", "read", "update", "delete", "publish", "unpublish", "cancel")
)


class Organiser:
    """Publishes events for one tenant."""

    def __init__(self, stack: Any, tenant: str | None = None) -> None:
        self.client = Client(stack, tenant, scope=f"{ALL_SCOPES} {HUB_SCOPES}")

    def create(self, **changes: Any) -> str:
        """Create an event that has all that publishing needs; gives its uuid."""
        reply = self.client.post(f"/hub/orgs/{self.client.tenant}/events", hub.new_event(**changes))
        assert reply.status == 201, reply.raw
        return str(reply.json["result"]["event"]["uuid"])

    def update(self, uuid: str, **changes: Any) -> None:
        """Change fields of an event."""
        reply = self.client.put(f"/hub/orgs/{self.client.tenant}/events/{uuid}", {"event": changes})
        assert reply.status == 200, reply.raw

    def ask(self, kind: str, uuid: str, key: str = "", query: str = "") -> Reply:
        """Publish, unpublish or cancel."""
        headers = {"Idempotency-Key": key} if key else {}
        return self.client.send("POST", f"/hub/events/{uuid}/{kind}{query}", headers=headers)

    def ended(self, execution: str, seconds: float = 90) -> dict[str, Any]:
        """The execution, when it has ended."""
        path = f"/main/executions/{execution}"
        reply = self.client.until(
            path, lambda one: one.status == 200 and bool(one.json["status"] != "running"), seconds
        )
        return dict(reply.json)

    def done(self, kind: str, uuid: str, seconds: float = 90) -> dict[str, Any]:
        """Ask for a change; gives its execution when that has succeeded."""
        reply = self.ask(kind, uuid)
        assert reply.status in {200, 201}, reply.raw
        ended = self.ended(reply.json["execution"], seconds)
        assert ended["status"] == "succeeded", ended
        return ended

    def publication(self, uuid: str) -> dict[str, Any]:
        """The event's publication, with every occurrence as the other hosts have it."""
        reply = self.client.get(f"/hub/events/{uuid}/publication")
        assert reply.status == 200, reply.raw
        found: dict[str, Any] = reply.json["result"]
        return found

    def settled(self, uuid: str, seconds: float = 60) -> dict[str, Any]:
        """The same, once the publication is over."""
        give_up = time.monotonic() + seconds
        while (found := self.publication(uuid))["phase"] == "running":
            assert time.monotonic() < give_up, found["counts"]
            time.sleep(0.1)
        return found

    def status(self, uuid: str) -> str:
        """The event's status."""
        return str(self.client.get(f"/hub/events/{uuid}").json["result"]["event"]["status"])
