"""Main's side of somebody else's Registry, with time-outs that fit a test."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from marquee.errors import DomainError
from marquee.registry.remote import RemoteRegistry

EID = "evt_sample-night-0001"
FLAGGED = {"frontend_status": "FLAGGED", "sequence": 3}
# Short enough for a test. A silence, the longest pause (0.2) and what another try is worth (0.1) fit into the budget.
TIMES: dict[str, Any] = {"connect": 0.2, "read": 0.13, "budget": 0.5, "rest": 0.2}
BOUND = 0.8
Connect = Callable[..., RemoteRegistry]


def tell(remote: RemoteRegistry, **state: Any) -> None:
    remote.take_frontend_state("aurora", EID, {**FLAGGED, **state})  # type: ignore[typeddict-item]


def bounded(ask: Callable[[], object]) -> DomainError:
    """The domain error that asking ends in, in bounded time."""
    began = time.monotonic()
    with pytest.raises(DomainError) as raised:
        ask()
    assert time.monotonic() - began < BOUND
    return raised.value
