"""Pure rules of Main's events: metadata to items, items to documents."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from marquee import keys
from marquee.events.models import EventMeta, Item

INITIAL_STATUSES = {
    "status": "active",
    "frontend_status": "DEFAULT",
    "campaign_status": "OPEN",
    "client_campaign_status": "PAUSED",
    "campaign_optimisation_status": "OFF",
    "ad_campaign_optimisation_status": "OFF",
}
# The attributes that `document` reads.
SHOWN = (
    "eid",
    "doc",
    *INITIAL_STATUSES,
    "version",
    "updated_at",
    "has_active_campaigns",
    "series_id",
    "benchmark",
)


def new_item(tenant: str, eid: str, meta: EventMeta, registry_version: int, at: str) -> Item:
    """The stored item of an event that Main sees for the first time; its index keys come with the write.

    An occurrence of the Hub's becomes active by its publication alone, whoever brings it here.
    """
    return {
        "pk": keys.event(tenant, eid),
        "sk": "EVENT",
        "eid": eid,
        "doc": orjson.dumps(meta).decode(),
        **INITIAL_STATUSES,
        **({"status": "archived"} if meta["hub_event_id"] else {}),
        "version": 1,
        "frontend_sequence": 0,
        "registry_version": registry_version,
        "updated_at": at,
    }


def hub_status(status: str, sequence: int) -> Item:
    """The fields that a publication of the Hub with this sequence writes to change an event's status."""
    return {"status": status, "hub_sequence": sequence, "hub_changed": sequence}


def hub_taken(item: Mapping[str, Any], meta: EventMeta, registry_version: int, sequence: int) -> Item:
    """The fields that taking a published occurrence writes; none where all is as it should be.

    A newer version of the Registry's stays, and so does what a later publication has written.
    """
    if item.get("hub_sequence", 0) > sequence:
        return {}
    changes: Item = {}
    if item["registry_version"] < registry_version:
        changes = {"doc": orjson.dumps(meta).decode(), "registry_version": registry_version, "hub_sequence": sequence}
    if item["status"] != "active":
        changes |= hub_status("active", sequence)
    return changes


def campaigns_paused(item: Mapping[str, Any]) -> Item:
    """The fields that pausing an event's campaigns writes; none where they are paused."""
    return {} if item["client_campaign_status"] == "PAUSED" else {"client_campaign_status": "PAUSED"}


def document(item: Mapping[str, Any], members: Sequence[str] = ()) -> dict[str, Any]:
    """A stored item, and the members of its series, as the `EventDocument` to send."""
    meta: EventMeta = orjson.loads(item["doc"])
    benchmark = item.get("benchmark")
    return {
        "id": item["eid"],
        "title": meta["title"],
        "start_date_time": meta["start_date_time"],
        "city": meta["city"],
        "venue_name": meta["venue_name"],
        "hall_name": meta["hall_name"],
        "capacity": meta["capacity"],
        "category": meta["category"],
        "currency": meta["currency"],
        "special_ad_category": meta["special_ad_category"],
        "status": item["status"],
        "frontend_status": item["frontend_status"],
        "campaign_status": item["campaign_status"],
        "client_campaign_status": item["client_campaign_status"],
        "campaign_optimisation_status": item["campaign_optimisation_status"],
        "ad_campaign_optimisation_status": item["ad_campaign_optimisation_status"],
        "campaign_stop_time": meta["campaign_stop_time"],
        "has_active_campaigns": item.get("has_active_campaigns", False),
        "campaign_event_series": [eid for eid in members if eid != item["eid"]],
        "benchmark": orjson.loads(benchmark) if benchmark else None,
        "version": item["version"],
        "updated_at": item["updated_at"],
        "hub": {"registry_id": item["eid"], "hub_event_id": meta["hub_event_id"]},
    }


def pages(total: int, limit: int) -> int:
    """How many pages `total` entries fill."""
    return -(-total // limit)
