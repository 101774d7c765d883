"""An event as it is sent, from what is stored. Pure, and quick: lists do it for every row."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

import orjson

from marquee import money
from marquee.hub import heads, places, recurrence, room, rules, wall_time
from marquee.hub.event_documents import (
    EventCode,
    EventDocument,
    Image,
    Named,
    Occurrence,
    Organisation,
    Publishing,
    Recurrence,
    State,
    Summary,
    TicketLevel,
)
from marquee.hub.events import booking, discounts
from marquee.hub.events.booking import Course
from marquee.hub.events.calendar import Calendar, Span
from marquee.hub.models import Content, Item, OrganisationSnapshot, Rule, StoredLevel
from marquee.hub.models import Occurrence as StoredOccurrence
from marquee.hub.session_documents import Moment, SessionDocument
from marquee.hub.settings_documents import Settings
from marquee.hub.tickets.rules import sold
from marquee.settings import settings

NEXT_FEW = 5
"""How many occurrences a list shows of each event."""
_UNLIMITED = -1
_PAIR = len("2035-01-24 19:30")
_PUBLISHING = {
    "draft": "DRAFT",
    "ready": "READY_TO_PUBLISH",
    "published": "PUBLISHED",
    "unpublished": "UNPUBLISHED",
    "cancelled": "CANCELLED",
}


class _Read:
    """A stored event, opened once."""

    def __init__(self, head: Item, now: datetime) -> None:
        self.head = head
        self.content: Content = heads.content(head)
        self.rule: Rule = heads.rule(head)
        self.timezone = self.content["timezone"]
        self.currency = self.content["currency"]
        self.calendar = Calendar(head, self.rule, self.timezone)
        self.next = self.calendar.unfinished(now, NEXT_FEW)
        self.running = bool(self.next) and self.next[0][1][0] <= now
        self.course = course(head, self.calendar)


def course(head: Item, calendar: Calendar) -> Course:
    """What the moments of booking and discounts are worked out from."""
    first, last = calendar.span(calendar.first), calendar.span(calendar.last)
    return Course(calendar.timezone, datetime.fromisoformat(head["created_at"]), first[0], *last)


def document(
    head: Item,
    sessions: Sequence[SessionDocument],
    now: datetime,
    *,
    own: bool,
    full: bool,
    restricted: bool = True,
    summary: bool = False,
) -> EventDocument:
    """The event as its readers see it now.

    `own` is for readers of its organisation, who see what is for nobody else; `full` has every occurrence and the
    sessions, else there are the occurrences that come next and no session. `restricted` shows restricted ticket levels
    too; `summary` adds the event in figures.

    Occurrences and sessions name each other, unless these names would be most of the document (`room.MOST_NAMED`).
    """
    read = _Read(head, now)
    content, timezone = read.content, read.timezone
    naming = not full or _names(sessions, len(read.calendar)) <= room.MOST_NAMED
    state: State = rules.shown_state(head["state"], read.running)
    levels = heads.levels(head)
    shown_levels = [level(one, read.currency, read.course) for one in levels if restricted or not one["restricted"]]
    slug = event_slug(content["name"], head["uuid"])
    store_url = f"{settings().store_url.rstrip('/')}/{slug}" if settings().store_url else None
    publishing: Publishing = {
        "state": cast("Any", _PUBLISHING[head["state"]]),
        "updated_on": head["state_at"],
        "published_on": wall_time.shown(_moment(head["published_at"]), timezone),
    }
    found: EventDocument = {
        "uuid": head["uuid"],
        "status": state,
        "premium": content["premium"],
        "extended_status": _extended_status(head),
        "name": content["name"],
        "display_name": content["display_name"] or content["name"],
        "slug": slug,
        "description": content["description"],
        "banner": cast("list[Image]", content["banner"]),
        "thumbnail": _thumbnail(content),
        "resources": content["resources"],
        "links": cast("list[Named]", content["links"]),
        "timezone": timezone,
        "enable_datetime_conversion": content["enable_datetime_conversion"],
        "currency": read.currency,
        "tax": cast("list[Named]", content["tax"]),
        "created_on": head["created_at"],
        "updated_on": head["updated_at"],
        "event_occurrence": _occurrences(
            read, sessions if naming else [], [one["uuid"] for one in shown_levels], full=full
        ),
        "occurrence": _recurrence(read),
        "org": _organisation(head),
        "configuration": cast("Any", content["configuration"]),
        "survey_configuration": content["survey_configuration"],
        "coupons": [_coupon(one, read) for one in content["coupons"]],
        "early_bird_discount": early_bird(content["early_bird_discount"], read.currency, read.course),
        "tickets": cast("Any", {**content["tickets"], "levels": shown_levels}),
        "publising": publishing,
        "publishing": publishing,
        "listing": cast("Any", content["listing"]),
        "settings": _settings(content, read.course),
        "sessions": cast(
            "Any", {**content["sessions"], "session_lists": _session_lists(sessions, naming) if full else []}
        ),
        "refund": _refund(content),
        "ticket_instruction": content["ticket_instruction"],
        "metrics": cast("list[Named]", content["metrics"]),
        "fees": cast("Any", {"currency": read.currency, **content["fees"]}),
        "interactions": _interactions(content, own=own),
        "merchandise": cast("Any", content["merchandise"]),
        "event_reviewed": content["event_settings_reviewed"],
        "event_settings_reviewed": content["event_settings_reviewed"],
        "custom_attributes": cast("list[Named]", content["custom_attributes"]),
        "event_code": cast("EventCode", content["event_code"] or {"type": "QR", "value": store_url, "image": None}),
        "activities": cast("list[Named]", content["activities"]),
        "store_url": store_url,
        "location": location(content),
        "version": head["version"],
    }
    if own:
        found["contact_email"] = content["contact_email"]
        found["invitations"] = cast("Any", content["invitations"])
    if summary:
        found["summary"] = _summary(read, levels)
    return found


def event_slug(name: str, uuid: str) -> str:
    """The event's name as a part of a URL, with a part of its uuid: events may have the same name."""
    return "-".join(filter(None, (rules.slug(name), uuid[:8])))


def location(content: Content) -> str:
    """Where the event is, in one line: the venue and its city, or the link."""
    place = place_of(content)
    if content["configuration"]["type"] == "online_event":
        return str(place.get("url") or "")
    return ", ".join(filter(None, (place.get("name"), (place.get("address") or {}).get("city"))))


def place_of(content: Content) -> Mapping[str, Any]:
    """The venue of an event, or where it is online: the first that has a name or a link; empty where none has."""
    wanted = places.wanted(content)
    needed = "url" if wanted == "online" else "name"
    return next((value for value in places.named(content, wanted) if value.get(needed)), {})


def level(stored: StoredLevel, currency: str, course: Course) -> TicketLevel:
    """A ticket level as it is sent."""
    return {
        "uuid": stored["uuid"],
        "display_order": stored["display_order"],
        "name": stored["name"],
        "description": stored["description"],
        "quantity": stored["quantity"],
        "max_quantity_per_customer": stored["max_quantity_per_customer"],
        "quantity_sold": sold(stored),
        "total_purchased_by_user": 0,
        "category": stored["category"],
        "min_donation_amount": money.to_number(stored["min_donation_amount"], currency),
        "max_donation_amount": money.to_number(stored["max_donation_amount"], currency),
        "default_donation_amount": money.to_number(stored["default_donation_amount"], currency),
        "status": stored["status"],
        "restricted": stored["restricted"],
        "session_id": stored["session_id"],
        "parent_id": stored["parent_id"],
        "url_digital_pass": stored["url_digital_pass"],
        "pricing_details": [
            {
                "uuid": one["uuid"],
                "variation": one["variation"],
                "price": money.to_number(one["price"], currency),
                "quantity_included": one["quantity_included"],
                "quantity_sold": one["quantity_sold"],
            }
            for one in stored["pricing_details"]
        ],
        "early_bird_discount": early_bird(stored["early_bird_discount"], currency, course),
        "coupons": stored["coupons"],
        "settings": cast("list[Named]", stored["settings"]),
        "ticket_instruction": stored["ticket_instruction"],
        "custom_attributes": cast("list[Named]", stored["custom_attributes"]),
        "created_on": wall_time.shown(_moment(stored["created_at"]), course.timezone),
    }


def early_bird(stored: dict[str, Any], currency: str, course: Course) -> Any:
    """An early-bird discount as it is sent."""
    kind, start, end = stored["type"], stored["discount_starts_on"], stored["discount_ends_on"]
    return {
        **stored,
        "discount": discounts.number(stored["discount"], stored["discount_type"], currency),
        "discount_starts_on": {**start, **booking.discount_start(kind, start, course)},
        "discount_ends_on": {**end, **booking.discount_end(kind, end, course)},
    }


def _extended_status(head: Item) -> list[Named]:
    shown: list[Named] = [{"name": "PUBLISHING", "value": _PUBLISHING[head["state"]]}]
    publication = head.get("publication")
    if publication:
        shown.append({"name": "DISTRIBUTION", "value": publication["phase"].upper()})
    return shown


def _thumbnail(content: Content) -> Image:
    given = content["thumbnail"]
    if given is None:
        banners = content["banner"]
        given = next((one for one in banners if one["primary"]), banners[0] if banners else None)
    return cast("Image", given or {"name": "", "image": "", "primary": False})


def _names(sessions: Sequence[SessionDocument], occurrences: int) -> int:
    """How often occurrences would name a session."""
    return sum(
        occurrences if one["occurrences"]["type"] == "all" else len(one["occurrences"]["uuid"]) for one in sessions
    )


def _session_lists(sessions: Sequence[SessionDocument], naming: bool) -> list[SessionDocument]:
    if naming:
        return list(sessions)
    return [{**one, "occurrences": {**one["occurrences"], "uuid": []}} for one in sessions]


def _occurrences(
    read: _Read, sessions: Sequence[SessionDocument], tickets: list[str], *, full: bool
) -> list[Occurrence]:
    uuid, tenant, zone = read.head["uuid"], read.head["tenant"], wall_time.zone(read.timezone)
    spans: Any = ((one, read.calendar.span(one)) for one in read.calendar.every()) if full else read.next
    everywhere = [one["uuid"] for one in sessions if one["occurrences"]["type"] == "all"]
    somewhere = [(one["uuid"], set(one["occurrences"]["uuid"])) for one in sessions if one["uuid"] not in everywhere]

    def shown(one: StoredOccurrence, span: Span) -> Occurrence:
        occurrence_uuid = rules.occurrence_uuid(uuid, one.key)
        slots = recurrence.slots(read.rule, one.start)
        return {
            "uuid": occurrence_uuid,
            "enabled": True,
            "start_on": _pair(span[0], zone),
            "end_on": _pair(span[1], zone),
            "timeslots": [_timeslot(read, one.key, place, slot) for place, slot in enumerate(slots)],
            "sessions": [*everywhere, *(each for each, having in somewhere if occurrence_uuid in having)],
            "tickets": tickets,
            "main_event_id": rules.main_event_id(tenant, uuid, one.key),
        }

    return [shown(one, span) for one, span in spans]


def _pair(at: datetime, zone: ZoneInfo) -> Moment:
    """As `wall_time.shown`, for the many moments of occurrences: `isoformat` is quicker than `strftime`."""
    local = at.astimezone(zone)
    return {"utc": at.isoformat(" ", "minutes")[:_PAIR], "local": local.isoformat(" ", "minutes")[:_PAIR]}


def _timeslot(read: _Read, key: int, place: int, start: int) -> Any:
    moment = wall_time.moment(start, read.timezone)
    return {
        "uuid": rules.derived_uuid(read.head["uuid"], "timeslot", str(key), str(place)),
        "start_on": wall_time.shown(moment, read.timezone),
        "end_on": wall_time.shown(moment + booking.minutes(read.rule["duration"]), read.timezone),
    }


def _recurrence(read: _Read) -> Recurrence:
    rule = read.rule
    kind, ends = rule["type"], rule["ends"]
    found: Recurrence = {
        "type": kind,
        "attributes": {
            "starts_on": booking.at(rule["starts_on"], read.timezone),
            "event_duration": recurrence.duration_text(rule["duration"]),
            "occurrence_ends": {"type": cast("Any", ends[0]), "value": str(ends[1])} if ends else None,
        },
        "exclusions": rule["exclusions"],
    }
    attributes = found["attributes"]
    if kind not in {"does_not_repeat", "schedule"}:
        attributes["interval"] = rule["interval"]
    if kind in {"weekly", "timeslots"} and rule["weekdays"]:
        attributes["weekdays"] = rule["weekdays"]
    if kind == "schedule":
        attributes["dates"] = rule["dates"]
    if kind == "timeslots":
        attributes["timeslots"] = rule["timeslots"]
    return found


def _organisation(head: Item) -> Organisation:
    snapshot: OrganisationSnapshot = orjson.loads(head["org"])
    return {
        "uuid": head["tenant"],
        "name": snapshot["name"],
        "slug": snapshot["slug"],
        "info": snapshot["info"],
        "image": snapshot["image"],
        "metrics": [{"name": "FOLLOWED_BY_ME", "value": None}],
        "interactions": {
            "preferences": [{"name": "ALLOW_PEOPLE_TO_CONTACT_MY_ORGANISATION", "value": True}],
            "follows": None,
            "followed_by": None,
            "mutes": None,
        },
    }


def _interactions(content: Content, *, own: bool) -> Any:
    """People's dealings with the event. Who attends is nobody else's business, and neither are the speakers' ids."""
    stored = content["interactions"]
    if own:
        return stored
    return {**stored, "attendees": [], "speaker": [{"name": one.get("name", "")} for one in stored["speaker"]]}


def _coupon(stored: dict[str, Any], read: _Read) -> Any:
    return {
        **stored,
        "discount_amount": discounts.number(stored["discount_amount"], stored["discount_type"], read.currency),
        "starts_on": booking.at((stored["starts_on"] or {}).get("local"), read.timezone),
        "ends_on": booking.at((stored["ends_on"] or {}).get("local"), read.timezone),
    }


def _settings(content: Content, course: Course) -> Settings:
    stored = content["settings"]
    starts, ends = stored["booking_starts_on"], stored["booking_ends_on"]
    shown = {
        **stored,
        "booking_starts_on": {**starts, **booking.start(starts, course)},
        "booking_ends_on": {**ends, **booking.end(ends, course)},
    }
    return cast("Settings", shown)


def _refund(content: Content) -> Any:
    stored = content["refund"]
    back = stored["policy"]["amount"]
    unit = discounts.number(back["discount_unit"], back["discount_type"], content["currency"])
    return {**stored, "policy": {**stored["policy"], "amount": {**back, "discount_unit": unit}}}


def _summary(read: _Read, levels: Sequence[StoredLevel]) -> Summary:
    active = [one for one in levels if one["status"]]
    quantities = [one["quantity"] for one in active]
    prices = [price["price"] for one in active for price in one["pricing_details"]]
    return {
        "occurrences": len(read.calendar),
        "next_occurrence": wall_time.shown(read.next[0][1][0], read.timezone) if read.next else None,
        "sessions": read.head["session_count"],
        "ticket_levels": len(levels),
        "quantity": _UNLIMITED if _UNLIMITED in quantities else sum(quantities),
        "quantity_sold": sum(map(sold, levels)),
        "price_from": money.to_number(min(prices), read.currency) if prices else None,
        "price_to": money.to_number(max(prices), read.currency) if prices else None,
        "currency": read.currency,
    }


def _moment(stored: str | None) -> datetime | None:
    return datetime.fromisoformat(stored) if stored else None
