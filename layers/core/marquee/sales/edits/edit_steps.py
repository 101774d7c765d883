"""The steps of the `sales_edit` machine: an edited export, applied event by event. Each repeats safely.

What is wrong with the file or a row is an outcome, not an error. Rows travel in S3 only. What an event's rows came to
is noted when it is settled, so a repetition goes on with the next event and every change is applied once.
"""

import io
import random
import time
from hashlib import sha256

import orjson

from marquee import clock
from marquee.ids import derived_id
from marquee.sales import repository, rules, sources, storage
from marquee.sales.edits import edit_endings, edit_export, edit_returned, edit_version, edit_work, edits
from marquee.sales.edits.edit_work import EventOutcome, Work
from marquee.sales.edits.edits import Change, Reason
from marquee.sales.ingests import ledger
from marquee.sales.ingests.outcomes import Outcome, refusals, told
from marquee.sales.models import DayRow, IngestTask, LedgerEntry
from marquee.sales.storage import FileReplaced
from marquee.sales.workbooks.cells import Refusal
from marquee.sales.workbooks.sheets import opened

APPLY_SECONDS = 60
"""After this long a step leaves the other events to the next one."""
_ATTEMPTS = 5


def register(bucket: str, key: str, execution: str) -> Outcome:
    """Hash the file and open its ledger.

    Outcomes: REGISTERED with the task for the steps that follow; UNCHANGED where this very upload was applied before;
    IGNORED for an object that is none, or is gone again.
    """
    place = edit_work.parse_key(key)
    if place is None:
        return told("IGNORED", "drop.no_place", "Edited exports belong under edits/<tenant>/<upload>/.")
    tenant, name = place
    try:
        digest = storage.digest(bucket, key)
    except FileReplaced:
        return told("IGNORED", "drop.gone", "The file was removed before it could be read.")
    ingest_id = derived_id("ing", tenant, key, digest.sha256)
    now = clock.now()
    before = repository.ingest(tenant, ingest_id)
    task: IngestTask = {
        "tenant": tenant,
        "eid": "",
        "ingest_id": ingest_id,
        "bucket": bucket,
        "key": key,
        "etag": digest.etag,
        "size": digest.size,
        "currency": "",
        "today": now.date().isoformat(),
        "mode": "partial",
        "work": "",
    }
    is_new = repository.register(
        tenant,
        ingest_id,
        {**ledger.opened(task, kind="edit", name=name, sha256=digest.sha256, execution=execution), "events": []},
        created_at=clock.rfc3339(now),
        # An upload that was applied is not applied again, whatever became of the events since.
        generations=[before["generation"] if before else ""],
    )
    return {"outcome": "REGISTERED" if is_new else "UNCHANGED", "ingest": task}


def parse(task: IngestTask, *, from_1904: bool) -> Outcome:
    """Read every row; write down what is to be changed, and the rows that cannot be, with their reasons.

    Outcomes: PARSED with counts, or REJECTED.
    """
    tenant, ingest_id = task["tenant"], task["ingest_id"]
    with (
        refusals() as refused,
        storage.downloaded(task["bucket"], task["key"], task["etag"]) as file,
        opened(file.name) as sheets,
    ):
        found = edits.read(sheets, tenant, from_1904=from_1904)
        work = edit_work.pack(found)
        # Its name is its content: a later reading of the same file that finds something else leaves this one alone.
        key = storage.ingest_key(tenant, ingest_id, f"rows/{sha256(work).hexdigest()[:20]}")
        storage.put(key, work)
        repository.update(tenant, ingest_id, {"events": list(found.changes)})
        repository.parsed(tenant, ingest_id, orjson.dumps(edit_returned.summaries(found.sheets)).decode())
        return {
            "outcome": "PARSED",
            "work": key,
            "rows": found.rows,
            "events": len(found.changes),
            "rejected": len(found.refused),
        }
    return refused


def apply(task: IngestTask, first: int) -> Outcome:
    """Apply the changes of the file's events from the one with number `first` on, each event's in one write.

    Outcomes: APPLIED when all are settled; MORE, with the number to go on from, when time is up; MOVED, with the
    number, where others keep changing an event's sales.
    """
    work = edit_work.read(task["work"])
    began = time.monotonic()
    for number in range(first, len(work.events)):
        if number > first and time.monotonic() - began > APPLY_SECONDS:
            return {"outcome": "MORE", "next": number}
        if not _settled(task, work, number):
            return {"outcome": "MOVED", "next": number}
    return {"outcome": "APPLIED", "next": len(work.events)}


def _settled(task: IngestTask, work: Work, number: int) -> bool:
    """Whether one event's changes are applied, or refused, for good, and it is noted how."""
    tenant, ingest_id = task["tenant"], task["ingest_id"]
    note = edit_work.note_key(tenant, ingest_id, number)
    if storage.get(note) is not None:
        return True
    eid, changes = work.events[number]
    abandoned: set[str] = set()
    for attempt in range(_ATTEMPTS):
        if attempt:
            time.sleep(random.uniform(0, min(0.05 * 2**attempt, 0.5)))  # noqa: S311 - full jitter, no secret
        stage = _counted(tenant, eid, ingest_id)
        for other in abandoned - {stage}:
            repository.discard(tenant, eid, sources.read_plan(tenant, ingest_id, other)[0]["items"])
        stage = stage or _commit(task, eid, changes, abandoned)
        if stage is not None:
            outcome = storage.get(edit_work.stage_key(tenant, ingest_id, stage))
            if outcome is not None:
                storage.put(note, outcome, "application/json")
                return True
    return False


def _counted(tenant: str, eid: str, ingest_id: str) -> str | None:
    """The stage of the edit that readers see, or saw until the event was cleared; None where it was never visible."""
    heads = [repository.head(tenant, eid), *repository.cleared_heads(tenant, eid)]
    return next((stage for head in heads if (stage := sources.visible_stage(head, ingest_id))), None)


def _commit(task: IngestTask, eid: str, changes: list[Change], abandoned: set[str]) -> str | None:
    """Judge the changes by what the event's sales say now, and apply them if that is still so; the stage, or None."""
    tenant, ingest_id = task["tenant"], task["ingest_id"]
    head = repository.head(tenant, eid)
    visible = sources.visible_stage(head, ingest_id)
    if visible:  # since it was last looked: two executions are at work
        return visible
    now = edits.current(edit_export.groups_of(tenant, eid, head))
    fates: list[tuple[Change, edits.Fate]] = []
    rows: list[DayRow] = []
    for change in changes:
        category, figures = now.get(change.place, ("", None))
        fate = edits.judge(change, figures)
        fates.append((change, fate))
        if fate.difference:
            day, _, currency = change.place
            tickets, minor = fate.difference
            rows.append({"day": day, "category": category, "currency": currency, "tickets": tickets, "revenue": minor})
    stage = rules.stage_name(head["version"], f"{task['work']}/{eid}")
    delta = rules.delta_of(rows, {})
    entry = rules.visible_entry(stage, "edit", clock.timestamp())
    if rows and rules.too_much(rules.committed(head, ingest_id, entry, delta, None)):
        rows, delta = [], rules.delta_of([], {})
        fates = [(change, _FULL if fate.difference else fate) for change, fate in fates]
    outcome = EventOutcome.of(eid, rules.generation(head), delta["kpi"], fates)
    storage.put(edit_work.stage_key(tenant, ingest_id, stage), outcome.packed(), "application/json")
    if not rows:
        return stage
    plan, parts = sources.plan_of(head, "edit", rows, delta, source=ingest_id, stage=stage)
    sources.stage(tenant, eid, ingest_id, stage, plan, parts)
    done = sources.commit(tenant, eid, ingest_id, stage).stage
    if done is None:
        abandoned.add(stage)
    return done


_FULL = edits.Fate(
    refusal=Refusal(
        "event.too_many_sources",
        "The event's sales come from as many files and edits as it can hold. Clear them and load them again in fewer.",
    )
)


def settle(task: IngestTask) -> Outcome:
    """Complete the ledger: what became of every row, and a workbook of those that were not applied.

    Outcome: COMMITTED with the counts.
    """
    tenant, ingest_id = task["tenant"], task["ingest_id"]
    work = edit_work.read(task["work"])
    accepted: list[tuple[int, int]] = []
    same: list[tuple[int, int]] = []
    refused: list[tuple[int, int, LedgerEntry, str]] = list(work.refused)
    totals: dict[str, list[int]] = {}
    generations: dict[str, str] = {}
    for number, (eid, changes) in enumerate(work.events):
        outcome = edit_work.read_note(tenant, ingest_id, number)
        generations[eid] = outcome.generation
        for currency, (tickets, minor) in outcome.totals.items():
            sums = totals.setdefault(currency, [0, 0])
            sums[0] += tickets
            sums[1] += minor
        key = edit_version.keys_of(tenant, eid)
        for change, (status, refusal) in zip(changes, outcome.fates, strict=True):
            place = change.sheet, change.row
            if refusal is not None:
                taken = edit_work.cells_of(eid, change, key)
                reasons = [Reason(None, refusal)]
                entry = edit_returned.entry(work.sheets[change.sheet], change.row, taken, reasons)
                refused.append((*place, entry, edit_returned.row_cells(change.row, taken, reasons)))
            else:
                (accepted if status == "accepted" else same).append(place)
    refused.sort(key=lambda one: one[:2])
    unchanged = edit_work.merged(work.unchanged, same)
    applied = edits.runs(sorted(accepted))
    names = [sheet.name for sheet in work.sheets]
    storage.put_ledger(tenant, ingest_id, "rejected", ledger.chunked(one[2] for one in refused))
    storage.put_ledger(
        tenant, ingest_id, "duplicate", ledger.chunked(ledger.run_entries("duplicate", unchanged, names))
    )
    storage.put_ledger(tenant, ingest_id, "accepted", ledger.chunked(ledger.run_entries("accepted", applied, names)))
    if refused:
        workbook = io.BytesIO()
        edit_returned.write((one[3] for one in refused), workbook)
        workbook.seek(0)
        storage.put(storage.ingest_key(tenant, ingest_id, storage.REJECTED_WORKBOOK), workbook)
    counts = {
        "rows": work.rows,
        "accepted": len(accepted),
        "rejected": len(refused),
        "duplicate": work.rows - len(accepted) - len(refused),
    }
    storage.tag(task["bucket"], task["key"], ledger.tags("COMMITTED", ingest_id))
    only = work.listed[0] if len(work.listed) == 1 else ""
    values = {
        **counts,
        "eid": only,
        "status": "COMMITTED",
        "generation": generations.get(only, ""),
        "entries": {"rejected": len(refused), "duplicate": len(unchanged), "accepted": len(applied)},
        "reason": None,
        "totals": totals,
        "finished_at": clock.timestamp(),
    }
    repository.list_under(tenant, ingest_id, {eid: generations.get(eid, "") for eid in work.listed}, values)
    # Last of all: an ingest that is COMMITTED in the ledger is not taken up again.
    repository.update(tenant, ingest_id, values)
    return {"outcome": "COMMITTED", "ingest_id": ingest_id, "events": len(work.events), **counts}


def abort(task: IngestTask) -> Outcome:
    """Note in the ledger that an edit did not finish through no fault of its file."""
    reason = edit_endings.interrupted(task["tenant"], task["ingest_id"])
    return {**told("FAILED", **reason), "ingest_id": task["ingest_id"]}
