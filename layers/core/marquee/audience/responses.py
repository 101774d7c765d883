"""Pure response of clusters to spending, and what an allocation is expected to bring.

Impressions fall on a cluster's people at random (Poisson), so so many impressions reach size * (1 - exp(-impressions /
size)) of them: the modified exponential reach curve of media planning. Only a person's first impression is taken to do
anything; clicks are people reached times click rate, times what the affinity makes of it, and tickets clicks times
purchase rate. Platforms are taken to reach different people of a cluster.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from marquee import money
from marquee.audience import affinity
from marquee.audience.allocation import Cell
from marquee.audience.models import AllocatedPart, Cluster, Objective, PlatformCosts

_CERTAIN = 1.0


@dataclass(frozen=True, slots=True)
class Place:
    """A cluster on a platform, as an event meets it: `click_rate` is the one to expect."""

    cluster: Cluster
    platform: str
    costs: PlatformCosts
    click_rate: float

    def cell(self, objective: Objective, price: float) -> Cell:
        """What money brings here of the objective; `price` is that of a ticket in units of the currency."""
        each = {
            "reach": 1.0,
            "clicks": self.click_rate,
            "tickets": self.click_rate * self.costs["purchase_rate"],
            "revenue": self.click_rate * self.costs["purchase_rate"] * price,
        }[objective]
        size = self.cluster["size"]
        return Cell(size * each, self.costs["cost_per_mille"] * size / 1000, self.costs["minimum_spend"])


def places(
    clusters: Sequence[Cluster], affinities: Mapping[str, float], platforms: Sequence[str] | None = None
) -> list[Place]:
    """The clusters on their platforms (on these, where any are named), by id and platform."""
    return [
        Place(cluster, name, costs, min(_CERTAIN, costs["click_rate"] * affinity.lift(affinities[cluster["tc"]])))
        for cluster in sorted(clusters, key=lambda one: one["tc"])
        for name, costs in sorted(cluster["platforms"].items())
        if platforms is None or name in platforms
    ]


def parts(
    found: Sequence[Place],
    units: Sequence[int],
    objective: Objective,
    currency: str,
    price: int | None,
    seats_left: int,
) -> tuple[AllocatedPart, ...]:
    """The places that get something, those first that bring most. More tickets than seats are expected of nobody."""
    cells = [place.cell("tickets", 1.0) for place in found]
    tickets = [cell.gain(some) for cell, some in zip(cells, units, strict=True)]
    promised = math.fsum(tickets)
    fitting = min(1.0, seats_left / promised) if promised > 0 else 1.0
    unit = 10 ** money.exponent(currency)
    # Where all seats that are left are promised already, more money sells no more.
    sells_more = fitting == 1.0 or objective in {"reach", "clicks"}
    made: list[tuple[float, AllocatedPart]] = []
    for place, some, sold in zip(found, units, tickets, strict=True):
        if not some:
            continue
        own = place.cell(objective, _in_units(price, currency))
        reach = place.cell("reach", 1.0).gain(some)
        expected = sold * fitting
        part = AllocatedPart(
            tc=place.cluster["tc"],
            label=place.cluster["label"],
            platform=place.platform,
            interests=tuple(place.cluster["interests"]),
            size=place.cluster["size"],
            budget=some,
            cost_per_mille=place.costs["cost_per_mille"],
            click_rate=place.click_rate,
            purchase_rate=place.costs["purchase_rate"],
            expected_reach=reach,
            expected_clicks=reach * place.click_rate,
            expected_tickets=expected,
            expected_revenue=None if price is None else _rounded(Decimal(expected) * price),
            marginal_return=own.marginal(some) * unit if sells_more else 0.0,
        )
        made.append((own.gain(some), part))
    made.sort(key=lambda one: (-one[0], one[1].tc, one[1].platform))
    return tuple(part for _, part in made)


def price_of_a_ticket(price: int | None, currency: str) -> float:
    """A price in units of its currency; 1 where none is known, which makes revenue go with tickets."""
    return _in_units(price, currency)


def _in_units(price: int | None, currency: str) -> float:
    return 1.0 if price is None or price <= 0 else price / 10 ** money.exponent(currency)


def _rounded(amount: Decimal) -> int:
    return int(amount.to_integral_value(ROUND_HALF_EVEN))
