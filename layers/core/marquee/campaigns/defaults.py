"""What a launch is by default: its goal, and a budget between bounds that follow from clusters and unsold seats."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from marquee import money
from marquee.audience import service as audience
from marquee.audience.models import MAX_MINOR, Allocation, Goal, PlatformCosts
from marquee.errors import Unprocessable

GOAL: Goal = "UTILIZATION"
_MILLE = 1000
_MOST_IMPRESSIONS = 10
"""Impressions for each person of an audience, beyond which more money finds nobody new."""
_OF_UNSOLD = 20
"""A campaign costs by default one part in so many of what the unsold seats are worth."""
_HALVINGS = 10
"""How often that is halved where it would cost more than it brings in: an audience too small for a large hall."""
_OF_PEOPLE = 10
"""Where no price is known it pays by default for one impression for one person in so many."""


class Bounds(NamedTuple):
    """Budgets in minor units: the least that a campaign takes, the most that finds an audience, and the usual one."""

    minimum: int
    maximum: int
    usual: int


def budget(tenant: str, eid: str, currency: str, platforms: Collection[str], tcs: Collection[str] | None) -> int:
    """The usual budget of a launch. Raises as `bounds` does."""
    return bounds(tenant, eid, currency, platforms, tcs).usual


def bounds(tenant: str, eid: str, currency: str, platforms: Collection[str], tcs: Collection[str] | None) -> Bounds:
    """Between which budgets a launch makes sense. Raises Unprocessable where there is no cluster to spend them on."""
    cells = list(_cells(tenant, currency, platforms, tcs))
    if not cells:
        if tcs is not None:
            # Which of the clusters asked for cannot be addressed, and why, is the audience's to say.
            audience.plan(tenant, eid, 1, GOAL, platforms=platforms, tcs=tcs)
        named = " or ".join(sorted(platforms))
        told = f"There is no cluster with costs in {currency} on {named}. Register clusters first."
        raise Unprocessable("clusters.none", told)
    minimum = max(1, min(costs["minimum_spend"] for _, costs in cells))
    once = sum(size * costs["cost_per_mille"] for size, costs in cells) // _MILLE
    maximum = min(max(minimum, once * _MOST_IMPRESSIONS), MAX_MINOR)
    known = audience.plan(tenant, eid, minimum, GOAL, platforms=platforms, tcs=tcs)
    unsold = known.seats_left * known.ticket_price if known.ticket_price else None
    wished = once // _OF_PEOPLE if unsold is None else unsold // _OF_UNSOLD
    usual = min(max(_whole(wished, currency), minimum), maximum)
    for _ in range(_HALVINGS):
        if usual == minimum or _pays(audience.plan(tenant, eid, usual, GOAL, platforms=platforms, tcs=tcs)):
            break
        usual = max(_whole(usual // 2, currency), minimum)
    return Bounds(minimum, maximum, min(usual, maximum))


def _pays(plan: Allocation) -> bool:
    """Whether a budget is expected to bring in what it costs, as far as that can be told."""
    return plan.ticket_price is None or sum(part.expected_revenue or 0 for part in plan.parts) >= plan.budget


def _cells(
    tenant: str, currency: str, platforms: Collection[str], tcs: Collection[str] | None
) -> Iterator[tuple[int, PlatformCosts]]:
    for cluster in audience.cluster_set(tenant)["clusters"]:
        if cluster["currency"] == currency and (tcs is None or cluster["tc"] in tcs):
            yield from ((cluster["size"], costs) for name, costs in cluster["platforms"].items() if name in platforms)


def _whole(minor: int, currency: str) -> int:
    """Rounded up to whole units of the currency."""
    unit: int = 10 ** money.exponent(currency)
    return -(-minor // unit) * unit
