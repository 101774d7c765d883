"""A tenant's curves as arrays, and what was known of them on any day. Needs numpy."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marquee.demand import curves as sales
from marquee.demand.models import Curve
from marquee.demand.rules import KERNELS, MEMORIES, REACH, TRAITS, trait_values

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


def decayed_means(values: Array, memory: float) -> Array:
    """Row r is the mean of the first r rows of `values`, each weighing half of the one `memory` rows after it."""
    decay, total, mass = 0.5 ** (1 / memory), np.zeros(values.shape[1:]), 0.0
    means = np.zeros((len(values) + 1, *values.shape[1:]))
    for row, value in enumerate(values):
        total, mass = total * decay + value, mass * decay + 1
        means[row + 1] = total / mass
    return means


@dataclass(frozen=True)
class History:
    """Curves by day, as fractions of capacity: `reached[i, l]` is what event i had sold by lead l.

    `days` are ordinals; the first `finished` events' finals are known, the later ones' curves only up to `as_of`.
    `means[m]` and `steps[m]` are the decayed means of the curves and of the daily sales of the first r events.
    `calendar` sums the curves of each day from `origin` on, `count` the events of it.
    """

    eids: tuple[str, ...]
    days: Indices
    as_of: int
    finished: int
    reached: Array
    traits: tuple[Indices, ...]
    values: tuple[tuple[str, ...], ...]
    means: tuple[Array, ...]
    steps: tuple[Array, ...]
    origin: int
    calendar: Array
    count: Array

    def known(self, at: Any) -> Any:
        """How many events were finished at the end of the days `at`."""
        return np.minimum(np.searchsorted(self.days, at, "right"), self.finished)


def read(curves: Sequence[Curve], as_of: date) -> History:
    """The history as it was known at the end of `as_of`; curves without a capacity are left out."""
    rows = sorted((one for one in curves if one.facts.capacity > 0), key=lambda one: (one.facts.day, one.facts.eid))
    days = np.array([one.facts.day.toordinal() for one in rows], dtype=np.int64)
    today = as_of.toordinal()
    daily = np.zeros((len(rows), REACH + 1))
    for row, one in enumerate(rows):
        for lead, tickets in sales.known(one, as_of):
            daily[row, min(lead, REACH)] += tickets / one.facts.capacity
    reached = np.maximum(daily[:, ::-1].cumsum(axis=1)[:, ::-1], 0.0)
    found = [trait_values(one.facts) for one in rows]
    values, codes = [], []
    for trait in range(len(TRAITS)):
        names = sorted({one[trait] for one in found})
        place = {name: code for code, name in enumerate(names)}
        values.append(tuple(names))
        codes.append(np.array([place[one[trait]] for one in found], dtype=np.int64))
    finished = int(np.searchsorted(days, today, "right"))
    edge = max(offset for offsets, _ in KERNELS for offset in offsets)
    origin = int(min(days.min(initial=today), today)) - edge
    length = int(max(days.max(initial=today), today)) + REACH + 2 * edge - origin
    calendar, count = np.zeros((length, REACH + 1)), np.bincount(days - origin, minlength=length).astype(np.float64)
    np.add.at(calendar, days - origin, reached)
    return History(
        eids=tuple(one.facts.eid for one in rows),
        days=days,
        as_of=today,
        finished=finished,
        reached=reached,
        traits=tuple(codes),
        values=tuple(values),
        means=tuple(decayed_means(reached[:finished], one) for one in MEMORIES),
        steps=tuple(decayed_means(daily, one) for one in MEMORIES),
        origin=origin,
        calendar=calendar,
        count=count,
    )
