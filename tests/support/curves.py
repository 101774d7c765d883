"""Seasons of sales curves, made from a seed: how events sell without anybody's data."""

import math
import random
from datetime import date, timedelta

from marquee.demand.models import Curve, Facts

FIRST = date(2024, 1, 1)
_WEEKDAYS = (0.7, 0.7, 0.8, 0.9, 1.2, 1.4, 1.0)


def facts(eid: str = "evt_one", day: date = FIRST, capacity: int = 200, **known: str | float) -> Facts:
    described = {"category": "concert", "city": "Graz", "venue_name": "Hall"} | known
    return Facts(eid, capacity=capacity, day=day, **described)  # type: ignore[arg-type]


def season(events: int, seed: int = 7, every: int = 1, capacity: int = 200, lead: int = 100) -> list[Curve]:
    """Events whose demand drifts, has a weekday and a venue, and comes early and late in parts of its own."""
    rng, curves, mood = random.Random(seed), [], 0.0
    for number in range(events):
        day, venue = FIRST + timedelta(days=number * every), rng.choice(["Hall", "Arena", "Club"])
        mood = 0.9 * mood + rng.gauss(0, 0.12)
        usual = (
            0.4 * capacity * _WEEKDAYS[day.weekday()] * math.exp(mood) * {"Hall": 1, "Arena": 1.3, "Club": 0.7}[venue]
        )
        early, late = usual * rng.uniform(0.3, 0.7), usual * rng.uniform(0.3, 0.7)
        sales = {}
        for days in range(lead, -1, -1):
            share = early * math.exp(-days / 40) / 37 + late * math.exp(-days / 6) / 6.5
            sold = int(share) + (rng.random() < share % 1)
            if sold:
                sales[days] = sold
        known = facts(f"evt_{number:04}", day, capacity, venue_name=venue, price=30.0)
        curves.append(Curve(known, tuple(sales.items())))
    return curves
