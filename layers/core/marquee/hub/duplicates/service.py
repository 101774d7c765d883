"""Duplicating an event: the use case."""

import orjson

from marquee import clock
from marquee.errors import Conflict
from marquee.hub import heads, repository, rewriting, room
from marquee.hub import rules as hub_rules
from marquee.hub.duplicates import repository as duplicates
from marquee.hub.duplicates import rules
from marquee.hub.event_documents import EventDocument
from marquee.hub.events import service as events
from marquee.hub.organisations import service as organisations


def duplicate(tenant: str, sub: str, uuid: str, key: str | None) -> EventDocument:
    """Make a duplicate of an event: a copy of one version of it, with ids of its own.

    Under an idempotency key of the caller `sub` its uuid derives from the request: one that is repeated after a crash
    completes its own duplicate. Raises NotFound, Unprocessable for an event that is too large to be answered under both
    names, and Conflict where the original is written all the time or the same request is being worked on.
    """
    request = (tenant, sub, key, "duplicate", uuid.lower()) if key else None
    own = hub_rules.derived_uuid(*request) if request else hub_rules.new_uuid()
    if request and (found := repository.head(tenant, own)):
        return events.shown(found)
    original = rewriting.at_one_moment(rewriting.stored(tenant, uuid))
    org = heads.packed(organisations.snapshot(tenant))
    copy = rules.copy(original.head, original.sessions, own, clock.timestamp(), org)
    room.require(copy.head)
    document = events.rendered(*copy)
    rules.require_answerable(orjson.dumps(document))
    try:
        _make(copy, repeatable=request is not None)
    except duplicates.Overtaken:
        found = repository.head(tenant, own)
        if found is None:
            raise Conflict("event.being_duplicated", "The same request is being worked on.") from None
        return events.shown(found)
    return document


def _make(copy: rules.Copy, *, repeatable: bool) -> None:
    """Store the copy. Raises Overtaken."""
    head, sessions = copy
    attempt = hub_rules.new_uuid() if sessions or repeatable else None
    if attempt:
        duplicates.begin(head, attempt)
        if repeatable:
            duplicates.clear(head, attempt, sessions)
        duplicates.lay_down(head, attempt, sessions)
    duplicates.finish(head, attempt)
