"""How far an event is sold, for who plans what comes next."""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from marquee.sales import repository


@dataclass(frozen=True, slots=True)
class Standing:
    """Tickets sold in all currencies, and what a ticket has brought in one of them (minor units; None: nothing yet)."""

    tickets: int
    average_price: int | None


def standing(tenant: str, eid: str, currency: str) -> Standing:
    """What is sold of an event now, from its head alone."""
    kpi = repository.head(tenant, eid)["kpi"]
    tickets = sum(figures["tickets"] for figures in kpi.values())
    own = kpi.get(currency)
    if own is None or own["tickets"] <= 0 or own["revenue"] <= 0:
        return Standing(tickets, None)
    each = Decimal(own["revenue"]) / own["tickets"]
    return Standing(tickets, int(each.to_integral_value(ROUND_HALF_EVEN)))
