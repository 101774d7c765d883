"""What a page of a list reads: the page and one item further, and one counter, however many events there are."""

from collections.abc import Callable
from types import ModuleType

import boto3
import pytest

from marquee import cursors
from marquee.events import listing
from marquee.events.queries import EventListQuery
from tests.support.api import call, sample, varied
from tests.support.catalogue import CITIES, billed_bytes, counters, load, made_up
from tests.support.costs import Cost, counted

LIMIT = 5
SINGLE: dict[str, dict[str, list[str]]] = {
    "default": {},
    "city": {"city": [CITIES[0]]},
    "venue_name": {"venue_name": [f"{CITIES[0]} Arena"]},
    "category": {"category": ["concert"]},
    "status": {"status": ["active"]},
    "campaign_status": {"campaign_status": ["OPEN"]},
    "frontend_status": {"frontend_status": ["DEFAULT"]},
    "hidden": {"frontend_status": ["HIDDEN"]},
    "since": {"since": ["2026-03-01"]},
    "until": {"until": ["2027-03-01"]},
    "between": {"since": ["2026-03-01"], "until": ["2027-03-01"]},
    "newest first": {"sort": ["-start_date_time"]},
}
SIZES = {"small": 150, "large": 900}


@pytest.fixture
def app_of(aws: dict[str, str], app: Callable[[str], ModuleType]) -> ModuleType:
    """Two tenants, one six times as large as the other."""
    client = boto3.client("dynamodb", region_name="eu-central-1")
    for tenant, size in SIZES.items():
        items = list(made_up(tenant, size))
        load(client, aws["EventsTable"], [*items, *counters(tenant, items)])
    return app("events")


def cost_of(app: ModuleType, tenant: str, name: str, query: dict[str, list[str]]) -> tuple[Cost, int, str | None]:
    event = varied(sample("events", name), query={**query, "limit": [str(LIMIT)]}, tenants=[tenant])
    with counted(billed_bytes) as cost:
        answer = call(app, event)
    assert answer.status == 200
    return cost, answer.json["total"], answer.json["next_cursor"]


def test_every_single_filter_reads_the_page_one_further_and_one_counter_at_any_size(app_of: ModuleType) -> None:
    for name, query in [*(("list", one) for one in SINGLE.values()), ("flagged", {})]:
        for tenant in SIZES:
            cost, total, cursor = cost_of(app_of, tenant, name, query)
            assert cost.listed <= LIMIT + 1, (query, tenant)
            assert cost.counters == 1, (query, tenant)
            assert len(cost.requests) <= 3, (query, tenant)
            assert (cursor is not None) == (total > LIMIT), (query, tenant)


def test_a_page_by_cursor_reads_the_same_wherever_it_is(app_of: ModuleType) -> None:
    items = list(made_up("large", SIZES["large"]))
    for query in SINGLE.values():
        asked = EventListQuery.model_validate(
            {
                key: value
                if key in {"city", "venue_name", "category", "campaign_status", "frontend_status"}
                else value[0]
                for key, value in query.items()
            }
        )
        fits = listing.Check(asked)
        shown = sorted(
            (item for item in items if fits(item)),
            key=lambda item: item["list_sk"],
            reverse=asked.sort.startswith("-"),
        )
        for place in (len(shown) // 3, 2 * len(shown) // 3):
            text = listing.encode_position(listing.position(asked, shown[place]))
            cursor = cursors.encode(listing.cursor_name(asked.model_copy(update={"limit": LIMIT})), text)
            cost, _, _ = cost_of(app_of, "large", "list", {**query, "cursor": [cursor]})
            assert (cost.listed <= LIMIT + 1, cost.counters) == (True, 1), query


def test_a_moment_inside_a_day_reads_that_days_counter_too(app_of: ModuleType) -> None:
    query = {"since": ["2026-03-01T12:00:00Z"], "until": ["2027-03-01T18:30:00Z"]}
    cost, _, _ = cost_of(app_of, "large", "list", query)
    assert cost.listed <= LIMIT + 1
    assert cost.counters <= 3
    assert "BatchGetItem" in cost.requests


def test_a_combination_reads_the_narrowest_index_only(app_of: ModuleType) -> None:
    # Given a city with a fortieth of the events, and a category with an eighth
    in_city = cost_of(app_of, "large", "list", {"city": [CITIES[0]], "include_archived": ["true"]})[1]
    # When both are asked for
    cost, total, _ = cost_of(app_of, "large", "list", {"city": [CITIES[0]], "category": ["concert"]})
    # Then no more is read than the city has
    assert total <= cost.listed <= in_city
