"""What may be asked of event lists. Apart from the models, as only the function that serves lists pays for it."""

import re
import unicodedata
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

from marquee.events.models import EventPaging
from marquee.schemas import Received


def _is_written_as_a_moment(value: object) -> object:
    if isinstance(value, str) and not _MOMENT.match(value):
        raise ValueError("give a date (2026-06-12) or a moment with its offset (2026-06-12T18:30:00Z)")
    return value


def _is_within_the_calendar(value: date) -> date:
    # A second or a zone further, the first and the last years would leave the calendar.
    if not 1000 <= value.year <= 9000:  # noqa: PLR2004
        raise ValueError("the year must be between 1000 and 9000")
    return value


_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}(?:$|[Tt ])")
Moment = Annotated[
    AwareDatetime | date,
    Field(union_mode="left_to_right"),
    BeforeValidator(_is_written_as_a_moment),
    AfterValidator(_is_within_the_calendar),
]


def _name(value: str) -> str:
    """A name as the Registry keeps it: composed (NFC), without space around it."""
    # Names may hold a comma ("Messe, Halle 3", "Saal 1,2"); what is written without a space joins values.
    if _COMMA_LIST.search(value):
        raise ValueError("repeat the parameter for several values; comma lists are not read here")
    return unicodedata.normalize("NFC", value.strip())


_COMMA_LIST = re.compile(r"[^\s\d],\S")
Chosen = Annotated[list[Annotated[str, Field(max_length=420), AfterValidator(_name)]], Field(max_length=50)]


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
