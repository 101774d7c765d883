"""What the Hub brings about on Main: its occurrences, active, archived or cancelled.

Every write carries the sequence of the Hub's publication that it is made for (`hub_sequence`) and is made under the
condition that this is the present one; `hub_changed` is the sequence that last changed the status.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from marquee import clock
from marquee.errors import Conflict
from marquee.events import repository, rules, service
from marquee.events.models import EventMeta, Item

_ATTEMPTS = 20
Checks = Sequence[dict[str, Any]]


def held(tenant: str, eids: Iterable[str]) -> dict[str, Item]:
    """Those of these events that Main has, as stored now, by id."""
    return {str(item["eid"]): item for item in repository.several(tenant, eids, consistent=True)}


def take(
    tenant: str, eid: str, meta: EventMeta, registry_version: int, sequence: int, checks: Checks, held: Item | None
) -> str:
    """Bring Main's copy to the Registry's version, and make it active.

    `held` is the event as it was read. Safe to repeat. Gives ``created``, ``updated`` or ``current``. Raises
    `ddb.CheckFailed`, Conflict.
    """
    before = held
    for _ in range(_ATTEMPTS):
        now = clock.timestamp()
        if before is None:
            item = rules.new_item(tenant, eid, meta, registry_version, now)
            if repository.create(tenant, {**item, **rules.hub_status("active", sequence)}, checks):
                return "created"
        else:
            changes = rules.hub_taken(before, meta, registry_version, sequence)
            if not changes:
                return "current"
            try:
                repository.update(tenant, before, {**changes, "updated_at": now}, checks)
            except repository.VersionMoved:
                pass
            else:
                return "updated"
        before = repository.get(tenant, eid)
    raise Conflict("event.contended", "The event is being changed by others. Try again.")


def change_status(
    tenant: str, eid: str, status: str, sequence: int, checks: Checks, *, only_from: str | None = None
) -> bool:
    """Give Main's event a status; with `only_from`, only where it has that one. False where it has it already.

    Raises NotFound, Conflict, `ddb.CheckFailed`.
    """
    changed = False

    def change(before: Item) -> Item | None:
        nonlocal changed
        changed = before["status"] != status and only_from in {None, before["status"]}
        return {**rules.hub_status(status, sequence), "updated_at": clock.timestamp()} if changed else None

    service.rewritten(tenant, eid, change, checks)
    return changed


def cancel(tenant: str, eid: str, sequence: int, checks: Checks) -> None:
    """Cancel Main's event, its campaigns paused with it. Safe to repeat. Raises as `change_status` does."""

    def change(before: Item) -> Item | None:
        if is_cancelled(before):
            return None
        paused = rules.campaigns_paused(before)
        return {**paused, **rules.hub_status("cancelled", sequence), "updated_at": clock.timestamp()}

    service.rewritten(tenant, eid, change, checks)


def is_cancelled(item: Item) -> bool:
    """Whether all that `cancel` does to an event is done."""
    return item["status"] == "cancelled" and not rules.campaigns_paused(item)
