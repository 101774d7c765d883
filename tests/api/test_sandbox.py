"""The sandbox in DynamoDB: one campaign a key whatever happens, and things that go wrong when they are told to."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from marquee import clock
from marquee.campaigns.platforms.errors import Busy, Refused, Unreachable
from marquee.campaigns.platforms.models import Account, RemoteCampaign
from marquee.campaigns.platforms.sandbox import repository
from marquee.campaigns.platforms.sandbox.adapter import Sandbox
from marquee.errors import DomainError
from tests.support.platforms import KEY, account, inject, spec

MINE, ASKED = account("sandbox"), spec()
ERRORS: dict[str, type[DomainError]] = {"refused": Refused, "busy": Busy, "unreachable": Unreachable}
Table = Callable[[str], Callable[[str, str], dict[str, Any] | None]]


@pytest.fixture
def faults(aws: dict[str, str]) -> Callable[..., None]:
    return lambda **fault: inject(aws["CampaignsTable"], "aurora", **fault)


@pytest.fixture
def moment(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def at(when: str) -> None:
        monkeypatch.setattr(clock, "now", lambda: datetime.fromisoformat(when).astimezone(UTC))

    return at


def test_it_delivers_while_it_runs_as_its_terms_say(aws: dict[str, str], moment: Callable[[str], None]) -> None:
    sandbox = Sandbox()
    moment("2026-05-31T00:00:00Z")
    sandbox.create(MINE, ASKED)
    sandbox.switch(MINE, ASKED, running=True)
    moment("2026-06-03T00:00:00Z")
    sandbox.switch(MINE, ASKED, running=False)
    moment("2026-06-07T00:00:00Z")
    sandbox.switch(MINE, ASKED, running=True)
    moment("2026-06-08T00:00:00Z")
    # Two days and one of ten, of 1,000.00; the future is not told
    found = sandbox.delivery(MINE, ASKED, "2026-06-20T00:00:00Z")
    assert found is not None
    assert (found.spent, found.until) == (30_000, "2026-06-08T00:00:00Z")
    earlier = sandbox.delivery(MINE, ASKED, "2026-06-02T00:00:00Z")
    assert earlier is not None
    assert (earlier.spent, earlier.until) == (10_000, "2026-06-02T00:00:00Z")
    assert 0 < earlier.reach < found.reach


def test_a_tenants_sandbox_is_its_own(aws: dict[str, str], table: Table) -> None:
    sandbox = Sandbox()
    sandbox.create(MINE, ASKED)
    other = Account("borealis", "sandbox")
    assert sandbox.find(other, ASKED) is None
    sandbox.remove(other, ASKED)
    assert table("CampaignsTable")("T#aurora#SANDBOX", KEY) is not None


def test_a_creation_that_somebody_else_overtook_finds_theirs(
    aws: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = Sandbox()
    overtaken = repository.put

    def put(*arguments: Any) -> bool:
        monkeypatch.setattr(repository, "put", overtaken)
        Sandbox().create(MINE, spec(budget=7))
        return overtaken(*arguments)

    monkeypatch.setattr(repository, "put", put)
    assert sandbox.create(MINE, ASKED).differences == ("budget",)


def test_a_switch_that_somebody_else_overtook_loses_nothing_of_theirs(
    aws: dict[str, str], table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = Sandbox()
    sandbox.create(MINE, ASKED)
    overtaken = repository.put

    def put(*arguments: Any) -> bool:
        monkeypatch.setattr(repository, "put", overtaken)
        Sandbox().switch(MINE, ASKED, running=True)
        return overtaken(*arguments)

    monkeypatch.setattr(repository, "put", put)
    assert sandbox.switch(MINE, ASKED, running=True).running
    item = table("CampaignsTable")("T#aurora#SANDBOX", KEY)
    assert item is not None
    assert (len(item["runs"]), item["version"]) == (1, 2)


OPERATIONS: dict[str, Callable[[Sandbox], RemoteCampaign | object]] = {
    "find": lambda sandbox: sandbox.find(MINE, ASKED),
    "create": lambda sandbox: sandbox.create(MINE, ASKED),
    "switch": lambda sandbox: sandbox.switch(MINE, ASKED, running=True),
    "remove": lambda sandbox: sandbox.remove(MINE, ASKED),
    "delivery": lambda sandbox: sandbox.delivery(MINE, ASKED, "2026-06-20T00:00:00Z"),
}


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("moment", ["before", "after"])
def test_each_operation_fails_as_it_is_told_before_or_after_its_work_and_then_succeeds(
    faults: Callable[..., None], table: Table, moment: str, error: str
) -> None:
    sandbox = Sandbox()

    def there() -> tuple[bool, bool]:
        item = table("CampaignsTable")("T#aurora#SANDBOX", KEY)
        return item is not None, bool(item and item["runs"])

    # What is there before and after each operation: the campaign, and a run of it
    states = {"create": ((False, False), (True, False)), "switch": ((True, False), (True, True))}
    states |= {"find": ((True, True),) * 2, "delivery": ((True, True),) * 2, "remove": ((True, True), (False, False))}
    for operation, (before, after) in states.items():
        faults(operation=operation, moment=moment, error=error)
        with pytest.raises(ERRORS[error]):
            OPERATIONS[operation](sandbox)
        assert there() == (before if moment == "before" else after), operation
        OPERATIONS[operation](sandbox)
        assert there() == after, operation


def test_faults_wait_count_and_concern_whom_they_name(faults: Callable[..., None]) -> None:
    sandbox = Sandbox()

    def outcome() -> str:
        try:
            sandbox.create(MINE, ASKED)
        except DomainError as error:
            return error.code
        return "done"

    faults(operation="create", moment="before", error="refused", key="cmp_other")
    faults(operation="create", moment="after", error="busy", skip=1, times=2)
    faults(operation="any", moment="before", error="unreachable", key=KEY)
    assert [outcome() for _ in range(5)] == [
        "done",
        "platform.busy",
        "platform.busy",
        "platform.unreachable",
        "done",
    ]
    with pytest.raises(Refused):
        sandbox.create(MINE, spec(key="cmp_other"))
