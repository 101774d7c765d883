"""Every filter and order of event lists, alone and combined, against brute force over the same events."""

import random
import unicodedata
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marquee import cursors
from marquee.events import listing, service
from marquee.events.queries import EventListQuery
from tests.support.api import Answer, call, sample, varied
from tests.support.events import meta
from tests.support.oracle import Known, Query, listed

TENANT = "aurora"
CITIES = ["München", "Bonn", "Zürich"]
VENUES = ["Olympiahalle", "Oper", "Oper | Foyer"]
HALLS = [None, "Foyer", "Großer Saal"]
CATEGORIES = ["concert", "Product", "product"]
TITLES = ["Élan Vital", "elan night", "Straße der Lieder", "Aida", "aida", "Fair 7"]
STARTS = [f"2026-{month:02d}-{day:02d}T{hour:02d}:30:00Z" for month in (1, 2) for day in (1, 2, 28) for hour in (0, 19)]
COUNT = 48
Documents = tuple[ModuleType, list[Known]]


def populate(seed: int) -> list[Known]:
    """Random events of two tenants, written as the workflows write them; gives those of the one asked for."""
    choose = random.Random(seed)
    events = []
    for number in range(COUNT):
        described = meta(
            title=choose.choice(TITLES),
            start_date_time=choose.choice(STARTS),
            city=choose.choice(CITIES),
            venue_name=choose.choice(VENUES),
            hall_name=choose.choice(HALLS),
            capacity=choose.choice([100, 200, 300]),
            category=choose.choice(CATEGORIES),
            currency=choose.choice(["EUR", "CHF"]),
            special_ad_category=choose.choice([None, "HOUSING"]),
            simulated=choose.random() < 0.3,
        )
        statuses = {
            "status": choose.choice(["active", "active", "archived", "cancelled"]),
            "frontend_status": choose.choice(["DEFAULT", "DEFAULT", "FLAGGED", "HIDDEN"]),
            "campaign_status": choose.choice(["RUNNING", "OPEN", "CLOSED"]),
            "client_campaign_status": choose.choice(["RUNNING", "PAUSED"]),
            "has_active_campaigns": choose.random() < 0.5,
            "updated_at": f"2026-03-{choose.randint(1, 9):02d}T00:00:00Z",
        }
        tenant, eid = (TENANT if number % 6 else "borealis"), f"evt_{choose.randrange(10**8):08d}"
        service.take_from_registry(tenant, eid, described, 1)
        service.rewritten(tenant, eid, lambda _, changes=statuses: dict(changes))  # type: ignore[misc]
        if tenant == TENANT:
            events.append(Known(eid, dict(described), statuses))
    return events


@pytest.fixture
def documents(aws: dict[str, str], app: Callable[[str], ModuleType]) -> Documents:
    return app("events"), populate(7)


@pytest.fixture
def nothing(aws: dict[str, str], app: Callable[[str], ModuleType]) -> ModuleType:
    """A tenant without events."""
    return app("events")


def ask(app: ModuleType, query: Query, name: str = "list") -> Answer:
    answer = call(app, varied(sample("events", name), query=dict(query)))
    assert answer.status == 200, (query, answer.raw)
    return answer


def ids(answer: Answer) -> list[str]:
    return [item["id"] for item in answer.json["items"]]


some = {
    "city": st.lists(st.sampled_from([*CITIES, "Nowhere"]), min_size=1, max_size=2),
    "venue_name": st.lists(st.sampled_from(VENUES), min_size=1, max_size=2),
    "category": st.lists(st.sampled_from(CATEGORIES), min_size=1, max_size=2),
    "vh": st.lists(
        st.sampled_from(["Oper", "Oper | Foyer", "Oper | Foyer | Großer Saal", "Olympiahalle | Foyer"]),
        min_size=1,
        max_size=2,
    ),
    "frontend_status": st.lists(st.sampled_from(["DEFAULT", "FLAGGED", "HIDDEN", "CANCELLED"]), min_size=1, max_size=2),
    "campaign_status": st.lists(st.sampled_from(["RUNNING", "OPEN", "IGNORED"]), min_size=1, max_size=2),
    **{
        name: st.sampled_from(values).map(lambda value: [value])
        for name, values in {
            "status": ["active", "archived", "cancelled"],
            "client_campaign_status": ["RUNNING", "PAUSED"],
            "marketing_campaign_status": ["RUNNING", "PAUSED", "OPEN"],
            "currency": ["EUR", "CHF"],
            "special_ad_category": ["HOUSING"],
            "since": ["2026-01-02", "2026-01-28T19:30:00Z", "2026-02-01T00:30:01Z"],
            "until": ["2026-02-02", "2026-02-01", "2026-01-28T19:29:59Z", "2026-02-28T19:30:00Z"],
            "simulated": ["true", "false"],
            "campaigns": ["true", "false"],
            "exclude_products": ["true", "false"],
            "include_archived": ["true", "false"],
            "flagged_to_top": ["true", "false"],
            "q": ["elan", "STRASSE", "muNCHen aida", "opér", "xyz"],
            "sort": [sign + n for n in ("start_date_time", "title", "capacity", "updated_at") for sign in ("", "-")],
        }.items()
    },
}
queries = st.dictionaries(st.sampled_from(sorted(some)), st.none(), max_size=4).flatmap(
    lambda chosen: st.fixed_dictionaries({name: some[name] for name in chosen})
)


@settings(max_examples=34, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=queries, limit=st.sampled_from([3, 11, 50]))
def test_any_list_is_what_brute_force_finds_by_cursor_and_by_number(
    documents: Documents, query: dict[str, list[str]], limit: int
) -> None:
    app, events = documents
    expected = listed(events, query)
    # When the list is read by its cursors
    page = ask(app, {**query, "limit": [str(limit)]})
    found = ids(page)
    while page.json["next_cursor"]:
        assert page.json["total"] == len(expected)
        page = ask(app, {**query, "limit": [str(limit)], "cursor": [page.json["next_cursor"]]})
        found += ids(page)
    # Then it holds exactly the events that brute force finds, in that order, and counts them
    assert found == expected
    assert page.json["total"] == len(expected)
    # And its second page by number is the second page
    second = ask(app, {**query, "limit": [str(limit)], "page": ["2"]})
    assert ids(second) == expected[limit : 2 * limit]
    assert second.json["pages"] == -(-len(expected) // limit)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=queries)
def test_flagged_takes_the_same_filters(documents: Documents, query: dict[str, list[str]]) -> None:
    app, events = documents
    if "FLAGGED" in query.get("frontend_status", ["FLAGGED"]):
        expected = listed(events, {**query, "frontend_status": ["FLAGGED"]})
    else:
        expected = []
    answer = ask(app, query, "flagged")
    assert (ids(answer), answer.json["total"]) == (expected, len(expected))


def test_venues_are_those_of_events_that_are_shown_and_their_labels_find_them(documents: Documents) -> None:
    app, events = documents
    shown = [event for event in events if event.of("frontend_status") != "HIDDEN"]
    # When the venues of a city are asked for
    answer = ask(app, {"city": ["Zürich"]}, "venues").json
    # Then each venue of an event there is named with its halls and numbers
    expected: dict[str, dict[Any, int]] = {}
    for event in shown:
        if event.of("city") == "Zürich":
            halls = expected.setdefault(event.of("venue_name"), {})
            halls[event.of("hall_name")] = halls.get(event.of("hall_name"), 0) + 1
    assert {
        one["venue_name"]: {hall["hall_name"]: hall["events"] for hall in one["halls"]} for one in answer["items"]
    } == expected
    assert [one["events"] for one in answer["items"]] == [
        sum(expected[one["venue_name"]].values()) for one in answer["items"]
    ]
    # And a hall's label, with the city, lists that many
    for venue in answer["items"]:
        for hall in venue["halls"]:
            total = ask(app, {"city": ["Zürich"], "venue_name": [venue["venue_name"]], "vh": [hall["vh"]]}).json[
                "total"
            ]
            assert total == hall["events"]
    # And without a city all venues come, by city and name
    everywhere = ask(app, {}, "venues").json
    assert {(one["city"], one["venue_name"]) for one in everywhere["items"]} == {
        (event.of("city"), event.of("venue_name")) for event in shown
    }
    assert everywhere["total"] == len(everywhere["items"])


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"citty": ["Bonn"]}, "citty"),
        ({"city[]": ["Bonn"]}, "city[]"),
        ({"status": ["active", "archived"]}, "status"),
        ({"status": ["asleep"]}, "status"),
        ({"since": ["soon"]}, "since"),
        ({"since": ["2026-13-01"]}, "since"),
        ({"until": ["2026-06-12T18:30:00"]}, "until"),
        ({"until": ["9999-12-31T23:59:59Z"]}, "until"),
        ({"since": ["0001-01-01T00:00:00+14:00"]}, "since"),
        ({"sort": ["price"]}, "sort"),
        ({"campaigns": ["perhaps"]}, "campaigns"),
        ({"limit": ["201"]}, "limit"),
        ({"page": ["0"]}, "page"),
    ],
)
def test_a_parameter_that_is_not_understood_is_named(
    nothing: ModuleType, query: dict[str, list[str]], field: str
) -> None:
    answer = call(nothing, varied(sample("events", "list"), query=query))
    assert answer.status == 400
    assert any(one["field"].split(".")[0] == field for one in answer.json["validation_errors"]), answer.json


def test_a_comma_joins_no_values_and_may_stand_in_a_name(nothing: ModuleType) -> None:
    answer = call(nothing, varied(sample("events", "list"), query={"city": ["Bonn,Zürich"]}))
    assert (answer.status, answer.json["validation_errors"][0]["field"]) == (400, "city.0")
    assert "repeat" in answer.json["validation_errors"][0]["message"]
    assert ask(nothing, {"city": ["Messe, Halle 3", "Saal 1,2"]}).json["total"] == 0


def test_empty_values_count_as_absent(nothing: ModuleType) -> None:
    service.take_from_registry(TENANT, "evt_0001", meta(), 1)
    assert ask(nothing, {"city": [""], "q": [""]}).json["total"] == 1


def test_a_cursor_of_other_filters_is_refused(nothing: ModuleType) -> None:
    for number in (1, 2):
        service.take_from_registry(TENANT, f"evt_000{number}", meta(), 1)
    cursor = ask(nothing, {"limit": ["1"]}).json["next_cursor"]
    answer = call(nothing, varied(sample("events", "list"), query={"cursor": [cursor], "sort": ["title"]}))
    assert (answer.status, answer.json["error_code"]) == (400, "query.cursor")


def test_a_name_is_found_however_its_accents_are_composed(nothing: ModuleType) -> None:
    service.take_from_registry(TENANT, "evt_0001", meta(city="München"), 1)
    assert ask(nothing, {"city": [unicodedata.normalize("NFD", "München")]}).json["total"] == 1


def test_a_hall_of_nothing_but_separators_is_looked_for_and_not_found(nothing: ModuleType) -> None:
    service.take_from_registry(TENANT, "evt_0001", meta(), 1)
    assert ask(nothing, {"vh": [" | ".join("a" * 100)]}).json["total"] == 0


@pytest.mark.parametrize(
    "position", ['[[], "x", "evt_0001"]', '[true, "x", "evt_0001"]', '[1, 2, "evt_0001"]', '[1, "x", ""]', "{}"]
)
def test_a_forged_cursor_is_refused(nothing: ModuleType, position: str) -> None:
    cursor = cursors.encode(listing.cursor_name(EventListQuery()), position)
    answer = call(nothing, varied(sample("events", "list"), query={"cursor": [cursor]}))
    assert (answer.status, answer.json["error_code"]) == (400, "query.cursor")
