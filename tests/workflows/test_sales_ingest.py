"""sales_ingest on the deployed stack: killed at every call, and still every row is accounted for."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.client import Client
from tests.support.faults import FaultyWire, Kind, once, undisturbed, wired
from tests.support.workbooks import workbook

HEADER = ["Date", "Category", "Tickets", "Revenue", "Order"]
ROWS: list[list[object]] = [
    [
        f"2026-03-{1 + number % 28:02d}",
        "Front" if number % 3 else "Back",
        1 + number % 4,
        10.25 * (1 + number % 4),
        number,
    ]
    for number in range(120)
]
TICKETS = sum(1 + number % 4 for number in range(120))
CENTS = sum(1025 * (1 + number % 4) for number in range(120))
BAD = ["2026-03-01", "Front", "two", 20.5, "bad"]
# More than the requests of an undisturbed run, which the first test counts.
CALLS = 40


@pytest.fixture(scope="module")
def wire(stack: Any) -> Iterator[FaultyWire]:
    with wired(stack, "SalesIngestTasksFunction") as wire:
        yield wire


def figures(client: Client, eid: str) -> tuple[int, int]:
    """Tickets and cents, from the statistics and again from the days."""
    statistics = client.get(f"/main/events/{eid}/statistics").json
    days = client.get(f"/main/daily_revenue_summary/?event_id={eid}").json["days"]
    tickets, cents = statistics["tickets_sold"], round(statistics["revenue"] * 100)
    assert tickets == sum(day["tickets"] for day in days)
    assert cents == sum(round(day["revenue"] * 100) for day in days)
    return tickets, cents


def test_undisturbed_the_calls_are_fewer_than_the_faults_to_come(client: Client, wire: FaultyWire) -> None:
    wire.plan(undisturbed)
    eid = client.new_event()
    client.drop(eid, "report.xlsx", workbook([HEADER, *ROWS, BAD]))
    ingest = client.ingest(eid, "report.xlsx")
    assert (ingest["status"], ingest["accepted"], ingest["rejected"], ingest["duplicate"]) == ("COMMITTED", 120, 1, 0)
    assert figures(client, eid) == (TICKETS, CENTS)
    assert len(wire.seen) < CALLS, wire.seen


@pytest.mark.parametrize("kind", ["killed before", "killed after"])
def test_killed_once_at_any_call_every_row_is_loaded_once(stack: Any, wire: FaultyWire, kind: Kind) -> None:
    # Given a process that is killed at one call, another in each run
    content = workbook([HEADER, *ROWS, BAD])
    for call in range(0, CALLS, 2 if kind == "killed before" else 3):
        client = Client(stack)
        eid = client.new_event()
        wire.plan(once(kind, call))
        # When the report is dropped, and dropped again should its ingest have failed
        client.drop(eid, "report.xlsx", content)
        ingest = client.ingest(eid, "report.xlsx")
        if ingest["status"] == "FAILED":
            client.drop(eid, "again.xlsx", content)
            client.until(f"/main/ingests/{ingest['id']}", lambda reply: reply.json["status"] == "COMMITTED")
            ingest = client.get(f"/main/ingests/{ingest['id']}").json
        reached = len(wire.seen) > call
        # Then its rows are accounted for and its sums are right to the cent
        assert ingest["status"] == "COMMITTED", (kind, call, ingest)
        assert (ingest["accepted"], ingest["rejected"], ingest["duplicate"]) == (120, 1, 0), (kind, call)
        assert figures(client, eid) == (TICKETS, CENTS), (kind, call)
        if not reached:
            return


def test_files_dropped_at_once_equal_some_order_of_them(client: Client, wire: FaultyWire) -> None:
    # Given six reports of one event that overlap by half
    wire.plan(undisturbed)
    eid = client.new_event()
    reports = [ROWS[start : start + 40] for start in range(0, 120, 20)]
    random.Random(7).shuffle(reports)
    # When they are dropped at once
    with ThreadPoolExecutor(6) as pool:
        list(
            pool.map(
                lambda one: client.drop(eid, f"{one[0]}.xlsx", workbook([HEADER, *one[1]])), list(enumerate(reports))
            )
        )
    ingests = [client.ingest(eid, f"{number}.xlsx") for number in range(len(reports))]
    # Then every row is loaded once, whoever brought it
    assert {one["status"] for one in ingests} == {"COMMITTED"}
    assert sum(one["accepted"] for one in ingests) == 120
    assert sum(one["duplicate"] for one in ingests) == sum(map(len, reports)) - 120
    assert figures(client, eid) == (TICKETS, CENTS)
