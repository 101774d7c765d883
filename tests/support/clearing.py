"""The machines sales_clear, sales_undo and sales_purge without Step Functions: their steps in their order."""

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

from marquee.ids import derived_id
from tests.support.api import sample
from tests.support.ingest import EID, TENANT

Outcome = dict[str, Any]


class Clears:
    """Clears sales of an event, gives them back, and purges what is left of that."""

    def __init__(self, tasks: ModuleType) -> None:
        self._tasks = tasks
        # Called before every step with its name; a test puts its own business in between.
        self.before: Callable[[str], None] = lambda _: None

    def step(self, task: str, **changes: Any) -> Outcome:
        """Run one step, its input and outcome going through JSON as in the machine."""
        self.before(task)
        event = json.loads(json.dumps(sample("sales_clear_tasks", task) | changes))
        outcome: Outcome = json.loads(json.dumps(self._tasks.handler(event, None)))
        return outcome

    def task(self, name: str = "one", eid: str = EID, execution: str | None = None) -> dict[str, str]:
        """What the steps of the clear called `name`, or of its undo, are told."""
        clear_id = derived_id("clr", TENANT, eid, name)
        return {"tenant": TENANT, "eid": eid, "clear_id": clear_id, "execution": execution or f"exe-{name}"}

    def clear(self, name: str = "one", eid: str = EID) -> Outcome:
        """The machine sales_clear from its start to its end."""
        return self.step("clear", clear=self.task(name, eid))

    def undo(self, name: str = "one", eid: str = EID) -> Outcome:
        """The machine sales_undo from its start to its end."""
        task = self.task(name, eid, f"undo-{name}")
        abandoned: list[str] = []
        while True:
            found = self.step("stage_undo", clear=task)
            if found["outcome"] == "STAGED":
                stage = found["stage"]
                found = self.step("commit_undo", clear=task, stage=stage)
                if found["outcome"] == "MOVED":
                    abandoned.append(stage)
            if found["outcome"] == "REFUSED":
                return found
            if found["outcome"] == "UNDONE":
                return self.step("settle_undo", clear=task, stage=found["stage"], abandoned=abandoned)

    def purge(self) -> int:
        """The machine sales_purge from its start to its end; how many snapshots it deleted."""
        after, purged = None, 0
        while True:
            found = self.step("find_due", after=after)
            for place in found["snapshots"]:
                outcome = {"outcome": "MORE", "next": 0}
                while outcome["outcome"] == "MORE":
                    outcome = self.step("purge", snapshot=place, start=outcome["next"])
                purged += 1
            after = found["after"]
            if after is None:
                return purged
