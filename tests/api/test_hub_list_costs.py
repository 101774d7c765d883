"""What a page of the Hub's list reads: its rows and at most five counters, however many events there are."""

from collections.abc import Callable, Iterator
from types import ModuleType
from unittest.mock import patch

import pytest

from marquee import clock
from tests.support.api import call, sample, varied
from tests.support.hub_catalogue import COUNTRIES, NOW, category, crowd
from tests.support.hub_shelf import Shelf

Query = dict[str, list[str]]
ORDERS = ["created_ascending", "created_descending", "starting", "name_ascending", "name_descending"]
SERVED: dict[str, Query] = {
    "default": {},
    "published": {"status": ["published"]},
    "my all": {"my": ["all"], "featured": ["0"]},
    "category": {"category": [category("Category 3")]},
    "country": {"country": ["COUNTRY 07"]},
    "organisation": {"organisation": ["org7"]},
    "own": {"my": ["organised_events"]},
}


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    return crowd(20, 2_000)


@pytest.fixture
def events(shelf: Shelf, app: Callable[[str], ModuleType]) -> Iterator[ModuleType]:
    with patch.object(clock, "now", lambda: NOW):
        yield app("hub_events")


def cost(events: ModuleType, shelf: Shelf, query: Query, tenant: str = "org2") -> tuple[int, int, str | None]:
    """Items evaluated, length of the list, where its next page is."""
    with shelf.in_place():
        answer = call(events, varied(sample("hub_events", "list"), query=query, tenants=[tenant]))
    assert answer.status == 200, answer.json
    assert len(shelf.requests) <= 8, shelf.requests
    pagination = answer.json["result"]["pagination"]
    assert len(answer.json["result"]["events"]) == min(pagination["rows"], pagination["records"])
    return shelf.evaluated, pagination["records"], pagination["next_position"]


@pytest.mark.parametrize("order", ORDERS)
def test_a_page_reads_its_rows_and_at_most_five_counters(events: ModuleType, shelf: Shelf, order: str) -> None:
    for name, query in SERVED.items():
        asked = {**query, "order_by": [order], "rows": ["7"]}
        evaluated, records, following = cost(events, shelf, asked)
        assert evaluated <= 7 + 5, name
        assert len(shelf.requests) <= 3, name
        assert records > 90, name
        # And so does the page after it
        evaluated, _, _ = cost(events, shelf, {**asked, "position": [following or ""]})
        assert evaluated <= 7 + 5, name


def test_any_number_of_rows_costs_as_many(events: ModuleType, shelf: Shelf) -> None:
    for rows in (1, 20, 100):
        assert cost(events, shelf, {"rows": [str(rows)]})[0] <= rows + 5


def test_an_organisations_unlisted_events_cost_as_many_again_at_most(events: ModuleType, shelf: Shelf) -> None:
    # Given an organisation with three published events that are not listed
    evaluated, records, _ = cost(events, shelf, {"rows": ["7"]}, tenant="org1")
    assert (evaluated, records) == (7 + 5 + 3, 2_003)


def test_drafts_are_looked_for_in_the_own_list_only(events: ModuleType, shelf: Shelf) -> None:
    with shelf.in_place():
        answer = call(events, varied(sample("hub_events", "list"), query={"status": ["draft"]}, tenants=["org10"]))
    assert answer.json["result"]["pagination"]["records"] == 100
    # A hundred published ones are on the way
    assert shelf.evaluated <= 200 + 20 + 1


def test_a_combination_reads_the_shortest_list_and_then_its_page(events: ModuleType, shelf: Shelf) -> None:
    in_country = cost(events, shelf, {"country": [COUNTRIES[3]]})[1]
    query = {"country": [COUNTRIES[3]], "category": [category("Category 3")], "currency": ["EUR"], "rows": ["5"]}
    with shelf.in_place():
        answer = call(events, varied(sample("hub_events", "list"), query=query, tenants=["org2"]))
    found = answer.json["result"]["pagination"]["records"]
    assert 0 < found < in_country
    # The counters are of two lists in four places each, and one of the caller's own
    assert shelf.evaluated <= in_country + 5 + 9


def test_ids_are_read_by_key(events: ModuleType, shelf: Shelf) -> None:
    with shelf.in_place():
        page = call(events, varied(sample("hub_events", "list"), query={"rows": ["30"]}, tenants=["org2"])).json
    wanted = [event["uuid"] for event in page["result"]["events"]]
    query = {"filter_by_ids": [",".join(wanted)], "rows": ["5"]}
    with shelf.in_place():
        call(events, varied(sample("hub_events", "list"), query=query, tenants=["org2"]))
    # Once among the own ones, once for the organisation, once for the event
    assert shelf.evaluated <= 3 * 30
    assert "Query" not in shelf.requests


def test_what_is_skipped_or_only_looked_at_does_not_travel_whole(events: ModuleType, shelf: Shelf) -> None:
    for query in ({"position": ["500"]}, {"currency": ["EUR"]}, {"search_q": ["aida"]}):
        evaluated, _, _ = cost(events, shelf, query)
        assert (evaluated > 500, shelf.sent_whole) == (True, 0), query
