"""sales_ingest on the deployed stack: killed at every call, and still every row is accounted for."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import pytest

from tests.support.client import Client
from tests.support.faults import FaultyWire, Kind, undisturbed, wired
from tests.support.races import ByTenant, at, figures, taken, watched
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
# What the event had before, and what another file adds meanwhile.
FIRST = [["2026-02-01", "Front", 3, 30.0, "first"]]
OTHER = [["2026-02-02", "Back", 5, 55.0, "other"]]
OLD, NEW, EXTRA = (3, 3000), (3 + TICKETS, 3000 + CENTS), (5, 5500)
# More than the requests of an undisturbed run, which the first test counts.
CALLS = 42
AT_ONCE = 5


@pytest.fixture(scope="module")
def wire(stack: Any) -> Iterator[FaultyWire]:
    with wired(stack, "SalesIngestTasksFunction") as wire:
        yield wire


def test_undisturbed_the_calls_are_fewer_than_the_faults_to_come(client: Client, wire: FaultyWire) -> None:
    wire.plan(undisturbed)
    eid = client.new_event()
    ingest = taken(client, eid, "report.xlsx", workbook([HEADER, *ROWS, BAD]))
    assert (ingest["status"], ingest["accepted"], ingest["rejected"], ingest["duplicate"]) == ("COMMITTED", 120, 1, 0)
    assert figures(client, eid) == (TICKETS, CENTS)
    assert len(wire.seen) < CALLS, wire.seen


def disturbed(stack: Any, wire: FaultyWire, scripts: Sequence[dict[int, Kind]], *, other: bool = False) -> int:
    """Drop a report per script, some at once; each on an event that has sales, watched all the time.

    With `other` another file is dropped beside it. Gives how many of the faults were met.
    """
    report, first, more = (workbook([HEADER, *rows]) for rows in ([*ROWS, BAD], FIRST, OTHER))
    clients = [Client(stack) for _ in scripts]
    wire.plan(undisturbed)

    def prepared(client: Client) -> str:
        eid = client.new_event()
        assert taken(client, eid, "first.xlsx", first)["status"] == "COMMITTED"
        return eid

    with ThreadPoolExecutor(AT_ONCE) as pool:
        events = list(pool.map(prepared, clients))
        plan = ByTenant({client.tenant: at(script) for client, script in zip(clients, scripts, strict=True)})
        wire.plan(plan)

        def one(client: Client, eid: str, script: dict[int, Kind]) -> None:
            with watched(client, eid) as seen:
                # When the report is dropped, and dropped again should its ingest have failed
                if other:
                    client.drop(eid, "other.xlsx", more)
                ingest = taken(client, eid, "report.xlsx", report)
                beside = taken(client, eid, "other.xlsx", more) if other else None
            # Then its rows are accounted for and its sums are right to the cent
            assert ingest["status"] == "COMMITTED", (script, ingest)
            assert (ingest["accepted"], ingest["rejected"], ingest["duplicate"]) == (120, 1, 0), script
            assert beside is None or (beside["status"], beside["accepted"]) == ("COMMITTED", 1), script
            extra = EXTRA if other else (0, 0)
            final = (NEW[0] + extra[0], NEW[1] + extra[1])
            assert figures(client, eid) == final, script
            # and nobody has ever seen a part of it
            between = {(OLD[0] + EXTRA[0], OLD[1] + EXTRA[1]), NEW} if other else set()
            assert set(seen) <= {OLD, final} | between, (script, seen)
            assert seen[0] == OLD

        list(pool.map(one, clients, events, scripts))
    return sum(
        number < plan.seen[client.tenant] for client, script in zip(clients, scripts, strict=True) for number in script
    )


@pytest.mark.parametrize("kind", ["killed before", "killed after"])
def test_killed_once_at_any_call_every_row_is_loaded_once(stack: Any, wire: FaultyWire, kind: Kind) -> None:
    # Given a process that is killed at one call, another for each event
    scripts: list[dict[int, Kind]] = [{call: kind} for call in range(0 if kind == "killed before" else 4, CALLS, 8)]
    assert disturbed(stack, wire, scripts) > len(scripts) / 2


def test_killed_twice_in_a_row_and_at_two_steps_every_row_is_loaded_once(stack: Any, wire: FaultyWire) -> None:
    # Given a process that is killed, and its successor as well; or one at an early and one at a late call
    in_a_row: list[dict[int, Kind]] = [
        {call: "killed after", call + 1: "killed before"} for call in range(2, CALLS - 8, 12)
    ]
    apart: list[dict[int, Kind]] = [
        {early: "killed after", late: "killed after"} for early, late in zip(count(1, 5), range(12, CALLS - 6, 10))
    ]
    scripts = in_a_row + apart
    assert disturbed(stack, wire, scripts) > len(scripts)


def test_killed_while_another_file_is_committed_every_row_of_both_is_loaded_once(stack: Any, wire: FaultyWire) -> None:
    # Given two files of one event at once, whose processes are killed at some of the calls that both make
    scripts: list[dict[int, Kind]] = [
        {call: "killed after", call + 9: "killed before"} for call in range(10, 2 * CALLS - 20, 18)
    ]
    assert disturbed(stack, wire, scripts, other=True) > len(scripts)
