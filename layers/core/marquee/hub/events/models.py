"""What creating and changing an event asks for."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from marquee.hub import rules, wall_time
from marquee.hub.events.discounts import CouponAsked, DiscountType, EarlyBirdAsked
from marquee.hub.events.occurrence_models import NewOccurrence, OccurrenceAsked
from marquee.hub.events.parts import (
    Address,
    Amount,
    Currency,
    ImageAsked,
    Json,
    Label,
    Long,
    Name,
    NamedAsked,
    NamedLink,
    Optional,
    OptionalLink,
    OptionalLong,
    OptionalPicture,
    Part,
    Short,
    lower,
    not_given,
    or_text,
)
from marquee.hub.events.settings_models import SettingsAsked
from marquee.schemas import Exact

PLACES = ("venue", "online")


def _is_a_zone(value: str) -> str:
    name = wall_time.zone_name(value)
    if name is None:
        raise ValueError(f"'{value}' is no time zone of the IANA database, such as Europe/Berlin")
    return name


def _coordinate(limit: int) -> Any:
    def checked(value: Any) -> Any:
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        try:
            number = Decimal(str(value).strip())
        except ArithmeticError:
            number = Decimal("NaN")
        if isinstance(value, bool) or not number.is_finite() or abs(number) > limit:
            raise ValueError(f"a number of degrees from -{limit} to {limit}, as in 48.137")
        return str(value).strip()

    return BeforeValidator(checked)


class AddressAsked(Exact):
    """A postal address."""

    address_line1: Short = ""
    address_line2: Short = ""
    country: Short = ""
    state: Short = ""
    city: Short = ""
    post_code: Annotated[Short, BeforeValidator(lambda value: str(value) if isinstance(value, int) else value)] = ""


class PlaceAsked(Exact):
    """A venue, or where an online event is found."""

    name: Optional = None
    image: OptionalPicture = None
    url: OptionalLink = None
    latitude: Annotated[str | None, _coordinate(90)] = None
    longitude: Annotated[str | None, _coordinate(180)] = None
    address: AddressAsked = Field(default_factory=AddressAsked)


class AttributeAsked(Exact):
    """An attribute of the configuration: `venue` or `online` with a place, or any other with a value of its own."""

    model_config = ConfigDict(validate_default=True)

    name: Label
    value: Annotated[
        Json, Field(description="For venue and online: name, image, url, latitude, longitude, address")
    ] = None

    @field_validator("name")
    @classmethod
    def _known_names_in_lower_case(cls, value: str) -> str:
        return value.lower() if value.lower() in PLACES else value

    @field_validator("value")
    @classmethod
    def _a_place(cls, value: Any, info: ValidationInfo) -> Any:
        return PlaceAsked.model_validate(value).model_dump() if info.data.get("name") in PLACES else value


class ConfigurationAsked(Part):
    """Where the event takes place."""

    type: Annotated[Literal["venue_event", "online_event"], BeforeValidator(lower)] = "venue_event"
    attributes: Annotated[list[AttributeAsked], Field(max_length=50)] = Field(default_factory=list)


class CategoryAsked(Exact):
    """A category: an object, its uuid alone, or its name alone, which always gets the same uuid."""

    uuid: Optional = None
    name: Short = ""
    description: OptionalLong = None
    url: OptionalLink = None
    image: OptionalPicture = None

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return {"uuid" if rules.is_uuid(value) else "name": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _named(self) -> "CategoryAsked":
        if not (self.uuid or self.name):
            raise ValueError("give a category's uuid or its name")
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """A text or the object."""
        return or_text(handler(schema))


class ListingAsked(Part):
    """Whether and where the event is listed."""

    enabled: bool = True
    visibility_in_org_profile: bool = True
    featured: bool = False
    categories: Annotated[list[CategoryAsked], Field(max_length=20)] = Field(default_factory=list)
    tags: Annotated[list[Label], Field(max_length=50)] = Field(default_factory=list)


class TicketFlags(Part):
    """What the prices of tickets include."""

    price_is_fee_inclusive: bool = False
    price_is_tax_inclusive: bool = False


class SessionsAsked(Part):
    """Whether there are sessions, and whether a visitor goes to several of those at one time."""

    enabled: bool = False
    type: Annotated[Literal["multiple_choice", "single_choice"], BeforeValidator(lower)] = "multiple_choice"


class RefundAmountAsked(Part):
    """How much is given back."""

    discount_type: DiscountType = "percentage"
    discount_unit: Amount = Decimal(0)


class RefundPolicyAsked(Part):
    """Until how many hours before the start, and how much."""

    cancel_before_event_starts: Annotated[int, Field(ge=0, le=87_600)] = 0
    automatic: bool = False
    amount: RefundAmountAsked = Field(default_factory=RefundAmountAsked)


class RefundAsked(Part):
    """Whether tickets are taken back."""

    available: bool = False
    policy: RefundPolicyAsked = Field(default_factory=RefundPolicyAsked)


class FeesAsked(Part):
    """What is charged on top, in the event's currency."""

    pass_on: Optional = None
    rate: Annotated[list[NamedAsked], Field(max_length=20)] = Field(default_factory=list)
    price_is_tax_inclusive: bool = False
    tax: Annotated[list[NamedAsked], Field(max_length=20)] = Field(default_factory=list)


class PersonAsked(Exact):
    """Somebody who attends or speaks: the subject of their token."""

    sub: Label
    name: Short = ""


class InteractionsAsked(Part):
    """Who attends and who speaks."""

    attendees: Annotated[list[PersonAsked], Field(max_length=2000)] = Field(default_factory=list)
    speaker: Annotated[list[PersonAsked], Field(max_length=500)] = Field(default_factory=list)


class MerchandiseAsked(Part):
    """What is sold beside tickets."""

    products: Annotated[list[Json], Field(max_length=200)] = Field(default_factory=list)


class EventCodeAsked(Exact):
    """The code that leads to the event."""

    type: Short = "qr"
    value: Annotated[str, Field(max_length=2000)] | None = None
    image: OptionalPicture = None


def _empty_is_none(value: Any) -> Any:
    """An event without a thumbnail is sent with one of which everything is empty: that is taken back as none."""
    return None if isinstance(value, dict) and not any(value.get(name) for name in ("name", "image")) else value


class InvitationAsked(Exact):
    """An invitation; without a uuid it is given one."""

    uuid: Optional = None
    code: Label


Names = Annotated[list[NamedAsked], Field(max_length=50)]
Values = Annotated[list[Json], Field(max_length=200)]


class EventAsked(Part):
    """An event, as far as its organiser decides on it."""

    name: Name = Field(default_factory=not_given)
    display_name: Optional = Field(default_factory=not_given)
    description: Long = Field(default_factory=not_given)
    is_update_org_settings: bool = Field(
        default=False,
        description="Take the timezone, currency, settings, refund and fees as defaults of the organisation's events",
    )
    premium: bool = Field(default_factory=not_given)
    occurrence: OccurrenceAsked = Field(default_factory=not_given)
    banner: Annotated[list[ImageAsked], Field(max_length=20)] = Field(default_factory=not_given)
    thumbnail: Annotated[ImageAsked | None, BeforeValidator(_empty_is_none)] = Field(default_factory=not_given)
    timezone: Annotated[Short, AfterValidator(_is_a_zone), Field(description="IANA name, in any case")] = Field(
        default_factory=not_given
    )
    enable_datetime_conversion: bool = Field(default_factory=not_given)
    currency: Currency = Field(default_factory=not_given)
    configuration: ConfigurationAsked = Field(default_factory=not_given)
    listing: ListingAsked = Field(default_factory=not_given)
    resources: Values = Field(default_factory=not_given)
    links: Annotated[list[NamedLink], Field(max_length=50)] = Field(default_factory=not_given)
    tax: Names = Field(default_factory=not_given)
    survey_configuration: Values = Field(default_factory=not_given)
    coupons: Annotated[list[CouponAsked], Field(max_length=100)] = Field(default_factory=not_given)
    early_bird_discount: EarlyBirdAsked = Field(default_factory=not_given)
    tickets: TicketFlags = Field(default_factory=not_given)
    settings: SettingsAsked = Field(default_factory=not_given)
    sessions: SessionsAsked = Field(default_factory=not_given)
    refund: RefundAsked = Field(default_factory=not_given)
    ticket_instruction: OptionalLong = Field(default_factory=not_given)
    fees: FeesAsked = Field(default_factory=not_given)
    interactions: InteractionsAsked = Field(default_factory=not_given)
    merchandise: MerchandiseAsked = Field(default_factory=not_given)
    event_settings_reviewed: bool = Field(default_factory=not_given)
    custom_attributes: Names = Field(default_factory=not_given)
    event_code: EventCodeAsked | None = Field(default_factory=not_given)
    activities: Names = Field(default_factory=not_given)
    contact_email: Address | None = Field(default_factory=not_given)
    invitations: Annotated[list[InvitationAsked], Field(max_length=500)] = Field(default_factory=not_given)


class NewEventAsked(EventAsked):
    """The same; a new event needs a name and an occurrence."""

    name: Name
    occurrence: NewOccurrence


class NewEvent(Exact):
    """Body of `POST /orgs/{org_uuid}/events`."""

    event: NewEventAsked


class EventChange(Exact):
    """Body of `PUT /orgs/{org_uuid}/events/{event_uuid}`: what is to change; the rest stays."""

    event: EventAsked


def canonical(body: BaseModel) -> str:
    """What was asked for, as text that is the same for the same request."""
    return body.model_dump_json(exclude_unset=True)
