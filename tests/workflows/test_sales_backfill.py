"""sales_backfill on the deployed stack: many files at once, bad ones among them, killed, cancelled and run again."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from tests.support.client import Client
from tests.support.faults import FaultyWire, undisturbed, wired
from tests.support.races import Figures, at, figures
from tests.support.workbooks import workbook

HEADER = ["Date", "Category", "Tickets", "Revenue", "Order"]
GOOD = 8
COUNTS = ("committed", "unchanged", "rejected", "ignored", "failed")


@pytest.fixture(scope="module")
def wires(stack: Any) -> Iterator[tuple[FaultyWire, FaultyWire]]:
    """The networks of the steps of back-fills, and of ingests."""
    with ExitStack() as both:
        functions = ("SalesBackfillTasksFunction", "SalesIngestTasksFunction")
        yield tuple(both.enter_context(wired(stack, function)) for function in functions)  # type: ignore[misc]


@pytest.fixture(autouse=True)
def calm(wires: tuple[FaultyWire, FaultyWire]) -> None:
    for wire in wires:
        wire.plan(undisturbed)


def report(number: int) -> bytes:
    """Three rows; each overlaps with the next by one."""
    rows = [[f"2026-03-{1 + order % 28:02d}", "Front", 1, 10.0, order] for order in range(2 * number, 2 * number + 3)]
    return workbook([HEADER, *rows])


def sum_of(files: int) -> Figures:
    """Tickets and cents of so many reports."""
    orders = 2 * files + 1 if files else 0
    return orders, 1000 * orders


def put(client: Client, name: str, content: bytes) -> None:
    bucket = client.stack.resources()["Bucket"]
    client.stack.client("s3").put_object(Bucket=bucket, Key=f"backfill/{client.tenant}/{name}", Body=content)


def put_reports(client: Client, eid: str, files: int) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: put(client, f"{eid}/{number:03}.xlsx", report(number)), range(files)))


def start(client: Client, **body: object) -> str:
    """Start a back-fill; the path of its execution."""
    reply = client.post("/main/ingest/backfills", body)
    assert reply.status == 202, reply.raw
    return str(reply.headers["location"])


def ended(client: Client, path: str, status: str = "succeeded") -> dict[str, Any]:
    execution = client.until(f"/main{path}", lambda one: bool(one.json["status"] != "running"), 120).json
    assert execution["status"] == status, execution
    return dict(execution)


def counted(client: Client, path: str) -> tuple[int, ...]:
    """How many files ended how, which the summary and the list of files agree on."""
    result = ended(client, path)["result"]
    listed = files_of(client, path)
    found = tuple(result[name] for name in COUNTS)
    assert sum(found) == result["files"] == len(listed)
    assert found == tuple(sum(one["status"] == name.upper() for one in listed) for name in COUNTS)
    assert [one["file"] for one in listed] == sorted(one["file"] for one in listed)
    return found


def files_of(client: Client, path: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = []
    query = "limit=25"
    while True:
        page = client.get(f"/main/ingest/backfills/{path.rpartition('/')[2]}/files?{query}").json
        listed += page["items"]
        if page["next_cursor"] is None:
            return listed
        query = f"limit=25&cursor={page['next_cursor']}"


def test_many_files_bad_ones_among_them_are_taken_and_a_second_run_changes_nothing(stack: Any, client: Client) -> None:
    # Given two events with reports, one report with a bad row, one that is no workbook, one that ends in the middle,
    # one of an event that is not there, one of no event, and somebody else's
    events = [client.new_event() for _ in range(2)]
    for eid in events:
        put_reports(client, eid, GOOD)
    put(client, f"{events[0]}/half.xlsx", workbook([HEADER, ["2026-03-01", "Front", "two", 10.0, "x"]]))
    put(client, f"{events[0]}/page.xlsx", b"%PDF-1.7")
    put(client, f"{events[0]}/torn.xlsx", report(0)[:-300])
    put(client, "evt_nobodys-night/000.xlsx", report(0))
    put(client, "stray.xlsx", report(0))
    put(client, f"{events[0]}/folder/", b"")
    put(Client(stack), f"{events[0]}/000.xlsx", report(0))
    planned = client.post("/main/ingest/backfills?dry_run=true", {}).json
    assert (planned["files"], planned["more"]) == (2 * GOOD + 5, False)
    # When they are taken
    path = start(client)
    # Then each file has its end, and the good ones are loaded
    assert counted(client, path) == (2 * GOOD + 1, 0, 3, 1, 0)
    result = ended(client, path)["result"]
    assert result["rows"] == 6 * GOOD + 1
    assert result["rows_accepted"] == 2 * sum_of(GOOD)[0]
    assert (result["rows_rejected"], sum(result["reasons"].values())) == (1, 4)
    for eid in events:
        assert figures(client, eid) == sum_of(GOOD)
    # and nobody else sees it
    stranger = Client(stack)
    for hidden in (f"/main{path}", f"/main/ingest/backfills/{path.rpartition('/')[2]}/files"):
        assert stranger.get(hidden).status == 404
    # When one event's are taken again, Then nothing changes
    assert counted(client, start(client, eid=events[0])) == (0, GOOD + 1, 2, 0, 0)
    assert figures(client, events[0]) == sum_of(GOOD)


def test_killed_all_the_time_every_file_is_taken_once(client: Client, wires: tuple[FaultyWire, FaultyWire]) -> None:
    # Given processes that are killed again and again, those that note and those that take
    eid = client.new_event()
    put_reports(client, eid, 6)
    steps, ingests = wires

    steps.plan(at({number: "killed before" if number % 2 else "killed after" for number in range(1, 24, 5)}))
    ingests.plan(at({number: "killed before" if number % 2 else "killed after" for number in range(9, 150, 29)}))
    # When the files are taken
    path = start(client, eid=eid)
    # Then each is, once
    assert counted(client, path) == (6, 0, 0, 0, 0)
    assert figures(client, eid) == sum_of(6)


def test_a_cancelled_back_fill_leaves_whole_files_and_its_successor_takes_the_rest(
    client: Client, wires: tuple[FaultyWire, FaultyWire]
) -> None:
    # Given a back-fill that is at work
    eid = client.new_event()
    put_reports(client, eid, 14)
    path = start(client, eid=eid)
    listing = f"/main/ingest/backfills/{path.rpartition('/')[2]}/files"
    client.until(listing, lambda one: any(file["status"] == "COMMITTED" for file in one.json["items"]))
    # When it is cancelled, twice
    answers = [client.post(f"/main{path}/cancel") for _ in range(2)]
    assert [(one.status, one.json["status"]) for one in answers] == [(200, "cancelled")] * 2
    # Then what it took stays, whole, and no file is at work any more
    shown = figures(client, eid)
    ends = {"COMMITTED", "CANCELLED"}
    client.until(listing, lambda one: {file["status"] for file in one.json["items"]} <= ends)
    ingests = client.get(f"/main/ingests?eid={eid}&limit=100").json["items"]
    assert sum(one["accepted"] for one in ingests if one["status"] == "COMMITTED") <= shown[0] < sum_of(14)[0]
    assert {one["status"] for one in ingests} <= {"COMMITTED", "FAILED"}
    steps, _ = wires
    client.until(f"/main{path}", lambda _: not steps.busy)
    assert figures(client, eid) == shown
    # When it is redriven, Then its successor takes the rest
    successor = client.post(f"/main{path}/redrive").headers["location"]
    committed, unchanged, *others = counted(client, successor)
    assert (committed + unchanged, others) == (14, [0, 0, 0])
    assert figures(client, eid) == sum_of(14)
