"""One series of all the occurrences of an event of the Hub."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

from marquee import clock
from marquee.errors import Conflict
from marquee.ids import derived_id
from marquee.series import repository, rules

_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class Gathered:
    """The series (None where there is none) and the events that organisers put into other ones."""

    series_id: str | None
    elsewhere: list[str]


def gather(tenant: str, eids: Sequence[str], *parts: str) -> Gathered:
    """See that one series holds all these events, as many transactions as it takes; repeated, it changes nothing.

    A new series gets the id that `parts` always get. Events that are in another series stay there. Raises Conflict
    where others never stop writing.
    """
    own, attempt = derived_id("ser", tenant, *parts), 0
    while attempt < _ATTEMPTS:
        if attempt:
            time.sleep(random.uniform(0, min(0.01 * 2**attempt, 0.3)))  # noqa: S311 - full jitter, no secret
        attempt += 1
        view = repository.view(tenant, eids, also=[own])
        try:
            series_id, membership, elsewhere = rules.gathering(view, eids, own)
        except rules.Torn:
            continue
        if not membership.joining:
            return Gathered(series_id if membership.before else None, elsewhere)
        version = view.series[series_id]["version"] if series_id in view.series else 0
        if repository.write(tenant, series_id, version, membership, clock.timestamp()):
            attempt = 0
    raise Conflict("series.contended", "The series is being changed by others. Try again.")
