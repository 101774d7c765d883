"""A tenant's access to Meta: the secret it is in, and what goes into a request. Nothing of it is ever shown."""

import hashlib
import hmac
import re
from functools import lru_cache
from typing import NamedTuple

import orjson

from marquee.campaigns.platforms.errors import Refused
from marquee.secret_values import NoSecret, SecretValue, secret_name
from marquee.settings import settings

_TOKEN = re.compile(r"[A-Za-z0-9._~+/=|-]{8,2000}")


class Credentials(NamedTuple):
    """An access token, and the proof that who sends it knows the app's secret ("" where there is none)."""

    token: str
    proof: str

    def __repr__(self) -> str:
        """Nothing of what it holds: tracebacks and logs may show it."""
        return "Credentials()"


def credentials(tenant: str, *, anew: bool = False) -> Credentials:
    """The tenant's credentials, from its secret: an access token, or JSON with `access_token` and `app_secret`.

    The proof is Graph API's `appsecret_proof`: the token's HMAC-SHA256 under the app's secret. Raises Refused where
    there is no secret, or no token in it; Unavailable where it cannot be read.
    """
    name = secret_name(settings().platform_secrets, tenant, "meta")
    try:
        held = _value(name).read(anew=anew)
    except NoSecret as error:
        raise Refused("platform.no_secret", f"There is no secret '{name}' with an access token.") from error
    token, app_secret = _parts(held)
    if not _TOKEN.fullmatch(token):  # it would not go into a header, and the complaint would show it
        raise Refused("platform.no_secret", f"The secret '{name}' holds no access token.")
    proof = hmac.new(app_secret.encode(), token.encode(), hashlib.sha256).hexdigest() if app_secret else ""
    return Credentials(token, proof)


def _parts(held: str) -> tuple[str, str]:
    if not held.startswith("{"):
        return held, ""
    try:
        found = orjson.loads(held)
    except orjson.JSONDecodeError:
        return "", ""
    return str(found.get("access_token", "")), str(found.get("app_secret", ""))


@lru_cache(256)
def _value(name: str) -> SecretValue:
    return SecretValue(name)
