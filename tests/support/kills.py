"""A process that dies at one of its calls to AWS, in process: before the call is made, or after it took effect."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

T = TypeVar("T")


class Killed(BaseException):
    """The process is gone: no handler of the code under test may catch this."""


class Calls:
    """Counts the calls to AWS, unless paused, and dies at those whose numbers are deadly."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.names: list[str] = []
        self.deadly: set[int] = set()
        self.lands = False
        self.paused = False
        real = BaseClient._make_api_call

        def call(client: Any, name: str, arguments: Any) -> Any:
            if self.paused:
                return real(client, name, arguments)
            number, self.count = self.count, self.count + 1
            self.names.append(name)
            if number not in self.deadly:
                return real(client, name, arguments)
            if self.lands:
                with suppress(ClientError):  # an answer that is lost may have been a refusal
                    real(client, name, arguments)
            raise Killed

        monkeypatch.setattr(BaseClient, "_make_api_call", call)

    def plan(self, *deadly: int, lands: bool = False) -> None:
        """Count anew, and die at these calls; `lands` where they take effect nevertheless."""
        self.count, self.names, self.deadly, self.lands = 0, [], set(deadly), lands


def surviving(work: Callable[..., T], attempts: int = 4) -> Callable[..., T]:
    """The work, done again after each death, as a machine repeats a step."""

    def again(*args: Any, **kwargs: Any) -> T:
        for _ in range(attempts - 1):
            try:
                return work(*args, **kwargs)
            except Killed:
                continue
        return work(*args, **kwargs)

    return again
