"""Publishing, unpublishing, changing and cancelling at once, their steps in any interleaving: the last one wins."""

import itertools
from collections.abc import Callable
from contextlib import suppress
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marquee import ddb
from marquee.events import service as events
from marquee.hub import execution_service
from tests.support import hub, interleaving
from tests.support.api import TENANT
from tests.support.hub_publishing import Failed, Publishing, divergent, main_ids, sell, statuses

TWO = hub.recurring("weekly", after=2)
EDITS: dict[str, dict[str, Any]] = {
    "rename": {"name": "Boreal Night"},
    "rename again": {"name": "Cobalt Night"},
    "exclude": {"occurrence": {"exclusions": ["2035-01-31"]}},
}


@pytest.fixture
def publishing(aws: dict[str, str], app: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> Publishing:
    return Publishing(app, monkeypatch)


def change(publishing: Publishing, uuid: str, kind: str) -> Callable[[], None]:
    """Ask for the change, and run what it started; it may be refused where another came first."""

    def work() -> None:
        before = set(publishing.executions.inputs)
        if kind in EDITS:
            with suppress(AssertionError):  # a cancelled event is changed no more
                hub.update(publishing.hub, uuid, **EDITS[kind])
        else:
            assert publishing.ask(kind, uuid).status in {200, 201, 409, 503}
        for machine, name in set(publishing.executions.inputs) - before:
            with suppress(Failed):
                publishing.run(machine, name)

    return work


@given(
    kinds=st.lists(
        st.sampled_from(["publish", "unpublish", "cancel", "rename", "exclude", "publish"]), min_size=2, max_size=3
    ),
    published=st.booleans(),
    choices=st.lists(st.integers(0, 2), max_size=60),
    lost=st.dictionaries(st.integers(0, 60), st.sampled_from(["unsent", "answer lost"]), max_size=3),
)
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_in_any_interleaving_all_hosts_end_as_the_event_does(
    publishing: Publishing, kinds: list[str], published: bool, choices: list[int], lost: dict[int, interleaving.Fault]
) -> None:
    # Given an event, published or not
    publishing.executions.statuses.clear()
    publishing.executions.inputs.clear()
    uuid = str(hub.create(publishing.hub, occurrence=TWO)["uuid"])
    if published:
        publishing.ask("publish", uuid)
        publishing.run_all()
    # When it is changed in several ways at once, and calls are lost on the way there or back
    order, calls = iter(choices), itertools.count()
    outcomes = interleaving.run(
        [change(publishing, uuid, kind) for kind in kinds],
        ddb.aws_client("dynamodb"),
        lambda count: next(order, 0) % count,
        lambda _: lost.get(next(calls)),
    )
    assert [one.error for one in outcomes if not isinstance(one.error, BotoCoreError | None)] == []
    # and what failed or was lost is run again
    for _ in range(2):
        for execution in publishing.executions.statuses:
            publishing.executions.statuses[execution] = "RUNNING"
        publishing.run_all()
        execution_service.restart_lost(-60)
    # Then Registry and Main are as the event is
    assert divergent(uuid) == [], (kinds, hub.stored(uuid)["publication"])


@pytest.mark.parametrize(
    ("first", "then"),
    [("publish", "unpublish"), ("unpublish", "publish"), ("publish", "cancel"), ("rename", "rename again")],
)
def test_one_that_is_overtaken_at_any_call_changes_nothing_any_more(
    publishing: Publishing, first: str, then: str
) -> None:
    # Two overtake a publication, each at every second call: what comes then is one to the calls of the first.
    at, moved = 4 if then == "cancel" else 3, True
    while moved:
        # Given an event that a change is asked for
        uuid = str(hub.create(publishing.hub, occurrence=TWO)["uuid"])
        if first != "publish":
            publishing.ask("publish", uuid)
            publishing.run_all()
        # When another change is made from its beginning to its end before one of the first one's calls
        turns = iter([*[0] * at, 1])
        outcomes = interleaving.run(
            [change(publishing, uuid, first), change(publishing, uuid, then)],
            ddb.aws_client("dynamodb"),
            lambda count, turns=turns: next(turns, 0) % count,  # type: ignore[misc]
        )
        assert [one.error for one in outcomes] == [None, None]
        moved = next(turns, None) is None
        publishing.run_all()
        # Then all hosts are as the event is
        assert divergent(uuid) == [], at
        at += 1 if first == "unpublish" else 2
    assert at > 10


def test_a_step_that_comes_late_writes_nothing(publishing: Publishing) -> None:
    # Given a publication that stops before it takes the occurrences to Main
    uuid = str(hub.create(publishing.hub, occurrence=TWO)["uuid"])
    publishing.ask("publish", uuid)
    ((machine, name),) = publishing.executions.waiting()
    order = publishing.executions.inputs[machine, name]
    work = publishing.step("open", order)
    publishing.step("register", order, sequence=work["sequence"], batch=0)
    # When the event is unpublished meanwhile
    publishing.ask("unpublish", uuid)
    publishing.executions.statuses[machine, name] = "TIMED_OUT"
    publishing.run_all()
    # Then the late step does nothing
    for task in ("register", "take", "withdraw", "finish"):
        late = publishing.step(task, order, sequence=work["sequence"], batch=0)
        assert late["outcome"] == "SUPERSEDED"
    assert statuses(hub.stored(uuid)) == [None, None]
    assert publishing.step("gather", order, sequence=work["sequence"])["outcome"] == "SUPERSEDED"
    assert divergent(uuid) == []


@pytest.mark.parametrize("at", [5, 6, 7])
def test_what_is_sold_while_it_is_archived_is_kept(publishing: Publishing, at: int) -> None:
    # Given a published event
    uuid = str(hub.create(publishing.hub, occurrence=hub.once())["uuid"])
    publishing.ask("publish", uuid)
    publishing.run_all()
    (eid,) = main_ids(hub.stored(uuid)).values()
    publishing.ask("unpublish", uuid)
    ((machine, name),) = publishing.executions.waiting()
    # When it is sold at any moment of its withdrawal
    turns = iter([0] * at + [1])
    outcomes = interleaving.run(
        [lambda: publishing.run(machine, name), lambda: sell(eid)],
        ddb.aws_client("dynamodb"),
        lambda count: next(turns, 0) % count,
    )
    assert [one.error for one in outcomes] == [None, None]
    # Then it is active and said to be kept, or was archived before it was sold
    document = publishing.ask("read_publication", uuid).json["result"]
    assert document["phase"] == "done"
    if statuses(hub.stored(uuid)) == ["active"]:
        assert document["occurrences"][0]["reason"] == "It has sales."
    else:
        assert statuses(hub.stored(uuid)) == ["archived"]


@pytest.mark.parametrize("kind", ["rename", "unpublish", "cancel"])
@pytest.mark.parametrize("at", [0, 1, 2, 3])
def test_what_others_write_on_main_meanwhile_stays(publishing: Publishing, kind: str, at: int) -> None:
    # Given a published event
    uuid = str(hub.create(publishing.hub, occurrence=TWO)["uuid"])
    publishing.ask("publish", uuid)
    publishing.run_all()
    eid, _ = main_ids(hub.stored(uuid)).values()
    # When an occurrence is flagged on Main at any moment of a change
    turns = iter([0] * (at + {"rename": 13, "unpublish": 8, "cancel": 9}[kind]) + [1] * 3)
    outcomes = interleaving.run(
        [
            change(publishing, uuid, kind),
            lambda: events.rewritten(TENANT, eid, lambda _: {"hall": "Blue"}),
        ],
        ddb.aws_client("dynamodb"),
        lambda count: next(turns, 0) % count,
    )
    assert [one.error for one in outcomes] == [None, None]
    # Then both are there
    assert divergent(uuid) == []
    assert events.stored(TENANT, eid)["hall"] == "Blue"
