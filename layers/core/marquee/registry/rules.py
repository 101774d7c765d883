"""Pure rules of the Registry: requests to items, items to documents and to what Main is told."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, cast

import orjson

from marquee import clock, keys
from marquee.errors import Malformed, Unprocessable, Violation
from marquee.events.models import EventMeta
from marquee.plans import PlannedChange
from marquee.registry.models import EditQuery, EventEdit, Item, NewEvent, RegistryView
from marquee.statuses.models import FrontendState

# The key of the one partition of changes that Main has not taken yet.
PENDING = "PENDING"
# Stands in a plan for the id that an event would get.
NEW = "(new)"

STATUS_HEADER = "marquee-frontend-status"
SEQUENCE_HEADER = "marquee-frontend-sequence"
_FRONTEND_STATUSES = ("DEFAULT", "FLAGGED", "HIDDEN", "CANCELLED")
_SEQUENCE = re.compile(r"[0-9]{1,15}")

# An answer under an Idempotency-Key is kept this long, so a request that lost its answer comes back within it.
_REMEMBERED = timedelta(hours=24)
_MOST_REMEMBERED = 50


def pending_since(tenant: str, eid: str, at: str) -> str:
    """Sort key of a change that Main has not taken yet: by time, then unique."""
    return f"{at}#{tenant}#{eid}"


def event_type(category: str, otherwise: str) -> str:
    """The product line of an event: the category ``product`` means ``prisma``."""
    return "prisma" if category.casefold() == "product" else otherwise


def meta(event: NewEvent, wanted_type: str) -> EventMeta:
    """The descriptive part of a new event, as Main and Registry both hold it."""
    start = clock.rfc3339(event.start_date_time)
    described: EventMeta = {
        "title": event.title,
        "start_date_time": start,
        "city": event.city,
        "venue_name": event.venue_name,
        "hall_name": event.hall_name,
        "capacity": event.capacity,
        "category": event.category,
        "currency": event.currency,
        "special_ad_category": event.special_ad_category,
        "campaign_stop_time": clock.rfc3339(event.campaign_stop_time) if event.campaign_stop_time else start,
        "event_type": event_type(event.category, wanted_type),
        "simulated": event.simulated,
        "hub_event_id": None,
    }
    if event.end_date_time:
        described["end_date_time"] = clock.rfc3339(event.end_date_time)
    if event.tags:
        described["tags"] = event.tags
    return described


def new_item(tenant: str, eid: str, event: NewEvent, wanted_type: str, origin: str | None, at: str) -> Item:
    """The stored item of a newly registered event; `origin` is the mark of the request that made it."""
    return {
        "pk": keys.event(tenant, eid),
        "sk": "META",
        "eid": eid,
        "partner_product": event.partner_product,
        "doc": packed(meta(event, wanted_type)),
        "origin": origin,
        "version": 1,
        "created_at": at,
        "updated_at": at,
    }


# What the Hub says of an event; the rest is the Registry's own.
_HUB_FIELDS = (
    "title",
    "start_date_time",
    "end_date_time",
    "city",
    "venue_name",
    "capacity",
    "category",
    "currency",
    "tags",
    "hub_event_id",
)
# What an event may lack altogether.
_OPTIONAL = ("end_date_time", "tags")


def hub_record(
    tenant: str, eid: str, stored: Mapping[str, Any] | None, wanted: EventMeta, sequence: int, at: str
) -> Item | None:
    """The record of a Hub's occurrence as it is to be stored; None where it is so, or a later publication wrote it.

    `hub_version` says which version the publication of this sequence itself takes to Main.
    """
    if stored is None:
        first = {"eid": eid, "partner_product": None, "doc": packed(wanted), "origin": None, "version": 1}
        keyed: Item = {"pk": keys.event(tenant, eid), "sk": "META", **first, "created_at": at, "updated_at": at}
        return {**keyed, "hub_version": 1, "hub_sequence": sequence}
    described: EventMeta = orjson.loads(stored["doc"])
    after: Any = _complete({**described, **{name: wanted.get(name) for name in _HUB_FIELDS}})
    if described["campaign_stop_time"] == described["start_date_time"]:
        after["campaign_stop_time"] = after["start_date_time"]
    after["event_type"] = event_type(after["category"], described["event_type"])
    if after == described or stored.get("hub_sequence", 0) > sequence:
        return None
    version = stored["version"] + 1
    written = {"doc": packed(after), "version": version, "updated_at": at}
    return {**stored, **written, "hub_version": version, "hub_sequence": sequence}


def packed(described: EventMeta) -> str:
    """The metadata as it is stored."""
    return orjson.dumps(described).decode()


def is_own(stored: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> bool:
    """Whether the stored event is the one that this very request made, before its answer was lost."""
    return stored is not None and wanted["origin"] is not None and stored["origin"] == wanted["origin"]


def creation(eid: str, described: EventMeta) -> PlannedChange:
    """What registering the event would write."""
    return PlannedChange(host="Registry", id=eid, field="event", before=None, after=described)


def edited(described: EventMeta, edit: EventEdit) -> EventMeta:
    """The metadata after the edit.

    A campaign that ended with the start of the event still does when the start moves, unless the edit says when; so
    does the event's end. Raises Unprocessable for an event that would end before it starts.
    """
    given = {name: _stored(getattr(edit, name)) for name in edit.model_fields_set}
    after = {**described, **given}
    follows = "campaign_stop_time" not in given and described["campaign_stop_time"] == described["start_date_time"]
    if follows or after["campaign_stop_time"] is None:
        after["campaign_stop_time"] = after["start_date_time"]
    after["event_type"] = event_type(after["category"], described["event_type"])
    end = described.get("end_date_time")
    if end and "end_date_time" not in given:
        lasts = datetime.fromisoformat(end) - datetime.fromisoformat(described["start_date_time"])
        after["end_date_time"] = clock.rfc3339(datetime.fromisoformat(after["start_date_time"]) + lasts)
    if after.get("end_date_time") and after["end_date_time"] <= after["start_date_time"]:
        told = "The event would end before it starts."
        wrong = Violation("event.ends_before_start", "end_date_time", told)
        raise Unprocessable("event.ends_before_start", told, violations=[wrong])
    return _complete(after)


def _complete(described: Mapping[str, Any]) -> EventMeta:
    """The metadata without what an event may lack and this one does."""
    return cast("EventMeta", {name: value for name, value in described.items() if value or name not in _OPTIONAL})


def _stored(value: Any) -> Any:
    return clock.rfc3339(value) if isinstance(value, datetime) else value


def require_product(query: EditQuery, item: Mapping[str, Any], after: EventMeta) -> None:
    """Raise Unprocessable where the edit is addressed to another product line or partner product."""
    if query.event_type is not None and query.event_type != after["event_type"]:
        raise Unprocessable(
            "event.event_type", f"The event's event_type is '{after['event_type']}', not '{query.event_type}'."
        )
    if query.partner_product is not None and query.partner_product != item["partner_product"]:
        raise Unprocessable("event.partner_product", f"'{query.partner_product}' is not the event's partner_product.")


def changes(eid: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[PlannedChange]:
    """The fields of `after` that `before` does not hold alike."""
    return [
        PlannedChange(host="Registry", id=eid, field=field, before=before.get(field), after=value)
        for field, value in after.items()
        if before.get(field) != value
    ]


def is_remembered(item: Mapping[str, Any], mark: str, now: datetime) -> bool:
    """Whether the request of this mark has edited the event already."""
    return str(item.get("edits", {}).get(mark, "")) > clock.rfc3339(now - _REMEMBERED)


def remembered(item: Mapping[str, Any], mark: str, now: datetime) -> dict[str, str]:
    """The marks of recent edits with this one: those of a day, the newest fifty of them."""
    recent = {**item.get("edits", {}), mark: clock.rfc3339(now)}
    kept = sorted(recent.items(), key=lambda one: one[1])[-_MOST_REMEMBERED:]
    return {one: at for one, at in kept if at > clock.rfc3339(now - _REMEMBERED)}


def told_state(headers: Mapping[str, str]) -> FrontendState | None:
    """The frontend state that another Marquee's Main tells of in headers; None where there are none.

    Raises Malformed where they cannot be read, or only one is there.
    """
    status, sequence = headers.get(STATUS_HEADER), headers.get(SEQUENCE_HEADER)
    if status is None and sequence is None:
        return None
    if status not in _FRONTEND_STATUSES or sequence is None or not _SEQUENCE.fullmatch(sequence):
        raise Malformed(
            "frontend.state_malformed",
            "Marquee-Frontend-Status (DEFAULT, FLAGGED, HIDDEN or CANCELLED) and Marquee-Frontend-Sequence (a whole "
            "number from 0) go together.",
        )
    return {"frontend_status": status, "sequence": int(sequence)}


def is_newer(state: FrontendState, frontend: Mapping[str, Any] | None) -> bool:
    """Whether the state comes after the one that is there."""
    present: int = (frontend or {}).get("frontend_sequence", -1)
    return state["sequence"] > present


def report(fe_status: str, state: FrontendState | None, at: str) -> Item:
    """What a frontend's report writes."""
    written: Item = {"fe_status": fe_status, "last_updated_on_fe": at}
    if state is not None:
        written |= {"frontend_status": state["frontend_status"], "frontend_sequence": state["sequence"]}
    return written


def cancelled(at: str) -> Item:
    """What the cancellation of a Hub's event writes: whatever frontends report later, the event stays cancelled."""
    return {**report("CANCELLED", None, at), "hub_cancelled": True}


def fe_status(frontend: Mapping[str, Any] | None) -> str | None:
    """How the frontend shows the event, as far as it was told."""
    shown = frontend or {}
    return "CANCELLED" if shown.get("hub_cancelled") else shown.get("fe_status")


def document(item: Mapping[str, Any], frontend: Mapping[str, Any] | None) -> dict[str, Any]:
    """The stored metadata and frontend state as the `RegistryEvent` to send."""
    described: EventMeta = orjson.loads(item["doc"])
    shown = frontend or {}
    return {
        "id": item["eid"],
        "partner_product": item["partner_product"],
        "end_date_time": None,
        "tags": [],
        **{key: value for key, value in described.items() if key != "hub_event_id"},
        "version": item["version"],
        "created_at": item["created_at"],
        "updated_at": item["updated_at"],
        "last_updated_on_fe": shown.get("last_updated_on_fe"),
        "fe_status": fe_status(frontend),
        "frontend_status": shown.get("frontend_status", "DEFAULT"),
        "frontend_sequence": shown.get("frontend_sequence", 0),
    }


def view(item: Mapping[str, Any], frontend: Mapping[str, Any] | None) -> RegistryView:
    """What is compared with Main's copy of the event."""
    shown = frontend or {}
    return {
        "version": item["version"],
        "updated_at": item["updated_at"],
        "frontend_status": shown.get("frontend_status", "DEFAULT"),
        "sequence": shown.get("frontend_sequence", 0),
        "told_at": shown.get("last_updated_on_fe"),
    }
