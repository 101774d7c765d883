"""Executions: long operations as resources."""

from typing import Any, Literal

from pydantic import Field

from marquee.plans import DryRun
from marquee.schemas import Document

Status = Literal["running", "succeeded", "failed", "timed_out", "cancelled"]


class Step(Document):
    """One state the execution entered."""

    name: str
    title: str = Field(description="What the step does, in plain words")
    status: Literal["running", "succeeded", "failed", "cancelled"] = Field(
        description="failed: its last try failed; the execution may have gone on another way"
    )
    attempts: int
    started_at: str
    finished_at: str | None
    seconds: float | None
    error: str | None = Field(description="Of its last try; a running step with an error is about to be tried again")


class Failure(Document):
    """Why an execution did not succeed."""

    code: str
    message: str


class Execution(Document):
    """A state machine's execution as its tenant sees it."""

    id: str
    workflow: str
    status: Status
    subject: dict[str, str] = Field(description="What it is about, e.g. the event and the file")
    started_at: str
    finished_at: str | None
    steps: list[Step]
    result: dict[str, Any] | None
    error: Failure | None
    redrive_of: str | None = Field(description="The execution that this one was started to make up for")
    successor: str | None = Field(description="The execution that was started to make up for this one")
    undo: str | None = Field(description="The execution that was started to undo this one")
    undoable_until: str | None = Field(description="Until when this one can be undone; null where it cannot")


class ChangeQuery(DryRun):
    """How an execution is cancelled, redriven or undone."""
