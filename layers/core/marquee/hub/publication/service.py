"""Use cases of publishing, unpublishing and cancelling an event, and of watching how far the other hosts are."""

from collections import Counter
from collections.abc import Iterator

from marquee import clock
from marquee.errors import NotFound
from marquee.hub import heads, rewriting
from marquee.hub import rules as hub_rules
from marquee.hub.listing import placing
from marquee.hub.models import Item
from marquee.hub.publication import main_metadata, rules, starting
from marquee.hub.publication.models import MACHINES, Accepted, Asked, Kind, Order, PublicationDocument
from marquee.plans import Plan, PlannedChange
from marquee.preconditions import Precondition

_ANY = Precondition()
_PLANNED_IN_FULL = 40
"""Occurrences that a plan spells out; of the others it says how many."""
_ANSWERS: dict[Asked, tuple[int, str]] = {
    "publish": (201, "Event has been published successfully"),
    "unpublish": (201, "Event has been unpublished successfully"),
    "cancel": (200, "Event has been cancelled successfully."),
}


def change(
    tenant: str, sub: str, uuid: str, kind: Asked, key: str | None, precondition: Precondition = _ANY
) -> Accepted:
    """Publish, unpublish or cancel the event, and start what brings that to the Registry and Main.

    The event itself is changed when this returns. Repeated under its key it is the same publication, started if that
    was lost. Raises NotFound, Stale, Conflict where the state does not allow it, naming what is possible, and
    Unprocessable with all that an event lacks to be published.
    """
    request = (tenant, sub, key, uuid.lower(), kind) if key else None
    publication_id = hub_rules.derived_uuid(*request) if request else hub_rules.new_uuid()

    def begin(head: Item) -> Item:
        return rules.requested(head, kind, publication_id, clock.now())

    head = rewriting.rewritten(tenant, uuid, begin, precondition, mark=publication_id if key else None)
    status, told = _ANSWERS[kind]
    return {"statusCode": status, "result": told, "execution": _execution(head, kind, publication_id)}


def _execution(head: Item, kind: Kind, publication_id: str) -> str | None:
    publication = head.get("publication")
    if publication is None:
        return None
    if publication["id"] == publication_id and publication["phase"] == "running":
        return starting.begin(head)
    order: Order = {"tenant": head["tenant"], "event_uuid": head["uuid"], "publication_id": publication_id}
    return starting.public_id(kind, order)


def plan(tenant: str, uuid: str, kind: Asked, precondition: Precondition = _ANY) -> Plan:
    """What the change would do on all hosts. Raises as `change` does.

    The first forty occurrences are spelt out; one line a host says how many there are.
    """
    head = rewriting.stored(tenant, uuid)
    precondition.require(head["version"])
    changes = rules.requested(head, kind, hub_rules.new_uuid(), clock.now())
    after = placing.placed({**head, **changes})
    planned = [PlannedChange(host="Hub", id=head["uuid"], field="status", before=head["state"], after=after["state"])]
    if "publication" in after:
        planned += _planned(after)
    return Plan(workflow=MACHINES[kind] if "publication" in after else None, changes=planned)


def _planned(after: Item) -> Iterator[PlannedChange]:
    from marquee.hub.publication.standing import standings  # noqa: PLC0415 - few ask what other hosts hold

    found = standings(after)
    described = {
        hub_rules.main_event_id(after["tenant"], after["uuid"], one.key): meta
        for one, meta in main_metadata.described(after, heads.occurrences(after))
    }
    published = after["state"] == "published"
    outcome: Counter[str] = Counter()
    for place, one in enumerate(found):
        eid, status = one["main_event_id"], "active" if one["main"] == "kept" else one["main"]
        wish = rules.wanted(after, removed=eid not in described)
        stays = one["main"] == "kept" and one["reason"] in rules.LASTING
        becomes = status if stays or (status == "absent" and wish != "active") else wish
        outcome[becomes] += 1
        if place >= _PLANNED_IN_FULL:
            continue
        if published and one["registry"] == "absent" and eid in described:
            yield PlannedChange(host="Registry", id=eid, field="event", before=None, after=described[eid])
        if not published and wish == "cancelled" and one["registry"] == "registered" and not stays:
            yield PlannedChange(host="Registry", id=eid, field="fe_status", before=None, after="CANCELLED")
        if becomes != status:
            yield PlannedChange(host="Main", id=eid, field="status", before=status, after=becomes)
    before = Counter("active" if one["main"] == "kept" else one["main"] for one in found)
    yield PlannedChange(host="Main", id=after["uuid"], field="occurrences", before=dict(before), after=dict(outcome))


def read(tenant: str, uuid: str) -> PublicationDocument:
    """The event's last publication, and each occurrence as the other hosts have it now.

    Raises NotFound, also where the event was never published.
    """
    from marquee.hub.publication.standing import counted, standings  # noqa: PLC0415 - few ask what other hosts hold

    head = rewriting.stored(tenant, uuid)
    publication = head.get("publication")
    if publication is None:
        raise NotFound("publication.not_found", "The event has never been published.")
    order: Order = {"tenant": tenant, "event_uuid": head["uuid"], "publication_id": publication["id"]}
    found = standings(head)
    return {
        "id": publication["id"],
        "kind": publication["kind"],
        "sequence": publication["sequence"],
        "phase": publication["phase"],
        "at": publication["at"],
        "execution": starting.public_id(publication["kind"], order),
        "failure": publication.get("failure"),
        "occurrences": found,
        "counts": counted(found),
        "report": publication.get("report"),
    }
