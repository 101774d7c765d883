"""Many tenants' ingests disturbed at once, each by a plan of its own, while a reader watches the figures."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tests.support.client import Client
from tests.support.faults import Kind, Plan

# Tickets and cents.
Figures = tuple[int, int]


class ByTenant:
    """A plan that keeps those of several tenants apart: each counts its own requests, which all name it."""

    def __init__(self, plans: Mapping[str, Plan]) -> None:
        self._plans = plans
        self.seen: dict[str, int] = dict.fromkeys(plans, 0)

    def __call__(self, _number: int, request: bytes) -> Kind | None:
        """What happens to this request."""
        tenant = next((one for one in self._plans if one.encode() in request), None)
        if tenant is None:
            return None
        number, self.seen[tenant] = self.seen[tenant], self.seen[tenant] + 1
        return self._plans[tenant](number, request)


def at(faults: Mapping[int, Kind]) -> Plan:
    """The requests with these numbers meet these faults; a repetition is a request of its own."""
    return lambda number, _: faults.get(number)


def statistics(client: Client, eid: str) -> Figures:
    """Tickets and cents of the event's key figures."""
    shown = client.get(f"/main/events/{eid}/statistics").json
    return shown["tickets_sold"], round(shown["revenue"] * 100)


def daily(client: Client, eid: str) -> Figures:
    """Tickets and cents of the event's days, which add up to its totals."""
    shown = client.get(f"/main/daily_revenue_summary/?event_id={eid}").json
    tickets = sum(day["tickets"] for day in shown["days"])
    cents = sum(round(day["revenue"] * 100) for day in shown["days"])
    assert tickets == sum(total["tickets"] for total in shown["totals"])
    assert cents == sum(round(total["revenue"] * 100) for total in shown["totals"])
    return tickets, cents


def figures(client: Client, eid: str) -> Figures:
    """Tickets and cents, which statistics and days agree on."""
    shown = statistics(client, eid)
    assert shown == daily(client, eid)
    return shown


def of_all_events(client: Client) -> Figures:
    """Tickets and cents of the tenant's own figures: what its events add up to, all in one currency."""
    (shown,) = client.get("/main/events/statistics").json["by_currency"] or [{"tickets_sold": 0, "revenue": 0}]
    return shown["tickets_sold"], round(shown["revenue"] * 100)


@contextmanager
def watched(client: Client, eid: str) -> Iterator[list[Figures]]:
    """Reads the figures all the time; gives what was seen, each change once, in the order of the reads.

    Statistics and days are two reads, so between a commit's two sides they may differ; each is noted as seen.
    """
    seen: list[Figures] = []
    over = threading.Event()
    failures: list[BaseException] = []

    def watch() -> None:
        try:
            while not over.is_set():
                for read in (statistics, daily):
                    shown = read(client, eid)
                    if not seen or seen[-1] != shown:
                        seen.append(shown)
                over.wait(0.05)
        except BaseException as failure:  # noqa: BLE001 - told to the test that waits
            failures.append(failure)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()
    if failures:
        raise failures[0]


def taken(client: Client, eid: str, name: str, content: bytes) -> dict[str, Any]:
    """The ingest of a dropped file when it is committed; dropped once more should it have failed."""
    client.drop(eid, name, content)
    ingest = client.ingest(eid, name)
    if ingest["status"] == "FAILED":
        client.drop(eid, f"again-{name}", content)
        path = f"/main/ingests/{ingest['id']}"
        ingest = dict(client.until(path, lambda reply: reply.json["status"] in {"COMMITTED", "REJECTED"}).json)
    return ingest
