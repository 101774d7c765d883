from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from marquee import clock
from marquee.events.rules import new_item
from marquee.reconcile import rules
from marquee.reconcile.models import Drift, Kind, Outcome, Tally
from marquee.registry.models import RegistryView
from marquee.statuses.rules import reassertion
from tests.support.events import meta

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
STATUSES = st.sampled_from(["DEFAULT", "FLAGGED", "HIDDEN"])
SEQUENCES = st.integers(0, 5)
AGES = st.one_of(st.none(), st.integers(0, 500))
EMPTY: Tally = {"compared": 0, "drifted": {}, "repaired": {}, "examples": []}


def ago(seconds: int | None) -> str | None:
    return None if seconds is None else clock.rfc3339(NOW - timedelta(seconds=seconds))


def main(status: str = "DEFAULT", sequence: int = 0, changed: int | None = None, version: int = 1) -> dict[str, Any]:
    item = new_item("t", "evt_1", meta(), version, "2026-01-01T00:00:00Z")
    known = {} if changed is None else {"frontend_changed_at": ago(changed)}
    return item | {"frontend_status": status, "frontend_sequence": sequence} | known


def view(
    status: str | None = "DEFAULT",
    sequence: int | None = 0,
    told: int | None = None,
    version: int = 1,
    updated: int | None = 10_000,
) -> RegistryView:
    return {
        "version": version,
        "updated_at": ago(updated),
        "frontend_status": status,
        "sequence": sequence,
        "told_at": ago(told),
    }


def kinds(item: dict[str, Any], seen: RegistryView | None, settle: int = 90) -> list[Kind]:
    return rules.disagreements(item, {"evt_1": seen}, NOW, settle)


@given(STATUSES, SEQUENCES, AGES, AGES, st.integers(1, 3))
def test_hosts_that_say_the_same_agree_whenever_they_said_it(
    status: str, sequence: int, changed: int | None, told: int | None, version: int
) -> None:
    assert kinds(main(status, sequence, changed, version), view(status, sequence, told, version)) == []


@given(STATUSES, SEQUENCES, STATUSES, SEQUENCES)
def test_another_status_or_sequence_is_drift_once_it_is_settled(
    ours: str, sequence: int, theirs: str, their_sequence: int
) -> None:
    found = kinds(main(ours, sequence, 100), view(theirs, their_sequence, 100))
    assert ("frontend" in found) == ((ours, sequence) != (theirs, their_sequence))


@given(AGES, AGES)
def test_what_either_host_changed_lately_is_on_its_way(changed: int | None, told: int | None) -> None:
    lately = any(age is not None and age < 90 for age in (changed, told))
    assert ("frontend" in kinds(main("FLAGGED", 2, changed), view("DEFAULT", 1, told))) == (not lately)
    assert kinds(main("FLAGGED", 2, changed), view("DEFAULT", 1, told), 0) == ["frontend"]


def test_a_clock_far_ahead_does_not_hide_drift_for_ever() -> None:
    assert kinds(main("FLAGGED", 2, -1000), view("DEFAULT", 1, -1000)) == ["frontend"]


@given(st.integers(1, 4), st.integers(1, 4), st.one_of(st.none(), st.integers(0, 500)))
def test_metadata_drifts_where_main_is_behind_and_nothing_is_on_its_way(
    ours: int, theirs: int, updated: int | None
) -> None:
    lately = updated is not None and updated < 90
    found = kinds(main(version=ours), view(version=theirs, updated=updated))
    assert found == (["metadata"] if ours < theirs and not lately else [])


def test_what_the_registry_lacks_and_what_cannot_be_read_is_said() -> None:
    assert rules.disagreements(main(), {}, NOW, 90) == ["missing_in_registry"]
    assert kinds(main(), None) == ["unreadable"]


@given(AGES, AGES)
def test_a_registry_without_sequences_agrees_when_it_was_told_since_the_last_change(
    changed: int | None, told: int | None
) -> None:
    found = kinds(main("FLAGGED", 1, changed), view(None, None, told), 0)
    # 5 s: the clocks of two hosts are not the same.
    since = changed is None or (told is not None and told <= changed + 5)
    assert found == ([] if since else ["frontend"])


@given(SEQUENCES, st.one_of(st.none(), SEQUENCES), SEQUENCES)
def test_a_repair_is_newer_than_all_that_was_seen_and_made_once(ours: int, theirs: int | None, meanwhile: int) -> None:
    item = main("FLAGGED", ours, 100)
    (drift,) = rules.drifts([item], {"evt_1": view("HIDDEN", theirs, None)}, NOW, 0)[:1]
    now = item | {"frontend_sequence": ours + meanwhile}
    after = now | (reassertion(now, rules.above(drift)) or {})
    assert after["frontend_sequence"] > max(ours, theirs or 0)
    assert after["frontend_status"] == "FLAGGED"
    assert reassertion(after, rules.above(drift)) is None


def drift(number: int, kind: Kind = "frontend") -> Drift:
    (one,) = rules.drifts([main("FLAGGED", 1) | {"eid": f"evt_{number}"}], {f"evt_{number}": view()}, NOW, 0)
    return {**one, "kind": kind}


def outcome(number: int, *, repaired: bool, kind: Kind = "frontend") -> Outcome:
    return {**drift(number, kind), "repaired": repaired, "error": None if repaired else "x.y"}


def test_pages_add_up_and_what_was_never_repaired_is_unrepaired() -> None:
    # 100 events with 3 disagreements of which 1 was repaired, then 50 with 2 whose repair never ended
    tally = rules.compared(EMPTY, 100, [drift(1), drift(2), drift(3, "metadata")])
    tally = rules.repaired(
        tally, [outcome(1, repaired=True), outcome(2, repaired=False), outcome(3, repaired=False, kind="metadata")]
    )
    tally = rules.compared(tally, 50, [drift(4), drift(5, "unreadable")])
    report = rules.report("t", "x", "a", "b", tally, {"error": "E", "cause": "c"})
    assert report["compared"] == 150
    assert report["drifted"] == {"frontend": 3, "metadata": 1, "missing_in_registry": 0, "unreadable": 1}
    assert report["repaired"] == {"frontend": 1, "metadata": 0, "missing_in_registry": 0, "unreadable": 0}
    assert report["unrepaired"] == {"frontend": 2, "metadata": 1, "missing_in_registry": 0, "unreadable": 1}
    assert not report["completed"]
    assert rules.counts(report) == {
        "EventsCompared": 150,
        "HostDrift": 5,
        "HostDriftRepaired": 1,
        "HostDriftUnrepaired": 4,
    }


def test_examples_are_bounded_and_the_unrepaired_come_first() -> None:
    tally = rules.repaired(EMPTY, [outcome(number, repaired=True) for number in range(70)])
    tally = rules.repaired(tally, [outcome(99, repaired=False)])
    assert len(tally["examples"]) == 50
    assert tally["examples"][0]["eid"] == "evt_99"
    assert tally["repaired"]["frontend"] == 70


def test_being_told_a_moment_ago_proves_no_repair_but_a_newer_change_excuses() -> None:
    # Given a repair that the Registry accepted without keeping it
    item = main("FLAGGED", 2, 1000)
    (found,) = rules.drifts([item], {"evt_1": view("DEFAULT", 1, 1000)}, NOW, 90)
    shown: dict[str, RegistryView | None] = {"evt_1": view("DEFAULT", 1, 0)}
    assert not rules.is_repaired(found, item | {"frontend_sequence": 3}, shown, NOW, 90)
    assert rules.is_repaired(found, main("HIDDEN", 4, 1), shown, NOW, 90)
    assert rules.is_repaired(found, item | {"frontend_sequence": 3}, {"evt_1": view("FLAGGED", 3, 0)}, NOW, 90)


def test_metadata_are_repaired_when_main_has_the_version_that_was_missing() -> None:
    (found,) = rules.drifts([main(version=1)], {"evt_1": view(version=3)}, NOW, 0)
    # The Registry may have been edited again meanwhile.
    newer: dict[str, RegistryView | None] = {"evt_1": view(version=4, updated=0)}
    assert rules.is_repaired(found, main(version=3), newer, NOW, 0)
    assert not rules.is_repaired(found, main(version=2), newer, NOW, 0)
