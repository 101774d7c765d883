"""The same key from many sides at once, on the deployed stack: one effect, one answer."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.client import Client, Reply
from tests.support.events import registration

AT_ONCE = 24
# A write on an event, and where its effect is seen.
Write = Callable[[Client, str, dict[str, str]], Reply]
WRITES: dict[str, Write] = {
    "edit": lambda client, eid, key: client.put(f"/cr/events/{eid}", {"title": "Renamed"}, key),
    "frontend status": lambda client, eid, key: client.put(
        f"/main/events/{eid}/setup_frontend_status", {"frontend_status": "FLAGGED"}, key
    ),
    "optimisation": lambda client, eid, key: client.put(
        f"/main/events/{eid}/campaign_optimisation_status?status=ON&level=ad", None, key
    ),
    "report": lambda client, eid, key: client.put(f"/cr/events/last_updated_on_fe/{eid}", {"status": "CANCELLED"}, key),
}


def at_once(send: Callable[[], Reply]) -> list[Reply]:
    with ThreadPoolExecutor(12) as pool:
        return list(pool.map(lambda _: send(), range(AT_ONCE)))


def one_answer(replies: list[Reply]) -> Reply:
    """The answer of all that were not refused while the first was still being worked on."""
    answered = [reply for reply in replies if reply.status != 409]
    assert {reply.json["error_code"] for reply in replies if reply.status == 409} <= {"idempotency.in_flight"}
    assert len({(reply.status, reply.raw) for reply in answered}) == 1, {(r.status, r.raw) for r in answered}
    # All but the one that did the work say that they repeat its answer.
    assert sum("idempotency-replayed" not in reply.headers for reply in answered) == 1
    return answered[0]


def test_registering_at_once_under_one_key_makes_one_event(client: Client) -> None:
    key = {"Idempotency-Key": uuid.uuid4().hex}
    reply = one_answer(at_once(lambda: client.post("/cr/events", registration(), key)))
    assert reply.status == 201
    client.until(f"/main/events/{reply.json['id']}", lambda one: one.status == 200)
    assert client.get("/main/events/").json["total"] == 1


def test_a_file_of_events_at_once_under_one_key_is_taken_once(client: Client) -> None:
    key = {"Idempotency-Key": uuid.uuid4().hex}
    body = {"events": [registration(title=f"Night {number}") for number in range(5)]}
    reply = one_answer(at_once(lambda: client.post("/cr/events/bulk_upload", body, key)))
    assert (reply.status, reply.json["accepted"]) == (201, 5)
    client.until("/main/events/", lambda one: one.json["total"] == 5)


@pytest.mark.parametrize("name", WRITES)
def test_a_write_at_once_under_one_key_takes_effect_once(client: Client, name: str) -> None:
    # Given an event
    eid = client.new_event()
    tags = [client.get(f"/{host}/events/{eid}").headers["etag"] for host in ("main", "cr")]
    # When the same write comes many times at once under one key
    key = {"Idempotency-Key": uuid.uuid4().hex}
    assert one_answer(at_once(lambda: WRITES[name](client, eid, key))).status in {200, 204}
    # Then it took effect once: one more version where it was written
    if name == "edit":
        client.until(f"/main/events/{eid}", lambda one: one.json["title"] == "Renamed")
    now = [client.get(f"/{host}/events/{eid}").headers["etag"] for host in ("main", "cr")]
    moved = {
        "edit": ["2", "2.0"],
        "frontend status": ["2", "1.1"],
        "optimisation": ["2", "1.0"],
        "report": ["1", "1.1"],
    }
    assert tags == ['"1"', '"1.0"']
    assert now == [f'"{one}"' for one in moved[name]]


def test_joining_a_series_at_once_under_one_key_is_one_change(client: Client) -> None:
    first, second = client.new_event(), client.new_event()
    key = {"Idempotency-Key": uuid.uuid4().hex}
    path = f"/main/events/{first}/series?event_series={second}"
    reply = one_answer(at_once(lambda: client.post(path, None, key)))
    assert [item["id"] for item in reply.json["items"]] == [second]
    assert client.get(f"/main/events/{second}").json["campaign_event_series"] == [first]
    assert [client.get(f"/main/events/{eid}").json["version"] for eid in (first, second)] == [2, 2]
