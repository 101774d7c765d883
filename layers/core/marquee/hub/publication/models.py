"""Publications: what the steps are told and tell, and a publication as it is sent."""

from typing import Any, Literal

from typing_extensions import TypedDict

from marquee.plans import DryRun

Kind = Literal["publish", "unpublish", "update", "cancel"]
Asked = Literal["publish", "unpublish", "cancel"]
Phase = Literal["running", "done", "failed"]
OnRegistry = Literal["registered", "cancelled", "absent"]
OnMain = Literal["active", "archived", "kept", "cancelled", "absent"]

MACHINES: dict[Kind, str] = {
    "publish": "event_publication",
    "unpublish": "event_publication",
    "update": "event_publication",
    "cancel": "event_cancellation",
}
"""The machine that brings a publication of each kind to the other hosts."""


class Order(TypedDict):
    """Which publication a step works for."""

    tenant: str
    event_uuid: str
    publication_id: str


class Failure(TypedDict):
    """Why a machine gave up, as Step Functions has it."""

    Error: str
    Cause: str


class PublicationQuery(DryRun):
    """Query of publishing, unpublishing and cancelling."""


class Accepted(TypedDict):
    """The answer to publishing, unpublishing and cancelling.

    `execution` brings it to the other hosts; null where these hold nothing of the event.
    """

    statusCode: int
    result: str
    execution: str | None


class OccurrenceStanding(TypedDict):
    """An occurrence on the other hosts, as it is now.

    `kept` is active although it is wanted no more. `reason` says why something is not as the event has it.
    """

    uuid: str
    start_on: str
    main_event_id: str
    registry: OnRegistry
    main: OnMain
    reason: str | None


class Counts(TypedDict):
    """Occurrences by their standing."""

    registry: dict[str, int]
    main: dict[str, int]


class Report(TypedDict):
    """What a publication came to when it ended; `elsewhere` are occurrences that organisers put into other series."""

    counts: Counts
    kept: list[str]
    series: str | None
    elsewhere: list[str]


class PublicationDocument(TypedDict):
    """The last publication of an event. `occurrences` includes removed ones that Main still has."""

    id: str
    kind: Kind
    sequence: int
    phase: Phase
    at: str
    execution: str
    failure: str | None
    occurrences: list[OccurrenceStanding]
    counts: Counts
    report: Report | None


Step = dict[str, Any]
"""What a step tells the machine: `outcome`, and what the steps after it need. No rows."""
