"""What can go wrong, in the domain's words. `http.PROBLEMS` says what each is on the wire."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong with one field of a request."""

    code: str
    field: str
    message: str


class DomainError(Exception):
    """Base of every error that a caller can do something about.

    `code` is stable and dotted (``event.not_found``); `detail` is a sentence for a person.
    """

    def __init__(self, code: str, detail: str, *, violations: Sequence[Violation] = ()) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.violations = tuple(violations)


class Malformed(DomainError):
    """The request cannot be read: wrong syntax, unknown or missing fields."""


class Unauthenticated(DomainError):
    """There is no valid token."""


class Forbidden(DomainError):
    """The token is valid and does not allow this."""


class NotFound(DomainError):
    """There is no such thing, or it is somebody else's: the answer is the same."""


class MethodNotAllowed(DomainError):
    """The path exists and does not take this method."""

    def __init__(self, allowed: frozenset[str]) -> None:
        super().__init__("method.not_allowed", f"This path takes {', '.join(sorted(allowed))}.")
        self.allowed = allowed


class Conflict(DomainError):
    """The request contradicts what is stored."""


class Stale(DomainError):
    """`If-Match` names a version that is no longer current."""


class TooLarge(DomainError):
    """The body exceeds what this route takes."""


class UnsupportedMedia(DomainError):
    """The body's media type is not one this route reads."""


class Unprocessable(DomainError):
    """Well-formed, understood, and refused."""


class Unavailable(DomainError):
    """Something this depends on does not answer now; the same request may succeed later."""

    def __init__(self, code: str, detail: str, *, retry_after: int = 5) -> None:
        super().__init__(code, detail)
        self.retry_after = retry_after


class Throttled(Unavailable):
    """Too many requests for now."""


class CircuitOpen(Unavailable):
    """Something this depends on has failed several times in a row and is left alone for a while."""
