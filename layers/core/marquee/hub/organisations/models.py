"""Organisations: what is asked for, stored and sent."""

from typing import Annotated, Any, NamedTuple, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from marquee.hub.event_documents import Fees, Organisation, Refund
from marquee.hub.events.parts import Name, OptionalLong, OptionalPicture
from marquee.hub.models import OrganisationSnapshot
from marquee.hub.settings_documents import Settings
from marquee.schemas import Received


class OrganisationAsked(Received):
    """An organisation's profile, all of it: what is left out is empty afterwards."""

    name: Name
    info: Annotated[OptionalLong, Field(description="About the organisation")] = None
    image: OptionalPicture = None


class Defaults(TypedDict):
    """What the organisation's events get where they say nothing; what is not there is Marquee's own default.

    They are those of the last event that was written with `is_update_org_settings`.
    """

    timezone: NotRequired[str]
    currency: NotRequired[str]
    enable_datetime_conversion: NotRequired[bool]
    settings: NotRequired[Settings]
    refund: NotRequired[Refund]
    fees: NotRequired[Fees]


class OrganisationDocument(Organisation):
    """An organisation as it is sent. Without a profile its name is its id, and its version 0."""

    defaults: Defaults
    version: int


class OneOrganisation(TypedDict):
    """The result of reading or writing an organisation."""

    organisation: OrganisationDocument


class Profile(NamedTuple):
    """An organisation as it is stored: what its events show of it, and what they get from it."""

    snapshot: OrganisationSnapshot
    defaults: dict[str, Any]
    version: int
