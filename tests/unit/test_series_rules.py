from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marquee.errors import Conflict, DomainError, NotFound, Unprocessable
from marquee.series import rules
from marquee.series.models import Membership, View
from tests.support.events import meta

EVENTS = [f"evt_{number}" for number in range(8)]


def event(eid: str, series_id: str | None = None, status: str = "active") -> dict[str, Any]:
    return {"eid": eid, "status": status} | ({"series_id": series_id} if series_id else {})


def candidate(eid: str = "evt_c", **described: Any) -> dict[str, Any]:
    stored = {"eid": eid, "doc": orjson.dumps(meta(**described)).decode()}
    return stored | {"status": "active", "frontend_status": "DEFAULT"}


@st.composite
def views(draw: st.DrawFn) -> View:
    """Events as they may stand together: each in no series, or in one of at least two."""
    labels = draw(st.lists(st.sampled_from([None, "ser_a", "ser_b"]), min_size=len(EVENTS), max_size=len(EVENTS)))
    of: dict[str, list[str]] = {}
    for eid, label in zip(EVENTS, labels, strict=True):
        if label:
            of.setdefault(label, []).append(eid)
    kept = {label: members for label, members in of.items() if len(members) > 1}
    found = {eid: event(eid, label if label in kept else None) for eid, label in zip(EVENTS, labels, strict=True)}
    return View(found, {label: {"series_id": label, "members": members} for label, members in kept.items()})


some = st.lists(st.sampled_from(EVENTS), min_size=1, max_size=5)


@given(views(), st.sampled_from(EVENTS), some)
def test_an_addition_merges_or_is_refused_for_an_event_of_another_series(
    view: View, eid: str, named: list[str]
) -> None:
    own = rules.members(view, eid)
    taken = [one for one in named if one not in own and rules.members(view, one)]
    if set(named) == {eid}:
        with pytest.raises(Unprocessable):
            rules.others(eid, named)
    elif [one for one in taken if one != eid]:
        with pytest.raises(Conflict, match=r"series\.event_taken"):
            rules.addition(view, eid, rules.others(eid, named))
    else:
        found = rules.addition(view, eid, rules.others(eid, named))
        assert found.before == own
        assert set(found.after) == {*own, eid, *named}
        assert len(set(found.after)) == len(found.after) >= 2
        # who was there stays, in order
        assert found.after[: len(own)] == own
        assert not found.leaving


@given(views(), st.sampled_from(EVENTS), some)
def test_a_removal_takes_out_who_is_in_and_never_leaves_one_alone(view: View, eid: str, named: list[str]) -> None:
    found = rules.removal(view, eid, named)
    own = rules.members(view, eid)
    assert found.before == own
    left = [one for one in own if one not in named]
    assert list(found.after) == (left if len(left) > 1 else [])
    assert not found.joining
    assert set(found.leaving) | set(found.after) == set(own)


@given(views(), st.sampled_from(EVENTS), some)
def test_an_addition_repeated_on_its_result_changes_nothing(view: View, eid: str, named: list[str]) -> None:
    try:
        added = rules.others(eid, named)
        found = rules.addition(view, eid, added)
    except DomainError:
        return
    joined = {one: event(one, "ser_x") for one in found.after}
    again = rules.addition(View({**view.events, **joined}, {"ser_x": {"members": list(found.after)}}), eid, added)
    assert again.before == again.after == found.after


def test_an_unknown_event_is_named() -> None:
    with pytest.raises(NotFound, match="evt_1"):
        rules.addition(View({"evt_0": event("evt_0")}, {}), "evt_0", ["evt_1"])
    with pytest.raises(NotFound, match="evt_1"):
        rules.removal(View({"evt_0": event("evt_0")}, {}), "evt_0", ["evt_1"])
    with pytest.raises(NotFound, match="evt_0"):
        rules.removal(View({"evt_1": event("evt_1")}, {}), "evt_0", ["evt_1"])


@pytest.mark.parametrize("status", ["archived", "cancelled"])
@pytest.mark.parametrize("closed", ["evt_0", "evt_1"])
def test_a_closed_event_joins_nothing_from_either_side(status: str, closed: str) -> None:
    found = {eid: event(eid, status=status if eid == closed else "active") for eid in ("evt_0", "evt_1")}
    with pytest.raises(Unprocessable, match=f"series.event_closed: '{closed}' is {status}"):
        rules.addition(View(found, {}), "evt_0", ["evt_1"])


def test_a_closed_event_may_be_named_where_it_is_a_member_already() -> None:
    found = {eid: event(eid, "ser_a", "cancelled") for eid in ("evt_0", "evt_1")}
    view = View(found, {"ser_a": {"members": ["evt_0", "evt_1"]}})
    assert rules.addition(view, "evt_0", ["evt_1"]) == Membership(("evt_0", "evt_1"), ("evt_0", "evt_1"))


@pytest.mark.parametrize(
    "series",
    [{}, {"ser_a": {"members": ["evt_1", "evt_2"]}}],
    ids=["the series is gone", "the series does not list it"],
)
def test_an_event_and_a_series_that_contradict_each_other_allow_no_conclusion(series: dict[str, Any]) -> None:
    view = View({"evt_0": event("evt_0", "ser_a"), "evt_1": event("evt_1")}, series)
    with pytest.raises(rules.Torn):
        rules.addition(view, "evt_0", ["evt_1"])
    with pytest.raises(rules.Torn):
        rules.removal(view, "evt_0", ["evt_1"])


def test_an_event_that_joined_the_named_ones_series_meanwhile_is_read_again() -> None:
    # Given evt_0 read before, and the series read after it had joined
    view = View({"evt_0": event("evt_0"), "evt_1": event("evt_1", "ser_a")}, {"ser_a": {"members": ["evt_1", "evt_0"]}})
    with pytest.raises(rules.Torn):
        rules.addition(view, "evt_0", ["evt_1"])


def test_a_request_names_48_distinct_events_at_most() -> None:
    many = [f"evt_{number}" for number in range(49)]
    assert rules.named([*many[:48], *many[:48]]) == many[:48]
    with pytest.raises(Unprocessable, match=r"series\.too_many"):
        rules.named(many)


def test_a_series_has_a_thousand_members_at_most() -> None:
    members = [f"evt_{number}" for number in range(999)]
    view = View(
        {"evt_0": event("evt_0", "ser_a"), "evt_x": event("evt_x"), "evt_y": event("evt_y")},
        {"ser_a": {"members": members}},
    )
    assert len(rules.addition(view, "evt_0", ["evt_x"]).after) == 1000
    with pytest.raises(Unprocessable, match=r"series\.too_large"):
        rules.addition(view, "evt_0", ["evt_x", "evt_y"])


def test_who_is_in_the_way_is_named_up_to_twenty() -> None:
    members = [f"evt_{number}" for number in range(30)]
    view = View({"evt_x": event("evt_x"), "evt_0": event("evt_0", "ser_a")}, {"ser_a": {"members": members}})
    with pytest.raises(Conflict, match=r"'evt_0' is in a series already, with 'evt_1', .*'evt_20' and 9 more\.$"):
        rules.addition(view, "evt_x", ["evt_0"])


def test_a_plan_shows_each_event_whose_siblings_change() -> None:
    plan = rules.planned(Membership(("a", "b"), ("a", "b", "c")), "a")
    assert [(one.id, one.before, one.after) for one in plan] == [
        ("a", ["b"], ["b", "c"]),
        ("b", ["a"], ["a", "c"]),
        ("c", [], ["a", "b"]),
    ]
    dissolved = rules.planned(Membership(("a", "b"), ()), "a")
    assert [(one.id, one.before, one.after) for one in dissolved] == [("a", ["b"], []), ("b", ["a"], [])]
    assert rules.planned(Membership(("a", "b"), ("a", "b")), "a") == []


def test_a_plan_of_a_large_series_shows_the_event_and_who_moves() -> None:
    members = tuple(f"evt_{number}" for number in range(200))
    plan = rules.planned(Membership(members, (*members, "evt_x")), "evt_7")
    assert [one.id for one in plan] == ["evt_7", "evt_x"]


titles = st.text(max_size=30)


@given(titles, titles)
def test_title_similarity_is_a_symmetric_share(one: str, other: str) -> None:
    share = rules.title_similarity(one, other)
    assert 0 <= share <= 1
    assert share == rules.title_similarity(other, one)
    assert rules.title_similarity(one, one) == 1


@pytest.mark.parametrize(
    ("one", "other", "share"),
    [
        ("Élan Vital 1", "ELAN vital 2", 1),
        ("Aida", "Tosca", 0),
        ("Aida in München", "Aida in Bonn", 0.5),
        ("1984", "1985", 0),
        ("Fair 7", "Fair", 1),
    ],
)
def test_titles_are_compared_by_words_without_case_accents_and_numbers(one: str, other: str, share: float) -> None:
    assert rules.title_similarity(one, other) == share


def test_fit_sums_title_place_category_and_time() -> None:
    mine = candidate("evt_m")
    # everything the same: 400 + 200 + 100 + 100 + 200
    assert rules.fit(mine, candidate()) == 1000
    # another title, thirty days later: 200 + 100 + 100 + 100
    assert rules.fit(mine, candidate(title="Tosca", start_date_time="2026-12-31T19:00:00Z")) == 500
    # the tour's date in another city, ninety days later: 400 + 100 + 50
    tour = candidate(city="Bonn", venue_name="Oper", start_date_time="2027-03-01T19:00:00Z")
    assert rules.fit(mine, tour) == 550


def test_equal_matches_stand_by_start_then_id() -> None:
    mine = candidate("evt_m")
    before, after = ({"start_date_time": f"2026-{day}T19:00:00Z"} for day in ("11-30", "12-02"))
    places = [rules.rank_place(mine, one) for one in (candidate("evt_b", **before), candidate("evt_a", **after))] + [
        rules.rank_place(mine, candidate("evt_b", **after))
    ]
    assert places == sorted(places)
    assert rules.rank_place(mine, candidate("evt_z")) < places[0]


@pytest.mark.parametrize(
    ("changes", "may"),
    [
        ({}, True),
        ({"frontend_status": "FLAGGED"}, True),
        ({"frontend_status": "HIDDEN"}, False),
        ({"status": "archived"}, False),
        ({"status": "cancelled"}, False),
        ({"series_id": "ser_a"}, False),
    ],
)
def test_only_active_shown_events_without_a_series_are_offered(changes: dict[str, Any], may: bool) -> None:
    assert rules.may_join(candidate() | changes) is may


@pytest.mark.parametrize(("words", "found"), [([], True), (["aurora", "munchen"], True), (["aurora", "bonn"], False)])
def test_all_words_must_be_mentioned(words: list[str], found: bool) -> None:
    assert rules.mentions(candidate(), words) is found
