"""Time as the platform writes it: RFC 3339, UTC, `Z`."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def rfc3339(moment: datetime) -> str:
    """Format an aware datetime as ``2026-06-12T18:30:00Z`` (whole seconds, UTC).

    Raises ValueError for a naive datetime: a wall time without its zone is not a moment.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def timestamp() -> str:
    """The present moment in the form that is stored and sent."""
    return rfc3339(now())


def epoch() -> int:
    """The present moment in whole seconds since 1970, as DynamoDB's TTL wants it."""
    return int(now().timestamp())
