"""From the sales table's stream to curves and benchmarks: events whose sales changed are followed, models refreshed."""

from typing import Any

from marquee.demand import following, refresh_service
from marquee.keys import tenant_and_eid
from marquee.observability import logger


def handler(event: dict[str, Any], _context: object) -> dict[str, list[dict[str, str]]]:
    """Follow each event of the batch once, start one refresh per tenant, and report each record that did not work.

    A record only says that an event's sales have changed: what is stored now is read, so that records may come late,
    twice, or in any order.
    """
    numbers: dict[tuple[str, str], str] = {}
    for record in event["Records"]:
        place = tenant_and_eid(record["dynamodb"]["Keys"]["pk"]["S"])
        numbers.setdefault(place, record["dynamodb"]["SequenceNumber"])
    failed: list[str] = []
    due: dict[str, str] = {}
    for (tenant, eid), number in numbers.items():
        try:
            if following.follow(tenant, eid):
                due.setdefault(tenant, number)
        except Exception:  # noqa: BLE001 - one bad record must not take its neighbours along
            logger().exception("sales_not_followed", extra={"tenant": tenant, "eid": eid})
            failed.append(number)
    for tenant, number in due.items():
        try:
            refresh_service.soon(tenant)
        except Exception:  # noqa: BLE001 - nor one tenant the others
            logger().exception("refresh_not_started", extra={"tenant": tenant})
            failed.append(number)
    return {"batchItemFailures": [{"itemIdentifier": number} for number in dict.fromkeys(failed)]}
