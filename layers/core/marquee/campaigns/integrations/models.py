"""A tenant's integrations with ad platforms: what is stored, what is asked for, what is sent. None holds a secret."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints
from typing_extensions import TypedDict

from marquee.schemas import Received

# ISO 3166-1 alpha-2, without those where Meta shows no ads at all (it says so itself).
_COUNTRY = r"[A-Z]{2}"


def _without_prefix(value: str) -> str:
    return value.removeprefix("act_")


def _each_once(value: list[str]) -> list[str]:
    if len(set(value)) != len(value):
        raise ValueError("each country once")
    return value


Digits = Annotated[str, StringConstraints(pattern=r"^\d{1,30}$")]
AccountId = Annotated[
    str,
    StringConstraints(pattern=r"^(act_)?\d{1,30}$"),
    AfterValidator(_without_prefix),
    Field(description="The ad account, with or without act_"),
]
Person = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=512)]
Country = Annotated[str, StringConstraints(pattern=f"^{_COUNTRY}$")]


class Stored(TypedDict):
    """An integration as stored. `settings` are text by name; several countries have commas between them."""

    version: int
    settings: dict[str, str]
    updated_at: str | None


class NewIntegration(Received):
    """An integration as it is to be. `speed` is the sandbox's only setting, and the others are Meta's."""

    account_id: AccountId | None = None
    countries: Annotated[
        list[Country] | None,
        AfterValidator(lambda value: value if value is None else _each_once(value)),
        Field(min_length=1, max_length=25, description="Where the audiences live, ISO 3166-1 alpha-2"),
    ] = None
    pixel_id: Annotated[Digits | None, Field(description="What sales are optimised by")] = None
    page_id: Annotated[Digits | None, Field(description="The page that advertises")] = None
    creative_id: Annotated[
        Digits | None,
        Field(description="What every campaign shows. Without it a campaign has no ad until somebody adds one"),
    ] = None
    beneficiary: Annotated[Person | None, Field(description="Who the ads are for; the EU wants it shown")] = None
    payor: Annotated[Person | None, Field(description="Who pays for the ads; the EU wants it shown")] = None
    speed: Annotated[
        int | None, Field(ge=1, le=1_000_000, description="Seconds that pass in the sandbox in one, for trials")
    ] = None


class SecretState(TypedDict):
    """The secret that an integration needs, and whether it is there; null where that cannot be told now."""

    name: str
    present: bool | None


class IntegrationDocument(TypedDict):
    """An integration. `ready` where nothing is missing; `missing` names what is."""

    platform: Literal["sandbox", "meta"]
    ready: bool
    missing: list[str]
    settings: dict[str, str | list[str] | int]
    secret: SecretState | None
    version: int
    updated_at: str | None


class IntegrationsDocument(TypedDict):
    """All platforms, with the tenant's integration of each."""

    items: list[IntegrationDocument]
