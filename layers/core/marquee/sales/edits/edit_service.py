"""Use cases of edited exports: they are sent back, and their changes applied."""

from marquee import workflows
from marquee.executions import service as executions
from marquee.executions.models import Execution
from marquee.forms import UploadedFile
from marquee.ids import derived_id, new_id
from marquee.sales import storage
from marquee.sales.edits.edit_models import EditPlan
from marquee.settings import settings

_MACHINE = "sales_edit"


def take(tenant: str, sub: str, upload: UploadedFile, key: str | None) -> Execution:
    """Store the edited export and start applying it; under an idempotency key it is the same one when repeated."""
    upload_id = derived_id("upl", tenant, sub, upload.name, upload.sha256, key or new_id("key"))
    stored = f"edit_uploads/{tenant}/{upload_id}/{upload.name}"
    storage.put_drop(stored, upload.content, "partial")
    order = {"detail": {"bucket": {"name": settings().bucket}, "object": {"key": stored}}}
    return executions.start(tenant, _MACHINE, workflows.execution_name(upload_id), order)


def plan(tenant: str, upload: UploadedFile) -> EditPlan:
    """What sending the file would change. Raises Unprocessable for a file that is no export."""
    # Only a dry run reads workbooks here, and needs the modules for it.
    from marquee.sales.edits import edit_preview  # noqa: PLC0415

    return edit_preview.preview(tenant, upload, _MACHINE)
