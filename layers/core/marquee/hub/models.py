"""What the Hub stores: an event as one item (its head), and its sessions as one item each."""

from typing import Any, Literal, NamedTuple, NotRequired

from typing_extensions import TypedDict

Item = dict[str, Any]

StoredState = Literal["draft", "ready", "published", "unpublished", "cancelled"]
OccurrenceType = Literal["does_not_repeat", "daily", "weekly", "monthly", "schedule", "timeslots"]

MOST_OCCURRENCES = 730
MOST_SESSIONS = 500
MOST_LEVELS = 50


class Rule(TypedDict):
    """A recurrence as the organiser gave it, on the event's clock; wall times as ``2035-01-24 19:30``.

    `ends` is ``["after", 10]`` or ``["on", "2035-06-30"]`` (that day included), None where the type needs none.
    `exclusions` are dates or wall times. `duration` is in minutes, of each occurrence or timeslot.
    """

    type: OccurrenceType
    starts_on: str
    duration: int
    ends: tuple[str, int | str] | None
    interval: int
    weekdays: list[str]
    dates: list[str]
    timeslots: list[str]
    exclusions: list[str]


class Occurrence(NamedTuple):
    """One occurrence: its wall time in minutes since 1970 on the event's clock, and the key its ids derive from.

    The key is the wall time that it had when it came to be: an occurrence that is moved stays the same one.
    """

    start: int
    key: int


class Publication(TypedDict):
    """The last change that is, or was, brought to the Registry and Main.

    `sequence` is the place of the change in the event's order of changes: on the other hosts a newer one is never
    overwritten by an older one. `before` is the state that undoing it brings back, `undoes` the sequence that is being
    undone, `report` what it came to.
    """

    id: str
    kind: Literal["publish", "unpublish", "update", "cancel"]
    sequence: int
    phase: Literal["running", "done", "failed"]
    before: StoredState
    at: str
    failure: NotRequired[str | None]
    undoes: NotRequired[int]
    report: NotRequired[dict[str, Any]]


class OrganisationSnapshot(TypedDict):
    """The organisation as it was when the event was written last: lists read nothing else."""

    name: str
    slug: str
    info: str | None
    image: str | None


class Head(TypedDict):
    """An event's item. `doc`, `rule`, `runs`, `levels` and `org` are JSON; the place in lists is added when written.

    `doc` holds what the organiser said of the event (`events.content`), `rule` a `Rule`, `runs` the occurrences as
    `recurrence.packed` gives them, `levels` the ticket levels, `org` an `OrganisationSnapshot`. `dropped` are
    occurrences, packed as well, that the event has no more and that Main may still show; `marks` are those of the last
    requests with a key that changed it.
    """

    pk: str
    sk: str
    tenant: str
    uuid: str
    version: int
    state: StoredState
    sequence: int
    doc: str
    rule: str
    runs: str
    levels: str
    org: str
    session_count: int
    created_at: str
    updated_at: str
    state_at: str
    published_at: str | None
    publication: NotRequired[Publication]
    dropped: NotRequired[str]
    marks: NotRequired[list[str]]


class Content(TypedDict):
    """What the organiser said of the event, as it is stored in `doc`: in the form in which it is sent, money apart.

    Amounts of money are integers, in minor units of `currency`. Moments that follow from the occurrences (when booking
    ends, say) are worked out when the event is read.
    """

    name: str
    display_name: str | None
    description: str
    timezone: str
    enable_datetime_conversion: bool
    currency: str
    premium: bool
    banner: list[dict[str, Any]]
    thumbnail: dict[str, Any] | None
    resources: list[Any]
    links: list[dict[str, Any]]
    tax: list[dict[str, Any]]
    configuration: dict[str, Any]
    survey_configuration: list[Any]
    coupons: list[dict[str, Any]]
    early_bird_discount: dict[str, Any]
    tickets: dict[str, bool]
    listing: dict[str, Any]
    settings: dict[str, Any]
    sessions: dict[str, Any]
    refund: dict[str, Any]
    ticket_instruction: str | None
    metrics: list[dict[str, Any]]
    fees: dict[str, Any]
    interactions: dict[str, Any]
    merchandise: dict[str, Any]
    event_settings_reviewed: bool
    custom_attributes: list[dict[str, Any]]
    event_code: dict[str, Any] | None
    activities: list[dict[str, Any]]
    contact_email: str | None
    invitations: list[dict[str, str]]


class StoredPrice(TypedDict):
    """A price of a ticket level; `price` in minor units."""

    uuid: str
    variation: str | None
    price: int
    quantity_included: int
    quantity_sold: int


class StoredLevel(TypedDict):
    """A ticket level as it is stored in `levels`; donations and prices in minor units, -1 is no limit."""

    uuid: str
    display_order: str
    name: str
    description: str | None
    quantity: int
    max_quantity_per_customer: int
    category: str
    min_donation_amount: int
    max_donation_amount: int
    default_donation_amount: int
    status: bool
    restricted: bool
    session_id: str | None
    parent_id: str | None
    url_digital_pass: str | None
    pricing_details: list[StoredPrice]
    early_bird_discount: dict[str, Any]
    coupons: list[str]
    settings: list[dict[str, Any]]
    ticket_instruction: str | None
    custom_attributes: list[dict[str, Any]]
    created_at: str


class StoredSession(TypedDict):
    """A session as it is stored in the `doc` of its item.

    It starts `offset` minutes after the start of each occurrence that has it and lasts `duration` minutes.
    `occurrence_keys` and `ticket_uuids` are None where it is all of them. `sold` is by price, below the ticket level.
    """

    name: str
    display_name: str | None
    description: str
    sell_session: bool
    status: Literal["active", "inactive"]
    capacity: int
    image: str | None
    offset: int
    duration: int
    occurrence_keys: list[int] | None
    ticket_uuids: list[str] | None
    sold: dict[str, dict[str, int]]
