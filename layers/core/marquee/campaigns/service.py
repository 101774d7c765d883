"""Use cases of an event's campaigns that only read."""

from marquee.campaigns import repository, rules
from marquee.campaigns.models import CampaignsDocument, Figures
from marquee.events import service as events


def campaigns(tenant: str, eid: str) -> CampaignsDocument:
    """The event's campaigns with what they have delivered. Raises NotFound."""
    events.stored(tenant, eid)
    setup = repository.setup(tenant, eid)
    found = repository.campaigns_of(tenant, eid, setup["launch_id"]) if setup else []
    return rules.campaigns_document(eid, setup, found)


def figures(tenant: str, eid: str, currency: str) -> Figures:
    """What the event's campaigns are and have brought in this currency, from its set-up and one Query."""
    return rules.figures(repository.setup(tenant, eid), repository.campaigns_of(tenant, eid), currency)
