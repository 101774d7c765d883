"""Steps of the `event_intake` machine that need code."""

from typing import Any

from marquee.events import service as events
from marquee.observability import logger
from marquee.registry import service as registry


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Bring Main's copy of one event to the Registry's present version."""
    tenant, eid = event["tenant"], event["eid"]
    meta, version = registry.describe(tenant, eid)
    outcome = events.take_from_registry(tenant, eid, meta, version)
    logger().info("event_taken", extra={"tenant": tenant, "eid": eid, "version": version, "outcome": outcome})
    return {"outcome": outcome, "version": version}
