"""Learns a tenant's demand from its own sales. Runs in a task function: it needs numpy."""

from collections.abc import Sequence
from datetime import date

import numpy as np

from marquee.demand import curves as sales
from marquee.demand.models import Curve, Model

REACH = 365


def train(curves: Sequence[Curve], as_of: date) -> Model:
    """Learn from what was known at the end of `as_of`; events whose day is `as_of` or before are finished.

    Curves without a capacity teach nothing. The order of `curves` does not matter.
    """
    done = sorted(
        (one for one in curves if one.facts.capacity > 0 and sales.finished(one.facts, as_of)),
        key=lambda one: (one.facts.day, one.facts.eid),
    )
    reached = np.zeros((len(done), REACH + 1))
    for row, one in enumerate(done):
        for days, tickets in sales.known(one, as_of):
            reached[row, : min(days, REACH) + 1] += tickets / one.facts.capacity
    if not done:
        return Model(as_of, 0, (), (), (), {})
    return Model(
        trained_as_of=as_of,
        events=len(done),
        backtest=(),
        benchmark=tuple(np.round(reached.mean(axis=0), 6).tolist()),
        spread=tuple(np.round((reached[:, :1] - reached).std(axis=0), 6).tolist()),
        traits={},
    )
