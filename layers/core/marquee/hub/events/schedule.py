"""From what is asked of an event's times to its rule and occurrences, with everything that is wrong about them."""

from collections.abc import Collection
from datetime import datetime

from marquee.errors import Violation
from marquee.hub import recurrence, wall_time
from marquee.hub.events.occurrence_models import OccurrenceAsked
from marquee.hub.models import OccurrenceType, Rule

FIELD = "event.occurrence"
_STARTS_ON = f"{FIELD}.attributes.starts_on"
_DATE = len("2035-01-24")
_REPEATING = frozenset({"daily", "weekly", "monthly", "timeslots"})


def ruled(asked: OccurrenceAsked, base: Rule | None, timezone: str, wrong: list[Violation]) -> Rule:
    """The rule that is asked for; what a change leaves out stays as `base` has it. Adds to `wrong` what is refused."""
    given = asked.attributes if "attributes" in asked.model_fields_set else None
    named = given.model_fields_set if given else frozenset()
    kind: OccurrenceType = asked.type if "type" in asked.model_fields_set else _of(base)["type"]

    def local(text: str) -> str:
        return wall_time.written(wall_time.parse(text, timezone))

    def chosen(name: str, otherwise: list[str]) -> list[str]:
        if given is not None and name in named:
            return list(dict.fromkeys(getattr(given, name)))
        return list(base[name]) if base else otherwise  # type: ignore[literal-required]

    starts_on = local(given.starts_on.local or "") if given and "starts_on" in named else _of(base)["starts_on"]
    duration = (
        recurrence.duration_minutes(given.event_duration)
        if given and "event_duration" in named
        else _of(base)["duration"]
    )
    ends = base["ends"] if base else None
    if given and "occurrence_ends" in named:
        ends = (given.occurrence_ends.type, given.occurrence_ends.value) if given.occurrence_ends else None
    rule: Rule = {
        "type": kind,
        "starts_on": starts_on,
        "duration": duration,
        "ends": (ends[0], int(ends[1]) if ends[0] == "after" else str(ends[1])) if ends else None,
        "interval": given.interval if given and "interval" in named else base["interval"] if base else 1,
        "weekdays": [one for one in recurrence.WEEKDAYS if one in chosen("weekdays", [])],
        "dates": sorted({local(one) for one in chosen("dates", [])}),
        "timeslots": sorted(chosen("timeslots", [])),
        "exclusions": list(dict.fromkeys(one if len(one) == _DATE else local(one) for one in asked.exclusions))
        if "exclusions" in asked.model_fields_set
        else base["exclusions"]
        if base
        else [],
    }
    return _fitting(rule, wrong)


def _of(base: Rule | None) -> Rule:
    if base is None:
        raise LookupError("a new event names its type, start and duration")
    return base


def _fitting(rule: Rule, wrong: list[Violation]) -> Rule:
    """The rule with what its type takes, and nothing else."""
    kind = rule["type"]
    if kind not in _REPEATING:
        rule |= {"ends": None, "interval": 1}
    elif rule["ends"] is None:
        wrong.append(
            Violation(
                "occurrence.ends_missing",
                f"{FIELD}.attributes.occurrence_ends",
                f"An event that is {kind} needs the number of occurrences after which it ends, or the date.",
            )
        )
    if kind not in {"weekly", "timeslots"}:
        rule["weekdays"] = []
    if kind != "schedule":
        rule["dates"] = []
    if kind != "timeslots":
        rule["timeslots"] = []
    elif rule["timeslots"]:
        rule["starts_on"] = f"{rule['starts_on'][:10]} {rule['timeslots'][0]}"
    else:
        wrong.append(
            Violation(
                "occurrence.timeslots_missing",
                f"{FIELD}.attributes.timeslots",
                "An event with timeslots needs at least one, as in 19:30.",
            )
        )
    return rule


def starts(
    rule: Rule,
    timezone: str,
    now: datetime,
    wrong: list[Violation],
    *,
    known: Collection[int] = (),
    moved: bool = True,
) -> list[datetime]:
    """The wall times of the rule's occurrences. Adds to `wrong` why they cannot be; then there may be none.

    A start that is new or `moved` must lie in the future; an event that has begun can be edited otherwise. What would
    be new and is past already is left out; in a schedule, where it was asked for, it is refused. `known` are the wall
    times, in minutes, at which the event has occurrences.
    """
    if wrong:
        return []
    try:
        found = recurrence.starts(rule)
    except recurrence.TooManyOccurrences as refusal:
        wrong.append(Violation("occurrence.too_many", FIELD, str(refusal)))
        return []
    first = datetime.fromisoformat(rule["starts_on"])
    if moved and _is_past(first, timezone, now):
        wrong.append(Violation("occurrence.in_the_past", _STARTS_ON, "The event must start in the future."))
        return []
    late = [one for one in found if wall_time.minutes(one) not in known and _is_past(one, timezone, now)]
    if late and rule["type"] == "schedule":
        told = f"An occurrence that is new must lie in the future: {wall_time.written(late[0])} does not."
        wrong.append(Violation("occurrence.in_the_past", f"{FIELD}.attributes.dates", told))
    left = sorted(set(found).difference(late))
    if not left:
        wrong.append(Violation("occurrence.none", FIELD, "No occurrence is left."))
    return left


def _is_past(wall: datetime, timezone: str, now: datetime) -> bool:
    return wall_time.moment(wall_time.minutes(wall), timezone) <= now
