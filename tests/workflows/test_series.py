"""Series on the deployed stack: threads of real requests, one table."""

import random
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

from tests.support.client import Client, Reply


def change(client: Client, method: str, eid: str, *named: str) -> Reply:
    query = urlencode([("event_series", one) for one in named])
    return client.send(method, f"/main/events/{eid}/series?{query}")


def shown(client: Client, eids: list[str]) -> dict[str, set[str]]:
    """Each event's siblings as its document has them; the list of siblings says the same."""
    found = {}
    for eid in eids:
        found[eid] = set(client.get(f"/main/events/{eid}").json["campaign_event_series"])
        assert found[eid] == {one["id"] for one in client.get(f"/main/events/{eid}/series").json["items"]}
    return found


def test_racing_changes_leave_every_series_symmetric(client: Client) -> None:
    # Given six events
    with ThreadPoolExecutor(6) as pool:
        eids = list(pool.map(lambda number: client.new_event(title=f"Night {number}"), range(6)))
    # When four clients at once add and remove at random
    choose = random.Random(7)
    wanted = [
        (choice, eid, [one for one in named if one != eid or choice == "DELETE"])
        for choice, eid, named in (
            (choose.choice(["POST", "DELETE"]), choose.choice(eids), choose.sample(eids, 2)) for _ in range(40)
        )
    ]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda one: change(client, one[0], one[1], *one[2]), wanted))
    # Then each was done or refused
    assert {answer.status for answer in answers} <= {200, 204, 409}
    assert {200, 204} <= {answer.status for answer in answers}
    refusals = {answer.json["error_code"] for answer in answers if answer.status == 409}
    assert refusals <= {"series.event_taken"}
    # and every event's siblings have each other, and it, as siblings
    found = shown(client, eids)
    for eid, siblings in found.items():
        assert all(found[one] | {one} == siblings | {eid} for one in siblings)


def test_two_that_add_each_other_at_once_are_one_series(client: Client) -> None:
    with ThreadPoolExecutor(2) as pool:
        eids = list(pool.map(lambda number: client.new_event(title=f"Night {number}"), range(2)))
        answers = list(pool.map(lambda one: change(client, "POST", one, *(set(eids) - {one})), eids))
    assert [answer.status for answer in answers] == [200, 200]
    assert shown(client, eids) == {eids[0]: {eids[1]}, eids[1]: {eids[0]}}
    # and a version that was read before the merge no longer writes
    stale = client.send("DELETE", f"/main/events/{eids[0]}/series?event_series={eids[1]}", headers={"If-Match": '"1"'})
    assert stale.status == 412
    assert [one["id"] for one in client.get(f"/main/events/{eids[0]}/available_events_for_series").json["items"]] == []
