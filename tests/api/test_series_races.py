"""Concurrent changes of series, in any interleaving and with lost calls: some serial order explains every answer.

The operations run against the in-process tables, one call at a time, in an order that hypothesis chooses. Afterwards a
model that knows nothing of tables looks for an order of the operations that respects who had ended before whom began
and gives the same answers, the same siblings and the same versions. An attempt whose answer was lost counts as done or
as not done.
"""

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.exceptions import BotoCoreError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marquee import ddb, keys
from marquee.errors import DomainError
from marquee.events import rules as event_rules
from marquee.events import service as events
from marquee.http import PROBLEMS
from marquee.preconditions import Precondition
from marquee.series import service
from marquee.series.models import SeriesChange
from tests.support import interleaving
from tests.support.events import meta

TENANT = "aurora"
EVENTS = [f"evt_{number:04d}" for number in range(5)]
SERIES = frozenset[frozenset[str]]


@dataclass(frozen=True)
class Operation:
    kind: str
    eid: str
    named: tuple[str, ...] = ()
    if_match: int | None = None


@dataclass(frozen=True)
class State:
    """What the model knows: the series, who is archived, each event's version."""

    series: SERIES
    closed: frozenset[str]
    versions: tuple[tuple[str, int], ...]

    def of(self, eid: str) -> frozenset[str]:
        return next((one for one in self.series if eid in one), frozenset())

    def version(self, eid: str) -> int:
        return dict(self.versions)[eid]

    def moved(self, own: frozenset[str], now: frozenset[str]) -> "State":
        left = now if len(now) > 1 else frozenset()
        grown = tuple((eid, version + (eid in own ^ left)) for eid, version in self.versions)
        return State(self.series - {own} | ({left} if left else set()), self.closed, grown)


@dataclass
class Attempt:
    """One try of an operation: (status, what the answer says), or None where no answer came."""

    operation: Operation
    began: int
    ended: int = 0
    answer: tuple[int, frozenset[str]] | None = None


Answers = list[tuple[int, frozenset[str]]]


def expected(state: State, operation: Operation) -> tuple[Answers, State]:
    """The answers that fit the operation at this moment, and the state after it. What is refused changes nothing."""
    eid, named = operation.eid, frozenset(operation.named)
    if operation.kind == "close":
        grown = tuple((one, version + (one == eid)) for one, version in state.versions)
        return [(0, frozenset())], State(state.series, state.closed | {eid}, grown)
    own = state.of(eid)
    if operation.kind == "remove":
        now = own - named
        answer = (204, frozenset[str]())
    else:
        now = own | named | {eid}
        answer = (200, now - {eid})
        refusals: Answers = [(409, state.of(one)) for one in named - own if state.of(one)]
        refusals += [(422, frozenset({one})) for one in now - own if one in state.closed and not state.of(one)]
        if refusals:
            return refusals, state
    if now == own or (not own and operation.kind == "remove"):
        return [answer], state
    if operation.if_match not in {None, state.version(eid)}:
        return [(412, frozenset())], state
    return [answer], state.moved(own, now)


def explained(start: State, attempts: Sequence[Attempt], final: State) -> bool:
    """Whether the attempts, in some order that keeps who came strictly before whom, lead from `start` to `final`."""
    if not attempts:
        return start == final
    for index, attempt in enumerate(attempts):
        rest = [*attempts[:index], *attempts[index + 1 :]]
        if any(other.ended < attempt.began for other in rest):
            continue
        answers, after = expected(start, attempt.operation)
        if attempt.answer is None:
            if explained(start, rest, final):
                return True
        elif attempt.answer not in answers:
            continue
        if explained(after, rest, final):
            return True
    return False


class World:
    """The tables with a handful of events, and what they say."""

    def __init__(self, table: Any) -> None:
        self._table = table

    def begin(self, series: Sequence[Sequence[str]], closed: Sequence[str]) -> State:
        """The events afresh; some are in series, some archived."""
        with self._table.batch_writer() as batch:
            for item in self._table.scan()["Items"]:
                batch.delete_item(Key={"pk": item["pk"], "sk": item["sk"]})
        with self._table.batch_writer() as batch:
            for eid in EVENTS:
                item = event_rules.new_item(TENANT, eid, meta(), 1, "")
                item["status"] = "archived" if eid in closed else "active"
                item |= next(({"series_id": f"ser_{number}"} for number, one in enumerate(series) if eid in one), {})
                batch.put_item(Item=item)
            for number, members in enumerate(series):
                values = {"series_id": f"ser_{number}", "members": list(members), "version": 1, "updated_at": ""}
                batch.put_item(Item={"pk": keys.series(TENANT, f"ser_{number}"), "sk": "SERIES", **values})
        versions = tuple((eid, 1) for eid in EVENTS)
        return State(frozenset(map(frozenset, series)), frozenset(closed), versions)

    def read(self) -> State:
        """The state in the tables, every rule that holds at all times checked."""
        items = self._table.scan()["Items"]
        found = {item["eid"]: item for item in items if item["sk"] == "EVENT"}
        listed = {item["series_id"]: item["members"] for item in items if item["sk"] == "SERIES"}
        assert set(found) == set(EVENTS)
        everybody = list(itertools.chain(*listed.values()))
        assert len(everybody) == len(set(everybody)), "an event is in two series"
        assert all(len(members) > 1 for members in listed.values()), "a series of one"
        named = {eid: item["series_id"] for eid, item in found.items() if "series_id" in item}
        assert named == {eid: sid for sid, members in listed.items() for eid in members}, "events and series disagree"
        for eid in EVENTS:
            assert set(events.read(TENANT, eid).campaign_event_series) == set(listed.get(named.get(eid, ""), ())) - {
                eid
            }
        return State(
            frozenset(map(frozenset, listed.values())),
            frozenset(eid for eid, item in found.items() if item["status"] != "active"),
            tuple((eid, int(found[eid]["version"])) for eid in EVENTS),
        )


def performed(operation: Operation) -> tuple[int, frozenset[str]]:
    """Do it; gives the status that the edge would answer, and the events that the answer names."""
    if operation.kind == "close":
        events.rewritten(TENANT, operation.eid, lambda _: {"status": "archived"})
        return 0, frozenset()
    query = SeriesChange(event_series=list(operation.named))
    precondition = Precondition(None if operation.if_match is None else (operation.if_match,))
    try:
        if operation.kind == "remove":
            service.remove(TENANT, operation.eid, query, precondition)
            return 204, frozenset()
        page: Any = service.add(TENANT, operation.eid, query, precondition)
    except DomainError as error:
        # `series.contended` names no event: no order explains it
        status = PROBLEMS[type(error)][0]
        return status, frozenset(re.findall(r"evt_\w+", error.detail))
    return 200, frozenset(document["id"] for document in page["items"])


def persistent(operation: Operation, ticks: Iterator[int], log: list[Attempt]) -> Callable[[], None]:
    """A client that sends its request again until it is answered."""

    def send() -> None:
        while True:
            attempt = Attempt(operation, next(ticks))
            log.append(attempt)
            try:
                attempt.answer = performed(operation)
            except BotoCoreError:
                if operation.kind != "close":
                    continue
            finally:
                attempt.ended = next(ticks)
            return

    return send


# Most events are free, or in the series of those that others are added to: what is refused at once races with nobody.
STARTS: list[list[list[int]]] = [[[0, 1]], [], [[0, 1, 2]], [[0, 1], [2, 3]]]


@st.composite
def operations(draw: st.DrawFn, hot: list[str]) -> Operation:
    """A change of the few events that all operations of a run are about, so that they get into each other's way."""
    kind, eid = (
        draw(st.sampled_from(["add", "remove", "add", "remove", "add", "close"])),
        draw(st.sampled_from(EVENTS[:3])),
    )
    named = tuple(draw(st.sampled_from([hot, hot[:1], hot[1:]])))
    if kind == "close":
        return Operation(kind, hot[0])
    if kind == "add" and named == (eid,):
        named = tuple(one for one in hot if one != eid)
    return Operation(kind, eid, named, draw(st.sampled_from([None, None, None, 1])))


def race(world: World, data: st.DataObject, lost: int) -> None:
    """Some operations at once from some start, with up to `lost` calls lost, and the search for what explains them."""
    series = [[EVENTS[number] for number in one] for one in data.draw(st.sampled_from(STARTS), "series")]
    hot = data.draw(st.lists(st.sampled_from(EVENTS[1:]), min_size=2, max_size=2, unique=True), "hot")
    start = world.begin(series, data.draw(st.sampled_from([[], [], [], hot[:1]]), "closed"))
    wanted = data.draw(st.lists(operations(hot), min_size=3, max_size=4), "operations")
    faults: list[interleaving.Fault | None] = [None, "unsent", "answer lost"]
    budget = lost

    def fault(_call: str) -> interleaving.Fault | None:
        nonlocal budget
        kind = data.draw(st.sampled_from([None] * 6 + faults)) if budget else None
        budget -= kind is not None
        return kind

    check(world, start, wanted, lambda n: data.draw(st.integers(0, n - 1)), fault)


def check(
    world: World,
    start: State,
    wanted: list[Operation],
    choose: Callable[[int], int],
    fault: Callable[[str], interleaving.Fault | None] = interleaving.smooth,
) -> None:
    """Run the operations in this interleaving, and look for what explains them."""
    ticks, log = itertools.count(), list[Attempt]()
    clients = [persistent(operation, ticks, log) for operation in wanted]
    for outcome in interleaving.run(clients, ddb.aws_client("dynamodb"), choose, fault):
        if outcome.error is not None:
            raise outcome.error
    final = world.read()
    assert explained(start, log, final), f"from {start}\nto {final}\nby\n" + "\n".join(map(str, log))


@pytest.fixture
def world(aws: dict[str, str]) -> World:
    return World(boto3.Session(region_name="eu-central-1").resource("dynamodb").Table(aws["EventsTable"]))


RACES = settings(deadline=None, max_examples=27, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("lost", [0, 2])
def test_some_serial_order_explains_concurrent_changes(world: World, lost: int) -> None:
    @RACES
    @given(st.data())
    def races(data: st.DataObject) -> None:
        race(world, data, lost)

    races()


A, B, C, D, E = EVENTS
PAIRS: dict[str, tuple[list[list[int]], Operation, Operation]] = {
    "two join one series": ([[0, 1]], Operation("add", A, (C,)), Operation("add", B, (D,))),
    "one joins two series": ([[0, 1]], Operation("add", A, (E,)), Operation("add", C, (E,))),
    "two add each other": ([], Operation("add", A, (B,)), Operation("add", B, (A,))),
    "two leave a series of three": ([[0, 1, 2]], Operation("remove", A, (B,)), Operation("remove", A, (C,))),
    "one joins as the series dissolves": ([[0, 1]], Operation("add", A, (C,)), Operation("remove", B, (B,))),
    "one leaves and joins elsewhere": ([[0, 1, 2]], Operation("remove", A, (A,)), Operation("add", A, (D,))),
    "one joins and is archived": ([], Operation("add", A, (B,)), Operation("close", B)),
    "a version moves as the event joins": ([], Operation("add", A, (B,), if_match=1), Operation("close", A)),
    "a version moves as others join": ([[0, 1]], Operation("add", A, (C,), if_match=1), Operation("close", A)),
    "a version moves as others leave": ([[0, 1, 2]], Operation("remove", A, (C,), if_match=1), Operation("close", A)),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_one_change_inside_another_at_any_moment_is_as_one_after_the_other(world: World, pair: str) -> None:
    series, *both = PAIRS[pair]
    for first, second in (both, both[::-1]):
        for moment in range(7):  # no undisturbed change makes more moves
            start = world.begin([[EVENTS[number] for number in one] for one in series], [])
            moves = itertools.count()
            check(world, start, [first, second], lambda _, when=moment, moves=moves: int(next(moves) == when))  # type: ignore[misc]
