"""Pure rules of the Registry: requests to items, items to documents and to what Main is told."""

from collections.abc import Mapping
from typing import Any

import orjson

from marquee import clock, keys
from marquee.events.models import EventMeta
from marquee.registry.models import Item, NewEvent, RegistryView

# The key of the one partition of changes that Main has not taken yet.
PENDING = "PENDING"


def pending_since(tenant: str, eid: str, at: str) -> str:
    """Sort key of a change that Main has not taken yet: by time, then unique."""
    return f"{at}#{tenant}#{eid}"


def meta(event: NewEvent, event_type: str) -> EventMeta:
    """The descriptive part of a new event, as Main and Registry both hold it."""
    start = clock.rfc3339(event.start_date_time)
    return {
        "title": event.title,
        "start_date_time": start,
        "city": event.city,
        "venue_name": event.venue_name,
        "hall_name": event.hall_name,
        "capacity": event.capacity,
        "category": event.category,
        "currency": event.currency,
        "special_ad_category": event.special_ad_category,
        "campaign_stop_time": clock.rfc3339(event.campaign_stop_time) if event.campaign_stop_time else start,
        "event_type": event_type,
        "simulated": event.simulated,
        "hub_event_id": None,
    }


def new_item(tenant: str, eid: str, event: NewEvent, event_type: str, at: str) -> Item:
    """The stored item of a newly registered event."""
    return {
        "pk": keys.event(tenant, eid),
        "sk": "META",
        "eid": eid,
        "partner_product": event.partner_product,
        "doc": orjson.dumps(meta(event, event_type)).decode(),
        "version": 1,
        "created_at": at,
        "updated_at": at,
    }


def document(item: Mapping[str, Any], frontend: Mapping[str, Any] | None) -> dict[str, Any]:
    """The stored metadata and frontend state as the `RegistryEvent` to send."""
    described: EventMeta = orjson.loads(item["doc"])
    shown = frontend or {}
    return {
        "id": item["eid"],
        "partner_product": item["partner_product"],
        **{key: value for key, value in described.items() if key != "hub_event_id"},
        "version": item["version"],
        "created_at": item["created_at"],
        "updated_at": item["updated_at"],
        "last_updated_on_fe": shown.get("last_updated_on_fe"),
        "fe_status": shown.get("fe_status"),
        "frontend_status": shown.get("frontend_status", "DEFAULT"),
    }


def view(item: Mapping[str, Any], frontend: Mapping[str, Any] | None) -> RegistryView:
    """What is compared with Main's copy of the event."""
    shown = frontend or {}
    return {
        "version": item["version"],
        "frontend_status": shown.get("frontend_status"),
        "sequence": shown.get("frontend_sequence"),
        "told_at": shown.get("last_updated_on_fe"),
    }
