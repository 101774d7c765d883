"""What all of a tenant's campaigns have cost, for its statistics."""

from marquee.campaigns import spending
from marquee.campaigns.spending import Spending

__all__ = ["Spending", "spent"]


def spent(tenant: str) -> dict[str, Spending]:
    """What campaigns cost and what their platforms say they sold, by currency, in one request whatever their number."""
    return spending.read(tenant)
