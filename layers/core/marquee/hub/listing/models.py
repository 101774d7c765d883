"""The list of events as it is sent."""

from typing_extensions import TypedDict

from marquee.hub.event_documents import EventDocument


class Pagination(TypedDict):
    """Where a page stands in its list.

    `records` are all events of the list, `position` the number of events before the page. `rows` is the page's size; a
    page that would be larger than an answer may be ends early, and its `rows` are those on it. `next_position` is the
    `position` of the next page, null where there is none; unlike a number it stays right while others change the list.
    """

    records: int
    position: int
    rows: int
    order_by: str
    next_position: str | None


class EventPage(TypedDict):
    """A page of events."""

    events: list[EventDocument]
    pagination: Pagination
