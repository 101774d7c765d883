"""What each past event taught at one lead: its inputs as they were known then, never later ones. Needs numpy."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from marquee.demand import rules
from marquee.demand.history import Array, History, Indices, decayed_means

_STEADY = (2.0, 500.0)  # bounds of an effect's shrinkage, in events
_WIDER, _WIDEST = 1.25, 2.0  # beyond the second greatest final, and beyond all


@dataclass(frozen=True)
class Effect:
    """A trait's influence on the final: sums of residuals by value, in the order of the events."""

    codes: Indices
    keys: Indices
    sums: Array
    shrinkage: float
    rows: int

    def at(self, codes: Indices, known: Indices) -> tuple[Array, Indices]:
        """The shrunken effect of each value and its events, of the first `known` events."""
        start = np.searchsorted(self.keys, codes * (self.rows + 1))
        end = np.searchsorted(self.keys, codes * (self.rows + 1) + known)
        return (self.sums[end] - self.sums[start]) / (end - start + self.shrinkage), end - start


def effects(history: History) -> list[Effect]:
    """Empirical Bayes: each trait explains what those before it left, shrunken by its own variance components.

    A residual is measured against what was known before the event's day, so that no event explains itself.
    """
    rows = history.finished
    known = history.known(history.days[:rows] - 1)
    left = np.where(known > 0, history.reached[:rows, 0] - history.means[2][known, 0], 0.0)
    found = []
    for trait in range(len(rules.TRAITS)):
        codes = history.traits[trait][:rows]
        order = np.argsort(codes, kind="stable")
        sums = np.r_[0.0, left[order].cumsum()]
        keys = codes[order] * (rows + 1) + order
        effect = Effect(codes, keys, sums, _shrinkage(codes, left), rows)
        found.append(effect)
        left = left - effect.at(codes, known)[0]
    return found


def _shrinkage(codes: Indices, left: Array) -> float:
    """Variance within the values over variance between them (one-way random effects, method of moments)."""
    _, dense, counts = np.unique(codes, return_inverse=True, return_counts=True)
    groups, rows = len(counts), len(codes)
    if groups < 2:  # noqa: PLR2004 - a trait that all events share explains nothing
        return float("inf")
    if rows <= groups:
        return _STEADY[1]
    means = np.bincount(dense, left) / counts
    within = float(((left - means[dense]) ** 2).sum() / (rows - groups))
    between = float((counts * (means - left.mean()) ** 2).sum() / (groups - 1))
    typical = (rows - float((counts**2).sum()) / rows) / (groups - 1)
    variance = (between - within) / typical
    return float(np.clip(within / variance, *_STEADY)) if variance > 0 else _STEADY[1]


def effect(history: History, found: Sequence[Effect], known: Indices) -> Array:
    """The sum of the traits' effects on each finished event, from the first `known` events."""
    total = np.zeros(history.finished)
    for trait, one in enumerate(found):
        total += one.at(history.traits[trait][: history.finished], known)[0]
    return total


def weekdays(history: History) -> list[tuple[Indices, list[Array]]]:
    """For each weekday its finished events and the decayed means of their curves, for each weekday's memory."""
    of = (history.days[: history.finished] + 6) % 7
    rows = [np.nonzero(of == day)[0] for day in range(7)]
    return [(one, [decayed_means(history.reached[one], memory) for memory in rules.WEEKDAY_MEMORIES]) for one in rows]


def neighbours(history: History, days: Indices, leads: Indices, known: Indices) -> list[tuple[Array, ...]]:
    """For each kernel, around each day, `leads` days before it: sales, the benchmark's, extra pace, and weight."""
    sums: list[tuple[Array, ...]] = []
    benchmark = history.means[3]
    for offsets, width in rules.KERNELS:
        sales, expected, pace, mass = (np.zeros(len(days)) for _ in range(4))
        for offset in offsets:
            lead = np.clip(leads + offset, 0, rules.REACH)
            before = np.minimum(lead + 7, rules.REACH)
            place = days + offset - history.origin
            share = rules.weight(offset, width) * history.count[place]
            seen = history.calendar[place, lead]
            sales += rules.weight(offset, width) * seen
            expected += share * benchmark[known, lead]
            pace += rules.weight(offset, width) * (seen - history.calendar[place, before])
            pace -= share * (benchmark[known, lead] - benchmark[known, before])
            mass += share
        sums.append((sales, expected, pace, mass))
    return sums


@dataclass(frozen=True)
class Lesson:
    """Every finished event seen from one lead: inputs, simple members' finals, sold and final."""

    lead: int
    known: Indices
    sold: Array
    final: Array
    inputs: Array
    members: Array
    advanced: tuple[Array, ...]
    level: tuple[Array, Array]
    room: Array


def advanced(history: History, lead: int, at: Indices) -> tuple[Array, ...]:
    """Advanced pick-up for each memory: mean sales of every day that is still to come, from unfinished events too."""
    totals = np.zeros((len(rules.MEMORIES), len(at)))
    for days in range(lead):
        rows = np.searchsorted(history.days, at + days, "right")
        for memory, means in enumerate(history.steps):
            totals[memory] += means[rows, days]
    return tuple(totals)


def lesson(history: History, lead: int, found: Sequence[Effect], by_day: list[tuple[Indices, list[Array]]]) -> Lesson:
    """What the finished events teach at `lead`."""
    rows = history.finished
    days, reached = history.days[:rows], history.reached[:rows]
    at = days - lead
    known = history.known(at)
    sold = reached[:, lead]
    means = [one[known] for one in history.means]
    to_come = advanced(history, lead, at)
    own = (sold, sold - reached[:, min(lead + 7, rules.REACH)], sold - reached[:, min(lead + 28, rules.REACH)])
    usual = means[2][:, 0] - means[2][:, lead]
    corrections = [np.zeros(rows) for _ in rules.WEEKDAY_MEMORIES]
    for index, curves in by_day:
        seen = np.searchsorted(days[index], at[index], "right")
        for correction, curve in zip(corrections, curves, strict=True):
            pickup = curve[seen, 0] - curve[seen, lead]
            correction[index] = np.where(seen > 0, pickup - usual[index], 0.0)
    near = []
    leads = np.full(rows, lead)
    for (sales, expected, pace, mass), _ in zip(neighbours(history, days, leads, known), rules.KERNELS, strict=True):
        before = min(lead + 7, rules.REACH)
        ours = means[3][:, lead]
        extra = (sold - reached[:, before]) - (ours - means[3][:, before])
        near.append((sales - sold, expected - ours, pace - extra, mass - 1))
    total = effect(history, found, known)
    level = (means[3][:, 0], means[3][:, lead])
    usually = [one[:, lead] for one in means]
    inputs = rules.features(own, total, near, corrections, (to_come[0], to_come[1], to_come[2]), level, usually)
    simple = rules.members(
        sold,
        [one[:, 0] for one in means],
        [one[:, 0] - one[:, lead] for one in means],
        to_come,
        usually,
        total,
    )
    final = reached[:, 0]
    return Lesson(
        lead, known, sold, final, np.stack(inputs, 1), np.stack(simple, 1), to_come, level, rooms(final)[known]
    )


def rooms(final: Array) -> Array:
    """How much may be sold as the first finals tell, item k the first k: 1, or more where capacities are no limits.

    They are none where at least two events went beyond them, and more than ended at them: sold-out houses end there.
    """
    found, greatest, second, beyond, at = np.ones(len(final) + 1), 0.0, 0.0, 0, 0
    for row, one in enumerate(final.tolist()):
        second = max(second, min(one, greatest))
        greatest = max(greatest, one)
        beyond += one > 1 + rules.EXACT
        at += abs(one - 1) <= rules.EXACT
        found[row + 1] = min(_WIDER * second, _WIDEST) if beyond > max(at, 1) else 1.0
    return found
