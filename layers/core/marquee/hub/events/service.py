"""Use cases of the Hub's events: creating, reading, changing and deleting them.

`rewritten` is how every room changes an event: read, decide, write under the version that was read, and once more
where somebody else was quicker.
"""

import random
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from marquee import clock, keys
from marquee.errors import Conflict, NotFound, Unprocessable, Violation
from marquee.hub import heads, recurrence, repository, rules
from marquee.hub.event_documents import EventDocument
from marquee.hub.events import content, rendering, schedule
from marquee.hub.events.models import EventAsked, NewEvent, canonical
from marquee.hub.images import service as images
from marquee.hub.models import Content, Head, Item
from marquee.hub.organisations import service as organisations
from marquee.hub.publication import rules as publication
from marquee.hub.sessions import documents as session_documents
from marquee.hub.sessions import rules as session_rules
from marquee.ids import derived_id
from marquee.preconditions import Precondition

ANY = Precondition()
_ATTEMPTS = 20
_MOST_BYTES = 350_000
_MOST_REMEMBERED = 20


class Rewrite(NamedTuple):
    """What a change of an event writes: changes of its head, session items to put, sort keys of those to delete."""

    changes: Item
    put: Sequence[Item] = ()
    delete: Sequence[str] = ()


def create(tenant: str, sub: str, asked: NewEvent, key: str | None) -> EventDocument:
    """Create an event, as draft or ready.

    Under an idempotency key of the caller `sub` its uuid derives from the request: one that is repeated after a crash
    finds its own event. Raises Unprocessable naming everything that is refused.
    """
    request = (tenant, sub, key, "create", canonical(asked)) if key else None
    uuid = rules.derived_uuid(*request) if request else rules.new_uuid()
    mark = derived_id("req", *request) if request else None
    found = repository.head(tenant, uuid) if mark else None
    if found is None:
        found = _new(tenant, uuid, asked.event, mark, clock.now())
        if not repository.create(found):
            found = stored(tenant, uuid)
    if asked.event.is_update_org_settings:
        organisations.set_defaults(tenant, content.defaults_of(heads.content(found)))
    return shown(found)


def stored(tenant: str, uuid: str) -> Item:
    """The event's item. Raises NotFound."""
    found = repository.head(tenant, uuid.lower())
    if found is None:
        raise not_found(uuid)
    return found


def read(tenant: str, uuid: str) -> EventDocument:
    """The event with all its occurrences and sessions. Raises NotFound."""
    return shown(stored(tenant, uuid))


def shown(head: Item) -> EventDocument:
    """The event as its organisation sees it, with all its occurrences and sessions."""
    items = repository.sessions(head["tenant"], head["uuid"]) if head["session_count"] else []
    frame = session_rules.frame(head) if items else None
    sessions = [session_documents.document(frame, one) for one in session_documents.in_order(items)] if frame else []
    return rendering.document(head, sessions, clock.now(), own=True, full=True)


def rewritten(
    tenant: str,
    uuid: str,
    change: Callable[[Item], Rewrite | Item | None],
    precondition: Precondition = ANY,
    mark: str | None = None,
) -> Item:
    """Write what `change` makes of the event's head, anew until nobody else wrote meanwhile; gives the head then.

    None from `change` means that nothing is to change. A request whose `mark` the head bears was made already. Raises
    NotFound, Stale, Conflict where others never stop writing, and whatever `change` raises.
    """
    for attempt in range(_ATTEMPTS):
        head = stored(tenant, uuid)
        if mark and mark in head.get("marks", ()):
            return head
        precondition.require(head["version"])
        wanted = change(head)
        if wanted is None:
            return head
        rewrite = wanted if isinstance(wanted, Rewrite) else Rewrite(wanted)
        changes = dict(rewrite.changes)
        if mark:
            changes["marks"] = [*head.get("marks", ()), mark][-_MOST_REMEMBERED:]
        require_room({**head, **changes})
        try:
            return repository.save(head, changes, put=rewrite.put, delete=rewrite.delete)
        except repository.VersionMoved:
            time.sleep(random.uniform(0, min(0.01 * 2**attempt, 0.2)))  # noqa: S311 - full jitter, no secret
    raise Conflict("event.contended", "The event is being changed by others. Try again.")


def not_found(uuid: str) -> NotFound:
    """There is no such event, or it is another organisation's."""
    return NotFound("event.not_found", f"There is no event '{uuid}'.")


def _new(tenant: str, uuid: str, asked: EventAsked, mark: str | None, now: datetime) -> Item:
    profile = organisations.profile(tenant)
    wrong: list[Violation] = []
    made = content.created(uuid, asked, profile.defaults, wrong)
    rule = schedule.ruled(asked.occurrence, None, made["timezone"], wrong)
    starts = schedule.starts(rule, made["timezone"], None, now, wrong)
    _refuse(wrong)
    _check_images(tenant, made, ())
    at = clock.rfc3339(now)
    head: Head = {
        "pk": keys.event(tenant, uuid),
        "sk": "EVENT",
        "tenant": tenant,
        "uuid": uuid,
        "version": 1,
        "state": "draft",
        "sequence": 0,
        "doc": heads.packed(made),
        "rule": heads.packed(rule),
        "runs": heads.packed(recurrence.packed(recurrence.kept([], starts))),
        "levels": "[]",
        "org": heads.packed(profile.snapshot),
        "session_count": 0,
        "created_at": at,
        "updated_at": at,
        "state_at": at,
        "published_at": None,
        "origin": mark,
    }
    item: Item = dict(head)
    item["state"] = rules.settled("draft", publication.prerequisites(item, now))
    require_room(item)
    return item


def _refuse(wrong: Sequence[Violation]) -> None:
    """Raise Unprocessable where anything is wrong, naming all of it."""
    if wrong:
        more = f" And {len(wrong) - 1} more." if len(wrong) > 1 else ""
        raise Unprocessable(wrong[0].code, wrong[0].message + more, violations=wrong)


def _check_images(tenant: str, made: Content, known: Sequence[str]) -> None:
    """Look at the images that are new, and write each as it is sent. Raises Unprocessable."""
    pictures = {f"event.banner.{place}.image": one for place, one in enumerate(made["banner"])}
    if made["thumbnail"]:
        pictures["event.thumbnail.image"] = made["thumbnail"]
    checked = images.checked_many(tenant, {field: one["image"] for field, one in pictures.items()}, known)
    for field, one in pictures.items():
        one["image"] = checked[field]


def require_room(item: Item) -> None:
    """Raise Unprocessable for an event that is too large to be stored."""
    size = sum(len(value.encode()) for value in item.values() if isinstance(value, str))
    if size > _MOST_BYTES:
        message = f"The event takes {size} bytes; {_MOST_BYTES} are the most."
        raise Unprocessable("event.too_large", message, violations=[Violation("event.too_large", "event", message)])
