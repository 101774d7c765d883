"""Where an event stands in lists, and how it is counted: what every write of an event writes with it."""

from typing import Any

from marquee.hub.models import Item


def placed(item: Item) -> Item:
    """The event with the attributes that put it into its organisation's lists."""
    return item


def writes(before: Item | None, after: Item | None) -> list[dict[str, Any]]:
    """The writes of the transaction that takes an event from `before` to `after` (None: there is none)."""
    del before, after
    return []
