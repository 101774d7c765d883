"""Runs of `frontend_status` in any interleaving, with lost calls and late steps: what is shown is always explained.

The machine's steps run against the in-process tables, one call to AWS at a time, in an order that hypothesis chooses.
A step that the machine has given up goes on beside it, as a function does that outlives its time-out.
"""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import BotoCoreError
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from marquee import ddb
from marquee.errors import Conflict
from marquee.events import rules as event_rules
from marquee.preconditions import Precondition
from marquee.registry import service as registry
from marquee.statuses import service as statuses
from tests.support import interleaving
from tests.support.chaos import STATUSES, Change, History, Outcome
from tests.support.events import meta

TENANT, EID = "aurora", "evt_0001"
ANY = Precondition()


class World:
    """One event on both hosts."""

    def __init__(self, tables: Any, names: dict[str, str]) -> None:
        self._main, self._registry = tables.Table(names["EventsTable"]), tables.Table(names["RegistryTable"])
        self._key = {"pk": f"T#{TENANT}#E#{EID}"}

    def begin(self, status: str) -> None:
        """The event afresh, both hosts in agreement."""
        item = event_rules.new_item(TENANT, EID, meta(), 1, "")
        self._main.put_item(Item=item | {"frontend_status": status})
        self._registry.put_item(Item=self._key | {"sk": "META"})
        self._registry.put_item(Item=self._key | {"sk": "FE", "frontend_status": status, "frontend_sequence": 0})

    def states(self) -> tuple[tuple[str, int], tuple[str, int]]:
        """Status and sequence on Main and on the Registry."""
        main = self._main.get_item(Key=self._key | {"sk": "EVENT"})["Item"]
        told = self._registry.get_item(Key=self._key | {"sk": "FE"})["Item"]
        first, second = ((one["frontend_status"], int(one["frontend_sequence"])) for one in (main, told))
        return first, second


class Machine:
    """A run of `frontend_status` as its definition says, each step tried as often as the definition allows."""

    def __init__(self, number: int, wanted: str, plan: str, request: str = "") -> None:
        self.change_id = f"chg_{number}"
        self.request = request or self.change_id
        self.wanted, self.plan = wanted, plan

    def set_main(self) -> Any:
        return statuses.change_frontend_status(TENANT, EID, self.wanted, self.change_id, self.request, ANY)

    def run(self) -> Outcome:
        # Given up: the step goes on by itself, see `late`; the machine turns to its compensation.
        return self.rest(None if self.plan == "gives up" else tried(self.set_main, 2))

    def rest(self, state: Any) -> Outcome:
        """What comes after SetMain."""
        if state and self.plan != "is refused" and told(state):
            return "confirmed"
        state = tried(lambda: statuses.restore_frontend_status(TENANT, EID, self.change_id), 3)
        if state is None:
            return "interrupted"
        told(state)
        return "refused"

    def late(self) -> None:
        """The first step of a machine that has given it up."""
        tried(self.set_main, 1)


def noted(machine: Machine, history: History, ticks: Iterator[int], began: int | None = None) -> Callable[[], None]:
    """The run, as its client sees it."""

    def run() -> None:
        asked = next(ticks) if began is None else began
        outcome = machine.run()
        history.changes.append(Change(machine.wanted, asked, next(ticks), outcome))

    return run


def tried(step: Callable[[], Any], times: int) -> Any:
    for _ in range(times):
        try:
            return step()
        except (BotoCoreError, Conflict):
            continue
    return None


def told(state: Any) -> bool:
    return tried(lambda: [registry.take_frontend_state(TENANT, EID, state)], 2) is not None


@pytest.fixture
def world(aws: dict[str, str]) -> World:
    return World(boto3.Session(region_name="eu-central-1").resource("dynamodb"), aws)


# Not shrunk: each example is a run of many threads, and a failing one says all that happened.
RACES = settings(
    deadline=None,
    max_examples=34,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
ENDS = st.sampled_from(["succeeds", "is refused"])
FAULTS: list[interleaving.Fault | None] = [None, None, None, "unsent", "answer lost"]
PLANS = st.sampled_from(["succeeds", "succeeds", "is refused", "gives up"])


def play(
    runs: list[Callable[[], Any]],
    data: st.DataObject,
    fault: Callable[[str], interleaving.Fault | None] = interleaving.smooth,
) -> None:
    for ended in interleaving.run(runs, ddb.aws_client("dynamodb"), lambda n: data.draw(st.integers(0, n - 1)), fault):
        if ended.error is not None:
            raise ended.error


@pytest.mark.parametrize("lost", [0, 4])
def test_what_is_shown_is_the_last_change_that_was_not_refused(world: World, lost: int) -> None:
    @RACES
    @given(
        st.sampled_from(STATUSES),
        st.lists(st.tuples(st.sampled_from(STATUSES), PLANS), min_size=2, max_size=4),
        st.data(),
    )
    def races(initial: str, wanted: list[tuple[str, str]], data: st.DataObject) -> None:
        world.begin(initial)
        ticks, history, budget = itertools.count(), History(initial), lost

        def fault(_call: str) -> interleaving.Fault | None:
            nonlocal budget
            kind = data.draw(st.sampled_from(FAULTS)) if budget else None
            budget -= kind is not None
            return kind

        machines = [Machine(number, *one) for number, one in enumerate(wanted)]
        late = [one.late for one in machines if one.plan == "gives up"]
        play([*[noted(one, history, ticks) for one in machines], *late], data, fault)
        main, told_last = world.states()
        assert history.explains(main[0]), f"{main} after {history}"
        # The Registry is never ahead of Main, never says otherwise of the same moment, and without faults not behind
        assert told_last[1] <= main[1]
        if told_last[1] == main[1] or not lost:
            assert told_last == main

    races()


def test_a_request_run_again_is_what_its_second_run_says(world: World) -> None:
    @RACES
    @given(ENDS, ENDS, ENDS, st.data())
    def races(first_plan: str, second_plan: str, other_plan: str, data: st.DataObject) -> None:
        world.begin("DEFAULT")
        ticks, history = itertools.count(), History("DEFAULT")
        # Given a run whose client has gone when the change was on Main
        began = next(ticks)
        first = Machine(1, "FLAGGED", first_plan, "req_1")
        state = first.set_main()
        # When the request is run again beside what is left of it, and somebody else asks for a change
        again = noted(Machine(2, "FLAGGED", second_plan, "req_1"), history, ticks, began)
        other = noted(Machine(3, "HIDDEN", other_plan), history, ticks)
        play([lambda: first.rest(state), again, other], data)
        # Then what the second run was told holds, whatever became of the first
        main, told_last = world.states()
        assert history.explains(main[0]), f"{main} after {history}"
        assert told_last == main

    races()
