"""How an event of the Hub is changed: read, decide, write under the version that was read.

Where somebody else was quicker, all of it is done once more.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from marquee.errors import Conflict, NotFound
from marquee.hub import repository, room, rules
from marquee.hub.models import Item
from marquee.hub.repository import Whole
from marquee.preconditions import Precondition

_ANY = Precondition()
_ATTEMPTS = 20
_MOST_REMEMBERED = 20


class Rewrite(NamedTuple):
    """What a change of an event writes: changes of its head, session items to put, sort keys of those to delete."""

    changes: Item
    put: Sequence[Item] = ()
    delete: Sequence[str] = ()


def stored(tenant: str, uuid: str) -> Item:
    """The event's item. Raises NotFound."""
    found = repository.head(tenant, uuid.lower()) if rules.is_uuid(uuid) else None
    if found is None:
        raise not_found(uuid)
    return found


def at_one_moment(head: Item) -> Whole:
    """The event and its sessions: read in two calls, they belong together if it is the same version after them.

    Raises NotFound where the event is deleted meanwhile, and Conflict where others never stop writing.
    """
    for _ in attempts():
        if not head["session_count"]:
            return Whole(head, [])
        sessions = repository.sessions(head["tenant"], head["uuid"])
        again = stored(head["tenant"], head["uuid"])
        if again["version"] == head["version"]:
            return Whole(head, sessions)
        head = again
    raise contended()


def rewritten(
    tenant: str,
    uuid: str,
    change: Callable[[Item], Rewrite | Item | None],
    precondition: Precondition = _ANY,
    mark: str | None = None,
) -> Item:
    """Write what `change` makes of the event's head, anew until nobody else wrote meanwhile; gives the head then.

    None from `change` means that nothing is to change. A request whose `mark` the head bears was made already. Raises
    NotFound, Stale, Conflict where others never stop writing, and whatever `change` raises.
    """
    for _ in attempts():
        head = stored(tenant, uuid)
        if is_marked(head, mark):
            return head
        precondition.require(head["version"])
        wanted = change(head)
        if wanted is None:
            return head
        rewrite = wanted if isinstance(wanted, Rewrite) else Rewrite(wanted)
        changes = {**rewrite.changes, **marked(head, mark)}
        room.require({**head, **changes})
        try:
            return repository.save(head, changes, put=rewrite.put, delete=rewrite.delete)
        except repository.VersionMoved:
            continue
    raise contended()


def attempts() -> Iterator[int]:
    """The numbers of so many attempts as are made before giving up, with a pause before each but the first."""
    for attempt in range(_ATTEMPTS):
        if attempt:
            time.sleep(random.uniform(0, min(0.01 * 2**attempt, 0.3)))  # noqa: S311 - full jitter, no secret
        yield attempt


def is_marked(head: Item, mark: str | None) -> bool:
    """Whether the request of this mark has changed the event already."""
    return mark is not None and mark in head.get("marks", ())


def marked(head: Item, mark: str | None) -> Item:
    """The event's marks of recent requests with this one."""
    return {"marks": [*head.get("marks", ()), mark][-_MOST_REMEMBERED:]} if mark else {}


def contended() -> Conflict:
    """Others never stopped writing."""
    return Conflict("event.contended", "The event is being changed by others. Try again.")


def not_found(uuid: str) -> NotFound:
    """There is no such event, or it is another organisation's."""
    return NotFound("event.not_found", f"There is no event '{uuid}'.")
