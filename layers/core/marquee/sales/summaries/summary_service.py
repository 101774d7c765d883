"""Use cases of sales that are reported as totals: they are spread over days, and marked as estimated.

A summary is one source of the event's figures. Its items are staged where nobody sees them; then one transaction makes
them visible and writes the ingest, so that whatever dies on the way leaves all of it or nothing.
"""

import random
import time
from datetime import timedelta
from hashlib import sha256
from typing import NamedTuple

from marquee import clock
from marquee.errors import Unavailable, Unprocessable
from marquee.events import service as events
from marquee.ids import derived_id, new_id
from marquee.plans import PlannedChange
from marquee.sales import repository, rules, sources, storage
from marquee.sales.ingests import ledger
from marquee.sales.models import DayRow, Delta, Head, IngestDocument, Item, VisibleSource
from marquee.sales.summaries import summaries
from marquee.sales.summaries.summaries import Sold
from marquee.sales.summaries.summary_models import NewSummary, SummaryPlan

_ATTEMPTS = 12
_LISTED_DAYS = 100


class _Checked(NamedTuple):
    """A summary that can be taken."""

    asked: NewSummary
    currency: str
    sold: list[Sold]
    rows: list[DayRow]
    delta: Delta


def take(tenant: str, sub: str, asked: NewSummary, key: str | None) -> IngestDocument:
    """Add the totals to the event's figures; under an idempotency key they are added once.

    Raises NotFound for an event that is not the tenant's, Unprocessable naming what is wrong with the totals, and
    Unavailable where others keep committing sales of the event first.
    """
    checked = _check(tenant, asked)
    ingest_id = derived_id("ing", tenant, "summary", sub, asked.model_dump_json(), key or new_id("key"))
    for attempt in range(_ATTEMPTS):
        stored = repository.ingest(tenant, ingest_id) or _try(tenant, ingest_id, checked)
        if stored is not None:
            return ledger.document(stored, repository.head(tenant, asked.eid)["generations"])
        time.sleep(random.uniform(0, min(0.02 * 2**attempt, 0.5)))  # noqa: S311 - full jitter, no secret
    raise Unavailable("ingest.contended", "Other sales of the event keep being committed first.", retry_after=1)


def plan(tenant: str, asked: NewSummary) -> SummaryPlan:
    """What the summary would add. Raises NotFound and Unprocessable, as taking it would."""
    checked = _check(tenant, asked)
    head = repository.head(tenant, asked.eid)
    after = _after(head, checked, "", rules.visible_entry("", "summary", clock.timestamp()))
    daily = rules.daily_summary(asked.eid, (("summary", row) for row in checked.rows), None, None, None)
    before, then = rules.head_totals(head), rules.head_totals(after)
    change = PlannedChange(host="Main", id=asked.eid, field="totals", before=before, after=then)
    return SummaryPlan(
        workflow=None,
        changes=[change] if before != then else [],
        days=daily["days"][:_LISTED_DAYS],
        more=len(daily["days"]) > _LISTED_DAYS,
        totals=daily["totals"],
    )


def _check(tenant: str, asked: NewSummary) -> _Checked:
    event = events.read(tenant, asked.eid)
    currency = asked.currency or event.currency
    # As for rows of files: it is tomorrow already somewhere.
    latest = clock.now().date() + timedelta(days=1)
    sold, violations = summaries.sold_of(asked, currency, latest)
    if violations:
        raise Unprocessable("summary.invalid", violations[0].message, violations=violations)
    rows = summaries.rows_of(sold, asked.start, asked.days, currency)
    # A total says nothing of how many purchases it comes from.
    return _Checked(asked, currency, sold, rows, rules.delta_of(rows, {}))


def _after(head: Head, checked: _Checked, source: str, entry: VisibleSource) -> Head:
    """The head with the summary. Raises Unprocessable where it is more than an event can have."""
    after = rules.committed(head, source, entry, checked.delta, None)
    over = rules.too_much(after)
    if over == "categories":
        raise Unprocessable(
            "summary.too_many_categories",
            f"With these ticket types the event would have {len(after['categories'])} ticket categories, more than the "
            f"possible {rules.MAX_CATEGORIES}.",
        )
    if over:
        raise Unprocessable(
            "summary.too_many_sources",
            f"With this summary the event's sales would come from {len(after['visible'])} files and summaries, more "
            "than it can hold. Clear its sales and load them again in fewer files.",
        )
    return after


def _try(tenant: str, ingest_id: str, checked: _Checked) -> Item | None:
    """Stage the summary on top of the head as it is and commit it: the stored ingest, or None where the head moved."""
    asked, eid = checked.asked, checked.asked.eid
    head, now = repository.head(tenant, eid), clock.timestamp()
    name = rules.stage_name(head["version"], asked.model_dump_json())
    after = _after(head, checked, ingest_id, rules.visible_entry(name, "summary", now))
    staged, parts = sources.plan_of(head, "summary", checked.rows, checked.delta, source=ingest_id, stage=name)
    sources.stage(tenant, eid, ingest_id, name, staged, parts)
    entries = summaries.entries(checked.sold, checked.currency, asked.start, asked.end)
    storage.put_ledger(tenant, ingest_id, "accepted", ledger.chunked(entries))
    values = _values(ingest_id, checked, staged["generation"], now)
    if repository.commit_with_ingest(tenant, eid, head, after, ingest_id, values):
        return values
    # Nobody can commit this stage any more: either it is in, by another process with the same request, or it is not.
    landed = repository.ingest(tenant, ingest_id)
    if landed is None:
        repository.discard(tenant, eid, staged["items"])
        storage.delete(sources.plan_key(tenant, ingest_id, name))
    return landed


def _values(ingest_id: str, checked: _Checked, generation: str, now: str) -> Item:
    asked = checked.asked
    number = len(checked.sold)
    return {
        "ingest_id": ingest_id,
        "eid": asked.eid,
        "key": None,
        "name": f"{asked.start} to {asked.end}",
        "size": 0,
        "sha256": sha256(asked.model_dump_json().encode()).hexdigest(),
        "kind": "summary",
        "mode": "strict",
        "generation": generation,
        "status": "COMMITTED",
        "rows": number,
        "accepted": number,
        "rejected": 0,
        "duplicate": 0,
        "entries": {"accepted": number},
        "reason": None,
        "columns": "[]",
        "totals": {code: [one["tickets"], one["revenue"]] for code, one in checked.delta["kpi"].items()},
        "execution": None,
        "created_at": now,
        "finished_at": now,
    }
