"""What a step of a machine says where a file is refused: an outcome for the next step, not an error."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from marquee.sales.storage import FileReplaced
from marquee.sales.workbooks.looks import NotAWorkbook

Outcome = dict[str, Any]


def told(outcome: str, code: str, message: str) -> Outcome:
    """An outcome with a stable code and a sentence."""
    return {"outcome": outcome, "code": code, "message": message}


@contextmanager
def refusals() -> Iterator[Outcome]:
    """Turns a refusal of the whole file into the outcome it gives."""
    outcome: Outcome = {}
    try:
        yield outcome
    except NotAWorkbook as error:
        outcome.update(told("REJECTED", error.code, error.message))
    except FileReplaced:
        outcome.update(told("REJECTED", "file.replaced", "The file was replaced or removed while it was being read."))
