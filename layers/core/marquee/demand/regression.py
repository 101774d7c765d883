"""Ridge regression of the pick-up, replayed: each event is predicted from those finished before. Needs numpy."""

import numpy as np

from marquee.demand import rules
from marquee.demand.history import Array
from marquee.demand.lessons import Lesson

MEMORY = 300.0  # half-life of an event's weight, in events

_PENALTY, _PENALTY_DAYS = 20.0, 10.0
_LEAST = 8


def replay(lesson: Lesson) -> tuple[Array, Array]:
    """Each event's final as each regression would have predicted it, and the coefficients learnt from all events.

    NaN where too little was known. Events of neighbouring days share their errors, the more days are to come the
    more, so the penalty grows with the lead. A large event's error weighs by its size, not by its square.
    """
    rows, width = lesson.inputs.shape
    offsets = np.stack([lesson.advanced[one] for one in rules.OFFSETS], 1)
    target = (lesson.final - lesson.sold)[:, None] - offsets
    size = np.maximum(lesson.sold + lesson.advanced[3], 0.1 * lesson.usual)
    weights = np.where(lesson.known > 0, lesson.usual / np.maximum(size, 1e-9), 0.0)
    inputs = np.c_[np.ones(rows), lesson.inputs]
    gram, moment = np.zeros((width + 1, width + 1)), np.zeros((width + 1, len(rules.OFFSETS)))
    decay, every = 0.5 ** (1 / MEMORY), max(3, rows // 150)
    predicted = np.full((rows, len(rules.OFFSETS)), np.nan)
    learnt, fitted, beta = 0, -every, None
    for row in range(rows):
        known = int(lesson.known[row])
        if known >= fitted + every and known >= _LEAST:
            _learn(gram, moment, inputs[learnt:known], target[learnt:known], weights[learnt:known], decay)
            learnt = fitted = known
            beta = _solve(gram, moment, lesson.lead)
        if beta is not None:
            predicted[row] = lesson.sold[row] + offsets[row] + inputs[row] @ beta
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
        return np.zeros_like(moment)
    mean = gram[0, 1:] / mass
    deviation = np.sqrt(np.maximum(np.diag(gram)[1:] / mass - mean**2, 0.0)) + 1e-3
    centred = (gram[1:, 1:] - mass * np.outer(mean, mean)) / np.outer(deviation, deviation)
    penalty = _PENALTY * (1 + lead / _PENALTY_DAYS) * np.eye(len(mean))
    slopes = np.linalg.solve(centred + penalty, (moment[1:] - np.outer(mean, moment[0])) / deviation[:, None])
    slopes /= deviation[:, None]
    return np.vstack([moment[0] / (mass + 0.5) - mean @ slopes, slopes])
