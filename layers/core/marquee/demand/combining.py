"""Weights of the members and the interval, learnt from past errors as they became known. Needs numpy."""

import numpy as np

from marquee.demand import rules
from marquee.demand.history import Array, Indices, decayed_means

MEMORY = 100.0  # half-life of an error, in events
_PRIOR = 10.0  # events after which the members' own errors count as much as their common one
MISSED = 0.1  # of the finals on either side of the interval
_RATE = 0.02  # of adapting to finals that missed it
_BOUNDS = (0.02, 0.18)
# Errors as they may be before any is known: a wide bell, worth five events and more where
# few independent ones can be known.
_BELL = np.array([-2.0, -1.3, -0.9, -0.55, -0.25, 0.0, 0.25, 0.55, 0.9, 1.3, 2.0])
_BELL_MASS = 5.0


def weights(members: Array, final: Array, known: Indices, lead: int, regressions: int) -> tuple[Array, Array]:
    """The members' weights for each event, and those from all events; each row sums to 1.

    Half of a weight is a power of the inverse mean squared error (Bates and Granger 1969, who ignore correlations
    too), half falls exponentially with the excess of the mean absolute error over the best one's. The last
    `regressions` members start with more of the weight near the event, where their errors are independent of each
    other, and there the past errors decide faster.
    """
    errors = np.where(known[:, None] > 0, members - final[:, None], 0.0)
    rows = np.arange(len(final) + 1)
    decay = 0.5 ** (1 / MEMORY)
    mass = (1 - decay**rows) / (1 - decay)
    absolute = _shrunken(decayed_means(np.abs(errors), MEMORY), mass)
    squared = _shrunken(decayed_means(errors**2, MEMORY), mass)
    evidence = 1 / (1 + lead / 30)
    start = np.ones(members.shape[1])
    start[-regressions:] = 13 / (1 + lead / 15) / regressions
    inverse = start * (squared.min(axis=1, keepdims=True) / squared) ** (2 + 4 * evidence)
    surplus = absolute / absolute.min(axis=1, keepdims=True) - 1
    excess = start * np.exp(-2.2 * evidence * np.sqrt(mass)[:, None] * surplus)
    shares = inverse / inverse.sum(axis=1, keepdims=True) / 2 + excess / excess.sum(axis=1, keepdims=True) / 2
    return shares[known], shares[-1]


def _shrunken(means: Array, mass: Array) -> Array:
    common = means.mean(axis=1, keepdims=True)
    shrunken: Array = (means * mass[:, None] + _PRIOR * common) / (mass[:, None] + _PRIOR) + 1e-12
    return shrunken


def intervals(sold: Array, value: Array, final: Array, known: Indices, lead: int) -> tuple[Array, Array]:
    """Each event's interval (low, high) in units of `rules.scale`, and the one from all events.

    Quantiles of past errors, at levels that follow how often the finals missed (Gibbs and Candes 2021).
    """
    rows = len(final)
    errors = (final - value) / rules.scale(sold, value)
    first = int(np.searchsorted(known, 1))
    ends, every = np.zeros((rows, 2)), max(4, rows // 100)
    levels: Array = np.full(2, MISSED)
    current: Array = np.zeros(2)
    seen, last = first, -every
    for row in range(rows):
        if known[row] >= last + every:
            last = int(known[row])
            levels = _adapted(levels, errors[seen:last], ends[seen:last], lead)
            seen = max(seen, last)
            current = _ends(errors[first:last], levels, lead)
        ends[row] = current
    levels = _adapted(levels, errors[seen:], ends[seen:], lead)
    return ends, _ends(errors[first:], levels, lead)


def _adapted(levels: Array, errors: Array, ends: Array, lead: int) -> Array:
    rate = _RATE / (1 + lead / 15)
    low, high = levels.tolist()
    for error, (least, most) in zip(errors.tolist(), ends.tolist(), strict=True):
        low = min(max(low + rate * (MISSED - (error < least)), _BOUNDS[0]), _BOUNDS[1])
        high = min(max(high + rate * (MISSED - (error > most)), _BOUNDS[0]), _BOUNDS[1])
    return np.array([low, high])


def _ends(errors: Array, levels: Array, lead: int) -> Array:
    recent = errors[-600:]
    bell = _BELL_MASS * (1 + lead / 15) / len(_BELL)
    mass = np.r_[np.full(len(_BELL), bell), 0.5 ** (np.arange(len(recent))[::-1] / MEMORY)]
    values = np.r_[_BELL, recent]
    order = np.argsort(values, kind="stable")
    share = (mass[order].cumsum() - mass[order] / 2) / mass.sum()
    low, high = np.interp([levels[0], 1 - levels[1]], share, values[order])
    return np.array([min(low, 0.0), max(high, 0.0)])
