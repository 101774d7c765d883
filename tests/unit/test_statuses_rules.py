"""A frontend status changed, confirmed and undone in every order."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marquee.errors import Conflict, Stale
from marquee.events.models import Item
from marquee.events.rules import new_item
from marquee.preconditions import Precondition
from marquee.statuses import rules
from tests.support.events import meta

STATUSES = st.sampled_from(["DEFAULT", "FLAGGED", "HIDDEN"])
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ANY = Precondition()


def fresh(status: str = "DEFAULT") -> Item:
    return new_item("t", "evt_1", meta(), 1, "then") | {"frontend_status": status}


def written(item: Item, fields: Item | None) -> Item:
    """The item after a write, as the repository makes it."""
    return item if fields is None else {**item, **fields, "version": item["version"] + 1}


def changed(item: Item, wanted: str, run: str, request: str = "", now: datetime = NOW, allowed: Any = ANY) -> Item:
    return written(item, rules.frontend_change(item, wanted, run, request or run, allowed, now))


def undone(item: Item, run: str, now: datetime = NOW) -> Item:
    return written(item, rules.frontend_undo(item, run, now))


@given(STATUSES, STATUSES)
def test_a_change_undone_shows_what_was_before_and_is_newer(before: str, wanted: str) -> None:
    item = fresh(before)
    after = changed(item, wanted, "a")
    restored = undone(after, "a")
    assert restored["frontend_status"] == before
    assert item["frontend_sequence"] < after["frontend_sequence"] < restored["frontend_sequence"]


@given(
    STATUSES,
    st.lists(st.tuples(STATUSES, st.booleans()), max_size=8),
    st.lists(st.integers(0, 7), max_size=16),
    st.integers(0, 200),
)
def test_what_is_shown_is_the_last_change_that_was_not_undone(
    initial: str, changes: list[tuple[str, bool]], order: list[int], step_seconds: int
) -> None:
    # Given changes of which some are undone, each at any later moment within the time a run may take, some twice
    item, made, gone = fresh(initial), list[int](), set[int]()
    now, due = NOW, dict[int, datetime]()
    shown_at: list[tuple[str, int]] = [(initial, 0)]

    def undo(number: int) -> None:
        nonlocal item
        item = undone(item, f"run{number}", now)
        gone.add(number)

    for number, (wanted, fails) in enumerate(changes):
        now += timedelta(seconds=step_seconds)
        for one in [one for one, by in due.items() if now >= by and one not in gone]:
            undo(one)
        item = changed(item, wanted, f"run{number}", now=now)
        made.append(number)
        if fails:
            due[number] = now + timedelta(seconds=60)
        shown_at.append((item["frontend_status"], item["frontend_sequence"]))
        for one in order[2 * number : 2 * number + 2]:
            if one in due:
                undo(one)
        # Then at each moment the last one that is still there is shown
        left = [one for one in made if one not in gone]
        assert item["frontend_status"] == (changes[left[-1]][0] if left else initial)
        shown_at.append((item["frontend_status"], item["frontend_sequence"]))
    for one in due:
        undo(one)
    left = [one for one in made if one not in gone]
    assert item["frontend_status"] == (changes[left[-1]][0] if left else initial)
    # And the sequence tells what is newer: a number never stands for two statuses
    shown_at.append((item["frontend_status"], item["frontend_sequence"]))
    numbers = [sequence for _, sequence in shown_at]
    assert numbers == sorted(numbers)
    assert len({sequence: status for status, sequence in shown_at}) == len(set(shown_at))


@given(st.permutations(["a set", "a undo", "b set", "b undo", "c set"]), STATUSES, STATUSES, STATUSES)
def test_an_undo_that_comes_first_keeps_its_change_out(order: list[str], first: str, second: str, third: str) -> None:
    # Given the steps of three runs in any order, where a step that is late may come after its own undoing
    item, wanted = fresh(), {"a": first, "b": second, "c": third}
    made: list[str] = []
    for run, what in (step.split() for step in order):
        if what == "undo":
            item = undone(item, run)
            made = [one for one in made if one != run]
        elif order.index(f"{run} undo" if run != "c" else "c set") < order.index(f"{run} set"):
            with pytest.raises(Conflict, match="withdrawn"):
                changed(item, wanted[run], run)
        else:
            item = changed(item, wanted[run], run)
            made.append(run)
        assert item["frontend_status"] == (wanted[made[-1]] if made else "DEFAULT")


def test_a_refused_status_never_comes_back() -> None:
    # Given FLAGGED, and HIDDEN upon it
    item = changed(changed(fresh(), "FLAGGED", "a"), "HIDDEN", "b")
    # When the first is undone, HIDDEN stays, as new as it was
    without_a = undone(item, "a")
    assert (without_a["frontend_status"], without_a["frontend_sequence"]) == ("HIDDEN", 2)
    # And when the second is undone too, the status before both is back
    assert undone(without_a, "b")["frontend_status"] == "DEFAULT"


def test_a_late_write_meets_another_version() -> None:
    # Given a change whose write is on its way, computed from this version
    item = fresh()
    late = changed(item, "FLAGGED", "a")
    # When it is undone before it arrives
    after = undone(item, "a")
    # Then the version it was computed from is gone, and computed anew it is refused
    assert after["version"] == late["version"]
    assert after["frontend_status"] == "DEFAULT"
    with pytest.raises(Conflict, match="withdrawn"):
        changed(after, "FLAGGED", "a")


def test_a_run_repeated_writes_nothing_more() -> None:
    item = changed(fresh(), "FLAGGED", "a")
    assert rules.frontend_change(item, "FLAGGED", "a", "a", ANY, NOW) is None
    gone = undone(item, "a")
    assert rules.frontend_undo(gone, "a", NOW) is None


def test_the_same_request_run_again_takes_the_change_over() -> None:
    # Given a change of a run that lost its client, and another one upon it
    item = changed(changed(fresh(), "FLAGGED", "a1", "req_a"), "HIDDEN", "b")
    # When the client asks again, with the version it had read the first time
    again = changed(item, "FLAGGED", "a2", "req_a", allowed=Precondition((1,)))
    # Then it is not made a second time
    assert (again["frontend_status"], again["frontend_sequence"]) == ("HIDDEN", 2)
    # And what the first run undoes is its own no more
    late = undone(again, "a1")
    assert late["frontend_status"] == "HIDDEN"
    assert undone(late, "b")["frontend_status"] == "FLAGGED"
    assert undone(undone(late, "b"), "a2")["frontend_status"] == "DEFAULT"


def test_a_stale_precondition_is_refused_before_anything_is_planned() -> None:
    item = changed(fresh(), "FLAGGED", "a")
    with pytest.raises(Stale):
        changed(item, "HIDDEN", "b", allowed=Precondition((1,)))
    assert changed(item, "HIDDEN", "b", allowed=Precondition((1, 2)))["frontend_status"] == "HIDDEN"


def test_settled_changes_are_forgotten_and_the_list_stays_short() -> None:
    item, now = fresh(), NOW
    for number in range(100):
        now += timedelta(seconds=10)
        item = changed(item, "FLAGGED", f"run{number}", now=now)
        item = undone(item, f"other{number}", now=now)
    assert len(item["frontend_changes"]) <= 24
    later = changed(item, "HIDDEN", "last", now=now + rules.SETTLED + timedelta(seconds=1))
    assert [one["id"] for one in later["frontend_changes"]] == ["last"]


def test_too_many_changes_at_once_are_refused_but_never_an_undoing() -> None:
    item = fresh()
    for number in range(rules.MOST_RECENT):
        item = changed(item, "FLAGGED", f"run{number}")
    with pytest.raises(Conflict, match="too often"):
        changed(item, "HIDDEN", "one more")
    for number in range(100):
        item = undone(item, f"nobody{number}")
    for number in reversed(range(rules.MOST_RECENT)):
        item = undone(item, f"run{number}")
    assert item["frontend_status"] == "DEFAULT"
    assert len(item["frontend_changes"]) == rules.MOST_RECENT


@pytest.mark.parametrize(
    ("level", "field"), [("event", "campaign_optimisation_status"), ("ad", "ad_campaign_optimisation_status")]
)
def test_an_optimisation_switched_leaves_the_other_alone(level: str, field: str) -> None:
    assert rules.optimisation_change(fresh(), "ON", level, ANY, "at") == {field: "ON", "updated_at": "at"}
    assert rules.optimisation_change(fresh(), "OFF", level, Precondition((7,)), "at") is None
    with pytest.raises(Stale):
        rules.optimisation_change(fresh(), "ON", level, Precondition((7,)), "at")
