"""What closing brings about on Main: events that are over, or cancelled, have their campaigns closed for good.

Until then they wait in the index `closing`, by the moment from which they can be closed; cancelled ones can be at once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import orjson

from marquee import clock, ddb
from marquee.events import listing, reading, repository, rules, service
from marquee.events.models import EventMeta, Item

MOST_TOGETHER = repository.WRITTEN_TOGETHER
Checks = Sequence[dict[str, Any]]


def due(tenant: str, now: str, after: str | None, limit: int) -> tuple[list[str], str | None]:
    """Events that wait to be closed and are over by `now` (RFC 3339), the oldest first, and where to go on.

    A moment ago at the latest: whoever closes one looks again.
    """
    return reading.closable(tenant, now, after, limit)


def over_at(item: Mapping[str, Any]) -> str:
    """From when the stored event is over (RFC 3339)."""
    meta: EventMeta = orjson.loads(item["doc"])
    return listing.over_at(meta)


def is_over(item: Mapping[str, Any], now: str) -> bool:
    """Whether the stored event is over, or cancelled."""
    return item["status"] == "cancelled" or over_at(item) <= now


def close_together(tenant: str, eids: Sequence[str], now: str, checks: Callable[[Iterable[str]], Checks]) -> int:
    """Close those of these events that are over, as many in one transaction as fit; gives how many were.

    `checks` are the conditions under which, by ids. Where a transaction fails (somebody else writes one of them, or a
    check does not hold any more) nothing of it is written, and who asks again meets them again.
    """
    found = repository.several(tenant, eids, consistent=True)
    changes = [(item, written) for item in found if (written := _closed(item, now))]
    closed = 0
    for start in range(0, len(changes), MOST_TOGETHER):
        chunk = changes[start : start + MOST_TOGETHER]
        with suppress(ddb.CheckFailed):
            if repository.write_together(tenant, chunk, checks([str(item["eid"]) for item, _ in chunk])):
                closed += len(chunk)
    return closed


def close(tenant: str, eid: str, now: str) -> Item | None:
    """Close the event if it is over: none of its campaigns is started from now on. None where it is not over.

    IGNORED stays so. Safe to repeat. Raises NotFound, Conflict.
    """
    item = service.rewritten(tenant, eid, lambda before: _closed(before, now))
    return item if is_over(item, now) or item["campaign_status"] == "CLOSED" else None


def settle(tenant: str, eid: str) -> None:
    """Say that none of the closed event's campaigns runs any more. Safe to repeat. Raises NotFound, Conflict."""

    def change(before: Item) -> Item | None:
        return {"has_active_campaigns": False} if before.get("has_active_campaigns") else None

    service.rewritten(tenant, eid, change)


def _closed(item: Mapping[str, Any], now: str) -> Item | None:
    if not is_over(item, now):
        return None
    written = rules.campaigns_paused(item)
    if item["campaign_status"] in listing.CLOSABLE:
        written = {**written, "campaign_status": "CLOSED"}
    return {**written, "updated_at": clock.timestamp()} if written else None
