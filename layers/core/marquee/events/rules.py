"""Pure rules of Main's events: items to documents, display order, counters, paging."""

from collections import Counter
from collections.abc import Mapping
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
SHOWN = ("eid", "doc", *INITIAL_STATUSES, "version", "updated_at")
VISIBLE = "visible"
FLAGGED = "flagged"


def list_partition(tenant: str, name: str) -> str:
    """Partition key of a list in the display index."""
    return f"T#{tenant}#L#{name}"


def counter_key(tenant: str, name: str) -> dict[str, str]:
    """Key of the counter that holds a list's `total`."""
    return {"pk": f"T#{tenant}#C#{name}", "sk": "COUNT"}


def display_keys(tenant: str, eid: str, frontend_status: str, start_date_time: str) -> dict[str, str]:
    """Index attributes that put an event into the lists it belongs to, in display order.

    The default list holds everything that is not HIDDEN, flagged first, then by start; `flagged` is a sparse list of
    its own, so a page of it reads flagged events only. RFC 3339 in UTC sorts as text.
    """
    if frontend_status == "HIDDEN":
        return {}
    order = f"{start_date_time}#{eid}"
    rank = "0" if frontend_status == "FLAGGED" else "1"
    keys = {"list_pk": list_partition(tenant, VISIBLE), "list_sk": f"{rank}#{order}"}
    if frontend_status == "FLAGGED":
        keys |= {"flagged_pk": list_partition(tenant, FLAGGED), "flagged_sk": order}
    return keys


def memberships(frontend_status: str | None) -> Counter[str]:
    """The lists that count an event with this frontend status (None: no event)."""
    if frontend_status is None or frontend_status == "HIDDEN":
        return Counter()
    return Counter([VISIBLE, FLAGGED] if frontend_status == "FLAGGED" else [VISIBLE])


def counter_changes(before: str | None, after: str | None) -> dict[str, int]:
    """By how much each list's counter moves when an event's frontend status goes from `before` to `after`."""
    old, new = memberships(before), memberships(after)
    return {name: delta for name in sorted(old | new) if (delta := new[name] - old[name])}


def new_item(tenant: str, eid: str, meta: EventMeta, registry_version: int, at: str) -> Item:
    """The stored item of an event that Main sees for the first time."""
    return {
        "pk": keys.event(tenant, eid),
        "sk": "EVENT",
        "eid": eid,
        "doc": orjson.dumps(meta).decode(),
        **INITIAL_STATUSES,
        "version": 1,
        "frontend_sequence": 0,
        "registry_version": registry_version,
        "updated_at": at,
        **display_keys(tenant, eid, INITIAL_STATUSES["frontend_status"], meta["start_date_time"]),
    }


def document(item: Mapping[str, Any]) -> dict[str, Any]:
    """A stored item as the `EventDocument` to send."""
    meta: EventMeta = orjson.loads(item["doc"])
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
        "has_active_campaigns": False,
        "campaign_event_series": [],
        "benchmark": None,
        "version": item["version"],
        "updated_at": item["updated_at"],
        "hub": {"registry_id": item["eid"], "hub_event_id": meta["hub_event_id"]},
    }


def pages(total: int, limit: int) -> int:
    """How many pages `total` entries fill."""
    return -(-total // limit)
