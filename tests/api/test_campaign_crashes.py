"""Launches, toggles, resets and their undo, killed at every call they make to AWS and to their platform."""

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest

from marquee import clock
from marquee.campaigns import execution_service, repository
from marquee.campaigns.platforms.models import Account, CampaignSpec, Rates
from marquee.campaigns.platforms.sandbox.adapter import Sandbox
from marquee.errors import Conflict, Unavailable, Unprocessable
from marquee.ids import new_id
from tests.support.ingest import EID, TENANT
from tests.support.kills import Calls, Killed
from tests.support.launching import (
    FAR,
    OPEN,
    PAUSED,
    RUNS,
    Failed,
    Machines,
    disagreements,
    fault,
    on_sandbox,
    prepared,
    statuses,
    stored_keys,
)

REFUSALS = (Failed, Conflict, Unavailable, Unprocessable)


@pytest.fixture
def machines(aws: dict[str, str], app: Callable[[str], ModuleType]) -> Machines:
    prepared()
    return Machines(app("campaign_tasks"))


@pytest.fixture
def calls(machines: Machines, monkeypatch: pytest.MonkeyPatch) -> Calls:
    return Calls(monkeypatch)


class Dying(Machines):
    """Machines each of whose steps dies at its first call, then, done again, at its second, and so on to its end.

    Every other death comes after the call took effect.
    """

    def __init__(self, tasks: ModuleType, calls: Calls) -> None:
        super().__init__(tasks)
        self.tries, self.deaths = 1, 0
        self._calls = calls

    def step(self, task: str, **changes: Any) -> dict[str, Any]:
        deadly = 0
        while True:
            self._calls.plan(deadly, lands=self.deaths % 2 == 1)
            try:
                return super().step(task, **changes)
            except Killed:
                deadly += 1
                self.deaths += 1
            finally:
                self._calls.plan()


def test_killed_at_every_call_of_every_step_there_is_one_campaign_for_each_key(
    calls: Calls, app: Callable[[str], ModuleType]
) -> None:
    machines = Dying(app("campaign_tasks"), calls)
    # Given a launch that dies at each of its calls
    launched = machines.launch()
    keys = stored_keys(EID, launched["launch_id"])
    # Then each of its campaigns is there once, and runs
    assert (launched["outcome"], on_sandbox(), disagreements()) == ("DONE", dict.fromkeys(keys, True), [])
    assert (len(keys), statuses()) == (2, RUNS)
    # and the same holds for what follows
    machines.toggle(machines.ask("PAUSED"))
    assert (on_sandbox(), statuses(), disagreements()) == (dict.fromkeys(keys, False), PAUSED, [])
    machines.toggle(machines.ask("RUNNING"))
    assert (on_sandbox(), statuses(), disagreements()) == (dict.fromkeys(keys, True), RUNS, [])
    order = machines.reset_order()
    machines.reset(order)
    assert (on_sandbox(), statuses(), repository.setup(TENANT, EID)) == (dict.fromkeys(keys, False), OPEN, None)
    machines.restore(order)
    assert (on_sandbox(), statuses(), disagreements()) == (dict.fromkeys(keys, True), RUNS, [])
    # and of a launch that is withdrawn nothing is left
    machines.reset(machines.reset_order(name="two"))
    fault("switch", "refused", times=99)
    with pytest.raises(Failed, match="as it was told to"):
        machines.launch(machines.order(number=1, goal="reach"))
    assert (set(on_sandbox()), statuses(), disagreements()) == (keys, OPEN, [])
    assert machines.deaths > 100


def test_dead_for_good_at_any_call_a_launch_is_completed_by_its_redrive_or_withdrawn_by_its_cancellation(
    calls: Calls, machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Step Functions is not there: what a cancellation starts is done by hand.
    monkeypatch.setattr("marquee.executions.service.successor_of", lambda *_: None)
    begun: list[dict[str, Any]] = []
    monkeypatch.setattr("marquee.executions.service.begin", lambda _machine, _name, payload: begun.append(payload))
    monkeypatch.setattr("time.sleep", lambda _: None)
    deadly, number, finished = 0, 0, False
    while not finished:
        order = machines.order(number=number)
        machines.tries = 1
        calls.plan(deadly, lands=bool(deadly % 3))
        try:
            machines.launch(order)
            finished = True
        except Killed:
            calls.plan()
            machines.tries = 4
            if deadly % 2:
                assert machines.launch(order)["outcome"] == "DONE"
                assert set(on_sandbox().items()) >= {(key, True) for key in stored_keys(EID, order["launch_id"])}
            else:
                execution_service.end_cancelled_init(TENANT, "exe", order)
                if begun:
                    with pytest.raises(Failed, match=r"It was cancelled\."):
                        machines.withdraw(begun.pop(), [])
                assert statuses() in {OPEN, RUNS}
        calls.plan()
        assert disagreements() == []
        # Then what runs is one set-up's, and the next begins where nothing is
        if statuses() == RUNS:
            machines.reset(machines.reset_order())
        assert not any(on_sandbox().values())
        number = repository.launches(TENANT, EID)
        deadly += 7
    assert deadly >= 50


@pytest.mark.parametrize(
    ("operation", "error", "moment", "skip", "complete"),
    [
        ("create", "refused", "before", 1, False),
        ("create", "refused", "after", 0, False),
        ("create", "unreachable", "after", 0, True),
        ("find", "unreachable", "before", 1, True),
        ("find", "refused", "before", 0, False),
        ("switch", "busy", "before", 1, True),
        ("switch", "refused", "after", 1, False),
        ("any", "unreachable", "after", 3, True),
    ],
)
def test_whatever_the_platform_answers_all_campaigns_run_or_none_is_left(
    machines: Machines, operation: str, error: str, moment: str, skip: int, complete: bool
) -> None:
    fault(operation, error, moment, skip=skip, times=2)
    if complete:
        assert machines.launch()["outcome"] == "DONE"
        assert (list(on_sandbox().values()), statuses()) == ([True, True], RUNS)
    else:
        with pytest.raises(Failed, match=r"campaigns\.not_set_up: Nothing was set up.*as it was told to"):
            machines.launch()
        setup = repository.setup(TENANT, EID)
        assert setup is not None
        assert (on_sandbox(), statuses(), setup["phase"]) == ({}, OPEN, "FAILED")
        assert "as it was told to" in setup["reasons"][0]
        # and redriven, when the platform is well again, the launch is complete
        fault("find", "refused", times=0)
        assert machines.launch()["outcome"] == "DONE"
    assert disagreements() == []


def test_a_platform_that_answers_nobody_leaves_a_launch_to_be_withdrawn_by_its_redrive(machines: Machines) -> None:
    # Given a platform that takes the campaigns and then answers nobody any more
    fault("any", "unreachable", skip=4, times=99)
    with pytest.raises(Failed, match="left_behind"):
        machines.launch()
    assert (list(on_sandbox().values()), statuses()) == ([False, False], OPEN)
    # When it is well again, Then what is left is removed, and the launch can be done again
    fault("any", "unreachable", times=0)
    with pytest.raises(Failed):
        machines.launch()
    assert (on_sandbox(), statuses()) == ({}, OPEN)
    assert machines.launch()["outcome"] == "DONE"
    assert disagreements() == []


def test_a_toggle_that_fails_in_part_says_why_and_leaves_what_costs_no_money(machines: Machines) -> None:
    machines.launch()
    # Given a platform that refuses to pause one of two
    fault("switch", "refused", times=1)
    order = machines.ask("PAUSED")
    with pytest.raises(
        Failed, match=r"campaigns\.not_paused: Not all campaigns were paused\. Indie on sandbox: .*told"
    ):
        machines.toggle(order)
    # Then the other is paused and stays so, the event is not, and the redriven toggle goes on
    assert (sorted(on_sandbox().values()), statuses()) == ([False, True], RUNS)
    machines.toggle(order)
    assert (list(on_sandbox().values()), statuses(), disagreements()) == ([False, False], PAUSED, [])
    # and where one refuses to run, that which ran is paused again
    fault("switch", "refused", skip=1, times=1)
    order = machines.ask("RUNNING")
    with pytest.raises(Failed, match=r"campaigns\.not_switched_on: .*Jazz on sandbox"):
        machines.toggle(order)
    assert (list(on_sandbox().values()), statuses(), disagreements()) == ([False, False], PAUSED, [])
    machines.toggle(order)
    assert (list(on_sandbox().values()), statuses(), disagreements()) == ([True, True], RUNS, [])


def test_an_older_toggle_never_overrides_a_newer_one(machines: Machines) -> None:
    machines.launch()
    # Given two toggles of which the later comes first, and the earlier is tried again ever after
    earlier, later = machines.ask("RUNNING"), machines.ask("PAUSED")
    machines.toggle(later)
    for _ in range(2):
        assert machines.toggle(earlier)["outcome"] == "OVERTAKEN"
        assert (list(on_sandbox().values()), statuses(), disagreements()) == ([False, False], PAUSED, [])


def naive(number: int, calls: Calls, *, lands: bool) -> int:
    """A launch as it is often written, dying at one call and done again: how many campaigns it leaves for two."""
    spec = {
        "name": "x",
        "objective": "SALES",
        "budget": 100,
        "currency": "EUR",
        "start": FAR,
        "stop": FAR,
        "special_ad_category": None,
        "interests": (),
        "size": 10,
        "rates": Rates(1, 0.1, 0.1),
        "value": 0,
    }
    before = len(on_sandbox())

    def launch() -> None:
        for _ in range(2):
            made = CampaignSpec(key=new_id("cmp"), **spec)  # type: ignore[arg-type]
            Sandbox().create(Account(TENANT, "sandbox"), made)
            Sandbox().switch(Account(TENANT, "sandbox"), made, running=True)

    calls.plan(number, lands=lands)
    try:
        launch()
    except Killed:
        calls.plan()
        launch()
    calls.plan()
    return len(on_sandbox()) - before


def test_a_launch_with_fresh_keys_and_no_look_up_creates_twice(calls: Calls) -> None:
    left = [naive(number, calls, lands=lands) for lands in (False, True) for number in range(0, 12, 3)]
    assert sum(count > 2 for count in left) > 4


@pytest.mark.parametrize("seed", range(2))
def test_the_order_in_which_operations_and_deaths_come_makes_no_difference(
    machines: Machines, calls: Calls, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Any operations, each of which may die for good at any call, and be redriven then or later, or not at all."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    choose = random.Random(seed)
    unfinished: list[Callable[[], Any]] = []
    keys: set[str] = set()
    for step in range(14):
        work = unfinished.pop(choose.randrange(len(unfinished))) if unfinished and choose.random() < 0.4 else None
        work = work or _operation(machines, choose, step)
        machines.tries = 1
        calls.plan(choose.randrange(60), lands=choose.random() < 0.5)
        try:
            work()
        except Killed:
            unfinished.append(work)
        except REFUSALS:
            pass
        calls.plan()
        setup = repository.setup(TENANT, EID)
        keys |= stored_keys(EID, setup["launch_id"]) if setup else set()
        assert set(on_sandbox()) <= keys
    # When all is tried again until nothing is left to do, Then all agree, and nothing is there that was not planned
    machines.tries = 4
    for work in [*unfinished, lambda: machines.toggle(machines.ask("PAUSED")), lambda: _settle(machines)]:
        with suppress(*REFUSALS):
            work()
        setup = repository.setup(TENANT, EID)
        keys |= stored_keys(EID, setup["launch_id"]) if setup else set()
    assert disagreements() == []
    assert set(on_sandbox()) <= keys


def _operation(machines: Machines, choose: random.Random, step: int) -> Callable[[], Any]:
    setup = repository.setup(TENANT, EID)
    if setup is None or setup["phase"] == "FAILED":
        order = machines.order(number=repository.launches(TENANT, EID), budget=300 + step)
        return lambda: machines.launch(order)
    if choose.random() < 0.25:
        reset = machines.reset_order(name=f"r{step}")
        return lambda: machines.reset(reset)
    toggle = machines.ask(choose.choice(["PAUSED", "RUNNING"]))
    return lambda: machines.toggle(toggle)


def _settle(machines: Machines) -> None:
    """What an operator does with executions that did not come to their end: they are redriven, in their order."""
    setup = repository.setup(TENANT, EID)
    if setup is not None and setup["phase"] == "RESETTING":
        machines.reset({**machines.reset_order(), "reset_id": setup.get("reset_id", "")})
    elif setup is not None and setup["phase"] in {"PREPARING", "ACTIVATING", "WITHDRAWING"}:
        order = {**machines.order(), "launch_id": setup["launch_id"], "number": setup["number"]}
        try:
            machines.launch({**order, "parameters": setup["parameters"]})
        except Failed:
            machines.launch({**order, "parameters": setup["parameters"]})


def test_a_reset_is_undone_for_thirty_days_and_runs_only_what_may(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    machines.launch()
    order = machines.reset_order()
    done = machines.reset(order)
    # Given another set-up since, it cannot come back
    other = machines.launch(machines.order(number=1, goal="reach"))
    with pytest.raises(Exception, match=r"campaigns\.already_set_up"):
        machines.restore(order)
    second = machines.reset_order(name="two")
    machines.reset(second)
    # When a platform refuses to run one of them, Then all are back, paused, and it is said why
    fault("switch", "refused", times=1)
    restored = machines.restore(order)
    assert (restored["client_campaign_status"], statuses(), disagreements()) == ("PAUSED", PAUSED, [])
    assert "as it was told to" in restored["reasons"][0]
    assert restored["launch_id"] != other["launch_id"]
    # and after thirty days it is too late
    machines.reset({**order, "reset_id": "three"})
    late = clock.now() + timedelta(days=30, seconds=5)
    monkeypatch.setattr("marquee.clock.now", lambda: late)
    assert done["undoable_until"] < clock.rfc3339(late)
    with pytest.raises(Exception, match=r"execution\.undo_expired"):
        machines.restore(second)


def test_what_was_reset_long_ago_is_removed_from_its_platform_and_nothing_else(
    machines: Machines, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given campaigns that were reset, and others that were brought back, and others that run
    launch_ids = []
    for number in range(2):
        launch_ids.append(machines.launch(machines.order(number=number))["launch_id"])
        machines.reset(machines.reset_order(name=f"r{number}"))
    machines.restore({**machines.order(), "launch_id": launch_ids[0], "reset_id": "r0"})
    gone, kept = (stored_keys(EID, one) for one in reversed(launch_ids))
    assert (machines.purge(), set(on_sandbox())) == (0, gone | kept)
    # When a month is over, and the purge dies at each of its calls
    late = clock.now() + timedelta(days=31, seconds=5)
    monkeypatch.setattr("marquee.clock.now", lambda: late)
    machines.tries = 1
    deadly, purged = 0, None
    while purged is None:
        calls.plan(deadly, lands=bool(deadly % 2))
        with suppress(Killed):
            purged = machines.purge()
        deadly += 1
    calls.plan()
    # Then only the first are gone, and what they brought is known ever after
    assert (deadly > 5, on_sandbox(), disagreements()) == (True, dict.fromkeys(kept, True), [])
    assert stored_keys(EID, launch_ids[1]) == gone
    assert repository.reset_setup(TENANT, EID, launch_ids[1]) is not None
    assert machines.purge() == 0
