"""The ad platforms by name, and a tenant's account on each."""

from marquee.campaigns.platforms.models import Account, Platform


def platform(name: str) -> Platform:
    """The platform called `name` ("sandbox" or "meta"), once per process. Raises NotFound for another name."""
    raise NotImplementedError(name)


def account(tenant: str, name: str) -> Account:
    """The tenant's account on that platform, with its settings; the sandbox needs no setting up.

    Raises NotFound for no platform of that name and Unprocessable (`integration.not_set_up`) where the tenant has not
    set it up.
    """
    raise NotImplementedError(tenant, name)
