"""The steps of demand_refresh and the stream of sales: repeated, killed, late or out of order, they end the same."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from types import ModuleType
from typing import Any

import orjson
import pytest

from marquee import clock, workflows
from marquee.demand import following, refresh_service, repository, seeing, sold, training
from marquee.demand.models import Model
from marquee.events import service as events
from marquee.events.models import Item
from tests.support import demand
from tests.support.api import TENANT, sample
from tests.support.demand import (
    COMING,
    NOW,
    PAST,
    TODAY,
    Refreshes,
    coming,
    evenly,
    past,
    predicted,
    records,
    sell,
    shown,
)
from tests.support.kills import Calls, Killed, surviving

LANDS = pytest.mark.parametrize("lands", [False, True], ids=["before", "after"])
Started = list[tuple[str, str, dict[str, Any]]]


@pytest.fixture
def refreshes(aws: dict[str, str], app: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> Refreshes:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return Refreshes(app("demand_tasks"))


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Started:
    """The executions that are started: machine, name, input."""
    found: Started = []

    def start(machine: str, name: str, payload: dict[str, Any]) -> str:
        found.append((machine, name, payload))
        return name

    monkeypatch.setattr(workflows, "start", start)
    return found


@pytest.fixture
def stream(refreshes: Refreshes, app: Callable[[str], ModuleType], started: Started) -> ModuleType:
    return app("sales_stream")


def kept(eid: str, tenant: str = TENANT) -> tuple[int, int]:
    """Version and tickets of an event's curve."""
    found = repository.curve(tenant, eid)
    assert found is not None
    return found.version, sold.tickets(found)


# --- the stream -------------------------------------------------------------------------------------------------------


def test_a_batch_follows_each_event_once_and_starts_one_refresh_a_tenant(stream: ModuleType, started: Started) -> None:
    # Given three events that are over, one of them another tenant's, each with sales
    for number, tenant in ((1, TENANT), (2, TENANT), (3, "borealis")):
        demand.register(past(number), TODAY - timedelta(days=number), tenant)
        sell(past(number), evenly(TODAY - timedelta(days=number), 100 * number), tenant)
    batch = records(past(1), past(2), past(1))
    batch["Records"] += records(past(3), tenant="borealis")["Records"]
    # When their records come, one twice
    assert stream.handler(batch, None) == {"batchItemFailures": []}
    # Then their curves are there, and each tenant's refresh will begin when its quarter of an hour is over
    assert [kept(past(1)), kept(past(2)), kept(past(3), "borealis")] == [(1, 100), (1, 200), (1, 300)]
    assert [(machine, payload["tenant"]) for machine, _, payload in started] == [
        ("demand_refresh", TENANT),
        ("demand_refresh", "borealis"),
    ]
    # And delivered again, all is the same, under the same names
    assert stream.handler(batch, None) == {"batchItemFailures": []}
    assert started[2:] == started[:2]


def test_what_teaches_nothing_starts_nothing(stream: ModuleType, started: Started, refreshes: Refreshes) -> None:
    coming()
    demand.register("evt_simulated", TODAY - timedelta(days=3), simulated=True)
    sell("evt_simulated", evenly(TODAY - timedelta(days=3), 500))
    stream.handler(records(COMING, "evt_simulated", "evt_nowhere"), None)
    assert started == []
    assert (kept(COMING)[0], kept("evt_simulated")) == (1, (1, 500))
    assert refreshes.run()["outcome"] == "NOTHING"
    # Once something is learnt, sales of coming events matter, and their benchmark follows at once
    demand.season()
    refreshes.run()
    before = shown()
    sell(COMING, {TODAY - timedelta(days=1): 500}, source="src_two")
    stream.handler(records(COMING), None)
    assert [payload["tenant"] for _, _, payload in started] == [TENANT]
    assert (before["state"], shown()["state"]) == ("on_par", "above")


def test_a_refresh_is_named_by_its_quarter_of_an_hour_and_begins_when_that_is_over() -> None:
    moments = [NOW + timedelta(seconds=second) for second in range(0, 3600, 20)]
    windows = [(at, *refresh_service.window(TENANT, at)) for at in moments]
    assert len({name for _, name, _ in windows}) == 5
    for at, name, settled in windows:
        same = [one for one, other, _ in windows if other == name]
        assert max(same) < settled - timedelta(seconds=refresh_service._SLACK - 1)
        assert at < settled <= at + timedelta(minutes=16)
    # Not all tenants' begin at once
    assert len({refresh_service.window(f"t{number}", NOW)[1] for number in range(20)}) > 10


def test_late_and_repeated_records_change_nothing_and_a_late_writer_loses(
    stream: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    coming()
    sell(COMING, {TODAY: 10}, source="src_two")
    stream.handler(records(COMING, COMING), None)
    assert kept(COMING) == (2, 304)
    # Given a follower that has read the event's sales, and is overtaken by another after one more commit
    real = following._from_days

    def overtaken(*args: Any) -> Any:
        found = real(*args)
        monkeypatch.setattr(following, "_from_days", real)
        sell(COMING, {TODAY: 5}, source="src_three")
        stream.handler(records(COMING), None)
        return found

    monkeypatch.setattr(following, "_from_days", overtaken)
    stream.handler(records(COMING), None)
    assert kept(COMING) == (3, 309)


def test_a_record_that_fails_is_reported_and_takes_no_other_along(
    stream: ModuleType, started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    demand.season(2)
    coming()
    real = repository.put_curve

    def put(tenant: str, eid: str, of: sold.Sold) -> bool:
        if eid == past(0):
            raise ConnectionError
        return real(tenant, eid, of)

    monkeypatch.setattr(repository, "put_curve", put)
    told = stream.handler(records(COMING, past(0), past(1)), None)
    assert told == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert (kept(past(1))[0], len(started)) == (1, 1)

    # And where the refresh cannot be started, the first record that asks for it is
    def refuse(*_: Any) -> str:
        raise ConnectionError

    monkeypatch.setattr(workflows, "start", refuse)
    told = stream.handler(records(COMING, past(1)), None)
    assert told == {"batchItemFailures": [{"itemIdentifier": "1"}]}


@LANDS
def test_killed_at_any_call_and_delivered_again_the_stream_is_followed(
    stream: ModuleType, refreshes: Refreshes, monkeypatch: pytest.MonkeyPatch, lands: bool
) -> None:
    # Given something learnt, and for each call an event whose sales nobody has followed
    demand.season(4)
    refreshes.run()
    calls, number, whole = Calls(monkeypatch), 0, True
    while whole:
        eid = f"evt_coming-{number}"
        calls.plan()
        coming(950, eid=eid)
        # When the process dies at this call, and the batch is delivered again
        calls.plan(number, lands=lands)
        assert surviving(stream.handler)(records(eid), None) == {"batchItemFailures": []}
        whole = calls.count > number
        calls.plan()
        # Then its curve is there, and it shows what is predicted, written once
        assert (kept(eid)[0], shown(eid)["state"], events.stored(TENANT, eid)["version"]) == (1, "above", 2), number
        number += 1
    assert number > 6


# --- the machine ------------------------------------------------------------------------------------------------------


@LANDS
def test_killed_at_any_call_and_repeated_it_ends_as_if_nothing_had_happened(
    refreshes: Refreshes, monkeypatch: pytest.MonkeyPatch, lands: bool
) -> None:
    # Given seasons whose curves nobody has followed, each a tenant's
    calls = Calls(monkeypatch)
    refreshes.step = surviving(refreshes.step)  # type: ignore[method-assign]
    # and a process that dies at every other call: before it is made at the even ones, after it at the odd ones
    number, whole = int(lands), True
    while whole:
        tenant = f"tenant-{number}"
        calls.plan()
        demand.season(3, tenant)
        coming(950, tenant)
        # When it dies at this call, and the step is repeated
        calls.plan(number, lands=lands)
        outcome = refreshes.run(tenant)
        whole = calls.count > number
        calls.plan()
        # Then all curves are there, one model, and the event shows what is predicted
        assert (outcome["outcome"], outcome["events"], outcome["curves"]) == ("TRAINED", 3, 4), number
        assert len(dict(repository.curves(tenant))) == 4
        current = repository.current(tenant)
        assert current is not None
        assert repository.version(tenant, current.version) == current
        assert shown(tenant=tenant)["state"] == predicted(tenant=tenant)["state"] == "above"
        assert events.stored(tenant, COMING)["version"] == 2
        number += 2
    assert number > 20


@LANDS
def test_killed_for_good_readers_see_the_old_or_the_new_and_a_redriven_one_finishes(
    refreshes: Refreshes, monkeypatch: pytest.MonkeyPatch, lands: bool
) -> None:
    demand.season(3)
    coming(950)
    refreshes.run()
    old = (repository.current(TENANT), shown())
    # Given more to learn from
    demand.register("evt_new", TODAY - timedelta(days=1))
    sell("evt_new", evenly(TODAY - timedelta(days=1), 990))
    calls, deadly, finished = Calls(monkeypatch), 0, False
    models, documents = [old[0]], [old[1]]
    while not finished:
        calls.plan(deadly, lands=lands)
        try:
            finished = refreshes.run()["outcome"] == "TRAINED"
        except Killed:
            deadly += 1
        calls.plan()
        models.append(repository.current(TENANT))
        documents.append(shown())
        assert predicted()["prediction"] is not None
    # Then the model was replaced once, what the event shows once, never by something else in between
    for seen in (models, documents):
        assert seen.index(seen[-1]) > 0
        assert all(one == (seen[0] if at < seen.index(seen[-1]) else seen[-1]) for at, one in enumerate(seen))
    assert deadly > (3 if lands else 8)


def test_a_model_is_replaced_only_by_one_that_read_later(refreshes: Refreshes, monkeypatch: pytest.MonkeyPatch) -> None:
    demand.season()
    coming()
    real = training.train

    def overtaken(*args: Any) -> Model:
        monkeypatch.setattr(training, "train", real)
        monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(minutes=1))
        demand.register("evt_new", TODAY - timedelta(days=1))
        sell("evt_new", evenly(TODAY - timedelta(days=1), 990))
        assert refreshes.run()["moved"]
        return real(*args)

    monkeypatch.setattr(training, "train", overtaken)
    outcome = refreshes.run()
    # Then the one that began first and ended last has moved nothing
    assert (outcome["moved"], outcome["events"]) == (False, PAST)
    current = repository.current(TENANT)
    assert current is not None
    assert (current.events, current.version == outcome["version"]) == (PAST + 1, False)
    assert predicted()["model"]["events"] == PAST + 1


def test_a_model_of_another_release_predicts_nothing_until_the_next_refresh(refreshes: Refreshes) -> None:
    demand.season()
    coming()
    refreshes.run()
    current = repository.current(TENANT)
    assert current is not None
    assert repository.move(TENANT, current._replace(format=seeing.FORMAT + 1, data=b"in a form of its own"))
    assert (predicted()["prediction"], predicted()["model"]) == (None, None)
    assert refreshes.run()["version"] == current.version
    assert predicted()["prediction"] is not None


def test_equal_inputs_are_one_version_and_metadata_counts(refreshes: Refreshes) -> None:
    demand.season()
    first = refreshes.run()
    again = refreshes.run()
    assert (again["version"], again["followed"]) == (first["version"], 0)
    events.take_from_registry(TENANT, past(0), _moved(past(0), capacity=2000), 2)
    assert refreshes.run()["version"] != first["version"]


def _moved(eid: str, **changes: Any) -> Any:
    return {**orjson.loads(events.stored(TENANT, eid)["doc"]), **changes}


def _changed(changes: Item, _before: Item) -> Item:
    return changes


def test_it_renews_pinned_ordinary_and_hidden_events_page_by_page(
    refreshes: Refreshes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_PAGE", 2)
    monkeypatch.setattr(following, "_STEP_SECONDS", -1)
    demand.season(5)
    statuses = ["FLAGGED", "FLAGGED", "DEFAULT", "DEFAULT", "DEFAULT", "HIDDEN", "HIDDEN"]
    for number, status in enumerate(statuses):
        eid = f"evt_{status}-{number}"
        coming(900, eid=eid, lead=10 + number)
        events.rewritten(TENANT, eid, partial(_changed, {"frontend_status": status}))
    asked: list[str] = []
    refreshes.before = asked.append
    outcome = refreshes.run()
    # Then each is met once; those that were over 5 days ago and earlier are not
    assert (outcome["seen"], outcome["renewed"], outcome["followed"]) == (7, 7, 12)
    assert (asked.count("catch_up"), asked.count("train"), asked.count("renew")) == (7, 1, 4)
    assert all(shown(f"evt_{status}-{number}")["state"] == "above" for number, status in enumerate(statuses))
    assert refreshes.run()["renewed"] == 0


def test_it_learns_from_what_took_place_and_was_loaded(refreshes: Refreshes) -> None:
    demand.season(3)
    day = TODAY - timedelta(days=20)

    def one(eid: str, at: datetime = NOW, **changes: Any) -> None:
        demand.register(eid, day, **changes)
        sell(eid, evenly(day, 800), at=at)

    # Given events that are over, and: are simulated; are cancelled; were last loaded the week before; have no sales
    one("evt_simulated", simulated=True)
    one("evt_cancelled")
    events.rewritten(TENANT, "evt_cancelled", lambda _: {"status": "cancelled"})
    one("evt_half-loaded", datetime.combine(day - timedelta(days=7), NOW.timetz()))
    demand.register("evt_unsold", day)
    one("evt_loaded-at-the-door", datetime.combine(day, NOW.timetz()))
    outcome = refreshes.run()
    assert (outcome["events"], outcome["curves"]) == (4, 4)


def test_every_tenant_is_refreshed_in_an_execution_of_its_own(refreshes: Refreshes) -> None:
    for tenant in (TENANT, "borealis"):
        demand.register(COMING, TODAY, tenant)
    found = refreshes.step("list_tenants")
    assert [child["tenant"] for child in found["children"]] == [TENANT, "borealis"]
    assert found["after"] is None
    # one after the other, as training takes much of a processor
    turns = [datetime.fromisoformat(child["settle_until"]) - NOW for child in found["children"]]
    assert turns == [timedelta(0), timedelta(seconds=2)]
    assert found == refreshes.step("list_tenants")
    other = refreshes.step("list_tenants", execution="tomorrow")["children"]
    assert {child["name"] for child in other}.isdisjoint({child["name"] for child in found["children"]})
    with pytest.raises(ValueError, match="no such task"):
        refreshes.tasks.handler(sample("demand_tasks", "renew") | {"task": "guess"}, None)
