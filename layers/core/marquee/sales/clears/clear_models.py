"""Clearing an event's sales and taking it back: what the steps are told, what is stored, what is sent."""

from typing import Literal, NamedTuple

from typing_extensions import TypedDict

from marquee.plans import DryRun
from marquee.sales.models import Head, Total

Fate = Literal["whole", "in part", "present"]
"""What an undo does with a cleared source: all of it comes back, the rows that lack do, or it is there again."""


class ClearQuery(DryRun):
    """The event whose sales are cleared."""

    eid: str


class ClearTask(TypedDict):
    """What every step of a clear, or of its undo, is told. `execution` is the one that the step belongs to."""

    tenant: str
    eid: str
    clear_id: str
    execution: str


class Snapshot(NamedTuple):
    """What a clear took away. `undone` is the stage of the undo that gave it back, None while none has."""

    head: Head
    cleared_at: str
    undone: str | None
    purging: bool


class SnapshotKey(TypedDict):
    """Where a snapshot is."""

    tenant: str
    eid: str
    clear_id: str


class Restored(TypedDict):
    """What an undo gives back: how many sources how, what it adds to the figures, and the figures with it."""

    whole: int
    in_part: int
    present: int
    restored: list[Total]
    totals: list[Total]


class MergeDocument(TypedDict):
    """What is kept of a staged undo: the head it will make visible, and what that gives back."""

    head: Head
    result: Restored
