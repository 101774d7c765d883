"""Events with a bit of everything for tests of duplicates, and what their copies must be."""

import random
from collections.abc import Iterator
from typing import Any, NamedTuple

from marquee.hub import heads, recurrence, rules
from marquee.hub.models import Item, Occurrence
from marquee.hub.repository import Whole
from marquee.hub.sessions import items
from tests.support import hub_listing, hub_tickets
from tests.support.hub_sessions import stored
from tests.support.hub_tickets import uuid_of

ORIGINAL = uuid_of("original")

NEW = {
    "uuid",
    "slug",
    "store_url",
    "created_on",
    "updated_on",
    "publising.updated_on",
    "publishing.updated_on",
    "event_occurrence.*.uuid",
    "event_occurrence.*.main_event_id",
    "event_occurrence.*.timeslots.*.uuid",
    "event_occurrence.*.sessions.*",
    "event_occurrence.*.tickets.*",
    "coupons.*.uuid",
    "invitations.*.uuid",
    "tickets.levels.*.uuid",
    "tickets.levels.*.session_id",
    "tickets.levels.*.parent_id",
    "tickets.levels.*.coupons.*",
    "tickets.levels.*.pricing_details.*.uuid",
    "tickets.levels.*.created_on.utc",
    "tickets.levels.*.created_on.local",
    "sessions.session_lists.*.uuid",
    "sessions.session_lists.*.created_on",
    "sessions.session_lists.*.updated_on",
    "sessions.session_lists.*.occurrences.uuid.*",
    "sessions.session_lists.*.tickets.*.uuid",
    "sessions.session_lists.*.tickets.*.pricing_details.*.uuid",
}
"""Paths of the document at which a duplicate says something else than the original, unless both say nothing."""

RESET: dict[str, Any] = {
    "status": "ready",
    "version": 1,
    "extended_status": [{"name": "PUBLISHING", "value": "READY_TO_PUBLISH"}],
    "publising.state": "READY_TO_PUBLISH",
    "publising.published_on": {"utc": None, "local": None},
    "publishing.state": "READY_TO_PUBLISH",
    "publishing.published_on": {"utc": None, "local": None},
    "coupons.*.total_used": 0,
    "metrics.*.value": 0,
    "tickets.levels.*.quantity_sold": 0,
    "tickets.levels.*.pricing_details.*.quantity_sold": 0,
    "sessions.session_lists.*.tickets.*.quantity_sold": 0,
    "sessions.session_lists.*.tickets.*.pricing_details.*.quantity_sold": 0,
    **{f"interactions.{name}": [] for name in ("saves", "shares", "attendees", "reviews", "waiting_list", "join_url")},
}
"""What a duplicate says at a path, whatever the original says."""

# Booking from the moment of creation on is from the duplicate's; that of a cancelled event was ended by its end.
_OF_ITS_MAKING = {"settings.booking_starts_on.utc", "settings.booking_starts_on.local"}
_OF_A_CANCELLATION = "settings.booking_ends_on"


class Difference(NamedTuple):
    """Where the documents of an original and its duplicate say what they must not."""

    path: str
    original: Any
    copy: Any


def differences(original: dict[str, Any], copy: dict[str, Any]) -> tuple[list[Difference], set[str]]:
    """What is wrong with a duplicate, by its document; and the paths of `NEW` and `RESET` that were looked at.

    Whatever is at other paths must be equal. What is new must be new consistently: one id of the original stands for
    one id of the duplicate, wherever it is.
    """
    seen: set[str] = set()
    ids: dict[Any, Any] = {}
    wrong: list[Difference] = []
    immediate = original["settings"]["booking_starts_on"]["type"] == "immediate"
    cancelled = original["status"] == "cancelled"

    def right(path: str, one: Any, other: Any) -> bool:
        if path in NEW or (immediate and path in _OF_ITS_MAKING):
            seen.add(path)
            if one is None:
                return other is None
            return bool(one != other and ids.setdefault(one, other) == other)
        if path in RESET:
            seen.add(path)
            return bool(other == RESET[path])
        if path == "event_code":
            return bool(other == {"type": "QR", "value": copy["store_url"], "image": None})
        if cancelled and path == _OF_A_CANCELLATION:
            return bool(other["type"] == "continue_until_event_ends")
        return bool(one == other)

    for path, one, other in _pairs("", original, copy):
        if not right(path, one, other):
            wrong.append(Difference(path, one, other))
    uuids = {one: other for one, other in ids.items() if rules.is_uuid(one) or one.startswith("evt_")}
    if len(set(uuids.values())) < len(uuids):
        wrong.append(Difference("two ids are one", sorted(uuids), sorted(uuids.values())))
    return wrong, seen


def _pairs(path: str, one: Any, other: Any) -> Iterator[tuple[str, Any, Any]]:
    whole = path in RESET or path in {"event_code", _OF_A_CANCELLATION}
    if not whole and isinstance(one, dict) and isinstance(other, dict) and list(one) == list(other):
        for name, value in one.items():
            yield from _pairs(f"{path}.{name}" if path else name, value, other[name])
    elif not whole and isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for value, counterpart in zip(one, other, strict=True):
            yield from _pairs(f"{path}.*", value, counterpart)
    else:
        yield path, one, other


def made_up(choose: random.Random, state: str | None = None) -> Whole:
    """An event in any state, with ticket levels and sessions that name each other, and much that was sold."""
    coupons = [uuid_of(f"coupon {number}") for number in range(choose.randrange(3))]
    session_ids = [uuid_of(f"session {number}") for number in range(choose.randrange(5))]
    level_ids = [uuid_of(f"level {number}") for number in range(choose.randrange(5))]
    described = hub_listing.content(
        description="An evening",
        coupons=[
            {"uuid": one, "name": one[:5], "code": one[:8], "discount_amount": 5, "total_used": choose.randrange(9)}
            for one in coupons
        ],
        invitations=[{"code": "friends"}] * choose.randrange(2),
        interactions={"attendees": [{"sub": "anna"}] * choose.randrange(2), "speaker": [{"sub": "bert"}]},
        settings={
            "event_capacity": choose.choice([0, 5000]),
            "booking_starts_on": choose.choice(
                [{"type": "immediate"}, {"type": "specific_time", "local": "2030-01-01 10:00"}]
            ),
        },
        event_code=choose.choice([None, {"type": "qr", "value": "https://t.example/x"}]),
    )
    described["metrics"] = [{"name": "SHARED_COUNT", "value": choose.randrange(9)}]
    rule = hub_listing.rule(
        type="timeslots", ends=("after", choose.randrange(1, 9)), timeslots=["20:00", "22:30"][: choose.choice([1, 2])]
    )
    state = state or choose.choice(["draft", "ready", "published", "unpublished", "cancelled"])
    head = hub_listing.head("aurora", ORIGINAL, described, rule, state=state, version=choose.randrange(1, 99))
    occurrences = heads.occurrences(head)
    if choose.random() < 0.5:
        occurrences = [Occurrence(one.start, one.key - choose.choice([0, 30])) for one in occurrences]
    levels = [
        hub_tickets.level(
            f"level {number}",
            restricted=choose.random() < 0.3,
            session_id=choose.choice([None, *session_ids]),
            parent_id=choose.choice([None, *level_ids[:number]]),
            coupons=[one for one in coupons if choose.random() < 0.5],
            pricing_details=[
                hub_tickets.price(sold=choose.randrange(9), name=f"{one} {place}")
                for place in range(choose.randrange(1, 3))
            ],
        )
        for number, one in enumerate(level_ids)
    ]
    sessions = [_session(choose, head["pk"], one, place, levels, occurrences) for place, one in enumerate(session_ids)]
    changes = {
        "levels": heads.packed(levels),
        "runs": heads.packed(recurrence.packed(occurrences)),
        "session_count": len(sessions),
        "published_at": None if state in {"draft", "ready"} else hub_tickets.CREATED,
        # What the original's own life has left on it.
        "marks": ["req_1"],
        "requests": ["pub_1"],
        "dropped": "[]",
        "list_pk": "somewhere",
    }
    if state not in {"draft", "ready"}:
        changes["publication"] = {"id": "pub_1", "kind": "publish", "sequence": 3, "phase": "done", "before": "ready"}
    choose.shuffle(sessions)
    return Whole({**head, **changes}, sessions)


def _session(
    choose: random.Random, pk: str, uuid: str, place: int, levels: list[Any], occurrences: list[Occurrence]
) -> Item:
    admitting = choose.choice([None, [one["uuid"] for one in levels if choose.random() < 0.6]])
    there = choose.choice([None, [one.key for one in occurrences if choose.random() < 0.6]])
    sold = {
        one["uuid"]: {price["uuid"]: choose.randrange(5) for price in one["pricing_details"]}
        for one in levels
        if admitting is None or one["uuid"] in admitting
    }
    session = stored(name=f"Session {place}", offset=place, occurrence_keys=there, ticket_uuids=admitting, sold=sold)
    return items.new_item(pk, uuid, session, place, hub_tickets.CREATED)
