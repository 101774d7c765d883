"""Steps of the `demand_refresh` machine. Training needs numpy, which no other function has."""

from typing import Any

from marquee.demand import refreshing
from marquee.observability import logger


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Run one step: `{"task", "tenant", ...}` in, its outcome out."""
    outcome = _run(event)
    shown = ("outcome", "events", "followed", "seen", "renewed")
    told: dict[str, Any] = {name: outcome[name] for name in shown if name in outcome}
    logger().info("step", extra={"task": event["task"], "tenant": event.get("tenant"), **told})
    return outcome


def _run(event: dict[str, Any]) -> dict[str, Any]:
    match event["task"]:
        case "list_tenants":
            return refreshing.list_tenants(event["execution"], event["after"])
        case "catch_up":
            return refreshing.catch_up(event["tenant"], event["after"])
        case "train":
            return refreshing.train(event["tenant"])
        case "renew":
            return refreshing.renew(event["tenant"], event["after"])
        case unknown:
            raise ValueError(f"no such task: {unknown}")
