"""Totals on the deployed stack: exact after writers that race each other and workers that are killed."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.support.client import Client
from tests.support.faults import FaultyWire, Kind, behind
from tests.support.oracle import Known, listed

CITIES, CATEGORIES = ["Bonn", "Köln"], ["opera", "concert"]
STARTS = ["2030-12-01T19:00:00Z", "2030-12-02T20:00:00Z"]
SINGLE: list[dict[str, list[str]]] = [
    {},
    {"include_archived": ["true"]},
    *({"city": [city]} for city in CITIES),
    *({"category": [category]} for category in CATEGORIES),
    *({"frontend_status": [status]} for status in ("DEFAULT", "FLAGGED", "HIDDEN")),
    {"status": ["active"]},
    {"since": ["2030-12-02"]},
    {"until": ["2030-12-02T19:59:59Z"]},
]


@pytest.fixture
def wires(stack: Any) -> Iterator[list[FaultyWire]]:
    """Wires in front of intake and of the status steps, that kill a worker or lose an answer now and then."""
    choose = random.Random(3)

    def plan(number: int, _body: bytes) -> Kind | None:
        return choose.choice(["killed before", "killed after", "answer lost"]) if number % 23 == 11 else None

    client, resources = stack.client("lambda"), stack.resources()
    wires = [FaultyWire(stack.url), FaultyWire(stack.url)]
    with (
        behind(wires[0], client, resources["EventIntakeTasksFunction"]),
        behind(wires[1], client, resources["StatusesTasksFunction"]),
    ):
        for wire in wires:
            wire.plan(plan)
        yield wires
    for wire in wires:
        wire.close()


def test_totals_are_exact_after_racing_writers_and_killed_workers(client: Client, wires: list[FaultyWire]) -> None:
    eids = [client.new_event(city=CITIES[0], category=CATEGORIES[0], start_date_time=STARTS[0]) for _ in range(4)]

    def write(number: int) -> int:
        choose = random.Random(number)
        eid = choose.choice(eids)
        if number % 2:
            status = choose.choice(["DEFAULT", "FLAGGED", "HIDDEN"])
            return client.put(f"/main/events/{eid}/setup_frontend_status", {"frontend_status": status}).status
        body = {
            "city": choose.choice(CITIES),
            "category": choose.choice(CATEGORIES),
            "start_date_time": choose.choice(STARTS),
        }
        return client.put(f"/cr/events/{eid}", body).status

    # When many writers change status, place and time of a few events at once
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(write, range(40)))
    assert set(answers) <= {200, 204, 503, 409}
    # And Main has caught up with the Registry
    for eid in eids:
        version = client.get(f"/cr/events/{eid}").json
        client.until(
            f"/main/events/{eid}",
            lambda one, wanted=version: all(  # type: ignore[misc]
                one.json[name] == wanted[name] for name in ("city", "category", "start_date_time")
            ),
        )
    # Then every list counts exactly what it shows, which is what the events say of themselves
    known = [Known(eid, client.get(f"/main/events/{eid}").json) for eid in eids]
    for query in SINGLE:
        page = client.get(f"/main/events/?{urlencode(query, doseq=True)}").json
        expected = listed(known, query)
        assert (page["total"], [item["id"] for item in page["items"]]) == (len(expected), expected), query
