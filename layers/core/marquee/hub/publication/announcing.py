"""Changes of a published event that the Registry and Main have to hear of."""

from marquee.hub.models import Item


def with_announcement(before: Item, changes: Item) -> Item:
    """The changes, and the publication that brings them to the other hosts where these hold anything of them."""
    del before
    return changes


def start(head: Item) -> None:
    """Start the workflow of the event's publication where that is not over; started already, it is that one."""
    del head
