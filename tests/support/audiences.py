"""Audiences for tests: clusters as they are registered, and as they are kept."""

from typing import Any

from marquee.audience.models import Cluster, PlatformCosts
from marquee.sales import repository, rules

TENANT = "aurora"


def costs(**changes: Any) -> dict[str, Any]:
    """What a cluster costs and does on a platform, as a body has it."""
    return {"cost_per_mille": 7.5, "click_rate": 0.012, "purchase_rate": 0.03, "minimum_spend": 0, **changes}


def body(tc: str | None = "indie-fans", **changes: Any) -> dict[str, Any]:
    """A cluster as a body has it; `changes` replace single fields, and no `tc` leaves the id out."""
    described = {
        "tc": tc,
        "label": "Indie and club nights",
        "size": 120_000,
        "interests": ["concert", "indie"],
        "currency": "EUR",
        "platforms": {"meta": costs()},
        **changes,
    }
    return {name: value for name, value in described.items() if not (name == "tc" and value is None)}


def kept(tc: str = "indie-fans", **changes: Any) -> Cluster:
    """A cluster as it is kept: money in minor units."""
    on_meta: PlatformCosts = {"cost_per_mille": 750, "click_rate": 0.012, "purchase_rate": 0.03, "minimum_spend": 0}
    cluster: Any = {
        "tc": tc,
        "label": "Indie and club nights",
        "size": 120_000,
        "interests": ["concert", "indie"],
        "currency": "EUR",
        "platforms": {"meta": on_meta},
        **changes,
    }
    found: Cluster = cluster
    return found


def sell(eid: str, tickets: int, revenue: int, tenant: str = TENANT, currency: str = "EUR") -> None:
    """Sales of an event: so many tickets for so many minor units, on one day."""
    head = repository.head(tenant, eid)
    delta = rules.delta_of(
        [{"day": "2026-03-01", "category": "A", "currency": currency, "tickets": tickets, "revenue": revenue}],
        {currency: tickets},
    )
    entry = rules.visible_entry("0-x", "file", "2026-03-02T00:00:00Z")
    assert repository.commit(tenant, eid, head, rules.committed(head, "sold", entry, delta, None))
