"""What a set-up means for its campaigns and its event, and what a launch's parameters mean."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marquee.campaigns import planning, rules, states
from marquee.campaigns.models import Campaign, LaunchParameters, Phase, Setup
from marquee.errors import Conflict, Unprocessable

AT = "2030-01-01T00:00:00Z"


def setup(phase: str = "READY", **changes: Any) -> Setup:
    described: dict[str, Any] = {"phase": phase, "paused": False, "shown": "PAUSED", "version": 3, **changes}
    return cast("Setup", described)


def campaign(off: str = "") -> Campaign:
    described: dict[str, Any] = {"off": off}
    return cast("Campaign", described)


@pytest.mark.parametrize("phase", get_args(Phase))
@pytest.mark.parametrize("paused", [False, True])
@pytest.mark.parametrize("off", ["", "95 % are sold."])
def test_a_campaign_runs_only_where_nothing_speaks_against_it(phase: Phase, paused: bool, off: str) -> None:
    target = states.target(setup(phase, paused=paused), campaign(off))
    if phase in {"ACTIVATING", "READY"} and not paused and not off:
        assert target == "RUNNING"
    else:
        gone, created = phase in {"WITHDRAWING", "FAILED"}, phase == "PREPARING"
        assert target == ("GONE" if gone else "CREATED" if created else "PAUSED")


def test_every_write_is_a_version_of_its_own_and_only_what_changes_changes() -> None:
    before = setup("PREPARING")
    after = states.moved(before, AT, phase="ACTIVATING")
    assert {**after, "phase": "PREPARING", "version": 3} == {**before, "updated_at": AT}
    assert after["version"] == 4


@pytest.mark.parametrize("status", ["OPEN", "RUNNING", "CLOSED", "IGNORED"])
@pytest.mark.parametrize("paused", [False, True])
def test_an_event_says_what_its_campaigns_do_and_says_it_once(status: str, paused: bool) -> None:
    event = {"campaign_status": status, "client_campaign_status": "PAUSED"}
    fields = states.event_fields(setup(paused=paused), event, AT)
    said = {**event, **fields}
    assert said["campaign_status"] == ("RUNNING" if status == "OPEN" else status)
    assert (said["client_campaign_status"], said.get("has_active_campaigns", False)) == (
        ("PAUSED", False) if paused else ("RUNNING", True)
    )
    assert states.event_fields(setup(paused=paused), said, AT) == {}
    # and a reset takes that back, whatever else is so
    after = {**said, **states.reset_fields(said, AT)}
    assert after["client_campaign_status"] == "PAUSED"
    assert after["campaign_status"] == ("OPEN" if status in {"OPEN", "RUNNING"} else status)
    assert states.reset_fields(after, AT) == states.paused_fields(after, AT) == {}


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ({"status": "active", "campaign_status": "OPEN"}, None),
        ({"status": "active", "campaign_status": "RUNNING"}, None),
        ({"status": "active", "campaign_status": "CLOSED"}, "event.closed"),
        ({"status": "active", "campaign_status": "IGNORED"}, "event.ignored"),
        ({"status": "archived", "campaign_status": "OPEN"}, "event.not_active"),
        ({"status": "cancelled", "campaign_status": "CLOSED"}, "event.cancelled"),
    ],
)
def test_which_events_campaigns_may_run(event: dict[str, str], code: str | None) -> None:
    assert states.may_run(event) is (code is None)
    if code:
        with pytest.raises(Conflict) as refused:
            states.check_may_run(event)
        assert refused.value.code == code
    else:
        states.check_may_run(event)


@settings(max_examples=60, deadline=None)
@given(
    tcs=st.permutations(["a", "b", "c"]),
    budget=st.decimals(min_value=1, max_value=10**6, places=2),
    zeros=st.integers(0, 3),
)
def test_the_same_parameters_are_the_same_text_however_they_are_written(
    tcs: list[str], budget: Decimal, zeros: int
) -> None:
    def text(order: list[str], amount: Decimal) -> str:
        clusters = [{"tc": tc, "budget": amount} for tc in order]
        given_so = {"budget": amount * 3, "clusters": clusters, "platforms": ["sandbox", "meta", "sandbox"][:2]}
        return planning.parameters_text(LaunchParameters.model_validate(given_so))

    longer = budget.quantize(Decimal(1).scaleb(-2 - zeros))
    assert text(tcs, longer) == text(["a", "b", "c"], budget)
    assert text(tcs, budget) != text(tcs, budget + Decimal("0.01"))
    read = planning.parse(text(tcs, budget))
    assert (read.budget, [one.budget for one in read.clusters or ()]) == (budget * 3, [budget] * 3)


@settings(max_examples=60, deadline=None)
@given(minor=st.integers(1, 10**12), currency=st.sampled_from(["EUR", "JPY", "KWD"]))
def test_amounts_are_exact_in_every_currency(minor: int, currency: str) -> None:
    places = {"EUR": 2, "JPY": 0, "KWD": 3}[currency]
    assert rules.minor_units(Decimal(minor).scaleb(-places), currency, "budget") == minor
    with pytest.raises(Unprocessable, match="decimals"):
        rules.minor_units(Decimal(minor).scaleb(-places) + Decimal(1).scaleb(-places - 1), currency, "budget")


def test_campaigns_that_stop_now_are_over() -> None:
    now = datetime(2030, 1, 1, tzinfo=UTC)
    planning.check_time("2030-01-01T00:00:01Z", now)
    with pytest.raises(Unprocessable, match=r"campaigns\.stop_past"):
        planning.check_time("2030-01-01T00:00:00Z", now)
