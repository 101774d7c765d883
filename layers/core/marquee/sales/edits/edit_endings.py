"""How an edit ends that was not finished: what its ledger says then stays true, whoever is still at work on it."""

from marquee.sales import repository
from marquee.sales.ingests import endings
from marquee.sales.models import IngestReason, Item

_AGAIN = "Send the file again: rows that were changed count as unchanged then, and the others are changed."


def interrupted(tenant: str, ingest_id: str) -> IngestReason:
    """Note in the ledger that an edit did not finish through no fault of its file; gives what was noted."""
    stored = repository.ingest(tenant, ingest_id) or {}
    happened = "Something went wrong on our side"
    reason: IngestReason = {"code": "ingest.interrupted", "message": _message(tenant, ingest_id, stored, happened)}
    repository.update(tenant, ingest_id, endings.failed(reason))
    return reason


def cancelled(tenant: str, execution: str) -> None:
    """End the edit of a stopped execution; repeated, it changes nothing.

    An edit that has ended, or that a later execution has taken up, is left to that.
    """
    stored = endings.stopped(tenant, execution)
    if stored is not None:
        message = _message(tenant, stored["ingest_id"], stored, "The edit was cancelled")
        endings.end_cancelled(tenant, stored, message)


def _message(tenant: str, ingest_id: str, stored: Item, happened: str) -> str:
    """What is true of the edit's events for good, whatever is still at work on them."""
    events = stored.get("events", [])
    taken = [endings.is_in_for_good(tenant, eid, ingest_id) for eid in events]
    if not any(taken):
        return f"{happened}, and nothing was changed. {_AGAIN}"
    return f"{happened} after the sales of {sum(taken)} of {len(events)} events were changed. {_AGAIN}"
