"""Ticket levels of events, through their routes."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from pydantic import TypeAdapter

from marquee.hub import heads, repository
from marquee.hub.envelopes import Envelope
from marquee.hub.publication import starting
from marquee.hub.tickets.models import AllTickets, OneTicket
from tests.support import hub, hub_tickets
from tests.support.api import TENANT, Answer, call, sample, varied
from tests.support.hub_tickets import request

ONE = TypeAdapter(Envelope[OneTicket])
ALL = TypeAdapter(Envelope[AllTickets])
Load = Callable[[str], ModuleType]


@pytest.fixture
def events(aws: dict[str, str], app: Load) -> ModuleType:
    return app("hub_events")


def refused(answer: Answer) -> list[str]:
    """The fields that a refusal names."""
    assert answer.status == 422, answer.json
    return [f"{one['code']} {one['field']}" for one in answer.json["validation_errors"]]


def levels(event_uuid: str) -> list[Any]:
    return list(heads.levels(hub.stored(event_uuid)))


def test_a_ticket_level_is_created_read_and_listed(events: ModuleType) -> None:
    event = hub.create(events)

    made = call(events, varied(sample("hub_events", "create_ticket"), path={"event_uuid": event["uuid"]}))
    document = made.json["result"]["ticket"]
    path = {"event_uuid": event["uuid"], "ticket_uuid": document["uuid"].upper()}
    read = call(events, varied(sample("hub_events", "read_ticket"), path=path))
    listed = call(events, varied(sample("hub_events", "list_tickets"), path={"event_uuid": event["uuid"]}))
    detail = hub.read(events, event["uuid"])

    assert (made.status, made.json["statusCode"], made.headers["etag"]) == (201, 201, '"2"')
    assert made.headers["location"] == f"/events/{event['uuid']}/tickets/{document['uuid']}"
    ONE.validate_python(made.json, strict=True)
    ALL.validate_python(listed.json, strict=True)
    assert (read.status, read.headers["etag"], listed.headers["etag"]) == (200, '"2"', '"2"')
    assert read.json["result"] == made.json["result"] == {"ticket": listed.json["result"]["tickets"][0]}
    assert detail["tickets"]["levels"] == [document]
    assert [one["tickets"] for one in detail["event_occurrence"]] == [[document["uuid"]]] * 4
    stored = levels(event["uuid"])[0]
    assert [(one["price"], one["quantity_included"]) for one in stored["pricing_details"]] == [(4990, 1), (18000, 4)]
    assert stored["early_bird_discount"]["discount"] == 1250


def test_a_ticket_level_is_changed_and_keeps_what_is_not_given(events: ModuleType) -> None:
    event = hub.create(events)["uuid"]
    before = hub_tickets.create(events, event, description="By the stage")

    sent = varied(sample("hub_events", "update_ticket"), path={"event_uuid": event, "ticket_uuid": before["uuid"]})
    changed = call(events, sent)

    assert changed.status == 200
    ONE.validate_python(changed.json, strict=True)
    assert changed.json["result"]["ticket"] == {**before, "quantity": 450, "status": False}
    assert changed.headers["etag"] == '"3"'
    assert (levels(event)[0]["quantity"], levels(event)[0]["status"]) == (450, False)


def test_a_ticket_level_is_deleted(events: ModuleType) -> None:
    event = hub.create(events)["uuid"]
    gone, left = (hub_tickets.create(events, event, name) for name in ("gone", "left"))

    sent = varied(sample("hub_events", "delete_ticket"), path={"event_uuid": event, "ticket_uuid": gone["uuid"]})
    deleted = call(events, sent)

    assert (deleted.status, deleted.raw) == (204, b"")
    assert [one["uuid"] for one in levels(event)] == [left["uuid"]]
    assert call(events, request("read", event, gone["uuid"])).json["error_code"] == "ticket.not_found"


def test_what_is_not_there_and_what_is_somebody_elses_are_the_same(events: ModuleType) -> None:
    event = hub.create(events)["uuid"]
    ticket = hub_tickets.create(events, event)["uuid"]
    before = hub.stored(event)
    nothing = hub_tickets.uuid_of("nothing")

    for action, named in [("list", None), ("create", None), ("read", ticket), ("update", ticket), ("delete", ticket)]:
        theirs = call(events, request(action, event, named, tenants=["borealis"]))
        none = call(events, request(action, nothing, named))
        assert (theirs.status, theirs.json["error_code"]) == (404, "event.not_found"), action
        assert (none.status, none.json["error_code"]) == (404, "event.not_found"), action
        assert theirs.json["detail"].replace(event, nothing) == none.json["detail"]
    for action in ("read", "update", "delete"):
        assert call(events, request(action, event, nothing)).json["error_code"] == "ticket.not_found"
    assert hub.stored(event) == before


def test_each_refusal_names_its_field_and_writes_nothing(events: ModuleType) -> None:
    event = hub.create(events, settings={"event_capacity": 150})["uuid"]
    hub_tickets.create(events, event)
    before = hub.stored(event)

    answer = call(
        events,
        request(
            "create",
            event,
            body={
                "ticket": {
                    "name": "Balcony",
                    "quantity": 51,
                    "session_id": hub_tickets.uuid_of("no session"),
                    "parent_id": hub_tickets.uuid_of("no level"),
                    "coupons": [hub_tickets.uuid_of("no coupon")],
                    "pricing_details": [{"price": 0.125}],
                }
            },
        ),
    )

    assert refused(answer) == [
        "amount.too_precise ticket.pricing_details.0.price",
        "session.not_found ticket.session_id",
        "coupon.not_found ticket.coupons.0",
        "ticket.not_found ticket.parent_id",
        "ticket.over_capacity ticket.quantity",
    ]
    assert hub.stored(event) == before


@pytest.mark.parametrize(
    "ticket",
    [
        {},
        {"name": ""},
        {"name": "x" * 76},
        {"name": "a", "quantity": -2},
        {"name": "a", "quantity": 1.5},
        {"name": "a", "category": "gold"},
        {"name": "a", "display_order": "first"},
        {"name": "a", "pricing_details": [{"price": -1}]},
        {"name": "a", "pricing_details": [{"price": "NaN"}]},
        {"name": "a", "pricing_details": [{"quantity_included": 0}]},
        {"name": "a", "quantity_sold": 4},
        {"name": "a", "description": "x" * 2501},
    ],
)
def test_what_is_malformed_is_400(app: Load, ticket: dict[str, Any]) -> None:
    answer = call(app("hub_events"), request("create", hub_tickets.uuid_of("any event"), body={"ticket": ticket}))

    assert (answer.status, answer.json["error_code"]) == (400, "body.invalid")
    assert answer.json["validation_errors"][0]["field"].startswith("ticket.")


def test_sales_made_elsewhere_are_noted_at_a_price_and_hold_the_level(events: ModuleType) -> None:
    event = hub.create(events)["uuid"]
    ticket = hub_tickets.create(events, event)
    price = ticket["pricing_details"][0]

    noted = hub_tickets.update(events, event, ticket["uuid"], pricing_details=[{**price, "quantity_sold": 30}])
    fewer = hub_tickets.update(events, event, ticket["uuid"], quantity=29)
    dropped = hub_tickets.update(events, event, ticket["uuid"], pricing_details=[{"price": 30}])
    deleted = call(events, request("delete", event, ticket["uuid"]))

    assert noted.json["result"]["ticket"]["quantity_sold"] == 30
    assert refused(fewer) == ["ticket.below_sold ticket.quantity"]
    assert (dropped.status, dropped.json["error_code"]) == (409, "price.sold")
    assert (deleted.status, deleted.json["error_code"]) == (409, "ticket.sold")
    assert levels(event)[0]["quantity"] == 100


def test_no_ticket_level_of_a_cancelled_event_is_written(events: ModuleType) -> None:
    event = hub.create(events)["uuid"]
    ticket = hub_tickets.create(events, event)["uuid"]
    head = hub.stored(event)
    repository.save(head, {"state": "cancelled"})

    answers = [
        call(events, request("create", event)),
        hub_tickets.update(events, event, ticket, quantity=5),
        call(events, request("delete", event, ticket)),
    ]

    assert [(one.status, one.json["error_code"]) for one in answers] == [(409, "event.state")] * 3
    assert call(events, request("read", event, ticket)).status == 200
    assert heads.levels(hub.stored(event)) == heads.levels(head)


def test_writes_honour_if_match_unless_there_is_nothing_left_to_do(events: ModuleType) -> None:
    event = hub.create(events)["uuid"]
    ticket = hub_tickets.create(events, event)["uuid"]

    def put(quantity: int, version: int) -> int:
        sent = request(
            "update",
            event,
            ticket,
            body={"ticket": {"quantity": quantity}},
            headers={"If-Match": f'"{version}"'},
        )
        return call(events, sent).status

    assert put(50, 1) == 412
    assert put(50, 2) == 200
    assert put(50, 2) == 200
    assert call(events, request("create", event, headers={"If-Match": '"2"'})).status == 412
    assert call(events, request("delete", event, ticket, headers={"If-Match": '"2"'})).status == 412
    assert call(events, request("delete", event, ticket, headers={"If-Match": '"3"'})).status == 204
    assert levels(event) == []


def test_a_session_that_names_a_level_keeps_it_and_one_that_is_named_must_be_there(
    events: ModuleType, app: Load
) -> None:
    event = hub.create(events)["uuid"]
    named, own = (hub_tickets.create(events, event, name)["uuid"] for name in ("named", "own"))
    sent = varied(
        sample("hub_sessions", "create"),
        path={"event_uuid": event},
        headers={"Idempotency-Key": ""},
        body={
            "sessions": {
                "name": "Opening",
                "session_starts_on": "2035-01-24 19:30",
                "duration": 20,
                "tickets": {"type": "specific", "uuid": [named]},
            }
        },
    )
    made = call(app("hub_sessions"), sent)
    assert made.status == 201, made.json
    session = made.json["result"]["session"]["session"]["uuid"]

    kept = call(events, request("delete", event, named))
    bound = hub_tickets.update(events, event, own, session_id=session)
    gone = varied(
        sample("hub_sessions", "delete"),
        path={"event_uuid": event, "session_uuid": session},
        headers={"Idempotency-Key": ""},
    )

    assert (kept.status, kept.json["error_code"]) == (409, "ticket.in_session")
    assert bound.json["result"]["ticket"]["session_id"] == session
    assert call(app("hub_sessions"), gone).status == 409


def test_the_currency_and_the_capacity_of_the_event_heed_its_ticket_levels(events: ModuleType) -> None:
    event = hub.create(events)["uuid"]
    hub_tickets.create(events, event)
    path = {"org_uuid": TENANT, "event_uuid": event}

    def put(**changes: Any) -> Answer:
        sent = varied(
            sample("hub_events", "update"), path=path, body={"event": changes}, headers={"Idempotency-Key": ""}
        )
        return call(events, sent)

    assert refused(put(currency="JPY")) == ["currency.priced event.currency"]
    assert refused(put(settings={"event_capacity": 99})) == [
        "ticket.over_capacity event.settings.event_capacity",
    ]
    assert put(settings={"event_capacity": 100}).status == 200


def test_a_coupon_that_a_level_takes_stays_with_the_event(events: ModuleType) -> None:
    coupon = {"name": "Friends", "code": "FRIENDS", "discount_amount": 10}
    event = hub.create(events, coupons=[coupon])
    uuid = event["uuid"]
    hub_tickets.create(events, uuid, coupons=[event["coupons"][0]["uuid"].upper()])

    def put(*coupons: dict[str, Any]) -> Answer:
        path = {"org_uuid": TENANT, "event_uuid": uuid}
        sent = varied(sample("hub_events", "update"), path=path, body={"event": {"coupons": list(coupons)}})
        return call(events, varied(sent, headers={"Idempotency-Key": ""}))

    assert put({**coupon, "discount_amount": 20}).status == 200
    assert refused(put({**coupon, "code": "OTHERS"})) == ["coupon.in_use event.coupons"]
    # The duplicate's coupon is its own, and stays the same one when it is given again by its code.
    copy = call(events, varied(sample("hub_events", "duplicate"), path={"event_uuid": uuid})).json["result"]["event"]
    (level,) = copy["tickets"]["levels"]
    again = hub.update(events, copy["uuid"], coupons=[coupon])
    assert level["coupons"] == [one["uuid"] for one in again["coupons"]] != event["coupons"][0]["uuid"]


@pytest.mark.parametrize(
    "bird",
    [
        {"discount_type": "fixed", "discount": 2.5, "discount_ends_on": {"local": "2034-12-31 23:59"}},
        {
            "type": "before_occurrence",
            "discount": 10,
            "discount_ends_on": {"occurrence_discount_end_type": "days", "occurrence_discount_end_offset": "3"},
        },
    ],
)
def test_a_level_that_is_sent_back_as_it_was_read_is_the_same(events: ModuleType, bird: dict[str, Any]) -> None:
    event = hub.create(events)["uuid"]
    made = hub_tickets.create(events, event, early_bird_discount=bird, custom_attributes=[{"name": "a", "value": 0.5}])
    stored = hub.stored(event)
    read_only = {"uuid", "quantity_sold", "total_purchased_by_user", "created_on"}

    again = hub_tickets.update(
        events, event, made["uuid"], **{name: value for name, value in made.items() if name not in read_only}
    )

    assert again.json["result"]["ticket"] == made
    assert made["early_bird_discount"]["discount_ends_on"]["local"] in {"2034-12-31 23:59", "2035-01-21 19:30"}
    assert hub.stored(event) == stored


def test_levels_are_listed_in_the_organisers_order(events: ModuleType) -> None:
    event = hub.create(events)["uuid"]
    for name, order in [("c", "natural"), ("b", 10), ("a", "2"), ("d", "natural")]:
        hub_tickets.create(events, event, name, display_order=order)

    listed = call(events, request("list", event)).json["result"]["tickets"]

    assert [(one["name"], one["display_order"]) for one in listed] == [
        ("a", "2"),
        ("b", "10"),
        ("c", "natural"),
        ("d", "natural"),
    ]


@pytest.mark.parametrize(("currency", "price"), [("JPY", 1200), ("EUR", 19.99), ("KWD", 1.005), ("CLF", 0.0001)])
def test_prices_come_back_to_the_last_decimal(events: ModuleType, currency: str, price: float) -> None:
    event = hub.create(events, currency=currency)["uuid"]

    made = hub_tickets.create(events, event, pricing_details=[{"price": price}])

    assert made["pricing_details"][0]["price"] == price
    too_fine = call(
        events, request("create", event, body={"ticket": hub_tickets.asked(pricing_details=[{"price": 0.00001}])})
    )
    assert refused(too_fine) == ["amount.too_precise ticket.pricing_details.0.price"]


def test_main_hears_of_a_published_events_new_capacity_and_of_nothing_else(
    events: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    monkeypatch.setattr(starting, "begin", lambda head: started.append(head["publication"]["kind"]))
    event = hub.create(events)["uuid"]
    ticket = hub_tickets.create(events, event)["uuid"]
    done = {"id": "p", "kind": "publish", "sequence": 1, "phase": "done", "before": "ready", "at": hub_tickets.CREATED}
    repository.save(hub.stored(event), {"state": "published", "sequence": 1, "publication": done})

    hub_tickets.update(events, event, ticket, description="By the stage")
    unheard = list(started)
    hub_tickets.update(events, event, ticket, quantity=120)

    head = hub.stored(event)
    assert (unheard, started) == ([], ["update"])
    assert (head["sequence"], head["publication"]["kind"], head["publication"]["phase"]) == (2, "update", "running")
