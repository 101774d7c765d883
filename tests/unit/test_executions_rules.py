from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from marquee.executions import rules

BEGAN = datetime(2026, 6, 1, 12, tzinfo=UTC)


def history(*events: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"type": kind, "timestamp": BEGAN + timedelta(seconds=second), **details}
        for second, (kind, details) in enumerate(events)
    ]


def entered(name: str) -> tuple[str, dict[str, Any]]:
    return "TaskStateEntered", {"stateEnteredEventDetails": {"name": name}}


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
            ("TaskStateExited", {}),
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


@pytest.mark.parametrize("key", ["", "sales/aurora/evt_1", "other/aurora/evt_1/x.xlsx"])
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
    assert told == {"code": "AccessDenied", "message": "A step failed on our side; the operator can see why."}
