"""Files that arrive over HTTP: what is asked for, and what is sent."""

from typing import Annotated

from pydantic import Field, field_validator

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
    """A file that is going to be sent to the store itself."""

    eid: str
    file_name: str = Field(description=f"At most {forms.MAX_NAME} characters, without folders")
    mode: Annotated[IngestMode, _MODE] = "partial"

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
    ingests: str = Field(description="Where the ingest is listed as soon as the file is there")
