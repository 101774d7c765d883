"""What executions of sales ask for when they are stopped or undone: apart from the reads, which most functions load."""

from collections.abc import Mapping
from typing import Any

from marquee import clock
from marquee.plans import Plan
from marquee.sales import repository
from marquee.sales.backfills import backfill_endings
from marquee.sales.clears import undo_service
from marquee.sales.edits import edit_endings
from marquee.sales.ingests import endings


def end_cancelled_edit(tenant: str, execution: str) -> None:
    """Bring the edit of a stopped execution of `sales_edit` to its end; repeated, it changes nothing."""
    edit_endings.cancelled(tenant, execution)


def end_cancelled_ingest(tenant: str, execution: str) -> None:
    """Bring the ingest of a stopped execution of `sales_ingest` to its end; repeated, it changes nothing."""
    endings.cancelled(tenant, execution)


def end_cancelled_backfill(tenant: str, execution: str) -> None:
    """Stop and close the ingests of a stopped execution of `sales_backfill`; repeated, it changes nothing."""
    backfill_endings.cancelled(tenant, execution)


def end_cancelled_clear(tenant: str, execution: str) -> None:
    """See that a stopped execution of `sales_clear` or `sales_undo` does nothing any more; what it has done stays."""
    repository.stop(tenant, execution, clock.timestamp())


def check_undo_clear(tenant: str, payload: Mapping[str, Any], *, succeeded: bool) -> None:
    """See that the clear with this input can be undone.

    Raises Conflict where it took nothing, or where the time for it is over.
    """
    undo_service.check(tenant, str(payload["eid"]), str(payload["clear_id"]), succeeded=succeeded)


def plan_undo_clear(tenant: str, payload: Mapping[str, Any], *, succeeded: bool) -> Plan:
    """What the undo of a clear would give back. Raises Conflict, Unprocessable or Unavailable where it cannot."""
    return undo_service.plan(tenant, str(payload["eid"]), str(payload["clear_id"]), succeeded=succeeded)
