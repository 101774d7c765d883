"""An ad platform as campaigns use it. Money is in integer minor units of the campaign's currency."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

Objective = Literal["SALES", "AWARENESS", "TRAFFIC"]


@dataclass(frozen=True, slots=True)
class Account:
    """A tenant's account on a platform. `settings` are the tenant's own there (ids, countries), no secrets."""

    tenant: str
    platform: str
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rates:
    """What an audience costs and does: money per 1,000 impressions, clicks per person reached, purchases per click."""

    cost_per_mille: int
    click_rate: float
    purchase_rate: float


@dataclass(frozen=True, slots=True)
class CampaignSpec:
    """What a campaign is to be on its platform.

    `key` is the external key: the same for the same tenant, event, set-up, cluster and platform, so that a repeated
    creation finds what is there. `budget` is for the whole time from `start` to `stop` (RFC 3339, UTC); `size` is how
    many people the audience has, `value` what a purchase is expected to bring. `remote_id` is the campaign's id on the
    platform where that is known: a lookup that lags behind then misses nothing.
    """

    key: str
    name: str
    objective: Objective
    budget: int
    currency: str
    start: str
    stop: str
    special_ad_category: str | None
    interests: tuple[str, ...]
    size: int
    rates: Rates
    value: int
    remote_id: str = ""


@dataclass(frozen=True, slots=True)
class RemoteCampaign:
    """A campaign as its platform has it. `parts` are the ids of what it consists of there, by kind.

    `complete` where nothing of it is missing; `differences` name the fields that are not as they were asked for.
    """

    id: str
    key: str
    running: bool
    complete: bool
    parts: Mapping[str, str]
    differences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a campaign has brought until `until` (RFC 3339), as its platform reports it; counts since it began."""

    until: str
    spent: int
    reach: int
    impressions: int
    clicks: int
    purchases: int
    revenue: int


class Platform(Protocol):
    """An ad platform. Each call may be repeated: what is as it should be stays.

    Each raises `errors.Refused` (the platform will not do it, and says why), `errors.Busy` (later, it may) and
    `errors.Unreachable` (nobody knows whether it was done).
    """

    name: str

    def find(self, account: Account, spec: CampaignSpec) -> RemoteCampaign | None:
        """The campaign with this external key as it is on the platform now, or None."""

    def create(self, account: Account, spec: CampaignSpec) -> RemoteCampaign:
        """See that the campaign is there, whole and as specified: found and completed, or created, paused."""

    def switch(self, account: Account, spec: CampaignSpec, *, running: bool) -> RemoteCampaign:
        """See that the campaign runs, or is paused. Raises Refused where it does not exist."""

    def remove(self, account: Account, spec: CampaignSpec) -> None:
        """See that the campaign is gone for good, with its parts; one that does not exist is."""

    def delivery(self, account: Account, spec: CampaignSpec, until: str) -> Delivery | None:
        """What it has brought so far; None where it does not exist."""
