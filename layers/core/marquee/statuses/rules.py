"""Pure rules of an event's statuses."""

from collections.abc import Mapping
from typing import Any

from marquee.events.models import Item
from marquee.statuses.models import FrontendState


def frontend_change(item: Mapping[str, Any], wanted: str, change_id: str, at: str) -> Item:
    """The fields that setting the frontend status to `wanted` writes.

    The sequence grows with every change on Main, one to the same value included; the Registry takes a change only if
    its sequence is newer. So changes that overtake each other on the way leave both hosts with the last one, and
    setting a status again repairs a Registry that had drifted.
    """
    return {
        "frontend_status": wanted,
        "frontend_previous": item["frontend_status"],
        "frontend_sequence": item["frontend_sequence"] + 1,
        "frontend_change": change_id,
        "updated_at": at,
    }


def frontend_state(item: Mapping[str, Any]) -> FrontendState:
    """What the Registry is told about the stored event."""
    return {"frontend_status": item["frontend_status"], "sequence": item["frontend_sequence"]}
