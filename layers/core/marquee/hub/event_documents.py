"""An event of the Hub as it is sent: every field that clients were promised, and a few more.

Lists send the same document, with the occurrences that come next instead of all, and without the sessions.
"""

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from marquee.hub.session_documents import Moment, SessionDocument
from marquee.hub.settings_documents import EarlyBirdDiscount, Settings

State = Literal["draft", "ready", "published", "live", "unpublished", "cancelled"]


class Named(TypedDict):
    """A name with whatever it is for."""

    name: str
    value: Any


class Image(TypedDict):
    """A banner or thumbnail."""

    name: str
    image: str
    primary: bool


class Timeslot(TypedDict):
    """One of several times on one day."""

    uuid: str
    start_on: Moment
    end_on: Moment


class Occurrence(TypedDict):
    """One night, or one day with its timeslots. `main_event_id` is the event that Main and the Registry have for it."""

    uuid: str
    enabled: bool
    start_on: Moment
    end_on: Moment
    timeslots: list[Timeslot]
    sessions: list[str]
    tickets: list[str]
    main_event_id: str


class OccurrenceEnds(TypedDict):
    """When a recurrence ends: after so many (`after`), or on a date (`on`)."""

    type: Literal["after", "on"]
    value: str


class RecurrenceAttributes(TypedDict):
    """What the recurrence is made of. The last four are there where they matter to the type."""

    starts_on: Moment
    event_duration: str
    occurrence_ends: OccurrenceEnds | None
    interval: NotRequired[int]
    weekdays: NotRequired[list[str]]
    dates: NotRequired[list[str]]
    timeslots: NotRequired[list[str]]


class Recurrence(TypedDict):
    """How the event repeats. Exclusions are dates, or dates with times, on the event's clock."""

    type: Literal["does_not_repeat", "daily", "weekly", "monthly", "schedule", "timeslots"]
    attributes: RecurrenceAttributes
    exclusions: list[str]


class Following(TypedDict):
    """Who follows whom; kept by other systems."""

    uuid: str
    created_on: str
    updated_on: str


class OrganisationInteractions(TypedDict):
    """How people may deal with the organisation."""

    preferences: list[Named]
    follows: str | None
    followed_by: Following | None
    mutes: str | None


class Organisation(TypedDict):
    """The organisation as its events show it."""

    uuid: str
    name: str
    slug: str
    info: str | None
    image: str | None
    metrics: list[Named]
    interactions: OrganisationInteractions


class Configuration(TypedDict):
    """Where the event takes place: `venue_event` or `online_event`, and the attributes `venue`, `online`, ...."""

    type: Literal["venue_event", "online_event"]
    attributes: list[Named]


class Coupon(TypedDict):
    """A code that gives a discount."""

    uuid: str
    name: str
    code: str
    discount_amount: float
    discount_type: str
    starts_on: Moment
    ends_on: Moment
    uses_per_coupon: int
    total_used: int
    uses_per_customer: int
    status: bool


class PricingDetail(TypedDict):
    """A price of a ticket level. `price` is in the event's currency."""

    uuid: str
    variation: str | None
    price: float
    quantity_included: int
    quantity_sold: int


class TicketLevel(TypedDict):
    """A kind of ticket. A quantity of -1 is no limit."""

    uuid: str
    display_order: str
    name: str
    description: str | None
    quantity: int
    max_quantity_per_customer: int
    quantity_sold: int
    total_purchased_by_user: int
    category: str
    min_donation_amount: float
    max_donation_amount: float
    default_donation_amount: float
    status: bool
    restricted: bool
    session_id: str | None
    parent_id: str | None
    url_digital_pass: str | None
    pricing_details: list[PricingDetail]
    early_bird_discount: EarlyBirdDiscount
    coupons: list[str]
    settings: list[Named]
    ticket_instruction: str | None
    custom_attributes: list[Named]
    created_on: Moment


class Tickets(TypedDict):
    """All ticket levels, and what their prices include."""

    price_is_fee_inclusive: bool
    price_is_tax_inclusive: bool
    levels: list[TicketLevel]


class Publishing(TypedDict):
    """Whether the event is public."""

    state: Literal["DRAFT", "READY_TO_PUBLISH", "PUBLISHED", "UNPUBLISHED", "CANCELLED"]
    updated_on: str
    published_on: Moment


class Category(TypedDict):
    """What kind of event it is."""

    uuid: str
    name: str
    description: str | None
    url: str | None
    image: str | None


class Listing(TypedDict):
    """Whether and where the event is listed."""

    enabled: bool
    visibility_in_org_profile: bool
    featured: bool
    categories: list[Category]
    tags: list[str]


class Sessions(TypedDict):
    """The event's sessions.

    Where occurrences would name sessions more than 20,000 times they name none, and the sessions here name no
    occurrences: `/events/{event_uuid}/sessions` gives those of an occurrence, and each session names its occurrences.
    """

    enabled: bool
    type: Literal["multiple_choice", "single_choice"]
    session_lists: list[SessionDocument]


class RefundAmount(TypedDict):
    """How much is given back."""

    discount_type: str
    discount_unit: float


class RefundPolicy(TypedDict):
    """Until how many hours before the start, and how much."""

    cancel_before_event_starts: int
    automatic: bool
    amount: RefundAmount


class Refund(TypedDict):
    """Whether tickets are taken back."""

    available: bool
    policy: RefundPolicy


class Fees(TypedDict):
    """What is charged on top."""

    currency: str
    pass_on: str | None
    rate: list[Named]
    price_is_tax_inclusive: bool
    tax: list[Named]


class Interactions(TypedDict):
    """People's dealings with the event; attendees and speakers are subjects of tokens."""

    saves: list[Any]
    shares: list[Any]
    attendees: list[Any]
    speaker: list[Any]
    reviews: list[Any]
    waiting_list: list[Any]
    join_url: list[Any]


class Merchandise(TypedDict):
    """What is sold beside tickets."""

    products: list[Any]


class EventCode(TypedDict):
    """The code that leads to the event."""

    type: str
    value: str | None
    image: str | None


class Summary(TypedDict):
    """The event in figures. `price_from` and `price_to` are of its active ticket levels."""

    occurrences: int
    next_occurrence: Moment | None
    sessions: int
    ticket_levels: int
    quantity: int
    quantity_sold: int
    price_from: float | None
    price_to: float | None
    currency: str


class Invitation(TypedDict):
    """An invitation to the event."""

    uuid: str
    code: str


class EventDocument(TypedDict):
    """An event. `publising` and `publishing` are the same object under both of its documented names.

    `contact_email` and `invitations` are sent to the event's own organisation only.
    """

    uuid: str
    status: State
    premium: bool
    extended_status: list[Named]
    name: str
    display_name: str
    slug: str
    description: str
    banner: list[Image]
    thumbnail: Image
    resources: list[Any]
    links: list[Named]
    timezone: str
    enable_datetime_conversion: bool
    currency: str
    tax: list[Named]
    created_on: str
    updated_on: str
    event_occurrence: list[Occurrence]
    occurrence: Recurrence
    org: Organisation
    configuration: Configuration
    survey_configuration: list[Any]
    coupons: list[Coupon]
    early_bird_discount: EarlyBirdDiscount
    tickets: Tickets
    publising: Publishing
    publishing: Publishing
    listing: Listing
    settings: Settings
    sessions: Sessions
    refund: Refund
    ticket_instruction: str | None
    metrics: list[Named]
    fees: Fees
    interactions: Interactions
    merchandise: Merchandise
    event_reviewed: bool
    event_settings_reviewed: bool
    custom_attributes: list[Named]
    event_code: EventCode
    activities: list[Named]
    store_url: str | None
    location: str
    version: int
    contact_email: NotRequired[str | None]
    invitations: NotRequired[list[Invitation]]
    summary: NotRequired[Summary]
