"""Weights of the members and the interval, learnt from past errors as they became known. Needs numpy."""

import numpy as np

from marquee.demand import rules
from marquee.demand.history import Array, Indices, decayed_means

MEMORY = 100.0  # half-life of an error, in events
_PRIOR = 10.0  # events after which the members' own errors count as much as their common one
MISSED = 0.1  # of the finals on either side of the interval
_RATE = 0.01  # of adapting to finals that missed it
_BOUNDS = (0.02, 0.3)
# Errors as they may be before any is known: a wide bell, worth six events.
_BELL = np.array([-2.0, -1.3, -0.9, -0.55, -0.25, 0.0, 0.25, 0.55, 0.9, 1.3, 2.0])
_BELL_MASS = 6.0


def weights(members: Array, final: Array, known: Indices) -> tuple[Array, Array]:
    """The members' weights for each event, and those from all events; each row sums to 1.

    Half of a weight is the cube of the inverse mean squared error (Bates and Granger 1969, who ignore correlations
    too), half falls exponentially with the excess of the mean absolute error over the best one's.
    """
    errors = np.where(known[:, None] > 0, members - final[:, None], 0.0)
    rows = np.arange(len(final) + 1)
    decay = 0.5 ** (1 / MEMORY)
    mass = (1 - decay**rows) / (1 - decay)
    absolute = _shrunken(decayed_means(np.abs(errors), MEMORY), mass)
    squared = _shrunken(decayed_means(errors**2, MEMORY), mass)
    inverse = (squared.min(axis=1, keepdims=True) / squared) ** 3
    excess = np.exp(-np.sqrt(mass)[:, None] * (absolute / absolute.min(axis=1, keepdims=True) - 1))
    shares = inverse / inverse.sum(axis=1, keepdims=True) / 2 + excess / excess.sum(axis=1, keepdims=True) / 2
    return shares[known], shares[-1]


def _shrunken(means: Array, mass: Array) -> Array:
    common = means.mean(axis=1, keepdims=True)
    shrunken: Array = (means * mass[:, None] + _PRIOR * common) / (mass[:, None] + _PRIOR) + 1e-12
    return shrunken


def intervals(sold: Array, value: Array, final: Array, known: Indices) -> tuple[Array, Array]:
    """Each event's interval (low, high) in units of `rules.scale`, and the one from all events.

    Quantiles of past errors, at levels that follow how often the finals missed (Gibbs and Candes 2021).
    """
    rows = len(final)
    errors = (final - value) / rules.scale(sold, value)
    first = int(np.searchsorted(known, 1))
    ends, every = np.zeros((rows, 2)), max(3, rows // 150)
    levels, seen, last, current = np.array([MISSED, MISSED]), first, -every, _ends(errors[:0], (MISSED, MISSED))
    for row in range(rows):
        if known[row] >= last + every:
            last = int(known[row])
            levels = _adapted(levels, errors[seen:last], ends[seen:last])
            seen = max(seen, last)
            current = _ends(errors[first:last], levels)
        ends[row] = current
    levels = _adapted(levels, errors[seen:], ends[seen:])
    return ends, _ends(errors[first:], levels)


def _adapted(levels: Array, errors: Array, ends: Array) -> Array:
    for error, (low, high) in zip(errors, ends, strict=True):
        levels = np.clip(levels + _RATE * (MISSED - np.array([error < low, error > high])), *_BOUNDS)
    return levels


def _ends(errors: Array, levels: Array | tuple[float, float]) -> Array:
    recent = errors[-600:]
    mass = np.r_[np.full(len(_BELL), _BELL_MASS / len(_BELL)), 0.5 ** (np.arange(len(recent))[::-1] / MEMORY)]
    values = np.r_[_BELL, recent]
    order = np.argsort(values, kind="stable")
    share = (mass[order].cumsum() - mass[order] / 2) / mass.sum()
    low, high = np.interp([levels[0], 1 - levels[1]], share, values[order])
    return np.array([min(low, 0.0), max(high, 0.0)])
