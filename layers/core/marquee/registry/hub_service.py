"""What the Hub brings about at the Registry: the records of its occurrences.

A version that a publication writes here is carried to Main by the publication itself: it is marked (`hub_version`), and
no intake is started for it. Any later version is anybody's edit, and takes the usual way.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from marquee import clock
from marquee.errors import Conflict, NotFound
from marquee.events.models import EventMeta
from marquee.registry import repository, rules

MOST_TOGETHER = repository.CREATED_TOGETHER
Checks = Sequence[dict[str, Any]]
_ATTEMPTS = 20


def register(tenant: str, wanted: Mapping[str, EventMeta], sequence: int, checks: Checks) -> int:
    """Create or update these records, all or none, at most `MOST_TOGETHER`; those that are so already stay.

    What the Hub says nothing of (hall, ad category) stays as the Registry has it. Gives how many were written. Safe to
    repeat. Raises `ddb.CheckFailed` where one of the `checks` does not hold, and Conflict where others never stop
    writing.
    """
    for _ in range(_ATTEMPTS):
        stored = repository.get_many(tenant, wanted)
        at = clock.timestamp()
        pairs = [
            (stored.get(eid), rules.hub_record(tenant, eid, stored.get(eid), wanted[eid], sequence, at))
            for eid in wanted
        ]
        changed = [(before, after) for before, after in pairs if after is not None]
        if not changed or repository.put_together(changed, checks):
            return len(changed)
    raise Conflict("event.contended", "The events are being changed by others. Try again.")


def described(tenant: str, eids: Iterable[str]) -> dict[str, tuple[EventMeta, int]]:
    """The metadata of those of these events that are registered, and its version, by id."""
    found = repository.get_many(tenant, eids)
    return {eid: (orjson.loads(item["doc"]), int(item["version"])) for eid, item in found.items()}


def frontend_statuses(tenant: str, eids: Iterable[str]) -> dict[str, str | None]:
    """What the frontend last reported of these events, by id; those that are not registered are left out."""
    found = repository.get_many_with_frontend(tenant, eids)
    return {eid: rules.fe_status(frontend) for eid, (_, frontend) in found.items()}


def report_cancelled(tenant: str, eids: Sequence[str]) -> None:
    """`last_updated_on_fe`, from the Hub: these registered events, at most `MOST_TOGETHER`, are shown as CANCELLED.

    Raises NotFound where one is not registered.
    """
    if eids and not repository.write_frontends(tenant, eids, rules.cancelled(clock.timestamp())):
        raise NotFound("event.not_found", "One of the events is not registered.")
