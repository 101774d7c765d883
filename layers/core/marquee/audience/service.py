"""Which of a tenant's clusters an event suits, and how a budget is best spread over them."""

from collections.abc import Collection

from marquee.audience.models import Allocation, ClusterSet, Goal, RankedClusters, SuggestedClusters, SuggestionQuery


def cluster_set(tenant: str) -> ClusterSet:
    """The tenant's clusters as they are now; an empty set where there are none."""
    raise NotImplementedError(tenant)


def run(tenant: str, tc_run_id: str) -> ClusterSet:
    """The tenant's clusters as they were under this id. Raises NotFound."""
    raise NotImplementedError(tenant, tc_run_id)


def ranked(tenant: str, eid: str) -> RankedClusters:
    """The clusters by how well the event suits them, best first. Raises NotFound for no such event."""
    raise NotImplementedError(tenant, eid)


def suggested(tenant: str, eid: str, query: SuggestionQuery) -> SuggestedClusters:
    """`plan` as a document. Raises what `plan` raises, and Unprocessable for a budget with too many decimals."""
    raise NotImplementedError(tenant, eid, query)


def plan(
    tenant: str,
    eid: str,
    budget: int,
    goal: Goal,
    *,
    platforms: Collection[str] | None = None,
    tcs: Collection[str] | None = None,
) -> Allocation:
    """Spread `budget` (minor units of the event's currency) over the clusters so that `goal` is reached best.

    `platforms` and `tcs` restrict where it may go; None is no restriction. Raises NotFound for no such event,
    Unprocessable (`clusters.unknown` for a tc that there is not, `clusters.none` where none is left to spend on,
    `budget.too_small` where no campaign's minimum spend fits in).
    """
    raise NotImplementedError(tenant, eid, budget, goal, platforms, tcs)
