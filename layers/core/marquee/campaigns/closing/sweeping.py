"""The step of the `closing_sweep` machine: events that are over, of one tenant after the other, are closed.

Those that never had a launch have nothing to be stopped and nothing to be attributed: they are closed here, up to 25 in
a transaction. Each of the others gets an execution of `event_closing`.
"""

from typing import Any

from typing_extensions import TypedDict

from marquee import clock
from marquee.campaigns.closing import repository
from marquee.events import closing_service
from marquee.events import service as events
from marquee.executions import service as executions
from marquee.observability import logger

_MACHINE = "event_closing"
TENANTS = 500
"""How many tenants a step looks at, at most."""
EVENTS = 100
"""How many events of a tenant a step looks at."""


class Place(TypedDict):
    """Where the sweep is: after this tenant, or within it, after the sort key `after` of its events that are due."""

    tenant: str
    after: str | None


def sweep(place: Place | None) -> dict[str, Any]:
    """Close the next events that are due, and say where to go on (None at the end).

    A step ends with the first tenant of which it closed something, so that each is short. What could not be closed is
    met again by the next sweep. Outcome: `closed` events, `started` executions and `failed` events.
    """
    now = clock.timestamp()
    if place is not None and place["after"] is not None:
        tenants, following = [place["tenant"]], place["tenant"]
        last = False
    else:
        tenants, after_all = events.tenants(place["tenant"] if place else None, TENANTS)
        following, last = (after_all or ""), after_all is None
    for number, tenant in enumerate(tenants):
        eids, after = closing_service.due(tenant, now, place["after"] if place else None, EVENTS)
        if not eids:
            continue
        found = _closed(tenant, eids, now)
        at_end = last and after is None and number == len(tenants) - 1
        return {**found, "next": None if at_end else {"tenant": tenant, "after": after}}
    nothing = {"closed": 0, "started": 0, "failed": 0}
    return {**nothing, "next": None if last else {"tenant": following, "after": None}}


def _closed(tenant: str, eids: list[str], now: str) -> dict[str, int]:
    """Close these events, or have each closed; one that fails stops no other."""
    plain = repository.never_launched(tenant, eids)
    closed = started = failed = 0
    try:
        closed = closing_service.close_together(tenant, list(plain), now, lambda some: [plain[eid] for eid in some])
    except Exception:  # noqa: BLE001 - they wait for the next sweep
        logger().exception("not_closed", extra={"tenant": tenant, "events": len(plain)})
        failed += len(plain)
    for eid in eids:
        if eid not in plain:
            try:
                started += begin(tenant, eid)
            except Exception:  # noqa: BLE001 - it waits for the next sweep
                logger().exception("closing_not_started", extra={"tenant": tenant, "eid": eid})
                failed += 1
    return {"closed": closed, "started": started, "failed": failed}


def begin(tenant: str, eid: str) -> bool:
    """See that an execution of `event_closing` runs for the event; whether this has started one."""
    name = executions.name_of(tenant, "closing", eid)
    return executions.begin_again(_MACHINE, name, {"tenant": tenant, "eid": eid}) is not None
