"""The Hub's part of the demo: an organiser publishes a recurring event, and Main and the Registry have it."""

from datetime import date, timedelta
from typing import Any

from local.demo.calls import Calls, heading, same

OCCURRENCES, PLACES = 4, 350


def organise(calls: Calls, tenant: str, today: date) -> None:
    """Create an event that repeats, with ticket levels and a session; publish it and look for it on the other hosts."""
    heading("7. An organiser publishes a recurring event on the Hub; Main and the Registry have it as a series")
    first = today + timedelta(days=60)
    created = calls.show("POST", f"/hub/orgs/{tenant}/events", expect=201, body=_late_lounge(first), pick=_event).json[
        "result"
    ]["event"]
    path = f"/hub/events/{created['uuid']}"
    for name, quantity, price in (("Table", 50, 68), ("Standing", PLACES - 50, 24.5)):
        level = {"name": name, "quantity": quantity, "pricing_details": [{"price": price}]}
        calls.show("POST", f"{path}/tickets", expect=201, body={"ticket": level}, pick=_level)
    doors = {"name": "Tasting", "session_starts_on": f"{first} 20:30", "duration": 45, "capacity": 50}
    calls.show("POST", f"{path}/sessions", expect=201, body={"sessions": doors}, pick=_session)
    said = calls.show("POST", f"{path}/publish", expect=201).json
    execution = f"/main/executions/{said['execution']}"
    calls.until(execution, lambda answer: answer.json["status"] != "running", what="the publication to reach Main")
    calls.show("GET", f"{path}/publication", pick=_publication)
    eids = [one["main_event_id"] for one in created["event_occurrence"]]
    listed = calls.show("GET", "/main/events/?q=lounge&sort=start_date_time", pick=_starts).json["items"]
    same("its evenings in Main", [one["id"] for one in listed], eids)
    same("places of each", {one["capacity"] for one in listed}, {PLACES})
    same("in one series", sorted([*listed[0]["campaign_event_series"], eids[0]]), sorted(eids))
    same("the Registry has them", [calls.send("GET", f"/cr/events/{eid}").status for eid in eids], [200] * OCCURRENCES)


def _late_lounge(first: date) -> dict[str, Any]:
    address = {"city": "Hamburg", "country": "Germany"}
    venue = {"name": "venue", "value": {"name": "Dockhalle", "address": address}}
    ends = {"type": "after", "value": OCCURRENCES}
    attributes = {"starts_on": f"{first} 20:00", "event_duration": "2.5", "occurrence_ends": ends}
    return {
        "event": {
            "name": "Late Lounge",
            "timezone": "Europe/Berlin",
            "occurrence": {"type": "weekly", "attributes": attributes},
            "configuration": {"type": "venue_event", "attributes": [venue]},
            "listing": {"enabled": True, "categories": ["concert"]},
        }
    }


def _event(answer: dict[str, Any]) -> dict[str, Any]:
    event = answer["result"]["event"]
    return {
        "uuid": event["uuid"],
        "status": event["status"],
        "event_occurrence": [one["start_on"]["local"] for one in event["event_occurrence"]],
    }


def _level(answer: dict[str, Any]) -> str:
    level = answer["result"]["ticket"]
    return f"{level['name']}: {level['quantity']} at {level['pricing_details'][0]['price']}"


def _session(answer: dict[str, Any]) -> str:
    session = answer["result"]["session"]["session"]
    return f"{session['name']}: {session['session_starts_on']['local']}, {session['duration']} min"


def _publication(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: answer["result"][name] for name in ("kind", "phase", "counts")}


def _starts(page: dict[str, Any]) -> list[str]:
    return [f"{item['start_date_time']} {item['title']}, {item['venue_name']}" for item in page["items"]]
