"""The organiser's job over HTTP, on the deployed stack: from a draft to a cancelled series, on all three hosts."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import urllib3

from tests.support.client import ALL_SCOPES, HUB_SCOPES, Client, Reply
from tests.support.hub_images import Pictures, picture, pictures_served, png

BERLIN = ZoneInfo("Europe/Berlin")
# Weekly over the change to winter time: the evenings stay at half past seven.
FIRST = datetime(2035, 10, 15, 19, 30, tzinfo=BERLIN)
TOLD = {
    "publish": (201, "Event has been published successfully"),
    "unpublish": (201, "Event has been unpublished successfully"),
    "cancel": (200, "Event has been cancelled successfully."),
}
EVENINGS = [FIRST + timedelta(weeks=week) for week in range(4)]


@pytest.fixture(scope="module")
def organiser(stack: Any) -> Client:
    return Client(stack, scope=f"{ALL_SCOPES} {HUB_SCOPES}")


def asked(**changes: Any) -> dict[str, Any]:
    """An event that repeats, with all that publishing needs."""
    address = {"city": "Köln", "country": "Germany"}
    venue = {"name": "venue", "value": {"name": "Tanzbrunnen", "address": address}}
    attributes = {"starts_on": "2035-10-15 19:30", "event_duration": "2.5", **ends_after(4)}
    return {
        "event": {
            "name": "Rhine Nights",
            "timezone": "europe/berlin",
            "occurrence": {"type": "weekly", "attributes": attributes},
            "configuration": {"type": "venue_event", "attributes": [venue]},
            "listing": {"enabled": True, "categories": ["concert"]},
            **changes,
        }
    }


def ends_after(number: int) -> dict[str, Any]:
    return {"occurrence_ends": {"type": "after", "value": number}}


def done(reply: Reply, status: int) -> Any:
    """The result of an answer that has this status, on the wire and in the body."""
    assert (reply.status, reply.json["statusCode"]) == (status, status), reply.raw
    return reply.json["result"]


def change_publication(client: Client, uuid: str, action: str) -> dict[str, Any]:
    """Publish, unpublish or cancel, and wait until the other hosts have it; gives the publication."""
    status, told = TOLD[action]
    reply = client.post(f"/hub/events/{uuid}/{action}")
    assert done(reply, status) == told
    publication = arrived(client, uuid)
    assert publication["execution"] == reply.json["execution"]
    execution = client.until(
        f"/main/executions/{publication['execution']}", lambda one: one.json["status"] != "running"
    )
    assert execution.json["status"] == "succeeded"
    # which nobody else can watch
    assert Client(client.stack).get(f"/main/executions/{publication['execution']}").status == 404
    return publication


def arrived(client: Client, uuid: str) -> dict[str, Any]:
    reply = client.until(f"/hub/events/{uuid}/publication", lambda one: one.json["result"]["phase"] != "running")
    publication: dict[str, Any] = done(reply, 200)
    assert publication["phase"] == "done", publication
    return publication


def on_main(client: Client, eids: list[str]) -> list[dict[str, Any]]:
    return [client.get(f"/main/events/{eid}").json for eid in eids]


def send(client: Client, file_name: str, content: bytes) -> str:
    """Send an image with a form of the Hub; gives what stands for it."""
    prepared = done(client.post("/hub/images", {"file_name": file_name}), 201)
    fields = {**prepared["upload"]["fields"], "file": (file_name, content)}
    taken = urllib3.request("POST", prepared["upload"]["url"], fields=fields, retries=False, timeout=20)
    assert taken.status == 204, taken.data
    return str(prepared["image"])


@pytest.fixture(scope="module")
def there() -> Any:
    with pictures_served() as served:
        served.shows({"/poster.png": png()})
        yield served


def test_a_recurring_event_from_draft_to_cancelled_on_all_hosts(stack: Any, organiser: Client, there: Pictures) -> None:
    client, neighbour = organiser, Client(stack, scope=HUB_SCOPES)
    # Given an event with a banner that was sent, and a thumbnail that is elsewhere
    banner, sent = send(client, "banner.png", picture(kind="JPEG")), {"primary": True}
    body = asked(
        banner=[{"name": "Banner", "image": banner, **sent}],
        thumbnail={"name": "Poster", "image": f"{there.url}/poster.png", **sent},
    )
    event = done(client.post(f"/hub/orgs/{client.tenant}/events", body, {"Idempotency-Key": "first"}), 201)["event"]
    again = client.post(f"/hub/orgs/{client.tenant}/events", body, {"Idempotency-Key": "first"})
    assert again.json["result"]["event"]["uuid"] == event["uuid"]
    uuid, eids = event["uuid"], [one["main_event_id"] for one in event["event_occurrence"]]
    assert event["status"] == "ready"
    assert [one["start_on"]["utc"] for one in event["event_occurrence"]] == [
        f"{evening.astimezone(UTC):%Y-%m-%d %H:%M}" for evening in EVENINGS
    ]
    # with tickets and a session
    level = {"ticket": {"name": "Lawn", "quantity": 300, "pricing_details": [{"price": 39.9}]}}
    ticket = done(client.post(f"/hub/events/{uuid}/tickets", level), 201)["ticket"]
    talk = {"name": "Talk", "session_starts_on": "2035-10-15 20:00", "duration": 30, "capacity": 300}
    session = done(client.post(f"/hub/events/{uuid}/sessions", {"sessions": talk}), 201)["session"]["session"]
    assert session["tickets"][0]["uuid"] == ticket["uuid"]
    assert [client.get(f"/main/events/{eid}").status for eid in eids] == [404] * 4
    assert done(neighbour.get(f"/hub/events?organisation={client.tenant}"), 200)["events"] == []

    # When it is published
    change_publication(client, uuid, "publish")
    # Then each evening is an event on Main, all of them one series, and the Registry says whose they are
    shown = on_main(client, eids)
    assert [one["start_date_time"] for one in shown] == [
        f"{evening.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" for evening in EVENINGS
    ]
    for one, eid in zip(shown, eids, strict=True):
        told = (one["title"], one["city"], one["venue_name"], one["capacity"], one["category"], one["status"])
        assert told == ("Rhine Nights", "Köln", "Tanzbrunnen", 300, "concert", "active")
        assert sorted([*one["campaign_event_series"], eid]) == sorted(eids)
        assert one["hub"]["hub_event_id"] == uuid
        assert client.get(f"/cr/events/{eid}").json["title"] == "Rhine Nights"
    # and others see it in the list, with its banner, which needs no token
    (listed,) = done(neighbour.get(f"/hub/events?organisation={client.tenant}"), 200)["events"]
    assert (listed["uuid"], listed["status"], listed["banner"][0]["image"]) == (uuid, "published", banner)
    found = urllib3.request("GET", f"{stack.url}/hub/{banner}", retries=False, timeout=20)
    assert found.status == 302
    image = urllib3.request("GET", found.headers["Location"], retries=False, timeout=20)
    assert (image.status, image.headers["Content-Type"], image.data) == (200, "image/jpeg", picture(kind="JPEG"))

    # When it gets another name, and loses its last evening
    changes = {"name": "Rhine Lights", "occurrence": {"attributes": ends_after(3)}}
    event = done(client.put(f"/hub/orgs/{client.tenant}/events/{uuid}", {"event": changes}), 200)["event"]
    assert [one["main_event_id"] for one in event["event_occurrence"]] == eids[:3]
    arrived(client, uuid)
    # Then Main shows that
    shown = on_main(client, eids)
    assert [one["title"] for one in shown[:3]] == ["Rhine Lights"] * 3
    assert [one["status"] for one in shown] == ["active"] * 3 + ["archived"]

    # When it is unpublished, published again, and cancelled
    change_publication(client, uuid, "unpublish")
    assert {one["status"] for one in on_main(client, eids)} == {"archived"}
    assert done(neighbour.get(f"/hub/events?organisation={client.tenant}"), 200)["events"] == []
    change_publication(client, uuid, "publish")
    assert [one["status"] for one in on_main(client, eids)] == ["active"] * 3 + ["archived"]
    change_publication(client, uuid, "cancel")
    # Then Main and the Registry show it as cancelled, for good
    assert [one["status"] for one in on_main(client, eids)[:3]] == ["cancelled"] * 3
    assert client.get(f"/cr/events/{eids[0]}").json["fe_status"] == "CANCELLED"
    assert done(client.get(f"/hub/events/{uuid}"), 200)["event"]["status"] == "cancelled"
    for action in ("publish", "unpublish", "cancel"):
        refused = client.post(f"/hub/events/{uuid}/{action}")
        assert (refused.status, refused.json["error_code"]) == (409, "event.state")
