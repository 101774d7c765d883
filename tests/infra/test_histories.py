"""Executions that go through pages stay below what Step Functions keeps of one: 25,000 events, then it fails."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from marquee.campaigns.closing import sweeping
from marquee.campaigns.delivery import delivering
from marquee.campaigns.purging import RESETS

ROOT = Path(__file__).parents[2]
MOST_EVENTS = 25_000
PLATFORM_IS_AWAY = "Busy"


def events(states: dict[str, Any], at: str, items: int, met: frozenset[str] = frozenset()) -> int:
    """The most events from this state on to the end of a page, each state met once, while the platforms are away."""
    state, met = states[at], met | {at}
    ways = [state.get("Next"), state.get("Default"), *(one["Next"] for one in state.get("Choices", ()))]
    ways += [one["Next"] for one in state.get("Catch", ())]
    after = max((events(states, way, items, met) for way in ways if way in states and way not in met), default=0)
    # A state is entered and left; each try of a task is scheduled, begun, and ends
    own = 2
    if state["Type"] == "Task":
        tries = 1 + sum(one["MaxAttempts"] for one in state["Retry"] if PLATFORM_IS_AWAY in one["ErrorEquals"])
        own += 3 * tries
    if state["Type"] == "Map":
        inner = state["ItemProcessor"]
        # The Map begins and ends, and so does each of its iterations
        own += 2 + items * (2 + events(inner["States"], inner["StartAt"], items))
    return own + after


@pytest.mark.parametrize(
    ("machine", "first", "back", "items"),
    [
        ("campaign_delivery", "Find", "Further", delivering.SETUPS),
        ("campaigns_purge", "Find", "OnePage", RESETS),
        ("closing_sweep", "Sweep", "Further", sweeping.EVENTS),
    ],
)
def test_the_pages_of_an_execution_fit_into_its_history_though_every_platform_is_away(
    machine: str, first: str, back: str, items: int
) -> None:
    states = json.loads((ROOT / "statemachines" / f"{machine}.asl.json").read_text())["States"]
    conditions = " ".join(choice["Condition"] for choice in states[back]["Choices"])
    (bound,) = re.findall(r"\$(?:pages|steps) < (\d+)", conditions)
    # One page: up to the state that decides whether there is another, where the way back is cut
    page = {name: state for name, state in states.items() if name in _between(states, first, back)}
    page[back] = {"Type": "Choice"}
    assert int(bound) * events(page, first, items) + 10 < MOST_EVENTS


def _between(states: dict[str, Any], first: str, last: str) -> set[str]:
    """The states from one to another, by their usual ways."""
    found, at = set(), first
    while at != last:
        found.add(at)
        at = states[at]["Next"]
    return found
