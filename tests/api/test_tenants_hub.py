"""The Hub: somebody else's is indistinguishable from what does not exist, wherever a request carries an id."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from marquee.hub.rules import derived_uuid
from tests.support import hub
from tests.support.api import SAMPLES, TENANT, Answer, call, sample, varied
from tests.support.hub_images import picture, sent_image

STRANGER = "stranger"
HANDLERS = ("hub_events", "hub_sessions")
# Who may read an image is who knows its id: pages that show it have no token.
OPEN = {"read_image"}
Load = Callable[[str], ModuleType]
Ids = dict[str, str]
NOBODYS: Ids = {
    "org_uuid": "nobodys",
    "event_uuid": derived_uuid("nobodys", "event"),
    "session_uuid": derived_uuid("nobodys", "session"),
    "ticket_uuid": derived_uuid("nobodys", "ticket"),
    "price_uuid": derived_uuid("nobodys", "price"),
    "occurrence_uuid": derived_uuid("nobodys", "occurrence"),
    "coupon_uuid": derived_uuid("nobodys", "coupon"),
    "image": "images/img_AAAAAAAAAAAAAAAAAAAA.png",
}


def parameters(path: Path) -> list[str]:
    return list(sample(path.parent.name, path.stem)["pathParameters"] or {})


WITH_IDS = [
    path
    for group in HANDLERS
    for path in sorted((SAMPLES / group).glob("*.json"))
    if parameters(path) and path.stem not in OPEN
]
BELOW_AN_EVENT = [path for path in WITH_IDS if {"session_uuid", "ticket_uuid"} & {*parameters(path)}]


def named(path: Path) -> str:
    return f"{path.parent.name}-{path.stem}"


class Organiser:
    """An organisation with an event that has a session and a ticket level."""

    def __init__(self, app: Load, tenant: str) -> None:
        self._app = app
        self.tenant = tenant
        coupon = {"name": "Early", "code": f"EARLY-{tenant}", "discount_amount": 10}
        event = hub.create(app("hub_events"), tenant=tenant, coupons=[coupon], occurrence=hub.once())
        self.ids: Ids = {"org_uuid": tenant, "event_uuid": event["uuid"]}
        self.ids["coupon_uuid"] = event["coupons"][0]["uuid"]
        self.ids["occurrence_uuid"] = event["event_occurrence"][0]["uuid"]
        ticket = self.asks("hub_events", "create_ticket", body=ticket_body())
        assert ticket.status == 201, ticket.raw
        self.ids["ticket_uuid"] = ticket.json["result"]["ticket"]["uuid"]
        self.ids["price_uuid"] = ticket.json["result"]["ticket"]["pricing_details"][0]["uuid"]
        session = self.asks("hub_sessions", "create", body=session_body())
        assert session.status == 201, session.raw
        self.ids["session_uuid"] = session.json["result"]["session"]["session"]["uuid"]

    def asks(self, group: str, name: str, ids: Ids | None = None, **changes: Any) -> Answer:
        """Send a sample with these ids in its path, those of its own by default."""
        event = sample(group, name)
        path = {one: {**self.ids, **(ids or {})}[one] for one in event["pathParameters"] or {}}
        headers = {"Idempotency-Key": "", **changes.pop("headers", {})}
        return call(self._app(group), varied(event, path=path, tenants=[self.tenant], headers=headers, **changes))


def ticket_body(**fields: object) -> dict[str, Any]:
    return {"ticket": {"name": "Stalls", "quantity": 10, "pricing_details": [{"price": 12}], **fields}}


def session_body(**fields: object) -> dict[str, Any]:
    start = "2035-01-24 20:30" if fields else "2035-01-24 19:30"
    return {"sessions": {"name": "Talk", "session_starts_on": start, "duration": 15, **fields}}


def told(answer: Answer, ids: Ids) -> tuple[int, str, dict[str, str]]:
    """The answer without the ids that the request itself named."""
    text = answer.raw.decode()
    for name, one in ids.items():
        text = text.replace(one, f"<{name}>")
    return answer.status, text, answer.headers


@pytest.fixture
def organiser(aws: dict[str, str], app: Load) -> Organiser:
    return Organiser(app, TENANT)


@pytest.fixture
def stranger(aws: dict[str, str], app: Load) -> Organiser:
    return Organiser(app, STRANGER)


def test_every_route_with_an_id_is_asked(app: Load) -> None:
    routes = [route for group in HANDLERS for route in app(group).handler.routes if "<" in route.path]
    samples = [sample(path.parent.name, path.stem) for path in WITH_IDS]
    asked = {(one["httpMethod"], one["resource"]) for one in samples}
    assert {(one.method, one.template) for one in routes} - asked == {("GET", "/images/{image_id}")}


# One organiser and one stranger serve all requests: what is refused changes nothing.
def test_a_strangers_request_learns_nothing(organiser: Organiser, stranger: Organiser) -> None:
    before = hub.stored(organiser.ids["event_uuid"])
    for path in WITH_IDS:
        group, name = path.parent.name, path.stem
        # When a stranger names what another organisation has, and what nobody has, with and without a version
        for headers in ({}, {"If-Match": '"1"'}, {"If-Match": '"77"'}):
            theirs = told(stranger.asks(group, name, organiser.ids, headers=headers), organiser.ids)
            nobodys = told(stranger.asks(group, name, NOBODYS, headers=headers), NOBODYS)
            # Then the answers are the same
            assert theirs == nobodys, named(path)
            assert theirs[0] == 404, named(path)
    # and nothing has happened
    assert hub.stored(organiser.ids["event_uuid"]) == before


def test_the_parts_of_somebody_elses_event_are_no_parts_of_ones_own(organiser: Organiser, stranger: Organiser) -> None:
    for path in BELOW_AN_EVENT:
        group, name = path.parent.name, path.stem
        # Given a stranger's own event, and the id of a part that is another organisation's, or nobody's
        parts = {one for one in parameters(path) if one not in {"event_uuid", "org_uuid"}}
        theirs = stranger.asks(group, name, {one: organiser.ids[one] for one in parts})
        nobodys = stranger.asks(group, name, {one: NOBODYS[one] for one in parts})
        assert told(theirs, organiser.ids) == told(nobodys, NOBODYS), named(path)
        assert theirs.status == 404, named(path)


# Where the body of a request about one's own event can name something else.
BODIES: dict[str, tuple[str, str, Callable[[Ids], dict[str, Any]]]] = {
    "session of a ticket": ("hub_events", "create_ticket", lambda ids: ticket_body(session_id=ids["session_uuid"])),
    "parent of a ticket": ("hub_events", "create_ticket", lambda ids: ticket_body(parent_id=ids["ticket_uuid"])),
    "coupon of a ticket": ("hub_events", "create_ticket", lambda ids: ticket_body(coupons=[ids["coupon_uuid"]])),
    "price of a ticket": (
        "hub_events",
        "update_ticket",
        lambda ids: {"ticket": {"pricing_details": [{"uuid": ids["price_uuid"], "price": 5}]}},
    ),
    "tickets of a session": (
        "hub_sessions",
        "create",
        lambda ids: session_body(tickets={"type": "specific", "uuid": [ids["ticket_uuid"]]}),
    ),
    "occurrences of a session": (
        "hub_sessions",
        "create",
        lambda ids: session_body(occurrences={"type": "specific", "uuid": [ids["occurrence_uuid"]]}),
    ),
    "tickets of a changed session": (
        "hub_sessions",
        "update",
        lambda ids: {"sessions": {"tickets": {"type": "specific", "uuid": [ids["ticket_uuid"]]}}},
    ),
    "image of a session": ("hub_sessions", "create", lambda ids: session_body(image=ids["image"])),
    "banner of an event": (
        "hub_events",
        "update",
        lambda ids: {"event": {"banner": [{"name": "A", "image": ids["image"], "primary": True}]}},
    ),
    "image of an organisation": (
        "hub_events",
        "update_organisation",
        lambda ids: {"name": "Stranger", "image": ids["image"]},
    ),
}


def test_what_a_body_names_of_somebody_elses_is_as_if_it_were_not_there(
    organiser: Organiser, stranger: Organiser, app: Load
) -> None:
    # Given an image of the other organisation, in use there
    organiser.ids["image"] = sent_image(app("hub_events"), picture(), tenant=TENANT)
    used = {"event": {"banner": [{"name": "A", "image": organiser.ids["image"], "primary": True}]}}
    assert organiser.asks("hub_events", "update", body=used).status == 200
    for where, (group, name, body) in BODIES.items():
        # When a stranger's event names what is theirs, or what nobody has
        theirs = stranger.asks(group, name, body=body(organiser.ids))
        nobodys = stranger.asks(group, name, body=body(NOBODYS))
        # Then the same is said
        assert told(theirs, organiser.ids) == told(nobodys, NOBODYS), where
        assert theirs.status == 422, (where, theirs.raw)


LISTS: list[dict[str, list[str]]] = [
    {},
    {"my": ["organised_events"]},
    {"status": ["ready"]},
    {"status": ["draft"]},
    {"organisation": [TENANT]},
    {"organisation": [TENANT], "status": ["ready"]},
    {"filter_by_ids": ["{event_uuid}"]},
    {"search_q": ["Aurora"]},
]


def test_lists_show_nobody_elses_event_before_it_is_published(organiser: Organiser, app: Load) -> None:
    for query in LISTS:
        asked = {name: [one.format(**organiser.ids) for one in values] for name, values in query.items()}
        answer = call(app("hub_events"), varied(sample("hub_events", "list"), query=asked, tenants=[STRANGER]))
        assert (answer.status, answer.json["result"]["events"]) == (200, []), query
        assert answer.json["result"]["pagination"]["records"] == 0, query


def test_a_position_leads_into_the_callers_own_list_only(organiser: Organiser, app: Load) -> None:
    # Given two events of one organisation, and the position after the first
    hub.create(app("hub_events"))
    mine = varied(sample("hub_events", "list"), query={"my": ["organised_events"], "rows": ["1"]}, tenants=[TENANT])
    position = call(app("hub_events"), mine).json["result"]["pagination"]["next_position"]
    assert position
    # When a stranger goes on from there
    for more in ({"my": ["organised_events"]}, {}, {"organisation": [TENANT]}):
        asked = varied(sample("hub_events", "list"), query={**more, "position": [position]}, tenants=[STRANGER])
        answer = call(app("hub_events"), asked)
        # Then it leads nowhere
        assert answer.status == 400 or answer.json["result"]["events"] == []
        assert organiser.ids["event_uuid"] not in json.dumps(answer.json)
