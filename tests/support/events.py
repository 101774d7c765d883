"""Event metadata for tests, as the Registry brings it to Main."""

from typing import Any, cast

from marquee.events.models import EventMeta


def meta(**changes: Any) -> EventMeta:
    """An event's metadata; `changes` replace single fields, and the campaign's end follows the start."""
    described: dict[str, Any] = {
        "title": "Aurora Night",
        "start_date_time": "2026-12-01T19:00:00Z",
        "city": "München",
        "venue_name": "Olympiahalle",
        "hall_name": None,
        "capacity": 100,
        "category": "concert",
        "currency": "EUR",
        "special_ad_category": None,
        "event_type": "fdlive",
        "simulated": False,
        "hub_event_id": None,
        **changes,
    }
    complete: Any = {"campaign_stop_time": described["start_date_time"], **described}
    return cast("EventMeta", complete)
