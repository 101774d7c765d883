"""Pure rules of sales: keys, what a commit does to the figures, and the figures as they are sent."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from hashlib import sha256
from typing import Literal

import orjson

from marquee import money
from marquee.sales.models import (
    CategorySales,
    CurrencyStatistics,
    DailyRevenue,
    DailyRevenueSummary,
    DayRow,
    Delta,
    EventStatistics,
    Figures,
    Head,
    IngestStatus,
    SourceKind,
    TicketCategories,
    Total,
    VisibleSource,
)

MAX_CATEGORIES = 1_000
OPEN: tuple[IngestStatus, ...] = ("REGISTERED", "PARSED")
MAX_GENERATIONS = 50
MAX_HEAD_BYTES = 380_000
"""Bytes of a head as it is stored; DynamoDB takes 400 KB with its keys."""
_PLACE = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_DROP_KEY = re.compile(rf"(?:sales|backfill)/({_PLACE})/({_PLACE})/(.+[^/])", re.DOTALL)
_UPLOAD_KEY = re.compile(rf"(?:uploads|sales)/({_PLACE})/({_PLACE})/upl_[A-Za-z0-9_-]{{1,40}}/([^/]+)")


def parse_drop_key(key: str) -> tuple[str, str, str] | None:
    """Tenant, event and file name of a dropped object's key; None for any other.

    Drops are ``sales/<tenant>/<eid>/<name>``, files of a back-fill ``backfill/<tenant>/<eid>/<name>``, and uploads
    ``uploads/<tenant>/<eid>/<upload id>/<name>`` or, sent to the store itself, ``sales/<tenant>/<eid>/<upload
    id>/<name>``.
    """
    match = _UPLOAD_KEY.fullmatch(key) or _DROP_KEY.fullmatch(key)
    return (match[1], match[2], match[3]) if match else None


def stage_name(base: int, content: str) -> str:
    """The name of what is staged on top of version `base` of a head; `content` tells different contents apart."""
    return f"{base}-{sha256(content.encode()).hexdigest()[:12]}"


def base_of(stage: str) -> int:
    """The version of the head that something was staged on top of."""
    return int(stage.partition("-")[0])


def month_key(month: str, source: str, stage: str, part: int) -> str:
    """Sort key of a month item; it names its source and as what it was staged."""
    return f"S#{month}#{source}#{stage}#{part}"


def parse_month_key(key: str) -> tuple[str, str, str]:
    """Month, source and stage of a month item."""
    _, month, source, stage, _ = key.split("#")
    return month, source, stage


def is_visible(head: Head, source: str, stage: str) -> bool:
    """Whether readers count a month item: leftovers of other attempts of the same source never do."""
    entry = head["visible"].get(source)
    return entry is not None and entry["stage"] == stage


def generation(head: Head) -> str:
    """The generation that what is taken now belongs to."""
    return head["generations"][-1]


def is_open(status: IngestStatus) -> bool:
    """Whether an ingest is being worked on; it is not where it was taken, refused or given up."""
    return status in OPEN


def empty_head() -> Head:
    """The head of an event without sales."""
    return {
        "version": 0,
        "generations": [""],
        "visible": {},
        "kpi": {},
        "categories": {},
        "seen": None,
        "updated_at": None,
    }


# --- what a commit does -----------------------------------------------------------------------------------------------


def delta_of(rows: Iterable[DayRow], purchases: Mapping[str, int]) -> Delta:
    """What day rows add to a head; `purchases` are their sale rows less refund rows, per currency."""
    kpi: dict[str, Figures] = {}
    categories: dict[str, dict[str, list[int]]] = {}
    for row in rows:
        day, currency = row["day"], row["currency"]
        one: Figures = {
            "tickets": row["tickets"],
            "revenue": row["revenue"],
            "purchases": 0,
            "first_sale": day,
            "last_sale": day,
        }
        kpi[currency] = _added(kpi.get(currency), one)
        sums = categories.setdefault(row["category"], {}).setdefault(currency, [0, 0])
        sums[0] += row["tickets"]
        sums[1] += row["revenue"]
    for currency, number in purchases.items():
        kpi[currency]["purchases"] += number
    return {"kpi": kpi, "categories": categories}


def _added(before: Figures | None, more: Figures) -> Figures:
    if before is None:
        return {**more}
    return {
        "tickets": before["tickets"] + more["tickets"],
        "revenue": before["revenue"] + more["revenue"],
        "purchases": before["purchases"] + more["purchases"],
        "first_sale": min(before["first_sale"], more["first_sale"]),
        "last_sale": max(before["last_sale"], more["last_sale"]),
    }


def visible_entry(stage: str, kind: SourceKind, committed_at: str) -> VisibleSource:
    """A source as readers see it from now on."""
    return {"stage": stage, "kind": kind, "committed_at": committed_at}


def add_to(sums: Delta, more: Delta | Head) -> None:
    """Add figures and categories to `sums`, which is changed."""
    for name, of in more["categories"].items():
        for currency, (tickets, revenue) in of.items():
            pair = sums["categories"].setdefault(name, {}).setdefault(currency, [0, 0])
            pair[0] += tickets
            pair[1] += revenue
    for currency, figures in more["kpi"].items():
        sums["kpi"][currency] = _added(sums["kpi"].get(currency), figures)


def added(head: Head, delta: Delta) -> Delta:
    """The figures and categories of a head with a delta added."""
    sums: Delta = {"kpi": {}, "categories": {}}
    add_to(sums, head)
    add_to(sums, delta)
    return sums


def committed(head: Head, source: str, entry: VisibleSource, delta: Delta, seen: str | None) -> Head:
    """The head after a commit of what was staged against its version; `seen` is None where no rows of files came."""
    return {
        "version": head["version"] + 1,
        "generations": head["generations"],
        "visible": {**head["visible"], source: entry},
        **added(head, delta),
        "seen": seen or head["seen"],
        "updated_at": entry["committed_at"],
    }


def cleared(head: Head, generation_id: str, now: str) -> Head:
    """The empty head that takes the place of one; what is taken from now on belongs to a new generation."""
    return {
        **empty_head(),
        "version": head["version"] + 1,
        "generations": [generation_id],
        "updated_at": now,
    }


def too_much(head: Head) -> Literal["categories", "sources"] | None:
    """Which of an event's things are more than its one head item can hold; None where all fit."""
    if len(head["categories"]) > MAX_CATEGORIES:
        return "categories"
    return "sources" if len(orjson.dumps(head)) > MAX_HEAD_BYTES else None


# --- figures as they are sent -----------------------------------------------------------------------------------------


def totals(sums: Mapping[str, tuple[int, int]]) -> list[Total]:
    """Totals per currency from (tickets, minor units)."""
    return [
        {"currency": currency, "tickets": tickets, "revenue": money.to_number(minor, currency)}
        for currency, (tickets, minor) in sorted(sums.items())
    ]


def head_totals(head: Head | Delta) -> list[Total]:
    """Totals per currency of all that readers of a head see, or of what is added to it."""
    return totals({code: (figures["tickets"], figures["revenue"]) for code, figures in head["kpi"].items()})


def average_price(minor: int, tickets: int, currency: str) -> float | None:
    """Money per ticket, to the currency's decimals (half to even); None unless more was sold than returned."""
    if tickets <= 0:
        return None
    return money.to_number(int((Decimal(minor) / tickets).to_integral_value(ROUND_HALF_EVEN)), currency)


def fraction(part: int, whole: int) -> float | None:
    """`part` of `whole`, to six decimals; None where there is no whole."""
    return round(part / whole, 6) if whole > 0 else None


def span(start: date | None, end: date | None) -> tuple[str, str]:
    """First and last day as texts that every day between compares within; an end that is not given is no bound."""
    return (start.isoformat() if start else ""), (end.isoformat() if end else "~")


def daily_summary(
    event_id: str,
    rows: Iterable[tuple[SourceKind, DayRow]],
    currency: str | None,
    start: date | None,
    end: date | None,
) -> DailyRevenueSummary:
    """Sales per day and currency from (kind of ingest, day row)."""
    sums: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    estimated: set[tuple[str, str]] = set()
    by_currency: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    first, last = span(start, end)
    for kind, row in rows:
        if not first <= row["day"] <= last or currency not in (None, row["currency"]):
            continue
        key = (row["day"], row["currency"])
        for total in (sums[key], by_currency[row["currency"]]):
            total[0] += row["tickets"]
            total[1] += row["revenue"]
        if kind == "summary":
            estimated.add(key)
    days: list[DailyRevenue] = [
        {
            "date": day,
            "tickets": tickets,
            "revenue": money.to_number(minor, code),
            "currency": code,
            "estimated": (day, code) in estimated,
        }
        for (day, code), (tickets, minor) in sorted(sums.items())
    ]
    return {
        "event_id": event_id,
        "start_date": start.isoformat() if start else None,
        "end_date": end.isoformat() if end else None,
        "days": days,
        "totals": totals({code: (sold, minor) for code, (sold, minor) in by_currency.items()}),
    }


def ticket_categories(event_id: str, head: Head) -> TicketCategories:
    """The event's categories, most sold first."""
    sold_in_all = sum(figures["tickets"] for figures in head["kpi"].values())
    categories: list[CategorySales] = [
        {
            "category": name,
            "currency": currency,
            "sold": tickets,
            "revenue": money.to_number(minor, currency),
            "average_price": average_price(minor, tickets, currency),
            "share": fraction(tickets, sold_in_all),
        }
        for name, of in head["categories"].items()
        for currency, (tickets, minor) in of.items()
    ]
    categories.sort(key=lambda one: (-one["sold"], one["category"], one["currency"]))
    return {
        "event_id": event_id,
        "categories": categories,
        "totals": head_totals(head),
    }


def event_day(start_date_time: str) -> date:
    """The UTC day an event starts on."""
    return datetime.fromisoformat(start_date_time).astimezone(UTC).date()


def statistics(
    event_id: str, head: Head, *, currency: str, capacity: int, start_date_time: str, active: bool, today: date
) -> EventStatistics:
    """The event's key figures from its head alone."""
    own = head["kpi"].get(currency)
    sold = sum(figures["tickets"] for figures in head["kpi"].values())
    by_currency: list[CurrencyStatistics] = [
        {
            "currency": code,
            "revenue": money.to_number(figures["revenue"], code),
            "tickets_sold": figures["tickets"],
            "purchases": figures["purchases"],
            "average_price": average_price(figures["revenue"], figures["tickets"], code),
        }
        for code, figures in sorted(head["kpi"].items())
    ]
    return {
        "event_id": event_id,
        "currency": currency,
        "revenue": money.to_number(own["revenue"] if own else 0, currency),
        "purchases": sum(figures["purchases"] for figures in head["kpi"].values()),
        "spent": 0,
        "roas": None,
        "campaigns": 0,
        "active": active,
        "tickets_sold": sold,
        "capacity": capacity,
        "sell_through": fraction(sold, capacity),
        "average_price": average_price(own["revenue"], own["tickets"], currency) if own else None,
        "first_sale": min((figures["first_sale"] for figures in head["kpi"].values()), default=None),
        "last_sale": max((figures["last_sale"] for figures in head["kpi"].values()), default=None),
        "days_to_go": max(0, (event_day(start_date_time) - today).days),
        "by_currency": by_currency,
        "updated_at": head["updated_at"],
    }
