"""Event lists: what a page reads, by filter and by size of the tenant. Counted, not timed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import ModuleType
from typing import Any
from unittest.mock import patch

from local import project
from local.openapi import load_app
from local.stack import Emulator
from marquee import cursors, ddb
from marquee.events import listing
from marquee.events.queries import EventListQuery
from marquee.settings import settings
from tests.bench.measuring import ROOT
from tests.support.api import call, sample, varied
from tests.support.catalogue import CITIES, billed_bytes, counters, load, made_up
from tests.support.costs import Cost, counted
from tests.support.running import free_port
from tests.support.template import load_template

SIZES = (1_000, 10_000, 100_000)
LIMIT = 50
Query = dict[str, list[str]]
# First pages; those before the line cost the same at any size.
FILTERS: dict[str, Query] = {
    "(default list)": {},
    "flagged": {"frontend_status": ["FLAGGED"]},
    "city": {"city": [CITIES[0]]},
    "venue_name": {"venue_name": [f"{CITIES[0]} Arena"]},
    "category": {"category": ["concert"]},
    "status": {"status": ["active"]},
    "campaign_status": {"campaign_status": ["OPEN"]},
    "frontend_status=DEFAULT": {"frontend_status": ["DEFAULT"]},
    "frontend_status=HIDDEN": {"frontend_status": ["HIDDEN"]},
    "since (a date)": {"since": ["2026-06-01"]},
    "until (a date)": {"until": ["2027-06-01"]},
    "since, until (dates)": {"since": ["2026-06-01"], "until": ["2027-06-01"]},
    "since (a moment)": {"since": ["2026-06-01T12:00:00Z"]},
    "sort=-start_date_time": {"sort": ["-start_date_time"]},
}
WIDER: dict[str, Query] = {
    "page=5": {"page": ["5"]},
    "two cities": {"city": CITIES[:2]},
    "flagged_to_top=false": {"flagged_to_top": ["false"]},
    "include_archived": {"include_archived": ["true"]},
    "city and category": {"city": [CITIES[0]], "category": ["concert"]},
    "city since a date": {"city": [CITIES[0]], "since": ["2027-06-01"]},
    "venue_name and q": {"venue_name": [f"{CITIES[0]} Arena"], "q": ["number 7"]},
    "category, sort=title": {"category": ["opera"], "sort": ["title"]},
}


@contextmanager
def _catalogue() -> Iterator[tuple[ModuleType, dict[int, dict[str, dict[str, Any]]]]]:
    """The events function before an emulated table with a tenant of each size; and each tenant's items by id."""
    emulator = Emulator(free_port(), None)
    with emulator as stack:
        emulator.wait()
        client = stack.client("dynamodb")
        table = load_template(ROOT / "template.yaml").create_tables(client)["EventsTable"]
        os.environ.update(project.aws_environment(stack.url) | {"EVENTS_TABLE": table})
        settings.cache_clear()
        ddb.aws_client.cache_clear()
        stored: dict[int, dict[str, dict[str, Any]]] = {}
        for size in SIZES:
            items = list(made_up(f"t{size}", size))
            load(client, table, [*items, *counters(f"t{size}", items)])
            stored[size] = {item["eid"]: item for item in items}
            print(f"  {size} events stored", flush=True)
        # The emulator sorts a whole partition for every query, which takes seconds; the store itself does not.
        with patch.object(ddb, "aws_client", partial(ddb.aws_client, read_timeout=120)):
            yield load_app("events"), stored


def _ask(app: ModuleType, size: int, query: Query, stored: dict[str, dict[str, Any]]) -> tuple[Cost, int]:
    event = varied(sample("events", "list"), query={**query, "limit": [str(LIMIT)]}, tenants=[f"t{size}"])

    def size_of(item: dict[str, Any]) -> int:
        return billed_bytes(stored[item["eid"]] if "eid" in item else item)

    with counted(size_of) as cost:
        answer = call(app, event)
    assert answer.status == 200, answer.raw
    return cost, answer.json["total"]


def _deep(query: Query, stored: dict[str, dict[str, Any]], part: float) -> Query:
    """The query with a cursor that stands at this part of the default list."""
    asked = EventListQuery.model_validate({"limit": LIMIT})
    fits = listing.Check(asked)
    shown = sorted((item for item in stored.values() if fits(item)), key=lambda item: item["list_sk"])
    where = listing.position(asked, shown[int(part * (len(shown) - 1))])
    return {**query, "cursor": [cursors.encode(listing.cursor_name(asked), listing.encode_position(where))]}


def section() -> str:
    """Measure, and write the part of the page."""
    with _catalogue() as (app, stored):
        rows = [_row(app, stored, name, query) for name, query in FILTERS.items()]
        for part in (0.01, 0.5, 0.99):
            at = {size: _deep({}, stored[size], part) for size in SIZES}
            rows.append(_row(app, stored, f"cursor, {part:.0%} in", None, at))
        wider = [_row(app, stored, name, query) for name, query in WIDER.items()]
    head = "| list | " + " | ".join(f"{size:,} events" for size in SIZES) + " |\n|---|" + "---|" * len(SIZES) + "\n"
    return _TEXT + head + "".join(rows) + _WIDER_TEXT + head + "".join(wider)


_TEXT = f"""## Event lists: what a page reads

First pages of {LIMIT} unless said otherwise. In each column: the list's total; items evaluated in the index + counter
items read; read units (half a unit per begun 4 KB of a request); requests. Items are counted from the store's own
answers, units from the stored items' sizes by the price list's rule. Goal: at most {LIMIT + 1} items + 1 counter, alike
at every size.

"""
_WIDER_TEXT = """
A moment within a day takes that day's own counter too. What has no bound of its own reads one page per merged range, or
the narrowest index to its end:

"""


def _row(
    app: ModuleType,
    stored: dict[int, dict[str, dict[str, Any]]],
    name: str,
    query: Query | None,
    by_size: dict[int, Query] | None = None,
) -> str:
    cells = []
    for size in SIZES:
        cost, total = _ask(app, size, by_size[size] if by_size else query or {}, stored[size])
        cells.append(f"{total:,}: {cost.listed:,} + {cost.counters}, {cost.units:g} u, {len(cost.requests)} r")
    print(f"  {name}: {cells}", flush=True)
    return f"| {name} | " + " | ".join(cells) + " |\n"
