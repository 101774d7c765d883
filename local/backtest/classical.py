"""The classical methods, as fractions of capacity. Each sees the finals that were known at its day and no other.

A method's parameter is the one with the least mean WAPE over the horizons on the first part of the data, whose events
are not scored. `choices` says which.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

WINDOWS = (14, 28, 56, 112, 0)  # the latest finished events; 0 is all of them
ALPHAS = (0.05, 0.1, 0.2, 0.3, 0.5)


def known(days: Indices, horizon: int) -> Indices:
    """For each event, how many were finished `horizon` days before it; `days` are ascending ordinals."""
    return np.searchsorted(days, days - horizon, "right").astype(np.int64)


def options(days: Indices, reached: Array, horizon: int) -> dict[str, dict[str, Array]]:
    """Each method's final for each event, `horizon` days before it, by parameter; NaN where nothing was finished."""
    finals, sold, before = reached[:, 0], reached[:, horizon], known(days, horizon)
    additive, multiplicative = {}, {}
    for size in WINDOWS:
        name = f"{size} events" if size else "all events"
        past = [slice(max(0, end - (size or end)), end) for end in before]
        final, start = ([_mean(of[one]) for one in past] for of in (finals, sold))
        additive[name] = sold + np.array(final) - np.array(start)
        ratios = [one / two if two > 0 else 1.0 for one, two in zip(final, start, strict=True)]
        multiplicative[name] = sold * np.where(np.isnan(final), np.nan, ratios)
    return {
        "naive mean": {"": np.array([_mean(finals[:end]) for end in before])},
        "same weekday": {"": np.array([_same_weekday(days, finals, row, end) for row, end in enumerate(before)])},
        "additive": additive,
        "multiplicative": multiplicative,
        "smoothing": {f"alpha {alpha}": smoothed(finals, alpha)[before] for alpha in ALPHAS},
    }


def choices(found: Mapping[int, Mapping[str, Mapping[str, Array]]], finals: Array, first: int) -> dict[str, str]:
    """Each method's parameter with the least mean WAPE over the horizons on the `first` events."""
    chosen = {}
    for method, parameters in next(iter(found.values())).items():
        chosen[method] = min(
            parameters, key=lambda name: sum(_wape(one[method][name][:first], finals[:first]) for one in found.values())
        )
    return chosen


def predictions(
    days: Indices, reached: Array, horizons: Sequence[int], first: int
) -> tuple[dict[int, dict[str, Array]], dict[str, str]]:
    """For each horizon each method's finals, with its parameter chosen on the `first` events; and the parameters."""
    found = {horizon: options(days, reached, horizon) for horizon in horizons}
    chosen = choices(found, reached[:, 0], first)
    return {
        horizon: {method: parameters[chosen[method]] for method, parameters in methods.items()}
        for horizon, methods in found.items()
    }, chosen


def _wape(predicted: Array, finals: Array) -> float:
    """Over what could be predicted; 0 where nothing could."""
    seen = ~np.isnan(predicted)
    return float(np.abs(predicted - finals)[seen].sum() / max(finals[seen].sum(), 1e-9))


def _mean(values: Array) -> float:
    return float(values.mean()) if len(values) else float("nan")


def smoothed(finals: Array, alpha: float) -> Array:
    """Simple exponential smoothing: item k is the level after the first k finals."""
    levels = np.full(len(finals) + 1, np.nan)
    for row, final in enumerate(finals):
        levels[row + 1] = final if row == 0 else alpha * final + (1 - alpha) * levels[row]
    return levels


def _same_weekday(days: Indices, finals: Array, row: int, end: int) -> float:
    past = np.nonzero((days[row] - days[:end]) % 7 == 0)[0]
    return float(finals[past[-1]]) if len(past) else float(finals[:end].mean()) if end else float("nan")
