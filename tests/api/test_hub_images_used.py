"""Images where they are named: of events, sessions and organisations."""

import json
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from marquee.hub import repository
from marquee.hub.events import service as events
from marquee.hub.events.models import NewEvent
from marquee.settings import settings
from tests.support import hub
from tests.support.api import TENANT, Answer, call, sample, varied
from tests.support.hub_images import Pictures, picture, pictures_served, png, sent_image

Load = Callable[[str], ModuleType]


@pytest.fixture
def there(aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Pictures]:
    """A host of pictures that this deployment trusts."""
    with pictures_served() as served:
        monkeypatch.setenv("TRUSTED_IMAGE_HOSTS", f"127.0.0.1:{served.port}")
        settings.cache_clear()
        served.shows({"/a.png": png(), "/b.png": png(), "/small.png": png(picture(300, 400))})
        yield served


def pictured(image: str) -> dict[str, Any]:
    return {"name": "Picture", "image": image, "primary": True}


def ask(app: Load, group: str, name: str, ids: dict[str, str], body: object, key: str = "") -> Answer:
    event = varied(sample(group, name), path=ids, body=body, headers={"Idempotency-Key": key})
    return call(app(group), event)


def change(app: Load, uuid: str, key: str = "", **fields: Any) -> Answer:
    ids = {"org_uuid": TENANT, "event_uuid": uuid}
    return ask(app, "hub_events", "update", ids, {"event": fields}, key)


def test_an_events_pictures_are_looked_at_and_stand_in_it(there: Pictures, app: Load) -> None:
    banner, poster = sent_image(app("hub_events"), picture()), f"{there.url}/a.png"
    event = hub.create(app("hub_events"), banner=[pictured(f"/{banner}"), pictured(poster)], thumbnail=pictured(poster))
    assert [one["image"] for one in event["banner"]] == [banner, poster]
    assert event["thumbnail"]["image"] == poster
    assert there.asked == ["/a.png"]
    # and they are shown
    shown = varied(sample("hub_events", "read_image"), path={"image_id": banner.removeprefix("images/")})
    assert call(app("hub_events"), shown).status == 302


def test_an_edit_looks_at_no_picture_again_that_the_event_has(there: Pictures, app: Load) -> None:
    poster, other = f"{there.url}/a.png", f"{there.url}/b.png"
    event = hub.create(app("hub_events"), banner=[pictured(poster)])
    # Given that nobody can fetch it any more
    there.shows({"/b.png": png()})
    # When the event is edited, with and without its pictures
    for fields in ({"name": "Other"}, {"banner": [pictured(poster)]}, {"banner": [pictured(poster), pictured(other)]}):
        assert change(app, event["uuid"], **fields).status == 200
    # Then only the new one is fetched
    assert there.asked == ["/b.png"]
    # and a duplicate has the same without a look
    copied = ask(app, "hub_events", "duplicate", {"event_uuid": event["uuid"]}, None)
    assert [one["image"] for one in copied.json["result"]["event"]["banner"]] == [poster, other]
    assert there.asked == ["/b.png"]


def test_every_picture_that_is_refused_is_named_and_nothing_is_written(there: Pictures, app: Load) -> None:
    event = hub.create(app("hub_events"))
    before = hub.stored(event["uuid"])
    fields: dict[str, Any] = {
        "name": "Other",
        "banner": [pictured(f"{there.url}/a.png"), pictured(f"{there.url}/small.png")],
        "thumbnail": pictured("https://127.0.0.1/a.png"),
    }
    refused = change(app, event["uuid"], **fields)
    assert (refused.status, refused.json["statusCode"]) == (422, 422)
    assert [(one["field"], one["code"]) for one in refused.json["validation_errors"]] == [
        ("event.banner.1.image", "image.too_small"),
        ("event.thumbnail.image", "image.address"),
    ]
    assert hub.stored(event["uuid"]) == before
    # and none is made with such a picture
    made = ask(app, "hub_events", "create", {"org_uuid": TENANT}, hub.new_event(thumbnail=fields["thumbnail"]))
    assert (made.status, made.json["error_code"]) == (422, "image.address")


def test_a_request_that_is_repeated_under_its_key_fetches_nothing_again(there: Pictures, app: Load) -> None:
    body = hub.new_event(banner=[pictured(f"{there.url}/a.png")])
    first = ask(app, "hub_events", "create", {"org_uuid": TENANT}, body, "key")
    there.shows({})
    again = ask(app, "hub_events", "create", {"org_uuid": TENANT}, body, "key")
    assert (first.status, again.status, again.json) == (201, 201, first.json)
    # not even where the answer was lost
    asked = NewEvent.model_validate(body)
    there.shows({"/a.png": png()})
    made = events.create(TENANT, "organiser", asked, "lost")
    there.shows({})
    assert events.create(TENANT, "organiser", asked, "lost")["uuid"] == made["uuid"]
    assert there.asked == []


def session(image: str, start: str = "20:30") -> dict[str, Any]:
    return {"sessions": {"name": "Talk", "session_starts_on": f"2035-01-24 {start}", "duration": 30, "image": image}}


def test_a_sessions_picture_is_looked_at_and_is_called_like_one(there: Pictures, app: Load) -> None:
    ids = {"event_uuid": hub.create(app("hub_events"))["uuid"]}
    image = sent_image(app("hub_events"), picture(), name="talk.JPG")
    made = ask(app, "hub_sessions", "create", ids, session(image, "19:30"))
    assert made.status == 201, made.raw
    assert made.json["result"]["session"]["session"]["image"] == image
    # Another name than a picture's is malformed; what is no picture is refused
    for name, status in {"/a.gif": 400, "/a": 400, "/small.png": 422, "/gone.png": 422}.items():
        refused = ask(app, "hub_sessions", "create", ids, session(f"{there.url}{name}"))
        assert refused.status == status, refused.raw
        assert refused.json["validation_errors"][0]["field"] == "sessions.image"
    (stored,) = repository.sessions(TENANT, ids["event_uuid"])
    assert json.loads(stored["doc"])["image"] == image


def test_an_organisations_picture_is_looked_at(there: Pictures, app: Load) -> None:
    body = {"name": "Aurora", "image": f"{there.url}/small.png"}
    refused = ask(app, "hub_events", "update_organisation", {"org_uuid": TENANT}, body)
    assert (refused.status, refused.json["validation_errors"][0]["field"]) == (422, "image")
    image = sent_image(app("hub_events"), picture())
    written = ask(app, "hub_events", "update_organisation", {"org_uuid": TENANT}, {**body, "image": image})
    assert (written.status, written.json["result"]["organisation"]["image"]) == (200, image)
