"""The ad platforms by name, and a tenant's account on each."""

from functools import cache

from marquee.campaigns.integrations import rules
from marquee.campaigns.integrations import service as integrations
from marquee.campaigns.platforms.models import Account, Platform
from marquee.campaigns.platforms.sandbox.adapter import Sandbox
from marquee.settings import settings


def platform(name: str) -> Platform:
    """The platform called `name` ("sandbox" or "meta"), once per process. Raises NotFound for another name."""
    return _sandbox() if rules.known(name) == "sandbox" else _meta(settings().meta_api_url)


def account(tenant: str, name: str) -> Account:
    """The tenant's account on that platform, with its settings; the sandbox needs no setting up.

    Raises NotFound for no platform of that name and Unprocessable (`integration.not_set_up`) where the tenant has not
    set it up.
    """
    known = rules.known(name)
    found = integrations.stored(tenant, known)
    if rules.missing(known, found, None):
        raise rules.not_set_up(known)
    return Account(tenant, known, found["settings"])


def is_set_up(tenant: str, name: str) -> bool:
    """Whether the tenant has an account on that platform (still). Raises NotFound for no platform of that name."""
    known = rules.known(name)
    return not rules.missing(known, integrations.stored(tenant, known), None)


@cache
def _sandbox() -> Platform:
    return Sandbox()


@cache
def _meta(url: str) -> Platform:
    from marquee.campaigns.platforms.meta.adapter import Meta  # noqa: PLC0415 - the sandbox needs no HTTP client
    from marquee.campaigns.platforms.meta.graph import Graph  # noqa: PLC0415

    return Meta(Graph(url))
