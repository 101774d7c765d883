"""Use cases of back-fills: a tenant has many files taken at once, and sees what became of each."""

from itertools import islice

from marquee import cursors, workflows
from marquee.errors import NotFound
from marquee.events import service as events
from marquee.executions import service as executions
from marquee.executions.models import Execution
from marquee.ids import new_id
from marquee.plans import PlannedChange
from marquee.sales.backfills import backfill, backfill_notes, backfill_steps
from marquee.sales.backfills.backfill_models import Backfill, BackfilledFiles, BackfillPlan, FilesQuery
from marquee.settings import settings

_MACHINE = "sales_backfill"
_COUNTED, _EXAMPLES = 10_000, 20


def start(tenant: str, sub: str, asked: Backfill, key: str | None) -> Execution:
    """Start the back-fill; under an idempotency key it is the same one when repeated.

    Raises NotFound for an event that is not the tenant's.
    """
    if asked.eid is not None:
        events.read(tenant, asked.eid)
    # What was asked for is part of the name: a key that is used again for something else starts something else.
    name = workflows.execution_name(tenant, sub, asked.model_dump_json(), key or new_id("bkf"))
    order = {"prefix": backfill.prefix_of(tenant, asked), "mode": asked.mode}
    return executions.start(tenant, _MACHINE, name, order | ({"eid": asked.eid} if asked.eid else {}))


def plan(tenant: str, asked: Backfill) -> BackfillPlan:
    """Which files the back-fill would take up. Raises NotFound for an event that is not the tenant's."""
    if asked.eid is not None:
        events.read(tenant, asked.eid)
    found = backfill_steps.files(settings().bucket, backfill.prefix_of(tenant, asked))
    keys = [one["key"] for one in islice(found, _COUNTED + 1)]
    examples = [
        PlannedChange(host="Main", id=key.removeprefix(backfill.folder(tenant)), field="ingest", before=None, after=key)
        for key in keys[:_EXAMPLES]
    ]
    return BackfillPlan(workflow=_MACHINE, changes=examples, files=min(len(keys), _COUNTED), more=len(keys) > _COUNTED)


def files(tenant: str, backfill_id: str, query: FilesQuery) -> BackfilledFiles:
    """What became of a back-fill's files so far. Raises NotFound, also for somebody else's."""
    machine, name = executions.parsed(backfill_id)
    if machine != _MACHINE:
        raise NotFound("backfill.not_found", f"There is no back-fill '{backfill_id}'.")
    if not backfill_notes.is_open(tenant, name):
        executions.read(tenant, backfill_id)  # it may be about to begin
    named = f"files:{query.status}"
    notes, after = backfill_notes.page(tenant, name, query.limit, cursors.sort_key(query.cursor, named), query.status)
    return {
        "limit": query.limit,
        "items": [backfill.document(note) for note in notes],
        "next_cursor": cursors.encode(named, after) if after else None,
    }
