import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marquee.demand import combining, history, lessons, rules, scoring, training
from marquee.demand.models import Curve, Model
from tests.support.curves import FIRST, facts, season

TODAY = FIRST + timedelta(days=90)


@cache
def curves() -> tuple[Curve, ...]:
    return tuple(season(130))


@cache
def model() -> Model:
    return training.train(curves(), TODAY)


def changed_after(sold: Sequence[Curve], as_of: date) -> list[Curve]:
    """The same curves with other sales on every day after `as_of`."""
    return [
        replace(
            one,
            sales=tuple(
                (lead, tickets if (one.facts.day - as_of).days <= lead else tickets + 9) for lead, tickets in one.sales
            ),
        )
        for one in sold
    ]


sales_of_an_event = st.lists(st.tuples(st.integers(-3, 400), st.integers(-20, 120)), max_size=12).map(
    lambda found: tuple(sorted(found, reverse=True))
)


@settings(max_examples=120, deadline=None)
@given(sales=sales_of_an_event, ahead=st.integers(-5, 500), capacity=st.integers(1, 400), later=st.integers(0, 6))
def test_a_forecast_is_bounded_and_its_path_rises_to_it(
    sales: tuple[tuple[int, int], ...], ahead: int, capacity: int, later: int
) -> None:
    curve = Curve(facts("evt_new", TODAY + timedelta(days=ahead), capacity), sales)
    as_of = TODAY + timedelta(days=later)

    seen = scoring.forecast(model(), curve, as_of)
    path = scoring.path(model(), curve, as_of)

    assert seen.value is not None
    assert seen.low is not None
    assert seen.high is not None
    assert seen.now is not None
    assert 0 <= seen.now <= seen.low <= seen.value <= seen.high
    # Beyond its capacity only an event that is beyond it already.
    assert seen.high <= (1.25 * seen.now if seen.now > 1.002 else max(1.0, seen.now))
    assert (path[-1].value, path[-1].low, path[-1].high) == (seen.value, seen.low, seen.high)
    assert path[-1].date == curve.facts.day
    assert path[-1].benchmark == pytest.approx(seen.benchmark_final)
    assert [one.lead for one in path] == list(range(path[0].lead, -1, -1))
    predicted = [one for one in path if one.value is not None]
    assert len(predicted) == seen.horizon + 1
    for before, after in pairwise(predicted):
        assert before.value is not None
        assert after.value is not None
        assert before.value <= after.value + 1e-12
    for before, after in pairwise(path):
        assert before.benchmark <= after.benchmark + 1e-12


@given(until=st.integers(-3, 60))
@settings(max_examples=30, deadline=None)
def test_the_pick_up_until_the_event_is_what_the_forecast_adds(until: int) -> None:
    curve = curves()[125]
    day = TODAY + timedelta(days=until)

    found = scoring.pickup(model(), curve, TODAY, day)
    seen = scoring.forecast(model(), curve, TODAY)

    assert found is not None
    assert seen.value is not None
    assert seen.now is not None
    whole = (seen.value - seen.now) * curve.facts.capacity
    assert 0 <= found.low <= found.expected <= found.high
    assert found.expected <= whole + 1e-9
    if day >= curve.facts.day:
        assert found.expected == pytest.approx(whole)
    if until <= 0:
        assert found.high == 0


def test_nothing_after_the_day_is_looked_at() -> None:
    later = changed_after(curves(), TODAY)

    assert training.train(later, TODAY) == model()
    assert [scoring.forecast(model(), one, TODAY) for one in later] == [
        scoring.forecast(model(), one, TODAY) for one in curves()
    ]
    assert training.train(changed_after(curves(), TODAY - timedelta(days=1)), TODAY) != model()


def test_order_does_not_matter_and_equal_inputs_give_equal_bytes() -> None:
    mixed = list(curves())
    random.Random(1).shuffle(mixed)

    packed = rules.pack(training.train(mixed, TODAY))

    assert packed == rules.pack(model())
    assert rules.unpack(packed) == model()
    assert len(packed) < 300_000


def test_tenfold_sales_in_tenfold_rooms_are_the_same_fractions() -> None:
    large = [
        replace(
            one, facts=replace(one.facts, capacity=2000), sales=tuple((lead, 10 * sold) for lead, sold in one.sales)
        )
        for one in curves()
    ]

    grown = training.train(large, TODAY)

    for small, big in zip(curves()[95:], large[95:], strict=True):
        one, other = scoring.forecast(model(), small, TODAY), scoring.forecast(grown, big, TODAY)
        assert other.value == pytest.approx(one.value, abs=1e-3)
        assert other.low == pytest.approx(one.low, abs=2e-3)
        assert other.benchmark == pytest.approx(one.benchmark, abs=1e-3)


@pytest.mark.parametrize(
    ("events", "reason"),
    [(0, "no_history"), (1, "too_little_history"), (2, "too_little_history"), (3, None), (8, None)],
)
def test_a_short_history_says_so_or_stays_near_its_mean(events: int, reason: str | None) -> None:
    past = season(events, every=3)
    coming = Curve(facts("evt_new", FIRST + timedelta(days=60), venue_name="New"), ((40, 4), (30, 2)))

    learnt = training.train([*past, coming], FIRST + timedelta(days=30))
    seen = scoring.forecast(learnt, coming, FIRST + timedelta(days=30))

    assert learnt.events == events
    assert seen.reason == reason
    assert (seen.value is None) == (reason is not None)
    assert seen.now == pytest.approx(0.03)
    if seen.value is not None and seen.low is not None and seen.high is not None:
        finals = [sum(sold for _, sold in one.sales) / one.facts.capacity for one in past]
        assert min(finals) * 0.5 <= seen.value <= max(finals) * 1.5
        assert seen.high - seen.low > 0.1


def test_what_cannot_be_predicted_has_a_reason() -> None:
    without_capacity = Curve(facts(capacity=0), ((3, 5),))

    assert scoring.forecast(model(), without_capacity, TODAY).reason == "no_capacity"
    assert scoring.forecast(None, curves()[0], TODAY).reason == "no_history"
    assert scoring.path(None, curves()[0], TODAY) == []
    assert scoring.pickup(None, curves()[0], TODAY, TODAY + timedelta(days=1)) is None
    assert training.train([without_capacity], TODAY).events == 0


def test_an_event_that_is_over_is_what_it_sold() -> None:
    over = curves()[80]

    seen = scoring.forecast(model(), over, TODAY)

    assert seen.horizon == 0
    assert seen.value == seen.low == seen.high == seen.now == sum(sold for _, sold in over.sales) / 200


def test_state_compares_with_what_comparables_had_reached() -> None:
    day = TODAY + timedelta(days=20)
    usual = scoring.forecast(model(), Curve(facts("evt_new", day), ()), TODAY)
    assert usual.benchmark is not None

    told = {}
    for name, part in (("below", 0.2), ("on_par", 1.0), ("above", 2.0)):
        sold = round(usual.benchmark * 200 * part)
        told[name] = scoring.forecast(model(), Curve(facts("evt_new", day), ((25, sold),)), TODAY)

    assert {name: one.state for name, one in told.items()} == {"below": "below", "on_par": "on_par", "above": "above"}
    values = [one.value or 0.0 for one in told.values()]
    assert values == sorted(values)
    assert values[0] < values[2]


def test_comparables_explain_themselves() -> None:
    arena, unknown = (
        scoring.forecast(model(), Curve(facts("evt_new", TODAY + timedelta(days=20), venue_name=name), ()), TODAY)
        for name in ("Arena", "Nowhere")
    )

    arenas = sum(one.facts.venue_name == "Arena" and one.facts.day <= TODAY for one in curves())
    venue = {one.trait: one for one in arena.comparables}["venue"]
    assert (venue.value, venue.events) == ("Graz/Arena", arenas)
    assert 0.5 < venue.weight < 1
    assert "venue" not in {one.trait for one in unknown.comparables}
    assert (arena.benchmark_final or 0) > (unknown.benchmark_final or 1)
    assert arena.error == next(one.wape for one in model().backtest if one.lead >= 20)


def test_the_models_own_back_test_covers_its_leads() -> None:
    told = {one.lead: one for one in model().backtest}

    assert {1, 7, 14, 30} <= set(told)
    assert told[1].wape < told[7].wape < told[30].wape < 0.6
    assert all(0.6 <= told[lead].coverage <= 1 for lead in (1, 3, 7, 14))
    assert told[1].events == 91 - 10  # the first ten were predicted from fewer than ten finished ones


def test_an_event_is_not_its_own_neighbour() -> None:
    running = curves()[100]
    without = training.train([one for one in curves() if one is not running], TODAY)

    beside, seen = scoring._near(without, running), scoring._near(model(), running)

    assert sum(tickets for _, tickets in running.sales) > 0
    for ours, theirs in zip(seen, beside, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-5)


def proportional(events: int, every: int, room: int = 400) -> list[Curve]:
    """Events of very different size whose sales all come in the same proportions: half of them by 20 days before."""
    rng = random.Random(3)
    found = []
    for number in range(events):
        part = rng.randrange(5, 60)
        day = FIRST + timedelta(days=number * every)
        found.append(Curve(facts(f"evt_{number:04}", day, room), ((40, 2 * part), (20, part), (5, 3 * part))))
    return found


def test_few_events_show_that_sales_come_in_proportion() -> None:
    past = proportional(12, every=4)
    as_of = past[-1].facts.day
    coming = {
        part: Curve(facts(f"evt_{part}", as_of + timedelta(days=20)), ((40, 2 * part), (20, part))) for part in (5, 30)
    }

    learnt = training.train([*past, *coming.values()], as_of)
    told = {part: scoring.forecast(learnt, one, as_of) for part, one in coming.items()}

    # Of 200 places: 15 and 90 are sold, 30 and 180 will be. The mean pick-up is the same for both.
    for part, seen in told.items():
        assert seen.value == pytest.approx(6 * part / 200, rel=0.25)


def test_errors_with_each_event_left_out_by_hand() -> None:
    past = [
        Curve(facts(f"evt_{number}", FIRST + timedelta(days=number), 100), ((9, sold), (1, later)))
        for number, (sold, later) in enumerate([(10, 10), (20, 40), (30, 10)])
    ]
    history_of_three = history.read(past, FIRST + timedelta(days=9))
    found = lessons.lesson(history_of_three, 5, lessons.effects(history_of_three), lessons.weekdays(history_of_three))

    additive, multiplicative, mean = combining.left_out(found)[3]

    # Pick-ups 10, 40, 10 against the others' 25, 10, 25; ratios 100/50, 60/40, 80/30; finals 20, 60, 40.
    assert additive == pytest.approx((15 + 30 + 15) / 300)
    assert multiplicative == pytest.approx((0 + 30 + 40) / 300)
    assert mean == pytest.approx((30 + 30 + 0) / 300)


@pytest.mark.parametrize(
    ("finals", "room"),
    [
        ((0.5, 1.0, 1.0, 0.9), 1.0),
        ((1.4, 0.5, 0.9), 1.0),  # one may be a mistake
        ((1.4, 0.5, 1.2), 1.5),
        ((1.4, 1.0, 1.2, 1.0), 1.0),  # as many end at their capacity
        ((9.0, 8.0, 7.0), 2.0),
    ],
)
def test_capacities_are_limits_unless_past_events_went_beyond_them(finals: tuple[float, ...], room: float) -> None:
    assert lessons.rooms(np.array(finals))[-1] == pytest.approx(room)
    assert rules.limit(room, 0.3) == pytest.approx(room)
    assert rules.limit(room, 1.0) == pytest.approx(max(room, 1.25 if room > 1 else 1.0))
    assert rules.limit(room, 4.0) == 5.0  # its own sales show as much
