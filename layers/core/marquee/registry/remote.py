"""Somebody else's Registry, over HTTPS: two routes of the contract, and all that can go wrong on the way.

Every call ends within its budget, whatever the other side does. All calls are idempotent, so one that came to nothing
is made once more while there is time. A host that fails five times in a row is left alone for half a minute.
"""

import random
import re
import ssl
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from urllib.parse import quote

import orjson
from pydantic import AwareDatetime, BaseModel, TypeAdapter, ValidationError

from marquee.clock import rfc3339
from marquee.errors import CircuitOpen, NotFound, Unavailable, Unprocessable
from marquee.events.models import EventMeta
from marquee.ids import derived_id
from marquee.registry.models import RegistryView
from marquee.remote_http import Answer, BadAddress, NoAnswer, RemoteHost, Resting, TooLarge
from marquee.secret_values import SecretValue
from marquee.statuses.models import FrontendState

_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]+")  # RFC 6750, 2.1
_AT_ONCE = 8
_WORTHWHILE_SECONDS = 0.1
_RUNNING = b'{"status": "RUNNING"}'
_OK, _NO_CONTENT, _UNAUTHORISED, _FORBIDDEN, _NOT_FOUND = 200, 204, 401, 403, 404
_BUSY = (409, 429)
_MISCONFIGURED = "registry.not_authorised"


class _Failed(Exception):
    """An exchange came to nothing. `pause` is the least time after which another may do better; None: none will."""

    def __init__(self, error: Unavailable, pause: float | None = 0.0) -> None:
        super().__init__(error.code)
        self.error = error
        self.pause = pause


class _Shown(BaseModel):
    """What is read of an event. Only a Marquee knows the frontend's sequence; everybody knows when it was told."""

    version: int = 0
    updated_at: AwareDatetime | None = None
    last_updated_on_fe: AwareDatetime | None = None
    frontend_status: str | None = None
    frontend_sequence: int | None = None


class RemoteRegistry:
    """A Registry at `url`; `token` is the secret that holds the bearer token, if it wants one. Times are in seconds."""

    def __init__(
        self,
        url: str,
        token: SecretValue | None,
        *,
        connect: float = 1.0,
        read: float = 2.0,
        budget: float = 4.0,
        rest: float = 30.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        try:
            self._host = RemoteHost(url, connect=connect, read=read, rest=rest, tls=tls)
        except BadAddress as error:
            raise Unavailable(
                "registry.url", "The Registry's address of this deployment is no https:// address."
            ) from error
        self._token = token
        self._budget = budget

    def take_frontend_state(self, tenant: str, eid: str, state: FrontendState) -> None:
        """Tell Main's frontend state. Safe to repeat and to run out of order, as far as the other side reads the state.

        Raises NotFound, Unprocessable where it is refused for good, and Unavailable.
        """
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": derived_id("fe", tenant, eid, str(state["sequence"])),
            "Marquee-Frontend-Status": state["frontend_status"],
            "Marquee-Frontend-Sequence": str(state["sequence"]),
        }
        self._ask("PUT", f"/events/last_updated_on_fe/{quote(eid, safe='')}", tenant, eid, headers, _RUNNING)

    def frontend_views(self, tenant: str, eids: Iterable[str]) -> dict[str, RegistryView | None]:
        """What the Registry says of these events, by id; those it does not have are left out.

        None stands for an event whose answer cannot be used. Raises Unavailable where the host as a whole is at fault.
        """
        wanted = list(eids)
        with ThreadPoolExecutor(min(_AT_ONCE, len(wanted)) or 1) as pool:
            found = list(pool.map(lambda eid: self._view(tenant, eid), wanted))
        return {eid: view for eid, views in zip(wanted, found, strict=True) for view in views}

    def describe(self, tenant: str, eid: str) -> tuple[EventMeta, int]:
        """The event's metadata and its version. Raises as `take_frontend_state` does."""
        answer = self._ask("GET", f"/events/{quote(eid, safe='')}", tenant, eid)
        said = orjson.loads(answer.body)
        try:
            given = {name: value for name, value in said.items() if value or name not in {"end_date_time", "tags"}}
            described = TypeAdapter(EventMeta).validate_python({"hub_event_id": None, **given})
        except ValidationError as error:
            raise Unprocessable(
                "registry.incomplete", "The Registry's document of the event lacks what Main keeps of it."
            ) from error
        return described, _Shown.model_validate(said).version

    def close(self) -> None:
        """Close the connections that are kept."""
        self._host.close()

    def _view(self, tenant: str, eid: str) -> list[RegistryView | None]:
        """The one view of an event; none where there is no such event."""
        try:
            answer = self._ask("GET", f"/events/{quote(eid, safe='')}", tenant, eid)
        except NotFound:
            return []
        except CircuitOpen:
            raise
        except Unprocessable:
            return [None]
        except Unavailable as error:
            if error.code == _MISCONFIGURED:
                raise
            return [None]
        shown = _Shown.model_validate_json(answer.body)
        return [
            {
                "version": shown.version,
                "frontend_status": shown.frontend_status if shown.frontend_sequence is not None else None,
                "sequence": shown.frontend_sequence if shown.frontend_status is not None else None,
                "told_at": rfc3339(shown.last_updated_on_fe) if shown.last_updated_on_fe else None,
                "updated_at": rfc3339(shown.updated_at) if shown.updated_at else None,
            }
        ]

    # --- one question: tried twice within its budget ------------------------------------------------------------------

    def _ask(
        self,
        method: str,
        path: str,
        tenant: str,
        eid: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """The accepted answer. Raises NotFound, Unprocessable, Unavailable."""
        deadline = time.monotonic() + self._budget
        again, anew = True, False
        while True:
            sent = {"Accept": "application/json", "X-Preferred-Partner-Id": tenant, **(headers or {})}
            sent |= self._authorization(anew=anew)
            try:
                answer = self._guarded(method, path, sent, body, deadline)
            except _Failed as failed:
                pause = None if failed.pause is None else max(failed.pause, random.uniform(0.05, 0.2))  # noqa: S311
                if pause is None or not again or time.monotonic() + pause + _WORTHWHILE_SECONDS > deadline:
                    raise failed.error from failed
                again = False
                time.sleep(pause)
                continue
            if answer.status == _UNAUTHORISED and self._token and not anew:
                anew = True
                continue
            return _accepted(answer, eid)

    def _authorization(self, *, anew: bool) -> dict[str, str]:
        if self._token is None:
            return {}
        token = self._token.read(anew=anew)
        if not _TOKEN.fullmatch(token):  # it would not go into a header, and the complaint would show it
            raise Unavailable(_MISCONFIGURED, "The secret for the Registry holds no bearer token.")
        return {"Authorization": f"Bearer {token}"}

    def _guarded(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, deadline: float
    ) -> Answer:
        """An answer that can be used, unless the host is being left alone. Raises _Failed and CircuitOpen."""
        try:
            return self._host.ask(method, path, headers, body, deadline, partial(_require_usable, method))
        except Resting as error:
            raise CircuitOpen(
                "registry.resting",
                "The Registry failed several times in a row and is left alone for a moment.",
                retry_after=30,
            ) from error
        except NoAnswer as error:
            raise _Failed(
                Unavailable("registry.unreachable", f"The Registry did not answer ({error.reason}).")
            ) from error
        except TooLarge as error:
            raise _Failed(_unusable("is larger than 1 MB"), None) from error


def _require_usable(method: str, answer: Answer) -> None:
    """Raise _Failed for what is no answer to the question: the host, or something before it, is not well."""
    status = answer.status
    if status in _BUSY or status >= 500:  # noqa: PLR2004
        seconds = answer.headers.get("retry-after", "")
        pause = min(int(seconds), 3600) if re.fullmatch(r"\d{1,9}", seconds) else 0
        raise _Failed(
            Unavailable("registry.unavailable", f"The Registry answered {status}.", retry_after=pause or 5), pause
        )
    if 300 <= status < 400:  # noqa: PLR2004
        raise _Failed(_unusable(f"redirects ({status}), which is not followed"), None)
    if status < 300 and status not in ((_OK, _NO_CONTENT) if method == "PUT" else (_OK,)):  # noqa: PLR2004
        raise _Failed(_unusable(f"has the status {status}"))
    if method == "GET" and status == _OK:
        media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != "application/json" and not media_type.endswith("+json"):
            raise _Failed(_unusable("is not JSON"))
        try:
            _Shown.model_validate_json(answer.body)
        except ValidationError as error:
            raise _Failed(_unusable("is not the document of an event")) from error


def _accepted(answer: Answer, eid: str) -> Answer:
    """The answer, where it is no refusal."""
    if answer.status in (_UNAUTHORISED, _FORBIDDEN):
        raise Unavailable(
            _MISCONFIGURED, f"The Registry does not let this deployment in ({answer.status}).", retry_after=300
        )
    if answer.status == _NOT_FOUND:
        raise NotFound("event.not_found", f"The Registry has no event '{eid}'.")
    if answer.status >= 400:  # noqa: PLR2004
        raise Unprocessable("registry.refused", f"The Registry refused the request ({answer.status}).")
    return answer


def _unusable(what: str) -> Unavailable:
    return Unavailable("registry.answer_unusable", f"The Registry's answer {what}.")


@cache
def registry_at(url: str, secret: str) -> RemoteRegistry:
    """The Registry at `url`, once per process; `secret` is the ARN of the secret that holds the token, or empty."""
    return RemoteRegistry(url, SecretValue(secret) if secret else None)
