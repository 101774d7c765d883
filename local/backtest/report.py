"""The back-test's figures and how they are told."""

from collections.abc import Iterator, Mapping

import numpy as np

from local.backtest.classical import Array
from local.backtest.replaying import HINDSIGHT, OURS

_BESIDE = ("final", "low", "high", HINDSIGHT)


def figures(final: Array, predicted: Array) -> tuple[float, float, float]:
    """MAE and bias in fractions of capacity (bias: predicted minus final), and WAPE."""
    error = predicted - final
    return float(np.abs(error).mean()), float(np.abs(error).sum() / final.sum()), float(error.mean())


def coverage(columns: Mapping[str, Array]) -> float:
    """The share of finals inside our interval."""
    return float(((columns["low"] <= columns["final"]) & (columns["final"] <= columns["high"])).mean())


def compared(results: Mapping[int, Mapping[str, Array]]) -> dict[int, dict[str, float]]:
    """Each method's WAPE at each horizon."""
    return {
        horizon: {name: figures(columns["final"], one)[1] for name, one in columns.items() if name not in _BESIDE}
        for horizon, columns in results.items()
    }


def lowest_everywhere(results: Mapping[int, Mapping[str, Array]]) -> bool:
    """Whether our WAPE is below every classical method's at every horizon."""
    return all(_gain(methods) > 0 for methods in compared(results).values())


def lines(results: Mapping[int, Mapping[str, Array]], capacity: int) -> Iterator[str]:
    """The table, who is lowest at each horizon, and the average gain over the best classical method."""
    yield f"{'days':>4}  {'method':<15}{'events':>7}{'MAE':>9}{'WAPE':>9}{'bias':>9}{'coverage':>10}"
    for horizon, columns in results.items():
        for name, predicted in columns.items():
            if name in _BESIDE:
                continue
            mae, wape, bias = figures(columns["final"], predicted)
            inside = f"{coverage(columns):>10.1%}" if name == OURS else ""
            shown = f"{mae * capacity:>9.2f}{wape:>9.2%}{bias * capacity:>9.2f}"
            yield f"{horizon:>4}  {name:<15}{len(predicted):>7}{shown}{inside}"
    for horizon, methods in compared(results).items():
        best = min((name for name in methods if name != OURS), key=lambda name: methods[name])
        leader = min(methods, key=lambda name: methods[name])
        yield f"{horizon} days before: lowest is {leader}; best classical {best}, gain {100 * _gain(methods):.1f} %"
    later = [
        1 - figures(one["final"], one[OURS])[1] / figures(one["final"], one[HINDSIGHT])[1] for one in results.values()
    ]
    yield f"with each horizon's best classical method and parameter in hindsight: {100 * sum(later) / len(later):.1f} %"
    gains = [_gain(methods) for methods in compared(results).values()]
    yield f"average gain over the best classical method: {100 * sum(gains) / len(gains):.1f} %"


def _gain(methods: Mapping[str, float]) -> float:
    return 1 - methods[OURS] / min(wape for name, wape in methods.items() if name != OURS)
