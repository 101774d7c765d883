"""The steps of the `sales_ingest` machine from the parsed rows on: staged, visible in one write, and accounted for."""

from array import array
from collections import defaultdict
from typing import Any

from marquee import clock
from marquee.sales import repository, rules, sources, storage
from marquee.sales.ingests import identity, ledger
from marquee.sales.ingests.outcomes import told
from marquee.sales.models import DayRow, Delta, Head, IngestTask, RowStatus, SourcePlan
from marquee.sales.workbooks.reading import Run

Outcome = dict[str, Any]


def stage(task: IngestTask) -> Outcome:
    """Write what the event lacks as month items that nobody sees yet.

    Outcomes: STAGED, with the name of the stage and the number of items; COMMITTED where an earlier attempt's commit
    is in the head already; MOVED where the head changed while this looked; REJECTED.
    """
    tenant, eid, ingest_id = task["tenant"], task["eid"], task["ingest_id"]
    head = repository.head(tenant, eid)
    if ingest_id in head["visible"]:
        return {"outcome": "COMMITTED", "stage": head["visible"][ingest_id]["stage"]}
    name = rules.stage_name(head["version"], task["work"])
    seen = _stored_seen(head)
    if seen is None:
        return {"outcome": "MOVED", "stage": name}
    work, arrays, identities = read_work(task["work"])
    had, seen_after = identity.merge(seen, identities, arrays["counts"])
    rows, delta = additions(work, arrays, had)
    too_much = _too_much(head, ingest_id, name, delta)
    if too_much is not None:
        return too_much
    plan, parts = sources.plan_of(head, "file", rows, delta, source=ingest_id, stage=name)
    plan["work"] = task["work"]
    if parts:
        plan["seen"] = seen_key = storage.seen_key(tenant, eid, name, ingest_id)
        storage.put(seen_key, seen_after)
    sources.stage(tenant, eid, ingest_id, name, plan, parts, {"had": had})
    return {"outcome": "STAGED", "stage": name, "items": len(parts)}


def _too_much(head: Head, ingest_id: str, name: str, delta: Delta) -> Outcome | None:
    """A refusal where the event would have more than one item can hold."""
    entry = rules.visible_entry(name, "file", clock.timestamp())
    after = rules.committed(head, ingest_id, entry, delta, name)
    too_much = rules.too_much(after)
    if too_much == "categories":
        return told(
            "REJECTED",
            "file.too_many_categories",
            f"With this file the event would have {len(after['categories'])} ticket categories, more than the possible "
            f"{rules.MAX_CATEGORIES}. Perhaps another column was taken for the category.",
        )
    if too_much:
        return told(
            "REJECTED",
            "file.too_many_sources",
            f"With this file the event's sales would come from {len(after['visible'])} files, more than it can hold. "
            "Clear its sales and load them again in fewer files.",
        )
    return None


def seen_of(head: Head) -> dict[bytes, int] | None:
    """The multiset of rows the event has; None where a later commit has replaced it since the head was read."""
    stored = _stored_seen(head)
    return None if stored is None else identity.decode_multiset(stored)


def _stored_seen(head: Head) -> bytes | None:
    return storage.get(head["seen"]) if head["seen"] else b""


def read_work(key: str) -> tuple[dict[str, Any], dict[str, "array[int]"], list[bytes]]:
    """The parsed rows of a file: the document, the arrays, and the identity of each content. Raises NotFound."""
    head, arrays, blobs = sources.unpacked(key)
    joined, width = blobs["identities"], identity.IDENTITY_BYTES
    return head, arrays, [joined[at : at + width] for at in range(0, len(joined), width)]


def additions(work: dict[str, Any], arrays: dict[str, "array[int]"], had: "array[int]") -> tuple[list[DayRow], Delta]:
    """The day rows that the rows of a file beyond `had` of each content add up to, and what they do to the head."""
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


def commit(task: IngestTask, stage: str) -> Outcome:
    """Make what was staged visible, all of it in one write.

    Outcomes: COMMITTED with the stage that counts (an earlier attempt's, where its answer was lost), or MOVED where
    others committed since: then it is staged again. A file that adds nothing commits without a write.
    """
    done = sources.commit(task["tenant"], task["eid"], task["ingest_id"], stage)
    if done.stage is None:
        return {"outcome": "MOVED", "stage": stage}
    return {"outcome": "COMMITTED", "stage": done.stage}


def settle(task: IngestTask, stage: str, abandoned: list[str]) -> Outcome:
    """Complete the ledger of a committed ingest, tag the file, and clear away what its other attempts left.

    `abandoned` are the stages that were not committed. Outcome: COMMITTED with the counts.
    """
    tenant, eid, ingest_id = task["tenant"], task["eid"], task["ingest_id"]
    plan, staged = sources.read_plan(tenant, ingest_id, stage)
    work, arrays, _ = read_work(plan["work"] or task["work"])
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
    _clear_away(task, stage, plan, abandoned)
    storage.tag(task["bucket"], task["key"], ledger.tags("COMMITTED", ingest_id))
    # Last of all: an ingest that is COMMITTED in the ledger is not taken up again.
    repository.update(
        tenant,
        ingest_id,
        {
            **counts,
            "status": "COMMITTED",
            "generation": plan["generation"],
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


def _clear_away(task: IngestTask, stage: str, plan: SourcePlan, abandoned: list[str]) -> None:
    """Delete what can never be read any more: items of abandoned attempts, and multisets that a commit replaced."""
    tenant, eid, ingest_id = task["tenant"], task["eid"], task["ingest_id"]
    superseded = {plan["seen_before"]} if plan["items"] else set()
    needed = {repository.head(tenant, eid)["seen"], None}
    # An attempt whose answer was lost may have been committed, and cleared before anybody looked.
    cleared = repository.cleared_heads(tenant, eid) if abandoned else []
    needed.update(one["seen"] for one in cleared)
    kept = {stage, *(name for one in cleared if (name := sources.visible_stage(one, ingest_id)))}
    for other in set(abandoned) - kept:
        left, _ = sources.read_plan(tenant, ingest_id, other)
        repository.discard(tenant, eid, left["items"])
        superseded.add(left["seen"])
    for key in superseded - needed:
        storage.delete(str(key))
