"""How good forecasts are on real booking curves: what `make backtest` prints, as a table."""

import os
import subprocess
import sys
from pathlib import Path

from tests.bench.measuring import ROOT

CURVES = Path(os.environ.get("DATA") or ROOT.parent / "shared" / "data" / "booking_curves_resort.csv.gz")


def section() -> str:
    """The part of the page. `DATA` names another file of sales than the resort's beside the repository."""
    command = [sys.executable, "-m", "local.backtest", str(CURVES)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode not in {0, 1}:
        raise RuntimeError(done.stderr)
    said = "lowest at every horizon" if done.returncode == 0 else "not lowest at every horizon"
    return (
        "## Forecasts\n\n"
        f"`make backtest` on `{CURVES.name}`, MAE and bias in tickets; exit status {done.returncode}: {said}.\n\n"
        f"```text\n{done.stdout.rstrip()}\n```\n"
    )
