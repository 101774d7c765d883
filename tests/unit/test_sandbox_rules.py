"""What the sandbox's campaigns deliver: a function of terms, time and key, and of nothing else."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marquee.campaigns.platforms.models import Delivery, Rates
from marquee.campaigns.platforms.sandbox import rules
from marquee.campaigns.platforms.sandbox.rules import Fault, Run, Stored
from tests.support.platforms import KEY, spec

START, STOP = 1_780_272_000, 1_781_136_000  # 2026-06-01 and 2026-06-11, 00:00 UTC
DAY = 86_400
moments = st.integers(START - 2 * DAY, STOP + 2 * DAY)


def stored(*runs: tuple[int, int | None], speed: int = 1, **changes: object) -> Stored:
    opened = rules.opened("sbx_1", spec(**changes), speed)
    return {**opened, "runs": [Run(begin=begin, end=end) for begin, end in runs]}


def counts(found: Delivery) -> list[int]:
    return [value for name, value in dataclasses.asdict(found).items() if name != "until"]


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[int, int | None]]:
    """Runs one after the other, the last of them possibly under way."""
    edges = sorted(draw(st.lists(moments, min_size=1, max_size=7)))
    runs: list[tuple[int, int | None]] = list(zip(edges[::2], edges[1::2], strict=False))
    return [*runs, (edges[-1], None)] if len(edges) % 2 else runs


@given(
    runs=histories(),
    until=moments,
    later=st.integers(0, 3 * DAY),
    budget=st.integers(0, 10**9),
    size=st.integers(0, 10**8),
    rates=st.tuples(st.integers(0, 10**6), st.floats(0, 1), st.floats(0, 1)),
    speed=st.integers(1, 1_000_000),
    key=st.text(min_size=1, max_size=24),
)
@settings(max_examples=150, deadline=None)
def test_counts_are_whole_only_grow_and_never_exceed_what_they_are_part_of(
    runs: list[tuple[int, int | None]],
    until: int,
    later: int,
    budget: int,
    size: int,
    rates: tuple[int, float, float],
    speed: int,
    key: str,
) -> None:
    campaign = stored(*runs, speed=speed, budget=budget, size=size, rates=Rates(*rates), key=key)
    now, then = (rules.delivery(campaign, moment, "") for moment in (until, until + later))
    assert all(
        isinstance(value, int) and 0 <= value <= grown for value, grown in zip(counts(now), counts(then), strict=True)
    )
    assert then.spent <= budget
    assert then.purchases <= then.clicks <= then.reach <= min(then.impressions, size)
    assert then.revenue == then.purchases * 4_500
    assert rules.delivery(campaign, until, "") == now


@given(runs=histories(), until=moments)
@settings(max_examples=100, deadline=None)
def test_only_time_between_start_and_stop_that_it_ran_counts(runs: list[tuple[int, int | None]], until: int) -> None:
    ran = sum(
        1
        for hour in range(START, min(STOP, until), 3600)
        if any(begin <= hour and (end is None or hour + 3600 <= end) for begin, end in runs)
    )
    # Each edge of a run and `until` may cut an hour.
    found = rules.seconds_run([Run(begin=begin, end=end) for begin, end in runs], START, min(STOP, until))
    assert (ran - 1) * 3600 <= found <= (ran + 2 * len(runs) + 1) * 3600


def test_spending_is_linear_pauses_apart_and_whole_at_the_end() -> None:
    # Ten days, 1,000.00: after five of them, one and a half of which it was paused, 350.00 are spent
    campaign = stored((START, START + 2 * DAY), (START + 3 * DAY, START + 4 * DAY), (START + 4 * DAY + DAY // 2, None))
    assert rules.delivery(campaign, START + 5 * DAY, "").spent == 35_000
    assert rules.delivery(campaign, STOP + DAY, "").spent == 85_000
    assert rules.delivery(stored((START - DAY, None)), STOP + DAY, "").spent == 100_000


def test_time_passes_as_fast_as_the_integration_says() -> None:
    assert rules.delivery(stored((START, None), speed=3600), START + 24, "").spent == 10_000
    assert rules.delivery(stored((START, None), speed=3600), START + 10 * DAY, "").spent == 100_000


def test_figures_are_the_rates_with_diminishing_reach_up_to_a_tenth_off() -> None:
    # 1,000.00 at 8.00 a thousand are 125,000 impressions, which reach 45,896 of 50,000; 918 click, 46 of them buy
    found = rules.delivery(stored((START, None)), STOP, "2026-06-11T00:00:00Z")
    assert found.until == "2026-06-11T00:00:00Z"
    for value, expected, off in (
        (found.impressions, 125_000, 0.12),
        (found.reach, 45_896, 0.03),
        (found.clicks, 918, 0.14),
        (found.purchases, 46, 0.24),
    ):
        assert value == pytest.approx(expected, rel=off)
    # Twice the money does not reach twice the people
    half = rules.delivery(stored((START, None)), (START + STOP) // 2, "")
    assert found.reach < 1.6 * half.reach


def test_campaigns_differ_by_their_key_alone() -> None:
    one, same, other = (rules.delivery(stored((START, None), key=key), STOP, "") for key in (KEY, KEY, KEY[:-1]))
    assert one == same
    assert one != other
    assert one.spent == other.spent


def test_switching_opens_and_closes_runs_and_nothing_where_it_is_so_already() -> None:
    paused = stored()
    assert rules.switched(paused, START, on=False) is None
    running = rules.switched(paused, START, on=True)
    assert running is not None
    assert (running["runs"], running["version"]) == ([{"begin": START, "end": None}], 2)
    assert rules.switched(running, START + 5, on=True) is None
    again = rules.switched(running, START + 5, on=False)
    assert again is not None
    assert (again["runs"], rules.running(again)) == ([{"begin": START, "end": START + 5}], False)
    # A clock that went back ends a run where it began
    back = rules.switched(running, START - 5, on=False)
    assert back is not None
    assert back["runs"] == [{"begin": START, "end": START}]


def test_terms_survive_storing_and_differing_ones_are_named() -> None:
    asked = spec(interests=("Rock",), special_ad_category="HOUSING")
    kept = rules.opened("sbx_1", asked, 1)
    assert rules.as_remote(kept, asked).differences == ()
    assert rules.as_remote(kept, dataclasses.replace(asked, remote_id="sbx_1")).differences == ()
    changed = dataclasses.replace(asked, interests=(), rates=Rates(1, 0.5, 0.5), value=1)
    assert rules.as_remote(kept, changed).differences == ("interests", "rates", "value")


def test_the_first_fault_that_fits_and_is_not_over_is_met() -> None:
    def fault(sk: str, **fields: object) -> Fault:
        plain = {"operation": "any", "moment": "before", "error": "busy", "skip": 0, "times": 1, "key": None}
        return {"sk": sk, **plain, **fields}  # type: ignore[typeddict-item]

    faults = [
        fault("FAULT#0", times=0),
        fault("FAULT#1", operation="switch"),
        fault("FAULT#2", key="cmp_other"),
        fault("FAULT#3", operation="create", key=KEY),
        fault("FAULT#4"),
    ]
    met = [rules.next_fault(faults, "create", KEY), rules.next_fault(faults, "find", KEY)]
    assert [one and one["sk"] for one in met] == ["FAULT#3", "FAULT#4"]
    assert rules.next_fault(faults[:3], "create", KEY) is None
