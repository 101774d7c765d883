"""HTTP calls of the demo, each shown with its answer."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import urllib3

_SHOWN_LINES = 14


class DemoError(Exception):
    """The platform did not do what the demo expects of it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and body of a response."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Calls:
    """Calls the three hosts as one client with one token."""

    def __init__(self, base: str, token: str) -> None:
        self._base = base
        self._token = token
        self._pool = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(60))

    def send(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        token: str | None = "",
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """One request; `token` None sends none, "" the client's own."""
        sent = {"Accept": "application/json", **(headers or {})}
        if token is not None:
            sent["Authorization"] = f"Bearer {token or self._token}"
        if body is not None:
            sent["Content-Type"] = "application/json"
        response = self._pool.request(
            method, self._base + path, body=json.dumps(body) if body is not None else None, headers=sent
        )
        return Answer(response.status, {k.lower(): v for k, v in response.headers.items()}, response.data)

    def show(
        self,
        method: str,
        path: str,
        *,
        expect: int = 200,
        body: object = None,
        token: str | None = "",
        headers: dict[str, str] | None = None,
        pick: Callable[[Any], Any] | None = None,
    ) -> Answer:
        """One request, printed with its answer, or what `pick` takes of it. Raises DemoError for another status."""
        began = time.monotonic()
        answer = self.send(method, path, body=body, token=token, headers=headers)
        print(f"\n  {method} {path}" + (f"\n    {json.dumps(body, ensure_ascii=False)}" if body is not None else ""))
        print(f"  -> {answer.status}  ({time.monotonic() - began:.2f} s)")
        if answer.body and "json" in answer.headers.get("content-type", ""):
            document = answer.json
            print(_shortened(pick(document) if pick and answer.status == expect else document))
        elif answer.body:
            print(f"     {len(answer.body)} bytes of {answer.headers.get('content-type')}")
        if answer.status != expect:
            raise DemoError(f"{method} {path} answered {answer.status} instead of {expect}")
        return answer

    def until(self, path: str, done: Callable[[Answer], bool], *, what: str, seconds: float = 90) -> Answer:
        """Repeat a GET until `done`. Raises DemoError after `seconds`."""
        give_up = time.monotonic() + seconds
        while True:
            answer = self.send("GET", path)
            if done(answer):
                return answer
            if time.monotonic() > give_up:
                raise DemoError(
                    f"waited {seconds:.0f} s for {what}; last answer: {answer.status} {answer.body[:500]!r}"
                )
            time.sleep(0.15)


def _shortened(document: Any) -> str:
    lines = json.dumps(document, ensure_ascii=False, indent=2).splitlines()
    if len(lines) > _SHOWN_LINES + 2:
        lines = [*lines[:_SHOWN_LINES], f"... ({len(lines) - _SHOWN_LINES} more lines)"]
    return "\n".join(f"     {line}" for line in lines)


def same(what: str, found: object, expected: object) -> None:
    """Print that two figures agree. Raises DemoError where they do not."""
    if found != expected:
        raise DemoError(f"{what}: {found!r} instead of {expected!r}")
    print(f"  ok  {what}: {found}")


def heading(text: str) -> None:
    """Print what comes next."""
    print(f"\n{text}\n{'-' * len(text)}", flush=True)
