"""`make backtest DATA=file.csv.gz`: exits 0 if our method is the lowest at every horizon, 1 if not, 2 on bad input."""

import sys
from pathlib import Path

from local.backtest import reading, replaying, report
from local.backtest.classical import Array, predictions
from marquee.demand.models import Curve

_LEAST = 40  # events: fewer leave nothing to score after the burn-in


def main(arguments: list[str]) -> int:
    """Replay the file that is named; print the report."""
    if len(arguments) != 1 or not arguments[0]:
        print("error: name one file: make backtest DATA=file.csv.gz", file=sys.stderr)
        return 2
    path = Path(arguments[0])
    try:
        curves = reading.read(path)
        results = _replayed(path, curves)
    except reading.BadInput as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for line in report.lines(results, curves[0].facts.capacity):
        print(line)
    return 0 if report.lowest_everywhere(results) else 1


def _replayed(path: Path, curves: list[Curve]) -> dict[int, dict[str, Array]]:
    if len(curves) < _LEAST:
        raise reading.BadInput(f"{path}: has {len(curves)} events; a back-test needs {_LEAST}")
    days, reached = replaying.table(curves)
    _, chosen = predictions(days, reached, replaying.HORIZONS, replaying.burn_in(len(curves)))
    first, last = curves[0].facts, curves[-1].facts
    print(f"{len(curves)} events from {first.day} to {last.day}, capacity {first.capacity}")
    print(f"scored once {replaying.burn_in(len(curves))} are finished, trained every {replaying.cadence(days)} days")
    parameters = ", ".join(f"{method} {parameter}" for method, parameter in chosen.items() if parameter)
    print(f"of the classical methods, chosen on the events before: {parameters}")
    results = replaying.replay(curves)
    for horizon, columns in results.items():
        if not columns["final"].sum():
            raise reading.BadInput(f"{path}: leaves no sales to score {horizon} days before after the burn-in")
    return results


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
