"""Launches, toggles and resets of one event at once, in any order of their calls, some of which are lost."""

import random
from collections.abc import Callable
from contextlib import suppress
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError

from marquee.campaigns import repository
from marquee.ddb import aws_client
from marquee.errors import Conflict, Unavailable, Unprocessable
from tests.support import interleaving
from tests.support.ingest import EID, TENANT
from tests.support.launching import Failed, Machines, disagreements, on_sandbox, prepared, statuses

ENDINGS = (Failed, Conflict, Unavailable, Unprocessable, BotoCoreError)
Work = Callable[[], Any]


@pytest.fixture
def machines(aws: dict[str, str], app: Callable[[str], ModuleType]) -> Machines:
    prepared("jazz")
    return Machines(app("campaign_tasks"))


def at_once(works: list[Work], seed: int) -> set[str]:
    """Run them at once, a call in twenty lost; then again, one after the other, those that failed. Gives all keys."""
    choose = random.Random(seed)

    def next_one(waiting: int) -> int:
        # Mostly the same one goes on: so one stands still in the middle of a step while others come to their end.
        return 0 if choose.random() < 0.88 else choose.randrange(waiting)

    def fault(_call: str) -> interleaving.Fault | None:
        return choose.choice(["unsent", "answer lost"]) if choose.random() < 0.05 else None

    outcomes = interleaving.run(works, aws_client("dynamodb"), next_one, fault)
    for work, outcome in zip(works, outcomes, strict=True):
        if outcome.error is not None:
            assert isinstance(outcome.error, ENDINGS), outcome.error
            with suppress(*ENDINGS):
                work()
    return {one["key"] for one in repository.campaigns_of(TENANT, EID)}


@pytest.mark.parametrize("seed", range(3))
def test_launches_and_toggles_at_once_leave_one_set_up_that_all_agree_on(machines: Machines, seed: int) -> None:
    # Given two launches and two toggles that were all accepted when nothing was set up
    first, second = machines.order(), machines.order(goal="reach")
    pause, resume = machines.ask("PAUSED"), machines.ask("RUNNING")
    works: list[Work] = [
        lambda: machines.launch(first),
        lambda: machines.launch(second),
        lambda: machines.toggle(pause),
        lambda: machines.toggle(resume),
    ]
    keys = at_once(works, seed)
    # Then one set-up is there, with its campaigns once, and the event says what they do
    assert disagreements() == []
    assert set(on_sandbox()) <= keys
    assert len(on_sandbox()) == 1


# Among them orders in which a step that does not look again leaves a campaign running that was paused.
@pytest.mark.parametrize("seed", [0, 15, 21, 30])
def test_toggles_and_a_reset_at_once_agree_and_the_latest_toggle_counts(machines: Machines, seed: int) -> None:
    machines.launch()
    orders = [machines.ask(status) for status in ("PAUSED", "RUNNING", "PAUSED", "RUNNING")]
    reset = machines.reset_order()
    works: list[Work] = [lambda order=order: machines.toggle(order) for order in orders]  # type: ignore[misc]
    if seed % 2:
        works.append(lambda: machines.reset(reset))
    keys = at_once(works, seed)
    assert (disagreements(), set(on_sandbox()) <= keys) == ([], True)
    setup = repository.setup(TENANT, EID)
    if seed % 2:
        assert setup is None
        assert (statuses(), list(on_sandbox().values())) == (("OPEN", "PAUSED", False), [False])
        # and brought back while toggles come, all agree again
        late = machines.ask("PAUSED")
        at_once([lambda: machines.restore(reset), lambda: machines.toggle(late)], seed)
        assert disagreements() == []
    else:
        assert setup is not None
        assert (setup["sequence"], setup["paused"]) == (orders[-1]["sequence"], False)
