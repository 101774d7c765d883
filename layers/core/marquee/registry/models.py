"""Registry events: what the system of record takes, keeps and sends."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, StringConstraints, field_validator
from typing_extensions import TypedDict

from marquee import ids, money
from marquee.schemas import Document, Received

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class EventType(StrEnum):
    """Which of the vendor's product lines the event belongs to."""

    FDLIVE = "fdlive"
    PRISMA = "prisma"


class RegisterQuery(Received):
    """Query of `POST /events`."""

    event_type: EventType = EventType.FDLIVE


class NewEvent(Received):
    """Body of `POST /events`: an event's metadata."""

    id: Annotated[str | None, Field(description="The caller's own id (`evt_` and 4 to 40 URL-safe characters)")] = None
    title: Text
    start_date_time: AwareDatetime = Field(description="RFC 3339 with an offset")
    city: Text
    venue_name: Text
    hall_name: Text | None = None
    capacity: Annotated[int, Field(ge=1, le=10_000_000)]
    category: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
    currency: Annotated[str, Field(description="ISO 4217, upper case")]
    special_ad_category: Text | None = None
    campaign_stop_time: AwareDatetime | None = Field(None, description="Default: the start of the event")
    partner_product: Text | None = None
    simulated: bool = Field(default=False, description="Made up, for trials; lists can leave it out")

    @field_validator("id")
    @classmethod
    def _has_the_form_of_an_id(cls, value: str | None) -> str | None:
        if value is not None and not ids.is_event_id(value):
            raise ValueError("an event id is 'evt_' and 4 to 40 URL-safe characters")
        return value

    @field_validator("currency")
    @classmethod
    def _is_a_currency(cls, value: str) -> str:
        if not money.is_currency(value):
            raise ValueError(f"'{value}' is not an ISO 4217 currency code")
        return value

    @field_validator("start_date_time", "campaign_stop_time")
    @classmethod
    def _is_a_sane_moment(cls, value: datetime | None) -> datetime | None:
        if value is not None and not 1970 <= value.year <= 2200:  # noqa: PLR2004 - nobody sells tickets outside
            raise ValueError("the year must be between 1970 and 2200")
        return value


class LastUpdatedOnFe(Received):
    """Body of `PUT /events/last_updated_on_fe/{eid}`: the frontend tells that it shows the event in a new state."""

    status: Literal["RUNNING", "CANCELLED"]


class RegistryEvent(Document):
    """An event as the Registry sends it."""

    id: str
    event_type: Literal["fdlive", "prisma"]
    partner_product: str | None
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
    simulated: bool
    version: int
    created_at: str
    updated_at: str
    last_updated_on_fe: str | None = Field(
        description="When the frontend last reported the event; null before the first time"
    )
    fe_status: Literal["RUNNING", "CANCELLED"] | None
    frontend_status: Literal["DEFAULT", "FLAGGED", "HIDDEN", "CANCELLED"]


class RegistryView(TypedDict):
    """What another host compares itself with; the last three are None until the frontend's state was told."""

    version: int
    frontend_status: str | None
    sequence: int | None
    told_at: str | None


Item = dict[str, Any]
