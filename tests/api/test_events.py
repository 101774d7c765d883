from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from marquee import ddb
from marquee.events import service as events_service
from marquee.preconditions import Precondition
from marquee.statuses import service as statuses
from tests.support.api import call, sample, varied
from tests.support.events import meta

TENANT = "aurora"


@pytest.fixture
def events(aws: dict[str, str], app: Callable[[str], ModuleType]) -> ModuleType:
    """Five events, a day apart; the fourth is flagged, the second hidden."""
    for day in range(1, 6):
        events_service.take_from_registry(
            TENANT, f"evt_{day:04d}", meta(title=f"Night {day}", start_date_time=f"2026-12-0{day}T19:00:00Z"), 1
        )
    statuses.change_frontend_status(TENANT, "evt_0004", "FLAGGED", "a", "a", Precondition())
    statuses.change_frontend_status(TENANT, "evt_0002", "HIDDEN", "b", "b", Precondition())
    return app("events")


def ids(answer: Any) -> list[str]:
    return [item["id"] for item in answer.json["items"]]


def test_the_list_shows_flagged_first_then_by_start_and_leaves_hidden_out(events: ModuleType) -> None:
    answer = call(events, varied(sample("events", "list"), query={}))
    assert ids(answer) == ["evt_0004", "evt_0001", "evt_0003", "evt_0005"]
    assert answer.json | {"items": []} == {
        "total": 4,
        "limit": 50,
        "page": 1,
        "pages": 1,
        "items": [],
        "next_cursor": None,
    }


def test_a_cursor_leads_through_the_whole_list(events: ModuleType) -> None:
    first = call(events, sample("events", "list"))
    assert (ids(first), first.json["pages"]) == (["evt_0004", "evt_0001"], 2)
    second = call(
        events, varied(sample("events", "list"), query={"limit": ["2"], "cursor": [first.json["next_cursor"]]})
    )
    assert ids(second) == ["evt_0003", "evt_0005"]
    assert second.json["next_cursor"] is None


def test_a_numbered_page_shows_what_its_cursor_would(events: ModuleType) -> None:
    answer = call(events, varied(sample("events", "list"), query={"limit": ["2"], "page": ["2"]}))
    assert ids(answer) == ["evt_0003", "evt_0005"]


def test_a_page_beyond_the_end_is_empty(events: ModuleType) -> None:
    assert ids(call(events, varied(sample("events", "list"), query={"page": ["1000000"]}))) == []


@pytest.mark.parametrize("cursor", ["x", "!!", "WyJmbGFnZ2VkIiwgIjAiXQ", "bnVsbA"])
def test_a_foreign_cursor_is_400(events: ModuleType, cursor: str) -> None:
    answer = call(events, varied(sample("events", "list"), query={"cursor": [cursor]}))
    assert (answer.status, answer.json["error_code"]) == (400, "query.cursor")


def test_flagged_lists_only_flagged(events: ModuleType) -> None:
    answer = call(events, sample("events", "flagged"))
    assert (ids(answer), answer.json["total"]) == (["evt_0004"], 1)


def test_a_document_has_every_documented_field(events: ModuleType) -> None:
    answer = call(events, varied(sample("events", "read"), path={"eid": "evt_0001"}))
    assert answer.status == 200
    document = answer.json
    updated_at = document.pop("updated_at")
    assert updated_at.endswith("Z")
    assert document == {
        "id": "evt_0001",
        "title": "Night 1",
        "start_date_time": "2026-12-01T19:00:00Z",
        "city": "München",
        "venue_name": "Olympiahalle",
        "hall_name": None,
        "capacity": 100,
        "category": "concert",
        "currency": "EUR",
        "special_ad_category": None,
        "status": "active",
        "frontend_status": "DEFAULT",
        "campaign_status": "OPEN",
        "client_campaign_status": "PAUSED",
        "campaign_optimisation_status": "OFF",
        "ad_campaign_optimisation_status": "OFF",
        "campaign_stop_time": "2026-12-01T19:00:00Z",
        "has_active_campaigns": False,
        "campaign_event_series": [],
        "benchmark": None,
        "version": 1,
        "hub": {"registry_id": "evt_0001", "hub_event_id": None},
    }
    assert answer.headers["etag"] == '"1"'


def test_another_tenants_event_is_404(events: ModuleType) -> None:
    answer = call(events, varied(sample("events", "read"), path={"eid": "evt_0001"}, tenants=["borealis"]))
    assert (answer.status, answer.json["error_code"]) == (404, "event.not_found")


def test_another_tenants_list_is_empty(events: ModuleType) -> None:
    answer = call(events, varied(sample("events", "list"), tenants=["borealis"]))
    assert (answer.json["total"], answer.json["items"]) == (0, [])


def test_intake_repeated_or_out_of_order_changes_nothing(events: ModuleType) -> None:
    assert (
        events_service.take_from_registry(
            TENANT, "evt_0001", meta(title="New", start_date_time="2026-12-09T19:00:00Z"), 3
        )
        == "updated"
    )
    assert (
        events_service.take_from_registry(
            TENANT, "evt_0001", meta(title="New", start_date_time="2026-12-09T19:00:00Z"), 3
        )
        == "current"
    )
    assert (
        events_service.take_from_registry(
            TENANT, "evt_0001", meta(title="Old", start_date_time="2026-12-01T19:00:00Z"), 2
        )
        == "current"
    )
    answer = call(events, varied(sample("events", "list"), query={}))
    # moved to the end of the list by its new start, still counted once
    assert (ids(answer)[-1], answer.json["total"]) == ("evt_0001", 4)
    assert answer.json["items"][-1]["title"] == "New"


@pytest.mark.parametrize("name", ["list", "flagged"])
def test_a_page_evaluates_one_item_more_than_it_may_show_and_one_counter(
    events: ModuleType, aws: dict[str, str], name: str
) -> None:
    # Given twelve events of which six are flagged
    for day in range(10, 17):
        events_service.take_from_registry(
            TENANT, f"evt_{day:04d}", meta(title="More", start_date_time=f"2026-12-{day}T19:00:00Z"), 1
        )
        statuses.change_frontend_status(
            TENANT, f"evt_{day:04d}", "FLAGGED" if day < 15 else "DEFAULT", "c", "c", Precondition()
        )
    evaluated: list[tuple[str, int]] = []

    def count(parsed: dict[str, Any], model: Any, **_: Any) -> None:
        evaluated.append((model.name, parsed.get("ScannedCount", 1)))

    ddb.aws_client("dynamodb").meta.events.register("after-call.dynamodb", count)
    # When the first page, and the page after it, are read
    first = call(events, varied(sample("events", name), query={"limit": ["3"]}))
    first_cost, evaluated[:] = list(evaluated), []
    query = {"limit": ["3"], "cursor": [first.json["next_cursor"]]}
    second = call(events, varied(sample("events", name), query=query))
    # Then both cost the same: the counter, and at most four items in one query
    assert len(ids(first)) == len(ids(second)) == 3
    assert first_cost == [("GetItem", 1), ("Query", 4)]
    assert evaluated in ([("GetItem", 1), ("Query", 4)], [("GetItem", 1), ("Query", 3)])
