"""What may be asked of the list of events. Apart from the models, as only the function that serves it pays for it."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from marquee.hub import rules
from marquee.hub.events.parts import is_a_currency, is_an_address, lower
from marquee.hub.listing.windows import TimeFilter
from marquee.schemas import Received

MOST_IDS = 100
MOST_ORGANISATIONS = 50
LARGEST_PAGE = 100
OrderBy = Literal["created_ascending", "created_descending", "starting", "name_ascending", "name_descending"]


def _split(values: object) -> object:
    """The parts of comma lists, each once, in order. Space around them does not count, nor do empty ones."""
    if not isinstance(values, list):
        return values
    parts = (part.strip() for value in values for part in str(value).split(","))
    return list(dict.fromkeys(part for part in parts if part))


def _is_a_uuid(value: str) -> str:
    if not rules.is_uuid(value):
        raise ValueError("give a UUID, as in 7d9f0a51-6a0e-4c8e-9c52-0a3f4d1b6e21")
    return value.lower()


def _is_an_organisation(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", value):
        raise ValueError("give ids of organisations")
    return value


def _folded_address(value: str) -> str:
    return is_an_address(value).casefold()


def _is_a_number(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{1,6}", value.strip()):
        raise ValueError(f"give a whole number from 1 to {LARGEST_PAGE}")
    return value


def _first_only(values: object) -> object:
    """The first of several values; the others are not looked at."""
    parts = _split(values)
    return parts[:1] if isinstance(parts, list) else parts


Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Uuid = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_is_a_uuid)]
Switch = Literal["0", "1"]


class EventListQuery(Received):
    """Filters, order and page of the list of events. All filters hold together."""

    status: Annotated[
        Annotated[Literal["draft", "ready", "published", "live"], BeforeValidator(lower)] | None,
        Field(description="Drafts and ready events are the organisation's own; live is published, and running now"),
    ] = None
    event_type: Annotated[
        Annotated[Literal["venu", "venue", "online"], BeforeValidator(lower)] | None,
        Field(description="`venu` is `venue`"),
    ] = None
    order_by: Annotated[OrderBy, BeforeValidator(lower)] = "created_descending"
    category: Annotated[Text | None, Field(description="Id of a listing category")] = None
    country: Annotated[Text | None, Field(description="Country of the venue; any case, any accents")] = None
    invitation_code: Annotated[Text | None, Field(description="Of the organisation's own events")] = None
    contact_email: Annotated[
        Annotated[str, StringConstraints(strip_whitespace=True, max_length=254), AfterValidator(_folded_address)]
        | None,
        Field(description="Of the organisation's own events"),
    ] = None
    invitation_id: Annotated[Uuid | None, Field(description="Of the organisation's own events")] = None
    time_filter: Annotated[
        list[Annotated[TimeFilter, BeforeValidator(lower)]],
        BeforeValidator(_first_only),
        Field(description="An occurrence then, on the event's own clock; of several values the first counts"),
    ] = Field(default_factory=list)
    filter_by_ids: Annotated[
        list[Uuid],
        BeforeValidator(_split),
        Field(max_length=MOST_IDS, description="Ids of events, repeated or joined by commas"),
    ] = Field(default_factory=list)
    search_q: Annotated[
        Text | None,
        Field(description="Words in name, description, venue, city, country, organisation, categories or tags"),
    ] = None
    organisation: Annotated[
        list[Annotated[str, AfterValidator(_is_an_organisation)]],
        BeforeValidator(_split),
        Field(max_length=MOST_ORGANISATIONS, description="Ids of organisations, repeated or joined by commas"),
    ] = Field(default_factory=list)
    currency: Annotated[
        Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True), AfterValidator(is_a_currency)] | None,
        Field(description="ISO 4217"),
    ] = None
    my: Annotated[
        Annotated[Literal["all", "attending", "speaking", "organised_events"], BeforeValidator(lower)] | None,
        Field(description="`organised_events` are all of the organisation, in any state"),
    ] = None
    featured: Annotated[Switch | None, Field(description="1: featured ones only")] = None
    position: Annotated[
        Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000)] | None,
        Field(description="How many events to leave out, or the `next_position` of the page before"),
    ] = None
    rows: Annotated[int, Field(ge=1, le=LARGEST_PAGE), BeforeValidator(_is_a_number)] = 20
    event_start_on: Annotated[
        Text | None, Field(description="Start of an occurrence on the event's clock: yyyy-mm-dd hh:mm")
    ] = None
    show_all_tickets: Annotated[Switch | None, Field(description="1: restricted tickets too")] = None
    summary: Annotated[Switch | None, Field(description="1: with a summary of each event")] = None


# A page, or how the events on it are shown: what does not change the list.
NOT_OF_THE_LIST = frozenset({"position", "rows", "show_all_tickets", "summary"})


def window_of(query: EventListQuery) -> TimeFilter | None:
    """The stretch of time that is asked for."""
    return query.time_filter[0] if query.time_filter else None
