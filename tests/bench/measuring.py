"""How the benchmarks measure: peers interleaved in the same run, the median of per-round ratios."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Process:
    """What one run of a program took."""

    seconds: float
    peak_kib: int


def run_process(code: str, python_path: Sequence[Path], cwd: Path, more: Mapping[str, str] | None = None) -> Process:
    """Run `code` in a fresh interpreter that sees only these paths. Raises RuntimeError where it fails."""
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": os.pathsep.join(map(str, python_path)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "POWERTOOLS_SERVICE_NAME": "bench",
        **(more or {}),
    }
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys._base_executable, "-S", "-c", code],  # type: ignore[attr-defined]
        cwd=cwd,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    if process.returncode:
        raise RuntimeError(said.decode())
    return Process(seconds, usage.ru_maxrss)


def per_call(work: Callable[[], object], calls: int) -> float:
    """Seconds per call over `calls` calls."""
    began = time.perf_counter()
    for _ in range(calls):
        work()
    return (time.perf_counter() - began) / calls


def median_ratio(ours: Sequence[float], peer: Sequence[float]) -> float:
    """The median of ours/peer, round by round."""
    return statistics.median(mine / theirs for mine, theirs in zip(ours, peer, strict=True))
