"""An ingest killed at every call it makes to AWS, before the call and after it took effect, and tried again."""

from collections.abc import Callable
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest
from botocore.client import BaseClient

from marquee.sales import repository, service
from marquee.sales.models import DailyRevenueQuery, IngestListQuery, RowQuery
from tests.support.ingest import EID, TENANT, Ingests, register_event
from tests.support.workbooks import HEADER, workbook

OLD = workbook([HEADER, ["2026-03-01", "A", 1, 10.0]])
NEW = workbook([HEADER, ["2026-03-01", "A", 1, 10.0], ["2026-04-01", "B", 2, 40.5], ["x", "A", 1, 1.0]])
BEFORE, AFTER = (1, Decimal("10.0")), (3, Decimal("50.5"))


class Killed(BaseException):
    """The process is gone: no handler of the code under test may catch this."""


class Calls:
    """Counts the calls to AWS and dies at one of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.names: list[str] = []
        self.deadly: int | None = None
        self.lands = False
        real = BaseClient._make_api_call

        def call(client: Any, name: str, arguments: Any) -> Any:
            number, self.count = self.count, self.count + 1
            self.names.append(name)
            if number != self.deadly:
                return real(client, name, arguments)
            if self.lands:
                real(client, name, arguments)
            raise Killed

        monkeypatch.setattr(BaseClient, "_make_api_call", call)


@pytest.fixture
def ingests(aws: dict[str, str], app: Callable[[str], ModuleType]) -> Ingests:
    """An event with one report taken, and the next one dropped."""
    register_event()
    made = Ingests(app("sales_ingest_tasks"), aws["Bucket"])
    made.drop(OLD, "old.xlsx")
    made.put(NEW, "new.xlsx")
    return made


KEY = f"sales/{TENANT}/{EID}/new.xlsx"


def figures() -> tuple[int, Decimal]:
    statistics = service.statistics(TENANT, EID)
    days = service.daily_revenue(TENANT, DailyRevenueQuery(event_id=EID))["days"]
    revenue = sum((Decimal(str(day["revenue"])) for day in days), Decimal(0))
    # The two ways to the figures never disagree, whatever was interrupted
    assert (statistics["tickets_sold"], Decimal(str(statistics["revenue"]))) == (
        sum(day["tickets"] for day in days),
        revenue,
    )
    return statistics["tickets_sold"], revenue


def check_taken(outcome: dict[str, Any]) -> None:
    assert (outcome["rows"], outcome["accepted"], outcome["rejected"], outcome["duplicate"]) == (3, 1, 1, 1)
    assert figures() == AFTER
    assert repository.head(TENANT, EID)["version"] == 2
    entries = service.ledger_rows(TENANT, outcome["ingest_id"], RowQuery())["items"]
    assert [(one["status"], one["row"]) for one in entries] == [("rejected", 4), ("duplicate", 2), ("accepted", 3)]


@pytest.mark.parametrize("lands", [False, True], ids=["before", "after"])
def test_killed_at_every_call_the_repeated_step_goes_on(
    ingests: Ingests,
    monkeypatch: pytest.MonkeyPatch,
    aws: dict[str, str],
    app: Any,
    lands: bool,
) -> None:
    # Given how many calls an undisturbed ingest makes
    calls = Calls(monkeypatch)
    ingests.drop(workbook([HEADER, ["2026-05-01", "Z", 1, 1.0], ["x", "A", 1, 1.0]]), "measure.xlsx", eid=other_event())
    total = calls.count
    assert total > 20
    # After a call is before the next one: every second call, before and after, is every moment.
    for deadly in range(0, total, 2):
        # When a fresh event's ingest dies at this call, and the machine repeats the step
        eid = other_event(deadly)
        key = ingests.put(NEW, "new.xlsx", eid=eid)
        calls.count, calls.deadly, calls.lands = 0, deadly, lands
        outcome = surviving(ingests, calls).take(key)
        calls.deadly = None
        # Then the file is taken once
        assert outcome["outcome"] == "COMMITTED", calls.names[deadly]
        assert (outcome["accepted"], outcome["rejected"], outcome["duplicate"]) == (2, 1, 0)
        assert service.statistics(TENANT, eid)["revenue"] == 50.5
        assert repository.head(TENANT, eid)["version"] == 1


def other_event(number: int | None = None) -> str:
    eid = f"evt_crash-{number}"
    register_event(eid=eid)
    return eid


def surviving(ingests: Ingests, calls: Calls) -> Ingests:
    """The machine that repeats a step whose process died."""
    made = Ingests(ingests._tasks, ingests.bucket)
    once = made.step

    def again(task: str, **changes: Any) -> dict[str, Any]:
        try:
            return once(task, **changes)
        except Killed:
            return once(task, **changes)

    made.step = again  # type: ignore[method-assign]
    return made


@pytest.mark.parametrize("lands", [False, True], ids=["before", "after"])
def test_killed_for_good_readers_see_the_old_or_the_new_and_a_new_execution_finishes(
    ingests: Ingests,
    monkeypatch: pytest.MonkeyPatch,
    lands: bool,
) -> None:
    calls = Calls(monkeypatch)
    deadly, finished = 0, False
    while not finished:
        # When the execution dies for good at this call
        calls.count, calls.deadly, calls.lands = 0, deadly, lands
        try:
            ingests.take(KEY)
            finished = True
        except Killed:
            pass
        calls.deadly = None
        # Then readers see the old figures or the new ones
        assert figures() in {BEFORE, AFTER}
        # and each later execution gets further, on what the earlier ones left
        deadly += 2
    assert deadly > 15
    tags = ingests.s3.get_object_tagging(Bucket=ingests.bucket, Key=KEY)["TagSet"]
    assert {"Key": "marquee-ingest", "Value": "COMMITTED"} in tags
    listed = service.list_ingests(TENANT, IngestListQuery(eid=EID))["items"]
    found = next(one for one in listed if one["file"] and one["file"]["name"] == "new.xlsx")
    check_taken({**found, "ingest_id": found["id"]})
