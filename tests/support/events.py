"""Events for tests: as they are registered, and as the Registry brings them to Main."""

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


def registration(**changes: Any) -> dict[str, Any]:
    """The body that registers an event; `changes` replace or add single fields."""
    return {
        "title": "Aurora Night",
        "start_date_time": "2030-06-12T20:30:00+02:00",
        "city": "München",
        "venue_name": "Olympiahalle",
        "capacity": 1000,
        "category": "concert",
        "currency": "EUR",
        **changes,
    }
