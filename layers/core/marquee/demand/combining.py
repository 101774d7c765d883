"""Weights of the members and the interval, learnt from past errors as they became known. Needs numpy."""

import numpy as np

from marquee.demand import rules
from marquee.demand.history import Array, Indices, decayed_means
from marquee.demand.lessons import Lesson

MEMORY = 100.0  # half-life of an error, in events
# For each of `rules.members` its weight before any error is known, and its family: additive, multiplicative, mean.
_START = (2.0, *[1.0] * 11)
_FAMILY = (*[0] * 6, 1, 1, 2, 2, 2, 0)
_FULL = ((6.5, 10.0), (6.5, 20.0))  # each full regression's, and the events after which it has half of it
_FULL_DAYS = 15.0  # of lead, after which the full regressions have half of theirs; the brief one after twice as many
_BRIEF = (5.0, 30.0)  # the brief regression's, and the events after which it has half of it left
_ALONE = 10.0  # events that errors found by leaving one out count as
_LATEST = 200  # events that are left out in turn, at most
MISSED = 0.1  # of the finals on either side of the interval
_RATE = 0.02  # of adapting to finals that missed it
_BOUNDS = (0.02, 0.18)
# Errors as they may be before any is known: a wide bell, worth five events and more where
# few independent ones can be known.
_BELL = np.array([-2.0, -1.3, -0.9, -0.55, -0.25, 0.0, 0.25, 0.55, 0.9, 1.3, 2.0])
_BELL_MASS = 5.0


def weights(members: Array, lesson: Lesson) -> tuple[Array, Array]:
    """The members' weights for each event, and those from all events; each row sums to 1.

    Half of a weight is a power of the inverse mean squared error (Bates and Granger 1969, who ignore correlations
    too), half falls exponentially with the excess of the mean absolute error over the best one's. Near the event,
    where errors are independent of each other, past errors decide faster. Until there are many, a member's errors are
    shrunken towards those that its family makes on the finished events when each is left out in turn.
    """
    known = lesson.known
    rows, seen = np.arange(len(known) + 1), (known > 0).astype(np.float64)
    errors = np.abs(members - lesson.final[:, None]) * seen[:, None]
    decay = 0.5 ** (1 / MEMORY)
    all_of_them = ((1 - decay**rows) / (1 - decay))[:, None]
    mass = decayed_means(seen[:, None], MEMORY) * all_of_them
    families = np.array([*_FAMILY, *[0] * (members.shape[1] - len(_FAMILY))])
    alone = left_out(lesson)[:, families]
    absolute = _shrunken(decayed_means(errors, MEMORY) * all_of_them, alone, mass) + 1e-9
    # A normal error's mean square is about 1.25 squared of its squared mean size.
    squared = _shrunken(decayed_means(errors**2, MEMORY) * all_of_them, (1.25 * alone) ** 2, mass) + 1e-12
    evidence = 1 / (1 + lesson.lead / 30)
    start = _start(rows, lesson.lead)
    inverse = start * (squared.min(axis=1, keepdims=True) / squared) ** (2 + 4 * evidence)
    surplus = absolute / absolute.min(axis=1, keepdims=True) - 1
    worth = mass + np.minimum(rows, _LATEST)[:, None] / 2 * _ALONE / (mass + _ALONE)
    excess = start * np.exp(-2.2 * evidence * np.sqrt(worth) * surplus)
    shares = inverse / inverse.sum(axis=1, keepdims=True) / 2 + excess / excess.sum(axis=1, keepdims=True) / 2
    return shares[known], shares[-1]


def _start(known: Indices, lead: int) -> Array:
    """Weights before any error: regressions grow with what they were learnt from, the brief one gives way to them."""
    each = len(rules.OFFSETS)
    near = 1 / (1 + lead / _FULL_DAYS)
    full = [share * near * known / (known + half) / each for share, half in _FULL for _ in range(each)]
    brief = _BRIEF[0] / (1 + lead / _FULL_DAYS / 2) * (known > 0) * _BRIEF[1] / (_BRIEF[1] + known) / each
    found = np.stack([*(np.full(len(known), one) for one in _START), *full, *[brief] * each], 1)
    total: Array = found / found.sum(axis=1, keepdims=True)
    return total


def _shrunken(totals: Array, towards: Array, mass: Array) -> Array:
    shrunken: Array = (totals + _ALONE * towards) / (mass + _ALONE)
    return shrunken


def left_out(lesson: Lesson) -> Array:
    """Mean absolute errors of plain additive and multiplicative pick-up and of the mean final, item k of the first k.

    Each event is predicted from the others, whenever they were: all that few events can tell of which method suits.
    Equal where fewer than two are known.
    """
    rows = len(lesson.final)
    found, last = np.ones((rows + 1, 3)), 0
    current: Array = np.ones(3)
    for known in np.unique(np.r_[lesson.known, rows]).tolist():
        if known >= 2 and known >= last + known // 12:  # noqa: PLR2004 - one left out leaves one to learn from
            last = known
            recent = slice(max(0, known - _LATEST), known)
            current = _left_out(lesson.sold[recent], lesson.final[recent], float(lesson.room[known - 1]))
        found[known] = current
    return found


def _left_out(sold: Array, final: Array, room: float) -> Array:
    pickup, others = final - sold, len(final) / (len(final) - 1)
    ratio = (final.sum() - final) / np.maximum(sold.sum() - sold, 1e-6)
    multiplied = np.minimum(np.maximum(sold * ratio, sold), rules.limit(np.full(len(sold), room), sold))
    return np.array(
        [
            np.abs(pickup - pickup.mean()).mean() * others,
            np.abs(final - multiplied).mean(),
            np.abs(final - final.mean()).mean() * others,
        ]
    )


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
