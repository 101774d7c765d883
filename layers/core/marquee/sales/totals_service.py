"""Use case of the tenant-wide figures: what all events together have sold, and how they stand."""

from typing_extensions import TypedDict

from marquee import money
from marquee.campaigns import spending_service
from marquee.campaigns.spending_service import Spending
from marquee.events import counts_service
from marquee.events.counts_service import EventCounts
from marquee.sales import rules, totals
from marquee.sales.totals import CurrencyTotal

_NO_SALES, _NO_SPENDING = CurrencyTotal(0, 0, 0, 0), Spending(0, 0)


class CurrencyFigures(TypedDict):
    """What all events have sold in one currency; sums never mix currencies.

    `events` are those with sales in it, `purchases` accepted sale rows less refund rows, `average_price` money per
    ticket (None unless more was sold than returned). `spent` is what campaigns cost, those that were reset included,
    `campaign_revenue` the revenue that their platforms report for them, and `roas` that revenue per unit spent, None
    while nothing is spent.
    """

    currency: str
    events: int
    revenue: float
    tickets_sold: int
    purchases: int
    average_price: float | None
    spent: float
    campaign_revenue: float
    roas: float | None


class TenantStatistics(TypedDict):
    """A tenant's key figures: events by each status, and sales per currency, of all events whatever their status."""

    events: EventCounts
    events_with_sales: int
    by_currency: list[CurrencyFigures]


def statistics(tenant: str) -> TenantStatistics:
    """The tenant's key figures as of now, from at most 33 small items in three requests, whatever its size."""
    sums, spent = totals.read(tenant), spending_service.spent(tenant)
    return {
        "events": counts_service.counts(tenant),
        "events_with_sales": sums.events,
        "by_currency": [
            _figures(code, sums.currencies.get(code, _NO_SALES), spent.get(code, _NO_SPENDING))
            for code in sorted(sums.currencies.keys() | spent.keys())
        ],
    }


def _figures(currency: str, one: CurrencyTotal, campaigns: Spending) -> CurrencyFigures:
    return {
        "currency": currency,
        "events": one.events,
        "revenue": money.to_number(one.revenue, currency),
        "tickets_sold": one.tickets,
        "purchases": one.purchases,
        "average_price": rules.average_price(one.revenue, one.tickets, currency),
        "spent": money.to_number(campaigns.spent, currency),
        "campaign_revenue": money.to_number(campaigns.revenue, currency),
        "roas": round(campaigns.revenue / campaigns.spent, 4) if campaigns.spent > 0 else None,
    }
