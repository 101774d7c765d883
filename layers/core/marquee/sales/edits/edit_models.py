"""Edited exports: what is asked for, sent and stored."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from marquee.plans import Plan
from marquee.sales.models import SpanQuery
from marquee.schemas import Document

SHEET = "Sales"
EVENT_ID, EVENT, DATE, CATEGORY, CURRENCY = "Event id", "Event", "Date", "Category", "Currency"
VERSION, TICKETS, REVENUE = "Version (do not edit)", "Tickets", "Revenue"
HEADINGS = (EVENT_ID, EVENT, DATE, CATEGORY, CURRENCY, VERSION, TICKETS, REVENUE)
"""The columns of an export. The hidden version stands between visible ones, so that whoever sorts takes it along."""


class EditExportQuery(SpanQuery):
    """Which rows to export: of these events, in this currency, of this span of days; all where nothing is said."""

    event_id: Annotated[list[str], Field(default_factory=list, max_length=100)]


class EditProblem(Document):
    """A row that would not be applied, as the spreadsheet numbers it."""

    sheet: str
    row: int
    code: str
    message: str


class EditPlan(Plan):
    """What an edited export would change: accepted + rejected + duplicate = rows."""

    rows: int
    accepted: int = Field(description="Rows that would be changed; `changes` has the first of them")
    rejected: int = Field(description="Rows that would not be applied; `problems` has the first of them")
    duplicate: int = Field(description="Rows that nobody edited")
    problems: list[EditProblem]


@dataclass(frozen=True, slots=True)
class ExportedWorkbook:
    """A workbook to download: its content, or where it is too large for an answer, a URL."""

    file_name: str
    rows: int
    content: bytes | None = None
    url: str | None = None
