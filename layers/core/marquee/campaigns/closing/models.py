"""Attribution of sales to campaigns: what it is computed from, what is stored of it, and what is sent."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from marquee.plans import DryRun
from marquee.schemas import Received

Source = Literal["marquee", "platform"]
"""What a result rests on: sales beyond our own baseline, or the purchases that the platform reports."""


# --- computed from ----------------------------------------------------------------------------------------------------


class Window(TypedDict):
    """The days of sale that are looked at, first and last included (ISO 8601)."""

    since: str
    until: str


class Sold(TypedDict):
    """Net sales of the window. `tickets` and `revenue` (minor units) are those in the campaigns' currency.

    `all_tickets` are those in every currency, `days` how many days had sales, `hash` stands for all of them.
    """

    tickets: int
    revenue: int
    all_tickets: int
    days: int
    hash: str


class Expected(TypedDict):
    """Tickets that would have been sold in the window without campaigns, in any currency, with an 80 % interval.

    `version` is the demand model's, `inputs` a hash of what the model was asked with.
    """

    expected: float
    low: float
    high: float
    version: str
    inputs: str


class Performance(TypedDict):
    """A campaign and what its platform has reported of it in the end. Money is in minor units."""

    launch_id: str
    tc: str
    tc_run_id: str
    platform: str
    reach: int
    clicks: int
    purchases: int
    revenue: int
    spent: int


class LaunchInputs(TypedDict):
    """All that the attribution of one launch is computed from. `unmodelled` says why there is no baseline."""

    launch_id: str
    currency: str
    window: Window | None
    sold: Sold
    expected: Expected | None
    unmodelled: str | None
    campaigns: list[Performance]


# --- stored -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Share:
    """What is attributed: a number with its bounds, low <= value <= high."""

    low: int
    value: int
    high: int


class StoredResult(TypedDict):
    """What is attributed to one campaign. Money is in minor units; the bounds are None where there is no model."""

    id: str
    launch_id: str
    tc: str
    tc_run_id: str
    platform: str
    purchase: int
    revenue: int
    bounds: list[int] | None
    reach: int
    spent: int


class Run(TypedDict):
    """One attribution of an event, whole: its inputs and its results. `id` derives from the inputs."""

    id: str
    method: int
    created_at: str
    inputs: list[LaunchInputs]
    results: list[StoredResult]


# --- sent -------------------------------------------------------------------------------------------------------------


class ResultInterval(TypedDict):
    """The 80 % interval of what is attributed, from that of the baseline."""

    low: int
    high: int
    revenue_low: float
    revenue_high: float


class ResultBaseline(TypedDict):
    """What the window's sales were compared with. `tickets` and `revenue` were sold in it, to everybody."""

    since: str
    until: str
    tickets: int
    revenue: float
    expected: float
    low: float
    high: float
    model: str
    inputs: str


class CampaignResult(TypedDict):
    """What a campaign has sold. `purchase` counts tickets where `source` is marquee, purchases where it is platform.

    `reason` says why there is no baseline (null where there is one). `superseded` is true of a result that a later
    attribution, from other figures, has replaced.
    """

    id: str
    eid: str
    purchase: int
    revenue: float
    created_at: str
    source: Source
    launch_id: str
    tc: str
    tc_run_id: str
    platform: str
    currency: str
    interval: ResultInterval | None
    baseline: ResultBaseline | None
    reason: str | None
    reach: int
    reach_share: float | None
    spent: float
    run_id: str
    method: int
    superseded: bool


# --- asked for --------------------------------------------------------------------------------------------------------


class ResultQuery(Received):
    """Whose campaigns' results are listed."""

    eid: Annotated[str, Field(min_length=1, max_length=64)]
    include_superseded: bool = Field(default=False, description="Show the results that later ones have replaced, too")


class AttributionQuery(DryRun):
    """How the attribution is asked for again."""
