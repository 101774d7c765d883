"""Replays history with the method of production: trained on what was known, asked about what came."""

import multiprocessing
from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from local.backtest.classical import Array, Indices, known, options, predictions
from marquee.demand import curves as sales
from marquee.demand import scoring, training
from marquee.demand.models import Curve

HORIZONS = (90, 60, 30, 14, 7, 3, 1)
OURS = "marquee"
HINDSIGHT = "hindsight"
_TRAININGS = 800  # at most: a history of more days is trained on every second or third


def burn_in(events: int) -> int:
    """How many events must be finished before the first prediction counts: a quarter, at most a year of days."""
    return min(365, events // 4)


def cadence(days: Indices) -> int:
    """Days from one training to the next."""
    return max(1, -(-int(days[-1] - days[0]) // _TRAININGS))


def table(curves: Sequence[Curve]) -> tuple[Indices, Array]:
    """The events' days and what they had sold by each lead up to the greatest horizon, as fractions of capacity."""
    days = np.array([one.facts.day.toordinal() for one in curves])
    reached = np.zeros((len(curves), max(HORIZONS) + 1))
    for row, one in enumerate(curves):
        for lead, tickets in sales.known(one, one.facts.day):
            reached[row, : min(lead, max(HORIZONS)) + 1] += tickets / one.facts.capacity
    return days, reached


Ours = dict[int, tuple[Array, Array, Array]]


def ours(curves: Sequence[Curve], days: Indices, every: int) -> Ours:
    """For each horizon the value, low and high of each event; NaN where it does not count."""
    least = burn_in(len(curves))
    jobs: dict[int, list[tuple[int, int]]] = {}
    for horizon in HORIZONS:
        for row, before in enumerate(known(days, horizon)):
            if before >= least:
                day = int(days[row]) - horizon
                jobs.setdefault(day - (day - int(days[0])) % every, []).append((row, horizon))
    found = {horizon: tuple(np.full(len(curves), np.nan) for _ in range(3)) for horizon in HORIZONS}
    # The days go to both workers in turn: late ones take longer.
    with multiprocessing.get_context("fork").Pool(2, _begin, (curves,)) as pool:
        for answers in pool.imap_unordered(_asked, sorted(jobs.items()), chunksize=1):
            for row, horizon, *forecast in answers:
                for column, one in zip(found[horizon], forecast, strict=True):
                    column[row] = one
    return {horizon: (one[0], one[1], one[2]) for horizon, one in found.items()}


_curves: list[Curve] = []


def _begin(curves: Sequence[Curve]) -> None:
    _curves[:] = curves


def _asked(job: tuple[int, list[tuple[int, int]]]) -> list[tuple[int, int, float, float, float]]:
    trained, questions = job
    model = training.train(_curves, date.fromordinal(trained), sorted(HORIZONS))
    answers = []
    for row, horizon in questions:
        curve = _curves[row]
        seen = scoring.forecast(model, curve, date.fromordinal(curve.facts.day.toordinal() - horizon))
        if seen.value is not None and seen.low is not None and seen.high is not None:
            answers.append((row, horizon, seen.value, seen.low, seen.high))
    return answers


def hindsight(days: Indices, reached: Array, horizon: int, scored: NDArray[np.bool_]) -> Array:
    """The classical method and parameter that turned out best at this horizon: nobody could have chosen it before."""
    final = reached[:, 0]
    found = [one for parameters in options(days, reached, horizon).values() for one in parameters.values()]
    return min(found, key=lambda one: float(np.abs(one - final)[scored].sum()))


def replay(curves: Sequence[Curve]) -> dict[int, dict[str, Array]]:
    """For each horizon the finals and every method's prediction of them, with our interval and `hindsight`.

    The columns beside the methods are called ``final``, ``low``, ``high`` and ``hindsight``.
    """
    days, reached = table(curves)
    answers = ours(curves, days, cadence(days))
    classical, _ = predictions(days, reached, HORIZONS, burn_in(len(curves)))
    results = {}
    for horizon in HORIZONS:
        value, low, high = answers[horizon]
        scored = np.isfinite(value)
        columns = {"final": reached[:, 0], OURS: value, "low": low, "high": high}
        columns[HINDSIGHT] = hindsight(days, reached, horizon, scored)
        columns |= classical[horizon]
        results[horizon] = {name: column[scored] for name, column in columns.items()}
    return results
