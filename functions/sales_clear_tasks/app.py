"""Steps of the `sales_clear`, `sales_undo` and `sales_purge` machines."""

from typing import Any

from marquee.observability import logger
from marquee.sales.clears import clearing, purging, undoing


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Run one step: `{"task", "clear" or "snapshot", ...}` in, its outcome out."""
    outcome = _run(event)
    about = event.get("clear") or event.get("snapshot") or {}
    keys = {name: about.get(name) for name in ("tenant", "eid", "clear_id")}
    told: dict[str, Any] = {name: outcome[name] for name in ("code", "stage", "items", "sources") if name in outcome}
    logger().info("step", extra={"task": event["task"], "outcome": outcome["outcome"], **keys, **told})
    return outcome


def _run(event: dict[str, Any]) -> dict[str, Any]:  # noqa: PLR0911 - one per task
    match event["task"]:
        case "clear":
            return clearing.clear(event["clear"])
        case "abort_clear":
            return clearing.abort(event["clear"])
        case "stage_undo":
            return undoing.stage(event["clear"])
        case "commit_undo":
            return undoing.commit(event["clear"], event["stage"])
        case "settle_undo":
            return undoing.settle(event["clear"], event["stage"], event["abandoned"])
        case "abort_undo":
            return undoing.abort(event["clear"])
        case "find_due":
            return purging.find(event["after"])
        case "purge":
            return purging.purge(event["snapshot"], event["start"])
        case unknown:
            raise ValueError(f"no such task: {unknown}")
