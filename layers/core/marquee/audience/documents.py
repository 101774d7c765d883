"""Audiences as they are sent: money in units of its currency, with the currency's decimals."""

from typing_extensions import TypedDict


class PlatformCostsDocument(TypedDict):
    """What a cluster costs and does on a platform, as it is sent."""

    cost_per_mille: float
    click_rate: float
    purchase_rate: float
    minimum_spend: float


class ClusterDocument(TypedDict):
    """A cluster as it is sent."""

    tc: str
    label: str
    size: int
    interests: list[str]
    currency: str
    platforms: dict[str, PlatformCostsDocument]


class ClusterSetDocument(TypedDict):
    """A tenant's clusters as they are sent. `version` is 0 and `updated_at` null until there are any."""

    tc_run_id: str
    version: int
    updated_at: str | None
    total: int
    clusters: list[ClusterDocument]


class RefusedCell(TypedDict):
    """Why a row of a workbook was not taken: where, and a sentence."""

    sheet: str
    row: int
    column: str | None
    heading: str | None
    cell: str | None
    code: str
    message: str


class TakenWorkbook(TypedDict):
    """What became of a workbook's rows; clusters that it does not name stay as they are."""

    tc_run_id: str
    version: int
    rows: int
    added: int
    changed: int
    unchanged: int
    refused: list[RefusedCell]


class RankedCluster(TypedDict):
    """How well an event suits a cluster.

    `metric_pred` is the predicted response, from 0 to 1: 0.5 is the cluster's usual one. `reach_estimate` is how many
    of its people it would interest (size times metric_pred), `size_share` its part of all clusters' people.
    """

    tc: str
    label: str
    metric_pred: float
    reach_estimate: int
    size_share: float


class RankedClusters(TypedDict):
    """The tenant's clusters for an event, the most responsive first."""

    tc_run_id: str
    clusters: list[RankedCluster]


class SuggestedCluster(TypedDict):
    """A cluster on a platform with its part of the budget, and what is expected of it."""

    tc: str
    tc_run_id: str
    rank: int
    label: str
    platform: str
    budget: float
    expected_tickets: float
    expected_revenue: float | None
    expected_reach: int
    expected_clicks: float
    marginal_return: float


class NotSuggested(TypedDict):
    """A cluster that gets nothing (on one platform, or on any), and why."""

    tc: str
    platform: str | None
    code: str
    message: str


class SuggestionTotals(TypedDict):
    """Sums of the items."""

    budget: float
    expected_tickets: float
    expected_revenue: float | None
    expected_reach: int
    expected_clicks: float


class SuggestedClusters(TypedDict):
    """A budget spread over clusters; the items' budgets sum to it exactly.

    `gap` bounds by which fraction of its objective another allocation could be better; 0: none is.
    """

    event_id: str
    tc_run_id: str
    goal: str
    objective: str
    currency: str
    budget: float
    seats_left: int
    ticket_price: float | None
    gap: float
    items: list[SuggestedCluster]
    left_out: list[NotSuggested]
    totals: SuggestionTotals
