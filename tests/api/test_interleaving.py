"""The scheduler that the race tests rely on."""

import threading
import time
from collections.abc import Callable

import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from marquee import ddb
from marquee.settings import settings
from tests.support import interleaving


def writer(name: str, seen: list[str]) -> Callable[[], str]:
    """Two calls with a pause between, each noted when it is done."""

    def work() -> str:
        for number in (1, 2):
            item = ddb.to_item({"pk": name, "sk": str(number)})
            ddb.aws_client("dynamodb").put_item(TableName=settings().events_table, Item=item)
            seen.append(f"{name}{number}")
            time.sleep(60)
        return name

    return work


def test_the_choices_decide_the_order_and_nothing_really_sleeps(aws: dict[str, str]) -> None:
    orders = []
    for choice in (0, 1, 1):
        seen: list[str] = []
        outcomes = interleaving.run(
            [writer("a", seen), writer("b", seen)],
            ddb.aws_client("dynamodb"),
            lambda _, to=choice: to,  # type: ignore[misc]
        )
        assert [outcome.value for outcome in outcomes] == ["a", "b"]
        orders.append(seen)
    assert orders == [["a1", "a2", "b1", "b2"], ["b1", "a1", "b2", "a2"], ["b1", "a1", "b2", "a2"]]


@pytest.mark.parametrize(
    ("kind", "error", "lands"), [("unsent", EndpointConnectionError, False), ("answer lost", ReadTimeoutError, True)]
)
def test_a_lost_call_raises_and_only_one_whose_answer_was_lost_takes_effect(
    aws: dict[str, str], kind: interleaving.Fault, error: type[Exception], lands: bool
) -> None:
    (outcome,) = interleaving.run([writer("a", [])], ddb.aws_client("dynamodb"), lambda _: 0, lambda _: kind)
    assert isinstance(outcome.error, error)
    assert (ddb.get(settings().events_table, "a", "1") is not None) is lands


def test_a_run_that_is_given_up_leaves_no_thread_and_no_hook(aws: dict[str, str]) -> None:
    before = threading.active_count()

    def give_up(_: int) -> int:
        raise KeyError

    seen: list[str] = []
    with pytest.raises(KeyError):
        interleaving.run([writer("a", seen), writer("b", seen)], ddb.aws_client("dynamodb"), give_up)
    assert (threading.active_count(), seen) == (before, [])
    assert ddb.get(settings().events_table, "a", "1") is None
