"""Use cases of ticket levels. They are a part of their event: each write of one is a write of the event."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from marquee import clock
from marquee.errors import NotFound
from marquee.hub import heads, repository, rewriting
from marquee.hub import rules as hub_rules
from marquee.hub.event_documents import TicketLevel
from marquee.hub.events import rendering
from marquee.hub.events import service as events
from marquee.hub.events.calendar import Calendar
from marquee.hub.events.models import canonical
from marquee.hub.models import Item, StoredLevel
from marquee.hub.publication import announcing
from marquee.hub.refusing import refuse
from marquee.hub.sessions import rules as session_rules
from marquee.hub.tickets import rules
from marquee.hub.tickets.models import NewTicket, TicketAsked, TicketChange
from marquee.ids import derived_id
from marquee.preconditions import Precondition


class Recorded(NamedTuple):
    """A ticket level as it is sent, and the version of its event."""

    document: TicketLevel
    version: int


class RecordedAll(NamedTuple):
    """All ticket levels of an event as they are sent, and its version."""

    documents: list[TicketLevel]
    version: int


def listed(tenant: str, event_uuid: str) -> RecordedAll:
    """The ticket levels of the organisation's event, restricted ones too, in their order. Raises NotFound."""
    head = rewriting.stored(tenant, event_uuid)
    return RecordedAll(_documents(head, heads.levels(head)), head["version"])


def read(tenant: str, event_uuid: str, uuid: str) -> Recorded:
    """One ticket level. Raises NotFound."""
    return _recorded(rewriting.stored(tenant, event_uuid), uuid)


def create(
    tenant: str, sub: str, event_uuid: str, asked: NewTicket, precondition: Precondition, key: str | None
) -> Recorded:
    """Add a ticket level to an event.

    Under an idempotency key of the caller `sub` its uuid derives from the request: one that is repeated after a crash
    finds its own level. Raises NotFound, Stale, Unprocessable naming every field that is refused, and Conflict for an
    event that is cancelled or that others never stop writing.
    """
    mark = _mark(tenant, sub, key, "create", event_uuid, canonical(asked))
    request = mark or hub_rules.new_uuid()
    uuid = hub_rules.derived_uuid(request, "ticket")

    def change(head: Item) -> Item | None:
        levels = heads.levels(head)
        if any(one["uuid"] == uuid for one in levels):
            return None
        now = _require_editable(head)
        precondition.require(head["version"])
        level = _settled(head, rules.blank(uuid, clock.rfc3339(now)), asked.ticket, request)
        return _changes(head, [*levels, level], now)

    return _recorded(_written(tenant, event_uuid, change, mark), uuid)


def update(
    tenant: str,
    sub: str,
    event_uuid: str,
    uuid: str,
    asked: TicketChange,
    precondition: Precondition,
    key: str | None,
) -> Recorded:
    """Change a ticket level; what is not given stays.

    Where nothing is left to change, it is done, whatever `If-Match` says. Raises as `create` does, and Conflict for a
    price that has sold and is left out.
    """
    mark = _mark(tenant, sub, key, "update", event_uuid, uuid, canonical(asked))
    request = mark or hub_rules.new_uuid()

    def change(head: Item) -> Item | None:
        levels = heads.levels(head)
        before = _level(levels, uuid)
        now = _require_editable(head)
        after = _settled(head, before, asked.ticket, request)
        if after == before:
            return None
        precondition.require(head["version"])
        return _changes(head, [after if one is before else one for one in levels], now)

    return _recorded(_written(tenant, event_uuid, change, mark), uuid)


def delete(tenant: str, sub: str, event_uuid: str, uuid: str, precondition: Precondition, key: str | None) -> None:
    """Take a ticket level out of its event.

    Raises NotFound, Stale, and Conflict where it has sold, where a session or another level names it, or for an event
    that is cancelled.
    """
    mark = _mark(tenant, sub, key, "delete", event_uuid, uuid)
    seen = False

    def change(head: Item) -> Item | None:
        nonlocal seen
        levels = heads.levels(head)
        # Gone since it was seen: what was wanted has come about, most likely by this very request.
        if seen and all(one["uuid"] != uuid.lower() for one in levels):
            return None
        level = _level(levels, uuid)
        seen = True
        now = _require_editable(head)
        precondition.require(head["version"])
        items = repository.sessions(tenant, head["uuid"]) if head["session_count"] else []
        rules.require_removable(levels, level, {one["uuid"]: session_rules.session(one) for one in items})
        return _changes(head, [one for one in levels if one is not level], now)

    _written(tenant, event_uuid, change, mark)


def _mark(tenant: str, sub: str, key: str | None, *request: str) -> str | None:
    return derived_id("req", tenant, sub, key, "ticket", *request) if key else None


def _written(tenant: str, event_uuid: str, change: Callable[[Item], Item | None], mark: str | None) -> Item:
    head = rewriting.rewritten(tenant, event_uuid, change, mark=mark)
    announcing.start(head)
    return head


def _require_editable(head: Item) -> datetime:
    """The present moment, at which the event can be edited. Raises Conflict."""
    now = clock.now()
    hub_rules.transition("edit", head["state"], heads.shown_state(head, now))
    return now


def _settled(head: Item, before: StoredLevel, asked: TicketAsked, request: str) -> StoredLevel:
    """The level with what is asked for, fit for its event.

    A new price has an id that derives from the `request`. Raises Unprocessable, and Conflict for a sold price.
    """
    content = heads.content(head)

    def new_uuid(place: int) -> str:
        return hub_rules.derived_uuid(request, "price", str(place))

    level, wrong = rules.settled(before, asked, content["currency"], content["timezone"], new_uuid)
    levels = [level if one["uuid"] == level["uuid"] else one for one in heads.levels(head)]
    wrong += rules.misfits(
        levels if level in levels else [*levels, level],
        level,
        capacity=content["settings"]["event_capacity"],
        session_known=_session_known(head, level["session_id"]),
        coupons={one["uuid"] for one in content["coupons"]},
    )
    refuse(wrong)
    return level


def _session_known(head: Item, session_id: str | None) -> bool:
    """Whether the session is the event's; the head's version guards that it stays so until the level is written."""
    return session_id is None or repository.session(head["tenant"], head["uuid"], session_id) is not None


def _changes(head: Item, levels: Sequence[StoredLevel], now: datetime) -> Item:
    changes = events.settled(head, {"levels": heads.packed(rules.ordered(levels))}, now)
    return announcing.with_announcement(head, changes)


def _recorded(head: Item, uuid: str) -> Recorded:
    return Recorded(_documents(head, [_level(heads.levels(head), uuid)])[0], head["version"])


def _level(levels: Sequence[StoredLevel], uuid: str) -> StoredLevel:
    found = next((one for one in levels if one["uuid"] == uuid.lower()), None)
    if found is None:
        raise NotFound("ticket.not_found", f"The event has no ticket level '{uuid}'.")
    return found


def _documents(head: Item, levels: Sequence[StoredLevel]) -> list[TicketLevel]:
    content = heads.content(head)
    course = rendering.course(head, Calendar(head, heads.rule(head), content["timezone"]))
    return [rendering.level(one, content["currency"], course) for one in levels]
