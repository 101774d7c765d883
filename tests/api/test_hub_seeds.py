"""Every field that is documented of every answer is there, with its type, for an event in which everything is set."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import boto3
import pytest
from pydantic import TypeAdapter

from marquee import workflows
from marquee.hub.envelopes import DuplicatedEvent, Envelope, OneEvent, OneSession, WrittenSession
from marquee.hub.event_documents import EventDocument
from marquee.hub.sessions.models import SessionList
from marquee.settings import settings
from tests.conftest import REGION
from tests.support import hub, hub_seeds
from tests.support.api import TENANT, Answer, call, sample, varied
from tests.support.hub_images import picture

ONE_EVENT: TypeAdapter[Any] = TypeAdapter(Envelope[OneEvent])
IMAGE = "images/img_AuroraNightsBanner01.png"


class Stage:
    """The Hub, with an event in which everything is set."""

    def __init__(self, events: ModuleType, sessions: ModuleType) -> None:
        self._apps = {"hub_events": events, "hub_sessions": sessions}
        self.path: dict[str, str] = {"org_uuid": TENANT}
        self.created = self.ask("hub_events", "create", body={"event": hub_seeds.everything(IMAGE)})
        event = self.created.json["result"]["event"]
        self.path["event_uuid"] = event["uuid"]
        coupons = [one["uuid"] for one in event["coupons"]]
        self.ticket = self.ask("hub_events", "create_ticket", body={"ticket": {**TICKET, "coupons": coupons}})
        self.session = self.ask("hub_sessions", "create", body={"sessions": SESSION})
        self.path["session_uuid"] = self.session.json["result"]["session"]["session"]["uuid"]

    def ask(self, group: str, name: str, body: object = ...) -> Answer:
        """Call the route of a sample for the event."""
        event = sample(group, name)
        path = {one: value for one, value in self.path.items() if f"{{{one}}}" in event["resource"]}
        answer = call(self._apps[group], varied(event, path=path or None, body=body, headers={"Idempotency-Key": ""}))
        assert answer.status < 300, answer.json
        assert answer.json["statusCode"] == answer.status
        return answer


TICKET: dict[str, Any] = {
    "name": "Stalls",
    "description": "Seats in the stalls",
    "quantity": 400,
    "category": "paid",
    "url_digital_pass": "https://aurora.example/pass",
    "pricing_details": [{"variation": "Adult", "price": 49.5}],
    "early_bird_discount": {"discount_type": "fixed", "discount": 5, "discount_ends_on": {"local": "2034-12-24 18:00"}},
    "ticket_instruction": "Bring an ID.",
}
SESSION: dict[str, Any] = {
    "name": "Overture",
    "sell_session": True,
    "status": "ACTIVE",
    "description": "The first part",
    "session_starts_on": "2035-01-24 19:45",
    "duration": 30,
    "occurrences": {"type": "ALL"},
    "tickets": {"type": "ALL"},
}


@pytest.fixture
def stage(aws: dict[str, str], app: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> Stage:
    # What the machines do is tested where they run.
    monkeypatch.setattr(workflows, "start", lambda *_: None)
    key = f"images/uploads/{TENANT}/{IMAGE.removeprefix('images/')}"
    boto3.client("s3", region_name=REGION).put_object(Bucket=settings().bucket, Key=key, Body=picture())
    return Stage(app("hub_events"), app("hub_sessions"))


def test_the_answers_hold_everything_that_is_documented(stage: Stage) -> None:
    # Given an event in which everything is set
    detail = stage.ask("hub_events", "read")

    # Then creating it and reading it answer every documented field with its type
    created = {path: kind for path, kind in hub_seeds.CREATED.items() if ".tickets.levels[]" not in path}
    assert not hub_seeds.broken(stage.created.json, created)
    assert not hub_seeds.broken(detail.json, hub_seeds.DETAIL)
    ONE_EVENT.validate_python(stage.created.json)
    ONE_EVENT.validate_python(detail.json)
    attributes = detail.json["result"]["event"]["configuration"]["attributes"]
    venue = next(one["value"] for one in attributes if one["name"] == "venue")
    assert not hub_seeds.broken(venue, hub_seeds.VENUE_PATHS)

    # And so do its sessions
    assert not hub_seeds.broken(stage.session.json, hub_seeds.SESSION_CREATED)
    TypeAdapter(Envelope[WrittenSession]).validate_python(stage.session.json)
    sessions = stage.ask("hub_sessions", "list")
    assert not hub_seeds.broken(sessions.json, hub_seeds.SESSION_LISTED)
    TypeAdapter(Envelope[SessionList]).validate_python(sessions.json)
    session = stage.ask("hub_sessions", "read")
    assert not hub_seeds.broken(session.json, hub_seeds.SESSION_DETAIL)
    TypeAdapter(Envelope[OneSession]).validate_python(session.json)

    # And a duplicate of it, under both of its documented names
    duplicate = stage.ask("hub_events", "duplicate")
    assert not hub_seeds.broken(duplicate.json, hub_seeds.DUPLICATED)
    TypeAdapter(Envelope[DuplicatedEvent]).validate_python(duplicate.json)
    assert duplicate.json["result"]["event"] == duplicate.json["result"]["events"]

    # And publishing it, the list that shows it then, unpublishing and cancelling it
    published = stage.ask("hub_events", "publish")
    assert not hub_seeds.broken(published.json, hub_seeds.TOLD)
    assert (published.status, published.json["result"]) == (201, "Event has been published successfully")
    listed = stage.ask("hub_events", "list")
    assert not hub_seeds.broken(listed.json, hub_seeds.LISTED)
    TypeAdapter(list[EventDocument]).validate_python(listed.json["result"]["events"])
    unpublished = stage.ask("hub_events", "unpublish")
    assert (unpublished.status, unpublished.json["result"]) == (201, "Event has been unpublished successfully")
    cancelled = stage.ask("hub_events", "cancel")
    assert (cancelled.status, cancelled.json["result"]) == (200, "Event has been cancelled successfully.")


def test_what_was_asked_for_is_what_is_answered(stage: Stage) -> None:
    asked = hub_seeds.everything(IMAGE)
    shown = stage.created.json["result"]["event"]

    kept = "name display_name description premium links tax resources ticket_instruction survey_configuration refund"
    for name in f"{kept} activities custom_attributes event_code merchandise".split():
        assert shown[name] == asked[name]
    assert shown["tickets"] == {**asked["tickets"], "levels": []}
    assert shown["banner"] == [{"name": "Wide", "image": IMAGE, "primary": True}]
    assert (shown["timezone"], shown["currency"]) == ("Europe/Berlin", "EUR")
    assert shown["enable_datetime_conversion"] is True
    assert shown["coupons"][0] | {"uuid": ""} == {
        "uuid": "",
        "name": "Friends",
        "code": "FRIENDS",
        "discount_amount": 5.5,
        "discount_type": "fixed",
        "starts_on": {"utc": "2034-12-01 09:00", "local": "2034-12-01 10:00"},
        "ends_on": {"utc": "2034-12-31 23:00", "local": "2035-01-01 00:00"},
        "uses_per_coupon": 100,
        "total_used": 0,
        "uses_per_customer": 2,
        "status": True,
    }
    assert shown["early_bird_discount"]["discount"] == 12.5
    settings_shown = shown["settings"]
    assert settings_shown["booking_starts_on"]["utc"] == "2034-11-01 08:00"
    # The last of the occurrences starts on 28 February, six weeks after the first less one that is left out.
    assert settings_shown["booking_ends_on"]["local"] == "2035-02-28 17:30"
    assert settings_shown["event_capacity"] == 5000
    assert [one["name"] for one in shown["listing"]["categories"]] == ["Concert", "Business"]
    assert shown["interactions"]["attendees"] == [{"sub": "ada", "name": "Ada"}]
    assert shown["fees"]["rate"] == [{"name": "SERVICE_FEE", "value": 1.5}]
    assert (shown["contact_email"], shown["invitations"][0]["code"]) == ("hello@aurora.example", "VIP")
    assert shown["location"] == "Olympiahalle, München"
    assert shown["slug"].startswith("aurora-nights-")
    assert [one["start_on"]["local"] for one in shown["event_occurrence"]] == [
        f"{day} 19:30" for day in ("2035-01-24", "2035-02-07", "2035-02-14", "2035-02-21", "2035-02-28")
    ]
    assert shown["occurrence"]["exclusions"] == ["2035-01-31"]
    assert hub.stored(shown["uuid"])["state"] == "ready"


def test_what_was_read_can_be_sent_back_and_changes_nothing(stage: Stage) -> None:
    read = stage.ask("hub_events", "read")
    asked = hub_seeds.everything(IMAGE)
    # These hold what other requests write, or what follows from the rest.
    apart = {"tickets", "sessions", "interactions", "fees"}
    body = {name: value for name, value in read.json["result"]["event"].items() if name in asked.keys() - apart}
    again = stage.ask("hub_events", "update", body={"event": body})
    assert again.headers["etag"] == read.headers["etag"]
    assert again.json == read.json


def test_what_an_event_is_without_is_taken_back_as_it_was_sent(stage: Stage) -> None:
    taken = stage.ask("hub_events", "update", body={"event": {"thumbnail": None, "banner": []}}).json["result"]["event"]
    again = stage.ask("hub_events", "update", body={"event": {"thumbnail": taken["thumbnail"]}}).json["result"]["event"]
    assert again["thumbnail"] == taken["thumbnail"] == {"name": "", "image": "", "primary": False}
    assert again["version"] == taken["version"]

    # The documents have 0 where a ticket level is for no session, and below no other
    ticket = {**TICKET, "session_id": 0, "parent_id": 0}
    made = stage.ask("hub_events", "create_ticket", body={"ticket": ticket}).json["result"]["ticket"]
    assert (made["session_id"], made["parent_id"]) == (None, None)
