"""`dry_run=true`: what a write would do, after all its checks, with nothing written."""

from typing import Any, Literal

from pydantic import Field

from marquee.schemas import Document, Received


class DryRun(Received):
    """Query of a write that can be tried out."""

    dry_run: bool = Field(default=False, description="Check everything and answer with the plan; change nothing")


class PlannedChange(Document):
    """One value that the write would change."""

    host: Literal["Main", "Registry", "Hub"]
    id: str = Field(description="The entity")
    field: str
    before: Any
    after: Any


class Plan(Document):
    """What the write would do."""

    dry_run: Literal[True] = True
    workflow: str | None = Field(description="The state machine that would do it")
    changes: list[PlannedChange]
