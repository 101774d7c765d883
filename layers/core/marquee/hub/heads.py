"""What an event's stored item says, read: its content, its occurrences and when they are, its ticket levels."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, cast

import orjson

from marquee.hub import recurrence, rules
from marquee.hub.event_documents import State
from marquee.hub.models import Content, Occurrence, Rule, StoredLevel


def content(head: Mapping[str, Any]) -> Content:
    """What the organiser said of the event."""
    return cast("Content", orjson.loads(head["doc"]))


def rule(head: Mapping[str, Any]) -> Rule:
    """How the event repeats."""
    return cast("Rule", orjson.loads(head["rule"]))


def occurrences(head: Mapping[str, Any]) -> list[Occurrence]:
    """The occurrences, in order."""
    return recurrence.unpacked(orjson.loads(head["runs"]))


def levels(head: Mapping[str, Any]) -> list[StoredLevel]:
    """The ticket levels, in the organiser's order."""
    return cast("list[StoredLevel]", orjson.loads(head["levels"]))


def spans(head: Mapping[str, Any]) -> Iterator[tuple[Occurrence, datetime, datetime]]:
    """Each occurrence with the moments, in UTC, of its start and its end."""
    timezone, repeats = content(head)["timezone"], rule(head)
    for one in occurrences(head):
        yield one, *recurrence.span(repeats, one.start, timezone)


def shown_state(head: Mapping[str, Any], now: datetime) -> State:
    """The state as readers see it at this moment: a published event is live while an occurrence runs."""
    if head["state"] != "published":
        return rules.shown_state(head["state"], running=False)
    return rules.shown_state("published", running=any(start <= now < end for _, start, end in spans(head)))


def packed(value: Any) -> str:
    """A part of an event as it is stored."""
    return orjson.dumps(value).decode()
