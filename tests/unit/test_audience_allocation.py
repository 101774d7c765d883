"""Spreading a budget: against brute force, by the conditions of optimality, and at its limits."""

import math
import random
from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marquee.audience.allocation import BudgetTooSmall, Cell, spread, total

VALUES = st.floats(0.01, 1e6)
SCALES = st.floats(0.05, 1e7)
CELLS = st.builds(Cell, VALUES, SCALES, st.sampled_from([0, 0, 0, 50, 1_000]))
FREE = st.builds(Cell, VALUES, SCALES)
TINY = st.builds(Cell, st.sampled_from([1.0, 2.0, 3.7, 10.0]), st.floats(0.3, 40), st.integers(0, 6))

# Few kinds of cells, and several of each.
FEW = st.lists(TINY, min_size=1, max_size=3).flatmap(
    lambda kinds: st.lists(st.sampled_from(kinds), min_size=1, max_size=4)
)


def best_of_all(cells: Sequence[Cell], budget: int) -> float:
    """The most that any allocation brings, by trying every one."""
    last = cells[-1]
    if len(cells) == 1:
        return last.gain(budget) if budget == 0 or budget >= last.minimum else -math.inf
    found = -math.inf
    for units in range(budget + 1):
        if units == 0 or units >= last.minimum:
            found = max(found, last.gain(units) + best_of_all(cells[:-1], budget - units))
    return found


def log_gain(cell: Cell, unit: int) -> float:
    """The logarithm of what the unit after `unit` others brings."""
    return math.log(cell.value) + math.log(-math.expm1(-1 / cell.scale)) - unit / cell.scale


def feasible(cells: Sequence[Cell], units: Sequence[int], budget: int) -> bool:
    within = all(some == 0 or some >= max(1, cell.minimum) for cell, some in zip(cells, units, strict=True))
    return within and sum(units) == budget


@settings(max_examples=150, deadline=None)
@given(FEW, st.integers(1, 14))
def test_no_allocation_of_a_small_budget_is_better(cells: list[Cell], budget: int) -> None:
    if min(cell.minimum for cell in cells) > budget:
        with pytest.raises(BudgetTooSmall) as refused:
            spread(cells, budget)
        assert refused.value.smallest == min(cell.minimum for cell in cells)
        return
    found = spread(cells, budget)
    assert feasible(cells, found.units, budget)
    assert found.gap == 0
    assert total(cells, found.units) == pytest.approx(best_of_all(cells, budget), rel=1e-9)


@settings(max_examples=150, deadline=None)
@given(st.lists(FREE, min_size=1, max_size=12), st.integers(1, 10**12))
def test_without_minimums_no_cent_would_bring_more_elsewhere(cells: list[Cell], budget: int) -> None:
    # Given cells of any size and a budget from a cent to 10 thousand million
    found = spread(cells, budget)
    assert feasible(cells, found.units, budget)
    # Then the next cent of any cell brings no more than the last cent of every other: the marginal returns of cells
    # that are used are equal to within a cent, and a cell without money has no higher one
    following = max(log_gain(cell, some) for cell, some in zip(cells, found.units, strict=True))
    last = min(log_gain(cell, some - 1) for cell, some in zip(cells, found.units, strict=True) if some)
    # An exponent of 10**12 / scale holds no more than 16 digits.
    assert following <= last + 1e-14 * max(1, budget / min(cell.scale for cell in cells))


@settings(max_examples=60, deadline=None)
@given(st.lists(CELLS, min_size=1, max_size=10), st.integers(1_000, 10**9), st.randoms(use_true_random=False))
def test_no_other_allocation_is_better_and_minimums_are_kept(
    cells: list[Cell], budget: int, chance: random.Random
) -> None:
    found = spread(cells, budget)
    assert feasible(cells, found.units, budget)
    ours = total(cells, found.units)
    for _ in range(20):
        other = [0] * len(cells)
        rest = budget
        for index in chance.sample(range(len(cells)), len(cells)):
            some = chance.randint(0, rest)
            other[index] = some if some >= max(1, cells[index].minimum) else 0
            rest -= other[index]
        # What is left over goes where some is already, or may go.
        where = next((i for i, some in enumerate(other) if some or cells[i].minimum <= rest), None)
        if where is not None:
            other[where] += rest
            assert total(cells, other) <= ours * (1 + found.gap + 1e-9)


@settings(max_examples=80, deadline=None)
@given(st.lists(FREE, min_size=1, max_size=8), st.integers(1, 10**9), st.integers(0, 10**6))
def test_more_money_takes_none_away_from_any_cell(cells: list[Cell], budget: int, more: int) -> None:
    before, after = spread(cells, budget), spread(cells, budget + more)
    # A cent may change its place where two are worth the same.
    assert all(new >= old - 1 for old, new in zip(before.units, after.units, strict=True))


@settings(max_examples=80, deadline=None)
@given(st.lists(CELLS, min_size=1, max_size=8), st.integers(1_000, 10**9))
def test_more_money_never_brings_less(cells: list[Cell], budget: int) -> None:
    small = total(cells, spread(cells, budget).units)
    large = spread(cells, budget * 2)
    assert total(cells, large.units) * (1 + large.gap) >= small * (1 - 1e-9)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(CELLS, min_size=1, max_size=8), st.integers(1_000, 10**9), st.sampled_from([2.0**-20, 0.5, 2.0, 1024.0])
)
def test_in_which_unit_gains_are_counted_makes_no_difference(cells: list[Cell], budget: int, factor: float) -> None:
    scaled = [Cell(cell.value * factor, cell.scale, cell.minimum) for cell in cells]
    assert spread(scaled, budget).units == spread(cells, budget).units


def test_of_equal_cells_the_first_ones_get_the_odd_cents_and_the_minimums() -> None:
    assert spread([Cell(5, 100)] * 4, 10).units == (3, 3, 2, 2)
    assert spread([Cell(5, 100, 40)] * 4, 99).units == (50, 49, 0, 0)


def test_the_known_answer_of_two_cells() -> None:
    # Marginals 8/200 * exp(-a/200) and 2/100 * exp(-b/100) are equal, a + b = 1,000: a/200 - b/100 = ln 2
    a = Fraction(200 * 100, 300) * (Fraction(math.log(2)) + Fraction(1000, 100))
    assert spread([Cell(8, 200), Cell(2, 100)], 1000).units == pytest.approx((float(a), 1000 - float(a)), abs=1)


def test_a_cent_goes_where_it_brings_most() -> None:
    assert spread([Cell(1, 100), Cell(9, 100), Cell(9, 1_000)], 1).units == (0, 1, 0)


def test_the_largest_budget_is_spent_to_the_cent_among_the_smallest_and_largest_cells() -> None:
    cells = [Cell(1, 0.001), Cell(1e9, 1e15), Cell(1e9, 1e4, 10**12), Cell(1e-3, 0.5)]
    found = spread(cells, 10**12)
    assert sum(found.units) == 10**12
    assert feasible(cells, found.units, 10**12)


def test_the_last_cents_go_where_they_bring_most_though_that_is_next_to_nothing() -> None:
    # After 29 the first brings 63 * (1 - exp(-1 / 1.5)) * exp(-29 / 1.5) = 1.2e-7, the second's first 1.9e-7
    assert spread([Cell(63, 1.5), Cell(0.01, 53_744)], 30).units == (29, 1)


def test_a_cell_is_given_its_minimum_or_nothing() -> None:
    # Given a cell that would deserve 30 and needs 60: with it the other has 40, without it 100
    worth_it = [Cell(10, 50), Cell(9, 50, 60)]
    units = spread(worth_it, 100).units
    assert units[1] in (0, 60)
    assert total(worth_it, units) == pytest.approx(max(total(worth_it, [40, 60]), total(worth_it, [100, 0])))
    # and one that is worth more is given more than its minimum
    assert spread([Cell(1, 50), Cell(90, 50, 60)], 100).units[1] > 60


@pytest.mark.parametrize(
    ("cells", "budget"),
    [
        ([Cell(2.6686, 8.4567), Cell(6.2582, 21.958, 2), Cell(2.6588, 7.643, 4), Cell(2.02, 3, 1)], 9),
        ([Cell(3, 16.4, 4), Cell(3.5, 2.4), Cell(6.8, 3.4, 4), Cell(7.6, 2.1)], 6),
    ],
)
def test_a_minimum_that_rounding_takes_the_money_of_is_not_begun(cells: list[Cell], budget: int) -> None:
    # Given cells whose fractions of cents, rounded up, take of what a minimum had
    assert total(cells, spread(cells, budget).units) == pytest.approx(best_of_all(cells, budget), rel=1e-12)


@pytest.mark.parametrize(
    ("cells", "budget"),
    [
        ([Cell(2, 9, 9), Cell(1, 30, 5), Cell(1, 5, 4), Cell(2, 9, 9), Cell(2, 9, 9)], 22),
        ([*([Cell(2, 3, 7)] * 4), Cell(2, 5, 2)], 22),
    ],
)
def test_of_cells_that_are_the_same_some_are_used_and_some_are_not(cells: list[Cell], budget: int) -> None:
    assert total(cells, spread(cells, budget).units) == pytest.approx(best_of_all(cells, budget), rel=1e-12)


def test_a_budget_below_every_minimum_is_refused_with_the_smallest() -> None:
    with pytest.raises(BudgetTooSmall) as refused:
        spread([Cell(1, 1, 500), Cell(1, 1, 300)], 299)
    assert refused.value.smallest == 300


def test_where_the_search_is_cut_short_its_distance_from_the_best_is_told_and_true() -> None:
    # Given cells so alike that the search cannot tell which of them to leave out
    chance = random.Random(7)
    cells = [Cell(100 + chance.random(), 30_000 + chance.random(), chance.randint(48, 52) * 1_000) for _ in range(12)]
    short, full = spread(cells, 330_000, max_nodes=5), spread(cells, 330_000, max_nodes=100_000)
    assert full.gap == 0
    assert 0 < short.gap < 0.05
    assert total(cells, short.units) <= total(cells, full.units) <= total(cells, short.units) * (1 + short.gap)


def test_two_hundred_cells_with_minimums_are_spread_within_the_nodes() -> None:
    chance = random.Random(3)
    cells = [
        Cell(chance.lognormvariate(3, 1), chance.lognormvariate(10, 1), chance.randint(20_000, 60_000))
        for _ in range(200)
    ]
    found = spread(cells, 900_000)
    assert feasible(cells, found.units, 900_000)
    assert found.gap == 0
