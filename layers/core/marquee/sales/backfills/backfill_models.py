"""Back-fills: what is asked for, what is noted of each file, and what is sent."""

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from marquee.plans import DryRun, Plan
from marquee.sales.models import IngestMode
from marquee.schemas import Document, Received

FileStatus = Literal["RUNNING", "COMMITTED", "UNCHANGED", "REJECTED", "FAILED", "IGNORED", "CANCELLED"]
PLACE = "[A-Za-z0-9][A-Za-z0-9._-]{0,63}"


# --- stored ---------------------------------------------------------------------------------------------------------


class Order(TypedDict):
    """What a back-fill was asked to take: the objects below `prefix`, in `mode` (None: as each file's metadata say)."""

    tenant: str
    backfill: str
    bucket: str
    prefix: str
    mode: IngestMode | None
    started_at: str


class Note(TypedDict):
    """What became of one file of a back-fill. `file` is its key below the tenant's folder of back-fills.

    `execution` is the name of the execution of `sales_ingest` that takes it, the `attempt`-th of this back-fill.
    """

    file: str
    etag: str
    status: FileStatus
    attempt: int
    execution: str | None
    ingest_id: str | None
    rows: int
    accepted: int
    rejected: int
    duplicate: int
    code: str | None
    message: str | None


# --- what the machine hands around ----------------------------------------------------------------------------------


class Dropped(TypedDict):
    """One object of the listing."""

    key: str
    etag: str
    last_modified: str


class Problem(TypedDict):
    """A file that was not taken, and why."""

    file: str
    status: FileStatus
    code: str | None
    message: str | None


class Summary(TypedDict):
    """What became of a back-fill's files: the six counts of files add up to `files`; rows are those of all of them.

    `reasons` counts the files that were not taken by code; `problems` are the first of them, in the order of names.
    """

    files: int
    committed: int
    unchanged: int
    rejected: int
    failed: int
    ignored: int
    rows: int
    rows_accepted: int
    rows_rejected: int
    rows_duplicate: int
    reasons: dict[str, int]
    problems: list[Problem]


# --- asked for ------------------------------------------------------------------------------------------------------


class Backfill(Received):
    """Which of the tenant's files below ``backfill/<tenant>/`` are taken: all, or those of one event, or of a folder.

    `mode` is for all files; without it each file's metadata choose, as for any drop.
    """

    eid: Annotated[str, Field(pattern=f"^{PLACE}$", description="Only this event's files")] | None = None
    prefix: Annotated[
        str,
        Field(
            max_length=500,
            pattern="^([^/].*)?$",
            description="How names begin, below backfill/<tenant>/, or below backfill/<tenant>/<eid>/ with an event",
        ),
    ] = ""
    mode: IngestMode | None = None


class BackfillQuery(DryRun):
    """How a back-fill is started."""


class FilesQuery(Received):
    """A part of a back-fill's files, page by page."""

    status: FileStatus | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 100
    cursor: Annotated[str, Field(max_length=2000)] | None = None


# --- sent -----------------------------------------------------------------------------------------------------------


class BackfillPlan(Plan):
    """What the back-fill would do: how many files there are, the first of them as planned changes."""

    files: int = Field(description="Files that it would take up")
    more: bool = Field(description="Counting stopped here: there are more files")


class BackfilledFile(Document):
    """What became of one file. `execution` is where to look while it is taken, `ingest` where to look afterwards."""

    file: str = Field(description="Its key below backfill/<tenant>/")
    status: FileStatus
    rows: int
    accepted: int
    rejected: int
    duplicate: int
    code: str | None
    message: str | None
    execution: str | None
    ingest: str | None


class BackfilledFiles(TypedDict):
    """A page of a back-fill's files, in the order of their names. A page may have fewer than `limit`, or none."""

    limit: int
    items: list[BackfilledFile]
    next_cursor: str | None


Outcome = dict[str, Any]
