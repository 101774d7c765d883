"""The sales graph's points: every day once, what is sold up to today, what is predicted from then."""

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from marquee.demand import graph
from tests.support.graphs import SHOW, TODAY, path

DAY = timedelta(days=1)
DAYS = st.integers(-200, 0).map(lambda days: TODAY + timedelta(days=days))
SOLD = st.dictionaries(DAYS, st.integers(-50, 400), max_size=12)


@settings(max_examples=60, deadline=None)
@given(
    sold=SOLD,
    ahead=st.integers(-40, 200),
    behind=st.integers(0, 5),
    final=st.none() | st.floats(0.0, 1.2),
    capacity=st.integers(0, 5000),
)
def test_every_day_once_and_sold_and_predicted_meet_today(
    sold: dict[date, int], ahead: int, behind: int, final: float | None, capacity: int
) -> None:
    # Given an event, and a prediction as of today or some days ago
    show = TODAY + timedelta(days=ahead)
    way = [] if final is None or not capacity else path(final, show=show, as_of=TODAY - timedelta(days=behind))
    points = graph.points(sold, way, capacity=capacity, show=show, today=TODAY)
    # Then nothing is drawn of nothing
    if not sold and not way:
        assert points == []
        return
    # else there is every day up to the event, or its last sale, in order
    days = [date.fromisoformat(point["date"]) for point in points]
    assert all(later - earlier == DAY for earlier, later in pairwise(days))
    assert days[-1] == max([show, *sold])
    assert [point["mapped_date"] for point in points] == [(day - show).days for day in days]
    for day, point in zip(days, points, strict=True):
        # what is sold belongs to the past, what is predicted to the future, both to today
        until = sum(tickets for other, tickets in sold.items() if other <= day)
        assert point["tickets_total"] == (until if day <= TODAY else None)
        assert point["tickets"] == (sold.get(day, 0) if day <= TODAY else None)
        bounds = [point["norm_prediction_low"], point["norm_prediction"], point["norm_prediction_high"]]
        assert all(bound is None for bound in bounds) == (not (way and TODAY <= day <= show))
        current = point["norm_tickets_sold_current"]
        assert (current is None) == (not capacity or day > TODAY)
        if day == TODAY <= show and way:
            assert bounds == [current] * 3
        # and nobody unsells
        elif None not in bounds:
            assert bounds == sorted(bounds, key=lambda bound: bound or 0)
            assert bounds[0] is not None
            assert bounds[0] >= round(sum(sold.values()) / capacity, 6)
        # comparable events stand beside every day before the event that the path knows
        assert (point["norm_tickets_sold_avg"] is None) == (not way or not way[0].date <= day <= show)


def test_a_graph_begins_where_comparable_events_began_to_sell() -> None:
    points = graph.points({TODAY: 5}, path(0.9), capacity=100, show=SHOW, today=TODAY)
    # 0.8 / 120 is 0.67 % of capacity, a day after the reach of 120 days
    assert (points[0]["mapped_date"], points[0]["norm_tickets_sold_avg"]) == (-119, 0.006667)
    assert points[0]["norm_tickets_sold_current"] == 0.0
    # and with the first sale where that is earlier, or nobody can be compared with
    early = {SHOW - timedelta(days=150): 1}
    assert graph.points(early, path(0.9), capacity=100, show=SHOW, today=TODAY)[0]["mapped_date"] == -150
    assert graph.points({TODAY: 5}, [], capacity=100, show=SHOW, today=TODAY)[0]["date"] == TODAY.isoformat()


def test_net_tickets_add_up_and_refunds_go_off() -> None:
    sold = {TODAY - 3 * DAY: 10, TODAY - DAY: 20, TODAY: -5}
    points = graph.points(sold, [], capacity=100, show=TODAY, today=TODAY)
    assert [(one["tickets"], one["tickets_total"], one["norm_tickets_sold_current"]) for one in points] == [
        (10, 10, 0.1),
        (0, 10, 0.1),
        (20, 30, 0.3),
        (-5, 25, 0.25),
    ]


def test_a_graph_goes_on_to_sales_after_the_event_and_to_tomorrows_of_the_far_east() -> None:
    late = graph.points({SHOW: 1, SHOW + 3 * DAY: 1}, [], capacity=10, show=SHOW, today=SHOW + 300 * DAY)
    assert [one["mapped_date"] for one in late] == [0, 1, 2, 3]
    tomorrow = graph.points({TODAY + DAY: 1}, path(0.9), capacity=10, show=SHOW, today=TODAY)
    at = {one["date"]: one for one in tomorrow}
    assert at[(TODAY + DAY).isoformat()]["norm_prediction"] == 0.1
    assert at[TODAY.isoformat()]["norm_prediction"] is None


def test_a_very_long_graph_keeps_its_end_and_its_total_and_a_far_event_does_not_push_today_out() -> None:
    old = SHOW - timedelta(days=4000)
    points = graph.points({old: 5, TODAY: 1}, [], capacity=10, show=SHOW, today=TODAY)
    assert len(points) == graph.MAX_DAYS
    assert (points[0]["tickets_total"], points[-1]["mapped_date"]) == (5, 0)
    far = graph.points({TODAY: 1}, [], capacity=10, show=TODAY + timedelta(days=5000), today=TODAY)
    assert far[0]["date"] == TODAY.isoformat()
    assert len(far) == graph.MAX_DAYS_AHEAD + 1
