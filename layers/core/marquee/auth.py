"""Who is calling: what the authorizer found in the token, and the tenant the request is for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from marquee import clock
from marquee.errors import Forbidden, NotFound, Unauthenticated

TENANT_HEADER = "x-preferred-partner-id"


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated caller acting for one tenant."""

    sub: str
    tenant: str
    scopes: frozenset[str]

    def require(self, scope: str) -> None:
        """Raise Forbidden, naming the scope, unless the token carries it."""
        if scope not in self.scopes:
            raise Forbidden("auth.scope_missing", f"The token lacks the scope '{scope}'.")


def caller_from(authorizer: Mapping[str, Any], preferred_tenant: str | None, organisation: str | None = None) -> Caller:
    """Build the caller from the authorizer's context (flat strings, as API Gateway passes them).

    A cached authorizer answer outlives the token by up to its TTL, so the expiry is checked again here. `organisation`
    is the tenant that the path names, if it does; without a header it is the one that is acted for. Raises
    Unauthenticated for an expired token, Forbidden for a tenant the token does not carry, and NotFound for a path that
    names another one.
    """
    if not authorizer.get("sub") or int(float(authorizer.get("exp", 0))) <= clock.epoch():
        raise Unauthenticated("auth.token_invalid", "The bearer token is missing, expired or not valid here.")
    tenants: list[str] = orjson.loads(authorizer.get("tenants", "[]"))
    if preferred_tenant is not None:
        if preferred_tenant not in tenants:
            raise Forbidden(
                "auth.tenant_forbidden",
                f"X-Preferred-Partner-Id names a tenant that is not in the token: {preferred_tenant}.",
            )
        tenant = preferred_tenant
    elif organisation in tenants:
        tenant = organisation
    elif len(tenants) == 1:
        tenant = tenants[0]
    else:
        raise Forbidden(
            "auth.tenant_not_selected",
            "The token has no tenant."
            if not tenants
            else "The token has several tenants: choose one with the header X-Preferred-Partner-Id.",
        )
    if organisation not in {None, tenant}:
        raise NotFound("organisation.not_found", f"There is no organisation '{organisation}'.")
    return Caller(sub=str(authorizer["sub"]), tenant=tenant, scopes=frozenset(str(authorizer.get("scope", "")).split()))
