"""The mark of what Main has not taken: as the machine's own step takes it away, in any order."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest

from marquee.events import service as events
from marquee.registry import service
from tests.support.api import call, sample, varied

ROOT = Path(__file__).parents[2]
EID = "evt_sample-night-0001"
PK = f"T#aurora#E#{EID}"
Mark = Callable[[int], bool]


@pytest.fixture
def mark_taken(aws: dict[str, str]) -> Mark:
    """The step that notes which version Main has, as the machine writes it. False where it finds nothing to do."""
    machine = json.loads((ROOT / "statemachines" / "event_intake.asl.json").read_text("utf-8"))
    step = machine["States"]["MarkTaken"]
    table = boto3.client("dynamodb", region_name="eu-central-1")
    assert set(step["Arguments"]["ExpressionAttributeValues"]) == {":version"}
    # What is raised for a condition that does not hold, the machine calls done.
    assert step["Catch"][0]["ErrorEquals"] == ["DynamoDB.ConditionalCheckFailedException"]
    assert step["Catch"][0]["Next"] == "Done"

    def run(version: int) -> bool:
        try:
            table.update_item(
                TableName=aws["RegistryTable"],
                Key={"pk": {"S": PK}, "sk": {"S": "MAIN"}},
                UpdateExpression=step["Arguments"]["UpdateExpression"],
                ConditionExpression=step["Arguments"]["ConditionExpression"],
                ExpressionAttributeValues={":version": {"N": str(version)}},
            )
        except table.exceptions.ConditionalCheckFailedException:
            return False
        return True

    return run


@pytest.fixture
def edit(aws: dict[str, str], app: Callable[[str], ModuleType]) -> Callable[[str], None]:
    registry = app("registry")
    assert call(registry, sample("registry", "register")).status == 201

    def run(title: str) -> None:
        event = varied(sample("registry", "edit"), body={"title": title}, query={})
        assert call(registry, varied(event, headers={"If-Match": "", "Idempotency-Key": ""})).status == 200

    return run


def is_pending() -> bool:
    return service.pending("9999", 10) == [("aurora", EID)]


def test_what_main_took_is_pending_no_more(edit: Callable[[str], None], mark_taken: Mark, table: Any) -> None:
    assert is_pending()
    assert mark_taken(1)
    assert not is_pending()
    assert table("RegistryTable")(PK, "MAIN")["main_version"] == 1
    # And a step repeated after a lost answer leaves it so
    assert mark_taken(1)
    assert not is_pending()


def test_a_later_edits_mark_outlives_an_earlier_intake(
    edit: Callable[[str], None], mark_taken: Mark, table: Any
) -> None:
    # Given an edit between an intake's reading of version 1 and its note
    edit("Two")
    assert not mark_taken(1)
    assert is_pending()
    # When the edit's own intake notes version 2, and the earlier one's note is repeated after it
    assert mark_taken(2)
    assert not mark_taken(1)
    # Then nothing is pending, and the newest stands
    assert not is_pending()
    assert table("RegistryTable")(PK, "MAIN")["main_version"] == 2


def test_a_note_does_not_take_away_the_mark_of_an_edit_that_comes_after_it(
    edit: Callable[[str], None], mark_taken: Mark
) -> None:
    assert mark_taken(1)
    edit("Two")
    assert is_pending()
    assert not mark_taken(1)
    assert is_pending()


def test_an_intake_that_read_an_old_version_does_not_overwrite_a_newer(edit: Callable[[str], None]) -> None:
    # Given an intake that read version 1 and was held up while version 2 reached Main
    old = service.describe("aurora", EID)
    edit("Two")
    assert events.take_from_registry("aurora", EID, *service.describe("aurora", EID)) == "created"
    # When it goes on
    assert events.take_from_registry("aurora", EID, *old) == "current"
    # Then Main has version 2
    assert events.read("aurora", EID).title == "Two"
