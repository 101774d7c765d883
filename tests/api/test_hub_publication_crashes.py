"""Publications and cancellations killed at every call they make to AWS, before the call and after it took effect."""

from collections.abc import Callable
from types import ModuleType

import pytest

from marquee.events import repository as main
from marquee.hub import execution_service
from tests.support import hub
from tests.support.api import TENANT
from tests.support.hub_publishing import Failed, Publishing, divergent, main_ids, statuses
from tests.support.kills import Calls, Killed, surviving

LANDS = pytest.mark.parametrize("lands", [False, True], ids=["before", "after"])
THREE = hub.recurring("weekly", after=3)


@pytest.fixture
def publishing(aws: dict[str, str], app: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> Publishing:
    return Publishing(app, monkeypatch)


@pytest.fixture
def calls(publishing: Publishing, monkeypatch: pytest.MonkeyPatch) -> Calls:
    return Calls(monkeypatch)


class Story:
    """One event that is published, unpublished, published, changed and cancelled, each change disturbed."""

    CHANGES = ("publish", "unpublish", "publish", "update", "cancel")

    def __init__(self, publishing: Publishing) -> None:
        self._publishing = publishing
        self.uuid = str(hub.create(publishing.hub, occurrence=THREE)["uuid"])

    def ask(self, change: str) -> None:
        if change == "update":
            hub.update(self._publishing.hub, self.uuid, name="Boreal Night", occurrence={"exclusions": ["2035-01-31"]})
        else:
            assert self._publishing.ask(change, self.uuid).status in {200, 201}

    def is_told(self, change: str) -> bool:
        """Whether all hosts have it."""
        wanted = {"publish": "active", "unpublish": "archived", "update": "active", "cancel": "cancelled"}[change]
        return divergent(self.uuid) == [] and set(statuses(hub.stored(self.uuid))) == {wanted}


@LANDS
def test_a_step_killed_at_any_call_is_repeated_and_nothing_differs(
    publishing: Publishing, calls: Calls, lands: bool
) -> None:
    # Given steps that are repeated when their process dies, at one call or at two that follow each other
    publishing.step = surviving(publishing.step)  # type: ignore[method-assign]
    reached, number = 0, 0
    while reached >= number:
        story, done = Story(publishing), list[str]()
        reached = 0
        for change in Story.CHANGES:
            story.ask(change)
            # When the process dies
            # What is done a second time dies at the calls between.
            first = number + 4 * done.count(change)
            done.append(change)
            calls.plan(first, first + 3, lands=lands)
            publishing.run_all()
            reached = max(reached, calls.count)
            calls.plan()
            # Then all hosts have the change
            assert story.is_told(change), (change, number)
        number += 10 if lands else 9
    assert number > 20


@LANDS
def test_an_execution_that_dies_for_good_is_gone_on_with_by_the_next(
    publishing: Publishing, calls: Calls, lands: bool
) -> None:
    number, died = 0, True
    while died:
        story, died = Story(publishing), False
        for change in Story.CHANGES:
            story.ask(change)
            # When the execution dies at one call and is never repeated
            (execution,) = publishing.executions.waiting()
            calls.plan(number, lands=lands)
            try:
                publishing.run(*execution)
            except Killed:
                publishing.executions.statuses[execution] = "TIMED_OUT"
                died = True
            calls.plan()
            # and the reconciler looks for what is not over
            execution_service.restart_lost(-60)
            publishing.run_all()
            # Then all hosts have the change
            assert story.is_told(change), (change, number)
        number += 10
    assert number > 20


@pytest.mark.parametrize("kind", ["publish", "unpublish", "update"])
def test_one_that_fails_for_good_is_undone_and_redriven_it_succeeds(
    publishing: Publishing, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    # Given an event whose change fails at one of the steps, again and again
    for at in {"publish": ("register", "take", "gather", "finish"), "unpublish": ("withdraw", "finish")}.get(
        kind, ("take", "withdraw", "finish")
    ):
        story = Story(publishing)
        if kind != "publish":
            story.ask("publish")
            publishing.run_all()
        before = hub.stored(story.uuid)

        def fail(task: str, at: str = at) -> None:
            if task == at:
                raise ConnectionError("the store is gone")

        story.ask(kind)
        (execution,) = publishing.executions.waiting()
        monkeypatch.setattr(publishing, "before", fail)
        # When it runs, Then it fails
        with pytest.raises(Failed, match="ConnectionError"):
            publishing.run(*execution)
        monkeypatch.setattr(publishing, "before", lambda _: None)
        # and the event, and what Main shows of it, are as before, in a new sequence
        after = hub.stored(story.uuid)
        assert after["state"] == before["state"]
        assert after["sequence"] == before["sequence"] + 2
        assert after["publication"]["phase"] == "failed"
        assert after["publication"]["failure"] == "ConnectionError: A step failed on our side."
        assert "undoes" not in after["publication"]
        if kind != "update":
            assert divergent(story.uuid) == [], at
        shown = {(main.get(TENANT, eid) or {"status": None})["status"] for eid in main_ids(before).values()}
        assert shown <= ({"archived", None} if kind == "publish" else {"active"}), at
        event = hub.read(publishing.hub, story.uuid)
        assert {"name": "DISTRIBUTION", "value": "FAILED"} in event["extended_status"]
        # When it is redriven, Then all hosts have the change
        publishing.executions.statuses[execution] = "RUNNING"
        publishing.run_all()
        assert story.is_told(kind), at


@LANDS
def test_an_undo_killed_at_any_call_is_gone_on_with(
    publishing: Publishing, calls: Calls, monkeypatch: pytest.MonkeyPatch, lands: bool
) -> None:
    def fail(task: str) -> None:
        if task == "finish":
            raise ConnectionError("the store is gone")

    number, died = 0, True
    while died:
        # Given a publication that cannot be finished, and an undo that dies
        story = Story(publishing)
        story.ask("publish")
        (execution,) = publishing.executions.waiting()
        calls.paused = True

        def begun(task: str) -> None:
            if task == "undo":
                calls.paused = False
            fail(task)

        monkeypatch.setattr(publishing, "before", begun)
        calls.plan(number, lands=lands)
        with pytest.raises((Failed, Killed)) as ended:
            publishing.run(*execution)
        died = ended.type is Killed
        calls.paused = False
        calls.plan()
        publishing.executions.statuses[execution] = "TIMED_OUT"
        # When the reconciler looks for what is not over
        execution_service.restart_lost(-60)
        publishing.run_all()
        # Then the event and Main are as before
        assert hub.stored(story.uuid)["state"] == "ready"
        assert divergent(story.uuid) == [], number
        assert set(statuses(hub.stored(story.uuid))) == {"archived"}
        number += 2
    assert number > 6
    monkeypatch.setattr(publishing, "before", lambda _: None)
