"""The sales_ingest machine without Step Functions: its steps in its order, from the repository's samples."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from types import ModuleType
from typing import Any

import boto3

from marquee.events import service as events
from marquee.events.models import EventMeta
from marquee.sales import service
from marquee.sales.models import DailyRevenueQuery
from tests.support.api import sample
from tests.support.workbooks import HEADER, workbook

REGION = "eu-central-1"
TENANT = "aurora"
EID = "evt_sample-night-0001"
Outcome = dict[str, Any]

DAY = date(2026, 3, 1)
ROWS: list[list[object]] = [
    [DAY, "A", 2, 40.5],
    [DAY, "A", 2, 40.5],
    [DAY + timedelta(days=1), "B", 1, 99.99],
    [DAY + timedelta(days=40), "A", -1, -20.25],
]
REPORT = workbook([HEADER, *ROWS])
NOTHING = (0, Decimal(0), 0)
# 2 x 40.50 + 99.99 - 20.25
ALL = (4, Decimal("160.74"), 3)


def register_event(tenant: str = TENANT, eid: str = EID, **changes: Any) -> None:
    """An event of a tenant, as the Registry would have brought it."""
    meta: EventMeta = {
        "title": "Aurora Night",
        "start_date_time": "2026-06-12T18:30:00Z",
        "city": "München",
        "venue_name": "Olympiahalle",
        "hall_name": None,
        "capacity": 1000,
        "category": "concert",
        "currency": "EUR",
        "special_ad_category": None,
        "campaign_stop_time": "2026-06-12T18:30:00Z",
        "event_type": "fdlive",
        "simulated": False,
        "hub_event_id": None,
    }
    meta.update(changes)  # type: ignore[typeddict-item]
    events.take_from_registry(tenant, eid, meta, 1)


class Ingests:
    """Drops files and takes them through the machine's steps."""

    def __init__(self, tasks: ModuleType, bucket: str) -> None:
        self._tasks = tasks
        self.bucket = bucket
        self.s3 = boto3.Session(region_name=REGION).client("s3")
        # Called before every step with its name; a test puts its own business in between.
        self.before: Callable[[str], None] = lambda _: None

    def put(
        self, content: bytes, name: str = "report.xlsx", eid: str = EID, tenant: str = TENANT, mode: str | None = None
    ) -> str:
        """Drop a file; its key."""
        key = f"sales/{tenant}/{eid}/{name}"
        metadata = {"marquee-mode": mode} if mode else {}
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=content, Metadata=metadata)
        return key

    def step(self, task: str, **changes: Any) -> Outcome:
        """Run one step, its input and outcome going through JSON as in the machine."""
        self.before(task)
        event = json.loads(json.dumps(sample("sales_ingest_tasks", task) | changes))
        outcome: Outcome = json.loads(json.dumps(self._tasks.handler(event, None)))
        return outcome

    def take(self, key: str) -> Outcome:
        """The machine from its start to its end."""
        found = self.step("register", bucket=self.bucket, key=key)
        if found["outcome"] not in {"REGISTERED", "REJECTED"}:
            return found
        task = found["ingest"]
        for name in ("inspect", "parse"):
            if found["outcome"] != "REJECTED":
                found = self.step(name, ingest=task, **self._of(found, "from_1904"))
                task |= self._of(found, "work")
        abandoned: list[str] = []
        while found["outcome"] not in {"REJECTED", "COMMITTED"}:
            found = self.step("stage", ingest=task)
            if found["outcome"] == "STAGED":
                stage = found["stage"]
                found = self.step("commit", ingest=task, stage=stage)
                if found["outcome"] == "MOVED":
                    abandoned.append(stage)
        if found["outcome"] == "REJECTED":
            return self.step("reject", ingest=task, **self._of(found, "code", "message", "rows", "entries"))
        return self.step("settle", ingest=task, stage=found["stage"], abandoned=abandoned)

    def drop(self, content: bytes, name: str = "report.xlsx", eid: str = EID) -> Outcome:
        """Drop a file and take it to the end."""
        return self.take(self.put(content, name, eid))

    @staticmethod
    def _of(outcome: Outcome, *names: str) -> Outcome:
        return {name: outcome[name] for name in names if name in outcome}


def figures() -> tuple[int, Decimal, int]:
    """Tickets and revenue as statistics and as the sum of days, which agree, and the days."""
    statistics = service.statistics(TENANT, EID)
    daily = service.daily_revenue(TENANT, DailyRevenueQuery(event_id=EID))
    days = daily["days"]
    assert sum(day["tickets"] for day in days) == statistics["tickets_sold"]
    revenue = sum((Decimal(str(day["revenue"])) for day in days), Decimal(0))
    assert revenue == Decimal(str(statistics["revenue"]))
    return statistics["tickets_sold"], revenue, len(days)


def counts(outcome: Outcome) -> tuple[int, int, int, int]:
    """Rows, accepted, rejected, duplicate; they add up."""
    assert outcome["accepted"] + outcome["rejected"] + outcome["duplicate"] == outcome["rows"]
    return outcome["rows"], outcome["accepted"], outcome["rejected"], outcome["duplicate"]
