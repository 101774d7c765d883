"""Meta's Graph API as the adapter uses it: JSON over HTTPS, every request with the tenant's own token.

The token is in a header, and no URL of Meta's is followed: those of further pages have the token in them. Reading is
tried twice, and so is what may be done twice; creating is not, as what was lost on the way is to be looked for first.
"""

import random
import ssl
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import orjson

from marquee.campaigns.platforms.errors import Busy, Unreachable
from marquee.campaigns.platforms.meta.credentials import credentials
from marquee.campaigns.platforms.meta.graph_errors import TokenRefused, error_of, log_keys
from marquee.errors import Unavailable
from marquee.observability import logger
from marquee.remote_http import Answer, BadAddress, NoAnswer, RemoteHost, Resting, TooLarge

_WORTHWHILE_SECONDS = 0.1
_PAGES = 20
_FORM = "application/x-www-form-urlencoded"


class _Unwell(Exception):
    """The answer is none of Graph API's: the host, or something before it, is not well."""


class Graph:
    """Graph API at `url`, its version included. Times are in seconds."""

    def __init__(
        self,
        url: str,
        *,
        connect: float = 2.0,
        read: float = 10.0,
        rest: float = 30.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        try:
            self._host = RemoteHost(url, connect=connect, read=read, rest=rest, tls=tls)
        except BadAddress as error:
            raise Unavailable("platform.url", "The address of Meta's API is no https:// address.") from error

    def get(self, tenant: str, path: str, parameters: Mapping[str, Any], deadline: float) -> dict[str, Any]:
        """Read a node. `deadline` is of `time.monotonic`. Raises Refused, Busy, Unreachable, Unavailable."""
        found = self._ask("GET", tenant, path, parameters, deadline, twice=True)
        if "id" not in found:
            raise _unusable()
        return found

    def pages(self, tenant: str, path: str, parameters: Mapping[str, Any], deadline: float) -> list[dict[str, Any]]:
        """Read an edge, all of it. Raises as `get` does."""
        found: list[dict[str, Any]] = []
        after: dict[str, str] = {}
        for _ in range(_PAGES):
            page = self._ask("GET", tenant, path, {**parameters, **after}, deadline, twice=True)
            if not isinstance(page.get("data"), list):  # taken for an empty one it would have things made twice
                raise _unusable()
            found += [one for one in page["data"] if isinstance(one, dict)]
            paging = page.get("paging") or {}
            cursor = (paging.get("cursors") or {}).get("after")
            if not paging.get("next") or not cursor:
                return found
            after = {"after": str(cursor)}
        return found

    def create(self, tenant: str, path: str, fields: Mapping[str, Any], deadline: float) -> str:
        """Create; gives the id. Raises as `get` does; after Unreachable it may be there."""
        found = self._ask("POST", tenant, path, fields, deadline, twice=False)
        if not str(found.get("id", "")).isdecimal():
            raise Unreachable("platform.unreachable", "Meta's answer does not name what it created.")
        return str(found["id"])

    def update(self, tenant: str, node: str, fields: Mapping[str, Any], deadline: float) -> None:
        """Bring a node's fields to these values, which may be done twice. Raises as `get` does."""
        found = self._ask("POST", tenant, f"/{node}", fields, deadline, twice=True)
        if found.get("success") is not True:
            raise Unreachable("platform.unreachable", "Meta's answer does not say that it was done.")

    def close(self) -> None:
        """Close the connections that are kept."""
        self._host.close()

    def _ask(
        self, method: str, tenant: str, path: str, fields: Mapping[str, Any], deadline: float, *, twice: bool
    ) -> dict[str, Any]:
        anew = False
        while True:
            access = credentials(tenant, anew=anew)
            try:
                answer, found = self._exchange(method, path, fields, access.token, access.proof, deadline)
            except Unreachable:
                pause = random.uniform(0.05, 0.2)  # noqa: S311 - jitter, no secret
                if not twice or time.monotonic() + pause + _WORTHWHILE_SECONDS > deadline:
                    raise
                twice = False
                time.sleep(pause)
                continue
            error = error_of(answer, found, access.token)
            if error is None:
                return found
            if isinstance(error, TokenRefused) and not anew:
                anew = True  # it may have been replaced since it was read
                continue
            logger().warning("platform_error", extra={"platform": "meta", "tenant": tenant, **log_keys(found)})
            if isinstance(error, Unreachable) and twice:
                twice = False
                continue
            raise error

    def _exchange(
        self, method: str, path: str, fields: Mapping[str, Any], token: str, proof: str, deadline: float
    ) -> tuple[Answer, dict[str, Any]]:
        if deadline - time.monotonic() < _WORTHWHILE_SECONDS:
            raise Busy("platform.busy", "Meta took so long that there is no time left to go on.")
        form = urlencode(
            {name: _sent(value) for name, value in {**fields, "appsecret_proof": proof}.items() if value != ""}
        )
        headers = {"Accept": "application/json", "Authorization": f"Bearer {token}"}
        try:
            if method == "GET":
                answer = self._host.ask("GET", f"{path}?{form}", headers, None, deadline, _require_usable)
            else:
                headers["Content-Type"] = _FORM
                answer = self._host.ask("POST", path, headers, form.encode(), deadline, _require_usable)
        except Resting as error:
            raise Busy(
                "platform.resting", "Meta failed several times in a row and is left alone for a moment.", retry_after=30
            ) from error
        except NoAnswer as error:
            raise Unreachable("platform.unreachable", f"Meta did not answer ({error.reason}).") from error
        except (TooLarge, _Unwell) as error:
            raise _unusable() from error
        return answer, orjson.loads(answer.body)


def _unusable() -> Unreachable:
    return Unreachable("platform.unreachable", "Meta's answer cannot be used.")


def _sent(value: Any) -> str:
    """A parameter's value: text as it is, everything else as JSON."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _require_usable(answer: Answer) -> None:
    """Raise _Unwell unless the answer is a JSON object with a status of Graph API's."""
    if answer.status >= 500 or 300 <= answer.status < 400:  # noqa: PLR2004
        raise _Unwell
    try:
        found = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        raise _Unwell from None
    if not isinstance(found, dict):
        raise _Unwell
