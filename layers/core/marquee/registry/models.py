"""Registry events: what the system of record takes, keeps and sends."""

import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, NamedTuple, Protocol

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    SkipValidation,
    StringConstraints,
    ValidationInfo,
    field_validator,
)
from typing_extensions import TypedDict

from marquee import ids, money
from marquee.events.models import EventMeta
from marquee.plans import DryRun, Plan
from marquee.schemas import Document, Received
from marquee.statuses.models import FrontendState


def _composed(value: object) -> object:
    """Text in Unicode's composed form (NFC): what looks the same is the same."""
    return unicodedata.normalize("NFC", value) if isinstance(value, str) else value


def _is_an_event_id(value: str) -> str:
    if not ids.is_event_id(value):
        raise ValueError("an event id is 'evt_' and 4 to 40 URL-safe characters")
    return value


def _is_a_currency(value: str) -> str:
    if not money.is_currency(value):
        raise ValueError(f"'{value}' is not an ISO 4217 currency code")
    return value


def _is_a_sane_moment(value: datetime) -> datetime:
    if not 1970 <= value.year <= 2200:  # noqa: PLR2004 - nobody sells tickets outside
        raise ValueError("the year must be between 1970 and 2200")
    return value


Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), BeforeValidator(_composed)
]
Category = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60), BeforeValidator(_composed)
]
Tags = Annotated[list[Category], Field(max_length=50, description="What it is about, for audiences: rock, family ...")]
Capacity = Annotated[int, Field(ge=1, le=10_000_000)]
Moment = Annotated[AwareDatetime, AfterValidator(_is_a_sane_moment), Field(description="RFC 3339 with an offset")]
Currency = Annotated[
    str, StringConstraints(max_length=3), AfterValidator(_is_a_currency), Field(description="ISO 4217, upper case")
]


class EventType(StrEnum):
    """Which of the vendor's product lines the event belongs to."""

    FDLIVE = "fdlive"
    PRISMA = "prisma"


class RegisterQuery(DryRun):
    """Query of `POST /events` and `POST /events/bulk_upload`."""

    event_type: Annotated[EventType, Field(description="The category `product` means `prisma`, whatever is given")] = (
        EventType.FDLIVE
    )


class EditQuery(DryRun):
    """Query of `PUT /events/{eid}`: what is given must be the event's."""

    event_type: EventType | None = None
    partner_product: Text | None = None


class NewEvent(Received):
    """Body of `POST /events`: an event's metadata."""

    id: Annotated[
        Annotated[str, AfterValidator(_is_an_event_id)] | None,
        Field(description="The caller's own id (`evt_` and 4 to 40 URL-safe characters)"),
    ] = None
    title: Text
    start_date_time: Moment
    end_date_time: Annotated[Moment | None, Field(description="Without one, three hours after the start")] = None
    city: Text
    venue_name: Text
    hall_name: Text | None = None
    capacity: Capacity
    category: Category
    currency: Currency
    special_ad_category: Text | None = None
    campaign_stop_time: Annotated[Moment | None, Field(description="Default: the start of the event")] = None
    partner_product: Text | None = None
    simulated: bool = Field(default=False, description="Made up, for trials; lists can leave it out")
    tags: Tags = Field(default_factory=list)

    @field_validator("end_date_time")
    @classmethod
    def _ends_after_its_start(cls, value: datetime | None, info: ValidationInfo) -> datetime | None:
        start = info.data.get("start_date_time")
        if value is not None and start is not None and value <= start:
            raise ValueError("the end must be after start_date_time")
        return value


def _not_given() -> Any:
    """Stands in a field that the edit does not name; nobody reads it, only the fields that were given count."""


class EventEdit(Received):
    """Body of `PUT /events/{eid}`: the metadata to change. Null clears a field that an event may lack."""

    title: Text = Field(default_factory=_not_given)
    start_date_time: Moment = Field(default_factory=_not_given)
    end_date_time: Moment | None = Field(
        default_factory=_not_given,
        description="Null: three hours after the start. One that is there moves with it",
    )
    city: Text = Field(default_factory=_not_given)
    venue_name: Text = Field(default_factory=_not_given)
    hall_name: Text | None = Field(default_factory=_not_given)
    capacity: Capacity = Field(default_factory=_not_given)
    category: Category = Field(default_factory=_not_given)
    currency: Currency = Field(default_factory=_not_given)
    special_ad_category: Text | None = Field(default_factory=_not_given)
    campaign_stop_time: Moment | None = Field(
        default_factory=_not_given, description="Null: the start of the event. One that was the start moves with it"
    )
    simulated: bool = Field(default_factory=_not_given)
    tags: Tags = Field(default_factory=_not_given)


class BulkUpload(Received):
    """Body of `POST /events/bulk_upload`: up to 500 events, each accepted or refused on its own."""

    # What is wrong with an entry is said of that entry, so the file is taken as it is.
    events: Annotated[list[SkipValidation[NewEvent]], Field(min_length=1, json_schema_extra={"maxItems": 500})]


class EntryViolation(TypedDict):
    """One thing that is wrong with one field of an entry, as problem documents say it."""

    code: str
    field: str
    message: str


class EntryResult(TypedDict):
    """What became of one entry of a file; the last three are for a refused one."""

    index: int
    status: Literal["accepted", "refused"]
    id: str | None
    error_code: str | None
    detail: str | None
    validation_errors: list[EntryViolation]


class BulkReport(TypedDict):
    """What became of a file of events: 201 where all were accepted, else 207."""

    total: int
    accepted: int
    refused: int
    results: list[EntryResult]


class BulkPlan(Plan):
    """What the file would do: each entry's result beside the planned changes."""

    total: int
    accepted: int
    refused: int
    results: list[EntryResult]


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
    end_date_time: str | None
    city: str
    venue_name: str
    hall_name: str | None
    capacity: int
    category: str
    currency: str
    special_ad_category: str | None
    campaign_stop_time: str
    simulated: bool
    tags: list[str]
    version: int
    created_at: str
    updated_at: str
    last_updated_on_fe: str | None = Field(
        description="When the frontend last reported the event; null before the first time"
    )
    fe_status: Literal["RUNNING", "CANCELLED"] | None
    frontend_status: Literal["DEFAULT", "FLAGGED", "HIDDEN", "CANCELLED"]
    frontend_sequence: int = Field(
        description="Place of that status in Main's order of changes; 0 before the first was told"
    )


class Recorded(NamedTuple):
    """An event as it is sent, and the revision of the frontend state it shows (0 before the first report)."""

    event: RegistryEvent
    revision: int


class RegistryView(TypedDict):
    """What another host compares itself with; `told_at` is None until the frontend was told of.

    Somebody else's Registry may lack the frontend's status and sequence, and when the record was updated: None.
    """

    version: int
    updated_at: str | None
    frontend_status: str | None
    sequence: int | None
    told_at: str | None


class RegistryHost(Protocol):
    """A Registry as Main uses it: our own, or somebody else's."""

    def take_frontend_state(self, tenant: str, eid: str, state: FrontendState) -> object:
        """Take over Main's frontend state unless a newer one is there. Raises NotFound."""

    def frontend_views(self, tenant: str, eids: Iterable[str]) -> Mapping[str, RegistryView | None]:
        """What the Registry holds of these events, by id; None where that cannot be read."""

    def describe(self, tenant: str, eid: str) -> tuple[EventMeta, int]:
        """The metadata and its version. Raises NotFound."""


Item = dict[str, Any]
