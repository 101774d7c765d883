"""How many events a tenant has, by each of their statuses: from the one item that is counted with every write."""

from typing import Any, get_args

from typing_extensions import TypedDict

from marquee.events import reading, tallies
from marquee.events.models import EventDocument


class EventCounts(TypedDict):
    """How many events there are, hidden ones too, and how many of each value of each status; they are independent."""

    total: int
    with_active_campaigns: int
    status: dict[str, int]
    frontend_status: dict[str, int]
    campaign_status: dict[str, int]
    client_campaign_status: dict[str, int]
    campaign_optimisation_status: dict[str, int]
    ad_campaign_optimisation_status: dict[str, int]


def counts(tenant: str) -> EventCounts:
    """The tenant's events, counted by status; one item is read whatever their number."""
    key = tallies.summary_key(tenant)
    item = reading.counted([key]).get(key, {})
    return {
        "total": tallies.in_summary(item, "all", ""),
        "with_active_campaigns": tallies.in_summary(item, "has_active_campaigns", str(True)),
        "status": _by_value(item, "status"),
        "frontend_status": _by_value(item, "frontend_status"),
        "campaign_status": _by_value(item, "campaign_status"),
        "client_campaign_status": _by_value(item, "client_campaign_status"),
        "campaign_optimisation_status": _by_value(item, "campaign_optimisation_status"),
        "ad_campaign_optimisation_status": _by_value(item, "ad_campaign_optimisation_status"),
    }


def _by_value(item: dict[str, Any], name: str) -> dict[str, int]:
    vocabulary = get_args(EventDocument.model_fields[name].annotation)
    return {value: tallies.in_summary(item, name, value) for value in vocabulary}
