"""Clears and undos killed at every call they make to AWS, before the call and after it took effect."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest

from marquee.sales import repository, rules, service
from tests.support.clearing import Clears, Outcome
from tests.support.ingest import ALL, DAY, EID, NOTHING, REPORT, ROWS, TENANT, Ingests, figures, register_event
from tests.support.kills import Calls, Killed, surviving
from tests.support.workbooks import HEADER, workbook

OTHER = workbook([HEADER, ROWS[0], [DAY, "C", 3, 30.0]])
BEFORE, AFTER = (5, Decimal("70.5"), 1), (7, Decimal("190.74"), 3)
LANDS = pytest.mark.parametrize("lands", [False, True], ids=["before", "after"])


@pytest.fixture
def clears(ingests: Ingests, app: Callable[[str], ModuleType]) -> Clears:
    ingests.drop(REPORT)
    return Clears(app("sales_clear_tasks"))


@pytest.fixture
def calls(clears: Clears, monkeypatch: pytest.MonkeyPatch) -> Calls:
    return Calls(monkeypatch)


def deaths(
    calls: Calls, work: Callable[[int], Outcome], *, lands: bool, every: int = 1
) -> Iterator[tuple[int, Outcome]]:
    """The outcomes of the work, whose process dies at one call, at another one each time, until it has no such call."""
    number, reached = 0, True
    while reached:
        calls.plan(number, lands=lands)
        outcome = work(number)
        reached = calls.count > number
        calls.plan()
        yield number, outcome
        number += every


@LANDS
def test_a_clear_killed_at_any_call_clears_once(clears: Clears, calls: Calls, lands: bool) -> None:
    # Given a clear whose step dies at one of its calls, and is repeated
    once = surviving(clears.clear)
    last = 0
    for number, outcome in deaths(calls, lambda number: once(f"c{number}"), lands=lands):
        # Then it has cleared once, and says what
        assert (outcome["sources"], outcome["cleared"][0]["tickets"]) == (1, 4)
        assert figures() == NOTHING
        assert repository.head(TENANT, EID)["version"] == 2 + 2 * number
        clears.undo(f"c{number}")
        assert figures() == ALL
        last = number
    assert last > 3


@LANDS
def test_an_undo_killed_at_any_call_goes_on(ingests: Ingests, clears: Clears, calls: Calls, lands: bool) -> None:
    # Given clears of which a part was loaded again, each at an event of its own
    once = clears.step
    clears.step = surviving(once)  # type: ignore[method-assign]

    def undo(number: int) -> Outcome:
        eid, deadly = f"evt_crash-{number}", set(calls.deadly)
        calls.plan()
        register_event(eid=eid)
        ingests.drop(REPORT, eid=eid)
        clears.clear(eid=eid)
        ingests.drop(OTHER, "other.xlsx", eid=eid)
        calls.plan(*deadly, lands=lands)
        return clears.undo(eid=eid)

    last = 0
    for number, outcome in deaths(calls, undo, lands=lands, every=6):
        # Then it gives back what lacks, once
        assert (outcome["whole"], outcome["in_part"], outcome["restored"][0]["tickets"]) == (0, 1, 2)
        assert service.statistics(TENANT, f"evt_crash-{number}")["revenue"] == float(AFTER[1])
        assert repository.head(TENANT, f"evt_crash-{number}")["version"] == 4
        last = number
    assert last >= 12


@LANDS
def test_killed_for_good_readers_see_the_old_or_the_new_and_a_redriven_undo_finishes(
    ingests: Ingests, clears: Clears, calls: Calls, items: Any, lands: bool
) -> None:
    clears.clear()
    ingests.drop(OTHER, "other.xlsx")
    assert figures() == BEFORE
    deadly, finished = 0, False
    while not finished:
        # When the execution dies for good at this call
        calls.plan(deadly, lands=lands)
        try:
            finished = clears.undo()["outcome"] == "UNDONE"
        except Killed:
            deadly += 1
        calls.plan()
        # Then readers see the old figures or the new ones, and each later execution gets further
        assert figures() in {BEFORE, AFTER}
    assert deadly > (3 if lands else 10)
    assert figures() == AFTER
    head = repository.head(TENANT, EID)
    known = {
        (source, entry["stage"])
        for one in (head, *repository.cleared_heads(TENANT, EID))
        for source, entry in one["visible"].items()
    }
    assert {rules.parse_month_key(key)[1:] for key in items() if key.startswith("S#")} == known
    # and what the machine's last step is told twice stays told
    task, stage = clears.task(execution="late"), rules.stage_name(3, clears.task()["clear_id"])
    told = clears.step("settle_undo", clear=task, stage=stage, abandoned=[])
    assert told["restored"] == [{"currency": "EUR", "tickets": 2, "revenue": 120.24}]
