"""Files of one event dropped at once: what readers see is what some order of them, one after the other, would give."""

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import pytest

from tests.support.client import Client
from tests.support.faults import FaultyWire, Kind, undisturbed, wired
from tests.support.races import at, figures, of_all_events, watched
from tests.support.workbooks import workbook

HEADER = ["Date", "Category", "Tickets", "Revenue"]
FILES = 10
# Day, category, tickets, cents.
Sale = tuple[str, str, int, int]


@pytest.fixture(scope="module")
def wire(stack: Any) -> Iterator[FaultyWire]:
    with wired(stack, "SalesIngestTasksFunction") as wire:
        yield wire


def reports(rng: random.Random) -> list[list[Sale]]:
    """Reports whose rows are drawn from the same few sales and refunds, some of them several times over."""
    days = [f"2026-0{month}-{day:02d}" for month in (3, 4, 5) for day in range(1, 6)]
    pool: list[Sale] = []
    for _ in range(60):
        tickets = rng.choice([1, 2, 3, 4, -1, -2])
        pool.append((rng.choice(days), rng.choice(["Front", "Back"]), tickets, tickets * rng.choice([1025, 4950, 33])))
    return [rng.choices(pool, k=40) for _ in range(FILES)]


def file_of(sales: Sequence[Sale]) -> bytes:
    return workbook([HEADER, *([day, category, tickets, cents / 100] for day, category, tickets, cents in sales)])


def has_an_order(contents: Sequence[Counter[Sale]], accepted: Sequence[int]) -> bool:
    """Whether the files, taken in some order, would each have had this many rows that were new."""

    @cache
    def from_here(done: frozenset[int]) -> bool:
        if len(done) == len(contents):
            return True
        there: Counter[Sale] = Counter()
        for one in done:
            there |= contents[one]
        return any(
            (contents[one] - there).total() == accepted[one] and from_here(done | {one})
            for one in range(len(contents))
            if one not in done
        )

    return from_here(frozenset())


def ended(client: Client, path: str) -> None:
    execution = client.until(f"/main{path}", lambda one: bool(one.json["status"] != "running")).json
    assert execution["status"] == "succeeded", execution


def sums(union: Counter[Sale]) -> tuple[int, int]:
    """Tickets and cents."""
    return (
        sum(tickets * times for (_, _, tickets, _), times in union.items()),
        sum(cents * times for (_, _, _, cents), times in union.items()),
    )


def union_of(contents: Iterable[Counter[Sale]]) -> Counter[Sale]:
    """Each sale as often as the report has it that has it most often."""
    union: Counter[Sale] = Counter()
    for one in contents:
        union |= one
    return union


def test_ten_files_at_once_equal_some_order_of_them(client: Client, wire: FaultyWire) -> None:
    # Given ten reports of one event with sales and refunds, many of them in several reports
    rng = random.Random(5)
    sales = reports(rng)
    contents = [Counter(one) for one in sales]
    union = union_of(contents)
    eid = client.new_event()
    # and processes that are killed now and then, before a call or after it
    kinds: list[Kind] = ["killed before", "killed after"]
    wire.plan(at({number: rng.choice(kinds) for number in range(20, 400, 37)}))
    # When they are dropped at once, and again those that failed
    with watched(client, eid) as seen, ThreadPoolExecutor(FILES) as pool:
        list(pool.map(lambda one: client.drop(eid, f"{one[0]}.xlsx", file_of(one[1])), enumerate(sales)))
        ingests = list(pool.map(lambda number: client.ingest(eid, f"{number}.xlsx"), range(FILES)))
        for number, ingest in enumerate(ingests):
            if ingest["status"] == "FAILED":
                client.drop(eid, f"again-{number}.xlsx", file_of(sales[number]))
                path = f"/main/ingests/{ingest['id']}"
                ingests[number] = client.until(path, lambda reply: reply.json["status"] == "COMMITTED").json
    # Then each row is loaded as often as the report has it that has it most often
    assert {one["status"] for one in ingests} == {"COMMITTED"}
    assert figures(client, eid) == of_all_events(client) == sums(union)
    # and every report says of its rows what it would say in that order
    accepted = [one["accepted"] for one in ingests]
    assert all(one["accepted"] + one["duplicate"] == one["rows"] == 40 for one in ingests)
    assert sum(accepted) == union.total()
    assert has_an_order(contents, accepted)
    # and nobody has seen more steps than there are files, in either of the two documents
    assert len(set(seen)) <= FILES + 1


def test_cleared_while_ten_files_come_in_each_counts_before_or_after(client: Client, wire: FaultyWire) -> None:
    # Given ten reports of one event, dropped at once
    wire.plan(undisturbed)
    sales = reports(random.Random(6))
    contents = [Counter(one) for one in sales]
    eid = client.new_event()
    with ThreadPoolExecutor(FILES) as pool:
        list(pool.map(lambda one: client.drop(eid, f"{one[0]}.xlsx", file_of(one[1])), enumerate(sales)))
    client.until(f"/main/ingests?eid={eid}", lambda one: any(i["status"] == "COMMITTED" for i in one.json["items"]))
    # When the event's sales are cleared before all of them are taken
    cleared = client.send("DELETE", f"/main/daily_revenue_summary?eid={eid}")
    assert cleared.status == 202, cleared.raw
    ended(client, cleared.headers["location"])
    for number in range(FILES):
        client.ingest(eid, f"{number}.xlsx")
    # Then each was taken before or after, and what was taken after is what there is
    ingests = {one["file"]["name"]: one for one in client.get(f"/main/ingests?eid={eid}").json["items"]}
    taken = [ingests[f"{number}.xlsx"] for number in range(FILES)]
    assert {one["status"] for one in taken} == {"COMMITTED"}
    sides = [[number for number in range(FILES) if taken[number]["cleared"] is side] for side in (True, False)]
    assert sides[0]
    for side in sides:
        assert has_an_order([contents[one] for one in side], [taken[one]["accepted"] for one in side])
    assert figures(client, eid) == of_all_events(client) == sums(union_of(contents[one] for one in sides[1]))
    # When the clearing is undone, Then all rows are there, none of them twice
    undo = client.post(f"/main{cleared.headers['location']}/undo")
    assert undo.status == 202, undo.raw
    ended(client, undo.headers["location"])
    assert figures(client, eid) == of_all_events(client) == sums(union_of(contents))
