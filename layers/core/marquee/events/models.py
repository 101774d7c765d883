"""Main's events: what is stored and what is sent. What lists are asked for is in `queries`."""

from enum import StrEnum
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from marquee.schemas import Document, Received


class FrontendStatus(StrEnum):
    """How users see the event: FLAGGED is pinned to the top of lists, HIDDEN is left out of them."""

    DEFAULT = "DEFAULT"
    FLAGGED = "FLAGGED"
    HIDDEN = "HIDDEN"


class Benchmark(Document):
    """Demand so far against comparable events, as fractions of capacity."""

    prediction: dict[str, float]
    state: Literal["above", "below", "on_par"]


class HubReference(Document):
    """Where the event came from: the ids it has on the other hosts."""

    registry_id: str
    hub_event_id: str | None = None


class EventDocument(Document):
    """An event as Main sends it."""

    id: str
    title: str
    start_date_time: str = Field(description="RFC 3339, UTC")
    city: str
    venue_name: str
    hall_name: str | None
    capacity: int
    category: str
    currency: str = Field(description="ISO 4217")
    special_ad_category: str | None
    status: Literal["active", "archived", "cancelled"]
    frontend_status: Literal["DEFAULT", "FLAGGED", "HIDDEN", "CANCELLED"]
    campaign_status: Literal["RUNNING", "OPEN", "CLOSED", "IGNORED"]
    client_campaign_status: Literal["RUNNING", "PAUSED"]
    campaign_optimisation_status: Literal["ON", "OFF"]
    ad_campaign_optimisation_status: Literal["ON", "OFF"]
    campaign_stop_time: str
    has_active_campaigns: bool
    campaign_event_series: list[str]
    benchmark: Benchmark | None
    version: int = Field(description="Grows with every write; the entity tag")
    updated_at: str
    hub: HubReference


class EventPage(TypedDict):
    """The standard list envelope. Items are `EventDocument`s."""

    total: int
    limit: int
    page: int
    pages: int
    items: list[EventDocument]
    next_cursor: str | None


class EventPaging(Received):
    """Paging of an event list: a 1-based page number, or the cursor of the page before."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    page: Annotated[int, Field(ge=1)] | None = None
    cursor: Annotated[str, Field(max_length=2000)] | None = None


class Hall(TypedDict):
    """A hall of a venue; its name is null where events named the venue only."""

    hall_name: str | None
    vh: str
    events: int


class Venue(TypedDict):
    """A venue with its halls, and how many events a list of it shows."""

    city: str
    venue_name: str
    events: int
    halls: list[Hall]


class Venues(TypedDict):
    """Distinct venues, by city and name."""

    total: int
    items: list[Venue]


class EventMeta(TypedDict):
    """What the Registry says about an event: the descriptive part of the document, stored compactly as `doc`.

    `end_date_time` and `tags` are there only where they were given.
    """

    title: str
    start_date_time: str
    city: str
    venue_name: str
    hall_name: str | None
    capacity: int
    category: str
    currency: str
    special_ad_category: str | None
    campaign_stop_time: str
    event_type: str
    simulated: bool
    hub_event_id: str | None
    end_date_time: NotRequired[str]
    tags: NotRequired[list[str]]


Item = dict[str, Any]
