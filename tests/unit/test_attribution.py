"""Attribution: what campaigns have sold, in numbers that sum exactly and are the same whenever they are computed."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from marquee.campaigns.closing import attribution
from marquee.campaigns.closing.models import Expected, LaunchInputs, Performance, Share, Sold, Window

DAYS: list[tuple[str, str, int, int]] = [
    ("2026-05-01", "EUR", 10, 30000),
    ("2026-05-02", "EUR", 20, 60000),
    ("2026-05-02", "USD", 10, 99000),
    ("2026-05-03", "EUR", -5, -15000),
    ("2026-05-04", "EUR", 7, 21000),
]
WEIGHTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=30).filter(any)


def performance(**changes: int | str) -> Performance:
    one: Performance = {
        "launch_id": "lau_1",
        "tc": "jazz",
        "tc_run_id": "tcr_1",
        "platform": "sandbox",
        "reach": 100,
        "clicks": 10,
        "purchases": 3,
        "revenue": 9000,
        "spent": 500,
    }
    return {**one, **changes}  # type: ignore[typeddict-item]


def sales(tickets: int, revenue: int, all_tickets: int | None = None) -> Sold:
    return {
        "tickets": tickets,
        "revenue": revenue,
        "all_tickets": tickets if all_tickets is None else all_tickets,
        "days": 3,
        "hash": "h",
    }


def expected(low: float, middle: float, high: float) -> Expected:
    return {"expected": middle, "low": low, "high": high, "version": "v1", "inputs": "i1"}


def launch(campaigns: list[Performance], sold: Sold, baseline: Expected | None) -> LaunchInputs:
    return {
        "launch_id": "lau_1",
        "currency": "EUR",
        "window": {"since": "2026-05-01", "until": "2026-05-04"},
        "sold": sold,
        "expected": baseline,
        "unmodelled": None if baseline else "no_history",
        "campaigns": campaigns,
    }


@st.composite
def baselines(draw: st.DrawFn) -> Expected:
    low, middle, high = sorted(draw(st.lists(st.floats(0, 5000), min_size=3, max_size=3)))
    return expected(low, middle, high)


@st.composite
def launches(draw: st.DrawFn) -> LaunchInputs:
    count = st.integers(0, 10**6)
    campaigns = [
        performance(tc=f"tc{index}", reach=draw(count), spent=draw(count), purchases=draw(count), revenue=draw(count))
        for index in range(draw(st.integers(1, 12)))
    ]
    tickets = draw(st.integers(-500, 5000))
    sold = sales(tickets, draw(st.integers(-(10**6), 10**9)), draw(st.integers(-500, 9000)))
    return launch(campaigns, sold, draw(st.none() | baselines()))


def test_a_window_runs_from_the_start_of_the_campaigns_to_their_stop_or_the_event() -> None:
    def days(*asked: str | None) -> tuple[str, str] | None:
        found = attribution.window(*asked)  # type: ignore[arg-type]
        return (found["since"], found["until"]) if found else None

    start, stop, event = "2026-05-01T08:00:00Z", "2026-05-20T18:00:00Z", "2026-05-22T19:00:00Z"
    assert days(start, stop, event, "2026-05-23", None) == ("2026-05-01", "2026-05-20")
    assert days(start, "2026-06-01", event, "2026-05-23", None) == ("2026-05-01", "2026-05-22")
    # and of an event that was cancelled, to the day on which it was closed
    assert days(start, stop, event, "2026-05-10", None) == ("2026-05-01", "2026-05-10")
    # A day belongs to one launch only: to the earlier one
    assert days(start, stop, event, "2026-05-23", "2026-05-01T23:59:59Z") == ("2026-05-02", "2026-05-20")
    assert days(start, stop, event, "2026-05-23", "2026-04-30") == ("2026-05-01", "2026-05-20")
    assert days(start, stop, event, "2026-05-23", "2026-05-31") is None
    assert days(start, stop, event, "2026-04-30", None) is None


def test_sales_of_the_window_are_net_of_refunds_and_by_currency() -> None:
    # 20 - 5 tickets in euros, and 10 in dollars
    sold = attribution.sold(DAYS, "EUR", {"since": "2026-05-02", "until": "2026-05-03"})
    assert (sold["tickets"], sold["revenue"], sold["all_tickets"], sold["days"]) == (15, 45000, 25, 2)
    nothing = attribution.sold(DAYS, "EUR", None)
    assert (nothing["tickets"], nothing["revenue"], nothing["all_tickets"], nothing["days"]) == (0, 0, 0, 0)


def test_the_sales_hash_changes_with_every_figure_and_not_with_the_order() -> None:
    within: Window = {"since": "2026-05-01", "until": "2026-05-04"}
    first = attribution.sold(DAYS, "EUR", within)["hash"]
    assert attribution.sold(DAYS[::-1], "EUR", within)["hash"] == first
    for changed in (("2026-05-04", "EUR", 8, 21000), ("2026-05-04", "EUR", 7, 21001), ("2026-05-04", "USD", 7, 21000)):
        assert attribution.sold([*DAYS[:-1], changed], "EUR", within)["hash"] != first


def test_what_exceeds_the_baseline_is_incremental_at_the_average_price() -> None:
    # 120 sold, 80 expected (60..110): 40 beyond it, at least 10, at most 60; a ticket cost 25.00 on average
    tickets, revenue = attribution.incremental(sales(120, 300000), expected(60, 80, 110))
    assert tickets == Share(10, 40, 60)
    assert revenue == Share(25000, 100000, 150000)


def test_a_currency_bears_its_part_of_the_baseline() -> None:
    # Half of the 120 tickets were sold in euros: of the 80 expected, 40 are compared with the 60
    tickets, _ = attribution.incremental(sales(60, 120000, all_tickets=120), expected(60, 80, 110))
    assert tickets == Share(5, 20, 30)


def test_net_refunds_and_sales_below_the_baseline_are_nothing() -> None:
    nothing = Share(0, 0, 0)
    assert attribution.incremental(sales(-5, -10000), expected(0, 1, 2)) == (nothing, nothing)
    assert attribution.incremental(sales(50, 100000), expected(60, 80, 110)) == (nothing, nothing)
    assert attribution.incremental(sales(50, -1), expected(0, 0, 0))[1] == nothing


def test_campaigns_share_by_reach_then_by_money_then_by_clicks() -> None:
    both = [performance(reach=300, spent=1), performance(reach=100, spent=9)]
    assert attribution.weights(both) == [300, 100]
    assert attribution.weights([{**one, "reach": 0} for one in both]) == [1, 9]
    assert attribution.weights([{**one, "reach": 0, "spent": 0} for one in both]) == [10, 10]


def test_campaigns_that_delivered_nothing_have_sold_nothing() -> None:
    # Given sales beyond the baseline, and two campaigns that nobody has seen
    unseen = [performance(tc=tc, reach=0, spent=0, clicks=0, purchases=0, revenue=0) for tc in ("jazz", "pop")]
    inputs = launch(unseen, sales(120, 300000), expected(60, 80, 110))
    # When they are attributed
    run = attribution.attribution("aurora", "evt_1", [inputs], "2026-05-30T00:00:00Z")
    # Then no campaign is said to have sold them
    assert [(one["purchase"], one["revenue"], one["bounds"]) for one in run["results"]] == [(0, 0, [0, 0, 0, 0])] * 2


def test_largest_remainders_get_what_rounding_leaves() -> None:
    # 10 by 3:3:1 is 4.29, 4.29, 1.43
    assert attribution.shares(10, [3, 3, 1]) == [4, 4, 2]
    assert attribution.shares(2, [1, 1, 1]) == [1, 1, 0]
    assert attribution.shares(0, [5]) == [0]


@settings(max_examples=60, deadline=None)
@given(WEIGHTS, st.lists(st.integers(0, 10**12), min_size=3, max_size=3))
def test_parts_and_their_bounds_sum_exactly_and_keep_their_order(by: list[int], three: list[int]) -> None:
    low, value, high = sorted(three)
    parts = attribution.split(Share(low, value, high), by)
    assert [sum(column) for column in zip(*((p.low, p.value, p.high) for p in parts), strict=True)] == [
        low,
        value,
        high,
    ]
    for part, weight in zip(parts, by, strict=True):
        assert 0 <= part.low <= part.value <= part.high
        assert abs(part.value - Fraction(value * weight, sum(by))) < 1
        assert weight or not part.high


@settings(max_examples=100, deadline=None)
@given(launches())
def test_results_never_exceed_the_sales_and_lie_within_their_bounds(inputs: LaunchInputs) -> None:
    run = attribution.attribution("aurora", "evt_1", [inputs], "2026-05-30T00:00:00Z")
    sold = inputs["sold"]
    assert 0 <= sum(one["purchase"] for one in run["results"]) <= max(0, sold["tickets"])
    assert 0 <= sum(one["revenue"] for one in run["results"]) <= max(0, sold["revenue"])
    assert len({one["id"] for one in run["results"]}) == len(inputs["campaigns"])
    for one in run["results"]:
        assert (one["bounds"] is None) == (inputs["expected"] is None)
        if one["bounds"]:
            low, high, revenue_low, revenue_high = one["bounds"]
            assert 0 <= low <= one["purchase"] <= high
            assert 0 <= revenue_low <= one["revenue"] <= revenue_high
    for column, most in ((1, sold["tickets"]), (3, sold["revenue"])):
        assert sum(one["bounds"][column] for one in run["results"] if one["bounds"]) <= max(0, most)


@settings(max_examples=40, deadline=None)
@given(launches())
def test_equal_inputs_are_the_same_run_and_any_other_input_is_another(inputs: LaunchInputs) -> None:
    def ids(*of: LaunchInputs, eid: str = "evt_1") -> list[str]:
        run = attribution.attribution("aurora", eid, of, "2026-05-30T00:00:00Z")
        return [run["id"], *(one["id"] for one in run["results"])]

    other: LaunchInputs = {**inputs, "launch_id": "lau_0"}
    assert ids(inputs, other) == ids(other, inputs)
    assert (
        attribution.attribution("aurora", "evt_1", [inputs], "2027-01-01T00:00:00Z")["results"]
        == (attribution.attribution("aurora", "evt_1", [inputs], "2026-05-30T00:00:00Z")["results"])
    )
    campaigns = inputs["campaigns"]
    changed: list[LaunchInputs] = [
        other,
        {**inputs, "sold": {**inputs["sold"], "hash": "another"}},
        {**inputs, "expected": {**expected(1, 2, 3), "version": "v2"}},
        {**inputs, "window": {"since": "2026-05-01", "until": "2026-05-05"}},
        {**inputs, "campaigns": [{**campaigns[0], "reach": campaigns[0]["reach"] + 1}, *campaigns[1:]]},
    ]
    every = [tuple(ids(one)) for one in (inputs, *changed)] + [tuple(ids(inputs, eid="evt_2"))]
    assert len({one[0] for one in every}) == len(every)
    assert len({one for each in every for one in each[1:]}) == len(every) * len(campaigns)


def test_without_a_model_the_platforms_purchases_count_scaled_down_to_the_sales() -> None:
    # The platform reports 12 purchases and 300.00; 9 tickets were sold, for 200.00
    campaigns = [performance(purchases=8, revenue=20000), performance(tc="pop", purchases=4, revenue=10000)]
    assert attribution.reported(campaigns, sales(9, 20000)) == [(6, 13333), (3, 6667)]
    assert attribution.reported(campaigns, sales(12, 30000)) == [(8, 20000), (4, 10000)]
    assert attribution.reported(campaigns, sales(-1, -5)) == [(0, 0), (0, 0)]
