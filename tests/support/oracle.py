"""Event lists by brute force: what a list should show, from all documents, without an index, a counter or a cursor."""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Query = Mapping[str, list[str]]


@dataclass
class Known:
    """What is known of an event: its metadata and its statuses."""

    eid: str
    meta: dict[str, Any]
    statuses: dict[str, Any] = field(default_factory=dict)

    def of(self, name: str) -> Any:
        """A status or a field of the metadata."""
        return self.statuses[name] if name in self.statuses else self.meta[name]


def bare(text: str) -> str:
    """Lower case without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


def on(query: Query, name: str) -> bool:
    """Whether a flag is given and true."""
    return query.get(name) == ["true"]


def start_of(bound: str, *, end_of_day: bool = False) -> str:
    """A date or a UTC moment as text to compare starts with."""
    if len(bound) > 10:
        return bound
    return f"{bound}T23:59:59Z" if end_of_day else f"{bound}T00:00:00Z"


def marketing(event: Known) -> str:
    """The campaign status, RUNNING split by the client's toggle."""
    status = str(event.of("campaign_status"))
    return str(event.of("client_campaign_status")) if status == "RUNNING" else status


def label(event: Known) -> str:
    """Venue and hall."""
    hall = event.of("hall_name")
    return str(event.of("venue_name")) + (f" | {hall}" if hall else "")


def words_found(event: Known, query: Query) -> bool:
    """Whether every word of `q` stands in title, venue or city."""
    text = bare(" ".join((event.of("title"), event.of("venue_name"), event.of("city"))))
    return all(word in text for word in bare(query["q"][0]).split())


def is_product(event: Known) -> bool:
    """Whether it is a product release, however its category is written."""
    return str(event.of("category")).lower() == "product"


SAME = ("city", "venue_name", "category", "campaign_status", "status", "client_campaign_status", "currency")
CONDITIONS: dict[str, Callable[[Known, Query], bool]] = {
    **{name: lambda event, query, name=name: event.of(name) in query[name] for name in SAME},  # type: ignore[misc]
    "frontend_status": lambda event, query: event.of("frontend_status") in query["frontend_status"],
    "special_ad_category": lambda event, query: event.of("special_ad_category") == query["special_ad_category"][0],
    "marketing_campaign_status": lambda event, query: marketing(event) == query["marketing_campaign_status"][0],
    "vh": lambda event, query: label(event) in query["vh"],
    "since": lambda event, query: event.of("start_date_time") >= start_of(query["since"][0]),
    "until": lambda event, query: event.of("start_date_time") <= start_of(query["until"][0], end_of_day=True),
    "simulated": lambda event, query: event.of("simulated") == on(query, "simulated"),
    "campaigns": lambda event, query: event.of("has_active_campaigns") == on(query, "campaigns"),
    "exclude_products": lambda event, query: not (on(query, "exclude_products") and is_product(event)),
    "q": words_found,
}


def fits(event: Known, query: Query) -> bool:
    """Whether the event belongs in the list that the query asks for."""
    if event.of("frontend_status") == "HIDDEN" and "frontend_status" not in query and not on(query, "include_archived"):
        return False
    return all(condition(event, query) for name, condition in CONDITIONS.items() if name in query)


def listed(events: list[Known], query: Query) -> list[str]:
    """The ids of the list, in its order."""
    found = [event for event in events if fits(event, query)]
    order = query["sort"][0] if "sort" in query else "start_date_time"
    name = order.removeprefix("-")

    def value(event: Known) -> tuple[Any, str]:
        return (bare(event.of("title")) if name == "title" else event.of(name), event.eid)

    found.sort(key=value, reverse=order.startswith("-"))
    if query.get("flagged_to_top") != ["false"]:
        found.sort(key=lambda event: event.of("frontend_status") != "FLAGGED")
    return [event.eid for event in found]
