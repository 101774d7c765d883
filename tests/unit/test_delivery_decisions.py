"""Optimisation: which campaigns are switched off."""

from decimal import Decimal

import pytest

from marquee.campaigns.delivery import decisions
from marquee.campaigns.delivery.decisions import Decision, Figures, Policy

FLOOR = Decimal("2.5")


def figures(key: str, spent: int, revenue: int, budget: int = 20000) -> Figures:
    return Figures(key, spent, revenue, budget)


GOOD, POOR = figures("good", 10000, 25000), figures("poor", 10000, 24999)


def policy(
    *, event: bool = False, ad: bool = False, floor: Decimal | None = FLOOR, minimum: int | None = 10000
) -> Policy:
    return Policy(event, ad, floor, minimum)


def decided(asked: Policy, sold: int, running: list[Figures], all_of: list[Figures] | None = None) -> Decision:
    return decisions.decide(asked, sold, 1000, running, all_of or running)


def told(decision: Decision) -> tuple[str | None, dict[str, str]]:
    event = decision.event.code if decision.event else None
    return event, {key: reason.code for key, reason in decision.campaigns.items()}


@pytest.mark.parametrize(
    ("event", "ad", "sold", "found"),
    [
        (True, False, 950, (None, {})),  # 95 % is not above 95 %
        (True, False, 951, ("sold_out", {})),
        (False, True, 951, (None, {"good": "sold_out"})),
        (True, True, 951, ("sold_out", {})),
        (False, False, 1000, (None, {})),
    ],
)
def test_above_95_percent_sold_campaigns_go_off_where_that_is_on(
    event: bool, ad: bool, sold: int, found: tuple[str | None, dict[str, str]]
) -> None:
    assert told(decided(policy(event=event, ad=ad), sold, [GOOD])) == found


@pytest.mark.parametrize(
    ("event", "ad", "running", "found"),
    [
        (True, False, [GOOD], (None, {})),  # at the floor
        (True, False, [POOR], ("return_floor", {})),
        (True, False, [GOOD, POOR], ("return_floor", {})),  # 49,999 for 20,000
        (True, False, [GOOD, figures("more", 10000, 25001), POOR], (None, {})),  # 75,000 for 30,000
        (False, True, [GOOD, POOR], (None, {"poor": "return_floor"})),
        (True, True, [GOOD, POOR], ("return_floor", {})),
        (True, True, [GOOD, POOR, figures("best", 1, 10**6)], (None, {"poor": "return_floor"})),
        (False, False, [POOR], (None, {})),
    ],
)
def test_below_the_return_floor_campaigns_go_off_where_that_is_on(
    event: bool, ad: bool, running: list[Figures], found: tuple[str | None, dict[str, str]]
) -> None:
    assert told(decided(policy(event=event, ad=ad), 0, running)) == found


def test_nothing_is_judged_by_its_return_before_the_minimum_spend_or_without_a_floor() -> None:
    young = figures("young", 9999, 0)
    assert decided(policy(event=True, ad=True), 0, [young]) == decisions.NOTHING
    assert decided(policy(event=True, ad=True, minimum=0), 0, [figures("unspent", 0, 0)]) == decisions.NOTHING
    assert decided(policy(event=True, ad=True, floor=None), 0, [POOR]) == decisions.NOTHING


def test_a_tenth_of_the_budget_is_the_minimum_spend_unless_the_tenant_says_otherwise() -> None:
    # A tenth of 20,000 for one, of 40,000 for both
    nothing, enough = figures("nothing", 1999, 0), figures("enough", 2000, 0)
    assert told(decided(policy(ad=True, minimum=None), 0, [nothing, enough])) == (None, {"enough": "return_floor"})
    assert told(decided(policy(event=True, minimum=None), 0, [nothing, enough])) == (None, {})
    assert told(decided(policy(event=True, minimum=None), 0, [enough, enough])) == ("return_floor", {})


def test_paused_campaigns_count_in_the_events_return_and_are_not_switched() -> None:
    # The one that is paused had returned nothing
    paused = figures("paused", 10000, 0)
    assert told(decided(policy(event=True, ad=True), 0, [GOOD], [GOOD, paused])) == ("return_floor", {})
    assert told(decided(policy(ad=True), 0, [GOOD], [GOOD, paused])) == (None, {})
    assert decisions.decide(policy(event=True, ad=True), 1000, 1000, [], [paused]) == decisions.NOTHING


def test_an_event_without_a_capacity_is_never_sold_out() -> None:
    assert decisions.decide(policy(event=True), 10**6, 0, [GOOD], [GOOD]) == decisions.NOTHING


def test_reasons_say_what_was_measured() -> None:
    full, poor = decided(policy(event=True), 960, [GOOD]).event, decided(policy(event=True), 0, [POOR]).event
    assert full is not None
    assert full.message == "96.0 % of the tickets are sold, which is more than 95 %."
    assert poor is not None
    assert poor.message == "It returned 2.49 per unit spent, below 2.50."
    # A floor is never told as less than it is
    fine = Policy(event=True, ad=False, return_floor=Decimal("2.505"), minimum_spend=0)
    exact = decided(fine, 0, [figures("fine", 10000, 25040)]).event
    assert exact is not None
    assert exact.message == "It returned 2.504 per unit spent, below 2.505."
