"""How the Hub's answers are wrapped: `statusCode`, which is the HTTP status, and `result`."""

from typing import Generic, TypeVar

from typing_extensions import TypedDict

from marquee.hub.event_documents import EventDocument
from marquee.hub.session_documents import SessionDocument

T = TypeVar("T")


class Envelope(TypedDict, Generic[T]):
    """An answer of the Hub."""

    statusCode: int
    result: T


class OneEvent(TypedDict):
    """The result of reading or writing an event."""

    event: EventDocument


class DuplicatedEvent(TypedDict):
    """The result of duplicating an event, under both of its documented names."""

    events: EventDocument
    event: EventDocument


class OneSession(TypedDict):
    """The result of reading a session."""

    session: SessionDocument


class WrittenSession(TypedDict):
    """The result of creating or changing a session."""

    session: OneSession


def envelope(status: int, result: T) -> Envelope[T]:
    """A result as it is sent with this HTTP status."""
    return {"statusCode": status, "result": result}
