"""Spreading a budget over clusters: time, and what it is worth, against giving out a hundredth at a time."""

import heapq
import random
import statistics
import time
from collections.abc import Callable, Sequence

from marquee.audience.allocation import Cell, spread, total
from tests.bench.measuring import median_ratio

CELLS = (10, 50, 200)
ROUNDS = 9
BUDGET = 1_000_000
_STEP = BUDGET // 1_000
Kind = Callable[[random.Random], int]
MINIMUMS: dict[str, Kind] = {
    "none": lambda _: 0,
    "small (0 to 20.00)": lambda chance: chance.choice([0, 1_000, 2_000]),
    "large (200.00 to 600.00)": lambda chance: chance.randint(20_000, 60_000),
}


def made_up(number: int, minimum: Kind, seed: int) -> list[Cell]:
    """Cells as tenants have them: values and scales over two orders of magnitude."""
    chance = random.Random(seed)
    return [Cell(chance.lognormvariate(3, 1), chance.lognormvariate(11, 1), minimum(chance)) for _ in range(number)]


def alike(number: int, seed: int) -> list[Cell]:
    """Cells so alike, with minimums so large, that no bound tells which of them to leave out: the worst case."""
    chance = random.Random(seed)
    return [
        Cell(100 + chance.random(), 30_000 + chance.random(), chance.randint(48_000, 52_000)) for _ in range(number)
    ]


def greedy(cells: Sequence[Cell], budget: int) -> list[int]:
    """A thousandth of the budget at a time, or a minimum, where it brings most: the plain way."""
    units, rest = [0] * len(cells), budget

    def offer(index: int) -> tuple[float, int, int]:
        more = _STEP if units[index] else max(_STEP, cells[index].minimum)
        each = (cells[index].gain(units[index] + more) - cells[index].gain(units[index])) / more
        return -each, index, more

    waiting = [offer(index) for index in range(len(cells))]
    heapq.heapify(waiting)
    while rest and waiting:
        _, index, more = heapq.heappop(waiting)
        if more > rest:
            if not units[index]:
                continue
            more = rest
        units[index] += more
        rest -= more
        heapq.heappush(waiting, offer(index))
    return units


_WHAT = (
    f"A budget of {BUDGET / 100:,.2f} to the cent, against a peer that gives out a thousandth of it at a time where it "
    f"brings most. Medians of {ROUNDS} instances; the gap is what may be missing to the best, at most."
)


def section() -> str:
    """Measure, and say it."""
    lines = [
        "## Spreading a budget over clusters (`suggested_tcs`)",
        "",
        _WHAT,
        "",
        "| cells | minimum spends | time | worst | time / peer's | peer brings less by | largest gap |",
        "|---:|---|---:|---:|---:|---:|---:|",
    ]
    for number in CELLS:
        for name, minimum in MINIMUMS.items():
            lines.append(_line(number, name, [made_up(number, minimum, seed) for seed in range(ROUNDS)]))
        lines.append(
            _line(number, "480.00 to 520.00, all cells alike", [alike(number, seed) for seed in range(ROUNDS)])
        )
    return "\n".join(lines)


def _line(number: int, name: str, instances: list[list[Cell]]) -> str:
    ours, peers, worse, gaps = [], [], [], []
    for cells in instances:
        began = time.perf_counter()
        found = spread(cells, BUDGET)
        between = time.perf_counter()
        plain = greedy(cells, BUDGET)
        ours.append(between - began)
        peers.append(time.perf_counter() - between)
        worse.append(1 - total(cells, plain) / total(cells, found.units))
        gaps.append(found.gap)
    return (
        f"| {number} | {name} | {statistics.median(ours) * 1000:.1f} ms | {max(ours) * 1000:.0f} ms "
        f"| {median_ratio(ours, peers):.2f} | {statistics.median(worse):.2%} | {max(gaps):.2%} |"
    )
