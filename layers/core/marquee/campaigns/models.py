"""Campaigns of an event: what is stored, what is asked for, what is sent. Stored money is in integer minor units."""

from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from marquee.audience.models import Goal, PlatformName
from marquee.plans import DryRun
from marquee.schemas import Exact

Phase = Literal["PREPARING", "ACTIVATING", "READY", "RESETTING", "CLOSED", "WITHDRAWING", "FAILED"]
"""Where a set-up is. PREPARING: its campaigns are created, paused. ACTIVATING: all are there, and are switched on.
READY: they run or are paused as the client likes. RESETTING: they are paused to be put away. CLOSED: the event is over.
WITHDRAWING: what was created is removed. FAILED: nothing of it is left."""
CampaignStatus = Literal["PLANNED", "PAUSED", "RUNNING", "REMOVED"]
MOST_CAMPAIGNS = 90
"""Campaigns of one set-up: they are written in one transaction with it."""
Item = dict[str, Any]


# --- stored -----------------------------------------------------------------------------------------------------------


class Setup(TypedDict):
    """An event's campaigns as a whole (`sk SETUP`; a past one `SETUP#<launch_id>`).

    What a campaign is to be on its platform follows from `phase` and `paused` alone, so one write of this item changes
    it for all. `version` grows with every write. `paused` is what the client wants, by the toggle of order `sequence`;
    `shown` is what the event says. `model` is the demand model that the sales are measured against afterwards.
    `number` counts the event's launches, `restored` how often this one was brought back. `live_pk`, `live_sk` are there
    while campaigns are on a platform.
    """

    pk: str
    sk: str
    eid: str
    version: int
    launch_id: str
    number: int
    restored: int
    phase: Phase
    paused: bool
    shown: Literal["RUNNING", "PAUSED"]
    sequence: int
    parameters: str
    execution: str
    goal: str
    objective: str
    budget: int
    currency: str
    start: str
    stop: str
    special_ad_category: str | None
    platforms: list[str]
    tc_run_id: str
    model: str | None
    campaigns: int
    reasons: list[str]
    created_at: str
    activated_at: str | None
    updated_at: str
    live_pk: NotRequired[str]
    live_sk: NotRequired[str]
    reset_at: NotRequired[str]
    closed_at: NotRequired[str]
    reset_id: NotRequired[str]
    purged_at: NotRequired[str]


class Campaign(TypedDict):
    """One cluster's campaign on one platform (`sk CAMPAIGN#<launch_id>#<tc>#<platform>`).

    `key` is its external key, `spec` what it is to be on its platform (JSON of `CampaignSpec`). `status` is how it was
    last seen there, when the set-up had version `at_version`. `off` says why it was switched off by itself ("" where it
    was not). What it has delivered by `delivered_until` is counted since it began.
    """

    pk: str
    sk: str
    eid: str
    launch_id: str
    key: str
    tc: str
    tc_run_id: str
    label: str
    platform: str
    budget: int
    currency: str
    spec: str
    status: CampaignStatus
    at_version: int
    external_id: str | None
    reason: str | None
    off: str
    created_at: str
    updated_at: str
    delivered_until: NotRequired[str]
    spent: NotRequired[int]
    reach: NotRequired[int]
    impressions: NotRequired[int]
    clicks: NotRequired[int]
    purchases: NotRequired[int]
    revenue: NotRequired[int]


class CampaignPlace(TypedDict):
    """Where one campaign of a set-up is; what a step is told of it."""

    tenant: str
    eid: str
    launch_id: str
    sk: str


class LaunchTask(TypedDict):
    """What the steps of `campaigns_init` are told: which launch, and what it was asked for (JSON of the body)."""

    tenant: str
    eid: str
    launch_id: str
    number: int
    execution: str
    parameters: str


class ToggleTask(TypedDict):
    """What the steps of `campaign_toggle` are told. A `status` of "" only brings the platforms in line."""

    tenant: str
    eid: str
    status: Literal["RUNNING", "PAUSED", ""]
    sequence: int
    reason: str


class ResetTask(TypedDict):
    """What the steps of `campaigns_reset` and `campaigns_restore` are told."""

    tenant: str
    eid: str
    launch_id: str
    reset_id: str


class Settings(TypedDict):
    """A tenant's campaign settings as stored (`sk SETTINGS`). `return_floor` is in thousandths."""

    version: int
    return_floor: int | None
    minimum_spend: dict[str, int]
    default_platform: str
    updated_at: str | None


class Figures(TypedDict):
    """What an event's campaigns are and have brought, in minor units of `currency`."""

    campaigns: int
    currency: str
    spent: int
    revenue: int
    purchases: int


# --- asked for --------------------------------------------------------------------------------------------------------


class ClusterBudget(Exact):
    """A cluster to reach, with a budget of its own where it has one."""

    tc: Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_-]+$")]
    budget: Annotated[Decimal, Field(gt=0, max_digits=15)] | None = None


class LaunchParameters(Exact):
    """Body of `PUT /events/{eid}/init_campaigns_setup`; what is left out is as `default_campaigns_parameters` says.

    `budget` is for all campaigns together, in the event's currency. No body at all is one that leaves everything out.
    """

    may_be_absent: ClassVar[bool] = True
    budget: Annotated[Decimal, Field(gt=0, max_digits=15)] | None = None
    goal: Goal | None = None
    start: Annotated[str, Field(max_length=40, description="RFC 3339; now where it is left out")] | None = None
    stop: Annotated[str, Field(max_length=40, description="RFC 3339; the event's campaign stop time")] | None = None
    platforms: Annotated[list[PlatformName], Field(min_length=1, max_length=2)] | None = None
    clusters: Annotated[list[ClusterBudget], Field(min_length=1, max_length=MOST_CAMPAIGNS)] | None = None


class ToggleQuery(DryRun):
    """Query of `PUT /events/{eid}/client_campaign_status`."""

    status: Literal["RUNNING", "PAUSED"]


class NewSettings(Exact):
    """Body of `PUT /campaign_settings`: the settings as a whole."""

    return_floor: Annotated[
        Decimal | None,
        Field(ge=0, le=1000, decimal_places=3, description="Revenue per unit spent under which campaigns are stopped"),
    ] = None
    minimum_spend: Annotated[
        dict[str, Annotated[Decimal, Field(ge=0, max_digits=15)]],
        Field(
            max_length=50, description="By currency: what is spent before the floor counts; else a tenth of the budget"
        ),
    ] = Field(default_factory=dict)
    default_platform: PlatformName = "sandbox"


# --- sent -------------------------------------------------------------------------------------------------------------


class Reason(TypedDict):
    """Why something is not there: a stable code and a sentence."""

    code: str
    message: str


class CampaignSettingsDocument(TypedDict):
    """A tenant's campaign settings."""

    return_floor: float | None
    minimum_spend: dict[str, float]
    default_platform: str
    version: int
    updated_at: str | None


class CampaignDocument(TypedDict):
    """A campaign: its identity, how it was last seen on its platform, and what it has brought so far."""

    event_id: str
    tc: str
    tc_run_id: str
    platform: str
    label: str
    status: str
    reason: str | None
    external_id: str | None
    budget: float
    spent: float
    reach: int
    impressions: int
    clicks: int
    purchases: int
    revenue: float
    currency: str
    delivered_until: str | None


class CampaignTotals(TypedDict):
    """The sums over an event's campaigns."""

    budget: float
    spent: float
    impressions: int
    clicks: int
    purchases: int
    revenue: float


class CampaignsDocument(TypedDict):
    """An event's campaigns. `state` is the set-up's phase; null where none was set up. Money is in `currency`."""

    event_id: str
    launch_id: str | None
    state: str | None
    goal: str | None
    start: str | None
    stop: str | None
    reasons: list[str]
    currency: str | None
    totals: CampaignTotals
    items: list[CampaignDocument]


class BudgetBounds(TypedDict):
    """Between which budgets a launch makes sense, and the usual one."""

    minimum: float
    maximum: float
    default: float


class DefaultCluster(TypedDict):
    """A cluster with its part of the default budget on a platform."""

    tc: str
    label: str
    platform: str
    budget: float
    expected_tickets: float
    expected_reach: int


class IntegrationState(TypedDict):
    """Whether the tenant's account on a platform is set up, with its settings there; `reason` says why it is not."""

    platform: str
    ready: bool
    settings: dict[str, str]
    reason: str | None


class DefaultParameters(TypedDict):
    """What `init_campaigns_setup` takes for what is left out. `reason` says why nothing could be set up now.

    `conversion_id` is what sales are told by on the usual platform (Meta's pixel), null where it has none.
    """

    event_id: str
    goal: str
    goals: list[str]
    currency: str
    budget: BudgetBounds | None
    tc_run_id: str | None
    clusters: list[DefaultCluster]
    start: str
    stop: str
    platforms: list[str]
    special_ad_category: str | None
    integrations: list[IntegrationState]
    conversion_id: str | None
    campaign_optimisation_status: str
    ad_campaign_optimisation_status: str
    reason: Reason | None
