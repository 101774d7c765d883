"""Which Registry this deployment's Main talks to: our own, or somebody else's."""

from marquee.registry import service
from marquee.registry.models import RegistryHost
from marquee.settings import settings


def host() -> RegistryHost:
    """The Registry that `REGISTRY_URL` names, or our own where it names none."""
    url = settings().registry_url
    if not url:
        return service
    from marquee.registry.remote import registry_at  # noqa: PLC0415 - our own Registry needs no HTTP client

    return registry_at(url, settings().registry_token_secret)
