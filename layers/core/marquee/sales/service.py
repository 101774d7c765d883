"""What readers of sales ask for. Readers see committed sales only: the head first, then the items it names."""

from dataclasses import dataclass

import orjson

from marquee import clock, cursors, money
from marquee.errors import NotFound
from marquee.events import service as events
from marquee.sales import repository, rules, storage
from marquee.sales.ingests import ledger
from marquee.sales.models import (
    XLSX,
    DailyRevenueQuery,
    DailyRevenueSummary,
    EventStatistics,
    IngestDocument,
    IngestListQuery,
    IngestPage,
    Item,
    LedgerEntry,
    LedgerPage,
    RowQuery,
    TicketCategories,
)

# Base64 makes this just under Lambda's 6 MB for an answer.
_INLINE_BYTES = 4 * 1024 * 1024


def daily_revenue(tenant: str, query: DailyRevenueQuery) -> DailyRevenueSummary:
    """The event's sales per day. Raises NotFound."""
    events.read(tenant, query.event_id)
    head = repository.head(tenant, query.event_id)
    rows = repository.day_rows(tenant, query.event_id, head, query.start_date, query.end_date)
    return rules.daily_summary(query.event_id, rows, query.currency, query.start_date, query.end_date)


def ticket_categories(tenant: str, eid: str) -> TicketCategories:
    """The event's ticket categories. Raises NotFound."""
    events.read(tenant, eid)
    return rules.ticket_categories(eid, repository.head(tenant, eid))


def statistics(tenant: str, eid: str) -> EventStatistics:
    """The event's key figures: of its sales from one item, of its campaigns from one more and a Query.

    Raises NotFound.
    """
    from marquee.campaigns import service as campaigns  # noqa: PLC0415 - other readers of sales need none of it

    event = events.read(tenant, eid)
    brought = campaigns.figures(tenant, eid, event.currency)
    found = rules.statistics(
        eid,
        repository.head(tenant, eid),
        currency=event.currency,
        capacity=event.capacity,
        start_date_time=event.start_date_time,
        active=event.status == "active",
        today=clock.now().date(),
    )
    spent = brought["spent"]
    return {
        **found,
        "spent": money.to_number(spent, event.currency),
        "roas": round(brought["revenue"] / spent, 4) if spent else None,
        "campaigns": brought["campaigns"],
    }


# --- ingests ----------------------------------------------------------------------------------------------------------


def list_ingests(tenant: str, query: IngestListQuery) -> IngestPage:
    """An event's ingests, the newest first. Raises NotFound for an event that is not the tenant's."""
    events.read(tenant, query.eid)
    before = cursors.sort_key(query.cursor, "ingests")
    items, last = repository.ingests_of(tenant, query.eid, query.limit, before)
    generations = repository.head(tenant, query.eid)["generations"]
    return {
        "limit": query.limit,
        "items": [ledger.document(item, generations) for item in items],
        "next_cursor": cursors.encode("ingests", last) if last else None,
    }


def _stored(tenant: str, ingest_id: str) -> Item:
    item = repository.ingest(tenant, ingest_id)
    if item is None:
        raise NotFound("ingest.not_found", f"There is no ingest '{ingest_id}'.")
    return item


def read_ingest(tenant: str, ingest_id: str) -> IngestDocument:
    """One ingest. Raises NotFound."""
    item = _stored(tenant, ingest_id)
    eid = item["eid"]
    generations = repository.head(tenant, eid)["generations"] if eid else [item["generation"]]
    return ledger.document(item, generations)


def ledger_rows(tenant: str, ingest_id: str, query: RowQuery) -> LedgerPage:
    """A page of an ingest's row ledger; empty until the ingest has ended. Raises NotFound."""
    stored = _stored(tenant, ingest_id)["entries"]
    offset = cursors.offset(query.cursor, f"rows:{query.status}")
    wanted, total = ledger.slices(stored, query.status, offset, query.limit)
    entries: list[LedgerEntry] = []
    for status, start, stop in wanted:
        entries.extend(_entries(tenant, ingest_id, status, start, stop))
    following = offset + query.limit
    return {
        "limit": query.limit,
        "total": total,
        "items": entries,
        "next_cursor": cursors.encode(f"rows:{query.status}", following) if following < total else None,
    }


def _entries(tenant: str, ingest_id: str, status: str, start: int, stop: int) -> list[LedgerEntry]:
    found: list[LedgerEntry] = []
    first_chunk = start // ledger.CHUNK_ENTRIES
    for number in range(first_chunk, (stop - 1) // ledger.CHUNK_ENTRIES + 1):
        chunk = storage.get_ledger(tenant, ingest_id, status, number)
        if chunk is None:
            raise NotFound("ingest.rows_missing", "The row ledger of this ingest is not there any more.")
        found.extend(orjson.loads(chunk))
    skipped = first_chunk * ledger.CHUNK_ENTRIES
    return found[start - skipped : stop - skipped]


@dataclass(frozen=True, slots=True)
class RejectedWorkbook:
    """A workbook to download: its content, or where it is too large for an answer, a URL."""

    file_name: str
    content: bytes | None = None
    url: str | None = None


def rejected_workbook(tenant: str, ingest_id: str) -> RejectedWorkbook:
    """The rejected rows of an ingest as a workbook. Raises NotFound, also where no row was rejected."""
    item = _stored(tenant, ingest_id)
    key = storage.ingest_key(tenant, ingest_id, storage.REJECTED_WORKBOOK)
    size = storage.size_of(key) if item["rejected"] else None
    if size is None:
        raise NotFound("ingest.no_rejected_rows", "No row of this ingest was rejected.")
    file_name = f"{ingest_id}-rejected.xlsx"
    if size > _INLINE_BYTES:
        return RejectedWorkbook(file_name, url=storage.download_url(key, file_name, XLSX))
    return RejectedWorkbook(file_name, content=storage.get(key))
