"""Learns a tenant's demand from its own sales. Runs in a task function: it needs numpy."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np

from marquee.demand import combining, history, lessons, regression, rules
from marquee.demand.history import Array, History
from marquee.demand.models import Accuracy, Curve, Model, Step

_NAMED = 1500  # values of a trait that a model keeps, the most frequent first
_MEASURED = 10  # finished events that an error of the back-test was predicted from, at least


def train(curves: Sequence[Curve], as_of: date, leads: Sequence[int] = rules.LEADS) -> Model:
    """Learn from what was known at the end of `as_of`; events whose day is `as_of` or before are finished.

    Sales after `as_of` are not looked at, curves without a capacity teach nothing, and the order of `curves` does not
    matter. Unfinished events' sales so far are used. `leads`, ascending, are those learnt; between two of them scoring
    takes the mean of both.
    """
    past = history.read(curves, as_of)
    if not past.finished:
        return Model(as_of, 0)
    found = lessons.effects(past)
    by_day = lessons.weekdays(past)
    learnt = [_step(past, lessons.lesson(past, lead, found, by_day), by_day) for lead in leads]
    mean = past.means[3][past.finished]
    return Model(
        trained_as_of=as_of,
        events=past.finished,
        backtest=tuple(accuracy for _, accuracy in learnt if accuracy),
        steps=tuple(step for step, _ in learnt),
        benchmark=_numbers(mean),
        finals=_numbers([one[past.finished, 0] for one in past.means]),
        traits=_traits(past, found),
        neighbours=_neighbours(past),
        room=round(float(lessons.rooms(past.reached[: past.finished, 0])[-1]), 6),
        running=tuple(sorted(rules.checksum(eid) for eid in past.eids[past.finished :])),
    )


def _step(past: History, lesson: lessons.Lesson, by_day: list[tuple[Any, list[Array]]]) -> tuple[Step, Accuracy | None]:
    lead, sold, final = lesson.lead, lesson.sold, lesson.final
    predicted, ridges = regression.replay(lesson)
    limit = rules.limit(lesson.room, sold)[:, None]
    members = np.clip(np.c_[lesson.members, predicted], sold[:, None], limit)
    shares, weights = combining.weights(members, lesson)
    value = (members * shares).sum(axis=1)
    ends, interval = combining.intervals(sold, value, final, lesson.known, lead)
    means = [one[past.finished] for one in past.means]
    usual = means[2][0] - means[2][lead]
    corrections = []
    for index, curves in by_day:
        last = [curve[len(index)] for curve in curves]
        corrections.append(_numbers([one[0] - one[lead] - usual if len(index) else 0.0 for one in last]))
    step = Step(
        lead=lead,
        additive=_numbers([one[0] - one[lead] for one in means]),
        advanced=_numbers([one[0] for one in lessons.advanced(past, lead, np.array([past.as_of]))]),
        reached=_numbers([one[lead] for one in means]),
        weekdays=tuple(corrections),
        ridges=tuple(_numbers(one) for one in ridges.T),
        weights=_numbers(weights),
        low=round(float(interval[0]), 6),
        high=round(float(interval[1]), 6),
        spread=round(float(past.reached[max(0, past.finished - 400) : past.finished, lead].std()), 6),
    )
    return step, _accuracy(lesson, value, ends)


def _accuracy(lesson: lessons.Lesson, value: Array, ends: Array) -> Accuracy | None:
    measured = lesson.known >= _MEASURED
    sold, final, value, ends = (one[measured] for one in (lesson.sold, lesson.final, value, ends))
    if not len(final) or final.sum() <= 0:
        return None
    unit, limit = rules.scale(sold, value), rules.limit(lesson.room[measured], sold)
    low, high = np.maximum(value + ends[:, 0] * unit, sold), np.minimum(value + ends[:, 1] * unit, limit)
    inside = (final >= low - 1e-9) & (np.minimum(final, limit) <= high + 1e-9)
    wape = float(np.abs(value - final).sum() / final.sum())
    return Accuracy(lesson.lead, round(wape, 4), round(float(inside.mean()), 4), len(final))


def _traits(past: History, found: Sequence[lessons.Effect]) -> dict[str, dict[str, tuple[int, float, float]]]:
    told = {}
    for trait, one, values in zip(rules.TRAITS, found, past.values, strict=True):
        effect, events = one.at(np.arange(len(values)), np.full(len(values), past.finished))
        frequent = np.lexsort((np.arange(len(values)), -events))[:_NAMED]
        told[trait] = {
            values[code]: (
                int(events[code]),
                round(float(effect[code]), 6),
                round(float(events[code] / (events[code] + one.shrinkage)), 4),
            )
            for code in sorted(frequent)
            if events[code]
        }
    return told


def _neighbours(past: History) -> tuple[tuple[float, ...], ...]:
    leads = np.arange(rules.REACH + 1)
    known = np.full(len(leads), past.finished)
    sums = lessons.neighbours(past, past.as_of + leads, leads, known)
    return tuple(_numbers(row) for row in np.stack([one for kernel in sums for one in kernel], 1))


def _numbers(values: Any) -> tuple[float, ...]:
    return tuple(round(float(one), 6) for one in values)
