"""Discounts, coupons and refunds: what is asked for is what is sent, in every currency, stored and changed."""

import json
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from marquee import money
from marquee.errors import Violation
from marquee.hub import heads
from marquee.hub.events import content, discounts
from marquee.hub.events.models import EventAsked
from marquee.hub.tickets import early_birds
from tests.support import hub_listing
from tests.support.hub_tickets import uuid_of

CURRENCIES = st.sampled_from(["JPY", "EUR", "KWD", "CLF"])
KINDS = st.sampled_from(["percentage", "fixed", None])
EVENT = uuid_of("event")


def places(kind: str | None, currency: str) -> int:
    return money.exponent(currency) if kind == "fixed" else 2


@st.composite
def amounts(draw: st.DrawFn, kind: str | None, currency: str) -> str:
    """A JSON number that the kind and the currency allow, as a client may write it."""
    most = 10 ** (9 + places(kind, currency)) if kind == "fixed" else 100 * 10**2
    amount = Decimal(draw(st.integers(0, most))).scaleb(-places(kind, currency))
    return draw(st.sampled_from([str(amount), f"{amount:f}", f"{amount:.4f}", json.dumps(float(amount))]))


def read(text: str) -> Any:
    """A JSON number as the edge reads it."""
    return json.loads(text, parse_float=Decimal)


def same(sent: Any, text: str) -> bool:
    """Whether the JSON number that is sent is the one that was asked for."""
    return Decimal(json.dumps(sent)) == Decimal(text)


@given(st.data(), CURRENCIES, KINDS, KINDS, KINDS)
@settings(max_examples=120, deadline=None)
def test_amounts_of_an_event_survive_being_stored_sent_and_changed_elsewhere(
    data: st.DataObject, currency: str, bird: str | None, coupon: str | None, back: str | None
) -> None:
    # Given amounts of all kinds
    texts = [data.draw(amounts(kind, currency)) for kind in (bird, coupon or "percentage", back or "percentage")]
    asked = {
        "currency": currency,
        "early_bird_discount": {"discount_type": bird, "discount": read(texts[0])},
        "coupons": [
            {
                "name": "C",
                "code": "C",
                "discount_amount": read(texts[1]),
                **({"discount_type": coupon} if coupon else {}),
            }
        ],
        "refund": {
            "policy": {"amount": {"discount_unit": read(texts[2]), **({"discount_type": back} if back else {})}}
        },
    }
    # When they are stored, and something else of the event is changed
    wrong: list[Violation] = []
    first = hub_listing.content(**asked)
    again = content.changed(EVENT, json.loads(heads.packed(first)), EventAsked.model_validate({"name": "B"}), wrong)
    # Then they are whole numbers inside, unchanged, and sent as they came
    assert not wrong
    parts = [again["early_bird_discount"], again["coupons"][0], again["refund"]["policy"]["amount"]]
    names = ["discount", "discount_amount", "discount_unit"]
    assert all(isinstance(part[name], int) for part, name in zip(parts, names, strict=True))
    assert {**again, "name": ""} == {**first, "name": ""}
    for part, name, text in zip(parts, names, texts, strict=True):
        assert same(discounts.number(part[name], part["discount_type"], currency), text)


@given(st.data(), CURRENCIES, st.sampled_from(["percentage", "fixed"]))
@settings(max_examples=120, deadline=None)
def test_one_digit_more_than_there_can_be_is_refused(data: st.DataObject, currency: str, kind: str) -> None:
    digits = places(kind, currency)
    whole = data.draw(st.integers(0, 99))
    zeros = data.draw(st.integers(0, 40))
    text = f"{whole}.{'0' * (digits + zeros)}{data.draw(st.integers(1, 9))}"

    wrong: list[Violation] = []
    discounts.minor(Decimal(text), kind, currency, "field", wrong)

    assert [one.code for one in wrong] == ["amount.too_precise"]


@given(st.data(), CURRENCIES, KINDS)
@settings(max_examples=80, deadline=None)
def test_the_discount_of_a_level_survives_being_sent_back(data: st.DataObject, currency: str, kind: str | None) -> None:
    text = data.draw(amounts(kind, currency))
    wrong: list[Violation] = []

    def asked(amount: Any) -> discounts.EarlyBirdAsked:
        return discounts.EarlyBirdAsked.model_validate({"discount_type": kind, "discount": amount})

    once = early_birds.settled(discounts.blank(), asked(read(text)), currency, "Europe/Berlin", wrong)
    sent = json.dumps(discounts.number(once["discount"], kind, currency))
    again = early_birds.settled(once, asked(read(sent)), currency, "Europe/Berlin", wrong)

    assert same(json.loads(sent), text)
    assert again == once
    assert not wrong
