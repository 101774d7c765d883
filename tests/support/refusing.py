"""What it takes to refuse files: the ingest's look, trial and parser over them, in a process whose peaks are read."""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
_MIB_OF_KIB = 1024


class Refused(NamedTuple):
    """What became of one file."""

    code: str
    """The code of its refusal, or ``read``."""
    seconds: float
    own_mib: float
    """How far the process's peak of resident memory was above that after reading an honest file."""
    child_mib: float
    """Peak of resident memory of the processes in which the parser tried a file, so far."""


def refuse(path: str) -> str:
    """Take a file as the ingest's steps do. The code of its refusal, or ``read``."""
    from marquee.sales.workbooks import inspection, parsing, trial
    from marquee.sales.workbooks.looks import NotAWorkbook

    try:
        with Path(path).open("rb") as file:
            found = inspection.inspect(file, Path(path).stat().st_size)
        if not found.certain:
            trial.attempt(path, found)
        parsing.parse(path, currency="EUR", latest=date(2026, 12, 31), from_1904=found.from_1904)
    except NotAWorkbook as error:
        return error.code
    return "read"


def measured(honest: Path, files: Sequence[Path]) -> list[Refused]:
    """Refuse the files one after another, in one new process that read the honest file first."""
    paths = [str(ROOT / "layers" / "core"), str(ROOT), *filter(None, sys.path)]
    program = f"import sys; sys.path[:] = {paths!r}; from tests.support import refusing; refusing.main()"
    command = [sys.executable, "-S", "-c", program, str(honest), *map(str, files)]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout
    return [Refused(*line) for line in json.loads(said)]


def main() -> None:
    """The program of the process that is measured."""
    # A new program begins with the peak of the process that started it, a copy of a process with what it uses now.
    copy = os.fork()
    if copy:
        _, status = os.waitpid(copy, 0)
        sys.exit(os.waitstatus_to_exitcode(status))
    _, honest, *files = sys.argv
    refuse(honest)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = []
    for path in files:
        began = time.perf_counter()
        code = refuse(path)
        seconds = time.perf_counter() - began
        peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        found.append([code, seconds, (peaks[0] - before) / _MIB_OF_KIB, peaks[1] / _MIB_OF_KIB])
    print(json.dumps(found))
