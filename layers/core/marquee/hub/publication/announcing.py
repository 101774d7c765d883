"""Changes of a published event that the Registry and Main have to hear of."""

from marquee import clock
from marquee.hub import heads, recurrence
from marquee.hub import rules as hub_rules
from marquee.hub.models import Item
from marquee.hub.publication import main_metadata, rules, starting
from marquee.observability import logger


def with_announcement(before: Item, changes: Item) -> Item:
    """The changes, and the publication that brings them to the other hosts where these hold anything of them.

    What Main shows of an occurrence, or which there are, has to change for that, or a change from before has not
    arrived. An occurrence that goes is remembered, published or not: Main may have it.
    """
    if "publication" not in before or before["state"] == "cancelled":
        return changes
    after = {**before, **changes}
    dropped = rules.dropped_after(before, after)
    if dropped != rules.dropped(before):
        changes = {**changes, "dropped": heads.packed(recurrence.packed(dropped))}
    if before["state"] != "published" or not (_lost(before) or _shown(before) != _shown(after)):
        return changes
    return {**changes, **rules.begun(before, "update", hub_rules.new_uuid(), clock.now())}


def _lost(head: Item) -> bool:
    publication = head["publication"]
    return bool(publication["phase"] == "failed" and publication["kind"] == "update")


def _shown(head: Item) -> dict[int, object]:
    return {one.key: meta for one, meta in main_metadata.described(head, heads.occurrences(head))}


def start(head: Item) -> None:
    """Start the workflow of the event's publication where that is not over; started already, it is that one.

    One that cannot be started now is started by the reconciler: what led to it is done.
    """
    publication = head.get("publication")
    if publication is None or publication["phase"] != "running":
        return
    try:
        starting.begin(head)
    except Exception:  # noqa: BLE001 - the mark of it stays, and the reconciler looks for marks
        logger().exception("publication_not_started", extra={"tenant": head["tenant"], "event_uuid": head["uuid"]})
