"""Steps of the `sales_ingest` machine."""

from typing import Any

from marquee.observability import logger
from marquee.sales.ingests import ingest_service as service
from marquee.sales.ingests import staging


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Run one step: `{"task", "ingest", ...}` in, its outcome out."""
    outcome = _run(event)
    ingest = outcome.get("ingest") or event.get("ingest") or {}
    keys = {"tenant": ingest.get("tenant"), "eid": ingest.get("eid"), "ingest_id": ingest.get("ingest_id")}
    told: dict[str, Any] = {name: outcome[name] for name in ("code", "rows", "items", "stage") if name in outcome}
    logger().info("step", extra={"task": event["task"], "outcome": outcome["outcome"], **keys, **told})
    return outcome


def _run(event: dict[str, Any]) -> dict[str, Any]:  # noqa: PLR0911 - one per task
    match event["task"]:
        case "register":
            return service.register(event["bucket"], event["key"], event["execution"], event.get("mode"))
        case "inspect":
            return service.inspect(event["ingest"])
        case "parse":
            return service.parse(event["ingest"], from_1904=event["from_1904"])
        case "stage":
            return staging.stage(event["ingest"])
        case "commit":
            return staging.commit(event["ingest"], event["stage"])
        case "settle":
            return staging.settle(event["ingest"], event["stage"], event["abandoned"])
        case "reject":
            return service.reject(event["ingest"], event["code"], event["message"], event["rows"], event["entries"])
        case "abort":
            return service.abort(event["ingest"])
        case unknown:
            raise ValueError(f"no such task: {unknown}")
