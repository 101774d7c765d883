"""The life of an event: every action in every state, the page that shows it, and the rules of names and ids."""

import re
from itertools import product
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marquee.errors import Conflict
from marquee.hub import recurrence, rules
from marquee.hub.models import StoredState
from marquee.hub.rules import Action
from tests.support.hub_oracle import rule

PAGE = (Path(__file__).parents[2] / "docs" / "hub.md").read_text("utf-8")
STATES: tuple[StoredState, ...] = get_args(StoredState)
ACTIONS: tuple[Action, ...] = get_args(Action)
ILLEGAL = "illegal"

# By state: what publish, unpublish, cancel, delete and edit make of it; None is gone.
EXPECTED: dict[StoredState, tuple[str | None, ...]] = {
    "draft": (ILLEGAL, ILLEGAL, "cancelled", None, "draft"),
    "ready": ("published", ILLEGAL, "cancelled", None, "ready"),
    "published": (ILLEGAL, "unpublished", "cancelled", ILLEGAL, "published"),
    "unpublished": ("published", ILLEGAL, "cancelled", None, "unpublished"),
    "cancelled": (ILLEGAL, ILLEGAL, ILLEGAL, None, ILLEGAL),
}
IN_WORDS: dict[Action, str] = {
    "publish": "be published",
    "unpublish": "be unpublished",
    "cancel": "be cancelled",
    "delete": "be deleted",
    "edit": "be edited",
}
PAIRS = list(product(STATES, ACTIONS))


def rows_below(heading: str, first_cell: str) -> list[list[str]]:
    """The cells of the table in a section of the page whose head begins so, without the head."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = section[section.index(f"| {first_cell} |") :].split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def becomes(state: StoredState, action: Action) -> str | None:
    return EXPECTED[state][ACTIONS.index(action)]


def test_every_pair_of_state_and_action_is_walked() -> None:
    assert len(PAIRS) == 25
    assert set(rules.TRANSITIONS) == set(ACTIONS)


@pytest.mark.parametrize(("state", "action"), [pair for pair in PAIRS if becomes(*pair) != ILLEGAL])
def test_a_legal_action_gives_the_state_of_the_table(state: StoredState, action: Action) -> None:
    assert rules.transition(action, state) == becomes(state, action)


@pytest.mark.parametrize(("state", "action"), [pair for pair in PAIRS if becomes(*pair) == ILLEGAL])
def test_an_illegal_action_is_a_conflict_that_names_exactly_the_legal_ones(state: StoredState, action: Action) -> None:
    with pytest.raises(Conflict) as refusal:
        rules.transition(action, state)

    assert refusal.value.code == "event.state"
    refused, possible = refusal.value.detail.removesuffix(".").split(". ")
    assert refused == f"An event that is {state} cannot {IN_WORDS[action]}"
    named = set(re.split(", | or ", possible.removeprefix("It can ")))
    assert named == {IN_WORDS[one] for one in ACTIONS if becomes(state, one) != ILLEGAL}


def test_a_published_event_that_runs_is_refused_as_live() -> None:
    with pytest.raises(
        Conflict, match=r"An event that is live cannot be deleted\. It can be unpublished, be cancelled"
    ):
        rules.transition("delete", "published", "live")


def test_the_page_shows_the_same_table() -> None:
    cells = rows_below("The life of an event", "state")

    assert [row[0] for row in cells] == list(STATES)
    head = re.search(r"\| state \|(.*)\|\n", PAGE)
    assert head is not None
    assert [cell.strip() for cell in head[1].split("|")] == list(ACTIONS)
    for known, row in zip(STATES, (row for _, *row in cells), strict=True):
        for action, cell in zip(ACTIONS, row, strict=True):
            transitions = rules.TRANSITIONS[action].copy()
            assert cell == (transitions[known] or "gone" if known in transitions else "-"), (known, action)


def test_drafts_and_ready_events_settle_by_what_is_missing_and_no_others() -> None:
    assert {state: (rules.settled(state, ["a venue"]), rules.settled(state, [])) for state in STATES} == {
        "draft": ("draft", "ready"),
        "ready": ("draft", "ready"),
        "published": ("published", "published"),
        "unpublished": ("unpublished", "unpublished"),
        "cancelled": ("cancelled", "cancelled"),
    }


def test_only_a_published_event_is_live() -> None:
    assert {state: rules.shown_state(state, running=True) for state in STATES} == {
        **{state: state for state in STATES},
        "published": "live",
    }
    assert all(rules.shown_state(state, running=False) == state for state in STATES)


# --- The page's examples of recurrence --------------------------------------------------------------------------------


def of_words(words: str) -> dict[str, Any]:
    """A rule as the page's examples say it."""
    said, *parts = words.split(", ")
    kind, _, start = said.partition(" from ")
    more: dict[str, Any] = {"timeslots": ["19:30"]} if kind == "timeslots" else {}
    ends: tuple[str, int | str] | None = None
    for part in parts:
        match part.split():
            case ["interval", number]:
                more["interval"] = int(number)
            case [("after" | "on") as how, value]:
                ends = (how, value)
            case ["without", day]:
                more["exclusions"] = [day]
            case days:
                more["weekdays"] = days
    return {"kind": kind, "starts_on": f"{start or '2035-01-24'} 19:30", "ends": ends, **more}


@pytest.mark.parametrize(("words", "dates"), rows_below("When it takes place", "rule"))
def test_the_page_s_examples_are_right(words: str, dates: str) -> None:
    found = recurrence.starts(rule(**of_words(words)))

    assert ", ".join(f"{one:%Y-%m-%d}" for one in found) == dates


# --- Names and ids ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Aurora Night", "aurora-night"),
        ("  Fête — d'été 2035!  ", "fete-d-ete-2035"),
        ("Große Straße", "grosse-strasse"),
        ("snake_case/and\\more", "snake-case-and-more"),
        ("東京 公演", "東京-公演"),
        ("서울 공연", "서울-공연"),
        ("!!!", ""),
    ],
)
def test_a_slug_is_the_words_of_a_name(name: str, slug: str) -> None:
    assert rules.slug(name) == slug


@settings(max_examples=50, deadline=None)
@given(st.text())
def test_a_slug_has_nothing_that_urls_are_made_of(name: str) -> None:
    found = rules.slug(name)

    assert not set(found) & set("/?#&=%:@ ._\\")
    assert not found.startswith("-")
    assert not found.endswith("-")
    assert "--" not in found


def test_ids_derive_from_all_parts_and_their_borders() -> None:
    found = {rules.derived_uuid(*parts) for parts in [("a", "b"), ("b", "a"), ("ab",), ("a", "b", ""), ("", "a", "b")]}

    assert len(found) == 5
    assert rules.derived_uuid("a", "b") in found
    assert all(map(rules.is_uuid, found))
    assert {one[14] for one in [*found, rules.new_uuid()]} == {"4"}


def test_an_event_on_main_is_of_one_organisation_event_and_occurrence() -> None:
    given_ones = [("aurora", "e1", 1), ("borealis", "e1", 1), ("aurora", "e2", 1), ("aurora", "e1", 2)]

    found = {rules.main_event_id(*one) for one in given_ones}

    assert len(found) == 4
    assert all(re.fullmatch(r"evt_[A-Za-z0-9_-]{20}", one) for one in found)


@pytest.mark.parametrize(
    "text",
    [
        *("", "aurora", "7f1c5f0e8d0a4b529d7c5a6f5f5e0d11", "{7f1c5f0e-8d0a-4b52-9d7c-5a6f5f5e0d11}"),
        *("urn:uuid:7f1c5f0e-8d0a-4b52-9d7c-5a6f5f5e0d11", "7f1c5f0e-8d0a"),
    ],
)
def test_a_uuid_is_written_with_hyphens_and_nothing_else(text: str) -> None:
    assert not rules.is_uuid(text)
    assert rules.is_uuid("7f1c5f0e-8d0a-4b52-9d7c-5a6f5f5e0d11")
    assert rules.is_uuid("7F1C5F0E-8D0A-4B52-9D7C-5A6F5F5E0D11")
