"""Ticket levels written at the same time, in any interleaving, and by processes that die: limits hold, once is once."""

import itertools
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marquee import ddb
from marquee.errors import NotFound, Unprocessable
from marquee.hub import heads
from marquee.hub.events import service as events
from marquee.hub.events.models import EventChange
from marquee.hub.tickets import rules, service
from marquee.hub.tickets.models import NewTicket, TicketAsked, TicketChange
from marquee.preconditions import Precondition
from marquee.settings import settings as stack
from tests.support import hub, hub_tickets, interleaving
from tests.support.api import TENANT
from tests.support.kills import Calls, Killed

ANY = Precondition()
Work = Callable[[], object]


@pytest.fixture
def function(aws: dict[str, str], app: Callable[[str], ModuleType]) -> ModuleType:
    return app("hub_events")


def new(name: str, quantity: int) -> NewTicket:
    return NewTicket.model_validate({"ticket": hub_tickets.asked(name, quantity=quantity)})


def creating(event: str, name: str, quantity: int) -> Work:
    return lambda: service.create(TENANT, "organiser", event, new(name, quantity), ANY, None)


def naively_creating(event: str, name: str, quantity: int) -> Work:
    """The same check, then a write that is under no condition."""

    def work() -> None:
        head = hub.stored(event)
        asked = TicketAsked.model_validate(hub_tickets.asked(name, quantity=quantity))
        level, _ = rules.settled(rules.blank(hub_tickets.uuid_of(name), head["created_at"]), asked, "EUR", "UTC", str)
        levels = [*heads.levels(head), level]
        if rules.over_capacity(levels, 100, "") is None:
            item = ddb.to_item({**head, "levels": heads.packed(levels)})
            ddb.aws_client("dynamodb").put_item(TableName=stack().hub_table, Item=item)

    return work


def limiting(event: str, capacity: int) -> Work:
    asked = EventChange.model_validate({"event": {"settings": {"event_capacity": capacity}}})
    return lambda: events.update(TENANT, "organiser", event, asked, ANY, None)


def held(event: str) -> tuple[int, int]:
    """The places that the levels take, and the event's capacity."""
    head = hub.stored(event)
    return rules.places(heads.levels(head)), int(heads.content(head)["settings"]["event_capacity"])


def race(operations: list[Work], choose: Callable[[int], int]) -> list[Any]:
    """The errors of the operations, None for those that were done; nothing else than a refusal may come about."""
    outcomes = interleaving.run(operations, ddb.aws_client("dynamodb"), choose)
    assert all(one.error is None or isinstance(one.error, Unprocessable) for one in outcomes), outcomes
    return [one.error for one in outcomes]


def test_levels_never_exceed_the_capacity_however_writes_interleave(function: ModuleType) -> None:
    @settings(deadline=None, max_examples=15, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def races(data: st.DataObject) -> None:
        event = hub.create(function, settings={"event_capacity": 100})["uuid"]
        operations = [creating(event, "a", 60), creating(event, "b", 40), creating(event, "c", 50), limiting(event, 70)]

        errors = race(operations, lambda number: data.draw(st.integers(0, number - 1)))

        places, capacity = held(event)
        assert places <= capacity
        assert places == sum(quantity for quantity, error in zip((60, 40, 50), errors, strict=False) if error is None)
        assert capacity == (100 if errors[3] else 70)
        assert any(error is None for error in errors)

    races()


def test_one_creation_inside_another_at_any_moment_is_refused_and_a_naive_one_is_lost(
    function: ModuleType,
) -> None:
    def both(create: Callable[[str, str, int], Work], moment: int) -> int:
        event = hub.create(function, settings={"event_capacity": 100})["uuid"]
        moves = itertools.count()
        race([create(event, "a", 60), create(event, "b", 60)], lambda _: int(next(moves) == moment))
        return len(heads.levels(hub.stored(event)))

    assert [both(creating, moment) for moment in range(6)] == [1] * 6
    # Both are told that theirs was made; one is there.
    event = hub.create(function, settings={"event_capacity": 200})["uuid"]
    turns = iter([0, 1])
    naive = [naively_creating(event, "a", 60), naively_creating(event, "b", 60)]
    assert race(naive, lambda _: next(turns, 0)) == [None, None]
    assert len(heads.levels(hub.stored(event))) == 1


@pytest.mark.parametrize("lands", [False, True], ids=["before", "after"])
def test_a_write_killed_at_any_call_and_repeated_under_its_key_is_made_once(
    function: ModuleType, monkeypatch: pytest.MonkeyPatch, lands: bool
) -> None:
    calls = Calls(monkeypatch)
    price = {"price": 30, "variation": "new"}

    def killed(number: int, work: Work) -> bool:
        """Die at this call, then do it again; whether there was such a call."""
        calls.plan(number, lands=lands)
        try:
            work()
        except Killed:
            calls.plan()
            work()
            return True
        calls.plan()
        return False

    deaths, number, found = 0, 0, True
    while found:
        calls.plan()
        event = hub.create(function)["uuid"]
        version = hub.stored(event)["version"]
        change = TicketChange.model_validate({"ticket": {"pricing_details": [price], "quantity": 20}})

        one = killed(number, partial(service.create, TENANT, "organiser", event, new("a", 10), ANY, "key"))
        (level,) = heads.levels(hub.stored(event))
        asked = (TENANT, "organiser", event, level["uuid"])
        two = killed(number, partial(service.update, *asked, change, ANY, "other key"))
        (after,) = heads.levels(hub.stored(event))
        three = killed(number, partial(service.delete, *asked, ANY, "third key"))

        assert (after["quantity"], [one["price"] for one in after["pricing_details"]]) == (20, [3000])
        assert heads.levels(hub.stored(event)) == []
        assert hub.stored(event)["version"] == version + 3
        found, number = one or two or three, number + 1
        deaths += one + two + three
    assert deaths >= 6


def test_what_is_deleted_under_a_key_and_created_again_by_its_old_request_stays_deleted(function: ModuleType) -> None:
    event = hub.create(function)["uuid"]
    made = service.create(TENANT, "organiser", event, new("a", 10), ANY, "key")
    service.delete(TENANT, "organiser", event, made.document["uuid"], ANY, None)

    with pytest.raises(NotFound, match=r"ticket\.not_found"):
        service.create(TENANT, "organiser", event, new("a", 10), ANY, "key")

    assert heads.levels(hub.stored(event)) == []
