"""What a commit does to an event's figures, and the figures as they are sent."""

from collections import defaultdict
from datetime import date
from decimal import Decimal

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marquee.sales import months, rules
from marquee.sales.models import DayRow, Head, SourceKind

START = "2026-06-12T18:30:00Z"
DAYS = st.dates(date(2025, 11, 1), date(2026, 6, 12)).map(date.isoformat)
ROWS = st.builds(
    DayRow,
    day=DAYS,
    category=st.sampled_from(["A", "B", "Würden Sie?", '"'] + [f"C{number}" for number in range(9)]),
    currency=st.sampled_from(["EUR", "JPY"]),
    tickets=st.integers(-10, 1000),
    revenue=st.integers(-100_000, 10**9),
)


def row(day: str, tickets: int, revenue: int, category: str = "A", currency: str = "EUR") -> DayRow:
    return {"day": day, "category": category, "currency": currency, "tickets": tickets, "revenue": revenue}


def head_with(*files: list[DayRow]) -> Head:
    head = rules.empty_head()
    for number, rows in enumerate(files):
        delta = rules.delta_of(rows, {one["currency"]: 0 for one in rows})
        stage = rules.stage_name(head["version"], "rows")
        entry = rules.visible_entry(stage, "file", f"2026-03-0{number + 1}T00:00:00Z")
        head = rules.committed(head, f"ing_{number}", entry, delta, f"seen-{number}")
    return head


# --- keys


@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("sales/aurora/evt_1/report.xlsx", ("aurora", "evt_1", "report.xlsx")),
        ("sales/aurora/evt_1/2026/März 1.xlsx", ("aurora", "evt_1", "2026/März 1.xlsx")),
        ("sales/aurora/evt_1/", None),
        ("sales/aurora/report.xlsx", None),
        ("sales/au#rora/evt_1/report.xlsx", None),
        ("sales/../evt_1/report.xlsx", None),
        ("ingests/aurora/evt_1/report.xlsx", None),
    ],
)
def test_a_drops_key_names_tenant_event_and_file(key: str, place: tuple[str, str, str] | None) -> None:
    assert rules.parse_drop_key(key) == place


def test_only_items_of_the_committed_attempt_are_visible() -> None:
    head = head_with([row("2026-03-01", 1, 100)])
    stage = rules.stage_name(0, "rows")
    key = rules.month_key("2026-03", "ing_0", stage, 7)
    assert rules.parse_month_key(key) == ("2026-03", "ing_0", stage)
    assert rules.is_visible(head, "ing_0", stage)
    assert not rules.is_visible(head, "ing_0", rules.stage_name(1, "rows"))
    assert not rules.is_visible(head, "ing_0", rules.stage_name(0, "other rows"))
    assert not rules.is_visible(head, "ing_9", stage)


# --- months


@given(st.lists(ROWS, max_size=60, unique_by=lambda one: (one["day"], one["category"], one["currency"])))
def test_days_come_back_from_their_months(rows: list[DayRow]) -> None:
    parts = months.pack(rows)
    found = [one for part in parts for one in months.unpack(part.month, part.data)]
    assert sorted(found, key=orjson.dumps) == sorted(rows, key=orjson.dumps)
    assert len(parts) <= len(rows)
    assert months.pack(list(reversed(rows))) == parts


def test_a_large_month_is_split_well_below_the_limit_of_an_item() -> None:
    rows = [row(f"2026-03-{1 + at % 31:02}", 1, 10**13, "\u0001é" * 50 + str(at)) for at in range(1000)]
    parts = months.pack(rows)
    assert len(parts) > 1
    assert max(len(part.data.encode()) for part in parts) < 250_000
    assert sum(1 for part in parts for _ in months.unpack(part.month, part.data)) == 1000
    assert [part.part for part in parts] == list(range(len(parts)))


# --- commits


@given(st.lists(st.lists(ROWS, min_size=1, max_size=8), max_size=5))
def test_the_head_is_the_sum_of_what_was_committed(files: list[list[DayRow]]) -> None:
    head = head_with(*files)
    everything = [one for rows in files for one in rows]
    assert head["version"] == len(files)
    assert set(head["visible"]) == {f"ing_{number}" for number in range(len(files))}
    for currency in ("EUR", "JPY"):
        of = [one for one in everything if one["currency"] == currency]
        if not of:
            assert currency not in head["kpi"]
            continue
        figures = head["kpi"][currency]
        assert figures["tickets"] == sum(one["tickets"] for one in of)
        assert figures["revenue"] == sum(one["revenue"] for one in of)
        assert (figures["first_sale"], figures["last_sale"]) == (min(o["day"] for o in of), max(o["day"] for o in of))
        by_category = [sums[currency] for sums in head["categories"].values() if currency in sums]
        assert [sum(column) for column in zip(*by_category, strict=True)] == [figures["tickets"], figures["revenue"]]


def test_a_commit_leaves_the_head_it_started_from_alone() -> None:
    before = head_with([row("2026-03-01", 1, 100)])
    copy = orjson.loads(orjson.dumps(before))
    rules.committed(
        before,
        "ing_2",
        rules.visible_entry("1-x", "file", "x"),
        rules.delta_of([row("2026-03-02", 5, 5)], {"EUR": 1}),
        "s",
    )
    assert before == copy


# --- figures


@given(st.lists(ROWS, max_size=40), st.sampled_from([None, "EUR", "JPY"]), st.none() | DAYS, st.none() | DAYS)
def test_days_and_totals_agree_to_the_cent(
    rows: list[DayRow], currency: str | None, start: str | None, end: str | None
) -> None:
    # Given rows of several ingests, When a span of days is asked for
    first, last = (date.fromisoformat(day) if day else None for day in (start, end))
    summary = rules.daily_summary("evt_1", [("file", one) for one in rows], currency, first, last)
    # Then each day in the span has the exact decimal sum of its rows
    expected: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for one in rows:
        if (start or "") <= one["day"] <= (end or "~") and currency in (None, one["currency"]):
            places = 0 if one["currency"] == "JPY" else 2
            expected[one["day"], one["currency"]] += Decimal(one["revenue"]).scaleb(-places)
    found = {(day["date"], day["currency"]): Decimal(str(day["revenue"])) for day in summary["days"]}
    assert found == expected
    totals: defaultdict[str, Decimal] = defaultdict(Decimal)
    for (_, code), amount in expected.items():
        totals[code] += amount
    assert {one["currency"]: Decimal(str(one["revenue"])) for one in summary["totals"]} == totals
    assert [day["date"] for day in summary["days"]] == sorted(day["date"] for day in summary["days"])


def test_a_day_with_spread_sales_is_estimated() -> None:
    rows: list[tuple[SourceKind, DayRow]] = [
        ("file", row("2026-03-01", 1, 100)),
        ("summary", row("2026-03-01", 2, 200)),
        ("file", row("2026-03-02", 1, 1)),
    ]
    days = rules.daily_summary("evt_1", rows, None, None, None)["days"]
    assert [(day["date"], day["tickets"], day["revenue"], day["estimated"]) for day in days] == [
        ("2026-03-01", 3, 3.0, True),
        ("2026-03-02", 1, 0.01, False),
    ]


def test_categories_have_their_share_and_average_price() -> None:
    head = head_with([row("2026-03-01", 3, 10_000, "VIP"), row("2026-03-01", 1, 1_000, "Kids")])
    categories = rules.ticket_categories("evt_1", head)["categories"]
    # 100.00 / 3 = 33.33
    assert [(one["category"], one["average_price"], one["share"]) for one in categories] == [
        ("VIP", 33.33, 0.75),
        ("Kids", 10.0, 0.25),
    ]


def test_prices_round_half_to_even_in_the_currencys_own_decimals() -> None:
    assert rules.average_price(25, 2, "EUR") == 0.12
    assert rules.average_price(35, 2, "EUR") == 0.18
    assert rules.average_price(5, 2, "JPY") == 2
    assert rules.average_price(100, 0, "EUR") is None
    assert rules.average_price(-100, -1, "EUR") is None


def test_statistics_speak_the_events_currency_and_list_the_others() -> None:
    head = head_with([row("2026-03-01", 10, 100_000), row("2026-02-01", 2, 3_000, currency="JPY")])
    head["kpi"]["EUR"]["purchases"] = 4
    found = rules.statistics(
        "evt_1", head, currency="EUR", capacity=48, start_date_time=START, active=True, today=date(2026, 6, 2)
    )
    assert (found["revenue"], found["average_price"]) == (1000.0, 100.0)
    assert (found["tickets_sold"], found["sell_through"], found["purchases"]) == (12, 0.25, 4)
    assert (found["first_sale"], found["last_sale"], found["days_to_go"]) == ("2026-02-01", "2026-03-01", 10)
    assert [(one["currency"], one["revenue"]) for one in found["by_currency"]] == [("EUR", 1000.0), ("JPY", 3000)]


def test_an_event_without_sales_has_figures_of_nothing() -> None:
    found = rules.statistics(
        "evt_1",
        rules.empty_head(),
        currency="EUR",
        capacity=0,
        start_date_time=START,
        active=False,
        today=date(2027, 1, 1),
    )
    assert (found["revenue"], found["tickets_sold"], found["sell_through"], found["roas"]) == (0, 0, None, None)
    assert (found["first_sale"], found["average_price"], found["days_to_go"], found["by_currency"]) == (
        None,
        None,
        0,
        [],
    )
