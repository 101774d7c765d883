"""The one Lambda authorizer of all three hosts: a bearer JWT, checked against the issuer's JWKS."""

import re
from functools import cache
from typing import Any

import jwt
import orjson
from jwt import PyJWKClient

from marquee.observability import logger
from marquee.settings import settings

_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@cache
def _keys() -> PyJWKClient:
    # Keys are fetched once and again for an unknown key id, so a rotated key works at once.
    return PyJWKClient(settings().jwks_url, cache_keys=True, lifespan=3600, timeout=3)


def verify(token: str) -> dict[str, Any]:
    """The claims of a valid token (RS256 or ES256; issuer, audience and expiry checked; RFC 7519).

    Raises jwt.PyJWTError for any other.
    """
    claims: dict[str, Any] = jwt.decode(
        token,
        _keys().get_signing_key_from_jwt(token).key,
        algorithms=["RS256", "ES256"],
        audience=settings().auth_audience,
        issuer=settings().auth_issuer,
        options={"require": ["exp", "iss", "aud", "sub"]},
    )
    return claims


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Allow the whole API to a valid token and pass its claims on; deny anything else.

    Which scope and tenant a route needs is checked where the route is, so that the answer can name them. A denial is
    not an exception: a bad token is not a failure of this function. The APIs answer a denial with 401.
    """
    scheme, _, token = _authorization(event).partition(" ")
    try:
        if scheme.lower() != "bearer":
            raise jwt.InvalidTokenError("not a bearer token")
        claims = verify(token.strip())
    except jwt.PyJWKClientConnectionError:
        # Nobody's fault but ours: fail (500) rather than tell the caller that the token is bad.
        logger().exception("jwks_unreachable")
        raise
    except jwt.PyJWTError as error:
        logger().info("token_refused", extra={"reason": type(error).__name__})
        return _answer("anonymous", "Deny", event["methodArn"], {})
    tenants = [one for one in claims.get("tenants", []) if isinstance(one, str) and _TENANT.fullmatch(one)]
    subject = str(claims["sub"])
    context = {
        "sub": subject,
        "scope": str(claims.get("scope", "")),
        "tenants": orjson.dumps(tenants).decode(),
        "exp": int(claims["exp"]),
    }
    return _answer(subject, "Allow", event["methodArn"], context)


def _authorization(event: dict[str, Any]) -> str:
    return next((value for name, value in (event.get("headers") or {}).items() if name.lower() == "authorization"), "")


def _answer(principal: str, effect: str, method_arn: str, context: dict[str, Any]) -> dict[str, Any]:
    # The answer is cached per token, so it must hold for every route of the API and stage.
    api, stage = method_arn.split("/")[:2]
    return {
        "principalId": principal,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", "Effect": effect, "Resource": f"{api}/{stage}/*"}],
        },
        "context": context,
    }
