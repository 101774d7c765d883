"""Audiences: what is stored, what is sent, what is asked for. Amounts inside are integer minor units."""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, ValidationInfo, field_validator
from typing_extensions import TypedDict

from marquee import money
from marquee.schemas import Exact, Received

MAX_CLUSTERS = 200
MAX_CELLS = 200
"""Pairs of cluster and platform that a tenant may have: what one allocation is spread over."""
MAX_PEOPLE = 10_000_000_000
MAX_MINOR = 10**12
"""Minor units of a budget, and of a minimum spend."""
MAX_PRICE = 10**8
"""Minor units of 1,000 impressions."""
MAX_INTERESTS = 50
MAX_INTEREST = 60
MAX_LABEL = 100
LEAST_RATE = 0.000001
TC_FORM = r"(?!from_excel$)[A-Za-z0-9_-]{1,40}"

PlatformName = Literal["sandbox", "meta"]
Goal = Literal["UTILIZATION", "ROAS", "VISIBILITY", "LINK_CLICKS", "tickets", "revenue", "reach"]
Objective = Literal["tickets", "revenue", "reach", "clicks"]
Item = dict[str, Any]

OBJECTIVES: dict[Goal, Objective] = {
    "UTILIZATION": "tickets",
    "tickets": "tickets",
    "ROAS": "revenue",
    "revenue": "revenue",
    "VISIBILITY": "reach",
    "reach": "reach",
    "LINK_CLICKS": "clicks",
}
"""What each goal makes as large as possible. A budget is spent whole, so the best return on it is the most revenue."""


# --- stored -----------------------------------------------------------------------------------------------------------


class PlatformCosts(TypedDict):
    """What a cluster costs and does on a platform.

    `cost_per_mille` is money per 1,000 impressions, `click_rate` clicks per person reached, `purchase_rate` tickets
    per click, `minimum_spend` the least that a campaign there may have. Money is in the cluster's currency.
    """

    cost_per_mille: int
    click_rate: float
    purchase_rate: float
    minimum_spend: int


class Cluster(TypedDict):
    """A group of people that campaigns can address. `size` is how many they are; `interests` what they like."""

    tc: str
    label: str
    size: int
    interests: list[str]
    currency: str
    platforms: dict[str, PlatformCosts]


class ClusterSet(TypedDict):
    """A tenant's clusters, by id. `tc_run_id` names this very content; `version` counts the changes."""

    tc_run_id: str
    version: int
    updated_at: str | None
    clusters: list[Cluster]


# --- what is worked with ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AllocatedPart:
    """A cluster on a platform with its part of a budget, and what that is expected to bring to the event.

    `click_rate` is as expected for this event: the cluster's own, times what its affinity makes of it. Tickets and
    clicks are expected numbers and no whole ones. `marginal_return` is what a last unit of currency (not minor unit)
    adds to the objective: tickets, people, clicks, or units of currency.
    """

    tc: str
    label: str
    platform: str
    interests: tuple[str, ...]
    size: int
    budget: int
    cost_per_mille: int
    click_rate: float
    purchase_rate: float
    expected_reach: float
    expected_clicks: float
    expected_tickets: float
    expected_revenue: int | None
    marginal_return: float


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A cluster that gets nothing, or nothing on this platform, and why."""

    tc: str
    platform: str | None
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Allocation:
    """A budget spread over clusters and platforms; the parts have all of it, best first.

    `ticket_price` is the event's average price so far, None where nothing is sold: then no revenue can be told.
    `gap` bounds by which fraction of its objective a better allocation could exceed this one: 0 where it is optimal.
    """

    tc_run_id: str
    goal: Goal
    objective: Objective
    currency: str
    budget: int
    ticket_price: int | None
    seats_left: int
    gap: float
    parts: tuple[AllocatedPart, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a campaign has brought among a cluster's people on a platform, when it is over."""

    tc: str
    platform: str
    reach: int
    clicks: int
    purchases: int


# --- received ---------------------------------------------------------------------------------------------------------


def _is_a_currency(value: str) -> str:
    if not money.is_currency(value):
        raise ValueError(f"'{value}' is not an ISO 4217 currency code")
    return value


def _is_an_id(value: str) -> str:
    if not re.fullmatch(TC_FORM, value):
        raise ValueError("a cluster's id is 1 to 40 of the characters A-Z a-z 0-9 _ -")
    return value


def _plain(value: object) -> object:
    """Text as a spreadsheet's cell is read, too: composed (NFC), with single spaces."""
    return " ".join(unicodedata.normalize("NFC", value).split()) if isinstance(value, str) else value


def _is_one_term(value: str) -> str:
    if "," in value or ";" in value:
        raise ValueError("an interest is one term, without comma and semicolon")
    return value


ClusterId = Annotated[str, AfterValidator(_is_an_id), Field(description="1 to 40 URL-safe characters")]
CurrencyCode = Annotated[
    str, StringConstraints(max_length=3), AfterValidator(_is_a_currency), Field(description="ISO 4217, upper case")
]
Label = Annotated[str, StringConstraints(min_length=1, max_length=MAX_LABEL), BeforeValidator(_plain)]
Interest = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_INTEREST),
    AfterValidator(_is_one_term),
    BeforeValidator(_plain),
]
Rate = Annotated[Decimal, Field(ge=Decimal(str(LEAST_RATE)), le=1)]
Size = Annotated[int, Field(strict=True, ge=1, le=MAX_PEOPLE)]


class NewPlatformCosts(Received):
    """What a cluster costs and does on one platform; money in the cluster's currency, with at most its decimals."""

    cost_per_mille: Annotated[Decimal, Field(gt=0, le=MAX_PRICE, description="Money per 1,000 impressions")]
    click_rate: Annotated[Rate, Field(description="Clicks per person reached, as a fraction")]
    purchase_rate: Annotated[Rate, Field(description="Tickets per click, as a fraction")]
    minimum_spend: Annotated[Decimal, Field(ge=0, le=MAX_MINOR, description="The least a campaign may have")] = Decimal(
        0
    )


class NewPlatforms(Received):
    """The platforms on which a cluster can be addressed."""

    sandbox: NewPlatformCosts | None = None
    meta: NewPlatformCosts | None = None


class EditedCluster(Exact):
    """A cluster as it is to be; its id is in the path."""

    label: Label
    size: Annotated[Size, Field(description="How many people")]
    interests: Annotated[
        list[Interest], Field(max_length=MAX_INTERESTS, description="Categories and tags it likes")
    ] = Field(default_factory=list)
    currency: CurrencyCode
    platforms: NewPlatforms

    @field_validator("platforms")
    @classmethod
    def _somewhere(cls, value: NewPlatforms) -> NewPlatforms:
        if value.sandbox is None and value.meta is None:
            raise ValueError("a cluster needs at least one platform")
        return value


class NewCluster(EditedCluster):
    """A cluster with its id."""

    tc: ClusterId


class NewClusterSet(Exact):
    """All clusters of a tenant: those that are not here are removed."""

    clusters: Annotated[list[NewCluster], Field(max_length=MAX_CLUSTERS)]

    @field_validator("clusters")
    @classmethod
    def _distinct(cls, value: list[NewCluster]) -> list[NewCluster]:
        ids = [one.tc for one in value]
        twice = sorted({tc for tc in ids if ids.count(tc) > 1})
        if twice:
            raise ValueError(f"cluster ids are there twice: {', '.join(twice)}")
        return value


class WorkbookQuery(Received):
    """How a workbook of clusters is taken."""

    mode: Annotated[
        Literal["strict", "partial"], Field(description="strict: nothing is taken where a row is refused")
    ] = "strict"
    currency: Annotated[CurrencyCode | None, Field(description="For rows that name none")] = None


class SuggestionQuery(Received):
    """What a budget is to bring, and where it may be spent."""

    budget: Annotated[Decimal, Field(gt=0, le=MAX_MINOR, description="In the event's currency, all of it is spread")]
    goal: Annotated[Goal, Field(description="What is made as large as possible")] = "UTILIZATION"
    platform: Annotated[
        list[PlatformName] | None,
        Field(max_length=2, description="Default: the tenant's own, or all where no cluster has it"),
    ] = None

    @field_validator("budget", mode="before")
    @classmethod
    def _plain_number(cls, value: object, info: ValidationInfo) -> object:
        # A query string's 1e9 or NaN is a slip, not an amount.
        if isinstance(value, str) and not re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,6})?", value):
            raise ValueError(f"{info.field_name} is an amount such as 1500 or 1500.50")
        return value
