"""Ridge regression of the pick-up, replayed: each event is predicted from those finished before. Needs numpy."""

import numpy as np

from marquee.demand import rules
from marquee.demand.history import Array
from marquee.demand.lessons import Lesson

MEMORY = 300.0  # half-life of an event's weight, in events

_PENALTY_DAYS = 10.0
_LEAST = 8


def replay(lesson: Lesson) -> tuple[Array, Array]:
    """Each event's final as each regression would have predicted it, and the coefficients learnt from all events.

    NaN where too little was known. Events of neighbouring days share their errors, the more days are to come the
    more, so the penalty grows with the lead. A large event's error weighs by its size, not by its square.
    """
    rows, width = lesson.inputs.shape
    offsets = np.stack([lesson.advanced[one] for one in rules.OFFSETS], 1)
    target = (lesson.final - lesson.sold)[:, None] - offsets
    size = np.maximum(lesson.sold + lesson.advanced[3], 0.1 * lesson.level[0])
    weights = np.where(lesson.known > 0, lesson.level[0] / np.maximum(size, 1e-9), 0.0)
    inputs = np.c_[np.ones(rows), lesson.inputs]
    gram, moment = np.zeros((width + 1, width + 1)), np.zeros((width + 1, offsets.shape[1]))
    decay, every = 0.5 ** (1 / MEMORY), max(4, rows // 100)
    predicted = np.full((rows, offsets.shape[1] * len(rules.PENALTIES)), np.nan)
    learnt, fitted, beta = 0, -every, None
    for row in range(rows):
        known = int(lesson.known[row])
        if known >= fitted + every and known >= _LEAST:
            _learn(gram, moment, inputs[learnt:known], target[learnt:known], weights[learnt:known], decay)
            learnt = fitted = known
            beta = _solve(gram, moment, lesson.lead)
        if beta is not None:
            predicted[row] = lesson.sold[row] + np.tile(offsets[row], len(rules.PENALTIES)) + inputs[row] @ beta
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
    """Coefficients on standardised inputs, shrunken towards none; the intercept is shrunken by half an event."""
    mass = gram[0, 0]
    if mass <= 0:
        return np.tile(np.zeros_like(moment), len(rules.PENALTIES))
    mean = gram[0, 1:] / mass
    deviation = np.sqrt(np.maximum(np.diag(gram)[1:] / mass - mean**2, 0.0)) + 1e-3
    centred = (gram[1:, 1:] - mass * np.outer(mean, mean)) / np.outer(deviation, deviation)
    goal = (moment[1:] - np.outer(mean, moment[0])) / deviation[:, None]
    found = []
    for penalty in rules.PENALTIES:
        shrinkage = penalty * (1 + lead / _PENALTY_DAYS) * np.eye(len(mean))
        slopes = np.linalg.solve(centred + shrinkage, goal) / deviation[:, None]
        found.append(np.vstack([moment[0] / (mass + 0.5) - mean @ slopes, slopes]))
    return np.hstack(found)
