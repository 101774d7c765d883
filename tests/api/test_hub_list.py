"""The Hub's list of events over its handler: its form, whose events it shows, its pages, what it refuses."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any
from unittest.mock import patch

import pytest
from pydantic import TypeAdapter

from marquee import clock
from marquee.hub import heads, repository
from marquee.hub.envelopes import Envelope
from marquee.hub.listing import service
from marquee.hub.listing.models import EventPage
from tests.support import hub
from tests.support.api import Answer, call, sample, varied
from tests.support.hub_listing import content, numbered, place, rule, venue
from tests.support.hub_shelf import Shelf

Query = dict[str, list[str]]


@pytest.fixture
def events(aws: dict[str, str], app: Callable[[str], ModuleType]) -> ModuleType:
    return app("hub_events")


@pytest.fixture
def storeless(app: Callable[[str], ModuleType]) -> Iterator[ModuleType]:
    """The handler with nothing behind it, for what is refused before anything is read."""
    with Shelf().in_place():
        yield app("hub_events")


def ask(events: ModuleType, query: Query | None = None, tenant: str = "aurora") -> Answer:
    return call(events, varied(sample("hub_events", "list"), query=query or {}, tenants=[tenant]))


def ids(answer: Answer) -> list[str]:
    assert answer.status == 200, answer.json
    return [event["uuid"] for event in answer.json["result"]["events"]]


def test_the_list_has_the_documented_form(events: ModuleType) -> None:
    # Given three events of the organisation
    for name in ("First", "Second", "Third"):
        hub.create(events, name=name)
    # When two of its own are asked for
    answer = call(events, sample("hub_events", "list"))
    # Then they come with the documented fields, and the list says where the next ones are
    assert (answer.status, answer.json["statusCode"]) == (200, 200)
    TypeAdapter(Envelope[EventPage]).validate_python(answer.json, strict=True)
    pagination = answer.json["result"]["pagination"]
    position = pagination.pop("next_position")
    assert pagination == {"records": 3, "position": 0, "rows": 2, "order_by": "created_descending"}
    rest = ask(events, {"my": ["organised_events"], "rows": ["2"], "position": [position]})
    assert rest.json["result"]["pagination"] == {
        "records": 3,
        "position": 2,
        "rows": 2,
        "order_by": "created_descending",
        "next_position": None,
    }
    assert {one["name"] for one in answer.json["result"]["events"] + rest.json["result"]["events"]} == {
        "First",
        "Second",
        "Third",
    }


def test_a_listed_event_is_its_detail_with_the_next_few_occurrences(events: ModuleType) -> None:
    # Given an event with eight evenings to come
    created = hub.create(events, occurrence=hub.recurring("daily", after=8))
    # When it is listed
    (listed,) = ask(events, {"my": ["organised_events"]}).json["result"]["events"]
    # Then five of them are shown, and everything else is as in the detail
    assert listed == created | {"event_occurrence": created["event_occurrence"][:5]}
    # And a published one says the same to its organisation and to others, its own affairs apart
    item = hub.stored(created["uuid"])
    publication = {"id": "p", "kind": "publish", "sequence": 1, "phase": "running", "before": "ready", "at": "-"}
    repository.save(item, {"state": "published", "publication": publication})
    own = {"contact_email", "invitations"}
    for tenant in ("aurora", "borealis"):
        (shown,) = ask(events, tenant=tenant).json["result"]["events"]
        detail = hub.read(events, created["uuid"])
        assert shown == {name: value for name, value in detail.items() if name not in own} | {
            "event_occurrence": detail["event_occurrence"][:5]
        }


def test_who_sees_which_events(events: ModuleType) -> None:
    # Given an event in each state of two organisations, and an unlisted one of each
    states = ["draft", "ready", "published", "unpublished", "cancelled"]
    for first, tenant in ((0, "aurora"), (10, "borealis")):
        for number, state in enumerate(states):
            place(tenant, numbered(first + number), state)
        place(tenant, numbered(first + 5), "published", listing={"enabled": False})

    def seen(**query: str) -> list[int]:
        answer = ask(events, {name: [value] for name, value in query.items()} | {"order_by": ["created_ascending"]})
        return [int(one[-12:]) for one in ids(answer)]

    # Then the list has all published ones but others' unlisted ones
    assert seen() == seen(status="published") == seen(my="all") == [2, 5, 12]
    # And the own ones where these are asked for
    assert seen(my="organised_events") == [0, 1, 2, 3, 4, 5]
    assert seen(my="organised_events", status="published") == [2, 5]
    assert (seen(status="draft"), seen(status="ready")) == ([0], [1])
    assert seen(organisation="aurora") == [2, 5]
    assert seen(organisation="borealis") == seen(organisation="borealis,nobody") == [12]
    assert seen(organisation="borealis", status="draft") == []
    assert seen(organisation="borealis,aurora", status="draft") == [0]
    every = ",".join(numbered(number) for number in range(16))
    assert seen(filter_by_ids=every) == [2, 5, 12]
    assert seen(filter_by_ids=every, my="organised_events") == [0, 1, 2, 3, 4, 5]
    assert seen(filter_by_ids=f"{numbered(11)},{numbered(12)}") == [12]


def test_live_is_published_and_running_now(events: ModuleType) -> None:
    place("aurora", numbered(1), repeats=rule("2020-01-01 20:00", type="daily", duration=24 * 60, ends=("after", 730)))
    place("aurora", numbered(2), repeats=rule("2020-01-01 00:00", duration=60))
    running = rule("2020-01-01 00:00", type="schedule", duration=31 * 24 * 60, dates=_months())
    place("aurora", numbered(3), repeats=running)
    assert ids(ask(events, {"status": ["live"]})) == [numbered(3)]
    assert ask(events, {"status": ["live"]}).json["result"]["events"][0]["status"] == "live"
    assert len(ids(ask(events, {"status": ["published"]}))) == 3


def test_an_event_is_live_from_the_minute_it_starts(events: ModuleType) -> None:
    place("aurora", numbered(1), repeats=rule("2035-06-12 20:00", duration=60), timezone="UTC")
    for minute, found in ((-1, []), (0, [numbered(1)]), (59, [numbered(1)]), (60, [])):
        now = datetime(2035, 6, 12, 20, 0, 30, tzinfo=UTC) + timedelta(minutes=minute)
        with patch.object(clock, "now", lambda now=now: now):
            assert ids(ask(events, {"status": ["live"]})) == found, minute


def test_ids_are_taken_in_any_case(events: ModuleType) -> None:
    invited = "3b241101-e2bb-4255-8caf-4136c566a962"
    place("aurora", numbered(1), invitations=[{"uuid": invited, "code": "VIP"}], listing={"categories": [invited]})
    place("borealis", "abcdef00-0000-4000-8000-000000000002")
    for query in ({"invitation_id": [invited.upper()]}, {"category": [invited.upper()]}):
        assert ids(ask(events, query)) == [numbered(1)]
    assert ids(ask(events, {"filter_by_ids": ["ABCDEF00-0000-4000-8000-000000000002"]})) == [
        "abcdef00-0000-4000-8000-000000000002"
    ]


def _months() -> list[str]:
    return [f"{year}-{month:02d}-01 00:00" for year in range(2020, 2070) for month in range(1, 13)]


def test_words_of_a_vocabulary_are_taken_in_any_case(events: ModuleType) -> None:
    uuid = hub.create(events)["uuid"]
    query = {
        "status": ["READY"],
        "event_type": ["VENU"],
        "order_by": ["Name_Ascending"],
        "my": ["ORGANISED_EVENTS"],
        "time_filter": ["NEXT_YEAR"],
    }
    assert ids(ask(events, query)) == []
    answer = ask(events, {name: value for name, value in query.items() if name != "time_filter"})
    assert ids(answer) == [uuid]
    assert answer.json["result"]["pagination"]["order_by"] == "name_ascending"


def test_restricted_tickets_and_summaries_are_shown_on_request(events: ModuleType) -> None:
    uuid = hub.create(events)["uuid"]
    plain = ask(events, {"my": ["organised_events"]}).json["result"]["events"][0]
    assert "summary" not in plain
    told = ask(events, {"my": ["organised_events"], "summary": ["1"]}).json["result"]["events"][0]
    assert (told["summary"]["occurrences"], told["summary"]["currency"]) == (4, "EUR")
    level = _level("Friends only")
    item = hub.stored(uuid)
    repository.save(item, {"levels": heads.packed([level])})
    query = {"my": ["organised_events"]}
    assert ask(events, query).json["result"]["events"][0]["tickets"]["levels"] == []
    shown = ask(events, {**query, "show_all_tickets": ["1"]}).json["result"]["events"][0]["tickets"]["levels"]
    assert [one["name"] for one in shown] == ["Friends only"]


def _level(name: str) -> dict[str, Any]:
    return {
        "uuid": numbered(99),
        "display_order": "1",
        "name": name,
        "description": None,
        "quantity": 10,
        "max_quantity_per_customer": 2,
        "category": "free",
        "min_donation_amount": 0,
        "max_donation_amount": 0,
        "default_donation_amount": 0,
        "status": True,
        "restricted": True,
        "session_id": None,
        "parent_id": None,
        "url_digital_pass": None,
        "pricing_details": [],
        "early_bird_discount": content()["early_bird_discount"],
        "coupons": [],
        "settings": [],
        "ticket_instruction": None,
        "custom_attributes": [],
        "created_at": "2026-01-01T00:00:00Z",
    }


def test_of_several_values_of_time_filter_the_first_wins(events: ModuleType) -> None:
    place("aurora", numbered(1), repeats=rule("2035-06-12 20:00"))
    for values in (["this_year", "next_year"], ["this_year,next_year"], ["", "this_year"], ["this_year,nonsense"]):
        assert ids(ask(events, {"time_filter": values})) == []
    assert ids(ask(events, {"time_filter": [""]})) == [numbered(1)]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"statu": ["draft"]}, "statu"),
        ({"status": ["asleep"]}, "status"),
        ({"status": ["draft", "ready"]}, "status"),
        ({"event_type": ["hybrid"]}, "event_type"),
        ({"order_by": ["price"]}, "order_by"),
        ({"my": ["friends"]}, "my"),
        ({"featured": ["yes"]}, "featured"),
        ({"summary": ["2"]}, "summary"),
        ({"show_all_tickets": ["true"]}, "show_all_tickets"),
        ({"time_filter": ["someday"]}, "time_filter"),
        ({"time_filter": ["someday", "today"]}, "time_filter"),
        ({"rows": ["0"]}, "rows"),
        ({"rows": ["-1"]}, "rows"),
        ({"rows": ["101"]}, "rows"),
        ({"rows": ["ten"]}, "rows"),
        ({"rows": ["1.0"]}, "rows"),
        ({"filter_by_ids": ["7,8"]}, "filter_by_ids"),
        ({"filter_by_ids": [",".join(numbered(one) for one in range(101))]}, "filter_by_ids"),
        ({"invitation_id": ["7"]}, "invitation_id"),
        ({"contact_email": ["nobody"]}, "contact_email"),
        ({"currency": ["EURO"]}, "currency"),
        ({"organisation": ["a b"]}, "organisation"),
        ({"position": ["-1"]}, "position"),
        ({"position": ["first"]}, "position"),
        ({"position": ["9" * 40]}, "position"),
        ({"event_start_on": ["2035-06-12"]}, "event_start_on"),
    ],
)
def test_a_parameter_that_is_not_understood_is_named(storeless: ModuleType, query: Query, field: str) -> None:
    answer = ask(storeless, query)
    assert (answer.status, answer.json["statusCode"]) == (400, 400)
    assert {one["field"].split(".")[0] for one in answer.json["validation_errors"]} == {field}, answer.json


@pytest.mark.parametrize("text", ["soon", "2035-06-12", "2035-13-12 20:00", "2035-06-12 25:00", "2035-06-12 20:00:00"])
def test_a_start_that_cannot_be_read_is_an_invalid_occurrence(storeless: ModuleType, text: str) -> None:
    answer = ask(storeless, {"event_start_on": [text]})
    assert (answer.status, answer.json["detail"]) == (400, "Invalid occurrence")


def test_the_scope_is_needed_and_empty_values_are_absent(events: ModuleType) -> None:
    place("aurora", numbered(1))
    refused = call(events, varied(sample("hub_events", "list"), scope="event.read"))
    assert (refused.status, "event.list" in refused.json["detail"]) == (403, True)
    empty = {name: [""] for name in ("status", "search_q", "filter_by_ids", "organisation", "rows", "position")}
    assert (
        ids(ask(events, empty)) == ids(ask(events, {"organisation": [","], "filter_by_ids": [" ,"]})) == [numbered(1)]
    )


def test_a_position_of_another_list_is_refused(events: ModuleType) -> None:
    for number in (1, 2):
        place("aurora", numbered(number))
    position = ask(events, {"rows": ["1"]}).json["result"]["pagination"]["next_position"]
    for other, tenant in (({"status": ["published"]}, "aurora"), ({"order_by": ["starting"]}, "aurora"), ({}, "ceres")):
        answer = ask(events, {**other, "position": [position]}, tenant)
        assert (answer.status, answer.json["error_code"]) == (400, "query.position")
    # The page's size, and how events are shown, are not the list's.
    assert len(ids(ask(events, {"position": [position], "rows": ["7"], "summary": ["1"]}))) == 1


def test_a_page_ends_before_it_is_too_large_and_the_next_one_goes_on(events: ModuleType) -> None:
    # Given seven events of which three are as much as an answer holds
    for number in range(7):
        place("aurora", numbered(number), custom_attributes=[{"name": "note", "value": '"' * 5_000}])
    alone = len(ask(events, {"rows": ["1"]}).raw)
    with patch.object(service, "LARGEST_ANSWER", int(3.5 * (alone + 11_000))):
        # When they are read
        for query in ({}, {"my": ["organised_events"], "status": ["published"]}):
            page = ask(events, query)
            found, rows = ids(page), [page.json["result"]["pagination"]["rows"]]
            while position := page.json["result"]["pagination"]["next_position"]:
                page = ask(events, {**query, "position": [position]})
                assert page.json["result"]["pagination"]["position"] == len(found)
                found += ids(page)
                rows.append(page.json["result"]["pagination"]["rows"])
            # Then they come in three pages, and the first two say how many they hold
            assert found == [numbered(number) for number in reversed(range(7))]
            assert rows == [3, 3, 20]


def test_venues_are_found_by_country_however_it_is_written(events: ModuleType) -> None:
    place("aurora", numbered(1), configuration=venue("Oper", "Wien", "  Österreich "))
    place("aurora", numbered(2), configuration=venue("Oper", "Wien", "Ö" * 150))
    assert ids(ask(events, {"country": ["OSTERREICH"]})) == [numbered(1)]
    assert ids(ask(events, {"country": ["o" * 150]})) == [numbered(2)]
