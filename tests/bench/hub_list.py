"""The Hub's list of events: what a page reads, by order, filter and number of events. Counted, not timed."""

from types import ModuleType
from unittest.mock import patch

from local.openapi import load_app
from marquee import clock
from tests.support.api import call, sample, varied
from tests.support.hub_catalogue import COUNTRIES, NOW, category, crowd
from tests.support.hub_shelf import Shelf

SIZES = {10: 1_000, 100: 10_000, 1_000: 100_000}
ROWS = 20
Query = dict[str, list[str]]
ORDERS = ("created_descending", "created_ascending", "starting", "name_ascending", "name_descending")
MUSIC, COUNTRY = category("Category 3"), COUNTRIES[3]
SERVED: dict[str, Query] = {
    **{order: {"order_by": [order]} for order in ORDERS},
    **{f"{order}, published": {"order_by": [order], "status": ["published"]} for order in ORDERS},
    "category": {"category": [MUSIC]},
    "country": {"country": [COUNTRY]},
    "organisation": {"organisation": ["org7"]},
    "my=organised_events": {"my": ["organised_events"]},
    "next page": {},
    "with 3 own unlisted events": {},
}
WIDER: dict[str, Query] = {
    "three organisations": {"organisation": ["org5,org6,org7"]},
    "position=500": {"position": ["500"]},
    "status=draft": {"status": ["draft"]},
    "category and country": {"category": [MUSIC], "country": [COUNTRY]},
    "time_filter=this_week": {"time_filter": ["this_week"]},
    "country, time_filter=this_month": {"country": [COUNTRY], "time_filter": ["this_month"]},
    "organisation, search_q": {"organisation": ["org7"], "search_q": ["aida"]},
    "search_q": {"search_q": ["straße 77"]},
}


def _cell(app: ModuleType, shelf: Shelf, name: str, query: Query) -> str:
    tenant = "org1" if "unlisted" in name else "org0"
    answer = None
    for _ in range(2 if name == "next page" else 1):
        position = [answer.json["result"]["pagination"]["next_position"]] if answer else query.get("position", [""])
        asked = {"rows": [str(ROWS)], **query, "position": position}
        with shelf.in_place(), patch.object(clock, "now", lambda: NOW):
            answer = call(app, varied(sample("hub_events", "list"), query=asked, tenants=[tenant]))
        assert answer.status == 200, answer.json
    assert answer is not None
    page = answer.json["result"]
    shown, records = len(page["events"]), page["pagination"]["records"]
    if name in SERVED and "unlisted" not in name:
        assert shelf.evaluated <= ROWS + 5, name
    return f"{records:,}: {shown} + {shelf.evaluated - shown:,}, {shelf.units:,g} u, {len(shelf.requests)} r"


def section() -> str:
    """Measure, and write the part of the page."""
    app = load_app("hub_events")
    cells: dict[str, list[str]] = {}
    for organisations, published in SIZES.items():
        shelf = crowd(organisations, published)
        for name, query in {**SERVED, **WIDER}.items():
            cells.setdefault(name, []).append(_cell(app, shelf, name, query))
            print(f"  {published:,}, {name}: {cells[name][-1]}", flush=True)
    head = "| list | " + " | ".join(f"{size:,} published events" for size in SIZES.values())
    head += " |\n|---|" + "---|" * len(SIZES) + "\n"
    rows = {name: f"| {name} | " + " | ".join(found) + " |\n" for name, found in cells.items()}
    served = "".join(rows[name] for name in SERVED)
    return _TEXT + head + served + _WIDER_TEXT + head + "".join(rows[name] for name in WIDER)


_TEXT = f"""## The Hub's list of events: what a page reads

Pages of {ROWS}; a hundred published events of each organisation. In each column: the list's `records`; events on the
page + other items evaluated; read units; requests. Goal: at most five others, alike at every size.

"""
_WIDER_TEXT = """
What no list serves alone reads more: what is skipped, or the shortest list to its end, then the page by key. Windows of
time leave out what starts later.

"""
