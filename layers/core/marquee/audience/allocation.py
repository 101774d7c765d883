"""Pure spreading of a budget over cells whose returns diminish: the best there is, to the minor unit.

A cell that is given b minor units brings value * (1 - exp(-b / scale)). It is given nothing, or at least its minimum.

Without minimums this is the allocation of integer units under separable concave returns, where giving each unit to the
cell that makes most of it is optimal (Gross 1956; Federgruen and Groenevelt 1986). As the logarithm of a unit's gain
falls in a straight line with the units before it, the level at which all units are spent is found directly, by sorting
the cells' first gains, and only the rounding is greedy.

Minimums make it combinatorial: branch and bound. The bound lets a cell below its minimum earn in proportion (the
concave envelope of its returns), which leaves at most one cell there; that one is left out in one branch and given its
minimum in the other.
"""

import bisect
import heapq
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

MAX_NODES = 500
"""Branches looked at before the best allocation so far is given, with its distance from the bound."""
_EQUAL = 1e-12
_THIRDS = 80
_DEEPEST = 700  # below, a double cannot hold the price
_JUMP, _SLOPE = 0, 1


@dataclass(frozen=True, slots=True)
class Cell:
    """Something that money can be spent on. `value` and `scale` are positive, `minimum` is 0 where there is none."""

    value: float
    scale: float
    minimum: int = 0

    def gain(self, units: int) -> float:
        """What so many units bring."""
        return -self.value * math.expm1(-units / self.scale)

    def marginal(self, units: int) -> float:
        """What a further unit adds, per unit, where it is small."""
        return self.value / self.scale * math.exp(-units / self.scale)


class Spread(NamedTuple):
    """Units for each cell, and by which fraction of the whole gain the best may exceed it: 0 for the best."""

    units: tuple[int, ...]
    gap: float


class BudgetTooSmall(Exception):
    """No cell's minimum fits into the budget; `smallest` is the least of them."""

    def __init__(self, smallest: int) -> None:
        super().__init__(smallest)
        self.smallest = smallest


def total(cells: Sequence[Cell], units: Sequence[int]) -> float:
    """What an allocation brings in all."""
    return math.fsum(cell.gain(some) for cell, some in zip(cells, units, strict=True))


def spread(cells: Sequence[Cell], budget: int, max_nodes: int = MAX_NODES) -> Spread:
    """The allocation of exactly `budget` units (at least one) that brings most. Of equal cells the first gets more.

    Raises BudgetTooSmall, and ValueError where there is no cell at all.
    """
    if not cells:
        raise ValueError("there is nothing to spend on")
    if min(cell.minimum for cell in cells) > budget:
        raise BudgetTooSmall(min(cell.minimum for cell in cells))
    return _Search(cells, budget).run(max_nodes)


# --- one relaxation ---------------------------------------------------------------------------------------------------


class _Node(NamedTuple):
    """A relaxed allocation under decisions: its bound, its units, and the cell that is below its minimum, if one is."""

    bound: float
    units: list[int]
    between: int | None


class _Search:
    """Branch and bound over which cells are used."""

    def __init__(self, cells: Sequence[Cell], budget: int) -> None:
        self._cells = cells
        self._budget = budget
        largest = max(cell.value for cell in cells)
        # The logarithm of what the first unit brings: each further one brings 1 / scale less of it.
        self._first = [math.log(cell.value / largest) + math.log(-math.expm1(-1 / cell.scale)) for cell in cells]
        # The same for the first unit above the minimum, and for each unit up to it were they all worth the same.
        self._above = [first - cell.minimum / cell.scale for first, cell in zip(self._first, cells, strict=True)]
        self._even = [
            max(
                above, math.log(cell.value / largest) + math.log(-math.expm1(-cell.minimum / cell.scale) / cell.minimum)
            )
            if cell.minimum
            else above
            for above, cell in zip(self._above, cells, strict=True)
        ]
        self._best: list[int] = []
        self._best_total = -math.inf

    def run(self, max_nodes: int) -> Spread:
        """The best allocation found within so many nodes."""
        nothing = frozenset[int]()
        root = self._relaxed(nothing, nothing)
        if root is not None and root.between is None:
            return Spread(tuple(root.units), 0.0)
        # The cell with the least minimum can always have it all.
        least = min(range(len(self._cells)), key=lambda i: self._cells[i].minimum)
        self._offer([self._budget if i == least else 0 for i in range(len(self._cells))])
        # Best bound first; the counter keeps the order the same every time.
        waiting: list[tuple[float, int, _Node, frozenset[int], frozenset[int]]] = []
        made = 0
        if root is not None:
            waiting.append((-root.bound, made, root, nothing, nothing))
        while waiting and made < max_nodes:
            bound, _, node, used, unused = heapq.heappop(waiting)
            if -bound <= self._best_total * (1 + _EQUAL):
                waiting.clear()
                break
            if node.between is None:
                self._offer(node.units)
                continue
            self._round(node, used, unused)
            for branch in self._branches(node.between, used, unused):
                child = self._relaxed(*branch)
                made += 1
                if child is not None and child.bound > self._best_total * (1 + _EQUAL):
                    heapq.heappush(waiting, (-child.bound, made, child, *branch))
        if not waiting:
            return Spread(tuple(self._best), 0.0)
        self._try_prefixes()
        bound = min(-waiting[0][0], self._ceiling())
        return Spread(tuple(self._best), max(0.0, bound / self._best_total - 1))

    def _try_prefixes(self) -> None:
        """Offer the cells of the least minimums, and those that make most of theirs, in every number."""
        limited = [i for i, cell in enumerate(self._cells) if cell.minimum]
        by_minimum = sorted(limited, key=lambda i: (self._cells[i].minimum, -self._even[i], i))
        by_worth = sorted(limited, key=lambda i: (-self._even[i], i))
        for order in (by_minimum, by_worth):
            for number in range(1, len(order) + 1):
                found = self._relaxed(frozenset(order[:number]), frozenset(order[number:]))
                if found is None:
                    break
                self._offer(found.units)

    def _ceiling(self) -> float:
        """What no allocation can exceed: the Lagrangian bound, with no more minimums than there is money for.

        Of many cells that are much alike the search bounds the gain badly, and this well.
        """
        minimums = sorted(cell.minimum for cell in self._cells if cell.minimum)
        payable = bisect.bisect_right(list(itertools.accumulate(minimums)), self._budget)
        levels = [math.log(cell.value / cell.scale) for cell in self._cells]

        def bound(level: float) -> float:
            price = math.exp(level)
            free, bound_to = 0.0, []
            for cell, own in zip(self._cells, levels, strict=True):
                units = max(cell.minimum, cell.scale * (own - level))
                surplus = -cell.value * math.expm1(-units / cell.scale) - price * units if units > 0 else 0.0
                if cell.minimum:
                    bound_to.append(surplus)
                else:
                    free += surplus
            best = heapq.nlargest(payable, (surplus for surplus in bound_to if surplus > 0))
            return price * self._budget + free + math.fsum(best)

        low, high = max(levels) - _DEEPEST, max(levels)
        for _ in range(_THIRDS):
            third = (high - low) / 3
            if bound(low + third) < bound(high - third):
                high -= third
            else:
                low += third
        return bound((low + high) / 2)

    def _offer(self, units: list[int]) -> None:
        found = total(self._cells, units)
        if found > self._best_total:
            self._best, self._best_total = units, found

    def _round(self, node: _Node, used: frozenset[int], unused: frozenset[int]) -> None:
        """Try the two allocations next to a relaxed one: with the cell below its minimum, and without."""
        between = node.between
        chosen = {i for i, units in enumerate(node.units) if units and i != between and self._cells[i].minimum}
        others = {i for i, cell in enumerate(self._cells) if cell.minimum} - chosen
        for extra in ({between}, set[int | None]()):
            with_it = frozenset(i for i in {*chosen, *extra} if i is not None)
            found = self._relaxed(used | with_it, unused | frozenset(others - with_it))
            if found is not None and found.between is None:
                self._offer(found.units)

    def _branches(
        self, between: int, used: frozenset[int], unused: frozenset[int]
    ) -> list[tuple[frozenset[int], frozenset[int]]]:
        """With the cell and without. Of cells that are the same, later ones are used only after earlier ones."""
        same = [i for i, cell in enumerate(self._cells) if cell == self._cells[between] and i not in used | unused]
        return [
            (used | {i for i in same if i <= between}, unused),
            (used, unused | {i for i in same if i >= between}),
        ]

    def _relaxed(self, used: frozenset[int], unused: frozenset[int]) -> _Node | None:
        """The best allocation where undecided cells may be below their minimum; None where not all can be spent."""
        cells, above = self._cells, self._above
        units = [0] * len(cells)
        for i in used:
            units[i] = cells[i].minimum
        spent = float(sum(units))
        if spent > self._budget:
            return None
        open_cells = [i for i in range(len(cells)) if i not in unused]
        events = [(-above[i], _SLOPE, i) for i in open_cells]
        events += [(-self._even[i], _JUMP, i) for i in open_cells if cells[i].minimum and i not in used]
        events.sort()
        # From the most valuable unit downwards: how much is spent when all units above a level are bought.
        level = slope = 0.0
        sloped: list[int] = []
        between: int | None = None
        for negative, kind, i in events:
            further = slope * (level + negative)
            if spent + further >= self._budget:
                break
            spent += further
            level = -negative
            if kind == _SLOPE:
                slope += cells[i].scale
                sloped.append(i)
            elif spent + cells[i].minimum > self._budget:
                between = i
                break
            else:
                spent += cells[i].minimum
                units[i] = cells[i].minimum
        if not slope and between is None and spent < self._budget:
            return None
        # How far below the level the last unit lies.
        depth = (self._budget - spent) / slope if slope and between is None else 0.0
        for i in sloped:
            units[i] = cells[i].minimum + max(0, math.ceil((above[i] - level + depth) * cells[i].scale))
        return self._in_whole_units(units, used, sloped, between)

    def _in_whole_units(
        self, units: list[int], used: frozenset[int], sloped: list[int], between: int | None
    ) -> _Node | None:
        """Round an allocation in which every started unit is bought: the least valuable ones are given back."""
        cells = self._cells
        missing = self._budget - sum(units)
        if missing < 0:
            # The last unit of each cell, the least valuable first; of equal ones the last cell's.
            last = [(worth, -i) for i in range(len(cells)) if (worth := self._last(units, used, i)) is not None]
            heapq.heapify(last)
            while missing < 0 and last:
                i = -last[0][1]
                above_minimum = units[i] > cells[i].minimum
                returned = 1 if above_minimum else min(units[i], -missing)
                units[i] -= returned
                missing += returned
                if not above_minimum and units[i]:
                    between, units[i], missing = i, 0, units[i]
                worth = self._last(units, used, i)
                if worth is None:
                    heapq.heappop(last)
                else:
                    heapq.heapreplace(last, (worth, -i))
            if missing < 0:
                return None
        if between is not None and missing > 0:
            cell = cells[between]
            bound = total(cells, units) + cell.gain(cell.minimum) * missing / cell.minimum
            units[between] = missing
            return _Node(bound, units, between)
        self._settle(units, sloped, missing)
        return _Node(total(cells, units), units, None)

    def _last(self, units: list[int], used: frozenset[int], i: int) -> float | None:
        """The logarithm of what the cell's last unit brings; None where it has none to give back."""
        cell = self._cells[i]
        if units[i] > cell.minimum:
            return self._above[i] - (units[i] - cell.minimum - 1) / cell.scale
        return self._even[i] if units[i] and i not in used else None

    def _settle(self, units: list[int], sloped: list[int], missing: int) -> None:
        """Spend what floating point left over, then move single units for as long as that brings more."""
        cells, above = self._cells, self._above

        def following(i: int) -> float:
            return above[i] - (units[i] - cells[i].minimum) / cells[i].scale

        def last(i: int) -> float:
            return above[i] - (units[i] - cells[i].minimum - 1) / cells[i].scale

        if not sloped:
            return
        for _ in range(missing):
            units[max(sloped, key=lambda i: (following(i), -i))] += 1
        for _ in range(2 * len(sloped)):
            best = max(sloped, key=lambda i: (following(i), -i))
            least = min((i for i in sloped if units[i] > cells[i].minimum), key=lambda i: (last(i), -i), default=None)
            if least is None or following(best) <= last(least):
                return
            units[best] += 1
            units[least] -= 1
