"""Every filter and order of the Hub's list of events, alone and combined, against brute force over the same events."""

import random
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest

from marquee import clock
from marquee.hub import heads, repository
from marquee.hub.listing import service
from marquee.hub.listing.models import EventPage
from marquee.hub.listing.queries import EventListQuery
from marquee.hub.models import Item
from marquee.requests import parse_query
from tests.support.hub_catalogue import CATEGORIES, NOW, PEOPLE, TENANTS, Query, category, listed, made_up, stored
from tests.support.hub_shelf import Shelf

COUNT = 90
COMBINATIONS = 180
ORDERS = ["created_ascending", "created_descending", "starting", "name_ascending", "name_descending"]
FILTERS: dict[str, list[str]] = {
    "status": ["draft", "ready", "published", "live"],
    "event_type": ["venu", "venue", "online"],
    "order_by": ORDERS,
    "category": [category(one) for one in CATEGORIES],
    "country": ["GERMANY", "osterreich", "Österreich", "Nowhere"],
    "invitation_code": ["VIP", "press", "vip"],
    "contact_email": ["box@office.example", "DESK@office.example"],
    "time_filter": [
        *("today", "tomorrow", "this_week", "this_weekend", "next_week"),
        *("next_weekend", "this_month", "next_month", "this_year", "next_year", "tomorrow,today"),
    ],
    "search_q": ["ELAN", "strasse lieder", "gluhwein", "zürich OPER", "borealis", "music family", "xyz"],
    "organisation": ["aurora", "borealis", "borealis,ceres", "aurora,ceres", "nobody"],
    "currency": ["EUR", "CHF"],
    "my": ["all", "attending", "speaking", "organised_events"],
    "featured": ["0", "1"],
}


@pytest.fixture(scope="module")
def events() -> list[Item]:
    choose = random.Random(5)
    return [made_up(choose, choose.choice(TENANTS)) for _ in range(COUNT)]


@pytest.fixture
def known(events: list[Item]) -> Iterator[list[Item]]:
    """The events, stored, and a moment at which some are live."""
    with patch.object(clock, "now", lambda: NOW), Shelf(stored(events)).in_place():
        yield events


def ask(query: Query, tenant: str = "aurora", sub: str = PEOPLE[0]) -> EventPage:
    parsed = parse_query(EventListQuery, {name: list(values) for name, values in query.items()})
    assert isinstance(parsed, EventListQuery)
    return service.list_events(tenant, sub, parsed)


def ids(page: EventPage) -> list[str]:
    return [event["uuid"] for event in page["events"]]


def walked(query: Query, rows: int, tenant: str = "aurora", sub: str = PEOPLE[0]) -> list[str]:
    """The ids of the whole list, page after page."""
    page = ask({**query, "rows": [str(rows)]}, tenant, sub)
    found, position = ids(page), 0
    while page["pagination"]["next_position"]:
        position += rows
        page = ask({**query, "rows": [str(rows)], "position": [page["pagination"]["next_position"]]}, tenant, sub)
        assert page["pagination"]["position"] == position
        found += ids(page)
    return found


def checked(events: list[Item], query: Query, rows: int, tenant: str = "aurora", sub: str = PEOPLE[0]) -> int:
    expected = listed(events, query, tenant, sub)
    assert walked(query, rows, tenant, sub) == expected, query
    # By number the second page is the second page, and both count the whole list.
    page = ask({**query, "rows": [str(rows)], "position": [str(rows)]}, tenant, sub)
    assert ids(page) == expected[rows : 2 * rows], query
    assert page["pagination"]["records"] == len(expected), query
    return len(expected)


def test_each_filter_alone_finds_what_brute_force_finds(known: list[Item]) -> None:
    found: dict[str, int] = {}
    for name, values in {**FILTERS, **_of_events(known)}.items():
        for value in values:
            found[name] = found.get(name, 0) + checked(known, {name: [value]}, 15)
    # And none of the filters finds nothing whatever is asked for
    assert all(found.values()), found


def test_any_combination_finds_what_brute_force_finds(known: list[Item]) -> None:
    choose, filters = random.Random(11), {**FILTERS, **_of_events(known)}
    found = 0
    for _ in range(COMBINATIONS):
        names = choose.sample(sorted(filters), choose.choice([1, 2, 2, 3, 4]))
        query = {name: [choose.choice(filters[name])] for name in names} | {"order_by": [choose.choice(ORDERS)]}
        found += bool(checked(known, query, choose.choice([3, 7, 40]), choose.choice(TENANTS), choose.choice(PEOPLE)))
    # Most of them are about something
    assert found > COMBINATIONS / 3


def _of_events(events: list[Item]) -> dict[str, list[str]]:
    """Filters whose values come from the events themselves."""
    choose = random.Random(3)
    invited: list[Any] = [one for event in events for one in heads.content(event)["invitations"]]
    starts = [heads.content(one)["timezone"] and _first_start(one) for one in choose.sample(events, 12)]
    return {
        "invitation_id": [one["uuid"] for one in choose.sample(invited, 3)],
        "event_start_on": starts,
        "filter_by_ids": [",".join(one["uuid"] for one in choose.sample(events, number)) for number in (1, 12, 90)],
    }


def _first_start(event: Item) -> str:
    return str(heads.rule(event)["starts_on"])


def test_stored_by_transactions_it_is_the_same(aws: dict[str, str], events: list[Item]) -> None:
    # Given events that are written one by one, as the routes write them
    few = events[:25]
    assert all(repository.create(one) for one in few)

    with patch.object(clock, "now", lambda: NOW):
        for query in ({}, {"my": ["organised_events"]}, {"category": [category("Music")]}, {"country": ["osterreich"]}):
            checked(few, query, 4)
