"""The classical methods, as fractions of capacity. Each sees the finals that were known at its day and no other.

Where a method has a parameter, each prediction uses the value with the least total error so far at that horizon, over
the events that were finished by then.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

WINDOWS = (14, 28, 56, 112, 0)  # the latest finished events; 0 is all of them
ALPHAS = (0.05, 0.1, 0.2, 0.3, 0.5)


def known(days: Indices, horizon: int) -> Indices:
    """For each event, how many were finished `horizon` days before it; `days` are ascending ordinals."""
    return np.searchsorted(days, days - horizon, "right").astype(np.int64)


def predictions(days: Indices, reached: Array, horizon: int) -> dict[str, Array]:
    """Each method's final for each event, `horizon` days before it; NaN where nothing was finished."""
    finals, sold, before = reached[:, 0], reached[:, horizon], known(days, horizon)
    pickup = finals - sold

    def windowed(predict: Callable[[int, slice], float]) -> Array:
        options = [
            np.array(
                [
                    predict(row, slice(max(0, end - (size or end)), end)) if end else np.nan
                    for row, end in enumerate(before)
                ]
            )
            for size in WINDOWS
        ]
        return best_so_far(options, finals, before)

    return {
        "naive mean": np.array([finals[:end].mean() if end else np.nan for end in before]),
        "same weekday": np.array([_same_weekday(days, finals, row, end) for row, end in enumerate(before)]),
        "additive": windowed(lambda row, past: float(sold[row] + pickup[past].mean())),
        "multiplicative": windowed(
            lambda row, past: (
                float(sold[row] * finals[past].sum() / sold[past].sum())
                if sold[past].sum() > 0
                else float(finals[past].mean())
            )
        ),
        "smoothing": best_so_far([smoothed(finals, alpha)[before] for alpha in ALPHAS], finals, before),
    }


def smoothed(finals: Array, alpha: float) -> Array:
    """Simple exponential smoothing: item k is the level after the first k finals."""
    levels = np.full(len(finals) + 1, np.nan)
    for row, final in enumerate(finals):
        levels[row + 1] = final if row == 0 else alpha * final + (1 - alpha) * levels[row]
    return levels


def best_so_far(options: list[Array], finals: Array, before: Indices) -> Array:
    """For each event the option that had the least total absolute error over the events finished before."""
    errors = np.stack([np.nan_to_num(np.abs(one - finals)) for one in options])
    totals = np.concatenate([np.zeros((len(options), 1)), errors.cumsum(axis=1)], axis=1)
    chosen = totals[:, before].argmin(axis=0)
    best: Array = np.stack(options)[chosen, np.arange(len(finals))]
    return best


def _same_weekday(days: Indices, finals: Array, row: int, end: int) -> float:
    past = np.nonzero((days[row] - days[:end]) % 7 == 0)[0]
    return float(finals[past[-1]]) if len(past) else float(finals[:end].mean()) if end else float("nan")
