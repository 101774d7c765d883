"""An event's settings as they are sent."""

from typing import Any

from typing_extensions import TypedDict


class DiscountStart(TypedDict):
    """When an early-bird discount starts."""

    utc: str | None
    local: str | None
    occurrence_discount_start_type: str
    occurrence_discount_start_offset: str


class DiscountEnd(TypedDict):
    """When an early-bird discount ends."""

    utc: str | None
    local: str | None
    occurrence_discount_end_type: str
    occurrence_discount_end_offset: str


class EarlyBirdDiscount(TypedDict):
    """A discount for who buys early."""

    discount_type: str | None
    discount: float | None
    type: str
    is_enable_customise_discount_start: bool
    discount_starts_on: DiscountStart
    discount_ends_on: DiscountEnd


class BookingStart(TypedDict):
    """From when tickets are sold."""

    type: str
    utc: str | None
    local: str | None
    occurrence_booking_start_type: str
    occurrence_booking_start_offset: str
    hide_ticket_until_booking_start: bool
    level: str


class BookingEnd(TypedDict):
    """Until when tickets are sold."""

    type: str
    utc: str | None
    local: str | None
    occurrence_booking_end_type: str
    occurrence_booking_end_offset: str
    level: str


class Switch(TypedDict):
    """Something that is on or off, for the event or below it."""

    enabled: bool
    level: str


class TicketRemaining(TypedDict):
    """Whether it is shown how many tickets are left, and from how many on."""

    enabled: bool
    level: str
    remaining_tickets: int
    hide_on_the_event_details: bool


class Thumbs(TypedDict):
    """A thumbnail for either format."""

    portrait: str | None
    landscape: str | None


class CustomThumbnails(TypedDict):
    """Thumbnails of the event's own."""

    enabled: bool
    thumbs: Thumbs


class SeoDetails(TypedDict):
    """What search engines are told."""

    enabled: bool
    title: str | None
    description: str | None
    image: str | None


class BuyerInfo(TypedDict):
    """Whether buyers are asked for more."""

    enabled: bool
    mandatory: bool


class TicketScanning(TypedDict):
    """Whether tickets are scanned, and when."""

    enabled: bool
    allow_scanning_only_during_event_hour: bool


class PricingDisplay(TypedDict):
    """How prices are shown."""

    enabled: bool
    display: str


class ReminderBefore(TypedDict):
    """A mail before the event; its time in minutes."""

    enabled: bool
    include_ticket: bool
    reminder_email_time: int


class ReminderAfter(TypedDict):
    """A mail after the event; its time in minutes."""

    enabled: bool
    reminder_email_time: int


class CustomTicketId(TypedDict):
    """What ticket numbers begin with."""

    enabled: bool
    ticket_id_prefix: str


class Settings(TypedDict):
    """How the event is sold. A capacity of 0 is none given; `max_ticket_per_customer` of 0 is no limit."""

    booking_starts_on: BookingStart
    booking_ends_on: BookingEnd
    event_capacity: int
    max_ticket_per_customer: int
    terminology: str
    enable_guest_checkout: bool
    enable_share: bool
    digital_pass: Switch
    discount: Switch
    coupon: Switch
    service_charge: Switch
    boxoffice: str | None
    sell_session: Switch
    sell_session_individually: Switch
    sell_tickets_on_venue: Switch
    special_instruction: Switch
    waiting_list: Switch
    qr_code: Switch
    configure_ticket_remaining: TicketRemaining
    custom_thumbnails: CustomThumbnails
    custom_seo_details: SeoDetails
    collect_additional_info_from_buyer: BuyerInfo
    ticket_scanning: TicketScanning
    configure_pricing_display_text: PricingDisplay
    enable_ticket_mandatory: bool
    enable_rsvp: bool
    tracking_codes: list[Any]
    blockout_period: str | None
    restrictions: str | None
    terms_and_condition: list[Any]
    include_tax_or_gst: bool
    company_registration_details: str | None
    abn_activate_on: str | None
    organisation_entity_name: str | None
    dgr_status: bool
    reminder_email_before_event: ReminderBefore
    reminder_email_after_event: ReminderAfter
    enable_full_day: bool
    enable_ticket_countdown: bool
    custom_ticket_id: CustomTicketId
    hide_ticket_until_booking_start: bool
    restrict_ticket_sale: bool
    enable_gift_a_ticket: bool
