"""Steps of the `sales_edit` machine."""

from typing import Any

from marquee.observability import logger
from marquee.sales.edits import edit_steps as steps
from marquee.sales.ingests import ingest_service


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Run one step: `{"task", "ingest", ...}` in, its outcome out."""
    outcome = _run(event)
    ingest = outcome.get("ingest") or event.get("ingest") or {}
    keys = {"tenant": ingest.get("tenant"), "ingest_id": ingest.get("ingest_id")}
    told: dict[str, Any] = {name: outcome[name] for name in ("code", "rows", "events", "next") if name in outcome}
    logger().info("step", extra={"task": event["task"], "outcome": outcome["outcome"], **keys, **told})
    return outcome


def _run(event: dict[str, Any]) -> dict[str, Any]:  # noqa: PLR0911 - one per task
    match event["task"]:
        case "register":
            return steps.register(event["bucket"], event["key"], event["execution"])
        case "inspect":
            return ingest_service.inspect(event["ingest"])
        case "parse":
            return steps.parse(event["ingest"], from_1904=event["from_1904"])
        case "apply":
            return steps.apply(event["ingest"], event["first"])
        case "settle":
            return steps.settle(event["ingest"])
        case "reject":
            return ingest_service.reject(event["ingest"], event["code"], event["message"])
        case "abort":
            return steps.abort(event["ingest"])
        case unknown:
            raise ValueError(f"no such task: {unknown}")
