"""What a change that is asked for makes of a stored event. Pure."""

from datetime import datetime

from marquee.errors import Violation
from marquee.hub import heads, recurrence
from marquee.hub.events import content, schedule
from marquee.hub.events.models import EventAsked
from marquee.hub.events.occurrence_models import OccurrenceAsked
from marquee.hub.models import Content, Item
from marquee.hub.tickets import rules as ticket_rules

# What sessions have to fit into.
_FRAME = ("rule", "runs")


def planned(head: Item, asked: EventAsked, now: datetime, wrong: list[Violation]) -> Item:
    """The attributes of the event's item that the change gives other values. Adds to `wrong` what is refused."""
    before = heads.content(head)
    after = content.changed(head["uuid"], before, asked, wrong)
    changes: Item = {"doc": heads.packed(after)}
    if "occurrence" in asked.model_fields_set or after["timezone"] != before["timezone"]:
        changes |= _rescheduled(head, asked, before, after, now, wrong)
    levels = heads.levels(head)
    capacity = int(after["settings"]["event_capacity"])
    if capacity != before["settings"]["event_capacity"]:
        wrong += filter(None, [ticket_rules.over_capacity(levels, capacity, "event.settings.event_capacity")])
    coupons = {one["uuid"] for one in after["coupons"]}
    wrong += filter(
        None,
        [
            ticket_rules.repriced(levels, before["currency"], after["currency"], "event.currency"),
            ticket_rules.uncouponed(levels, coupons, "event.coupons"),
        ],
    )
    return {name: value for name, value in changes.items() if value != head[name]}


def touches_sessions(head: Item, changes: Item) -> bool:
    """Whether sessions may no longer fit into the event after these changes."""
    if not head["session_count"]:
        return False
    if any(name in changes for name in _FRAME):
        return True
    if "doc" not in changes:
        return False
    before, after = heads.content(head), heads.content(changes)
    return any(_framing(before)[name] != value for name, value in _framing(after).items())


def _framing(stored: Content) -> dict[str, object]:
    return {
        "timezone": stored["timezone"],
        "capacity": stored["settings"]["event_capacity"],
        "choice": stored["sessions"]["type"],
    }


def _rescheduled(
    head: Item, asked: EventAsked, before: Content, after: Content, now: datetime, wrong: list[Violation]
) -> Item:
    stored = heads.rule(head)
    wanted = asked.occurrence if "occurrence" in asked.model_fields_set else OccurrenceAsked()
    rule = schedule.ruled(wanted, stored, after["timezone"], wrong)
    moved = (rule["starts_on"], after["timezone"]) != (stored["starts_on"], before["timezone"])
    so_far = heads.occurrences(head)
    known = {one.start for one in so_far}
    starts = schedule.starts(rule, after["timezone"], now, wrong, known=known, moved=moved)
    runs = recurrence.packed(recurrence.kept(so_far, starts))
    return {"rule": heads.packed(rule), "runs": heads.packed(runs)}
