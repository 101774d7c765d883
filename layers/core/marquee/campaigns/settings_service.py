"""Use cases of a tenant's campaign settings."""

from marquee import clock
from marquee.campaigns import repository, rules
from marquee.campaigns.models import CampaignSettingsDocument, NewSettings, Settings
from marquee.errors import Conflict
from marquee.preconditions import Precondition

_ATTEMPTS = 10


def stored(tenant: str) -> Settings:
    """The tenant's campaign settings as stored; those that everybody begins with where none are."""
    return repository.campaign_settings(tenant)


def read(tenant: str) -> CampaignSettingsDocument:
    """The tenant's campaign settings."""
    return rules.settings_document(stored(tenant))


def replace(tenant: str, asked: NewSettings, precondition: Precondition) -> CampaignSettingsDocument:
    """Replace the settings; the same ones again change nothing. Raises Stale, Unprocessable, Conflict."""
    for _ in range(_ATTEMPTS):
        base = stored(tenant)
        new = rules.settings_asked(asked, base, clock.timestamp())
        if base["version"] and {**new, "version": 0, "updated_at": ""} == {**base, "version": 0, "updated_at": ""}:
            return rules.settings_document(base)
        precondition.require(base["version"])
        if repository.put_settings(tenant, new, base["version"]):
            return rules.settings_document(new)
    raise Conflict("campaigns.settings_contended", "The campaign settings are being changed by others. Try again.")
