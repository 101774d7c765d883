"""Ridge regression of the pick-up, replayed: each event is predicted from those finished before. Needs numpy."""

import numpy as np

from marquee.demand import rules
from marquee.demand.history import Array
from marquee.demand.lessons import Lesson

MEMORY = 300.0  # half-life of an event's weight, in events

_PENALTY_DAYS = (10.0, 10.0, 30.0)  # of lead, for each of `rules.PENALTIES`: after as many it has doubled
_STILL = (3.0, 3.0, 10.0)  # events without a correction that the intercept is shrunken by
_LEAST = 4


def replay(lesson: Lesson) -> tuple[Array, Array]:
    """Each event's final as each regression would have predicted it, and the coefficients learnt from all events.

    The plain pick-up where too little was known. Events of neighbouring days share their errors, the more days are to
    come the more, so the penalty grows with the lead. A large event's error weighs by its size, not by its square.
    """
    rows, width = lesson.inputs.shape
    offsets = np.stack([lesson.advanced[one] for one in rules.OFFSETS], 1)
    target = (lesson.final - lesson.sold)[:, None] - offsets
    size = np.maximum(lesson.sold + lesson.advanced[3], 0.1 * lesson.level[0])
    weights = np.where(lesson.known > 0, lesson.level[0] / np.maximum(size, 1e-9), 0.0)
    inputs = np.c_[np.ones(rows), lesson.inputs]
    gram, moment = np.zeros((width + 1, width + 1)), np.zeros((width + 1, offsets.shape[1]))
    decay, every = 0.5 ** (1 / MEMORY), max(1, rows // 100)
    predicted = np.tile(lesson.sold[:, None] + offsets, len(rules.PENALTIES))
    learnt, fitted, beta = 0, -every, None
    for row in range(rows):
        known = int(lesson.known[row])
        if known >= fitted + every and known >= _LEAST:
            _learn(gram, moment, inputs[learnt:known], target[learnt:known], weights[learnt:known], decay)
            learnt = fitted = known
            beta = _solve(gram, moment, lesson.lead)
        if beta is not None:
            predicted[row] += inputs[row] @ beta
    _learn(gram, moment, inputs[learnt:], target[learnt:], weights[learnt:], decay)
    return predicted, _solve(gram, moment, lesson.lead)


def _learn(gram: Array, moment: Array, inputs: Array, target: Array, weights: Array, decay: float) -> None:
    ages = decay ** np.arange(len(inputs) - 1, -1, -1)
    weighted = inputs * (weights * ages)[:, None]
    gram *= decay ** len(inputs)
    moment *= decay ** len(inputs)
    gram += weighted.T @ inputs
    moment += weighted.T @ target


def _solve(gram: Array, moment: Array, lead: int) -> Array:
    """Coefficients on standardised inputs, shrunken towards none, and 0 for inputs that a regression has not."""
    mass, width = gram[0, 0], moment.shape[1]
    found = np.zeros((len(gram), width * len(rules.PENALTIES)))
    if mass <= 0:
        return found
    mean = gram[0, 1:] / mass
    deviation = np.sqrt(np.maximum(np.diag(gram)[1:] / mass - mean**2, 0.0)) + 1e-3
    centred = (gram[1:, 1:] - mass * np.outer(mean, mean)) / np.outer(deviation, deviation)
    goal = (moment[1:] - np.outer(mean, moment[0])) / deviation[:, None]
    full, brief = slice(0, len(mean) - 1), np.ix_(*[rules.brief(len(mean))] * 2)
    penalties = np.array(rules.PENALTIES) * (1 + lead / np.array(_PENALTY_DAYS))
    slopes = np.zeros((len(penalties), *goal.shape))
    ridges = penalties[:-1, None, None] * np.eye(len(mean) - 1)
    slopes[:-1, full] = np.linalg.solve(centred[full, full] + ridges, goal[full])
    ridge = penalties[-1] * np.eye(len(brief[1][0]))
    slopes[-1, brief[1][0]] = np.linalg.solve(centred[brief] + ridge, goal[brief[1][0]])
    slopes /= deviation[:, None]
    for number, (still, one) in enumerate(zip(_STILL, slopes, strict=True)):
        here = slice(number * width, (number + 1) * width)
        found[0, here] = moment[0] / (mass + still) - mean @ one
        found[1:, here] = one
    return found
