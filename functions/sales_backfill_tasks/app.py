"""Steps of the `sales_backfill` machine."""

from typing import Any

from marquee.observability import logger
from marquee.sales.backfills import backfill_steps as steps


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Run one step: `{"task", "order", ...}` in, its outcome out."""
    outcome = _run(event)
    order = event["order"]
    told = {key: order[key] for key in ("tenant", "backfill")} | {"key": event.get("key")}
    logger().info("step", extra={"task": event["task"], "outcome": outcome.get("outcome"), **told})
    return outcome


def _run(event: dict[str, Any]) -> dict[str, Any]:
    order = event["order"]
    match event["task"]:
        case "open":
            return steps.open_order(order)
        case "begin":
            return steps.begin(order, event["key"], event["etag"], event["attempt"])
        case "note":
            return steps.note(order, event["key"], event["result"])
        case "summarise":
            return {**steps.summarise(order)}
        case unknown:
            raise ValueError(f"no such task: {unknown}")
