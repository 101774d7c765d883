"""A session of an event as it is sent."""

from typing import Literal

from typing_extensions import TypedDict


class Moment(TypedDict):
    """A moment in UTC and on the event's clock, each as ``2035-01-24 00:00``; null where there is none."""

    utc: str | None
    local: str | None


class SessionOccurrences(TypedDict):
    """The occurrences that have the session: all, or those named."""

    type: Literal["all", "specific"]
    uuid: list[str]


class SessionPrice(TypedDict):
    """How many were sold at a price."""

    uuid: str
    quantity_sold: int


class SessionTicket(TypedDict):
    """A ticket level that admits to the session."""

    uuid: str
    quantity_sold: int
    total_purchased_by_user: int
    pricing_details: list[SessionPrice]


class SessionDocument(TypedDict):
    """A part of an event's programme. Its times are those of the first occurrence that has it; `duration` in minutes.

    A `capacity` of -1 is no limit.
    """

    uuid: str
    sell_session: bool
    status: Literal["active", "inactive"]
    name: str
    capacity: int
    display_name: str
    description: str
    duration: int
    image: str | None
    created_on: str
    updated_on: str
    occurrences: SessionOccurrences
    session_starts_on: Moment
    session_ends_on: Moment
    tickets: list[SessionTicket]
