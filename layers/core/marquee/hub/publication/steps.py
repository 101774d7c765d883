"""What the steps of both machines share: the event as long as the publication is its present one."""

from typing import Any

from marquee.hub import repository
from marquee.hub import rules as hub_rules
from marquee.hub.models import Item, Occurrence
from marquee.hub.publication import pending
from marquee.hub.publication.models import Order, Step

SUPERSEDED: Step = {"outcome": "SUPERSEDED"}


def present(order: Order) -> Item | None:
    """The event, where this is its present publication; None where there is a later one, or no event any more."""
    head = repository.head(order["tenant"], order["event_uuid"])
    if head is None or head.get("publication", {}).get("id") != order["publication_id"]:
        return None
    return head


def running(order: Order, sequence: int) -> Item | None:
    """The event, where this publication is being brought to the other hosts in this sequence; else None."""
    head = present(order)
    if head is None:
        return None
    publication = head["publication"]
    return head if publication["phase"] == "running" and publication["sequence"] == sequence else None


def check(order: Order, sequence: int) -> dict[str, Any]:
    """The condition under which another host is written."""
    return pending.check(order["tenant"], order["event_uuid"], order["publication_id"], sequence)


def main_id(order: Order, occurrence: Occurrence) -> str:
    """The id of an occurrence at the Registry and on Main."""
    return hub_rules.main_event_id(order["tenant"], order["event_uuid"], occurrence.key)
