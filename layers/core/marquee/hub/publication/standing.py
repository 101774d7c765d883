"""How an event's occurrences stand at the Registry and on Main, as both hosts have them now."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from marquee.events import hub_service as main
from marquee.hub import heads, wall_time
from marquee.hub import rules as hub_rules
from marquee.hub.models import Occurrence
from marquee.hub.publication import rules
from marquee.hub.publication.models import Counts, OccurrenceStanding, OnRegistry
from marquee.registry import hub_service as registry
from marquee.sales import presence_service as sales


def standings(head: Mapping[str, Any]) -> list[OccurrenceStanding]:
    """Every occurrence, and every removed one that Main has not archived, where the other hosts have it."""
    present, removed = heads.occurrences(head), rules.dropped(head)
    tenant, uuid = head["tenant"], head["uuid"]
    ids = {one.key: hub_rules.main_event_id(tenant, uuid, one.key) for one in (*present, *removed)}
    registered = registry.frontend_statuses(tenant, ids.values())
    held = main.held(tenant, ids.values())
    over = rules.over(head, [*present, *removed])

    def wish(*, gone: bool) -> str:
        return rules.wanted(head, removed=gone)

    listed = [(one, wish(gone=False)) for one in present] + [(one, wish(gone=True)) for one in removed]
    unwanted = [ids[one.key] for one, wished in listed if wished == "archived" and _is_active(held.get(ids[one.key]))]
    sold = sales.with_sales(tenant, unwanted) if unwanted else set()
    found: list[OccurrenceStanding] = []
    for one, wished in listed:
        eid = ids[one.key]
        status = held[eid]["status"] if eid in held else None
        why = rules.reason(status, wished, head["publication"]["phase"], is_over=one.key in over, has_sales=eid in sold)
        found.append(
            {
                "uuid": hub_rules.occurrence_uuid(uuid, one.key),
                "start_on": wall_time.written(wall_time.wall(one.start)),
                "main_event_id": eid,
                "registry": _on_registry(registered, eid),
                "main": rules.standing(status, wished),
                "reason": why,
            }
        )
    return found


def _is_active(item: Mapping[str, Any] | None) -> bool:
    return item is not None and item["status"] == "active"


def _on_registry(registered: Mapping[str, str | None], eid: str) -> OnRegistry:
    if eid not in registered:
        return "absent"
    return "cancelled" if registered[eid] == "CANCELLED" else "registered"


def counted(found: Sequence[OccurrenceStanding]) -> Counts:
    """How many occurrences stand how."""
    return {
        "registry": dict(Counter(one["registry"] for one in found)),
        "main": dict(Counter(one["main"] for one in found)),
    }


def still_there(head: Mapping[str, Any], found: Sequence[OccurrenceStanding]) -> list[Occurrence]:
    """The removed occurrences that Main keeps."""
    kept = {one["uuid"] for one in found if one["main"] == "kept"}
    return [one for one in rules.dropped(head) if hub_rules.occurrence_uuid(head["uuid"], one.key) in kept]
