"""`make backtest DATA=file.csv.gz`: exit status 0 if our method is the lowest at every horizon, 1 if not, 2 on bad input."""

import sys
from pathlib import Path

from local.backtest import reading, replaying, report

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


def _replayed(path: Path, curves: list[reading.Curve]) -> dict[int, dict[str, replaying.Array]]:
    if len(curves) < _LEAST:
        raise reading.BadInput(f"{path}: has {len(curves)} events; a back-test needs {_LEAST}")
    days, _ = replaying.table(curves)
    print(
        f"{len(curves)} events from {curves[0].facts.day} to {curves[-1].facts.day}, capacity {curves[0].facts.capacity}"
    )
    print(
        f"an event counts from {replaying.burn_in(len(curves))} finished ones; trained every {replaying.cadence(days)} days"
    )
    print("windows and smoothing of the classical methods: each time those with the least error so far")
    results = replaying.replay(curves)
    for horizon, columns in results.items():
        if not columns["final"].sum():
            raise reading.BadInput(f"{path}: leaves no sales to score {horizon} days before after the burn-in")
    return results


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
