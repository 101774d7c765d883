"""Main's events: what is stored, what is sent, what is asked for."""

import re
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field
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


def _is_written_as_a_moment(value: object) -> object:
    if isinstance(value, str) and not _MOMENT.match(value):
        raise ValueError("give a date (2026-06-12) or a moment with its offset (2026-06-12T18:30:00Z)")
    return value


_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}(?:$|[Tt ])")
Moment = Annotated[AwareDatetime | date, Field(union_mode="left_to_right"), BeforeValidator(_is_written_as_a_moment)]


def _is_no_comma_list(value: str) -> str:
    # Names may hold a comma ("Messe, Halle 3", "Saal 1,2"); what is written without a space joins values.
    if _COMMA_LIST.search(value):
        raise ValueError("repeat the parameter for several values; comma lists are not read here")
    return value


_COMMA_LIST = re.compile(r"[^\s\d],\S")
Chosen = Annotated[list[Annotated[str, Field(max_length=420), AfterValidator(_is_no_comma_list)]], Field(max_length=50)]


class EventPaging(Received):
    """Paging of an event list: a 1-based page number, or the cursor of the page before."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    page: Annotated[int, Field(ge=1)] | None = None
    cursor: Annotated[str, Field(max_length=2000)] | None = None


class EventListQuery(EventPaging):
    """Filters and order of an event list. Those of one name are alternatives, those of different names all hold."""

    q: Annotated[
        str | None, Field(max_length=200, description="Words in title, venue or city; any case, any accents")
    ] = None
    since: Annotated[Moment | None, Field(description="Starts then or later; a date means its first moment, UTC")] = (
        None
    )
    until: Annotated[Moment | None, Field(description="Starts then or before; a date includes the whole day, UTC")] = (
        None
    )
    status: Literal["active", "archived", "cancelled"] | None = None
    frontend_status: list[Literal["DEFAULT", "FLAGGED", "HIDDEN", "CANCELLED"]] = Field(default_factory=list)
    campaign_status: list[Literal["RUNNING", "OPEN", "CLOSED", "IGNORED"]] = Field(default_factory=list)
    client_campaign_status: Literal["RUNNING", "PAUSED"] | None = None
    marketing_campaign_status: Annotated[
        Literal["RUNNING", "PAUSED", "OPEN", "CLOSED", "IGNORED"] | None,
        Field(description="The campaign status, with RUNNING split by the client's own toggle"),
    ] = None
    city: Chosen = Field(default_factory=list)
    venue_name: Chosen = Field(default_factory=list)
    vh: Chosen = Field(default_factory=list, description="Venue and hall as `/events/venues` names them")
    category: Chosen = Field(default_factory=list)
    currency: str | None = None
    special_ad_category: str | None = None
    campaigns: Annotated[bool | None, Field(description="With, or without, active campaigns")] = None
    simulated: Annotated[bool | None, Field(description="Only made-up events, or none of them")] = None
    exclude_products: Annotated[bool, Field(description="Leave out the category `product`")] = False
    flagged_to_top: bool = True
    include_archived: Annotated[bool, Field(description="HIDDEN events too")] = False
    sort: Literal[
        "start_date_time",
        "-start_date_time",
        "title",
        "-title",
        "capacity",
        "-capacity",
        "updated_at",
        "-updated_at",
    ] = "start_date_time"


class VenueQuery(Received):
    """Query of `GET /events/venues`."""

    city: Annotated[str, Field(max_length=200)] | None = None


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
    """What the Registry says about an event: the descriptive part of the document, stored compactly as `doc`."""

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


Item = dict[str, Any]
