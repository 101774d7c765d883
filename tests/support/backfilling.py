"""The sales_backfill machine without Step Functions: its steps in its order, from the repository's samples."""

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from marquee import workflows
from tests.support.api import sample
from tests.support.ingest import EID, TENANT, Ingests, Outcome
from tests.support.workbooks import HEADER, workbook

NAME = "sample"


class Machine(Ingests):
    """The machine that takes one file, under the name and with the mode that its execution was given."""

    name = ""
    mode: str | None = None

    def step(self, task: str, **changes: Any) -> Outcome:
        """Run one step."""
        if task == "register":
            changes |= {"execution": self.name, "mode": self.mode}
        return super().step(task, **changes)


class Backfills:
    """Puts files into the folder of back-fills, and takes them through the machine's steps."""

    def __init__(self, ingests: Ingests, steps: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
        self._machine = Machine(ingests._tasks, ingests.bucket)
        self._steps = steps
        self.executions: dict[str, dict[str, Any]] = {}
        # Called before every step, and before an execution is started, with its name.
        self.before: Callable[[str], None] = lambda _: None
        self.order = sample("sales_backfill_tasks", "open")["order"] | {
            "bucket": ingests.bucket,
            "started_at": "2999-01-01T00:00:00.000Z",
        }

        def describe(_machine: str, name: str) -> dict[str, Any] | None:
            return self.executions.get(name)

        monkeypatch.setattr(workflows, "describe", describe)

    def put(self, name: str, content: bytes, eid: str = EID, tenant: str = TENANT) -> str:
        """Put a file; its key."""
        key = f"backfill/{tenant}/{eid}/{name}" if eid else f"backfill/{tenant}/{name}"
        self._machine.s3.put_object(Bucket=self._machine.bucket, Key=key, Body=content)
        return key

    def put_some(self, count: int, eid: str = EID) -> None:
        """Files with a sale of one ticket each."""
        for number in range(count):
            self.put(f"{number:02}.xlsx", workbook([HEADER, [f"2026-03-{1 + number:02}", "A", 1, 10.0]]), eid)

    def step(self, task: str, **changes: Any) -> Outcome:
        """Run one step, its input and outcome going through JSON as in the machine."""
        self.before(task)
        given = sample("sales_backfill_tasks", task) | {"order": self.order} | changes
        outcome: Outcome = json.loads(json.dumps(self._steps.handler(json.loads(json.dumps(given)), None)))
        return outcome

    def start(self, name: str, given: Outcome) -> Outcome | None:
        """Run an execution of sales_ingest to its end; None where it failed, or the name is taken."""
        self.before("ingest")
        if name in self.executions:
            return None
        execution = self.executions[name] = {"status": "RUNNING", "executionArn": name, "output": None}
        self._machine.name, self._machine.mode = name, given["mode"]
        try:
            outcome = self._machine.take(given["detail"]["object"]["key"])
        except Exception:  # noqa: BLE001 - as the machine: it ends as failed
            execution["status"] = "FAILED"
            return None
        execution |= {"status": "SUCCEEDED", "output": json.dumps(outcome)}
        return outcome

    def take(self, key: str, etag: str) -> None:
        """What becomes of one file."""
        attempt = 1
        while True:
            taken = self.step("begin", key=key, etag=etag, attempt=attempt)
            if taken["outcome"] != "START":
                return
            result = self.start(taken["name"], taken["input"])
            noted = self.step("note", key=key, result=result)
            if noted["outcome"] == "DONE":
                return
            assert noted["outcome"] == "AGAIN", noted
            attempt = noted["attempt"]

    def run(self, name: str = NAME) -> Outcome:
        """A back-fill from its start to its end; the summary."""
        self.order = self.order | {"backfill": name}
        assert self.step("open") == {"outcome": "OPENED"}
        listed = self._machine.s3.list_objects_v2(Bucket=self._machine.bucket, Prefix=self.order["prefix"])
        for one in listed.get("Contents", []):
            self.take(one["Key"], one["ETag"])
        return self.step("summarise")


def counts(summary: Outcome) -> tuple[int, int, int, int, int]:
    """Files committed, unchanged, rejected, ignored, failed; they add up."""
    found = tuple(int(summary[name]) for name in ("committed", "unchanged", "rejected", "ignored", "failed"))
    assert sum(found) == summary["files"]
    assert summary["rows_accepted"] + summary["rows_rejected"] + summary["rows_duplicate"] == summary["rows"]
    return found  # type: ignore[return-value]
