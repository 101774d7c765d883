"""Traits in words: they say what the bands of the method hold."""

import re
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marquee.demand import rules, traits
from marquee.demand.models import Facts


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 200_000))
def test_a_capacity_lies_in_the_band_that_it_is_told_by(capacity: int) -> None:
    facts = Facts("evt", "concert", "Berlin", "Hall", capacity, date(2026, 12, 31))
    value = dict(zip(rules.TRAITS, rules.trait_values(facts), strict=True))["capacity"]
    bounds = [int(one.replace(",", "")) for one in re.findall(r"[\d,]+", traits.in_words("capacity", value))]
    assert bounds[0] <= capacity <= bounds[-1]


@pytest.mark.parametrize(
    ("trait", "told"),
    [
        ("category", "concert"),
        ("venue", "Berlin/Hall"),
        ("capacity", "11,586 to 23,170"),
        ("price", "54 to 76"),
        ("season", "December"),
        ("weekday", "Thursday"),
    ],
)
def test_traits_are_told_in_words(trait: str, told: str) -> None:
    # Given an event of which all is known
    facts = Facts("evt", "concert", "Berlin", "Hall", 12_000, date(2026, 12, 31), 55.5)
    values = dict(zip(rules.TRAITS, rules.trait_values(facts), strict=True))
    # Then people read no numbers of bands, months and days
    assert traits.in_words(trait, values[trait]) == told
