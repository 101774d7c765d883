"""What is an organisation's own business is in no list of another one, whatever is asked for."""

import random
from typing import Any
from unittest.mock import patch

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marquee import clock
from marquee.hub import heads
from marquee.hub.listing import cards, placing, service
from marquee.hub.listing.models import EventPage
from marquee.hub.listing.queries import EventListQuery
from marquee.hub.models import Item
from marquee.requests import parse_query
from tests.support.hub_catalogue import NOW, PEOPLE, TENANTS, category, made_up, stored
from tests.support.hub_shelf import Shelf

SECRET = "confidential"
# What nobody but the event's organisation may read anywhere.
PRIVATE: dict[str, Any] = {
    "contact_email": f"{SECRET}-mail@office.example",
    "invitations": [{"uuid": "3b241101-e2bb-4255-8caf-4136c566a962", "code": f"{SECRET}-code"}],
    "coupons": [{"code": f"{SECRET}-coupon"}],
}
ATTENDEE = f"{SECRET}-attendee"


def private(event: Item) -> Item:
    """The event with something to hide."""
    said: Any = heads.content(event)
    interactions = {**said["interactions"], "attendees": [{"sub": ATTENDEE, "name": f"{SECRET}-name"}]}
    hidden = event["state"] != "published" or not said["listing"]["enabled"]
    name = f"{SECRET} event" if hidden else said["name"]
    return {**event, "doc": heads.packed({**said, **PRIVATE, "interactions": interactions, "name": name})}


@pytest.fixture(scope="module")
def events() -> list[Item]:
    choose = random.Random(9)
    return [private(made_up(choose, choose.choice(TENANTS))) for _ in range(60)]


@pytest.fixture(scope="module")
def shelf(events: list[Item]) -> Shelf:
    return Shelf(stored(events))


def ask(shelf: Shelf, query: dict[str, list[str]], sub: str) -> EventPage:
    parsed = parse_query(EventListQuery, query)
    assert isinstance(parsed, EventListQuery)
    with patch.object(clock, "now", lambda: NOW), shelf.in_place():
        return service.list_events("outsider", sub, parsed)


ANYTHING = {
    "status": ["draft", "ready", "published", "live"],
    "my": ["all", "organised_events", "attending", "speaking"],
    "contact_email": [PRIVATE["contact_email"]],
    "invitation_code": [PRIVATE["invitations"][0]["code"]],
    "invitation_id": [PRIVATE["invitations"][0]["uuid"]],
    "search_q": [SECRET, "opera", "office.example"],
    "organisation": ["aurora,borealis", "aurora,outsider", "ceres"],
    "category": [category("Opera")],
    "country": ["Österreich"],
    "order_by": ["starting", "name_ascending"],
    "time_filter": ["this_year"],
    "summary": ["1"],
    "show_all_tickets": ["1"],
    "position": ["0", "3"],
}
queries = st.dictionaries(st.sampled_from(sorted(ANYTHING)), st.none(), max_size=4).flatmap(
    lambda names: st.fixed_dictionaries(
        {name: st.sampled_from(ANYTHING[name]).map(lambda one: [one]) for name in names}
    )
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=queries, by_ids=st.booleans(), sub=st.sampled_from([*PEOPLE, ATTENDEE]))
def test_no_list_tells_an_outsider_of_anything_private(
    shelf: Shelf, events: list[Item], query: dict[str, list[str]], by_ids: bool, sub: str
) -> None:
    if by_ids:
        query = {**query, "filter_by_ids": [",".join(event["uuid"] for event in events)]}
    page = ask(shelf, {**query, "rows": ["100"]}, sub)
    # Every event is a published and listed one
    shown = {event["uuid"] for event in page["events"]}
    open_ones = {
        one["uuid"] for one in events if one["state"] == "published" and heads.content(one)["listing"]["enabled"]
    }
    assert shown <= open_ones
    # Nothing private is in it, and asking by something private finds nothing
    assert SECRET.encode() not in orjson.dumps(page)
    assert "contact_email" not in b"".join(map(orjson.dumps, page["events"])).decode()
    if query.keys() & {"contact_email", "invitation_code", "invitation_id"}:
        assert page["pagination"]["records"] == 0
    if query.get("search_q") in ([SECRET], ["office.example"]):
        assert page["pagination"]["records"] == 0


def test_what_lists_store_for_everybody_holds_no_address_invitation_or_coupon(events: list[Item]) -> None:
    for event in events:
        for copy in placing.copies(event):
            if "card" not in copy:
                continue
            text = str({**copy, "card": cards.unpacked(copy)})
            for secret in ("mail", "code", "coupon", "name"):
                assert f"{SECRET}-{secret}" not in text
            # Who attends is known by subject only, so that they find what they attend
            assert text.count(ATTENDEE) == 1
