"""The steps of the `sales_ingest` machine up to the parsed rows. Each repeats safely, with the same effect.

What a person should hear (not a workbook, no such event) is an outcome, not an error. Rows travel in S3 only: a step
gets and gives ids, keys and counts.
"""

import io
from datetime import date, timedelta
from hashlib import sha256
from itertools import chain
from typing import get_args

import orjson

from marquee import clock
from marquee.errors import NotFound
from marquee.events import service as events
from marquee.ids import derived_id
from marquee.sales import repository, rules, storage
from marquee.sales.ingests import endings, ledger, mapping_service, workfile
from marquee.sales.ingests.outcomes import Outcome, refusals, told
from marquee.sales.models import IngestMode, IngestTask
from marquee.sales.storage import FileReplaced
from marquee.sales.workbooks import inspection, parsing, returned, trial
from marquee.sales.workbooks.parsing import Parsed
from marquee.sales.workbooks.reading import Run


def register(bucket: str, key: str, execution: str, chosen: IngestMode | None = None) -> Outcome:
    """Hash the dropped file and open its ledger. The mode is what was chosen for it, else what its metadata say.

    Outcomes: REGISTERED with the task for the steps that follow; UNCHANGED where these very bytes are
    among the event's figures; REJECTED for an event that is not the tenant's; IGNORED for an object that is no drop,
    or is gone again.
    """
    place = rules.parse_drop_key(key)
    if place is None:
        return told("IGNORED", "drop.no_place", "Reports belong under sales/<tenant>/<event>/<file>.")
    tenant, eid, name = place
    try:
        digest = storage.digest(bucket, key)
    except FileReplaced:
        return told("IGNORED", "drop.gone", "The file was removed before it could be read.")
    ingest_id = derived_id("ing", tenant, eid, digest.sha256)
    wanted = chosen or digest.mode or "partial"
    # Of a file whose mode is not known nothing is taken, as of one that is to be taken whole.
    mode: IngestMode = "partial" if wanted == "partial" else "strict"
    now = clock.now()
    task: IngestTask = {
        "tenant": tenant,
        "eid": eid,
        "ingest_id": ingest_id,
        "bucket": bucket,
        "key": key,
        "etag": digest.etag,
        "size": digest.size,
        "currency": "",
        "today": now.date().isoformat(),
        "mode": mode,
        "work": "",
    }
    is_new = repository.register(
        tenant,
        ingest_id,
        ledger.opened(task, kind="file", name=name, sha256=digest.sha256, execution=execution),
        created_at=clock.rfc3339(now),
        generations=repository.head(tenant, eid)["generations"],
    )
    if not is_new:
        return {"outcome": "UNCHANGED", "ingest": task}
    try:
        task["currency"] = events.read(tenant, eid).currency
    except NotFound:
        message = f"There is no event “{eid}”. Check the folder the report was dropped in."
        return {**told("REJECTED", "event.unknown", message), "ingest": task}
    if wanted not in get_args(IngestMode):
        message = f"The file is to be taken in mode “{wanted[:60]}”, which there is not: partial and strict are."
        return {**told("REJECTED", "mode.unknown", message), "ingest": task}
    return {"outcome": "REGISTERED", "ingest": task}


def inspect(task: IngestTask) -> Outcome:
    """See whether the file is a workbook that can be read safely. Outcomes: INSPECTED, or REJECTED."""
    with refusals() as refused, storage.downloaded(task["bucket"], task["key"], task["etag"]) as file:
        found = inspection.inspect(file, task["size"])
        if not found.certain:
            trial.attempt(file.name, found)
        return {"outcome": "INSPECTED", "from_1904": found.from_1904}
    return refused


def parse(task: IngestTask, *, from_1904: bool) -> Outcome:
    """Read every row; write the sales for the next step, and the rejected rows with their reasons.

    Outcomes: PARSED with counts, or REJECTED; with the number of rows and of ledger entries where it is for some rows
    of a file that is to be taken whole.
    """
    # A shop west of here may still sell on a day that has ended in UTC, and east of here on one that has not begun.
    latest = date.fromisoformat(task["today"]) + timedelta(days=1)
    with refusals() as refused, storage.downloaded(task["bucket"], task["key"], task["etag"]) as file:
        mapping = mapping_service.for_reading(task["tenant"])
        parsed = parsing.parse(
            file.name, currency=task["currency"], latest=latest, from_1904=from_1904, mapping=mapping
        )
        return _keep(task, parsed)
    return refused


def _keep(task: IngestTask, parsed: Parsed) -> Outcome:
    tenant, ingest_id = task["tenant"], task["ingest_id"]
    summaries = ledger.sheet_summaries(parsed.sheets)
    whole_or_nothing = task["mode"] == "strict" and bool(parsed.rejected)
    entries = _keep_rejected(task, parsed, parsed.runs if whole_or_nothing else [])
    key = "" if whole_or_nothing else _keep_sales(task, parsed)
    repository.parsed(tenant, ingest_id, orjson.dumps(summaries).decode())
    if whole_or_nothing:
        message = _rows_rejected(len(parsed.rejected), parsed.rows)
        return {**told("REJECTED", "file.rows_rejected", message), "rows": parsed.rows, "entries": entries}
    return {"outcome": "PARSED", "work": key, "rows": parsed.rows, "rejected": len(parsed.rejected)}


def _rows_rejected(rejected: int, rows: int) -> str:
    return (
        f"{rejected} of {rows} rows {'is' if rejected == 1 else 'are'} not right, and the file is to be taken whole or "
        "not at all, so nothing of it was taken. The row ledger says what is wrong with each."
    )


def _keep_rejected(task: IngestTask, parsed: Parsed, held_back: list[Run]) -> int:
    """Write the ledger and the workbook of rejected rows, and the ledger of those held back; the number of entries."""
    tenant, ingest_id = task["tenant"], task["ingest_id"]
    # What is wrong comes first: of the same file taken in part, the ledger begins with the same.
    entries = chain(
        ledger.rejected_entries(parsed.rejected, parsed.sheets),
        ledger.held_back_entries(held_back, [sheet.name for sheet in parsed.sheets]),
    )
    storage.put_ledger(tenant, ingest_id, "rejected", ledger.chunked(entries))
    if parsed.rejected:
        workbook = io.BytesIO()
        returned.write(parsed.rejected, parsed.sheets, workbook, from_1904=parsed.from_1904)
        workbook.seek(0)
        storage.put(storage.ingest_key(tenant, ingest_id, storage.REJECTED_WORKBOOK), workbook)
    return len(parsed.rejected) + len(held_back)


def _keep_sales(task: IngestTask, parsed: Parsed) -> str:
    """Write the sales for the steps that follow; the key of the file."""
    work = workfile.pack(
        {
            "rows": parsed.rows,
            "rejected": len(parsed.rejected),
            "groups": parsed.group_keys,
            "runs": [list(run) for run in parsed.runs],
            "sheets": [sheet.name for sheet in parsed.sheets],
        },
        {
            "groups": parsed.groups,
            "tickets": parsed.tickets,
            "minor": parsed.minor,
            "sales": parsed.sales,
            "counts": parsed.counts,
            "order": parsed.order,
        },
        {"identities": b"".join(parsed.identities)},
    )
    # Its name is its content: a later reading of the same file that finds something else leaves this one alone.
    key = storage.ingest_key(task["tenant"], task["ingest_id"], f"rows/{sha256(work).hexdigest()[:20]}")
    storage.put(key, work)
    return key


def reject(task: IngestTask, code: str, message: str, rows: int = 0, entries: int = 0) -> Outcome:
    """Close the ledger of a file that is refused as a whole, and tag the file, which stays where it is.

    `rows` were read and are all rejected; they have so many entries in the row ledger.
    """
    tenant, ingest_id = task["tenant"], task["ingest_id"]
    repository.update(
        tenant,
        ingest_id,
        {
            "status": "REJECTED",
            "rows": rows,
            "rejected": rows,
            "entries": {"rejected": entries},
            "reason": {"code": code, "message": message},
            "finished_at": clock.timestamp(),
        },
    )
    storage.tag(task["bucket"], task["key"], {**ledger.tags("REJECTED", ingest_id), "marquee-reason": code})
    counts = {"rows": rows, "accepted": 0, "rejected": rows, "duplicate": 0}
    return {**told("REJECTED", code, message), "ingest_id": ingest_id, "eid": task["eid"], **counts}


def abort(task: IngestTask) -> Outcome:
    """Note in the ledger that an ingest did not finish through no fault of its file."""
    reason = endings.interrupted(task["tenant"], task["eid"], task["ingest_id"])
    return {**told("FAILED", **reason), "ingest_id": task["ingest_id"], "eid": task["eid"]}
