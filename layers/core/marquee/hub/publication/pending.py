"""Publications that are not over, for the reconciler: one entry each, written with the event."""

from typing import Any

from marquee.hub.models import Item


def writes(before: Item | None, after: Item | None) -> list[dict[str, Any]]:
    """The writes of the transaction that takes an event from `before` to `after` (None: there is none)."""
    del before, after
    return []
