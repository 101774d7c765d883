"""Files that arrive over HTTP: what is asked for, and what is sent."""

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from marquee import forms
from marquee.plans import DryRun
from marquee.sales.models import IngestMode
from marquee.schemas import Document, Received

_MODE = Field(
    description="partial: good rows are taken, others are rejected one by one; strict: all rows or nothing of the file"
)


class UploadQuery(DryRun):
    """Which event a file is for, and how it is taken."""

    eid: str
    mode: Annotated[IngestMode, _MODE] = "partial"


class NewUpload(Received):
    """A file that is going to be sent to the store itself: a report for an event, or an edited export."""

    purpose: Literal["report", "edit"] = "report"
    eid: Annotated[
        str | None, Field(validate_default=True, description="Of a report; an edited export names its events itself")
    ] = None
    file_name: str = Field(description=f"At most {forms.MAX_NAME} characters, without folders")
    mode: Annotated[IngestMode, _MODE] = "partial"

    @field_validator("eid")
    @classmethod
    def _of_a_report(cls, value: str | None, info: ValidationInfo) -> str | None:
        edit = info.data.get("purpose") == "edit"
        if edit and value is not None:
            raise ValueError("an edited export names its events itself")
        if not edit and not value:
            raise ValueError("a report is for an event: name it")
        return value

    @field_validator("file_name")
    @classmethod
    def _usable(cls, value: str) -> str:
        name = forms.file_name(value)
        # The store would put the name of the sent file there.
        if name is None or name != value.strip() or "${" in name:
            raise ValueError(f"'{value[: forms.MAX_NAME]}' is not the name of a file")
        return name


class UploadTicket(Document):
    """Where to send a file: a form with these `fields` as they are, and the file in `file` as the last field."""

    url: str
    fields: dict[str, str]
    key: str = Field(description="The file's key; its ingest has it in `file.key`")
    expires_at: str = Field(description="The form is taken until then")
    max_bytes: int
    ingests: str | None = Field(
        description="Where the ingest of a report is listed as soon as the file is there; an edit's, under each event "
        "that it changes, when it is applied"
    )
