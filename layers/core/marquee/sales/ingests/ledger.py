"""Pure accounting of an ingest's rows: every row is accepted, rejected or a duplicate, and the ledger says which."""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import orjson

from marquee.sales import rules
from marquee.sales.models import (
    IngestDocument,
    IngestFile,
    IngestKind,
    IngestTask,
    Item,
    LedgerEntry,
    RowReason,
    RowStatus,
    SheetSummary,
)
from marquee.sales.workbooks import cells, columns
from marquee.sales.workbooks.reading import RejectedRow, Run, SheetReport

CHUNK_ENTRIES = 1_000
"""Ledger entries in one stored chunk; a page of at most as many reads one or two chunks."""
ORDER: tuple[RowStatus, ...] = ("rejected", "duplicate", "accepted")
_MAX_CELL = 200
_HELD_BACK = "Nothing is wrong here. Other rows of the file are rejected, and it is to be taken whole or not at all."


def partition(tenant: str, ingest_id: str) -> str:
    """Partition key of an ingest."""
    return f"T#{tenant}#I#{ingest_id}"


def execution_partition(tenant: str, execution: str) -> str:
    """Partition key of what an execution takes, and whether it was stopped."""
    return f"T#{tenant}#X#{execution}"


def opened(task: IngestTask, *, kind: IngestKind, name: str, sha256: str, execution: str) -> Item:
    """The item of an ingest that begins, of a file called `name`."""
    return {
        **{one: task[one] for one in ("ingest_id", "eid", "bucket", "key", "size", "mode")},
        "kind": kind,
        "name": name,
        "sha256": sha256,
        "generation": "",
        "status": "REGISTERED",
        "rows": 0,
        "accepted": 0,
        "rejected": 0,
        "duplicate": 0,
        "entries": {},
        "reason": None,
        "columns": "[]",
        "totals": {},
        "execution": execution,
        "finished_at": None,
    }


def tags(status: str, ingest_id: str) -> dict[str, str]:
    """What a dropped object is tagged with."""
    return {"marquee-ingest": status, "marquee-ingest-id": ingest_id}


# --- entries ----------------------------------------------------------------------------------------------------------


class Fate(NamedTuple):
    """Runs of rows that were taken and of rows the event had already, and how many rows each are."""

    accepted: list[Run]
    duplicate: list[Run]
    accepted_rows: int
    duplicate_rows: int


def sort_out(order: "array[int]", runs: Sequence[Run], had: "array[int]") -> Fate:
    """Which of the sale rows are new: of each content the first `had[content]` rows in the file are duplicates."""
    duplicates = sum(had)
    if not duplicates:
        return Fate(list(runs), [], len(order), 0)
    left = array(had.typecode, had)
    accepted: list[Run] = []
    duplicate: list[Run] = []
    index = 0
    for sheet, first, last in runs:
        begun, was_duplicate = first, False
        for row in range(first, last + 1):
            content = order[index]
            index += 1
            is_duplicate = left[content] > 0
            if is_duplicate:
                left[content] -= 1
            if is_duplicate is not was_duplicate:
                if row > begun:
                    (duplicate if was_duplicate else accepted).append(Run(sheet, begun, row - 1))
                begun, was_duplicate = row, is_duplicate
        (duplicate if was_duplicate else accepted).append(Run(sheet, begun, last))
    return Fate(accepted, duplicate, len(order) - duplicates, duplicates)


def run_entries(status: RowStatus, runs: Iterable[Run], sheet_names: Sequence[str]) -> Iterator[LedgerEntry]:
    """Entries of rows that were taken, or that the event had already."""
    for sheet, first, last in runs:
        yield {
            "status": status,
            "sheet": sheet_names[sheet],
            "row": first,
            "last_row": last,
            "column": None,
            "header": None,
            "cell": None,
            "code": None,
            "message": None,
            "further_reasons": [],
        }


def held_back_entries(runs: Iterable[Run], sheet_names: Sequence[str]) -> Iterator[LedgerEntry]:
    """Entries of good rows of a file that is not taken, as others of its rows are not good."""
    for entry in run_entries("rejected", runs, sheet_names):
        yield {**entry, "code": "row.held_back", "message": _HELD_BACK}


def rejected_entries(rows: Iterable[RejectedRow], sheets: Sequence[SheetReport]) -> Iterator[LedgerEntry]:
    """An entry for each rejected row, with every cell that was refused."""
    for row in rows:
        sheet = sheets[row.sheet]
        first, *further = (_reason(row, sheet, reason.field, reason.refusal) for reason in row.reasons)
        yield {
            "status": "rejected",
            "sheet": sheet.name,
            "row": row.row,
            "last_row": row.row,
            **first,
            "further_reasons": further,
        }


def _reason(row: RejectedRow, sheet: SheetReport, name: str, refusal: cells.Refusal) -> RowReason:
    position = sheet.columns.positions.get(name) if sheet.columns else None
    if position is None:
        return {"column": None, "header": None, "cell": None, "code": refusal.code, "message": refusal.message}
    return {
        "column": columns.letter(sheet.first_column + position),
        "header": sheet.headings[position],
        "cell": cells.as_written(row.cells[position])[:_MAX_CELL],
        "code": refusal.code,
        "message": refusal.message,
    }


def chunked(entries: Iterable[LedgerEntry]) -> Iterator[bytes]:
    """The entries as stored chunks of JSON, each `CHUNK_ENTRIES` long but the last."""
    held: list[LedgerEntry] = []
    for entry in entries:
        held.append(entry)
        if len(held) == CHUNK_ENTRIES:
            yield orjson.dumps(held)
            held = []
    if held:
        yield orjson.dumps(held)


def sheet_summaries(sheets: Iterable[SheetReport]) -> list[SheetSummary]:
    """Which column was taken for what, sheet by sheet."""
    return [
        {
            "sheet": sheet.name,
            "header_row": sheet.columns.header_row + 1 if sheet.columns else None,
            "columns": [
                {
                    "field": name,
                    "column": columns.letter(sheet.first_column + position),
                    "header": sheet.headings[position],
                    "by": "mapping" if name in sheet.columns.mapped else "guess",
                }
                for name, position in sorted(sheet.columns.positions.items(), key=lambda pair: pair[1])
            ]
            if sheet.columns
            else [],
            "date_order": "month_first" if sheet.month_first else "day_first",
            "rows": sheet.rows,
            "skipped": dict(sheet.skipped),
        }
        for sheet in sheets
    ]


# --- pages ------------------------------------------------------------------------------------------------------------


class Slice(NamedTuple):
    """Entries `start` to `stop` of the stored entries with one status."""

    status: RowStatus
    start: int
    stop: int


def slices(stored: Mapping[str, int], status: RowStatus | None, offset: int, limit: int) -> tuple[list[Slice], int]:
    """Which stored entries make the page at `offset`, and how many entries there are in all."""
    wanted = [one for one in ORDER if status in (None, one)]
    found: list[Slice] = []
    passed = 0
    for one in wanted:
        have = stored.get(one, 0)
        start, stop = max(0, offset - passed), min(have, offset + limit - passed)
        if start < stop:
            found.append(Slice(one, start, stop))
        passed += have
    return found, passed


# --- the ingest document ----------------------------------------------------------------------------------------------


_MACHINES: dict[IngestKind, str] = {"file": "sales_ingest", "edit": "sales_edit"}


def document(item: Item, generations: Sequence[str]) -> IngestDocument:
    """A stored ingest as it is sent. `generations` are those of the event's head."""
    return {
        "id": item["ingest_id"],
        "eid": item["eid"] or None,
        "kind": item["kind"],
        "mode": item["mode"],
        "file": _file(item) if item["key"] else None,
        "status": item["status"],
        "cleared": item["status"] == "COMMITTED" and item["generation"] not in generations,
        "rows": item["rows"],
        "accepted": item["accepted"],
        "rejected": item["rejected"],
        "duplicate": item["duplicate"],
        "reason": item["reason"],
        "columns": orjson.loads(item["columns"]),
        "totals": rules.totals({code: (tickets, minor) for code, (tickets, minor) in item["totals"].items()}),
        "execution": f"/executions/exe_{_MACHINES[item['kind']]}.{item['execution']}" if item["execution"] else None,
        "created_at": item["created_at"],
        "finished_at": item["finished_at"],
    }


def _file(item: Item) -> IngestFile:
    return {"key": item["key"], "name": item["name"], "size": item["size"], "sha256": item["sha256"]}
