"""What steps that failed for single campaigns are told as: the platforms' own words, or why nothing is known."""

from collections.abc import Mapping, Sequence
from typing import Any

from marquee.executions import service as executions


def told(outcomes: Sequence[Mapping[str, Any]]) -> list[str]:
    """A sentence for each of these outcomes: refusals speak themselves, errors are told as far as they are for people.

    An outcome is what a step answered, or `{"error": {"Error", "Cause"}}` of one that failed for good.
    """
    found = [str(one["message"]) if "message" in one else _error(one.get("error") or {}) for one in outcomes]
    return list(dict.fromkeys(found))


def _error(error: Mapping[str, Any]) -> str:
    return executions.told(str(error.get("Error", "")), str(error.get("Cause", "")))
