from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marquee.executions import rules
from marquee.executions.models import Failure

BEGAN = datetime(2026, 6, 1, 12, tzinfo=UTC)


def history(*events: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"type": kind, "timestamp": BEGAN + timedelta(seconds=second), **details}
        for second, (kind, details) in enumerate(events)
    ]


def entered(name: str) -> tuple[str, dict[str, Any]]:
    return "TaskStateEntered", {"stateEnteredEventDetails": {"name": name}}


def exited(name: str) -> tuple[str, dict[str, Any]]:
    return "TaskStateExited", {"stateExitedEventDetails": {"name": name}}


FAILED = (
    "TaskFailed",
    {
        "taskFailedEventDetails": {
            "error": "Throttled",
            "cause": '{"errorMessage": "store.throttled: The store is busy."}',
        }
    },
)


def test_a_retried_step_is_one_step_with_two_attempts() -> None:
    steps = rules.steps(
        history(
            ("ExecutionStarted", {}),
            entered("Parse"),
            ("TaskScheduled", {}),
            FAILED,
            ("TaskScheduled", {}),
            ("TaskSucceeded", {}),
            exited("Parse"),
        ),
        {"Parse": "Read the file"},
    )
    assert [(s.title, s.status, s.attempts, s.error, s.seconds) for s in steps] == [
        ("Read the file", "succeeded", 2, None, 5.0)
    ]


def test_a_failed_step_says_why_in_plain_words() -> None:
    steps = rules.steps(
        history(entered("Parse"), ("TaskScheduled", {}), FAILED, ("ExecutionFailed", {})), {"Parse": "Read the file"}
    )
    assert (steps[0].status, steps[0].error) == ("failed", "Throttled: The store is busy.")
    assert steps[0].finished_at == "2026-06-01T12:00:03Z"


def test_a_step_in_progress_is_running() -> None:
    steps = rules.steps(history(entered("Parse"), ("TaskScheduled", {})), {"Parse": "Read the file"})
    assert (steps[0].status, steps[0].finished_at) == ("running", None)


def test_choices_are_not_steps() -> None:
    assert rules.steps(history(("ChoiceStateEntered", {"stateEnteredEventDetails": {"name": "Ok?"}})), {}) == []


def test_titles_are_the_comments_of_working_states() -> None:
    definition = (
        '{"States": {"A": {"Type": "Task", "Comment": "Do a"}, "B": {"Type": "Choice"}, "C": {"Type": "Wait"}}}'
    )
    assert rules.titles(definition) == {"A": "Do a", "C": "C"}


def test_a_file_drops_subject_stands_in_the_key() -> None:
    payload = {"detail": {"object": {"key": "sales/aurora/evt_1/May/week 1.xlsx"}}}
    assert rules.subject(payload) == {"tenant": "aurora", "eid": "evt_1", "file": "May/week 1.xlsx"}


def test_a_file_that_was_started_for_has_the_subject_of_its_key_and_what_was_named() -> None:
    payload: dict[str, Any] = {"tenant": "aurora", "mode": "strict"}
    payload["detail"] = {"object": {"key": "backfill/aurora/evt_1/2024/a.xlsx"}}
    assert rules.subject(payload) == {"tenant": "aurora", "eid": "evt_1", "file": "2024/a.xlsx", "mode": "strict"}
    payload = {"detail": {"object": {"key": "uploads/aurora/evt_1/upl_1/a.xlsx"}}, "tenant": "aurora", "mode": None}
    assert rules.subject(payload) == {"tenant": "aurora", "eid": "evt_1", "file": "a.xlsx"}


@pytest.mark.parametrize("key", ["", "sales/aurora/evt_1", "other/aurora/evt_1/x.xlsx", "backfill/aurora/x.xlsx"])
def test_any_other_key_has_no_subject(key: str) -> None:
    assert rules.subject({"detail": {"object": {"key": key}}}) == {}


def test_an_id_is_read_as_it_was_written() -> None:
    assert rules.parse_execution_id(rules.execution_id("sales_ingest", "a-B_9")) == ("sales_ingest", "a-B_9")
    assert rules.parse_execution_id("exe_sales_ingest.a:b") is None


@pytest.mark.parametrize(
    "cause",
    [
        "",
        "States.Runtime: arn:aws:states:eu-central-1:123456789012:execution:x",
        '{"errorMessage": "User: arn:aws:sts::000000000000:assumed-role/x is not authorized", "stackTrace": ["code"]}',
    ],
)
def test_what_is_inside_stays_inside(cause: str) -> None:
    told = rules.failure("AccessDenied", cause)
    assert told == Failure(code="AccessDenied", message="A step failed on our side; the operator can see why.")


# --- cancelled, caught, branching -------------------------------------------------------------------------------------


TITLES = {"Parse": "Read the file", "Abort": "Note the end"}


def test_the_step_that_ran_when_its_execution_was_stopped_is_cancelled() -> None:
    steps = rules.steps(
        history(
            entered("Parse"),
            ("TaskScheduled", {}),
            ("ExecutionAborted", {}),
            # A step's process may go on for a while: what it still reports is not the execution's any more
            ("TaskSucceeded", {}),
            exited("Parse"),
        ),
        TITLES,
    )
    assert [(s.status, s.attempts, s.error, s.seconds) for s in steps] == [("cancelled", 1, None, 2.0)]


def test_a_step_stopped_between_two_tries_is_cancelled_and_keeps_its_error() -> None:
    steps = rules.steps(history(entered("Parse"), ("TaskScheduled", {}), FAILED, ("ExecutionAborted", {})), TITLES)
    assert [(s.status, s.error) for s in steps] == [("cancelled", "Throttled: The store is busy.")]


def test_a_step_between_two_tries_is_running_and_shows_its_error() -> None:
    steps = rules.steps(history(entered("Parse"), ("TaskScheduled", {}), FAILED), TITLES)
    assert [(s.status, s.error, s.finished_at) for s in steps] == [("running", "Throttled: The store is busy.", None)]


def test_a_caught_error_is_a_failed_step_and_the_next_one_stands_for_itself() -> None:
    steps = rules.steps(
        history(
            entered("Parse"),
            ("TaskScheduled", {}),
            FAILED,
            exited("Parse"),
            entered("Abort"),
            ("TaskScheduled", {}),
            ("TaskSucceeded", {}),
            exited("Abort"),
            ("FailStateEntered", {"stateEnteredEventDetails": {"name": "Failed"}}),
            ("ExecutionFailed", {}),
        ),
        TITLES,
    )
    assert [(s.name, s.status, s.error) for s in steps] == [
        ("Parse", "failed", "Throttled: The store is busy."),
        ("Abort", "succeeded", None),
    ]


@pytest.mark.parametrize("kind", ["TaskTimedOut", "TaskStartFailed", "TaskSubmitFailed", "EvaluationFailed"])
def test_every_way_of_failing_is_an_error_of_the_step(kind: str) -> None:
    steps = rules.steps(history(entered("Parse"), (kind, {}), ("ExecutionFailed", {})), TITLES)
    assert [(s.status, (s.error or "").split(":")[0]) for s in steps] == [("failed", kind)]


def test_what_happens_inside_a_map_is_not_the_maps_own_doing() -> None:
    # Given two branches whose events come interleaved, told apart by what each follows
    events: list[tuple[int, int, str, str]] = [
        (1, 0, "MapStateEntered", "Each"),
        (2, 1, "MapStateStarted", ""),
        (3, 2, "TaskStateEntered", "Inner"),
        (4, 2, "TaskStateEntered", "Inner"),
        (5, 3, "TaskScheduled", ""),
        (6, 4, "TaskScheduled", ""),
        (7, 5, "TaskFailed", ""),
        (8, 6, "TaskSucceeded", ""),
        (9, 8, "TaskStateExited", "Inner"),
        (10, 9, "MapStateSucceeded", ""),
        (11, 10, "MapStateExited", "Each"),
    ]
    recorded = [
        {
            "id": number,
            "previousEventId": previous,
            "type": kind,
            "timestamp": BEGAN + timedelta(seconds=number),
            "stateEnteredEventDetails": {"name": name},
            "stateExitedEventDetails": {"name": name},
        }
        for number, previous, kind, name in events
    ]
    steps = rules.steps(recorded, {"Each": "Look at each event"})
    assert [(s.title, s.status, s.attempts, s.error, s.seconds) for s in steps] == [
        ("Look at each event", "succeeded", 1, None, 10.0)
    ]


def test_a_map_over_many_is_tried_once_where_the_states_within_are_left_out() -> None:
    # Given a history that has the tasks of a map's two branches, but not their states
    branch: list[tuple[str, dict[str, Any]]] = [("TaskScheduled", {}), ("TaskSucceeded", {})]
    events = [entered("Parse"), *branch, *branch, exited("Parse")]
    events[0] = ("MapStateEntered", events[0][1])
    # Then nobody reads it as a second try
    assert [(s.status, s.attempts) for s in rules.steps(history(*events), TITLES)] == [("succeeded", 1)]


@pytest.mark.parametrize(
    ("status", "error", "cause", "told"),
    [
        ("RUNNING", None, None, None),
        ("SUCCEEDED", None, None, None),
        ("ABORTED", rules.CANCELLED, rules.CANCELLED_CAUSE, ("Cancelled", "It was cancelled on request.")),
        ("ABORTED", None, None, ("ABORTED", "It was stopped by the operator.")),
        ("TIMED_OUT", None, None, ("TIMED_OUT", "It took longer than it may and was stopped.")),
        ("FAILED", "Contended", "ingest.contended: Others came first.", ("Contended", "Others came first.")),
    ],
)
def test_an_ending_is_told_in_plain_words(
    status: str, error: str | None, cause: str | None, told: tuple[str, str] | None
) -> None:
    ending = rules.ending(status, error, cause)
    assert (ending and (ending.code, ending.message)) == told


# --- successors -------------------------------------------------------------------------------------------------------

UUIDS = "17793124-05d4-b198-2fde-7ededc63b103_0b6bf0c1-7a1f-ffbb-7f33-cd5f9f3a2e11"


@pytest.mark.parametrize("name", ["x_hK3fQ9b1Xc7Lr2Tz0aWm", UUIDS, "x_hK3fQ9b1Xc7Lr2Tz0-r1", "by-hand"])
def test_a_successor_knows_whom_it_follows(name: str) -> None:
    assert rules.predecessor(name) is None
    first = rules.successor(name)
    second = rules.successor(first)
    assert (first, second) == (f"{name}-r1", f"{name}-r2")
    assert (rules.predecessor(first), rules.predecessor(second)) == (name, first)


def test_a_successor_of_the_longest_name_has_a_name_too() -> None:
    name = "a" * 80
    first = rules.successor(name)
    assert len(first) <= 80
    assert first == rules.successor(name) != rules.successor("b" * 80)
    assert rules.predecessor(rules.successor(first)) == first


@given(st.from_regex(r"[A-Za-z0-9_-]{1,80}", fullmatch=True))
def test_successors_never_meet_their_ancestors(name: str) -> None:
    line = [name]
    for _ in range(4):
        line.append(rules.successor(line[-1]))
    assert len(set(line)) == len(line)
    assert all(rules.parse_execution_id(rules.execution_id("sales_ingest", one)) for one in line)
