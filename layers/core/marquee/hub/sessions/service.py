"""Use cases of sessions, the parts of an event's programme."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from marquee import clock
from marquee.errors import Conflict, NotFound, Unprocessable
from marquee.hub import heads, repository, rewriting, room
from marquee.hub import rules as hub_rules
from marquee.hub.images import service as images
from marquee.hub.models import MOST_SESSIONS, Item
from marquee.hub.refusing import refuse
from marquee.hub.repository import Whole
from marquee.hub.session_documents import SessionDocument
from marquee.hub.sessions import asking, documents, items, rules
from marquee.hub.sessions.models import NewSession, SessionChange, SessionList, SessionsQuery
from marquee.ids import derived_id
from marquee.preconditions import Precondition


class Recorded(NamedTuple):
    """A session as it is sent, and the versions of it and of its event, which the document shows too."""

    document: SessionDocument
    version: int
    event_version: int


def create(tenant: str, sub: str, event_uuid: str, asked: NewSession, key: str | None) -> Recorded:
    """Add a session to an event.

    Under an idempotency key of the caller `sub` its id derives from the request: one that is repeated after a crash
    finds its own session. Raises NotFound, Unprocessable naming every field, and Conflict for an event that cannot be
    edited, or where another session is at the same time.
    """
    uuid = hub_rules.new_uuid()
    if key:
        uuid = hub_rules.derived_uuid(tenant, sub, key, "session", event_uuid, asked.model_dump_json())
    images_checked: dict[str, str] = {}
    for whole, now in _attempts(tenant, event_uuid):
        head = whole.head
        if mine := _find(whole, uuid):
            return _recorded(head, mine)
        _require_editable(head, now)
        if head["session_count"] >= MOST_SESSIONS:
            raise Unprocessable("session.too_many", f"An event has at most {MOST_SESSIONS} sessions.")
        frame = rules.frame(head)
        session, violations = asking.created(frame, asked, now)
        refuse(violations)
        rules.require_room(frame, session, whole.sessions)
        session["image"] = _image(tenant, session["image"], None, images_checked)
        at = clock.rfc3339(now)
        item = items.new_item(head["pk"], uuid, session, head["version"], at)
        changes = {"session_count": head["session_count"] + 1, "updated_at": at}
        room.require({**head, **changes}, [*whole.sessions, item])
        try:
            return _recorded(repository.save(head, changes, put=[item]), item)
        except repository.VersionMoved:
            continue
    raise rewriting.contended()


def read(tenant: str, event_uuid: str, uuid: str) -> Recorded:
    """One session of the tenant's event. Raises NotFound."""
    head = rewriting.stored(tenant, event_uuid)
    item = repository.session(tenant, event_uuid, uuid) if hub_rules.is_uuid(uuid) else None
    if item is None:
        raise _not_found(uuid)
    return _recorded(head, item)


def listed(tenant: str, event_uuid: str, query: SessionsQuery) -> SessionList:
    """The page of an event's sessions that the query asks for. Raises NotFound, and Malformed for no occurrence."""
    whole = _whole(tenant, event_uuid)
    now = clock.now()
    return documents.listed(rules.frame(whole.head), heads.shown_state(whole.head, now), whole.sessions, query, now)


def change(
    tenant: str,
    sub: str,
    event_uuid: str,
    uuid: str,
    asked: SessionChange,
    precondition: Precondition,
    key: str | None,
) -> Recorded:
    """Change a session.

    A request repeated under its key is answered without being made again. Where nothing is left to change, it is done,
    whatever `If-Match` says: a request repeated after its answer was lost meets the version that it has itself written
    (RFC 9110, 13.1.1). Raises as `create` does, and Stale.
    """
    mark = _mark(tenant, sub, key, "change", uuid, asked.model_dump_json(exclude_unset=True))
    images_checked: dict[str, str] = {}
    for whole, now in _attempts(tenant, event_uuid):
        item = _session(whole, uuid)
        if rewriting.is_marked(whole.head, mark):
            return _recorded(whole.head, item)
        _require_editable(whole.head, now)
        frame, before = rules.frame(whole.head), rules.session(item)
        after, violations = asking.changed(frame, asked, before, now)
        if not violations:
            after["image"] = _image(tenant, after["image"], before["image"], images_checked)
        if not violations and after == before:
            return _recorded(whole.head, item)
        precondition.require(item["version"])
        refuse(violations)
        rules.require_room(frame, after, (one for one in whole.sessions if one is not item))
        written = items.changed_item(item, after, clock.rfc3339(now))
        room.require(whole.head, [written if one is item else one for one in whole.sessions])
        try:
            changes = {"updated_at": written["updated_at"], **rewriting.marked(whole.head, mark)}
            head = repository.save(whole.head, changes, put=[written])
        except repository.VersionMoved:
            continue
        return _recorded(head, written)
    raise rewriting.contended()


def delete(tenant: str, sub: str, event_uuid: str, uuid: str, precondition: Precondition, key: str | None) -> None:
    """Take a session out of its event; a request repeated under its key finds that done.

    Raises NotFound, Stale, and Conflict where tickets were sold for it, where ticket levels are for it alone, or for an
    event that cannot be edited.
    """
    # Without a key, the mark of this very call.
    mark = _mark(tenant, sub, key, "delete", uuid) or hub_rules.new_uuid()
    for whole, now in _attempts(tenant, event_uuid):
        head = whole.head
        if rewriting.is_marked(head, mark):
            return
        item = _session(whole, uuid)
        _require_editable(head, now)
        precondition.require(item["version"])
        _require_unused(head, item)
        changes = {
            "session_count": head["session_count"] - 1,
            "updated_at": clock.rfc3339(now),
            **rewriting.marked(head, mark),
        }
        try:
            repository.save(head, changes, delete=[item["sk"]])
        except repository.VersionMoved:
            continue
        return
    raise rewriting.contended()


def _attempts(tenant: str, event_uuid: str) -> Iterator[tuple[Whole, datetime]]:
    """The event with its sessions, read anew for each attempt, and the moment; pauses grow and are random."""
    for _ in rewriting.attempts():
        yield _whole(tenant, event_uuid), clock.now()


def _mark(tenant: str, sub: str, key: str | None, *asked: str) -> str | None:
    return derived_id("req", tenant, sub, key, *asked) if key else None


def _whole(tenant: str, event_uuid: str) -> Whole:
    found = repository.whole(tenant, event_uuid) if hub_rules.is_uuid(event_uuid) else None
    if found is None:
        raise rewriting.not_found(event_uuid)
    return found


def _find(whole: Whole, uuid: str) -> Item | None:
    return next((item for item in whole.sessions if item["uuid"] == uuid), None)


def _session(whole: Whole, uuid: str) -> Item:
    found = _find(whole, uuid)
    if found is None:
        raise _not_found(uuid)
    return found


def _recorded(head: Item, item: Item) -> Recorded:
    return Recorded(documents.document(rules.frame(head), item), item["version"], head["version"])


def _require_editable(head: Item, now: datetime) -> None:
    hub_rules.transition("edit", head["state"], heads.shown_state(head, now))


def _require_unused(head: Item, item: Item) -> None:
    session = rules.session(item)
    if number := rules.sold(session):
        raise Conflict(
            "session.sold",
            f"The session '{session['name']}' cannot be deleted: {number} tickets are sold. It can be made inactive.",
        )
    names = [level["name"] for level in heads.levels(head) if level["session_id"] == item["uuid"]]
    if names:
        raise Conflict(
            "session.has_levels",
            f"The session '{session['name']}' cannot be deleted: ticket levels are for it alone: {', '.join(names)}.",
        )


def _image(tenant: str, image: str | None, before: str | None, checked: dict[str, str]) -> str | None:
    """The image as it is stored; looked at once in a request, and not at all where it is the session's already."""
    if image is None or image == before:
        return image
    if image not in checked:
        checked[image] = images.checked(tenant, image, "sessions.image", [before] if before else [])
    return checked[image]


def _not_found(uuid: str) -> NotFound:
    return NotFound("session.not_found", f"The event has no session '{uuid}'.")
