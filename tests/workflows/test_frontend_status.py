"""frontend_status on the deployed stack: whatever is cut, both hosts agree afterwards."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.client import Client
from tests.support.faults import KINDS, FaultyWire, Kind, once, undisturbed, whenever, wired

# Requests of an undisturbed run, in order: the event is read and written on Main, then written on the Registry.
CALLS = ("GetItem", "TransactWriteItems", "TransactWriteItems")


@pytest.fixture(scope="module")
def wire(stack: Any) -> Iterator[FaultyWire]:
    with wired(stack, "StatusesTasksFunction") as wire:
        yield wire


@pytest.fixture
def event(client: Client) -> str:
    """A fresh event that both hosts show as DEFAULT."""
    return client.new_event()


def shown(client: Client, eid: str) -> tuple[str, str]:
    """What Main and Registry show."""
    main = client.get(f"/main/events/{eid}").json["frontend_status"]
    registry = client.get(f"/cr/events/{eid}").json["frontend_status"]
    return main, registry


def put(client: Client, eid: str, status: str) -> Any:
    return client.put(f"/main/events/{eid}/setup_frontend_status", {"frontend_status": status})


def test_undisturbed_both_hosts_change_in_three_requests(client: Client, wire: FaultyWire, event: str) -> None:
    wire.plan(undisturbed)
    assert put(client, event, "FLAGGED").status == 204
    assert shown(client, event) == ("FLAGGED", "FLAGGED")
    assert tuple(wire.seen) == CALLS


@pytest.mark.parametrize("call", range(len(CALLS)), ids=[f"{n}-{name}" for n, name in enumerate(CALLS)])
@pytest.mark.parametrize("kind", KINDS)
def test_a_passing_fault_at_any_call_is_overcome(
    client: Client, wire: FaultyWire, event: str, kind: Kind, call: int
) -> None:
    # Given a wire that fails once at this call, killing the process or losing the answer
    wire.plan(once(kind, call))
    # When the event is flagged
    answer = put(client, event, "FLAGGED")
    # Then both hosts agree: on the new status if it was confirmed, else on the old one
    agreed = ("FLAGGED", "FLAGGED") if answer.status == 204 else ("DEFAULT", "DEFAULT")
    assert shown(client, event) == agreed
    assert answer.status in {204, 503}


@pytest.mark.parametrize("kind", ["unavailable", "throttled"])
def test_a_registry_that_stays_away_leaves_both_hosts_as_they_were(
    stack: Any, client: Client, wire: FaultyWire, event: str, kind: Kind
) -> None:
    # Given a Registry whose table does not answer
    wire.plan(whenever(kind, stack.resources()["RegistryTable"]))
    # When the event is flagged
    answer = put(client, event, "FLAGGED")
    # Then the client is told which host refused, and both are as before
    assert (answer.status, answer.json["error_code"]) == (503, "frontend_status.refused")
    assert "Registry" in answer.json["detail"]
    assert int(answer.headers["retry-after"]) > 0
    assert shown(client, event) == ("DEFAULT", "DEFAULT")
    assert client.get("/main/events/flagged?limit=200").json["total"] == 0


def test_a_main_that_stays_away_leaves_both_hosts_as_they_were(
    stack: Any, client: Client, wire: FaultyWire, event: str
) -> None:
    wire.plan(whenever("unavailable", stack.resources()["EventsTable"]))
    assert put(client, event, "FLAGGED").status == 503
    assert shown(client, event) == ("DEFAULT", "DEFAULT")


def test_changes_upon_each_other_that_are_all_refused_leave_the_status_before_them(
    stack: Any, client: Client, wire: FaultyWire, event: str
) -> None:
    # Given a Registry that takes its time to refuse, so that changes are made upon ones that will be undone
    wire.plan(whenever("unavailable", stack.resources()["RegistryTable"]))
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda status: put(client, event, status), ["FLAGGED", "HIDDEN", "FLAGGED"]))
    # Then none of them comes back
    assert [answer.json["error_code"] for answer in answers] == ["frontend_status.refused"] * 3
    assert shown(client, event) == ("DEFAULT", "DEFAULT")
    # And the next one finds everything in order
    wire.plan(undisturbed)
    assert put(client, event, "HIDDEN").status == 204
    assert shown(client, event) == ("HIDDEN", "HIDDEN")


def test_a_version_that_is_no_longer_current_changes_nothing(client: Client, wire: FaultyWire, event: str) -> None:
    wire.plan(undisturbed)
    path, flagged = f"/main/events/{event}/setup_frontend_status", {"frontend_status": "FLAGGED"}
    tag = client.get(f"/main/events/{event}").headers["etag"]
    assert client.put(path, flagged, headers={"If-Match": tag}).status == 204
    # When somebody who read it before hides it
    stale = client.put(path, {"frontend_status": "HIDDEN"}, headers={"If-Match": tag})
    # Then it stays as it is, and no step but the one that looked has run
    assert (stale.status, stale.json["error_code"]) == (412, "precondition.stale")
    assert shown(client, event) == ("FLAGGED", "FLAGGED")
    assert tuple(wire.seen) == (*CALLS, "GetItem")


def test_of_many_who_read_the_same_version_one_changes_it(client: Client, wire: FaultyWire, event: str) -> None:
    wire.plan(undisturbed)
    tag = {"If-Match": client.get(f"/main/events/{event}").headers["etag"]}
    path, wanted = f"/main/events/{event}/setup_frontend_status", ["FLAGGED", "HIDDEN", "FLAGGED", "HIDDEN"]

    def change(status: str) -> int:
        return client.put(path, {"frontend_status": status}, headers=tag).status

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(change, wanted))
    assert sorted(answers) == [204, 412, 412, 412]
    assert shown(client, event) == (wanted[answers.index(204)],) * 2


def test_an_optimisation_is_switched_in_one_write(client: Client, event: str) -> None:
    assert client.put(f"/main/events/{event}/campaign_optimisation_status?status=ON&level=ad").status == 204
    document = client.get(f"/main/events/{event}").json
    assert (document["campaign_optimisation_status"], document["ad_campaign_optimisation_status"]) == ("OFF", "ON")


def test_the_next_change_repairs_a_registry_that_took_a_write_and_lost_its_answer(
    stack: Any, client: Client, wire: FaultyWire, event: str
) -> None:
    # Given a Registry that writes and never answers, so that Main was restored and the Registry could not be told
    wire.plan(whenever("answer lost", stack.resources()["RegistryTable"]))
    assert put(client, event, "FLAGGED").status == 503
    assert client.get(f"/main/events/{event}").json["frontend_status"] == "DEFAULT"
    # When it answers again and the same status is set once more
    wire.plan(undisturbed)
    assert put(client, event, "DEFAULT").status == 204
    # Then both hosts agree
    assert shown(client, event) == ("DEFAULT", "DEFAULT")


def test_concurrent_changes_end_with_both_hosts_on_the_same_one(client: Client, wire: FaultyWire, event: str) -> None:
    wire.plan(undisturbed)
    wanted = ["FLAGGED", "HIDDEN", "DEFAULT", "FLAGGED", "HIDDEN", "DEFAULT"]
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda status: put(client, event, status).status, wanted))
    assert set(answers) <= {204, 503}
    main, registry = shown(client, event)
    assert main == registry


def test_the_same_key_is_one_change(client: Client, wire: FaultyWire, event: str) -> None:
    wire.plan(undisturbed)
    key = uuid.uuid4().hex
    path, body = f"/main/events/{event}/setup_frontend_status", {"frontend_status": "FLAGGED"}
    first = client.put(path, body, headers={"Idempotency-Key": key})
    again = client.put(path, body, headers={"Idempotency-Key": key})
    assert (first.status, again.status) == (204, 204)
    assert again.headers["idempotency-replayed"] == "true"
    assert wire.seen == list(CALLS)


def test_the_same_key_of_another_caller_is_another_change(stack: Any, client: Client, event: str) -> None:
    # Given a status set by one caller under a key
    path, key = f"/main/events/{event}/setup_frontend_status", {"Idempotency-Key": "1"}
    assert client.put(path, {"frontend_status": "FLAGGED"}, headers=key).status == 204
    # When another caller of the tenant sets another status under the same key
    other = Client(stack, client.tenant)
    other.token = stack.issuer.token([client.tenant], "main.write", sub="somebody else")
    assert other.put(path, {"frontend_status": "HIDDEN"}, headers=key).status == 204
    # Then that is the status on both hosts
    assert shown(client, event) == ("HIDDEN", "HIDDEN")
