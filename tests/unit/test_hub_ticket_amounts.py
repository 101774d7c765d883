"""Amounts of money: what a client writes is what it reads again, in every currency, to the last minor unit."""

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marquee import money
from marquee.hub.tickets import amounts

BY_PLACES = {0: "JPY", 2: "EUR", 3: "KWD", 4: "CLF"}
MINOR = st.integers(0, 10**amounts.MOST_DIGITS - 1)


def taken(text: str, currency: str) -> int:
    """A JSON number, as the edge reads it, in minor units."""
    value = json.loads(text, parse_float=Decimal)
    return amounts.scaled(Decimal(value), money.exponent(currency))


@given(MINOR, st.sampled_from(sorted(BY_PLACES.values())))
@settings(max_examples=300, deadline=None)
def test_an_amount_comes_back_as_the_number_that_was_sent(minor: int, currency: str) -> None:
    sent = json.dumps(money.to_number(minor, currency))

    assert taken(sent, currency) == minor
    assert json.dumps(money.to_number(taken(sent, currency), currency)) == sent


@given(MINOR, st.sampled_from(sorted(BY_PLACES.values())), st.integers(0, 30))
@settings(max_examples=200, deadline=None)
def test_zeros_after_the_last_decimal_change_nothing(minor: int, currency: str, zeros: int) -> None:
    places = money.exponent(currency)
    text = f"{minor // 10**places}.{minor % 10**places:0{places}}" if places else f"{minor}.0"

    assert taken(text + "0" * zeros, currency) == minor


@given(st.decimals(allow_nan=False, allow_infinity=False), st.sampled_from(sorted(BY_PLACES)))
@settings(max_examples=300, deadline=None)
def test_what_is_taken_is_exactly_what_was_given_and_the_rest_is_refused(amount: Decimal, places: int) -> None:
    try:
        scaled = amounts.scaled(amount, places)
    except amounts.Inexact:
        numerator, denominator = amount.as_integer_ratio()
        whole = numerator * 10**places % denominator == 0
        assert not whole or abs(numerator) * 10**places >= 10**amounts.MOST_DIGITS * denominator
    else:
        assert Decimal(scaled).as_integer_ratio() == (amount.as_integer_ratio()[0] * 10**places, 1) or (
            scaled * amount.as_integer_ratio()[1] == amount.as_integer_ratio()[0] * 10**places
        )


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("0.001", "EUR"),
        ("0.5", "JPY"),
        ("0.00000000000000000000000000000000000001", "EUR"),
        ("25.00000000000000000000000000000000000001", "EUR"),
        ("1E-999999", "EUR"),
        ("1E+999999", "EUR"),
        ("10000000000000.00", "EUR"),
    ],
)
def test_what_a_currency_cannot_hold_is_refused(text: str, currency: str) -> None:
    with pytest.raises(amounts.Inexact):
        amounts.scaled(Decimal(text), money.exponent(currency))
