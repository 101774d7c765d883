"""Which of a tenant's clusters an event suits, and how a budget is best spread over them.

An answer reads the event, the clusters and what is learnt (one batch of at most 22 items); a plan the event's sales
head too.
"""

import math
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import orjson

from marquee import money
from marquee.audience import affinity, allocation, repository, responses, rules
from marquee.audience.documents import RankedCluster, RankedClusters, SuggestedCluster, SuggestedClusters
from marquee.audience.models import (
    MAX_MINOR,
    OBJECTIVES,
    Allocation,
    Cluster,
    ClusterSet,
    Goal,
    Item,
    LeftOut,
    SuggestionQuery,
)
from marquee.errors import NotFound, Unprocessable, Violation
from marquee.events import service as events
from marquee.events.models import EventMeta
from marquee.sales import standing_service
from marquee.sales.standing_service import Standing


def cluster_set(tenant: str) -> ClusterSet:
    """The tenant's clusters as they are now; an empty set where there are none."""
    return rules.set_of(tenant, repository.current(tenant))


def run(tenant: str, tc_run_id: str) -> ClusterSet:
    """The tenant's clusters as they were under this id, long ago only where they were launched. Raises NotFound."""
    return rules.set_of(tenant, _run(tenant, tc_run_id))


def keeping(tenant: str, tc_run_id: str) -> list[dict[str, Any]]:
    """A launch's writes, for its transaction, that keep its clusters as they are now for good. Raises NotFound."""
    return repository.keeping(tenant, _run(tenant, tc_run_id))


def _run(tenant: str, tc_run_id: str) -> Item:
    item = repository.run(tenant, tc_run_id)
    if item is None:
        raise NotFound("clusters.run_not_found", f"There are no clusters '{tc_run_id}'.")
    return item


def ranked(tenant: str, eid: str) -> RankedClusters:
    """The clusters by how well the event suits them, best first. Raises NotFound for no such event."""
    meta = _meta(tenant, eid)
    found = cluster_set(tenant)
    affinities = _affinities(tenant, meta, found["clusters"])
    people = sum(one["size"] for one in found["clusters"])
    clusters: list[RankedCluster] = [
        {
            "tc": one["tc"],
            "label": one["label"],
            "metric_pred": round(affinities[one["tc"]], 6),
            "reach_estimate": round(one["size"] * affinities[one["tc"]]),
            "size_share": round(one["size"] / people, 6),
        }
        for one in found["clusters"]
    ]
    clusters.sort(key=lambda one: (-one["metric_pred"], -one["reach_estimate"], one["tc"]))
    return {"tc_run_id": found["tc_run_id"], "clusters": clusters}


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
    return plans(tenant, eid, [(budget, tcs)], goal, platforms=platforms)[0]


def plans(
    tenant: str,
    eid: str,
    orders: Sequence[tuple[int, Collection[str] | None]],
    goal: Goal,
    *,
    platforms: Collection[str] | None = None,
) -> list[Allocation]:
    """`plan` for each of several budgets with the clusters that it may go to, all of them from one read.

    Each is spread for itself: what another brings is not taken off the seats that are left. Raises what `plan` raises.
    """
    basis = _basis(tenant, eid, _meta(tenant, eid))
    return [_planned(basis, budget, goal, platforms, tcs) for budget, tcs in orders]


def suggested(tenant: str, eid: str, query: SuggestionQuery, usual: str | None = None) -> SuggestedClusters:
    """`plan` as a document. Raises what `plan` raises, and Unprocessable for a budget with too many decimals.

    Where the query names no platform, all of it goes to the `usual` one if any of the clusters can be addressed there.
    """
    meta = _meta(tenant, eid)
    budget = rules.to_minor(query.budget, meta["currency"], MAX_MINOR)
    if isinstance(budget, str):
        violation = Violation("amount.not_in_currency", "budget", budget)
        raise Unprocessable("budget.not_in_currency", f"The budget cannot be spent: {budget}", violations=[violation])
    return _suggestions(eid, _planned(_basis(tenant, eid, meta), budget, query.goal, query.platform, None, usual))


def _meta(tenant: str, eid: str) -> EventMeta:
    meta: EventMeta = orjson.loads(events.stored(tenant, eid)["doc"])
    return meta


def _affinities(tenant: str, meta: EventMeta, clusters: Sequence[Cluster]) -> dict[str, float]:
    """How well the event suits each cluster, by id."""
    traits = affinity.traits_of(meta["category"], meta.get("tags", []))
    lessons = repository.lessons(tenant, traits.keys) if clusters else {}
    return {
        one["tc"]: affinity.affinity(
            one["interests"],
            traits,
            {key: evidence[one["tc"]] for key, (_, evidence) in lessons.items() if one["tc"] in evidence},
        )
        for one in clusters
    }


class _Basis(NamedTuple):
    """All that is read for a plan: the event, the clusters with how well it suits them, and how far it is sold."""

    meta: EventMeta
    clusters: ClusterSet
    affinities: dict[str, float]
    sold: Standing


def _basis(tenant: str, eid: str, meta: EventMeta) -> _Basis:
    found = cluster_set(tenant)
    affinities = _affinities(tenant, meta, found["clusters"])
    return _Basis(meta, found, affinities, standing_service.standing(tenant, eid, meta["currency"]))


def _planned(
    basis: _Basis,
    budget: int,
    goal: Goal,
    platforms: Collection[str] | None,
    tcs: Collection[str] | None,
    usual: str | None = None,
) -> Allocation:
    meta, found, affinities, sold = basis
    currency, objective = meta["currency"], OBJECTIVES[goal]
    asked, left_out = _asked(found, currency, tcs)
    if not platforms and any(usual in one["platforms"] for one in asked):
        platforms = [str(usual)]
    places = responses.places(asked, affinities, sorted(platforms) if platforms else None)
    if not places:
        raise Unprocessable("clusters.none", _nothing_to_spend_on(found, currency, left_out, platforms))
    price = responses.price_of_a_ticket(sold.average_price, currency)
    cells = [place.cell(objective, price) for place in places]
    try:
        spread = allocation.spread(cells, budget)
    except allocation.BudgetTooSmall as error:
        raise _too_small(budget, error.smallest, currency) from error
    seats = max(0, meta["capacity"] - sold.tickets)
    parts = responses.parts(places, spread.units, objective, currency, sold.average_price, seats)
    return Allocation(
        tc_run_id=found["tc_run_id"],
        goal=goal,
        objective=objective,
        currency=currency,
        budget=budget,
        ticket_price=sold.average_price,
        seats_left=seats,
        gap=spread.gap,
        parts=parts,
        left_out=(*left_out, *_without_money(places, spread.units)),
    )


def _asked(found: ClusterSet, currency: str, tcs: Collection[str] | None) -> tuple[list[Cluster], list[LeftOut]]:
    """The clusters that may be spent on, and those that may not because of their currency. Raises Unprocessable."""
    known = {one["tc"]: one for one in found["clusters"]}
    unknown = sorted(set(tcs or ()) - known.keys())
    if unknown:
        raise Unprocessable(
            "clusters.unknown",
            f"No such cluster: {', '.join(unknown)}.",
            violations=[Violation("cluster.not_found", "clusters", f"There is no cluster '{tc}'.") for tc in unknown],
        )
    wanted = [one for one in found["clusters"] if tcs is None or one["tc"] in tcs]
    left_out = [
        LeftOut(
            one["tc"],
            None,
            "cluster.other_currency",
            f"Its costs are in {one['currency']}, and the event is sold in {currency}.",
        )
        for one in wanted
        if one["currency"] != currency
    ]
    return [one for one in wanted if one["currency"] == currency], left_out


def _without_money(places: Sequence[responses.Place], units: Sequence[int]) -> list[LeftOut]:
    message = "The budget does more elsewhere."
    return [
        LeftOut(place.cluster["tc"], place.platform, "cluster.not_worth_it", message)
        for place, some in zip(places, units, strict=True)
        if not some
    ]


def _nothing_to_spend_on(
    found: ClusterSet, currency: str, left_out: Sequence[LeftOut], platforms: Collection[str] | None
) -> str:
    if not found["clusters"]:
        return "There are no clusters yet. Register some with PUT /clusters or POST /clusters/from_excel."
    if left_out:
        return f"No cluster has its costs in {currency}, the event's currency."
    return f"No cluster can be addressed on {' or '.join(sorted(platforms or ('any platform',)))}."


def _too_small(budget: int, smallest: int, currency: str) -> Unprocessable:
    least, given = (money.to_number(minor, currency) for minor in (smallest, budget))
    message = f"The smallest minimum spend of a campaign is {least} {currency}, and the budget is {given}."
    return Unprocessable("budget.too_small", message, violations=[Violation("budget.too_small", "budget", message)])


# --- as it is sent ----------------------------------------------------------------------------------------------------


def _suggestions(eid: str, plan: Allocation) -> SuggestedClusters:
    currency, priced = plan.currency, plan.ticket_price is not None
    # Tickets are rounded downwards, so that they are never more than there are seats.
    hundredths = [math.floor(part.expected_tickets * 100 + 1e-9) for part in plan.parts]
    clicks = [round(part.expected_clicks * 100) for part in plan.parts]
    reach = [round(part.expected_reach) for part in plan.parts]
    items: list[SuggestedCluster] = [
        {
            "tc": part.tc,
            "tc_run_id": plan.tc_run_id,
            "rank": rank,
            "label": part.label,
            "platform": part.platform,
            "budget": money.to_number(part.budget, currency),
            "expected_tickets": hundredths[rank - 1] / 100,
            "expected_revenue": _sent(part.expected_revenue, currency),
            "expected_reach": reach[rank - 1],
            "expected_clicks": clicks[rank - 1] / 100,
            "marginal_return": float(f"{part.marginal_return:.6g}"),
        }
        for rank, part in enumerate(plan.parts, start=1)
    ]
    return {
        "event_id": eid,
        "tc_run_id": plan.tc_run_id,
        "goal": plan.goal,
        "objective": plan.objective,
        "currency": currency,
        "budget": money.to_number(plan.budget, currency),
        "seats_left": plan.seats_left,
        "ticket_price": _sent(plan.ticket_price, currency),
        "gap": float(f"{plan.gap:.3g}"),
        "items": items,
        "left_out": [
            {"tc": one.tc, "platform": one.platform, "code": one.code, "message": one.message} for one in plan.left_out
        ],
        "totals": {
            "budget": money.to_number(sum(part.budget for part in plan.parts), currency),
            "expected_tickets": sum(hundredths) / 100,
            "expected_revenue": _sent(
                sum(part.expected_revenue or 0 for part in plan.parts) if priced else None, currency
            ),
            "expected_reach": sum(reach),
            "expected_clicks": sum(clicks) / 100,
        },
    }


def _sent(minor: int | None, currency: str) -> float | None:
    return None if minor is None else money.to_number(minor, currency)
