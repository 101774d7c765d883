"""Executions: long operations as resources."""

from typing import Any, Literal

from pydantic import Field

from marquee.schemas import Document


class Step(Document):
    """One state the execution entered."""

    name: str
    title: str = Field(description="What the step does, in plain words")
    status: Literal["running", "succeeded", "failed", "skipped"]
    attempts: int
    started_at: str
    finished_at: str | None
    seconds: float | None
    error: str | None


class Execution(Document):
    """A state machine's execution as its tenant sees it."""

    id: str
    workflow: str
    status: Literal["running", "succeeded", "failed", "timed_out", "cancelled"]
    subject: dict[str, str] = Field(description="What it is about, e.g. the event and the file")
    started_at: str
    finished_at: str | None
    steps: list[Step]
    result: dict[str, Any] | None
    error: dict[str, str] | None
