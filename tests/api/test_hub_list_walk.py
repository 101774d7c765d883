"""A list read page by page is whole, while others write to it too."""

import random
from typing import Any
from unittest.mock import patch

import pytest

from marquee import clock, ddb
from marquee.hub import repository
from marquee.hub.listing import service
from marquee.hub.listing.models import EventPage
from marquee.hub.listing.queries import EventListQuery
from marquee.hub.models import Item
from tests.support.hub_catalogue import NOW, uuid
from tests.support.hub_listing import content, head, place, rule

ORDERS = ["created_ascending", "created_descending", "starting", "name_ascending", "name_descending"]
ROWS = 4


def ask(order: str, position: str | None, **more: Any) -> EventPage:
    query = EventListQuery.model_validate({"order_by": order, "rows": ROWS, "position": position, **more})
    with patch.object(clock, "now", lambda: NOW):
        return service.list_events("aurora", "sub", query)


def random_event(choose: random.Random, tenant: str, said: dict[str, Any]) -> Item:
    name = choose.choice(["Abend", "Ball", "Chor", "Duo"])
    start = f"2035-0{choose.randint(7, 9)}-10 20:00"
    created = f"2034-0{choose.randint(1, 9)}-01T00:00:00Z"
    event = head(tenant, uuid(choose), {**said, "name": name}, rule(start), state="published", created_at=created)
    assert repository.create(event)
    return event


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("more", [{}, {"currency": "EUR"}], ids=["served", "checked"])
def test_what_stays_is_read_once_whatever_comes_and_goes(aws: dict[str, str], order: str, more: dict[str, Any]) -> None:
    # Given events that stay
    choose, said = random.Random(order), content()
    staying = [random_event(choose, "aurora", said)["uuid"] for _ in range(12)]
    coming: list[Item] = [random_event(choose, "borealis", said) for _ in range(8)]
    # When the list is read while others publish one and unpublish three between any two pages
    found: list[str] = []
    position: str | None = None
    while True:
        page = ask(order, position, **more)
        found += [event["uuid"] for event in page["events"]]
        position = page["pagination"]["next_position"]
        if position is None:
            break
        for event in coming[:3]:
            stored = repository.head(event["tenant"], event["uuid"])
            assert stored is not None
            repository.save(stored, {"state": "unpublished"})
        coming = [*coming[3:], random_event(choose, "borealis", said)]
        assert len(found) < 100
    # Then each event that stayed is there once, and none came twice
    assert len(found) == len(set(found))
    assert [one for one in found if one in staying] == [one for one in _all(order) if one in staying]


def _all(order: str) -> list[str]:
    query = EventListQuery.model_validate({"order_by": order, "rows": 100})
    return [event["uuid"] for event in service.list_events("aurora", "sub", query)["events"]]


def test_a_full_last_page_is_the_last(aws: dict[str, str]) -> None:
    choose, said = random.Random(1), content()
    for _ in range(2 * ROWS):
        random_event(choose, "aurora", said)
    second = ask("starting", ask("starting", None)["pagination"]["next_position"])
    assert (len(second["events"]), second["pagination"]["next_position"]) == (ROWS, None)


def test_an_event_that_is_gone_when_it_is_fetched_leaves_the_page_shorter(aws: dict[str, str]) -> None:
    # Given a list that is read by a filter, so that its events are fetched after they were found
    for number in range(3):
        place("aurora", f"0000000{number}-0000-4000-8000-000000000000")
    whole = ddb.batch_get

    def without_one(table: str, keys: Any, **options: Any) -> list[Item]:
        return [item for item in whole(table, keys, **options) if item.get("uuid", "")[:8] != "00000001"]

    with patch.object(ddb, "batch_get", without_one):
        page = ask("created_ascending", None, currency="EUR")
    assert [event["uuid"][:8] for event in page["events"]] == ["00000000", "00000002"]
    assert (page["pagination"]["records"], page["pagination"]["next_position"]) == (3, None)


def test_a_position_by_number_may_lie_behind_the_end(aws: dict[str, str]) -> None:
    place("aurora", "00000000-0000-4000-8000-000000000000")
    page = ask("starting", "5")
    assert (page["events"], page["pagination"]["records"], page["pagination"]["position"]) == ([], 1, 5)
    assert page["pagination"]["next_position"] is None
