"""Sales: what is stored, what is sent, what is asked for. Amounts in stored documents are integer minor units."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator
from typing_extensions import TypedDict

from marquee import money
from marquee.schemas import Received

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

IngestStatus = Literal["REGISTERED", "PARSED", "COMMITTED", "REJECTED", "FAILED"]
IngestKind = Literal["file", "summary", "edit"]
IngestMode = Literal["partial", "strict"]
SourceKind = Literal["file", "summary", "edit", "undo"]
RowStatus = Literal["accepted", "rejected", "duplicate"]
Item = dict[str, Any]


# --- stored ---------------------------------------------------------------------------------------------------------


class Figures(TypedDict):
    """What was sold in one currency. `purchases` are sale rows less refund rows; days are ISO 8601."""

    tickets: int
    revenue: int
    purchases: int
    first_sale: str
    last_sale: str


class VisibleSource(TypedDict):
    """A source of figures whose month items count: those that were staged as `stage`.

    Kinds: ``file`` for sales by day, ``summary`` for sales spread over days (estimated), ``edit`` for corrections of
    daily figures, ``undo`` for what an undone clear gave back of several files.
    """

    stage: str
    kind: SourceKind
    committed_at: str


class Head(TypedDict):
    """The one item of an event's sales that says what readers see; its version is the pointer that a commit moves.

    Clearing begins a new generation. What was taken in any of `generations`, the newest last, is among the figures.
    """

    version: int
    generations: list[str]
    visible: dict[str, VisibleSource]
    kpi: dict[str, Figures]
    categories: dict[str, dict[str, list[int]]]
    seen: str | None
    updated_at: str | None


class Delta(TypedDict):
    """What a commit adds to a head."""

    kpi: dict[str, Figures]
    categories: dict[str, dict[str, list[int]]]


class SourcePlan(TypedDict):
    """What a source staged: what it adds, the sort keys of its month items, and what a reader of it needs later.

    `seen` is the key of the multiset of rows that the event has with it, `seen_before` of the one that replaces (None
    where the source has no rows of files, or the event had none). `work` is the key of the parsed rows of a file.
    """

    kind: SourceKind
    generation: str
    delta: Delta
    items: list[str]
    seen: str | None
    seen_before: str | None
    work: str | None


class DayRow(TypedDict):
    """The sales of one day in one category and currency, from one ingest."""

    day: str
    category: str
    currency: str
    tickets: int
    revenue: int


class IngestTask(TypedDict):
    """What every step of an ingest is told: ids and the file, never rows. `today` bounds the days of sale.

    `work` is the key of the parsed rows, from the step that parses on.
    """

    tenant: str
    eid: str
    ingest_id: str
    bucket: str
    key: str
    etag: str
    size: int
    currency: str
    today: str
    mode: IngestMode
    work: str


# --- sent -----------------------------------------------------------------------------------------------------------


class Total(TypedDict):
    """Tickets and money of one currency."""

    currency: str
    tickets: int
    revenue: float


class DailyRevenue(TypedDict):
    """One day in one currency. `estimated` where a part of it was spread over days rather than reported by day."""

    date: str
    tickets: int
    revenue: float
    currency: str
    estimated: bool


class DailyRevenueSummary(TypedDict):
    """Sales per day, in the order of days, and their totals per currency."""

    event_id: str
    start_date: str | None
    end_date: str | None
    days: list[DailyRevenue]
    totals: list[Total]


class CategorySales(TypedDict):
    """A ticket category in one currency. `share` is its part of all tickets sold (0..1), None where none are."""

    category: str
    currency: str
    sold: int
    revenue: float
    average_price: float | None
    share: float | None


class TicketCategories(TypedDict):
    """An event's ticket categories, most sold first."""

    event_id: str
    categories: list[CategorySales]
    totals: list[Total]


class CurrencyStatistics(TypedDict):
    """An event's sales in one currency."""

    currency: str
    revenue: float
    tickets_sold: int
    purchases: int
    average_price: float | None


class EventStatistics(TypedDict):
    """An event's key figures. Money is in the event's currency; `by_currency` has every currency that was sold in.

    `purchases` are accepted sale rows less refund rows. `spent` is what campaigns cost and `roas` the revenue that
    their platforms report per unit spent, None while nothing is spent.
    """

    event_id: str
    currency: str
    revenue: float
    purchases: int
    spent: float
    roas: float | None
    campaigns: int
    active: bool
    tickets_sold: int
    capacity: int
    sell_through: float | None
    average_price: float | None
    first_sale: str | None
    last_sale: str | None
    days_to_go: int
    by_currency: list[CurrencyStatistics]
    updated_at: str | None


class IngestFile(TypedDict):
    """The dropped file: its place in the bucket, its size in bytes, its content's hash in hex."""

    key: str
    name: str
    size: int
    sha256: str


class IngestReason(TypedDict):
    """Why an ingest took nothing."""

    code: str
    message: str


class TakenColumn(TypedDict):
    """A column and what it was taken for, as its heading was understood or as the column mapping says."""

    field: str
    column: str
    header: str
    by: Literal["mapping", "guess"]


class SheetSummary(TypedDict):
    """What was found in a sheet. `header_row` is None where no row names the needed columns; such a sheet is left out.

    `skipped` counts rows that are no data: blank, totals, the header again, notes.
    """

    sheet: str
    header_row: int | None
    columns: list[TakenColumn]
    date_order: Literal["day_first", "month_first"]
    rows: int
    skipped: dict[str, int]


class IngestDocument(TypedDict):
    """A dropped file and what became of its rows: accepted + rejected + duplicate = rows.

    A summary has no file and no execution: it is taken at once, and its rows are its ticket types.

    An edited export (kind ``edit``) is listed under each event that it changes or has a rejected row of; it has no
    `eid` of its own where these are several. Its duplicates are the rows that nobody edited.

    `cleared` where its sales were taken and the event's sales cleared since: dropped again, it is taken again.
    """

    id: str
    eid: str | None
    kind: IngestKind
    mode: IngestMode
    file: IngestFile | None
    status: IngestStatus
    cleared: bool
    rows: int
    accepted: int
    rejected: int
    duplicate: int
    reason: IngestReason | None
    columns: list[SheetSummary]
    totals: list[Total]
    execution: str | None
    created_at: str
    finished_at: str | None


class IngestPage(TypedDict):
    """An event's ingests, the newest first."""

    limit: int
    items: list[IngestDocument]
    next_cursor: str | None


class RowReason(TypedDict):
    """Why a cell was refused: where it is, what it holds, a stable code, a sentence."""

    column: str | None
    header: str | None
    cell: str | None
    code: str
    message: str


class LedgerEntry(TypedDict):
    """Rows of a sheet, from `row` to `last_row` as spreadsheets number them, that had the same fate.

    A rejected row is an entry of its own: `column` and `header` say where its first refused cell is, `cell` what it
    holds, `code` and `message` why it was refused. `further_reasons` are its other refused cells.
    """

    status: RowStatus
    sheet: str
    row: int
    last_row: int
    column: str | None
    header: str | None
    cell: str | None
    code: str | None
    message: str | None
    further_reasons: list[RowReason]


class LedgerPage(TypedDict):
    """A page of an ingest's row ledger: rejected rows first, then duplicates, then accepted rows."""

    limit: int
    total: int
    items: list[LedgerEntry]
    next_cursor: str | None


# --- asked for ------------------------------------------------------------------------------------------------------


class SpanQuery(Received):
    """A currency and a span of days, both ends included; either may be left out."""

    currency: Annotated[str, Field(description="ISO 4217")] | None = None
    start_date: date | None = None
    end_date: date | None = None

    @field_validator("currency")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        if value is not None and not money.is_currency(value):
            raise ValueError(f"'{value}' is not an ISO 4217 currency in upper case")
        return value

    @field_validator("end_date")
    @classmethod
    def _ordered(cls, value: date | None, info: ValidationInfo) -> date | None:
        start = info.data.get("start_date")
        if value is not None and start is not None and value < start:
            raise ValueError("end_date is before start_date")
        return value


class DailyRevenueQuery(SpanQuery):
    """An event, and optionally a currency and a span of days (both ends included)."""

    event_id: str


class IngestListQuery(Received):
    """An event's ingests, page by page."""

    eid: str
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, Field(max_length=500)] | None = None


class RowQuery(Received):
    """A part of a row ledger, page by page."""

    status: RowStatus | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    cursor: Annotated[str, Field(max_length=500)] | None = None
