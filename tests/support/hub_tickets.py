"""Ticket levels for tests."""

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from marquee.hub import rules as hub_rules
from marquee.hub.events import discounts
from marquee.hub.models import StoredLevel, StoredPrice
from tests.support.api import Answer, call, sample, varied

CREATED = "2026-06-12T18:30:00Z"

SAMPLES = {
    "list": "list_tickets",
    "create": "create_ticket",
    "read": "read_ticket",
    "update": "update_ticket",
    "delete": "delete_ticket",
}


def uuid_of(name: str) -> str:
    """The uuid that the thing of this name has in tests."""
    return hub_rules.derived_uuid("tests", name)


def price(minor: int = 2500, sold: int = 0, *, included: int = 1, name: str = "price") -> StoredPrice:
    """A stored price."""
    return {
        "uuid": uuid_of(name),
        "variation": None,
        "price": minor,
        "quantity_included": included,
        "quantity_sold": sold,
    }


def level(name: str = "stalls", **over: Any) -> StoredLevel:
    """A stored ticket level: paid, 100 tickets at 25.00, none sold."""
    found: Mapping[str, Any] = {
        "uuid": uuid_of(name),
        "display_order": "natural",
        "name": name,
        "description": None,
        "quantity": 100,
        "max_quantity_per_customer": -1,
        "category": "paid",
        "min_donation_amount": 0,
        "max_donation_amount": 0,
        "default_donation_amount": 0,
        "status": True,
        "restricted": False,
        "session_id": None,
        "parent_id": None,
        "url_digital_pass": None,
        "pricing_details": [price(name=f"{name} price")],
        "early_bird_discount": discounts.blank(),
        "coupons": [],
        "settings": [],
        "ticket_instruction": None,
        "custom_attributes": [],
        "created_at": CREATED,
    }
    return {**found, **over}  # type: ignore[typeddict-item]


def asked(name: str = "Stalls", **over: Any) -> dict[str, Any]:
    """What creating a ticket level asks for: 100 tickets at 25.00."""
    return {"name": name, "quantity": 100, "pricing_details": [{"price": 25}], **over}


def request(action: str, event_uuid: str, uuid: str | None = None, **variation: Any) -> dict[str, Any]:
    """The sample invocation of this action (`list`, `create`, ...) on an event, without an idempotency key."""
    path = {"event_uuid": event_uuid, **({"ticket_uuid": uuid} if uuid else {})}
    headers = {"Idempotency-Key": "", **variation.pop("headers", {})}
    return varied(sample("hub_events", SAMPLES[action]), path=path, headers=headers, **variation)


def create(app: ModuleType, event_uuid: str, name: str = "Stalls", **over: Any) -> dict[str, Any]:
    """Create a ticket level with the handler of `hub_events`; gives its document."""
    answer = call(app, request("create", event_uuid, body={"ticket": asked(name, **over)}))
    assert answer.status == 201, answer.json
    document: dict[str, Any] = answer.json["result"]["ticket"]
    return document


def update(app: ModuleType, event_uuid: str, uuid: str, **changes: Any) -> Answer:
    """Change fields of a ticket level with the handler of `hub_events`."""
    return call(app, request("update", event_uuid, uuid, body={"ticket": changes}))
