"""Use cases of the Hub's events: creating, reading, changing and deleting them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from marquee import clock, keys
from marquee.errors import Conflict, Violation
from marquee.hub import heads, recurrence, repository, rewriting, room, rules
from marquee.hub.event_documents import EventDocument
from marquee.hub.events import changing, content, rendering, schedule
from marquee.hub.events.models import EventAsked, EventChange, NewEvent, canonical
from marquee.hub.images import service as images
from marquee.hub.models import Content, Head, Item
from marquee.hub.organisations import service as organisations
from marquee.hub.publication import announcing
from marquee.hub.publication import rules as publication
from marquee.hub.refusing import refuse
from marquee.hub.sessions import documents as session_documents
from marquee.hub.sessions import rules as session_rules
from marquee.ids import derived_id
from marquee.preconditions import Precondition


def create(tenant: str, sub: str, asked: NewEvent, key: str | None) -> EventDocument:
    """Create an event, as draft or ready.

    Under an idempotency key of the caller `sub` its uuid derives from the request: one that is repeated after a crash
    finds its own event. Raises Unprocessable naming everything that is refused.
    """
    request = (tenant, sub, key, "create", canonical(asked)) if key else None
    uuid = rules.derived_uuid(*request) if request else rules.new_uuid()
    found = repository.head(tenant, uuid) if request else None
    if found is None:
        found = _new(tenant, uuid, asked.event, clock.now())
        if not repository.create(found):
            found = rewriting.stored(tenant, uuid)
    if asked.event.is_update_org_settings:
        organisations.set_defaults(tenant, content.defaults_of(heads.content(found)))
    return shown(found)


def read(tenant: str, uuid: str) -> EventDocument:
    """The event with all its occurrences and sessions. Raises NotFound."""
    return shown(rewriting.stored(tenant, uuid))


def shown(head: Item) -> EventDocument:
    """The event as its organisation sees it, with all its occurrences and sessions, as they are at one moment.

    Raises NotFound where it is deleted meanwhile, and Conflict where others never stop writing.
    """
    whole = rewriting.at_one_moment(head)
    return rendered(whole.head, whole.sessions)


def rendered(head: Item, items: Sequence[Item]) -> EventDocument:
    """The event with these sessions, stored or about to be, as its organisation sees it."""
    frame = session_rules.frame(head) if items else None
    sessions = [session_documents.document(frame, one) for one in session_documents.in_order(items)] if frame else []
    return rendering.document(head, sessions, clock.now(), own=True, full=True)


def update(
    tenant: str, sub: str, uuid: str, asked: EventChange, precondition: Precondition, key: str | None
) -> EventDocument:
    """Change what is given of an event; the rest stays. Occurrences that stay, or are moved, keep their ids.

    A change repeated under its key of the caller `sub` is not made again; one that changes nothing writes nothing.
    Raises NotFound, Stale, Conflict for a cancelled event, and Unprocessable naming everything that is refused, also
    the sessions and ticket levels that would no longer fit.
    """
    mark = derived_id("req", tenant, sub, key, "update", uuid.lower(), canonical(asked)) if key else None
    looked_at: set[str] = set()

    def change(head: Item) -> Item | None:
        rules.transition("edit", head["state"])
        now = clock.now()
        wrong: list[Violation] = []
        changes = changing.planned(head, asked.event, now, wrong)
        if not wrong and changing.touches_sessions(head, changes):
            wrong += session_rules.still_fits({**head, **changes}, repository.sessions(tenant, head["uuid"]))
        wrong += _lost(head, changes, now)
        refuse(wrong)
        if not changes:
            return None
        if "doc" in changes:
            made = heads.content(changes)
            looked_at.update(one["image"] for one in _pictures(heads.content(head)).values())
            looked_at.update(_check_images(tenant, made, looked_at))
            changes["doc"] = heads.packed(made)
        changes["org"] = heads.packed(organisations.snapshot(tenant))
        return announcing.with_announcement(head, settled(head, changes, now))

    head = rewriting.rewritten(tenant, uuid, change, precondition, mark)
    announcing.start(head)
    if asked.event.is_update_org_settings:
        organisations.set_defaults(tenant, content.defaults_of(heads.content(head)))
    return shown(head)


def _lost(head: Item, changes: Item, now: datetime) -> list[Violation]:
    """What a published event must not lose: what it could not have been published without."""
    if head["state"] != "published":
        return []
    lacks = publication.prerequisites({**head, **changes}, now)
    # It may end early, so that nothing of it is left in the future.
    return [one for one in lacks if one.code != "event.no_future_occurrence"]


def settled(head: Item, changes: Item, now: datetime) -> Item:
    """The changes of an edit with what follows from every edit: the time of it, and draft or ready."""
    at = clock.rfc3339(now)
    after = {**changes, "updated_at": at}
    state = rules.settled(head["state"], publication.prerequisites({**head, **changes}, now))
    return after if state == head["state"] else {**after, "state": state, "state_at": at}


def delete(tenant: str, uuid: str, precondition: Precondition) -> None:
    """Delete an event with all that is below it. Raises NotFound, Stale, and Conflict for a published event.

    What a deletion left that was cut short is deleted by the next one, which finds no event any more.
    """
    uuid = uuid.lower()
    for _ in rewriting.attempts():
        head = repository.head(tenant, uuid) if rules.is_uuid(uuid) else None
        if head is None:
            if rules.is_uuid(uuid):
                repository.forget(tenant, uuid)
            raise rewriting.not_found(uuid)
        precondition.require(head["version"])
        rules.transition("delete", head["state"], heads.shown_state(head, clock.now()))
        if head.get("publication", {}).get("phase") == "running":
            raise Conflict("event.publication_running", "The other hosts are being told of the event. Try again then.")
        try:
            repository.remove(head)
        except repository.VersionMoved:
            continue
        repository.forget(tenant, uuid)
        return
    raise rewriting.contended()


def _new(tenant: str, uuid: str, asked: EventAsked, now: datetime) -> Item:
    profile = organisations.profile(tenant)
    wrong: list[Violation] = []
    made = content.created(uuid, asked, profile.defaults, wrong)
    rule = schedule.ruled(asked.occurrence, None, made["timezone"], wrong)
    starts = schedule.starts(rule, made["timezone"], now, wrong)
    refuse(wrong)
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
    }
    item: Item = dict(head)
    item["state"] = rules.settled("draft", publication.prerequisites(item, now))
    room.require(item)
    return item


def _pictures(made: Content) -> dict[str, dict[str, Any]]:
    """The event's pictures by the field that names each."""
    found = {f"event.banner.{place}.image": one for place, one in enumerate(made["banner"])}
    return found | ({"event.thumbnail.image": made["thumbnail"]} if made["thumbnail"] else {})


def _check_images(tenant: str, made: Content, known: Collection[str]) -> Collection[str]:
    """Look at the images that are new, and write each as it is sent; gives all of them. Raises Unprocessable."""
    pictures = _pictures(made)
    checked = images.checked_many(tenant, {field: one["image"] for field, one in pictures.items()}, known)
    for field, one in pictures.items():
        one["image"] = checked[field]
    return checked.values()
