"""Use cases of files that arrive over HTTP: in a form of ours, or in the store's own."""

import io
from datetime import timedelta
from urllib.parse import quote

from marquee import clock, workflows
from marquee.errors import Unprocessable
from marquee.events import service as events
from marquee.executions import service as executions
from marquee.executions.models import Execution
from marquee.forms import UploadedFile
from marquee.ids import derived_id, new_id
from marquee.plans import Plan, PlannedChange
from marquee.sales import repository, storage
from marquee.sales.ingests.upload_models import NewUpload, UploadQuery, UploadTicket
from marquee.sales.workbooks import looks
from marquee.settings import settings

_MACHINE = "sales_ingest"
_TICKET_SECONDS = 3600


def take(tenant: str, sub: str, query: UploadQuery, upload: UploadedFile, key: str | None) -> Execution:
    """Store the file and start its ingest; under an idempotency key it is the same one when repeated.

    Raises NotFound for an event that is not the tenant's.
    """
    events.read(tenant, query.eid)
    upload_id = derived_id("upl", tenant, sub, query.eid, query.mode, upload.name, upload.sha256, key or new_id("key"))
    stored = f"uploads/{tenant}/{query.eid}/{upload_id}/{upload.name}"
    storage.put_drop(stored, upload.content, query.mode)
    order = {"eid": query.eid, "detail": {"bucket": {"name": settings().bucket}, "object": {"key": stored}}}
    return executions.start(tenant, _MACHINE, workflows.execution_name(upload_id), order)


def plan(tenant: str, query: UploadQuery, upload: UploadedFile) -> Plan:
    """What sending the file would start; nothing where its sales are among the event's figures already.

    Its rows are not read. Raises NotFound for an event that is not the tenant's, and Unprocessable for a file that
    cannot be read as a report.
    """
    events.read(tenant, query.eid)
    # It walks the whole file; only a dry run needs the modules for it.
    from marquee.sales.workbooks import inspection  # noqa: PLC0415

    try:
        inspection.inspect(io.BytesIO(upload.content), len(upload.content))
    except looks.NotAWorkbook as error:
        raise Unprocessable(error.code, error.message) from error
    ingest_id = derived_id("ing", tenant, query.eid, upload.sha256)
    before = repository.ingest(tenant, ingest_id)
    generations = repository.head(tenant, query.eid)["generations"]
    if before is not None and before["status"] == "COMMITTED" and before["generation"] in generations:
        return Plan(workflow=_MACHINE, changes=[])
    change = PlannedChange(host="Main", id=query.eid, field="ingest", before=None, after=ingest_id)
    return Plan(workflow=_MACHINE, changes=[change])


def ticket(tenant: str, asked: NewUpload) -> UploadTicket:
    """A place in the store for one file, which is taken as soon as it is there.

    Raises NotFound for an event that is not the tenant's.
    """
    if asked.eid:
        events.read(tenant, asked.eid)
    folder = f"sales/{tenant}/{asked.eid}" if asked.eid else f"edits/{tenant}"
    key = f"{folder}/{new_id('upl')}/{asked.file_name}"
    expires_at = clock.now() + timedelta(seconds=_TICKET_SECONDS)
    url, fields = storage.upload_form(key, asked.mode, looks.MAX_FILE_BYTES, _TICKET_SECONDS)
    return UploadTicket(
        url=url,
        fields=fields,
        key=key,
        expires_at=clock.rfc3339(expires_at),
        max_bytes=looks.MAX_FILE_BYTES,
        ingests=f"/ingests?eid={quote(asked.eid)}" if asked.eid else None,
    )
