"""The steps of the `sales_ingest` machine. Each repeats safely: the same input has the same effect, once.

What a person should hear (not a workbook, no such event) is an outcome, not an error. Rows travel in S3 only: a step
gets and gives ids, keys and counts.
"""

import io
from array import array
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import orjson

from marquee import clock
from marquee.errors import NotFound
from marquee.events import service as events
from marquee.ids import derived_id
from marquee.sales import (
    endings,
    identity,
    inspection,
    ledger,
    months,
    parsing,
    repository,
    returned,
    rules,
    storage,
    workfile,
)
from marquee.sales.inspection import NotAWorkbook
from marquee.sales.models import DayRow, Delta, Head, IngestTask, RowStatus
from marquee.sales.parsing import Parsed
from marquee.sales.reading import Run
from marquee.sales.storage import FileReplaced

Outcome = dict[str, Any]
_WORK = "work"


def register(bucket: str, key: str, execution: str) -> Outcome:
    """Hash the dropped file and open its ledger.

    Outcomes: REGISTERED with the task for the steps that follow; UNCHANGED where these very bytes were taken for the
    event before; REJECTED for an event that is not the tenant's; IGNORED for an object that is no drop, or is gone
    again.
    """
    place = rules.parse_drop_key(key)
    if place is None:
        return _told("IGNORED", "drop.no_place", "Reports belong under sales/<tenant>/<event>/<file>.")
    tenant, eid, name = place
    try:
        digest = storage.digest(bucket, key)
    except FileReplaced:
        return _told("IGNORED", "drop.gone", "The file was removed before it could be read.")
    ingest_id = derived_id("ing", tenant, eid, digest.sha256)
    now = clock.now()
    opened = repository.register(
        tenant,
        ingest_id,
        {
            "ingest_id": ingest_id,
            "eid": eid,
            "bucket": bucket,
            "key": key,
            "name": name,
            "size": digest.size,
            "sha256": digest.sha256,
            "status": "REGISTERED",
            "rows": 0,
            "accepted": 0,
            "rejected": 0,
            "duplicate": 0,
            "entries": {},
            "reason": None,
            "columns": "[]",
            "totals": {},
            "execution": execution,
            "finished_at": None,
        },
        created_at=clock.rfc3339(now),
    )
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
    }
    if not opened:
        return {"outcome": "UNCHANGED", "ingest": task}
    try:
        task["currency"] = events.read(tenant, eid).currency
    except NotFound:
        message = f"There is no event “{eid}”. Check the folder the report was dropped in."
        return {**_told("REJECTED", "event.unknown", message), "ingest": task}
    return {"outcome": "REGISTERED", "ingest": task}


def inspect(task: IngestTask) -> Outcome:
    """See whether the file is a workbook that can be read safely. Outcomes: INSPECTED, or REJECTED."""
    with _refusals() as refused, storage.downloaded(task["bucket"], task["key"], task["etag"]) as file:
        found = inspection.inspect(file, task["size"])
        return {"outcome": "INSPECTED", "from_1904": found.from_1904}
    return refused


def parse(task: IngestTask, *, from_1904: bool) -> Outcome:
    """Read every row; write the sales for the next step, and the rejected rows with their reasons.

    Outcomes: PARSED with counts, or REJECTED.
    """
    # A shop west of here may still sell on a day that has ended in UTC, and east of here on one that has not begun.
    latest = date.fromisoformat(task["today"]) + timedelta(days=1)
    with _refusals() as refused, storage.downloaded(task["bucket"], task["key"], task["etag"]) as file:
        parsed = parsing.parse(file.name, currency=task["currency"], latest=latest, from_1904=from_1904)
        return _keep(task, parsed)
    return refused


def _keep(task: IngestTask, parsed: Parsed) -> Outcome:
    tenant, ingest_id = task["tenant"], task["ingest_id"]
    summaries = ledger.sheet_summaries(parsed.sheets)
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
    entries = ledger.rejected_entries(parsed.rejected, parsed.sheets)
    storage.put_ledger(tenant, ingest_id, "rejected", ledger.chunked(entries))
    if parsed.rejected:
        workbook = io.BytesIO()
        returned.write(parsed.rejected, parsed.sheets, workbook)
        workbook.seek(0)
        storage.put(storage.ingest_key(tenant, ingest_id, storage.REJECTED_WORKBOOK), workbook)
    storage.put(storage.ingest_key(tenant, ingest_id, _WORK), work)
    repository.parsed(tenant, ingest_id, orjson.dumps(summaries).decode())
    return {"outcome": "PARSED", "rows": parsed.rows, "rejected": len(parsed.rejected)}


def stage(task: IngestTask) -> Outcome:
    """Write what the event lacks as month items that nobody sees yet.

    Outcomes: STAGED on top of `base`, the head's version, with the number of items; COMMITTED where an earlier
    attempt's commit is in the head already; MOVED where the head changed while this looked; REJECTED.
    """
    tenant, eid, ingest_id = task["tenant"], task["eid"], task["ingest_id"]
    head = repository.head(tenant, eid)
    if ingest_id in head["visible"]:
        return {"outcome": "COMMITTED", "base": head["visible"][ingest_id]["base"]}
    base = head["version"]
    seen = _seen(head)
    if seen is None:
        return {"outcome": "MOVED", "base": base}
    work, arrays, identities = _work(task)
    counts = arrays["counts"]
    had = array("I", identity.split_new(identities, counts, seen))
    rows, delta = _additions(work, arrays, had)
    categories = head["categories"].keys() | delta["categories"].keys()
    if len(categories) > rules.MAX_CATEGORIES:
        return _told(
            "REJECTED",
            "file.too_many_categories",
            f"With this file the event would have {len(categories)} ticket categories, more than the possible "
            f"{rules.MAX_CATEGORIES}. Perhaps another column was taken for the category.",
        )
    parts = months.pack(rows)
    key = storage.seen_key(tenant, eid, base, ingest_id) if parts else ""
    plan = {
        "delta": delta,
        "items": [rules.month_key(part.month, ingest_id, base, part.part) for part in parts],
        "seen": key,
        "seen_before": head["seen"],
    }
    # The plan is written first: what stands in the table can always be found again.
    storage.put(_plan_key(task, base), workfile.pack(plan, {"had": had}))
    if parts:
        storage.put(key, identity.encode_multiset(identity.union(seen, identities, counts)))
        repository.stage(tenant, eid, ingest_id, base, parts)
    return {"outcome": "STAGED", "base": base, "items": len(parts)}


def _seen(head: Head) -> dict[bytes, int] | None:
    """The multiset of rows the event has; None where a later commit has replaced it since the head was read."""
    if head["seen"] is None:
        return {}
    stored = storage.get(head["seen"])
    return None if stored is None else identity.decode_multiset(stored)


def _work(task: IngestTask) -> tuple[dict[str, Any], dict[str, "array[int]"], list[bytes]]:
    head, arrays, blobs = _unpacked(storage.ingest_key(task["tenant"], task["ingest_id"], _WORK))
    joined, width = blobs["identities"], identity.IDENTITY_BYTES
    return head, arrays, [joined[at : at + width] for at in range(0, len(joined), width)]


def _plan_key(task: IngestTask, base: int) -> str:
    return storage.ingest_key(task["tenant"], task["ingest_id"], f"stage/{base}")


def _unpacked(key: str) -> tuple[dict[str, Any], dict[str, "array[int]"], dict[str, bytes]]:
    stored = storage.get(key)
    if stored is None:
        raise NotFound("ingest.work_missing", f"The ingest's working file is missing: {key}")
    return workfile.unpack(stored)


def _additions(work: dict[str, Any], arrays: dict[str, "array[int]"], had: "array[int]") -> tuple[list[DayRow], Delta]:
    """The day rows that the new rows of a file add up to, and what they do to the head."""
    sums: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0])
    purchases: defaultdict[str, int] = defaultdict(int)
    keys = work["groups"]
    groups, tickets, minor = arrays["groups"], arrays["tickets"], arrays["minor"]
    for sale, count, before in zip(arrays["sales"], arrays["counts"], had, strict=True):
        new = count - before
        if new:
            sold, total = tickets[sale], sums[groups[sale]]
            total[0] += new * sold
            total[1] += new * minor[sale]
            if sold:
                purchases[keys[groups[sale]][2]] += new if sold > 0 else -new
    rows: list[DayRow] = []
    for group, (sold, revenue) in sums.items():
        day, category, currency = keys[group]
        rows.append({"day": day, "category": category, "currency": currency, "tickets": sold, "revenue": revenue})
    return rows, rules.delta_of(rows, purchases)


def commit(task: IngestTask, base: int) -> Outcome:
    """Make what was staged on top of `base` visible, all of it in one write.

    Outcomes: COMMITTED with the base that counts (an earlier attempt's, where its answer was lost), or MOVED where
    others committed since: then it is staged again. A file that adds nothing commits without a write.
    """
    tenant, eid, ingest_id = task["tenant"], task["eid"], task["ingest_id"]
    head = repository.head(tenant, eid)
    if head["version"] == base and ingest_id not in head["visible"]:
        plan, _, _ = _unpacked(_plan_key(task, base))
        if not plan["items"]:
            return {"outcome": "COMMITTED", "base": base}
        entry = rules.visible_entry(base, clock.timestamp())
        if repository.commit(tenant, eid, base, rules.committed(head, ingest_id, entry, plan["delta"], plan["seen"])):
            return {"outcome": "COMMITTED", "base": base}
        head = repository.head(tenant, eid)
    if ingest_id in head["visible"]:
        return {"outcome": "COMMITTED", "base": head["visible"][ingest_id]["base"]}
    return {"outcome": "MOVED", "base": base}


def settle(task: IngestTask, base: int, abandoned: list[int]) -> Outcome:
    """Complete the ledger of a committed ingest, tag the file, and clear away what its other attempts left.

    `abandoned` are the bases it was staged on without being committed. Outcome: COMMITTED with the counts.
    """
    tenant, eid, ingest_id = task["tenant"], task["eid"], task["ingest_id"]
    work, arrays, _ = _work(task)
    plan, staged, _ = _unpacked(_plan_key(task, base))
    runs = [Run(*run) for run in work["runs"]]
    fate = ledger.sort_out(arrays["order"], runs, staged["had"])
    outcomes: list[tuple[RowStatus, list[Run]]] = [("duplicate", fate.duplicate), ("accepted", fate.accepted)]
    for status, some in outcomes:
        storage.put_ledger(tenant, ingest_id, status, ledger.chunked(ledger.run_entries(status, some, work["sheets"])))
    figures: Delta = plan["delta"]
    counts = {
        "rows": work["rows"],
        "accepted": fate.accepted_rows,
        "rejected": work["rejected"],
        "duplicate": fate.duplicate_rows,
    }
    _clear_away(task, base, plan, abandoned)
    storage.tag(task["bucket"], task["key"], _tags("COMMITTED", ingest_id))
    # Last of all: an ingest that is COMMITTED in the ledger is not taken up again.
    repository.update(
        tenant,
        ingest_id,
        {
            **counts,
            "status": "COMMITTED",
            "entries": {
                "rejected": work["rejected"],
                "duplicate": len(fate.duplicate),
                "accepted": len(fate.accepted),
            },
            "reason": None,
            "totals": {code: [one["tickets"], one["revenue"]] for code, one in figures["kpi"].items()},
            "finished_at": clock.timestamp(),
        },
    )
    return {"outcome": "COMMITTED", "ingest_id": ingest_id, "eid": eid, "items": len(plan["items"]), **counts}


def _clear_away(task: IngestTask, base: int, plan: dict[str, Any], abandoned: list[int]) -> None:
    """Delete what can never be read any more: items of abandoned attempts, and multisets that a commit replaced."""
    tenant, eid = task["tenant"], task["eid"]
    current = repository.head(tenant, eid)["seen"]
    superseded = {plan["seen_before"]} if plan["items"] else set()
    for other in abandoned:
        if other == base:
            continue
        left, _, _ = _unpacked(_plan_key(task, other))
        repository.discard(tenant, eid, left["items"])
        superseded.add(left["seen"])
    for key in superseded - {current, None, ""}:
        storage.delete(key)


def reject(task: IngestTask, code: str, message: str) -> Outcome:
    """Close the ledger of a file that is refused as a whole, and tag the file, which stays where it is."""
    repository.update(
        task["tenant"],
        task["ingest_id"],
        {"status": "REJECTED", "reason": {"code": code, "message": message}, "finished_at": clock.timestamp()},
    )
    storage.tag(task["bucket"], task["key"], {**_tags("REJECTED", task["ingest_id"]), "marquee-reason": code})
    return {**_told("REJECTED", code, message), "ingest_id": task["ingest_id"], "eid": task["eid"]}


def abort(task: IngestTask) -> Outcome:
    """Note in the ledger that an ingest did not finish through no fault of its file."""
    reason = endings.interrupted(task["tenant"], task["eid"], task["ingest_id"])
    return {**_told("FAILED", **reason), "ingest_id": task["ingest_id"], "eid": task["eid"]}


def _told(outcome: str, code: str, message: str) -> Outcome:
    return {"outcome": outcome, "code": code, "message": message}


def _tags(status: str, ingest_id: str) -> dict[str, str]:
    return {"marquee-ingest": status, "marquee-ingest-id": ingest_id}


@contextmanager
def _refusals() -> Iterator[Outcome]:
    """Turns a refusal of the whole file into the outcome it gives."""
    outcome: Outcome = {}
    try:
        yield outcome
    except NotAWorkbook as error:
        outcome.update(_told("REJECTED", error.code, error.message))
    except FileReplaced:
        outcome.update(_told("REJECTED", "file.replaced", "The file was replaced or removed while it was being read."))
