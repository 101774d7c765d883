"""Closings, toggles, resets and looks at campaigns that meet: whatever their order, nothing runs in the end."""

import itertools
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from marquee import ddb, workflows
from marquee.campaigns.closing import repository
from marquee.events import service as events
from tests.support import closing, interleaving
from tests.support.api import TENANT
from tests.support.closing import CLOSING, LAUNCHED, Clock, Closings, launch, on_platform
from tests.support.demand import TODAY, coming, sell
from tests.support.launching import Machines

Operation = Callable[[], Any]


@pytest.fixture
def now(aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def closings(now: Clock, monkeypatch: pytest.MonkeyPatch, app: Callable[[str], ModuleType]) -> Closings:
    monkeypatch.setattr(workflows, "start", lambda _machine, name, _payload: name)
    monkeypatch.setattr(workflows, "describe", lambda *_: None)
    closing.clusters("jazz")
    return Closings(app("closing_tasks"))


def operations(closings: Closings, machines: Machines, eid: str) -> dict[str, Operation]:
    """What may happen to the event at once."""
    toggles = {
        status: {"tenant": TENANT, "eid": eid, "status": status, "sequence": number, "reason": ""}
        for number, status in enumerate(("PAUSED", "RUNNING"), 1)
    }
    return {
        "close": lambda: closings.close(eid),
        "pause": lambda: machines.toggle(toggles["PAUSED"]),
        "run": lambda: machines.toggle(toggles["RUNNING"]),
        "reset": lambda: machines.reset(machines.reset_order(eid)),
        "deliver": lambda: closings.step("deliver", live={"tenant": TENANT, "eid": eid}),
    }


@given(
    others=st.lists(st.sampled_from(["run", "run", "pause", "reset", "deliver", "close"]), min_size=1, max_size=2),
    choices=st.lists(st.integers(0, 2), max_size=40),
    lost=st.dictionaries(st.integers(0, 40), st.sampled_from(["unsent", "answer lost"]), max_size=2),
)
@settings(
    max_examples=10,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_in_any_order_nothing_runs_in_the_end_and_sales_are_attributed_once(
    closings: Closings,
    now: Clock,
    aws: dict[str, str],
    app: Callable[[str], ModuleType],
    others: list[str],
    choices: list[int],
    lost: dict[int, interleaving.Fault],
) -> None:
    # Given an event with a campaign that runs, and is over
    eid = f"evt_race-{next(_NUMBERS):04d}"
    now.at(LAUNCHED)
    coming(final=None, eid=eid)
    sell(eid, {TODAY: 40})
    launch(eid)
    now.at(CLOSING)
    machines = Machines(app("campaign_tasks"))
    done = operations(closings, machines, eid)
    # When it is closed while others do something with its campaigns, and calls are lost on the way there or back
    order, calls = iter(choices), itertools.count()
    interleaving.run(
        [done[name] for name in ("close", *others)],
        ddb.aws_client("dynamodb"),
        lambda ready: next(order, 0) % ready,
        lambda _: lost.get(next(calls)),
    )
    # and what was broken off is begun again
    found = repository.launches(TENANT, eid)
    if any(one["phase"] == "RESETTING" and one["sk"] == "SETUP" for one in found):
        done["reset"]()
    done["close"]()
    # Then nothing runs, the event says so, and there is one attribution
    assert not any(on_platform(aws["CampaignsTable"]).values())
    event = events.stored(TENANT, eid)
    shown = (event["campaign_status"], event["client_campaign_status"], event["has_active_campaigns"])
    assert shown == ("CLOSED", "PAUSED", False)
    current = repository.current(TENANT, eid)
    assert current.run_id in {run["id"] for run in repository.runs(TENANT, eid)}
    assert closings.close(eid)["learnt"] == 0


_NUMBERS = itertools.count()
