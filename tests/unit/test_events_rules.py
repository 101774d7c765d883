from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from marquee.events import rules
from tests.support.events import meta

STATUSES = st.sampled_from(["DEFAULT", "FLAGGED", "HIDDEN"])
META = meta()


@given(st.lists(st.none() | STATUSES, min_size=2, max_size=20))
def test_counters_follow_any_history_of_an_event(history: list[str | None]) -> None:
    # Given an event that goes through any statuses (None: it does not exist)
    counted: Counter[str] = Counter(rules.memberships(history[0]))
    # When every step's changes are added up
    for before, after in pairwise(history):
        counted.update(rules.counter_changes(before, after))
    # Then each list counts it exactly if it is in it now
    assert +counted == rules.memberships(history[-1])
    assert min(counted.values(), default=0) >= 0


@given(STATUSES)
def test_an_event_is_in_a_list_exactly_if_that_lists_counter_counts_it(status: str) -> None:
    keys = rules.display_keys("t", "evt_1", status, META["start_date_time"])
    listed = {name for name, key in ((rules.VISIBLE, "list_pk"), (rules.FLAGGED, "flagged_pk")) if key in keys}
    assert listed == set(rules.memberships(status))


@given(st.lists(st.tuples(STATUSES, st.datetimes()), max_size=30))
def test_sort_keys_put_flagged_first_and_then_go_by_start(events: list[tuple[str, object]]) -> None:
    rows = [
        (
            rules.display_keys("t", f"evt_{number:03d}", status, f"{start:%Y-%m-%dT%H:%M:%SZ}"),
            status,
            f"{start:%Y-%m-%dT%H:%M:%SZ}",
        )
        for number, (status, start) in enumerate(events)
        if status != "HIDDEN"
    ]
    by_key = sorted(rows, key=lambda row: row[0]["list_sk"])
    assert [(s != "FLAGGED", t) for _, s, t in by_key] == sorted((s != "FLAGGED", t) for _, s, t in rows)


@given(st.integers(0, 10_000), st.integers(1, 200))
def test_pages_hold_the_total_and_no_page_is_empty(total: int, limit: int) -> None:
    pages = rules.pages(total, limit)
    assert (pages - 1) * limit < total <= pages * limit if total else pages == 0
