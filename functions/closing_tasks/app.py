"""Steps of the `closing_sweep`, `event_closing` and `campaign_delivery` machines."""

from typing import Any

from marquee.campaigns.closing import closing, sweeping
from marquee.campaigns.delivery import delivering
from marquee.observability import logger


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Run one step: `{"task", "closing", "place" or "live", ...}` in, its outcome out."""
    outcome = _run(event)
    about = {**(event.get("place") or {}), **(event.get("closing") or {}), **(event.get("live") or {})}
    keys = {name: about[name] for name in ("tenant", "eid", "sk") if name in about}
    told = {name: outcome[name] for name in _TOLD if name in outcome}
    logger().info("step", extra={"task": event["task"], **keys, **told})
    return outcome


_TOLD = ("outcome", "closed", "started", "failed", "run_id", "results", "learnt", "off", "reason")


def _run(event: dict[str, Any]) -> dict[str, Any]:  # noqa: PLR0911 - one per task
    match event["task"]:
        case "sweep":
            return sweeping.sweep(event["place"])
        case "close":
            return closing.close(**event["closing"])
        case "stop":
            return closing.stop(event["place"])
        case "collect":
            return closing.collect(event["place"])
        case "attribute":
            return closing.attribute(**event["closing"])
        case "finish":
            return closing.finish(**event["closing"])
        case "find_live":
            return {**delivering.find(event["place"])}
        case "deliver":
            # Executions that began before a step could answer MORE tell nothing of it
            return delivering.deliver(**event["live"], fetched=event.get("fetched", []))
        case unknown:
            raise ValueError(f"no such task: {unknown}")
