"""Use cases of a tenant's integrations with ad platforms."""

from marquee import clock, secret_values
from marquee.campaigns import repository as campaigns
from marquee.campaigns.integrations import repository, rules
from marquee.campaigns.integrations.models import (
    IntegrationDocument,
    IntegrationsDocument,
    NewIntegration,
    SecretState,
    Stored,
)
from marquee.campaigns.integrations.rules import Platform
from marquee.errors import Conflict, NotFound, Unavailable
from marquee.preconditions import Precondition
from marquee.settings import settings

_ATTEMPTS = 10
_PAGE = 100


def stored(tenant: str, platform: str) -> Stored:
    """The tenant's integration as stored; version 0 where there is none. Raises NotFound for no such platform."""
    return repository.integration(tenant, rules.known(platform))


def integrations(tenant: str) -> IntegrationsDocument:
    """All platforms, with the tenant's integration of each."""
    return {"items": [_document(tenant, one, repository.integration(tenant, one)) for one in rules.PLATFORMS]}


def set_up(tenant: str, name: str, body: NewIntegration, precondition: Precondition) -> IntegrationDocument:
    """Replace the integration; the same one again changes nothing.

    Raises NotFound for no such platform, Unprocessable, Stale, and Conflict, also where campaigns are on the platform
    under another account.
    """
    platform = rules.known(name)
    wanted = rules.asked(platform, body)
    for _ in range(_ATTEMPTS):
        base = repository.integration(tenant, platform)
        if base["version"] and base["settings"] == wanted:
            return _document(tenant, platform, base)
        precondition.require(base["version"])
        if base["version"] and base["settings"].get("account_id") != wanted.get("account_id"):
            _require_unused(tenant, platform)
        new: Stored = {"version": base["version"] + 1, "settings": wanted, "updated_at": clock.timestamp()}
        if repository.put(tenant, platform, new, base["version"]):
            return _document(tenant, platform, new)
    raise _contended(platform)


def remove(tenant: str, name: str, precondition: Precondition) -> None:
    """Remove the integration. The secret stays, where it is: Marquee may read it and no more.

    Raises NotFound for no such platform and where there is none, Stale, and Conflict, also where campaigns are on the
    platform: nobody could switch them off.
    """
    platform = rules.known(name)
    for _ in range(_ATTEMPTS):
        base = repository.integration(tenant, platform)
        if not base["version"]:
            raise NotFound("integration.not_found", f"The platform '{platform}' is not set up.")
        precondition.require(base["version"])
        if platform != "sandbox":
            _require_unused(tenant, platform)
        if repository.delete(tenant, platform, base["version"]):
            return
    raise _contended(platform)


def _require_unused(tenant: str, platform: Platform) -> None:
    """Raise Conflict where one of the tenant's events has campaigns on the platform, as far as the index shows."""
    after: str | None = None
    while True:
        eids, after = campaigns.live(tenant, after, _PAGE)
        for eid in eids:
            setup = campaigns.setup(tenant, eid)
            if setup and platform in setup["platforms"]:
                raise Conflict(
                    "integration.in_use", f"The event '{eid}' has campaigns on '{platform}'. Reset or close them first."
                )
        if after is None:
            return


def _document(tenant: str, platform: Platform, found: Stored) -> IntegrationDocument:
    return rules.document(platform, found, _secret(tenant, platform))


def _secret(tenant: str, platform: Platform) -> SecretState | None:
    """Whether the platform's secret is there; it is not read, which this function's role could not."""
    if platform == "sandbox":
        return None
    name = secret_values.secret_name(settings().platform_secrets, tenant, platform)
    try:
        return {"name": name, "present": secret_values.is_there(name)}
    except Unavailable:
        return {"name": name, "present": None}


def _contended(platform: Platform) -> Conflict:
    return Conflict("integration.contended", f"The integration '{platform}' is being changed by others. Try again.")
