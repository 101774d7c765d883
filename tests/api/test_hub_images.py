"""Images over HTTP: the form, what is taken when it is used, who may use it, how it is shown."""

from collections.abc import Callable, Iterator
from functools import partial
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from pydantic import TypeAdapter

from marquee.errors import Unprocessable
from marquee.hub.envelopes import Envelope
from marquee.hub.images import service
from marquee.hub.images.content import MAX_BYTES
from marquee.hub.images.models import PreparedImage
from marquee.settings import settings
from tests.conftest import REGION
from tests.support.api import TENANT, Answer, call, sample, varied
from tests.support.hub_images import Pictures, animation, picture, pictures_served, png, sent_image

FIELD = "event.banner.0.image"
PREPARED = TypeAdapter(Envelope[PreparedImage])


@pytest.fixture
def hub(aws: dict[str, str], app: Callable[[str], ModuleType]) -> ModuleType:
    return app("hub_events")


@pytest.fixture
def there(aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Pictures]:
    """A host of pictures that this deployment trusts."""
    with pictures_served() as served:
        monkeypatch.setenv("TRUSTED_IMAGE_HOSTS", f"127.0.0.1:{served.port}")
        settings.cache_clear()
        yield served


def prepared(hub: ModuleType, name: str = "banner.png", **changes: Any) -> str:
    """What stands for an image whose form was asked for."""
    answer = call(hub, varied(sample("hub_events", "prepare_image"), body={"file_name": name}, **changes))
    assert answer.status == 201, answer.raw
    return str(answer.json["result"]["image"])


def show(hub: ModuleType, image: str) -> Answer:
    event = varied(sample("hub_events", "read_image"), path={"image_id": image.removeprefix("images/")})
    return call(hub, event)


def code_of(take: Callable[[], object]) -> str:
    with pytest.raises(Unprocessable) as refused:
        take()
    assert {one.field for one in refused.value.violations} == {FIELD}
    assert refused.value.detail.startswith(f"The image in {FIELD} ")
    assert refused.value.detail.endswith(".")
    return refused.value.code


def objects(prefix: str) -> list[str]:
    found = boto3.client("s3", region_name=REGION).list_objects_v2(Bucket=settings().bucket, Prefix=prefix)
    return [one["Key"] for one in found.get("Contents", [])]


def test_a_form_is_given_for_one_file_of_ten_megabytes_at_most(hub: ModuleType) -> None:
    answer = call(hub, sample("hub_events", "prepare_image"))
    assert (answer.status, answer.json["statusCode"]) == (201, 201)
    given = PREPARED.validate_python(answer.json)["result"]
    assert given["image"].startswith("images/img_")
    assert given["image"].endswith(".png")
    assert given["upload"]["fields"]["key"] == f"images/uploads/{TENANT}/{given['image'].removeprefix('images/')}"
    assert given["upload"]["fields"]["Content-Type"] == "image/png"
    assert given["upload"]["max_bytes"] == MAX_BYTES
    assert objects("images/") == []


def test_a_name_that_is_not_a_pictures_is_refused(hub: ModuleType) -> None:
    for name in ("", "banner", "banner.gif", "a/b.png", "banner.png.html", "${filename}.svg", 5, None):
        answer = call(hub, varied(sample("hub_events", "prepare_image"), body={"file_name": name}))
        assert (answer.status, answer.json["statusCode"]) == (400, 400), name
        assert answer.json["validation_errors"][0]["field"] == "file_name"


def test_an_image_is_prepared_by_who_may_edit_events(hub: ModuleType) -> None:
    answer = call(hub, varied(sample("hub_events", "prepare_image"), scope="event.read event.list"))
    assert (answer.status, answer.json["error_code"], "event.update" in answer.json["detail"]) == (
        403,
        "auth.scope_missing",
        True,
    )


def test_a_sent_image_is_kept_when_it_is_used_and_shown_from_then_on(hub: ModuleType) -> None:
    # Given an image that was sent, under a name that lies
    jpeg = picture(kind="JPEG", mode="CMYK")
    image = sent_image(hub, jpeg, name="banner.PNG")
    assert show(hub, image).status == 404
    # When it is used
    assert service.checked(TENANT, image, FIELD) == image
    # Then it is shown to everybody, as what it is
    answer = show(hub, image)
    assert (answer.status, answer.raw) == (302, b"")
    assert answer.headers["x-content-type-options"] == "nosniff"
    location = urlsplit(answer.headers["location"])
    asked = parse_qs(location.query)
    assert asked["response-content-type"] == ["image/jpeg"]
    assert int(asked["X-Amz-Expires"][0]) <= 900
    kept = boto3.client("s3", region_name=REGION).get_object(
        Bucket=settings().bucket, Key=f"images/kept/{image.removeprefix('images/')}"
    )
    assert location.path.endswith(f"/images/kept/{image.removeprefix('images/')}")
    assert (kept["Body"].read(), kept["ContentType"]) == (jpeg, "image/jpeg")


def test_what_is_sent_afterwards_is_not_shown(hub: ModuleType) -> None:
    image = sent_image(hub, picture())
    service.checked(TENANT, image, FIELD)
    # When something else is sent with the same form, and the image used again
    key = f"images/uploads/{TENANT}/{image.removeprefix('images/')}"
    boto3.client("s3", region_name=REGION).put_object(Bucket=settings().bucket, Key=key, Body=b"<script>")
    assert service.checked(TENANT, image, FIELD) == image
    # Then the first one is still what is shown
    kept = boto3.client("s3", region_name=REGION).get_object(
        Bucket=settings().bucket, Key=f"images/kept/{image.removeprefix('images/')}"
    )
    assert kept["Body"].read() == picture()


def test_an_image_may_be_named_by_its_path_or_its_id(hub: ModuleType) -> None:
    image = sent_image(hub, picture())
    for name in (image, image.removeprefix("images/")):
        for spelling in ("{}", "/{}", " {} "):
            assert service.checked(TENANT, spelling.format(name), FIELD) == image


def test_a_sent_file_that_is_no_image_is_refused_and_not_kept(hub: ModuleType) -> None:
    wrong = {
        "image.format": b"<html></html>",
        "image.too_small": picture(301, 300),
        "image.unreadable": picture()[:-40],
        "image.animated": animation(),
        "image.too_large": picture() + b"\0" * MAX_BYTES,
    }
    sent = {code: sent_image(hub, content) for code, content in wrong.items()}
    for code, image in {**sent, "image.absent": prepared(hub)}.items():
        assert code_of(partial(service.checked, TENANT, image, FIELD)) == code
        assert show(hub, image).status == 404
    assert objects("images/kept/") == []


@pytest.mark.parametrize("used", [False, True])
def test_somebody_elses_image_is_as_if_it_were_not_there(hub: ModuleType, used: bool) -> None:
    # Given another organisation's image, and one that nobody has
    image, nobodys = sent_image(hub, picture()), "images/img_AAAAAAAAAAAAAAAAAAAA.png"
    if used:
        service.checked(TENANT, image, FIELD)
    # Then the same is said of both
    said = []
    for one in (image, nobodys):
        with pytest.raises(Unprocessable) as refused:
            service.checked("borealis", one, FIELD)
        said.append((refused.value.code, refused.value.detail, refused.value.violations))
    assert said[0] == said[1]
    assert said[0][0] == "image.absent"


def test_an_image_that_is_not_there_is_not_found(hub: ModuleType) -> None:
    ids = ["img_AAAAAAAAAAAAAAAAAAAA.png", "..", "kept", "img_x.png", "%2e%2e%2fuploads", "x" * 3000]
    for answer in (show(hub, image_id) for image_id in ids):
        assert (answer.status, answer.json["error_code"], answer.json["statusCode"]) == (404, "image.not_found", 404)


def test_an_image_given_by_url_is_fetched_and_its_url_kept(there: Pictures) -> None:
    there.shows({"/a.png": png(), "/small.png": png(picture(200, 200)), "/page": png(b"<html></html>")})
    assert service.checked(TENANT, f"{there.url}/a.png", FIELD) == f"{there.url}/a.png"
    assert objects("images/") == []
    assert code_of(lambda: service.checked(TENANT, f"{there.url}/small.png", FIELD)) == "image.too_small"
    assert code_of(lambda: service.checked(TENANT, f"{there.url}/page", FIELD)) == "image.format"
    assert code_of(lambda: service.checked(TENANT, f"{there.url}/gone.png", FIELD)) == "image.unreachable"
    assert code_of(lambda: service.checked(TENANT, "http://pictures.example/a.png", FIELD)) == "image.not_https"
    assert code_of(lambda: service.checked(TENANT, "https://127.0.0.1/a.png", FIELD)) == "image.address"
    assert code_of(lambda: service.checked(TENANT, "uploads/default.png", FIELD)) == "image.url"


def test_what_the_event_has_already_is_not_looked_at_again(there: Pictures, hub: ModuleType) -> None:
    there.shows({})
    image, url = prepared(hub), f"{there.url}/gone.png"
    assert service.checked_many(TENANT, {"a": url, "b": f"/{image}"}, {url, image}) == {"a": url, "b": image}
    assert there.asked == []


def test_of_several_images_all_that_are_wrong_are_named_and_none_is_fetched_twice(there: Pictures) -> None:
    there.shows({"/a.png": png(), "/small.png": png(picture(200, 200))})
    images = {
        f"banner.{n}": f"{there.url}/{name}" for n, name in enumerate(["a.png", "small.png", "a.png", "x", "small.png"])
    }
    with pytest.raises(Unprocessable) as refused:
        service.checked_many(TENANT, images)
    assert [(one.field, one.code) for one in refused.value.violations] == [
        ("banner.1", "image.too_small"),
        ("banner.3", "image.unreachable"),
        ("banner.4", "image.too_small"),
    ]
    assert sorted(there.asked) == ["/a.png", "/small.png", "/x"]
    assert service.checked_many(TENANT, {}) == {}


def test_more_new_images_than_a_request_has_time_for_are_refused(there: Pictures) -> None:
    there.shows({})
    with pytest.raises(Unprocessable, match="At most 8 images") as refused:
        service.checked_many(TENANT, {str(number): f"{there.url}/{number}" for number in range(10)})
    assert refused.value.code == "image.too_many"
    assert [one.field for one in refused.value.violations] == ["8", "9"]
    assert there.asked == []
