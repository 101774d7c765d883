"""Steps of the `event_publication` and `event_cancellation` machines."""

from typing import Any

from marquee.hub.publication import cancelling_service, publishing_service, undoing_service
from marquee.observability import logger


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Run one step: `{"task", "publication", ...}` in, its outcome out."""
    outcome = _run(event)
    told: dict[str, Any] = {name: event[name] for name in ("task", "batch", "sequence") if name in event}
    logger().info("step", extra={**told, "outcome": outcome["outcome"], **event["publication"]})
    return outcome


def _run(event: dict[str, Any]) -> dict[str, Any]:  # noqa: C901, PLR0911 - one per task
    order, sequence, batch = event["publication"], event.get("sequence", 0), event.get("batch", 0)
    match event["task"]:
        case "open":
            return publishing_service.opened(order, event["failure"])
        case "register":
            return publishing_service.register(order, sequence, batch)
        case "take":
            return publishing_service.take(order, sequence, batch)
        case "gather":
            return publishing_service.gather(order, sequence)
        case "withdraw":
            return publishing_service.withdraw(order, sequence, batch)
        case "finish":
            return publishing_service.finish(order, sequence, event.get("gathered", []))
        case "cancel":
            return cancelling_service.cancel(order, sequence, batch)
        case "fail":
            return cancelling_service.fail(order, event["failure"])
        case "undo":
            return undoing_service.begin(order, event["failure"])
        case "undo_batch":
            return undoing_service.undo(order, sequence, batch)
        case "close":
            return undoing_service.close(order, sequence)
        case unknown:
            raise ValueError(f"no such task: {unknown}")
