"""What the steps of an edit hand on: the rows that were read, and what became of each event's."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import orjson

from marquee import money
from marquee.errors import NotFound
from marquee.sales import storage
from marquee.sales.edits import edit_returned, edit_version
from marquee.sales.edits.edits import Change, EditedFile, EditedSheet, Fate
from marquee.sales.models import Figures, LedgerEntry, RowStatus
from marquee.sales.workbooks.cells import Cell, Refusal
from marquee.sales.workbooks.parsed import Run

_KEY = re.compile(
    r"(?:edits|edit_uploads)/([A-Za-z0-9][A-Za-z0-9._-]{0,63})/[A-Za-z0-9][A-Za-z0-9._-]{0,63}/([^/]+)", re.DOTALL
)


def parse_key(key: str) -> tuple[str, str] | None:
    """Tenant and file name of an edited export's key; None for any other.

    ``edits/<tenant>/<upload id>/<name>`` is sent to the store itself, ``edit_uploads/...`` to us.
    """
    match = _KEY.fullmatch(key)
    return (match[1], match[2]) if match else None


def stage_key(tenant: str, ingest_id: str, stage: str) -> str:
    """Where it is kept what became of an event's rows if this stage counts."""
    return storage.ingest_key(tenant, ingest_id, f"edit/stage/{stage}.json")


def note_key(tenant: str, ingest_id: str, number: int) -> str:
    """Where it is noted what became of the rows of the event with this number."""
    return storage.ingest_key(tenant, ingest_id, f"edit/outcome/{number:04}.json")


# --- rows -------------------------------------------------------------------------------------------------------------


class Work(NamedTuple):
    """An edited export as it was read.

    `events` are the events to be changed with their rows; `refused` rows are kept with their ledger entry and their
    line of the returned workbook; the ingest is listed under the events in `listed`.
    """

    rows: int
    sheets: list[EditedSheet]
    unchanged: list[Run]
    events: list[tuple[str, list[Change]]]
    refused: list[tuple[int, int, LedgerEntry, str]]
    listed: list[str]


def pack(found: EditedFile) -> bytes:
    """The file for the steps that follow."""
    concerned = {*found.changes, *(one.eid for one in found.refused if one.eid)}
    listed = sorted(concerned) if concerned or len(found.events) != 1 else [*found.events]
    sheets = found.sheets
    refused = [
        [
            one.sheet,
            one.row,
            edit_returned.entry(sheets[one.sheet], one.row, one.cells, one.reasons),
            edit_returned.row_cells(one.row, one.cells, one.reasons),
        ]
        for one in found.refused
    ]
    document = {
        "rows": found.rows,
        "sheets": sheets,
        "unchanged": [list(run) for run in found.unchanged],
        "events": [[eid, changes] for eid, changes in found.changes.items()],
        "refused": refused,
        "listed": listed,
    }
    return orjson.dumps(document, default=list)


def read(key: str) -> Work:
    """What was packed. Raises NotFound."""
    stored = storage.get(key)
    if stored is None:
        raise NotFound("ingest.work_missing", f"The edit's working file is missing: {key}")
    document = orjson.loads(stored)
    return Work(
        document["rows"],
        [EditedSheet(**sheet) for sheet in document["sheets"]],
        [Run(*run) for run in document["unchanged"]],
        [(eid, [_change(*change) for change in changes]) for eid, changes in document["events"]],
        [(sheet, row, entry, line) for sheet, row, entry, line in document["refused"]],
        document["listed"],
    )


def _change(sheet: int, row: int, place: Sequence[str], exported: Sequence[int], wanted: Sequence[int]) -> Change:
    day, category, currency = place
    return Change(sheet, row, (day, category, currency), (exported[0], exported[1]), (wanted[0], wanted[1]))


def cells_of(eid: str, change: Change, key: edit_version.KeyOf) -> tuple[Cell, ...]:
    """The cells of a change's row, the event's title apart."""
    day, category, currency = change.place
    version = edit_version.written(key(day, category, currency), *change.exported)
    tickets, minor = change.wanted
    return eid, None, day, category, currency, version, tickets, minor / 10 ** money.exponent(currency)


def merged(unchanged: Sequence[Run], more: Sequence[tuple[int, int]]) -> list[Run]:
    """Runs and single rows in order, those that follow each other together."""
    found: list[Run] = []
    for sheet, first, last in sorted([*unchanged, *(Run(sheet, row, row) for sheet, row in more)]):
        if found and found[-1].sheet == sheet and found[-1].last == first - 1:
            found[-1] = Run(sheet, found[-1].first, last)
        else:
            found.append(Run(sheet, first, last))
    return found


# --- outcomes ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EventOutcome:
    """What became of an event's rows, in their order, and what it added to the event's figures, per currency."""

    eid: str
    generation: str
    totals: dict[str, list[int]]
    fates: list[tuple[RowStatus, Refusal | None]]

    @classmethod
    def of(cls, eid: str, generation: str, kpi: Mapping[str, Figures], fates: Sequence[tuple[Change, Fate]]) -> Self:
        """The outcome of changes that were judged."""
        totals = {currency: [figures["tickets"], figures["revenue"]] for currency, figures in kpi.items()}
        return cls(eid, generation, totals, [(_status(fate), fate.refusal) for _, fate in fates])

    def packed(self) -> bytes:
        """The outcome as it is kept."""
        return orjson.dumps(
            {"eid": self.eid, "generation": self.generation, "totals": self.totals, "fates": self.fates}, default=list
        )


def _status(fate: Fate) -> RowStatus:
    if fate.refusal is not None:
        return "rejected"
    return "accepted" if fate.difference else "duplicate"


def read_note(tenant: str, ingest_id: str, number: int) -> EventOutcome:
    """What became of the rows of the event with this number. Raises NotFound."""
    stored = storage.get(note_key(tenant, ingest_id, number))
    if stored is None:
        raise NotFound("ingest.work_missing", "It is not noted what became of the rows of an event.")
    document = orjson.loads(stored)
    fates = [(status, Refusal(*refusal) if refusal else None) for status, refusal in document["fates"]]
    return EventOutcome(document["eid"], document["generation"], document["totals"], fates)
