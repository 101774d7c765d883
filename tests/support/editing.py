"""The sales_edit machine without Step Functions, and exported workbooks as people edit them."""

import io
import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from types import ModuleType
from typing import Any

import boto3
import openpyxl

from marquee.sales.edits import edit_export
from marquee.sales.edits.edit_models import HEADINGS, EditExportQuery
from tests.support.api import sample
from tests.support.ingest import DAY, REGION, TENANT, Ingests, register_event
from tests.support.workbooks import HEADER, workbook

Outcome = dict[str, Any]
OTHER = "evt_other-night"
REPORT: list[list[object]] = [[DAY, "A", 2, 40.5], ["2026-03-02", "B", 1, 99.99], ["2026-04-10", "A", 4, 81]]
# 2 + 1 + 4 tickets, 40.50 + 99.99 + 81.00
BEFORE = (7, Decimal("221.49"), 3)
_ATTEMPTS = 2  # of the machine's 30, for a test has no time
Sheet = Any


def two_events_sold(ingests: Ingests) -> Ingests:
    """Take a report of the samples' event, and one of a second event."""
    ingests.drop(workbook([HEADER, *REPORT]))
    register_event(eid=OTHER, title="Other Night")
    ingests.drop(workbook([HEADER, ["2026-03-05", "C", 3, 30]]), "other.xlsx", eid=OTHER)
    return ingests


def exported(tenant: str = TENANT, event_id: Sequence[str] = ()) -> bytes:
    """All sales of a tenant, or of some events, as they are exported."""
    content = edit_export.export(tenant, EditExportQuery(event_id=list(event_id))).content
    assert content is not None
    return content


def edited(content: bytes, change: Callable[[Sheet], object]) -> bytes:
    """The workbook with its sheet changed by hand."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    change(book.worksheets[0])
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def row_of(sheet: Sheet, **cells: object) -> int:
    """The number of the row whose cells, by heading in lower case with underscores, are these."""
    names = [heading.casefold().replace(" ", "_") for heading in HEADINGS]
    for number, row in enumerate(sheet.iter_rows(min_row=2, values_only=True), start=2):
        if all(row[names.index(name)] == value for name, value in cells.items()):
            return number
    raise AssertionError(cells)


def put(sheet: Sheet, row: int, tickets: object = ..., revenue: object = ...) -> None:
    """Type into the two columns that can be edited."""
    if tickets is not ...:
        sheet.cell(row, HEADINGS.index("Tickets") + 1).value = tickets
    if revenue is not ...:
        sheet.cell(row, HEADINGS.index("Revenue") + 1).value = revenue


class Edits:
    """Sends edited exports and takes them through the machine's steps."""

    def __init__(self, tasks: ModuleType, bucket: str) -> None:
        self._tasks = tasks
        self.bucket = bucket
        self.s3 = boto3.Session(region_name=REGION).client("s3")
        self.sent = 0
        # Called before every step with its name; a test puts its own business in between.
        self.before: Callable[[str], None] = lambda _: None

    def put(self, content: bytes, name: str = "sales.xlsx", tenant: str = TENANT) -> str:
        """Send a file; its key."""
        self.sent += 1
        key = f"edits/{tenant}/upl_{self.sent:06}/{name}"
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=content)
        return key

    def step(self, task: str, **changes: Any) -> Outcome:
        """Run one step, its input and outcome going through JSON as in the machine."""
        self.before(task)
        event = json.loads(json.dumps(sample("sales_edit_tasks", task) | changes))
        outcome: Outcome = json.loads(json.dumps(self._tasks.handler(event, None)))
        return outcome

    def take(self, key: str) -> Outcome:
        """The machine from its start to its end."""
        found = self.step("register", bucket=self.bucket, key=key)
        if found["outcome"] != "REGISTERED":
            return found
        task = found["ingest"]
        found = self.step("inspect", ingest=task)
        if found["outcome"] == "INSPECTED":
            found = self.step("parse", ingest=task, from_1904=found["from_1904"])
        if found["outcome"] == "REJECTED":
            return self.step("reject", ingest=task, code=found["code"], message=found["message"])
        task["work"] = found["work"]
        first = attempts = 0
        while attempts < _ATTEMPTS:
            found = self.step("apply", ingest=task, first=first)
            first = found["next"]
            attempts = attempts + 1 if found["outcome"] == "MOVED" else 0
            if found["outcome"] == "APPLIED":
                return self.step("settle", ingest=task)
        return self.step("abort", ingest=task)

    def send(self, content: bytes, name: str = "sales.xlsx") -> Outcome:
        """Send a file and take it to the end."""
        return self.take(self.put(content, name))
