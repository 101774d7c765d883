"""An event's settings as they are asked for. The defaults here are those of an event whose organisation has none."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from marquee.hub.events.parts import (
    Count,
    Json,
    Number,
    Optional,
    OptionalLong,
    OptionalPicture,
    Part,
    Short,
    Timed,
    Word,
    lower,
)

Minutes = Annotated[int, Field(ge=0, le=525_600, description="Minutes")]


class BookingStartAsked(Timed):
    """From when tickets are sold: at once, from a time on, or so long before the first occurrence starts.

    For the last, `occurrence_booking_start_type` is the unit (minutes, hours, days, weeks) and the offset how many.
    """

    type: Annotated[Literal["immediate", "specific_time", "before_occurrence"], BeforeValidator(lower)] = "immediate"
    occurrence_booking_start_type: Word = ""
    occurrence_booking_start_offset: Number = ""
    hide_ticket_until_booking_start: bool = False
    level: Word = "event"


class BookingEndAsked(Timed):
    """Until when tickets are sold: the end of the event, a time, or so long before the last occurrence starts."""

    type: Annotated[
        Literal["continue_until_event_ends", "specific_time", "before_occurrence"], BeforeValidator(lower)
    ] = "continue_until_event_ends"
    occurrence_booking_end_type: Word = ""
    occurrence_booking_end_offset: Number = ""
    level: Word = "event"


class SwitchAsked(Part):
    """Something that is on or off, for the event or below it."""

    enabled: bool = False
    level: Word = "event"


class SwitchedOn(SwitchAsked):
    """The same, on where nothing is said."""

    enabled: bool = True


class TicketRemainingAsked(SwitchAsked):
    """Whether it is shown how many tickets are left, and from how many on."""

    remaining_tickets: Count = 20
    hide_on_the_event_details: bool = False


class ThumbsAsked(Part):
    """A thumbnail for either format."""

    portrait: OptionalPicture = None
    landscape: OptionalPicture = None


class CustomThumbnailsAsked(Part):
    """Thumbnails of the event's own."""

    enabled: bool = False
    thumbs: ThumbsAsked = Field(default_factory=ThumbsAsked)


class SeoDetailsAsked(Part):
    """What search engines are told."""

    enabled: bool = False
    title: Optional = None
    description: OptionalLong = None
    image: OptionalPicture = None


class BuyerInfoAsked(Part):
    """Whether buyers are asked for more."""

    enabled: bool = False
    mandatory: bool = False


class TicketScanningAsked(Part):
    """Whether tickets are scanned, and when."""

    enabled: bool = True
    allow_scanning_only_during_event_hour: bool = False


class PricingDisplayAsked(Part):
    """How prices are shown."""

    enabled: bool = False
    display: Word = "price_range"


class ReminderBeforeAsked(Part):
    """A mail before the event."""

    enabled: bool = False
    include_ticket: bool = False
    reminder_email_time: Minutes = 1440


class ReminderAfterAsked(Part):
    """A mail after the event."""

    enabled: bool = False
    reminder_email_time: Minutes = 60


class CustomTicketIdAsked(Part):
    """What ticket numbers begin with."""

    enabled: bool = False
    ticket_id_prefix: Short = ""


class SettingsAsked(Part):
    """How the event is sold. A capacity of 0 is none given; `max_ticket_per_customer` of 0 is no limit."""

    booking_starts_on: BookingStartAsked = Field(default_factory=BookingStartAsked)
    booking_ends_on: BookingEndAsked = Field(default_factory=BookingEndAsked)
    event_capacity: Count = 0
    max_ticket_per_customer: Count = 0
    terminology: Short = "ticket"
    enable_guest_checkout: bool = True
    enable_share: bool = True
    digital_pass: SwitchAsked = Field(default_factory=SwitchAsked)
    discount: SwitchAsked = Field(default_factory=SwitchAsked)
    coupon: SwitchAsked = Field(default_factory=SwitchAsked)
    service_charge: SwitchAsked = Field(default_factory=SwitchAsked)
    boxoffice: Optional = None
    sell_session: SwitchAsked = Field(default_factory=SwitchAsked)
    sell_session_individually: SwitchAsked = Field(default_factory=SwitchAsked)
    sell_tickets_on_venue: SwitchAsked = Field(default_factory=SwitchAsked)
    special_instruction: SwitchAsked = Field(default_factory=SwitchAsked)
    waiting_list: SwitchAsked = Field(default_factory=SwitchAsked)
    qr_code: SwitchedOn = Field(default_factory=SwitchedOn)
    configure_ticket_remaining: TicketRemainingAsked = Field(default_factory=TicketRemainingAsked)
    custom_thumbnails: CustomThumbnailsAsked = Field(default_factory=CustomThumbnailsAsked)
    custom_seo_details: SeoDetailsAsked = Field(default_factory=SeoDetailsAsked)
    collect_additional_info_from_buyer: BuyerInfoAsked = Field(default_factory=BuyerInfoAsked)
    ticket_scanning: TicketScanningAsked = Field(default_factory=TicketScanningAsked)
    configure_pricing_display_text: PricingDisplayAsked = Field(default_factory=PricingDisplayAsked)
    enable_ticket_mandatory: bool = False
    enable_rsvp: bool = False
    tracking_codes: list[Json] = Field(default_factory=list)
    blockout_period: Optional = None
    restrictions: OptionalLong = None
    terms_and_condition: list[Json] = Field(default_factory=list)
    include_tax_or_gst: bool = False
    company_registration_details: OptionalLong = None
    abn_activate_on: Optional = None
    organisation_entity_name: Optional = None
    dgr_status: bool = False
    reminder_email_before_event: ReminderBeforeAsked = Field(default_factory=ReminderBeforeAsked)
    reminder_email_after_event: ReminderAfterAsked = Field(default_factory=ReminderAfterAsked)
    enable_full_day: bool = False
    enable_ticket_countdown: bool = False
    custom_ticket_id: CustomTicketIdAsked = Field(default_factory=CustomTicketIdAsked)
    hide_ticket_until_booking_start: bool = False
    restrict_ticket_sale: bool = False
    enable_gift_a_ticket: bool = False
