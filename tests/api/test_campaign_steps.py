"""Steps of campaigns on what is not there (any more), and what cancelling an event does to its campaigns."""

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from marquee.audience import cluster_service
from marquee.audience.models import NewClusterSet
from marquee.campaigns import repository, service
from marquee.campaigns.delivery import repository as deliveries
from marquee.errors import Conflict, DomainError
from marquee.events import service as events
from marquee.preconditions import Precondition
from tests.support import hub
from tests.support.api import TENANT, sample
from tests.support.audiences import body, costs
from tests.support.hub_publishing import Publishing, main_ids, published
from tests.support.ingest import EID
from tests.support.launching import OPEN, Failed, Machines, disagreements, fault, on_sandbox, prepared, statuses


@pytest.mark.parametrize(
    ("task", "outcome"),
    [
        ("prepare", "Unprocessable"),
        ("create", "SETTLED"),
        ("verify", "SETTLED"),
        ("settle", "SETTLED"),
        ("activate", "Conflict"),
        ("finish", "Conflict"),
        ("withdraw", "NOTHING"),
        ("conclude", "WITHDRAWN"),
        ("declare_toggle", "DONE"),
        ("finish_toggle", "OVERTAKEN"),
        ("give_up_toggle", "LEFT"),
        ("declare_reset", "Conflict"),
        ("finish_reset", "Conflict"),
        ("tell_reset", "LEFT"),
        ("bring_back", "Conflict"),
        ("pause_restored", "PAUSED"),
        ("finish_restore", "OVERTAKEN"),
        ("find_resets", "FOUND"),
        ("purge_reset", "PURGED"),
    ],
)
def test_a_step_of_campaigns_that_are_not_there_does_nothing(
    aws: dict[str, str], app: Callable[[str], ModuleType], task: str, outcome: str
) -> None:
    prepared()
    cluster_service.replace(TENANT, NewClusterSet(clusters=[]), Precondition())
    try:
        found = app("campaign_tasks").handler(sample("campaign_tasks", task), None)["outcome"]
    except DomainError as error:
        found = type(error).__name__
    assert (found, on_sandbox(), statuses()) == (outcome, {}, OPEN)
    assert repository.setup(TENANT, EID) is None


def test_of_two_launches_at_once_one_wins_and_the_other_creates_nothing(
    aws: dict[str, str], app: Callable[[str], ModuleType]
) -> None:
    prepared()
    machines = Machines(app("campaign_tasks"))
    # Given two launches that were both accepted before one was written down
    first, second = machines.order(), machines.order(goal="reach")
    machines.step("prepare", launch=second)
    with pytest.raises(Failed, match="has campaigns already"):
        machines.launch(first)
    # Then the other is complete, and its campaigns alone are there
    machines.launch(second)
    assert (disagreements(), len(on_sandbox())) == ([], 2)
    # and when it was reset, a late redrive of it sets nothing up
    machines.reset(machines.reset_order())
    with pytest.raises(Failed, match="are not there any more"):
        machines.launch(second)
    assert (statuses(), list(on_sandbox().values())) == (OPEN, [False, False])
    # nor after one that came to nothing
    fault("create", "refused")
    with pytest.raises(Failed, match="as it was told to"):
        machines.launch(machines.order(number=1, budget=301))
    with pytest.raises(Failed, match="are not there any more"):
        machines.launch(second)
    assert (statuses(), list(on_sandbox().values())) == (OPEN, [False, False])


def test_campaigns_of_a_cancelled_event_are_paused_and_cannot_be_switched_on(
    aws: dict[str, str], app: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a published event, one of whose occurrences has campaigns
    publishing = Publishing(app, monkeypatch)
    uuid = published(publishing)
    eid, other = list(main_ids(hub.stored(uuid)).values())[:2]
    currency = json.loads(events.stored(TENANT, eid)["doc"])["currency"]
    clusters = [body("jazz", currency=currency, platforms={"sandbox": costs()})]
    cluster_service.replace(TENANT, NewClusterSet.model_validate({"clusters": clusters}), Precondition())
    machines = Machines(app("campaign_tasks"))
    machines.launch(machines.order(eid))
    assert list(on_sandbox().values()) == [True]
    # When it is cancelled
    publishing.ask("cancel", uuid)
    (name,) = (name for machine, name in publishing.executions.waiting() if machine == "event_cancellation")
    publishing.run("event_cancellation", name)
    # Then a toggle is started for that occurrence alone, once, which pauses them on their platform
    started = [given for (machine, _), given in publishing.executions.inputs.items() if machine == "campaign_toggle"]
    assert [(one["eid"], one["status"], one["reason"]) for one in started] == [
        (eid, "PAUSED", "The event is cancelled.")
    ]
    machines.toggle(started[0])
    event: dict[str, Any] = events.stored(TENANT, eid)
    assert (list(on_sandbox().values()), event["has_active_campaigns"], event["status"]) == (
        [False],
        False,
        "cancelled",
    )
    with pytest.raises(Conflict, match=r"event\.cancelled"):
        machines.toggle(machines.ask("RUNNING", eid))
    assert not events.stored(TENANT, other).get("has_active_campaigns", False)


def test_a_campaign_that_was_switched_off_by_itself_stays_off_until_the_client_switches_all_on(
    aws: dict[str, str], app: Callable[[str], ModuleType]
) -> None:
    prepared()
    machines = Machines(app("campaign_tasks"))
    machines.launch()
    # Given a campaign that was switched off, for a reason
    place = repository.places(TENANT, EID, machines.order()["launch_id"])[0]
    assert deliveries.switch_off(place, "It brings back less than it costs.")
    assert machines.step("settle", place=place)["status"] == "PAUSED"
    # Then bringing the platform in line leaves it off, and shows why
    machines.toggle(machines.ask(""))
    shown = {one["tc"]: (one["status"], one["reason"]) for one in service.campaigns(TENANT, EID)["items"]}
    assert shown == {"indie": ("PAUSED", "It brings back less than it costs."), "jazz": ("RUNNING", None)}
    # and the client, who wants all to run, has all run
    machines.toggle(machines.ask("RUNNING"))
    assert (list(on_sandbox().values()), disagreements()) == ([True, True], [])
