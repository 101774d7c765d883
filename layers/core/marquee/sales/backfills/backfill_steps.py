"""The steps of the `sales_backfill` machine. Each repeats safely: the same input has the same effect, once.

A file is taken by an execution of `sales_ingest` whose name derives from the back-fill, the file and the attempt, so
that a repeated step finds the one it has started. What came of it is noted file by file; no state holds a list.
"""

from collections.abc import Iterator

import orjson

from marquee import clock, workflows
from marquee.sales import repository, rules, storage
from marquee.sales.backfills import backfill, backfill_notes
from marquee.sales.backfills.backfill_models import Dropped, Note, Order, Outcome, Summary

_INGEST = "sales_ingest"
_SECOND = len("2026-06-12T18:30:00")
_FAILED = ("ingest.interrupted", "Something went wrong on our side, and nothing of this file was taken. Run it again.")
_NOT_TAKEN = ("backfill.not_taken", "The file was not taken up. Run the back-fill again.")
_UNFINISHED = ("backfill.unfinished", "What became of the file is not known yet. Look at its execution.")
_CANCELLED = ("ingest.cancelled", "The back-fill was cancelled before this file was taken.")


def open_order(order: Order) -> Outcome:
    """Note that the back-fill has begun. Outcome: OPENED."""
    backfill_notes.open_order(order)
    return {"outcome": "OPENED"}


def begin(order: Order, key: str, etag: str, attempt: int) -> Outcome:
    """Note that a file is taken up, and say how.

    Outcomes: START with the name and the input of its execution; DONE where there is nothing to start: it is noted
    already, it is no file, or the back-fill was stopped.
    """
    tenant, name = order["tenant"], order["backfill"]
    if not backfill.is_file(key):
        return {"outcome": "DONE"}
    file = key.removeprefix(backfill.folder(tenant))
    place = rules.parse_drop_key(key)
    if place is None:
        message = "Files to be taken belong under backfill/<tenant>/<event>/<file>."
        ignored = backfill.new_note(file, etag, "IGNORED", code="drop.no_place", message=message)
        backfill_notes.put(tenant, name, ignored)
        return {"outcome": "DONE"}
    execution = workflows.execution_name(name, key, etag, str(attempt))
    note = backfill.new_note(file, etag, "RUNNING", attempt=attempt, execution=execution)
    if not backfill_notes.put(tenant, name, note):
        return {"outcome": "DONE"}
    # First noted, then looked: whoever stops the back-fill marks it first and reads the notes then.
    if backfill_notes.is_stopped(tenant, name):
        backfill_notes.put(tenant, name, backfill.given_up(note, "CANCELLED", *_CANCELLED))
        return {"outcome": "DONE"}
    given = {
        "tenant": tenant,
        "eid": place[1],
        "mode": order["mode"],
        "detail": {"bucket": {"name": order["bucket"]}, "object": {"key": key}},
    }
    return {"outcome": "START", "name": execution, "input": given}


def note(order: Order, key: str, result: Outcome | None) -> Outcome:
    """Note what became of a file. `result` is what its execution gave; without it, the execution is looked at.

    Outcomes: DONE; LOOK where it runs still; AGAIN with the next attempt where it failed and may be tried again.
    """
    tenant, name = order["tenant"], order["backfill"]
    stored = backfill_notes.get(tenant, name, key.removeprefix(backfill.folder(tenant)))
    if stored is None or stored["status"] != "RUNNING":
        return {"outcome": "DONE"}
    status, result = ("SUCCEEDED", result) if result else _looked_up(stored)
    if status == "RUNNING":
        return {"outcome": "LOOK"}
    concluded = backfill.concluded(stored, result or {})
    if concluded is None:
        if backfill_notes.is_stopped(tenant, name):
            concluded = backfill.given_up(stored, "CANCELLED", *_CANCELLED)
        elif stored["attempt"] < backfill.ATTEMPTS:
            return {"outcome": "AGAIN", "attempt": stored["attempt"] + 1}
        else:
            concluded = _failed(tenant, stored)
    backfill_notes.put(tenant, name, concluded)
    return {"outcome": "DONE"}


def _looked_up(stored: Note) -> tuple[str, Outcome | None]:
    """Status of a file's execution, and its result; that of one that was never started is nothing."""
    described = workflows.describe(_INGEST, stored["execution"] or "")
    if described is None:
        return "", None
    status = str(described["status"])
    return status, orjson.loads(described["output"]) if status == "SUCCEEDED" else None


def _failed(tenant: str, stored: Note) -> Note:
    ingest_id = backfill_notes.ingest_of(tenant, stored["execution"] or "")
    ingest = repository.ingest(tenant, ingest_id) if ingest_id else None
    reason = (ingest or {}).get("reason")
    code, message = (reason["code"], reason["message"]) if reason else _FAILED
    return {**backfill.given_up(stored, "FAILED", code, message), "ingest_id": ingest_id}


def summarise(order: Order) -> Summary:
    """Count what became of all files, those included of which no step has noted the end."""
    tenant, name = order["tenant"], order["backfill"]
    known: set[str] = set()
    for stored in backfill_notes.all_of(tenant, name):
        known.add(stored["file"])
        if stored["status"] == "RUNNING":
            _conclude(order, stored)
    for dropped in files(order["bucket"], order["prefix"]):
        file = dropped["key"].removeprefix(backfill.folder(tenant))
        # What came after the back-fill had begun may not have been in its listing.
        if file not in known and dropped["last_modified"][:_SECOND] <= order["started_at"][:_SECOND]:
            missed = backfill.new_note(file, dropped["etag"], "FAILED")
            backfill_notes.put(tenant, name, backfill.given_up(missed, "FAILED", *_NOT_TAKEN))
    return backfill.summary(backfill_notes.all_of(tenant, name))


def _conclude(order: Order, stored: Note) -> None:
    """Note the end of a file whose own steps did not."""
    key = backfill.folder(order["tenant"]) + stored["file"]
    if note(order, key, None)["outcome"] != "DONE":
        backfill_notes.put(order["tenant"], order["backfill"], backfill.given_up(stored, "FAILED", *_UNFINISHED))


def files(bucket: str, prefix: str) -> Iterator[Dropped]:
    """The files below a prefix, in the order of their names."""
    for key, etag, last_modified in storage.listed(bucket, prefix):
        if backfill.is_file(key):
            yield {"key": key, "etag": etag, "last_modified": clock.rfc3339(last_modified)}
