"""Closing events on the deployed stack: found, stopped, attributed; killed and redriven; and campaigns switched off."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import orjson
import pytest

from tests.support.closing_stack import Office, moment
from tests.support.faults import FaultyWire, Kind, once, undisturbed, whenever, wired


@pytest.fixture(scope="module")
def wire(stack: Any) -> Iterator[FaultyWire]:
    with wired(stack, "ClosingTasksFunction") as wire:
        yield wire


@pytest.fixture
def office(stack: Any, wire: FaultyWire) -> Office:
    wire.plan(undisturbed)
    return Office(stack, "jazz", "rock")


def results(office: Office, eid: str) -> Any:
    return office.client.get(f"/main/campaign_results/?eid={eid}").json


def test_an_event_passes_its_end_and_is_closed_with_results(office: Office) -> None:
    # Given an event with campaigns and sales, and one that has been over for long
    eid = office.launched()
    past = office.client.new_event(start_date_time=moment(timedelta(days=300)))
    office.sell(eid, 30)
    assert office.running() == [True, True]
    # When it is over, and the sweep comes
    office.over(eid)
    assert office.run("closing_sweep")["status"] == "SUCCEEDED"
    # Then it is closed, its campaigns are stopped, and each has its result
    event = office.closed(eid)
    assert (event["campaign_status"], event["client_campaign_status"]) == ("CLOSED", "PAUSED")
    assert office.running() == [False, False]
    office.client.until(f"/main/events/{eid}", lambda one: one.json["has_active_campaigns"] is False)
    campaigns = office.client.get(f"/main/events/{eid}/campaigns").json
    assert {one["status"] for one in campaigns["items"]} == {"PAUSED"}
    assert campaigns["totals"]["spent"] > 0
    found = results(office, eid)
    assert {one["tc"] for one in found} == {"jazz", "rock"}
    assert sum(one["purchase"] for one in found) <= 30
    assert {(one["source"], one["reason"]) for one in found} == {("platform", "no_model")}
    assert office.client.get(f"/main/events/{past}").json["campaign_status"] == "CLOSED"
    # and attributed again it is the same, and nobody can switch campaigns on again
    again = office.ended(office.client.post(f"/main/events/{eid}/attribution"))
    assert (again["status"], results(office, eid)) == ("succeeded", found)
    assert again["subject"] == {"eid": eid}
    assert [step["title"] for step in again["steps"]] == [
        "Close the event, so that nobody starts its campaigns any more",
        "Stop its campaigns, and fetch what they have delivered in the end",
        "Attribute sales to the campaigns",
        "Let the audience learn from the results",
    ]
    refused = office.client.put(f"/main/events/{eid}/client_campaign_status?status=RUNNING")
    assert (refused.status, refused.json["error_code"]) == (409, "event.closed")


KILLS: list[tuple[Kind, int]] = [("killed before", 3), ("killed after", 14), ("killed before", 26)]


def test_killed_at_calls_and_left_alone_by_the_platform_it_closes_once(office: Office, wire: FaultyWire) -> None:
    # Given an event that is over, and a platform that does not answer at first
    eid = office.launched()
    office.sell(eid, 5)
    office.over(eid)
    office.inject(0, operation="switch", moment="after", error="unreachable", times=5)
    office.inject(1, operation="delivery", moment="before", error="busy")
    # When it is closed several times, and killed at one call or another
    ends = []
    for kind, call in KILLS:
        wire.plan(once(kind, call))
        payload = {"tenant": office.client.tenant, "eid": eid}
        assert office.run("event_closing", payload)["status"] == "SUCCEEDED", call
        assert len(wire.seen) > call
        ends.append((office.running(), results(office, eid)))
    # Then each comes to the same end
    assert ends[0][0] == [False, False]
    assert len(ends[0][1]) == 2
    assert all(end == ends[0] for end in ends)
    runs = [one for one in office.held(f"T#{office.client.tenant}#E#{eid}") if one["sk"].startswith("RESULT#")]
    assert len(runs) == 1


def test_a_closing_that_failed_keeps_the_event_closed_and_is_begun_again_by_the_next_look(
    office: Office, wire: FaultyWire
) -> None:
    # Given a store that refuses to attribute
    eid = office.launched()
    office.over(eid)
    wire.plan(whenever("refused", '"RESULT"'))
    assert office.run("closing_sweep")["status"] == "SUCCEEDED"
    # Then the event is closed and its campaigns are stopped nevertheless
    office.client.until(f"/main/events/{eid}", lambda one: bool(one.json["campaign_status"] == "CLOSED"))
    office.client.until(f"/main/events/{eid}", lambda one: one.json["has_active_campaigns"] is False)
    assert office.running() == [False, False]
    # When campaigns are looked at again, Then the closing comes to its end
    wire.plan(undisturbed)
    for _ in range(40):
        assert office.run("campaign_delivery")["status"] == "SUCCEEDED"
        if results(office, eid):
            break
    assert len(results(office, eid)) == 2


def test_campaigns_are_switched_off_at_96_percent_and_under_the_floor_and_not_when_off(
    office: Office, wire: FaultyWire
) -> None:
    # Given three events with campaigns, of which two are sold at 96 %
    full, off, poor = (office.launched(capacity=100) for _ in range(3))
    for eid in (full, off):
        office.sell(eid, 96)
    settings = {"return_floor": 900, "minimum_spend": {"EUR": 0}}
    assert office.client.put("/main/campaign_settings", settings).status == 200
    for eid, level in ((full, "event"), (poor, "ad")):
        path = f"/main/events/{eid}/campaign_optimisation_status?status=ON&level={level}"
        assert office.client.put(path).status == 204
    # When they are looked at
    described = office.run("campaign_delivery")
    assert described["status"] == "SUCCEEDED", described
    assert orjson.loads(described["output"])["delivered"] >= 3
    # Then all of the one that is full are paused, as its client could, and each of the one that returns nothing
    office.client.until(f"/main/events/{full}", lambda one: bool(one.json["client_campaign_status"] == "PAUSED"))
    shown = {eid: office.client.get(f"/main/events/{eid}/campaigns").json for eid in (full, off, poor)}
    assert shown[full]["reasons"] == ["96.0 % of the tickets are sold, which is more than 95 %."]
    statuses = {eid: {one["status"] for one in document["items"]} for eid, document in shown.items()}
    assert statuses == {full: {"PAUSED"}, off: {"RUNNING"}, poor: {"PAUSED"}}
    assert all("per unit spent, below 900.00" in one["reason"] for one in shown[poor]["items"])
    assert sorted(office.running()) == [False, False, False, False, True, True]
