"""From the Registry table's stream to `event_intake`: one execution per written version that the Hub does not carry."""

from typing import Any

from marquee import workflows
from marquee.keys import tenant_and_eid
from marquee.observability import logger


def handler(event: dict[str, Any], _context: object) -> dict[str, list[dict[str, str]]]:
    """Start one intake per record, and report each record that could not be started on its own.

    The execution's name derives from event and version, so a batch delivered again starts nothing twice.
    """
    failures: list[dict[str, str]] = []
    for record in event["Records"]:
        image = record["dynamodb"]["NewImage"]
        if image.get("hub_version") == image["version"]:  # a publication of the Hub takes this version to Main itself
            continue
        tenant, eid = tenant_and_eid(image["pk"]["S"])
        version = int(image["version"]["N"])
        try:
            workflows.start(
                "event_intake",
                workflows.execution_name(tenant, eid, str(version)),
                {"tenant": tenant, "eid": eid, "version": version},
            )
        except Exception:  # noqa: BLE001 - one bad record must not take its neighbours along
            logger().exception("intake_not_started", extra={"tenant": tenant, "eid": eid, "version": version})
            failures.append({"itemIdentifier": record["dynamodb"]["SequenceNumber"]})
    return {"batchItemFailures": failures}
