"""Rules of ticket levels."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marquee.errors import Conflict
from marquee.hub.events import discounts
from marquee.hub.models import StoredLevel
from marquee.hub.tickets import rules
from marquee.hub.tickets.models import TicketAsked
from tests.support.hub_tickets import level, price, uuid_of


def settled(before: StoredLevel, **asked: Any) -> tuple[StoredLevel, list[str]]:
    """The level with what is asked for, and the codes and fields of what is wrong with it."""
    given = TicketAsked.model_validate(asked)
    after, wrong = rules.settled(before, given, "EUR", "Europe/Berlin", lambda place: uuid_of(f"new {place}"))
    return after, [f"{one.code} {one.field}" for one in wrong]


def misfits(
    levels: list[StoredLevel],
    one: StoredLevel,
    capacity: int = 0,
    *,
    session: bool = True,
    coupons: tuple[str, ...] = (),
) -> list[str]:
    found = rules.misfits(levels, one, capacity=capacity, session_known=session, coupons=coupons)
    return [f"{one.code} {one.field}" for one in found]


def test_what_is_not_given_stays() -> None:
    before = level(description="By the stage", coupons=[uuid_of("coupon")])

    after, wrong = settled(before, quantity=50)

    assert after == {**before, "quantity": 50}
    assert not wrong


@pytest.mark.parametrize(
    ("before", "asked", "wrong"),
    [
        ({}, {"quantity": 0}, []),
        ({"pricing_details": [price(sold=3)]}, {"quantity": 3}, []),
        ({"pricing_details": [price(sold=3)]}, {"quantity": 2}, ["ticket.below_sold ticket.quantity"]),
        ({"pricing_details": [price(sold=3)]}, {"quantity": -1}, []),
        ({}, {"max_quantity_per_customer": 0}, ["ticket.none_per_customer ticket.max_quantity_per_customer"]),
        ({}, {"pricing_details": []}, ["ticket.price_missing ticket.pricing_details"]),
        ({}, {"pricing_details": [{"price": "12.345"}]}, ["amount.too_precise ticket.pricing_details.0.price"]),
        (
            {},
            {"quantity": 3, "pricing_details": [{"price": 1}, {"price": 9, "quantity_included": 4}]},
            ["price.includes_too_many ticket.pricing_details.1.quantity_included"],
        ),
        ({}, {"category": "free"}, ["price.not_zero ticket.pricing_details.0.price"]),
        ({}, {"category": "free", "pricing_details": []}, []),
        ({}, {"max_donation_amount": 5}, ["donation.not_taken ticket.max_donation_amount"]),
        (
            {},
            {"category": "donation", "pricing_details": []},
            ["donation.maximum_missing ticket.max_donation_amount"],
        ),
        (
            {"pricing_details": []},
            {"category": "donation", "min_donation_amount": 6, "max_donation_amount": 5},
            ["donation.minimum_too_large ticket.min_donation_amount"],
        ),
        (
            {"pricing_details": []},
            {"category": "donation", "min_donation_amount": 1, "max_donation_amount": 5},
            ["donation.default_out_of_range ticket.default_donation_amount"],
        ),
        (
            {"pricing_details": []},
            {
                "category": "Donation",
                "min_donation_amount": 1,
                "default_donation_amount": "2.50",
                "max_donation_amount": 5,
            },
            [],
        ),
        (
            {},
            {"pricing_details": [{"uuid": uuid_of("nobody's"), "price": 1}]},
            ["price.not_found ticket.pricing_details.0.uuid"],
        ),
        (
            {"pricing_details": [price()]},
            {"pricing_details": [{"uuid": uuid_of("price"), "price": 1}] * 2},
            ["price.repeated ticket.pricing_details.1.uuid"],
        ),
    ],
)
def test_a_level_is_refused_by_its_fields(before: dict[str, Any], asked: dict[str, Any], wrong: list[str]) -> None:
    assert settled(level(**before), **asked)[1] == wrong


def test_a_free_level_gets_a_price_of_nothing_that_sales_can_be_counted_at() -> None:
    after, _ = settled(level(), category="free", pricing_details=[])

    assert after["pricing_details"] == [{**price(0), "uuid": uuid_of("new 0")}]


def test_a_price_keeps_what_it_has_sold_unless_it_is_told_otherwise() -> None:
    before = level(pricing_details=[price(sold=7, name="a"), price(sold=8, name="b")])
    asked = [{"uuid": uuid_of("b"), "price": "10"}, {"uuid": uuid_of("a"), "price": 20, "quantity_sold": 9}, {}]

    after, wrong = settled(before, pricing_details=asked)

    assert [(one["uuid"], one["price"], one["quantity_sold"]) for one in after["pricing_details"]] == [
        (uuid_of("b"), 1000, 8),
        (uuid_of("a"), 2000, 9),
        (uuid_of("new 2"), 0, 0),
    ]
    assert not wrong


def test_a_price_that_has_sold_cannot_be_left_out() -> None:
    with pytest.raises(Conflict, match=r"price\.sold"):
        settled(level(pricing_details=[price(sold=1)]), pricing_details=[{"price": 5}])


def test_levels_take_their_quantity_while_on_sale_and_else_what_they_sold() -> None:
    levels = [
        level("a", quantity=60, pricing_details=[price(sold=5)]),
        level("b", quantity=-1, pricing_details=[price(sold=7), price(sold=8)]),
        level("c", quantity=50, status=False, pricing_details=[price(sold=9)]),
        level("table", quantity=8, pricing_details=[price(included=4)]),
    ]

    assert rules.places(levels) == 60 + 15 + 9 + 8
    assert rules.over_capacity(levels, 92, "x") is None
    assert rules.over_capacity(levels, 0, "x") is None
    over = rules.over_capacity(levels, 91, "x")
    assert over is not None
    assert (over.code, over.field) == ("ticket.over_capacity", "x")


def test_a_level_fits_its_event() -> None:
    one = level("one", session_id=uuid_of("s"), parent_id=uuid_of("two"), coupons=[uuid_of("c")])
    two = level("two", parent_id=uuid_of("one"))

    assert misfits([one, level("two")], one, 200, coupons=(uuid_of("c"),)) == []
    assert misfits([one, two], one, 199, session=False) == [
        "session.not_found ticket.session_id",
        "coupon.not_found ticket.coupons.0",
        "ticket.cycle ticket.parent_id",
        "ticket.over_capacity ticket.quantity",
    ]
    assert misfits([one], one, coupons=(uuid_of("c"),)) == ["ticket.not_found ticket.parent_id"]
    assert misfits([level(str(n)) for n in range(51)], level("50")) == ["ticket.too_many ticket"]


@given(st.lists(st.none() | st.integers(0, 6), min_size=1, max_size=7))
@settings(max_examples=150, deadline=None)
def test_whatever_is_accepted_is_a_forest(parents: list[int | None]) -> None:
    """Levels are given parents one after the other, as edits do it: what was accepted never holds a cycle."""
    levels = {uuid_of(str(n)): level(str(n)) for n in range(len(parents))}
    for number, parent in enumerate(parents):
        one = level(str(number), parent_id=None if parent is None else uuid_of(str(parent)))
        after = {**levels, uuid_of(str(number)): one}
        if not misfits(list(after.values()), one):
            levels = after

    for one in levels.values():
        steps, above = 0, one["parent_id"]
        while above is not None:
            above, steps = levels[above]["parent_id"], steps + 1
            assert steps <= len(levels)


def test_numbered_levels_come_first_then_the_others_as_they_were_created() -> None:
    a = level("a", created_at="2026-01-01T00:00:02Z")
    b = level("b", created_at="2026-01-01T00:00:01Z")
    ten, two = level("ten", display_order="10"), level("two", display_order="2")

    assert [one["name"] for one in rules.ordered([a, ten, b, two])] == ["two", "ten", "b", "a"]


@pytest.mark.parametrize(
    ("levels", "refused"),
    [
        ([], False),
        ([level(pricing_details=[price(0)])], False),
        ([level()], True),
        ([level(pricing_details=[price(0)], max_donation_amount=1)], True),
        ([level(pricing_details=[], early_bird_discount={**discounts.blank(), "discount": 500})], False),
        (
            [
                level(
                    pricing_details=[],
                    early_bird_discount={**discounts.blank(), "discount_type": "fixed", "discount": 5},
                )
            ],
            True,
        ),
    ],
)
def test_the_currency_stays_while_amounts_of_levels_are_in_it(levels: list[StoredLevel], refused: bool) -> None:
    assert (rules.repriced(levels, "EUR", "JPY", "event.currency") is not None) is refused
    assert rules.repriced(levels, "EUR", "EUR", "event.currency") is None


@pytest.mark.parametrize(
    ("levels", "session", "code"),
    [
        ([level(pricing_details=[price(sold=1)])], {}, "ticket.sold"),
        ([level(), level("below", parent_id=uuid_of("stalls"))], {}, "ticket.is_parent"),
        ([level()], {"ticket_uuids": [uuid_of("stalls")]}, "ticket.in_session"),
        ([level()], {"sold": {uuid_of("stalls"): {uuid_of("price"): 1}}}, "ticket.sold"),
        ([level()], {"ticket_uuids": [uuid_of("other")], "sold": {uuid_of("other"): {"p": 1}}}, None),
    ],
)
def test_a_level_that_something_hangs_on_stays(
    levels: list[StoredLevel], session: dict[str, Any], code: str | None
) -> None:
    sessions = {uuid_of("session"): {"ticket_uuids": None, "sold": {}, **session}}

    if code is None:
        rules.require_removable(levels, levels[0], sessions)
        return
    with pytest.raises(Conflict) as refused:
        rules.require_removable(levels, levels[0], sessions)
    assert refused.value.code == code


def test_an_early_bird_discount_is_changed_field_by_field_and_stored_in_minor_units() -> None:
    asked = {"discount_type": "fixed", "discount": "2.5", "discount_ends_on": {"local": "2035-01-24T19:30:10"}}

    once, wrong = settled(level(), early_bird_discount=asked)
    again, _ = settled(once, early_bird_discount={"discount_starts_on": {"utc": "2035-01-01 11:00"}})

    assert not wrong
    assert again["early_bird_discount"] == {
        **discounts.blank(),
        "discount_type": "fixed",
        "discount": 250,
        "discount_starts_on": {**discounts.blank()["discount_starts_on"], "local": "2035-01-01 12:00"},
        "discount_ends_on": {**discounts.blank()["discount_ends_on"], "local": "2035-01-24 19:30"},
    }
    assert settled(level(), early_bird_discount={**asked, "discount": "2.505"})[1] == [
        "amount.too_precise ticket.early_bird_discount.discount"
    ]
