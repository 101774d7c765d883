"""Sales curves as pure arithmetic: what was sold by a lead, and what was known on a day."""

from datetime import date

from marquee.demand.models import Curve, Facts


def lead(facts: Facts, as_of: date) -> int:
    """Days from the end of `as_of` to the event; 0 on its day and after it."""
    return max((facts.day - as_of).days, 0)


def finished(facts: Facts, as_of: date) -> bool:
    """Whether the final is known: the sales of the event's own day belong to `as_of`."""
    return facts.day <= as_of


def known(curve: Curve, as_of: date) -> list[tuple[int, int]]:
    """Net tickets by lead as they were known at the end of `as_of`, the greatest lead first, each lead once."""
    horizon = (curve.facts.day - as_of).days
    net: dict[int, int] = {}
    for days, tickets in curve.sales:
        if days >= horizon:
            net[max(days, 0)] = net.get(max(days, 0), 0) + tickets
    return sorted(net.items(), reverse=True)


def sold(curve: Curve, as_of: date) -> int:
    """Net tickets sold by the end of `as_of`; never negative."""
    return max(sum(tickets for _, tickets in known(curve, as_of)), 0)
