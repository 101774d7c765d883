"""Letting the parser loose on a file in a process of its own, with bounds that the system enforces.

The parser is native code: where a file makes it ask for more memory than there is, it takes its process down, and where
it runs in circles nothing can stop it from within. What it does with a file is therefore tried first in a child that is
allowed the memory and the time that an honest file of this content takes.
"""

import subprocess
import sys

import orjson

from marquee.sales.workbooks import naming, trial_child
from marquee.sales.workbooks.looks import (
    Inspection,
    damaged,
    password_protected,
    rectangle_fits,
    too_demanding,
    too_spread_out,
)
from marquee.settings import child_environment

_WAITING = 30
"""Seconds of waiting per processor second that is allowed, on a machine with other work."""
_MOST_WAITING = 200
"""Seconds that a trial may take in all; the step has 300."""


def attempt(path: str, found: Inspection) -> None:
    """Read the file at `path` to its end in a child process.

    Raises NotAWorkbook where the parser refuses the file, dies of it, or takes more than `found` lets one expect.
    """
    with naming.named(path, found.kind) as named:
        command = [
            sys.executable,
            "-I",
            "-S",
            trial_child.__file__,
            named,
            str(found.memory),
            str(found.seconds),
            *filter(None, sys.path),
        ]
        try:
            # The child has none of this process's credentials and nothing to say to the outside.
            done = subprocess.run(  # noqa: S603 - our own program, with a path that we chose
                command,
                env=child_environment(),
                capture_output=True,
                check=False,
                timeout=min(_MOST_WAITING, _WAITING * found.seconds),
            )
        except subprocess.TimeoutExpired as error:
            raise too_demanding() from error
    raise_for(done.returncode, done.stdout)


def raise_for(code: int, said: bytes) -> None:
    """Raises NotAWorkbook where a child that ended with this exit code and these words did not read the file."""
    answer = orjson.loads(said) if said else {}
    match answer.get("outcome"):
        case "password":
            raise password_protected()
        case "unreadable":
            raise damaged("The file is damaged: it cannot be read.")
        case "read" if not code:
            _check(answer["sheets"])
        case _:
            raise too_demanding()


def _check(sheets: list[tuple[int, int]]) -> None:
    """What was really read: the look may have been mistaken in what the parser makes of a file."""
    for rows, columns in sheets:
        if not rectangle_fits(rows, columns, rows * columns):
            raise too_spread_out(rows, columns, rows * columns)
