"""Pure plans of clears and undos: what they would change."""

from collections.abc import Mapping

from marquee.plans import PlannedChange
from marquee.sales import rules
from marquee.sales.clears.clear_models import Fate
from marquee.sales.models import Head

_NAMED = 100
"""How many sources that do not come back whole are named."""


def changes(eid: str, before: Head, after: Head) -> list[PlannedChange]:
    """How the number of an event's sources and its figures would change."""
    values: list[tuple[str, object, object]] = [("sources", len(before["visible"]), len(after["visible"]))]
    old = {one["currency"]: one for one in rules.head_totals(before)}
    new = {one["currency"]: one for one in rules.head_totals(after)}
    for code in sorted(old.keys() | new.keys()):
        was, is_then = old.get(code), new.get(code)
        values += [
            (f"tickets[{code}]", was["tickets"] if was else 0, is_then["tickets"] if is_then else 0),
            (f"revenue[{code}]", was["revenue"] if was else 0, is_then["revenue"] if is_then else 0),
        ]
    return [
        PlannedChange(host="Main", id=eid, field=field, before=old_value, after=new_value)
        for field, old_value, new_value in values
        if old_value != new_value
    ]


def fates(found: Mapping[str, Fate]) -> list[PlannedChange]:
    """The cleared sources that would not come back whole, as their rows were loaded again since."""
    named = [(source, fate) for source, fate in sorted(found.items()) if fate != "whole"]
    return [
        PlannedChange(host="Main", id=source, field="source", before="cleared", after=fate)
        for source, fate in named[:_NAMED]
    ]
