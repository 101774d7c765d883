"""A tenant's seasons: events that are over and to come, with sales, and the machine `demand_refresh` step by step."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from types import ModuleType
from typing import Any

from marquee.demand import service
from marquee.events import service as events
from marquee.sales import months, repository, rules
from marquee.sales.models import DayRow
from tests.support.api import TENANT, sample
from tests.support.ingest import register_event

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TODAY = NOW.date()
CAPACITY = 1000
ON_SALE = 50
"""Days before its own that an event's sales begin; each day sells the same."""
COMING, LEAD = "evt_sample-night-0001", 25
PAST = 12
Outcome = dict[str, Any]


def past(number: int) -> str:
    """The id of the event number `number` that is over."""
    return f"evt_past-{number:04d}"


def register(eid: str, day: date, tenant: str = TENANT, **changes: Any) -> None:
    """An event of a thousand seats on a day."""
    at = {"start_date_time": f"{day}T19:00:00Z", "campaign_stop_time": f"{day}T19:00:00Z"}
    register_event(tenant, eid, **{"capacity": CAPACITY, **at, **changes})


def evenly(day: date, final: int, until: date = TODAY) -> dict[date, int]:
    """Sales of an event on `day` that sells `final` tickets, as much every day: those until the end of `until`."""
    sold = {}
    for lead in range(ON_SALE, -1, -1):
        before, after = (final * (ON_SALE + 1 - at) // (ON_SALE + 1) for at in (lead + 1, lead))
        if day - timedelta(days=lead) <= until:
            sold[day - timedelta(days=lead)] = after - before
    return sold


def sell(
    eid: str,
    sold: Mapping[date, int],
    tenant: str = TENANT,
    source: str = "src_one",
    at: datetime = NOW,
    price: int = 2000,
) -> None:
    """Commit sales of days, as an ingest does at last; nobody is told."""
    rows: list[DayRow] = [
        {"day": str(day), "category": "A", "currency": "EUR", "tickets": tickets, "revenue": tickets * price}
        for day, tickets in sold.items()
    ]
    head = repository.head(tenant, eid)
    stage = rules.stage_name(head["version"], source)
    repository.stage(tenant, eid, source, stage, months.pack(rows))
    entry = rules.visible_entry(stage, "file", f"{at:%Y-%m-%dT%H:%M:%SZ}")
    after = rules.committed(head, source, entry, rules.delta_of(rows, {}), None)
    assert repository.commit(tenant, eid, head, after)


def clear(eid: str, tenant: str = TENANT, name: str = "one") -> None:
    """Put an event's sales away, as `sales_clear` does."""
    head = repository.head(tenant, eid)
    assert repository.commit(tenant, eid, head, rules.cleared(head, name, f"{NOW:%Y-%m-%dT%H:%M:%SZ}"))


def season(count: int = PAST, tenant: str = TENANT) -> None:
    """Events that are over, one every ten days, which sold 590 to 610 of their 1,000 seats."""
    for number in range(count):
        day = TODAY - timedelta(days=5 + 10 * number)
        register(past(number), day, tenant)
        sell(past(number), evenly(day, 590 + 20 * (number * 7 % PAST) // PAST), tenant)


def coming(final: int | None = 600, tenant: str = TENANT, eid: str = COMING, lead: int = LEAD, **changes: Any) -> date:
    """An event to come that, should it go on so, will sell `final`; None has no sales. Gives its day."""
    day = TODAY + timedelta(days=lead)
    register(eid, day, tenant, **changes)
    if final is not None:
        sell(eid, evenly(day, final, TODAY - timedelta(days=1)), tenant)
    return day


def shown(eid: str = COMING, tenant: str = TENANT) -> Any:
    """What the event's document shows of its forecast."""
    found = events.read(tenant, eid).benchmark
    return None if found is None else found.model_dump()


def predicted(eid: str = COMING, tenant: str = TENANT) -> dict[str, Any]:
    """What is predicted of the event now."""
    return {**service.forecast(tenant, eid)}


class Refreshes:
    """The machine demand_refresh without Step Functions: its steps in its order."""

    def __init__(self, tasks: ModuleType) -> None:
        self.tasks = tasks
        # Called before every step with its name; a test puts its own business in between.
        self.before: Callable[[str], None] = lambda _: None

    def step(self, task: str, **changes: Any) -> Outcome:
        """Run one step, its input and outcome going through JSON as in the machine."""
        self.before(task)
        event = json.loads(json.dumps(sample("demand_tasks", task) | changes))
        outcome: Outcome = json.loads(json.dumps(self.tasks.handler(event, None)))
        return outcome

    def run(self, tenant: str = TENANT) -> Outcome:
        """The machine from its start to its end for one tenant."""
        sums = dict.fromkeys(("followed", "seen", "renewed"), 0)

        def pages(task: str) -> None:
            after = None
            while True:
                found = self.step(task, tenant=tenant, after=after)
                after = found.pop("after")
                sums.update({name: sums[name] + number for name, number in found.items()})
                if after is None:
                    return

        pages("catch_up")
        trained = self.step("train", tenant=tenant)
        if trained["outcome"] != "NOTHING":
            pages("renew")
        return trained | sums


def records(*eids: str, tenant: str = TENANT) -> dict[str, Any]:
    """A batch of the sales table's stream: each event's head was written, in this order."""
    event = sample("sales_stream", "committed")
    (one,) = event["Records"]
    event["Records"] = [
        {**one}
        | {
            "dynamodb": {
                "Keys": {"pk": {"S": f"T#{tenant}#E#{eid}"}, "sk": {"S": "HEAD"}},
                "SequenceNumber": str(number),
            }
        }
        for number, eid in enumerate(eids)
    ]
    return event
