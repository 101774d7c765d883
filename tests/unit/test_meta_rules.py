"""A campaign in Meta's words: money in Meta's units, and which of several campaigns counts."""

import itertools
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marquee import money
from marquee.campaigns.platforms.errors import Refused
from marquee.campaigns.platforms.meta import rules
from tests.support.platforms import KEY, account, spec

# Meta's table of currencies: what one unit of the currency is in its amounts.
OFFSETS = {"EUR": 100, "USD": 100, "CHF": 100, "JPY": 1, "HUF": 1, "TWD": 1, "COP": 1, "KRW": 1, "BHD": 100, "JOD": 100}


@given(currency=st.sampled_from(sorted(OFFSETS)), minor=st.integers(1, 10**14))
@settings(max_examples=100, deadline=None)
def test_a_budget_at_meta_is_ours_rounded_down_to_its_unit(currency: str, minor: int) -> None:
    ours = Decimal(minor).scaleb(-money.exponent(currency))
    asked = spec(currency=currency, budget=minor)
    if ours < Decimal(1) / OFFSETS[currency]:
        with pytest.raises(Refused):
            rules.budget(asked)
        return
    theirs = Decimal(rules.budget(asked)) / OFFSETS[currency]
    assert theirs <= ours < theirs + Decimal(1) / OFFSETS[currency]


@pytest.mark.parametrize(
    ("currency", "said", "minor"),
    [("EUR", "12.34", 1234), ("JPY", "1234", 1234), ("KWD", "1.5", 1500), ("EUR", "0", 0)],
)
def test_what_was_spent_is_read_in_units_of_the_currency(currency: str, said: str, minor: int) -> None:
    assert rules.delivery(spec(currency=currency), [{"spend": said}], "").spent == minor


def node(identity: str, status: str = "PAUSED", *, empty: bool = False, name: str = f"x [{KEY}]") -> dict[str, Any]:
    return {"id": identity, "status": status, "name": name, "adsets": {"data": [] if empty else [{"id": "1"}]}}


def test_of_several_the_running_then_the_whole_then_the_oldest_counts_in_whatever_order_they_come() -> None:
    ranked = [node("99", "ACTIVE"), node("7"), node("10"), node("3", empty=True), node("1", "ARCHIVED")]
    others = [node("4", name=f"x [{KEY}] copy"), node("5", name="x [cmp_other]"), node("6", "DELETED")]
    for order in itertools.permutations(ranked):
        assert [one["id"] for one in rules.ours([*others, *order], spec())] == ["99", "7", "10", "3", "1"]


def test_a_name_ends_with_the_key_however_long_it_is() -> None:
    assert rules.name_of(spec(name="x" * 900)) == f"{'x' * 200} [{KEY}]"


def test_without_countries_nobody_is_addressed() -> None:
    with pytest.raises(Refused, match="countries"):
        rules.targeting(account("meta", countries=""), spec(), ())
