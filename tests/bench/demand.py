"""Demand prediction: what a score takes in time, processor and items; what training takes, and what it leaves."""

import pickle
import random
import sysconfig
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from marquee.demand import rules, seeing, sold, training
from marquee.demand.models import Curve, Facts
from marquee.demand.sold import Day, Sold
from tests.bench.measuring import ROOT, median_ratio, run_process

SIZES = (300, 3_000)
VENUES, CATEGORIES, REACH, ROUNDS = 200, 8, 150, 15
TODAY = date(2026, 11, 20)
_TEXT = """## Demand prediction

A tenant with {venues} venues and {categories} categories whose past events sold over {reach} days. "Score" is one
answer made from what four items hold (event, head of sales, curve, model), in processor time, with the model unpacked
by an earlier one; "first score" unpacks it too; goal <= 10 ms. The peer keeps no model: it reads the curves of all past
events at every score, and predicts what is sold plus their mean pick-up. Only its unpacking and averaging are timed,
its reading is left out. Training is one process from start to end, with the curves in memory.

| past events | score | first score | score / peer | items read | peer's items | training | peak memory | model |
|---|---|---|---|---|---|---|---|---|
"""


def season(count: int, seed: int = 7) -> list[Curve]:
    """`count` past events and one in 30 days, whose levels differ by venue and category; the last in the list."""
    choose = random.Random(seed)
    venue_level = [choose.gauss(0, 0.12) for _ in range(VENUES)]
    category_level = [choose.gauss(0, 0.08) for _ in range(CATEGORIES)]
    made = []
    for number in range(count + 1):
        venue, category = choose.randrange(VENUES), choose.randrange(CATEGORIES)
        day = TODAY + timedelta(days=30) if number == count else TODAY - timedelta(days=1 + number * 1200 // count)
        capacity = choose.choice([200, 500, 2_000, 10_000])
        share = min(max(0.6 + venue_level[venue] + category_level[category] + choose.gauss(0, 0.1), 0.05), 1.0)
        facts = Facts(
            f"evt_{number:06d}", f"category {category}", f"city {venue % 40}", f"venue {venue}", capacity, day, 30.0
        )
        made.append(Curve(facts, tuple(_sales(choose, facts, share))))
    return made


def _sales(choose: random.Random, facts: Facts, share: float) -> list[tuple[int, int]]:
    weights = [1 + 6 * (lead == REACH) + 12 / (lead + 1) for lead in range(REACH, -1, -1)]
    per_weight = facts.capacity * share / sum(weights)
    sales = []
    for lead, weight in zip(range(REACH, -1, -1), weights, strict=True):
        tickets = round(per_weight * weight * choose.uniform(0.5, 1.5))
        if tickets and facts.day - timedelta(days=lead) < TODAY:
            sales.append((lead, tickets))
    return sales


def _item(one: Curve) -> bytes:
    """The curve as its item's data."""
    days = (Day(one.facts.day - timedelta(days=lead), sold, sold, 3_000 * sold) for lead, sold in one.sales)
    return sold.pack(Sold(1, "EUR", TODAY, tuple(days)))


def _score(data: bytes, item: Mapping[str, Any], curve: bytes) -> bytes:
    trained = seeing.model(data, seeing.FORMAT)
    of = Sold(1, "EUR", TODAY, sold.unpack(curve))
    said, as_of = seeing.forecast(item, of, trained, TODAY)
    assert said.value is not None
    return orjson.dumps(seeing.document(item, said, as_of, TODAY, trained, None))


def _stored(facts: Facts) -> dict[str, Any]:
    """The event's item."""
    meta = {"category": facts.category, "city": facts.city, "venue_name": facts.venue_name, "capacity": facts.capacity}
    doc = orjson.dumps(meta | {"start_date_time": f"{facts.day}T19:00:00Z"}).decode()
    return {"eid": facts.eid, "status": "active", "doc": doc}


def _seconds(work: Callable[[], object], calls: int = 1) -> float:
    """Processor seconds of a call."""
    began = time.process_time()
    for _ in range(calls):
        work()
    return (time.process_time() - began) / calls


def _peer(past: Sequence[tuple[Facts, bytes]], facts: Facts, curve: bytes, as_of: date) -> float:
    """Additive pick-up from all curves, read anew."""
    horizon = (facts.day - as_of).days
    picked = 0.0
    for one, packed in past:
        from_there = one.day - timedelta(days=horizon)
        picked += sum(day.tickets for day in sold.unpack(packed) if day.day > from_there) / one.capacity
    now = sum(day.tickets for day in sold.unpack(curve)) / facts.capacity
    return min(1.0, now + picked / len(past))


_TRAINING = """
import pickle
from datetime import date
from marquee.demand import training
curves = pickle.loads(open({path!r}, "rb").read())
training.train(curves, date({day}))
"""


def section() -> str:
    """Measure, as a part of the benchmarks page."""
    return _TEXT.format(venues=VENUES, categories=CATEGORIES, reach=REACH) + "".join(map(_row, SIZES))


def _row(count: int) -> str:
    *past, coming = season(count)
    as_of = TODAY - timedelta(days=1)
    data = rules.pack(training.train([*past, coming], as_of))
    items = [(one.facts, _item(one)) for one in past]
    curve = _item(coming)
    ours = partial(_score, data, _stored(coming.facts), curve)
    theirs = partial(_peer, items, coming.facts, curve, as_of)
    first, scores, peers = [], [], []
    for _ in range(ROUNDS):
        seeing.model.cache_clear()
        first.append(_seconds(ours))
        scores.append(_seconds(ours, 20))
        peers.append(_seconds(theirs))
    seconds, peak = _training([*past, coming], as_of)
    cells = [
        f"{count:,}",
        f"{1000 * sorted(scores)[ROUNDS // 2]:.2f} ms",
        f"{1000 * sorted(first)[ROUNDS // 2]:.2f} ms",
        f"{median_ratio(scores, peers):.4f}",
        "4",
        f"{count + 3:,}",
        f"{seconds:.1f} s",
        f"{peak / 1024:.0f} MB",
        f"{len(data) / 1000:.0f} KB",
    ]
    return f"| {' | '.join(cells)} |\n"


def _training(curves: list[Curve], as_of: date) -> tuple[float, int]:
    """Seconds and peak memory (KiB) of a process that learns from the curves."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "curves"
        path.write_bytes(pickle.dumps(curves))
        day = f"{as_of.year}, {as_of.month}, {as_of.day}"
        code = _TRAINING.format(path=str(path), day=day)
        paths = [ROOT / "layers" / "core", Path(sysconfig.get_paths()["purelib"])]
        found = run_process(code, paths, ROOT)
    return found.seconds, found.peak_kib
