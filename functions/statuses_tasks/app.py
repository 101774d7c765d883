"""Steps of the `frontend_status` machine that need code."""

from typing import Any

from marquee.observability import logger
from marquee.preconditions import Precondition
from marquee.registry.hosts import host
from marquee.statuses import service as statuses
from marquee.statuses.models import FrontendState


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Run one step: `{"task", "tenant", "eid", "change_id", ...}` in, Main's frontend state out."""
    tenant, eid, change_id = event["tenant"], event["eid"], event["change_id"]
    logger().info("step", extra={"task": event["task"], "tenant": tenant, "eid": eid, "change_id": change_id})
    match event["task"]:
        case "set_main":
            versions: list[int] | None = event["precondition"]["versions"]
            allowed = Precondition(None if versions is None else tuple(versions))
            wanted, request = event["frontend_status"], event["request"]
            return {**statuses.change_frontend_status(tenant, eid, wanted, change_id, request, allowed)}
        case "restore_main":
            return {**statuses.restore_frontend_status(tenant, eid, change_id)}
        case "tell_registry":
            state: FrontendState = event["state"]
            host().take_frontend_state(tenant, eid, state)
            return {**state}
        case unknown:
            raise ValueError(f"no such task: {unknown}")
