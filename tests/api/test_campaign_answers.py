"""What clients of campaigns are told, and that what they said last counts."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from marquee.campaigns import reset_service
from tests.support.api import Answer, call, sample, varied
from tests.support.audiences import body, costs, sell
from tests.support.ingest import TENANT, register_event
from tests.support.launching import FAR, PAUSED, Machines, disagreements, prepared, statuses


@pytest.fixture
def ask(aws: dict[str, str], app: Callable[[str], ModuleType]) -> Callable[..., Answer]:
    prepared()
    campaigns = app("campaigns")
    return lambda name, **changes: call(campaigns, varied(sample("campaigns", name), **changes))


def test_a_pause_that_the_event_did_not_say_yet_outlasts_a_reset_and_its_undo(
    aws: dict[str, str], app: Callable[[str], ModuleType]
) -> None:
    # Given campaigns that run, and a pause that is written down when a reset comes between
    prepared()
    machines = Machines(app("campaign_tasks"))
    machines.launch()
    machines.step("declare_toggle", toggle=machines.ask("PAUSED"))
    order = machines.reset_order()
    machines.reset(order)
    planned = reset_service.plan_undo(TENANT, order, succeeded=True).changes
    assert "client_campaign_status" not in {one.field for one in planned}
    # When the reset is undone
    restored = machines.restore(order)
    # Then nothing spends money that its client had paused
    assert (restored["client_campaign_status"], statuses(), disagreements()) == ("PAUSED", PAUSED, [])


@pytest.mark.parametrize(
    ("tc", "code", "told"),
    [
        ("nobody", "clusters.unknown", "No such cluster: nobody."),
        ("yankees", "clusters.none", "No cluster has its costs in EUR, the event's currency."),
    ],
)
def test_a_set_up_for_a_cluster_that_cannot_be_addressed_says_which_and_why(
    ask: Callable[..., Answer], app: Callable[[str], ModuleType], tc: str, code: str, told: str
) -> None:
    # Given a cluster whose costs are in another currency than the event's
    yankees: Any = {name: value for name, value in body("yankees").items() if name != "tc"}
    path = {"tc": "yankees"}
    added = call(
        app("audience"), varied(sample("audience", "set_cluster"), path=path, body={**yankees, "currency": "USD"})
    )
    assert added.status == 200
    # When a set-up names only clusters that cannot be addressed, and leaves its budget out
    answer = ask("launch", body={"clusters": [{"tc": tc}]}, query={"dry_run": ["true"]})
    # Then it is not said that there are no clusters at all
    assert (answer.status, answer.json["error_code"], answer.json["detail"]) == (422, code, told)


def test_defaults_say_that_the_usual_platform_is_not_set_up(
    ask: Callable[..., Answer], app: Callable[[str], ModuleType]
) -> None:
    # Given clusters on a platform that is the usual one, but has no account
    cluster: Any = {name: value for name, value in body("jazz", platforms={"meta": costs()}).items() if name != "tc"}
    call(app("audience"), varied(sample("audience", "set_cluster"), path={"tc": "jazz"}, body=cluster))
    assert ask("replace_settings", body={"default_platform": "meta"}).status == 200
    # When a set-up is prepared, and asked for as it is
    defaults, refused = ask("default_parameters"), ask("launch", body={})
    # Then both say the same
    assert (defaults.status, refused.status, refused.json["error_code"]) == (200, 422, "integration.not_set_up")
    assert defaults.json["reason"] == {"code": refused.json["error_code"], "message": refused.json["detail"]}


def test_no_body_at_all_has_no_media_type(ask: Callable[..., Answer]) -> None:
    # Given a client that names a media type also where it sends nothing, as curl -d '' does
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    # Then it gets all defaults, and only what it does send has to be JSON
    assert ask("launch", body="", headers=headers, query={"dry_run": ["true"]}).status == 200
    assert ask("launch", body="budget=5", headers=headers, query={"dry_run": ["true"]}).status == 415


def test_nobody_is_advised_to_spend_more_than_it_brings_in(ask: Callable[..., Answer]) -> None:
    # Given a hall whose empty seats are worth a hundred times what its small audience would ever buy
    hall = "evt_large-hall-00001"
    register_event(TENANT, hall, start_date_time=FAR, campaign_stop_time=FAR, capacity=50_000)
    sell(hall, 1000, 40_000_00)
    # When a set-up is prepared, and asked for without a budget
    defaults = ask("default_parameters", path={"eid": hall}).json
    planned = ask("launch", path={"eid": hall}, body={}, query={"dry_run": ["true"]}).json
    # Then its tickets pay for it, by its own estimate, and it is no token sum either
    budget = defaults["budget"]["default"]
    expected = 40 * sum(one["expected_tickets"] for one in defaults["clusters"])
    assert defaults["budget"]["minimum"] < budget <= expected < 4 * budget
    assert sum(one["after"]["budget"] for one in planned["changes"] if "campaigns." in one["field"]) == budget
