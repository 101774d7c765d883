"""Use cases of reconciliation: Main and Registry are compared, and brought back in line where they have drifted.

Main is the authority for the frontend status, the Registry for metadata. Every repair is one that may be repeated, and
counts only when both hosts, read again, agree.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import orjson

from marquee import clock, measures, workflows
from marquee.errors import DomainError
from marquee.events import service as events
from marquee.events.models import Item
from marquee.observability import logger
from marquee.reconcile import rules, storage
from marquee.reconcile.models import Child, Drift, Failure, Outcome, Page, Retaken, Tally, Tenants
from marquee.registry import service as own_registry
from marquee.registry.models import RegistryHost, RegistryView
from marquee.statuses import service as statuses

PAGE = 100
_TENANTS_PAGE = 500


def retake_pending(settle_seconds: int, so_far: Retaken) -> Retaken:
    """Bring the oldest changes that Main has not taken for `settle_seconds` over from our Registry, a page of them.

    One that cannot be taken keeps its mark, and is met again at the next run; `more` is False where only such are left.
    """
    older_than = clock.rfc3339(clock.now() - timedelta(seconds=settle_seconds))
    pending = own_registry.pending(older_than, PAGE)
    taken = sum(_retaken(tenant, eid) for tenant, eid in pending)
    failed = len(pending) - taken
    # Those that failed before are met again: they are neither found nor failed twice.
    again = min(failed, so_far["failed"])
    found = len(pending) - again
    measures.count({"HostDrift": found, "HostDriftRepaired": taken, "HostDriftUnrepaired": failed - again})
    return {
        "found": so_far["found"] + found,
        "retaken": so_far["retaken"] + taken,
        "failed": so_far["failed"] + failed - again,
        "more": len(pending) == PAGE and taken > 0,
    }


def _retaken(tenant: str, eid: str) -> bool:
    try:
        meta, version = own_registry.describe(tenant, eid)
        events.take_from_registry(tenant, eid, meta, version)
        own_registry.mark_taken(tenant, eid, version)
    except Exception:  # noqa: BLE001 - one event must not stop the others; its mark stays
        logger().exception("pending_not_retaken", extra={"tenant": tenant, "eid": eid})
        return False
    return True


def list_tenants(execution: str, after: str | None) -> Tenants:
    """A page of tenants, each with the name of its execution: the same names for the same execution, when repeated."""
    found, following = events.tenants(after, _TENANTS_PAGE)
    children: list[Child] = [
        {"tenant": tenant, "name": workflows.execution_name(execution, "tenant", tenant)} for tenant in found
    ]
    return {
        "children": children,
        "after": following,
        "next_name": workflows.execution_name(execution, "after", following or ""),
    }


def compare(host: RegistryHost, tenant: str, after: str | None, settle_seconds: int, tally: Tally) -> Page:
    """Compare a page of the tenant's events. Nothing is changed."""
    items, following = events.reconcilable(tenant, after, PAGE)
    views = host.frontend_views(tenant, [item["eid"] for item in items])
    found = rules.drifts(items, views, clock.now(), settle_seconds)
    return {"tally": rules.compared(tally, len(items), found), "drifts": found, "after": following}


def repair(host: RegistryHost, tenant: str, drifts: Sequence[Drift], settle_seconds: int, tally: Tally) -> Tally:
    """Repair what can be repaired, then look whether it is. Safe to repeat: what was repaired before is found so."""
    errors = [_attempt(host, tenant, drift) for drift in drifts]
    outcomes = _verified(host, tenant, drifts, errors, settle_seconds)
    for one in outcomes:
        told = {key: one[key] for key in ("eid", "kind", "repaired", "error")}
        logger().info("drift", extra={"tenant": tenant, **told})
    return rules.repaired(tally, outcomes)


def _attempt(host: RegistryHost, tenant: str, drift: Drift) -> str | None:
    """Repair one disagreement; gives the code of the error that prevented it."""
    if drift["kind"] not in rules.REPAIRABLE:
        return "reconcile.not_repairable"
    try:
        if drift["kind"] == "frontend":
            state = statuses.reassert_frontend_status(tenant, drift["eid"], rules.above(drift))
            host.take_frontend_state(tenant, drift["eid"], state)
        else:
            _take_metadata(host, tenant, drift["eid"])
    except Exception as error:  # noqa: BLE001 - one event must not stop the others
        logger().exception("not_repaired", extra={"tenant": tenant, "eid": drift["eid"], "kind": drift["kind"]})
        return _code(error)
    return None


def _take_metadata(host: RegistryHost, tenant: str, eid: str) -> None:
    described, version = host.describe(tenant, eid)
    if described["hub_event_id"] is None:  # somebody else's Registry does not know it
        described["hub_event_id"] = orjson.loads(events.stored(tenant, eid)["doc"])["hub_event_id"]
    events.take_from_registry(tenant, eid, described, version)


def _verified(
    host: RegistryHost, tenant: str, drifts: Sequence[Drift], errors: Sequence[str | None], settle_seconds: int
) -> list[Outcome]:
    """Each disagreement with what became of it: repaired is what two fresh reads agree about."""
    tried = {drift["eid"] for drift, error in zip(drifts, errors, strict=True) if error is None}
    views: Mapping[str, RegistryView | None] = {}
    items: dict[str, Item] = {}
    unread = None
    try:
        views = host.frontend_views(tenant, sorted(tried))
        items = {eid: events.stored(tenant, eid) for eid in tried}
    except Exception as unavailable:  # noqa: BLE001 - what cannot be verified is not counted as repaired
        logger().exception("not_verified", extra={"tenant": tenant})
        unread = _code(unavailable)
    now = clock.now()
    outcomes: list[Outcome] = []
    for drift, error in zip(drifts, errors, strict=True):
        code = error or unread
        if code is None and not rules.is_repaired(drift, items[drift["eid"]], views, now, settle_seconds):
            code = "reconcile.still_differs"
        outcomes.append({**drift, "repaired": code is None, "error": code})
    return outcomes


def _code(error: Exception) -> str:
    return error.code if isinstance(error, DomainError) else f"internal.{type(error).__name__}"


def report(tenant: str, execution: str, started_at: str, tally: Tally, failure: Failure | None) -> dict[str, Any]:
    """Keep the run's report, count its metrics, and give it with its place in the bucket.

    A repeated step keeps it once and may count it twice.
    """
    found = rules.report(tenant, execution, started_at, clock.timestamp(), tally, failure)
    key = storage.put(found)
    measures.count(rules.counts(found), tenant=tenant, execution=execution)
    return {**found, "report": key}
