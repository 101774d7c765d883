"""Integrations with ad platforms over HTTP, and the accounts that come of them."""

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import boto3
import pytest

from marquee.campaigns import platform_service
from marquee.errors import NotFound, Unprocessable
from tests.support.api import call, sample, varied
from tests.support.platforms import TOKEN

SECRET = "marquee/test/platforms/aurora/meta"


@pytest.fixture
def campaigns(
    aws: dict[str, str], app: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> Iterator[ModuleType]:
    from marquee.settings import settings

    monkeypatch.setenv("PLATFORM_SECRETS", "marquee/test/platforms")
    monkeypatch.setenv("META_API_URL", "https://meta.example/v24.0")
    settings.cache_clear()
    yield app("campaigns")
    settings.cache_clear()


def put(campaigns: ModuleType, if_match: str = "", **changes: Any) -> Any:
    headers = {"Idempotency-Key": "", "If-Match": if_match}
    return call(campaigns, varied(sample("campaigns", "set_up_integration"), headers=headers, **changes))


def listed(campaigns: ModuleType, **changes: Any) -> dict[str, Any]:
    answer = call(campaigns, varied(sample("campaigns", "list_integrations"), **changes))
    assert answer.status == 200
    return {one["platform"]: one for one in answer.json["items"]}


def test_with_nothing_set_up_only_the_sandbox_is_ready(campaigns: ModuleType) -> None:
    found = listed(campaigns)
    assert found["sandbox"] == {
        "platform": "sandbox",
        "ready": True,
        "missing": [],
        "settings": {},
        "secret": None,
        "version": 0,
        "updated_at": None,
    }
    assert found["meta"]["ready"] is False
    assert found["meta"]["missing"] == ["account_id", "countries", "secret"]
    assert found["meta"]["secret"] == {"name": SECRET, "present": False}
    assert platform_service.account("aurora", "sandbox").settings == {}
    with pytest.raises(Unprocessable, match=r"integration\.not_set_up"):
        platform_service.account("aurora", "meta")


def test_what_is_set_up_is_stored_shown_and_the_accounts(
    campaigns: ModuleType, table: Callable[[str], Callable[[str, str], dict[str, Any] | None]]
) -> None:
    answer = put(campaigns)
    assert (answer.status, answer.headers["etag"]) == (200, '"1"')
    assert answer.json["settings"]["account_id"] == "1234567890"
    assert answer.json["settings"]["countries"] == ["DE", "AT"]
    assert listed(campaigns)["meta"] == answer.json
    item = table("CampaignsTable")("T#aurora#INTEGRATIONS", "meta")
    assert item is not None
    assert item["settings"]["countries"] == "DE,AT"
    account = platform_service.account("aurora", "meta")
    assert (account.tenant, account.platform, account.settings["pixel_id"]) == ("aurora", "meta", "2233445566")
    # Another tenant has nothing of it
    assert listed(campaigns, tenants=["borealis"])["meta"]["version"] == 0


def test_a_secret_is_said_to_be_there_and_never_shown(
    campaigns: ModuleType, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    put(campaigns)
    assert listed(campaigns)["meta"]["missing"] == ["secret"]
    secrets = boto3.client("secretsmanager")
    secrets.create_secret(Name=SECRET, SecretString=TOKEN)
    answer = call(campaigns, sample("campaigns", "list_integrations"))
    (meta,) = (one for one in answer.json["items"] if one["platform"] == "meta")
    assert (meta["ready"], meta["missing"], meta["secret"]["present"]) == (True, [], True)
    assert TOKEN not in answer.raw.decode() + caplog.text + "".join(capsys.readouterr())
    # One that is being deleted is none
    secrets.delete_secret(SecretId=SECRET)
    assert listed(campaigns)["meta"]["missing"] == ["secret"]


def test_the_same_again_changes_nothing_and_an_overtaken_edit_is_refused(campaigns: ModuleType) -> None:
    first = put(campaigns)
    assert put(campaigns).json == first.json
    body = {"account_id": "99", "countries": ["CH"]}
    changed = put(campaigns, body=body, if_match='"1"')
    assert (changed.status, changed.json["version"]) == (200, 2)
    assert changed.json["settings"] == {"account_id": "99", "countries": ["CH"]}
    stale = put(campaigns, body={**body, "page_id": "1"}, if_match='"1"')
    assert (stale.status, listed(campaigns)["meta"]["version"]) == (412, 2)


@pytest.mark.parametrize(
    ("platform", "body", "status", "fields"),
    [
        ("meta", {"countries": ["DE"]}, 422, ["account_id"]),
        ("meta", {"account_id": "1"}, 422, ["countries"]),
        ("meta", {"account_id": "1", "countries": ["DE"], "speed": 2}, 422, ["speed"]),
        ("sandbox", {"account_id": "1", "page_id": "2"}, 422, ["account_id", "page_id"]),
        ("meta", {"account_id": "act_", "countries": ["DE"]}, 400, ["account_id"]),
        ("meta", {"account_id": "1", "countries": ["de"]}, 400, ["countries.0"]),
        ("meta", {"account_id": "1", "countries": ["DE", "DE"]}, 400, ["countries"]),
        ("meta", {"account_id": "1", "countries": ["DE"], "access_token": TOKEN}, 400, ["access_token"]),
        ("tiktok", {"account_id": "1"}, 404, []),
    ],
)
def test_what_is_wrong_with_an_integration_is_named(
    campaigns: ModuleType, platform: str, body: dict[str, Any], status: int, fields: list[str]
) -> None:
    answer = put(campaigns, path={"platform": platform}, body=body)
    assert answer.status == status
    assert [one["field"].removeprefix("body.") for one in answer.json["validation_errors"]] == fields
    assert TOKEN not in answer.raw.decode()
    assert listed(campaigns)["meta"]["version"] == 0


def test_an_integration_is_removed_and_the_sandboxs_settings_reach_its_account(campaigns: ModuleType) -> None:
    put(campaigns)
    remove = sample("campaigns", "remove_integration")
    assert call(campaigns, remove).status == 204
    assert listed(campaigns)["meta"]["version"] == 0
    again = call(campaigns, varied(remove, headers={"Idempotency-Key": "another"}))
    assert (again.status, again.json["error_code"]) == (404, "integration.not_found")
    assert put(campaigns, path={"platform": "sandbox"}, body={"speed": 3600}).json["settings"] == {"speed": 3600}
    assert platform_service.account("aurora", "sandbox").settings == {"speed": "3600"}


def test_an_integration_stays_as_it_is_while_campaigns_are_on_the_platform(
    campaigns: ModuleType, aws: dict[str, str]
) -> None:
    put(campaigns)
    table = boto3.Session(region_name="eu-central-1").resource("dynamodb").Table(aws["CampaignsTable"])
    setup = {"pk": "T#aurora#E#evt_one", "sk": "SETUP", "launch_id": "lch_1", "platforms": ["meta"]}
    table.put_item(Item={**setup, "live_pk": "T#aurora#LIVE", "live_sk": "evt_one"})
    gone = call(campaigns, sample("campaigns", "remove_integration"))
    moved = put(campaigns, body={"account_id": "2", "countries": ["DE"]})
    for answer in (gone, moved):
        assert (answer.status, answer.json["error_code"]) == (409, "integration.in_use")
        assert "evt_one" in answer.json["detail"]
    # What does not move them may change
    assert put(campaigns, body={"account_id": "1234567890", "countries": ["CH"]}).status == 200
    # And those of a sandbox hold up nobody
    table.put_item(Item={**setup, "platforms": ["sandbox"], "live_pk": "T#aurora#LIVE", "live_sk": "evt_one"})
    again = varied(sample("campaigns", "remove_integration"), headers={"Idempotency-Key": "later"})
    assert call(campaigns, again).status == 204


def test_platforms_are_known_by_name(campaigns: ModuleType) -> None:
    assert [platform_service.platform(name).name for name in ("sandbox", "meta")] == ["sandbox", "meta"]
    assert platform_service.platform("meta") is platform_service.platform("meta")
    with pytest.raises(NotFound, match=r"platform\.unknown"):
        platform_service.platform("tiktok")
    with pytest.raises(NotFound, match=r"platform\.unknown"):
        platform_service.account("aurora", "tiktok")
