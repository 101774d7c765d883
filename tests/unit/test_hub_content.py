"""From what is asked for to what is stored: merging, defaults, money, names in any spelling, and free JSON."""

from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from marquee.errors import Violation
from marquee.hub.events import content, discounts
from marquee.hub.events.models import EventChange, NewEvent
from marquee.hub.models import Content
from tests.support.hub import new_event
from tests.support.hub_seeds import everything

UUID = "7d0c4f0e-3a52-4f5e-9a3b-5b8f0e7f9c11"
IMAGE = "images/img_AuroraNightsBanner01.png"


def exact(value: Any) -> Any:
    """Numbers as bodies with amounts are read: none as a binary float."""
    if isinstance(value, dict):
        return {name: exact(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [exact(inner) for inner in value]
    return Decimal(str(value)) if isinstance(value, float) else value


def created(defaults: dict[str, Any] | None = None, *, wrong: list[Violation] | None = None, **changes: Any) -> Content:
    found: list[Violation] = []
    body = new_event(**changes)
    body["event"] = {name: exact(value) for name, value in body["event"].items() if value is not ...}
    made = content.created(UUID, NewEvent.model_validate(body).event, defaults or {}, found)
    assert wrong is not None or not found, found
    (wrong if wrong is not None else []).extend(found)
    return made


def changed(before: Content, *, wrong: list[Violation] | None = None, **changes: Any) -> Content:
    found: list[Violation] = []
    after = content.changed(UUID, before, EventChange.model_validate({"event": changes}).event, found)
    assert wrong is not None or not found, found
    (wrong if wrong is not None else []).extend(found)
    return after


def fields_refused(**changes: Any) -> set[str]:
    """The fields that make the request malformed."""
    with pytest.raises(ValidationError) as refused:
        NewEvent.model_validate(exact(new_event(**changes)))
    return {".".join(map(str, one["loc"])) for one in refused.value.errors()}


def test_what_is_stored_is_text_that_json_holds() -> None:
    made = created(**everything(IMAGE))
    assert orjson.loads(orjson.dumps(made)) == made


def test_nothing_asked_for_changes_nothing() -> None:
    made = created(**everything(IMAGE))
    assert orjson.dumps(changed(made)) == orjson.dumps(made)


def test_an_event_that_says_little_has_the_defaults_and_lacks_no_setting() -> None:
    made = created()
    assert (made["currency"], made["premium"], made["sessions"]["type"]) == ("EUR", False, "multiple_choice")
    assert made["settings"].keys() == created(**everything(IMAGE))["settings"].keys()
    assert made["refund"]["policy"]["amount"] == {"discount_type": "percentage", "discount_unit": 0}


def test_parts_are_merged_and_lists_replaced() -> None:
    before = created(**everything(IMAGE))
    after = changed(
        before,
        refund={"policy": {"amount": {"discount_unit": 50}}},
        listing={"tags": ["south"]},
        interactions={"speaker": []},
    )
    assert after["refund"]["policy"] == {
        **before["refund"]["policy"],
        "amount": {"discount_type": "percentage", "discount_unit": 5000},
    }
    assert after["listing"] == {**before["listing"], "tags": ["south"]}
    assert after["interactions"] == {**before["interactions"], "speaker": []}


def test_null_takes_away_what_an_event_may_lack() -> None:
    before = created(**everything(IMAGE))
    after = changed(before, thumbnail=None, event_code=None, contact_email=None, ticket_instruction=None)
    assert {after["thumbnail"], after["event_code"], after["contact_email"], after["ticket_instruction"]} == {None}
    with pytest.raises(ValidationError):
        EventChange.model_validate({"event": {"name": None}})


def test_the_organisations_defaults_stand_where_an_event_says_nothing() -> None:
    model = created(
        currency="JPY",
        timezone="Asia/Tokyo",
        enable_datetime_conversion=True,
        settings={
            "event_capacity": 300,
            "booking_starts_on": {"type": "specific_time", "local": "2030-01-01 10:00"},
        },
        refund={"available": True, "policy": {"amount": {"discount_type": "fixed", "discount_unit": 500}}},
    )
    defaults = content.defaults_of(model)

    made = created(defaults, timezone=..., enable_datetime_conversion=...)

    assert (made["timezone"], made["currency"], made["enable_datetime_conversion"]) == ("Asia/Tokyo", "JPY", True)
    assert made["settings"]["event_capacity"] == 300
    assert made["refund"]["policy"]["amount"] == {"discount_type": "fixed", "discount_unit": 500}
    # The time of one event is no default of others.
    assert made["settings"]["booking_starts_on"]["type"] == "immediate"
    # An amount in yen is none in euros, a share of the price is.
    assert created(defaults, currency="EUR")["refund"]["available"] is False
    # What an event says counts.
    assert created(defaults, settings={"event_capacity": 5})["settings"]["event_capacity"] == 5


def test_defaults_from_before_a_setting_came_to_be_do_not_lack_it() -> None:
    defaults = content.defaults_of(created(settings={"terminology": "place"}))
    del defaults["settings"]["enable_rsvp"]
    del defaults["settings"]["qr_code"]["level"]
    made = created(defaults)
    assert (made["settings"]["enable_rsvp"], made["settings"]["qr_code"]) == (
        False,
        {"enabled": True, "level": "event"},
    )
    assert made["settings"]["terminology"] == "place"


def test_an_event_without_a_time_zone_is_refused() -> None:
    wrong: list[Violation] = []
    created(wrong=wrong, timezone=...)
    assert [(one.code, one.field) for one in wrong] == [("timezone.missing", "event.timezone")]


@pytest.mark.parametrize(
    ("kind", "amount", "currency", "code"),
    [
        ("percentage", "100.5", "EUR", "discount.too_much"),
        ("percentage", "1.125", "EUR", "amount.too_precise"),
        ("fixed", "1.125", "EUR", "amount.too_precise"),
        ("fixed", "1.5", "JPY", "amount.too_precise"),
    ],
)
def test_an_amount_that_cannot_be_is_refused_by_its_field(kind: str, amount: str, currency: str, code: str) -> None:
    coupon = {"name": "A", "code": "A", "discount_type": kind, "discount_amount": Decimal(amount)}
    wrong: list[Violation] = []
    created(wrong=wrong, currency=currency, coupons=[coupon], early_bird_discount=_bird(kind, amount))
    assert {(one.code, one.field) for one in wrong} == {
        (code, "event.coupons.0.discount_amount"),
        (code, "event.early_bird_discount.discount"),
    }


def _bird(kind: str, amount: str) -> dict[str, Any]:
    return {"discount_type": kind, "discount": Decimal(amount)}


def test_an_amount_keeps_its_value_when_the_currency_changes() -> None:
    before = created(currency="EUR", early_bird_discount=_bird("fixed", "12"))
    after = changed(before, currency="JPY")
    assert (before["early_bird_discount"]["discount"], after["early_bird_discount"]["discount"]) == (1200, 12)
    wrong: list[Violation] = []
    changed(changed(before, early_bird_discount={"discount": Decimal("12.5")}), wrong=wrong, currency="JPY")
    assert [one.field for one in wrong] == ["event.early_bird_discount.discount"]


def test_a_discount_keeps_its_number_when_it_becomes_one_of_another_type() -> None:
    before = created(currency="KWD", early_bird_discount=_bird("percentage", "12.5"))
    after = changed(before, early_bird_discount={"discount_type": "fixed"})
    assert (before["early_bird_discount"]["discount"], after["early_bird_discount"]["discount"]) == (1250, 12500)


@given(
    st.decimals(0, 100, places=2),
    st.sampled_from(["percentage", "fixed", None]),
    st.sampled_from(["EUR", "KWD", "CLF"]),
)
@settings(max_examples=60, deadline=None)
def test_amounts_come_back_as_they_were_given(amount: Decimal, kind: str | None, currency: str) -> None:
    wrong: list[Violation] = []
    stored = discounts.minor(amount, kind, currency, "field", wrong)
    assert not wrong
    assert discounts.amount(stored, kind, currency) == amount
    assert Decimal(str(discounts.number(stored, kind, currency))) == amount


def test_categories_are_given_by_name_uuid_or_object_and_get_one_uuid_by_name() -> None:
    listing = {"categories": ["Café", {"name": "CAFE"}, UUID.upper(), {"uuid": "c-1", "name": "Own"}]}
    uuids = [one["uuid"] for one in created(listing=listing)["listing"]["categories"]]
    assert uuids[0] == uuids[1]
    assert uuids[2:] == [UUID, "c-1"]
    assert fields_refused(listing={"categories": [{}]}) == {"event.listing.categories.0"}


def test_coupons_and_invitations_keep_their_uuids_by_code_and_codes_are_unique() -> None:
    first = created(invitations=[{"code": "A"}, {"code": "B"}])["invitations"]
    assert changed(created(), invitations=[{"code": "B"}])["invitations"] == [first[1]]
    wrong: list[Violation] = []
    created(wrong=wrong, invitations=[{"code": "A"}, {"code": "A", "uuid": "other"}])
    assert [(one.code, one.field) for one in wrong] == [("invitations.repeated", "event.invitations.1.code")]


def test_a_time_that_follows_from_the_occurrences_is_not_kept() -> None:
    part = {"type": "immediate", "utc": "2030-01-01 09:00", "local": "2030-01-01 10:00"}
    assert created(settings={"booking_starts_on": part})["settings"]["booking_starts_on"]["local"] is None


@pytest.mark.parametrize(
    ("given_time", "local"),
    [
        ({"local": "2034-06-01T10:00"}, "2034-06-01 10:00"),
        ({"utc": "2034-06-01 10:00"}, "2034-06-01 12:00"),
        ({"utc": "2034-06-01T10:00:00Z"}, "2034-06-01 12:00"),
        ({"utc": "2034-06-01 10:00", "local": "2034-06-01 13:00"}, "2034-06-01 13:00"),
    ],
)
def test_a_time_is_given_on_the_clock_or_in_utc(given_time: dict[str, str], local: str) -> None:
    part = {"type": "specific_time", **given_time}
    assert created(settings={"booking_ends_on": part})["settings"]["booking_ends_on"]["local"] == local


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "x" * 76}, "event.name"),
        ({"name": " "}, "event.name"),
        ({"description": "x" * 2501}, "event.description"),
        ({"timezone": "Mars/Olympus"}, "event.timezone"),
        ({"currency": "XXX"}, "event.currency"),
        ({"contact_email": "nobody"}, "event.contact_email"),
        ({"links": [{"name": "A", "value": "javascript:alert(1)"}]}, "event.links.0.value"),
        ({"banner": [{"image": "data:image/png;base64,AA"}]}, "event.banner.0.image"),
        ({"banner": [{"image": "https://x.example/a.png", "primary": "maybe"}]}, "event.banner.0.primary"),
        ({"settings": {"event_capacity": -1}}, "event.settings.event_capacity"),
        ({"settings": {"no_such": 1}}, "event.settings.no_such"),
        ({"no_such": 1}, "event.no_such"),
        ({"resources": [2**53 + 1]}, "event.resources.0"),
        ({"resources": ["\ud800"]}, "event.resources.0"),
        ({"resources": [Decimal("1e400")]}, "event.resources.0"),
        ({"refund": {"policy": {"cancel_before_event_starts": 1.5}}}, "event.refund.policy.cancel_before_event_starts"),
        ({"sessions": {"type": "any"}}, "event.sessions.type"),
    ],
)
def test_what_cannot_be_is_malformed_and_named(changes: dict[str, Any], field: str) -> None:
    assert fields_refused(**changes) == {field}


def test_json_that_is_nested_without_end_is_malformed() -> None:
    nested: list[Any] = []
    for _ in range(100):
        nested = [nested]
    assert fields_refused(resources=nested) == {"event.resources.0"}


@pytest.mark.parametrize(
    ("value", "field"),
    [
        (None, "event.configuration.attributes.0.value"),
        ("here", "event.configuration.attributes.0.value"),
        ({"latitude": "91"}, "event.configuration.attributes.0.value.latitude"),
        ({"longitude": "east"}, "event.configuration.attributes.0.value.longitude"),
        ({"address": {"town": "A"}}, "event.configuration.attributes.0.value.address.town"),
        ({"url": "venue"}, "event.configuration.attributes.0.value.url"),
    ],
)
def test_a_venue_is_looked_at_closely(value: object, field: str) -> None:
    attributes = [{"name": "Venue", "value": value}]
    assert fields_refused(configuration={"type": "venue_event", "attributes": attributes}) == {field}


def test_other_attributes_are_taken_as_they_are_and_numbers_for_coordinates() -> None:
    attributes = [
        {"name": "IS_LIVE", "value": False},
        {"name": "VENUE", "value": {"latitude": Decimal("48.1"), "url": ""}},
    ]
    made = created(configuration={"type": "Venue_Event", "attributes": attributes})["configuration"]
    assert made["type"] == "venue_event"
    assert made["attributes"][0] == {"name": "IS_LIVE", "value": False}
    assert (made["attributes"][1]["name"], made["attributes"][1]["value"]["latitude"]) == ("venue", "48.1")
    assert made["attributes"][1]["value"]["url"] is None
