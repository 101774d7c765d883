"""Steps of the `reconcile` machine."""

from typing import Any

from marquee.errors import Malformed
from marquee.hub import execution_service as publications
from marquee.observability import logger
from marquee.reconcile import service
from marquee.registry.hosts import host


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Run one step: `{"task", "settle_seconds", ...}` in, its outcome out."""
    logger().info("step", extra={key: event.get(key) for key in ("task", "tenant", "execution", "after")})
    return {**_run(event)}


def _run(event: dict[str, Any]) -> Any:
    settle, tenant = event.get("settle_seconds", 0), event.get("tenant", "")
    if not isinstance(settle, int) or settle < 0:
        raise Malformed("reconcile.settle_seconds", "settle_seconds is a whole number from 0.")
    match event["task"]:
        case "retake_pending":
            return service.retake_pending(settle, event["so_far"])
        case "restart_publications":
            return publications.restart_lost(event["lost_seconds"])
        case "list_tenants":
            return service.list_tenants(event["execution"], event["after"])
        case "compare":
            return service.compare(host(), tenant, event["after"], settle, event["tally"])
        case "repair":
            return service.repair(host(), tenant, event["drifts"], settle, event["tally"])
        case "report":
            return service.report(tenant, event["execution"], event["started_at"], event["tally"], event["failure"])
        case unknown:
            raise ValueError(f"no such task: {unknown}")
