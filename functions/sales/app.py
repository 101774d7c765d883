"""Main: daily revenue, ticket categories, ingests and their row ledgers."""

from typing import Annotated

from marquee.auth import Caller
from marquee.executions.models import Execution
from marquee.forms import UploadedFile
from marquee.http import Api, Reply
from marquee.plans import DryRun, Plan
from marquee.preconditions import Precondition, etag
from marquee.requests import Request
from marquee.sales import service
from marquee.sales.backfills import backfill_service
from marquee.sales.backfills.backfill_models import Backfill, BackfilledFiles, BackfillPlan, BackfillQuery, FilesQuery
from marquee.sales.clears import clear_service
from marquee.sales.clears.clear_models import ClearQuery
from marquee.sales.edits import edit_export, edit_service
from marquee.sales.edits.edit_models import EditExportQuery, EditPlan
from marquee.sales.ingests import mapping_service, upload_service
from marquee.sales.ingests.mapping_models import ColumnMappingDocument, NewColumnMapping
from marquee.sales.ingests.upload_models import NewUpload, UploadQuery, UploadTicket
from marquee.sales.models import (
    XLSX,
    DailyRevenueQuery,
    DailyRevenueSummary,
    IngestDocument,
    IngestListQuery,
    IngestPage,
    LedgerPage,
    RowQuery,
    TicketCategories,
)
from marquee.sales.summaries import summary_service
from marquee.sales.summaries.summary_models import NewSummary, SummaryPlan, SummaryQuery

handler = Api("main")


@handler.get("/daily_revenue_summary", scope="sales.read")
def read_daily_revenue(caller: Caller, query: DailyRevenueQuery) -> DailyRevenueSummary:
    """Read an event's sales per day and currency, with totals."""
    return service.daily_revenue(caller.tenant, query)


@handler.get("/daily_revenue_summary/sales_edit_export", scope="sales.read")
def export_sales(caller: Caller, query: EditExportQuery) -> Reply[Annotated[bytes, XLSX]]:
    """Download all editable sales as a workbook: a row for each event, day, category and currency.

    Tickets and revenue can be edited there, and the workbook sent back. A large one is answered with 303 and a URL that
    works for five minutes.
    """
    workbook = edit_export.export(caller.tenant, query)
    if workbook.url is not None:
        return Reply(status=303, headers={"Location": workbook.url})
    disposition = f'attachment; filename="{workbook.file_name}"'
    return Reply(workbook.content, headers={"Content-Disposition": disposition}, media_type=XLSX)


@handler.delete("/daily_revenue_summary", scope="sales.write", status=202)
def clear_sales(caller: Caller, query: ClearQuery, request: Request) -> Reply[Execution] | Plan:
    """Clear an event's sales, all at once: reports, manual totals and corrections.

    For 30 days `POST /executions/{id}/undo` gives them back. Files that were taken can be dropped again.
    """
    if query.dry_run:
        return clear_service.plan(caller.tenant, query.eid)
    started = clear_service.start(caller.tenant, caller.sub, query.eid, request.idempotency_key)
    return Reply(started, 202, headers={"Location": f"/executions/{started.id}"})


@handler.post("/daily_revenue_summary/sales_edit_export", scope="sales.write", status=202)
def apply_edited_export(
    caller: Caller, query: DryRun, upload: UploadedFile, request: Request
) -> Reply[Execution] | EditPlan:
    """Send an edited export back, as a form with the file in the field `file`.

    Rows with other tickets or revenue than they were exported with are applied, unless others changed them meanwhile:
    then they are reported in the ingest of the file, and nothing is overwritten. A larger file goes to a place that
    `POST /ingest/uploads` gives with the purpose `edit`. A dry run reads the rows and says what would become of them.
    """
    if query.dry_run:
        return edit_service.plan(caller.tenant, upload)
    started = edit_service.take(caller.tenant, caller.sub, upload, request.idempotency_key)
    return Reply(started, 202, headers={"Location": f"/executions/{started.id}"})


@handler.get("/events/<eid>/tickets", scope="sales.read")
def read_tickets(caller: Caller, eid: str) -> TicketCategories:
    """Read an event's ticket categories, most sold first."""
    return service.ticket_categories(caller.tenant, eid)


@handler.get("/ingests", scope="sales.read")
def list_ingests(caller: Caller, query: IngestListQuery) -> IngestPage:
    """List an event's ingests, the newest first."""
    return service.list_ingests(caller.tenant, query)


@handler.get("/ingests/<ingest_id>", scope="sales.read")
def read_ingest(caller: Caller, ingest_id: str) -> IngestDocument:
    """Read what became of a dropped file."""
    return service.read_ingest(caller.tenant, ingest_id)


@handler.get("/ingests/<ingest_id>/rows", scope="sales.read")
def list_ingest_rows(caller: Caller, ingest_id: str, query: RowQuery) -> LedgerPage:
    """List an ingest's row ledger: which rows were taken, and why others were not."""
    return service.ledger_rows(caller.tenant, ingest_id, query)


@handler.get("/ingests/<ingest_id>/rejected.xlsx", scope="sales.read")
def download_rejected_rows(caller: Caller, ingest_id: str) -> Reply[Annotated[bytes, XLSX]]:
    """Download an ingest's rejected rows with their reasons, to be fixed and dropped again.

    A large workbook is answered with 303 and a URL that works for five minutes.
    """
    workbook = service.rejected_workbook(caller.tenant, ingest_id)
    if workbook.url is not None:
        return Reply(status=303, headers={"Location": workbook.url})
    disposition = f'attachment; filename="{workbook.file_name}"'
    return Reply(workbook.content, headers={"Content-Disposition": disposition}, media_type=XLSX)


@handler.post("/ingest/backfills", scope="sales.write", status=202)
def start_backfill(
    caller: Caller, query: BackfillQuery, body: Backfill, request: Request
) -> Reply[Execution] | BackfillPlan:
    """Take all files below `backfill/<tenant>/`, those of one event, or of a folder; each file in an ingest of its own.

    A file that fails stops no other. Run again, it takes only what is not taken yet.
    """
    if query.dry_run:
        return backfill_service.plan(caller.tenant, body)
    started = backfill_service.start(caller.tenant, caller.sub, body, request.idempotency_key)
    return Reply(started, 202, headers={"Location": f"/executions/{started.id}"})


@handler.get("/ingest/backfills/<backfill_id>/files", scope="sales.read")
def list_backfilled_files(caller: Caller, backfill_id: str, query: FilesQuery) -> BackfilledFiles:
    """List what became of a back-fill's files, also while it runs; its id is that of its execution."""
    return backfill_service.files(caller.tenant, backfill_id, query)


@handler.get("/ingest/column_mapping", scope="sales.read")
def read_column_mapping(caller: Caller) -> Reply[ColumnMappingDocument]:
    """Read which headings of reports are taken for which field, beyond those that are understood anyway."""
    document = mapping_service.read(caller.tenant)
    return Reply(document, headers={"ETag": etag(document["version"])})


@handler.put("/ingest/column_mapping", scope="sales.write")
def set_column_mapping(
    caller: Caller, body: NewColumnMapping, precondition: Precondition
) -> Reply[ColumnMappingDocument]:
    """Set the column mapping, all of it; a mapped heading wins over any guess.

    It counts for files that are taken from now on. A file that was refused can be dropped again as it is. Rows that
    were loaded before stay as they were understood: where the change makes the same rows say something else (another
    category, say), clear the event's sales before its reports are loaded anew.
    """
    document = mapping_service.replace(caller.tenant, body, precondition)
    return Reply(document, headers={"ETag": etag(document["version"])})


@handler.post("/ingest/transaction_summary/from_excel", scope="sales.write", status=202)
def upload_report(
    caller: Caller, query: UploadQuery, upload: UploadedFile, request: Request
) -> Reply[Execution] | Plan:
    """Send a sales report as a form with the file in the field `file`; its ingest starts at once.

    A larger file goes to a place that `POST /ingest/uploads` gives. What became of its rows is in the ingest. A dry run
    looks at the file without reading its rows.
    """
    if query.dry_run:
        return upload_service.plan(caller.tenant, query, upload)
    started = upload_service.take(caller.tenant, caller.sub, query, upload, request.idempotency_key)
    return Reply(started, 202, headers={"Location": f"/executions/{started.id}"})


@handler.post("/ingest/transaction_summary", scope="sales.write")
def report_summary(
    caller: Caller, query: SummaryQuery, body: NewSummary, request: Request
) -> Reply[IngestDocument] | SummaryPlan:
    """Report what was sold in a span of days as totals per ticket type; they are spread evenly over its days.

    The sums are kept to the ticket and the smallest unit of money. Daily figures with a part of them are marked as
    estimated. Sent again without an idempotency key, they are added again.
    """
    if query.dry_run:
        return summary_service.plan(caller.tenant, body)
    taken = summary_service.take(caller.tenant, caller.sub, body, request.idempotency_key)
    return Reply(taken, 201, headers={"Location": f"/ingests/{taken['id']}"})


@handler.post("/ingest/uploads", scope="sales.write")
def prepare_upload(caller: Caller, body: NewUpload) -> UploadTicket:
    """Ask for a place to send a large sales report to; its ingest starts when the file is there.

    The file is sent as a form, with the `fields` of the answer before it, to its `url`; no token is needed there.
    """
    return upload_service.ticket(caller.tenant, body)
