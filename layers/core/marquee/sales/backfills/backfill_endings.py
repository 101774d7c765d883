"""How a back-fill ends that was stopped: it starts no further ingest, and those that run are stopped and closed."""

from marquee import clock, workflows
from marquee.sales.backfills import backfill, backfill_notes
from marquee.sales.ingests import endings

_INGEST = "sales_ingest"
_CAUSE = "execution.cancelled: The back-fill it belongs to was cancelled."


def cancelled(tenant: str, name: str) -> None:
    """Stop and close the ingests of a stopped back-fill; repeated, it changes nothing.

    Files that were taken stay taken.
    """
    backfill_notes.stop(tenant, name, clock.timestamp())
    for note in backfill_notes.all_of(tenant, name):
        if note["status"] == "RUNNING" and note["execution"] is not None:
            _stop(tenant, note["execution"])
            told = "The back-fill was cancelled while this file was being taken. Its ingest says what was."
            backfill_notes.put(tenant, name, backfill.given_up(note, "CANCELLED", "ingest.cancelled", told))


def _stop(tenant: str, execution: str) -> None:
    described = workflows.describe(_INGEST, execution)
    if described is not None and described["status"] == "RUNNING":
        workflows.stop(described["executionArn"], "Cancelled", _CAUSE)
    # Also where it was not started yet: it then opens no ingest.
    endings.cancelled(tenant, execution)
