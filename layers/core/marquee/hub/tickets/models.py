"""Ticket levels as they are received, and how results hold them."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from typing_extensions import TypedDict

from marquee.hub.event_documents import TicketLevel
from marquee.hub.events.discounts import EarlyBirdAsked
from marquee.hub.events.parts import Amount, Name, NamedAsked, Optional, OptionalLink, OptionalLong, Part, lower
from marquee.schemas import Exact

UNLIMITED = -1
NATURAL = "natural"
"""The display order of levels that come in the order in which they were created, after the numbered ones."""


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else lower(value)


def _zero_is_none(value: object) -> object:
    return None if value in (0, "0", "") and not isinstance(value, bool) else value


def _is_an_order(value: str) -> str:
    if value == NATURAL:
        return value
    if value.isascii() and value.isdigit():
        return str(int(value))
    raise ValueError(f"give a whole number, or {NATURAL}")


Id = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, min_length=1, max_length=36)]
Other = Annotated[
    Id | None,
    BeforeValidator(_zero_is_none, json_schema_input_type=Id | Literal[0] | None),
    Field(description="Null, or 0, is none"),
]
Count = Annotated[int, Field(ge=UNLIMITED, le=10_000_000, description="Tickets; -1 is no limit")]
Sold = Annotated[int, Field(ge=0, le=10_000_000, description="Tickets sold, wherever that was; else it stays")]
Order = Annotated[
    str,
    StringConstraints(max_length=7),
    BeforeValidator(_as_text),
    AfterValidator(_is_an_order),
    Field(description="A number; or natural: in the order of creation, after the numbered ones"),
]
Attributes = Annotated[list[NamedAsked], Field(max_length=50)]


class GivenPrice(Exact):
    """A price, in the event's currency. One that is there already is named by its uuid."""

    uuid: Id | None = None
    variation: Optional = None
    price: Amount = Decimal(0)
    quantity_included: Annotated[int, Field(ge=1, le=1000, description="Tickets that one purchase gives")] = 1
    quantity_sold: Sold | None = None


class TicketAsked(Part):
    """A ticket level, as far as its organiser decides on it; what is not given stays as it is."""

    name: Name = ""
    description: OptionalLong = None
    display_order: Order = NATURAL
    quantity: Count = UNLIMITED
    max_quantity_per_customer: Count = UNLIMITED
    category: Annotated[Literal["paid", "free", "donation"], BeforeValidator(lower)] = "paid"
    min_donation_amount: Amount = Decimal(0)
    max_donation_amount: Amount = Decimal(0)
    default_donation_amount: Amount = Decimal(0)
    status: bool = True
    restricted: bool = False
    session_id: Other = None
    parent_id: Other = None
    url_digital_pass: OptionalLink = None
    pricing_details: Annotated[list[GivenPrice], Field(max_length=50)] = Field(default_factory=list)
    early_bird_discount: EarlyBirdAsked = Field(default_factory=EarlyBirdAsked)
    coupons: Annotated[list[Id], Field(max_length=100, description="Ids of the event's coupons")] = Field(
        default_factory=list
    )
    settings: Attributes = Field(default_factory=list)
    ticket_instruction: OptionalLong = None
    custom_attributes: Attributes = Field(default_factory=list)


class NewTicketAsked(TicketAsked):
    """The same; a new ticket level needs a name."""

    name: Name


class NewTicket(Exact):
    """Body of `POST /events/{event_uuid}/tickets`."""

    ticket: NewTicketAsked


class TicketChange(Exact):
    """Body of `PUT /events/{event_uuid}/tickets/{ticket_uuid}`: what is to change; the rest stays."""

    ticket: TicketAsked


class OneTicket(TypedDict):
    """The result of reading or writing a ticket level."""

    ticket: TicketLevel


class AllTickets(TypedDict):
    """The result of reading all ticket levels, in their order."""

    tickets: list[TicketLevel]
