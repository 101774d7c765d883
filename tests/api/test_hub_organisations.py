"""Organisations on the Hub: what their events show of them, and what they get where they say nothing."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from pydantic import TypeAdapter

from marquee.ddb import aws_client
from marquee.errors import Conflict
from marquee.hub.envelopes import Envelope
from marquee.hub.models import Item
from marquee.hub.organisations import repository, service
from marquee.hub.organisations.models import OneOrganisation
from tests.support import hub as events
from tests.support.api import TENANT, Answer, call, sample, varied

Stored = Callable[[], dict[str, Any] | None]
ANSWER = TypeAdapter(Envelope[OneOrganisation])
PROFILE = {"name": "Aurora Konzerte München", "info": "Concerts under the open sky.", "image": None}


@pytest.fixture
def hub(aws: dict[str, str], app: Callable[[str], ModuleType]) -> ModuleType:
    return app("hub_events")


@pytest.fixture
def stored(table: Callable[[str], Callable[[str, str], dict[str, Any] | None]]) -> Stored:
    return lambda: table("HubTable")(f"T#{TENANT}", "ORGANISATION")


def read(hub: ModuleType, **how: Any) -> Answer:
    return call(hub, varied(sample("hub_events", "read_organisation"), **how))


def update(hub: ModuleType, headers: dict[str, str] | None = None, **how: Any) -> Answer:
    event = sample("hub_events", "update_organisation")
    return call(hub, varied(event, headers={"Idempotency-Key": ""} | (headers or {}), **how))


def shown(answer: Answer) -> dict[str, Any]:
    assert answer.status == 200, answer.raw
    ANSWER.validate_python(answer.json)
    assert answer.json["statusCode"] == 200
    organisation: dict[str, Any] = answer.json["result"]["organisation"]
    assert answer.headers["etag"] == f'"{organisation["version"]}"'
    return organisation


def test_an_organisation_without_a_profile_is_named_by_its_id(hub: ModuleType, stored: Stored) -> None:
    answer = read(hub)

    assert shown(answer) == {
        "uuid": TENANT,
        "name": TENANT,
        "slug": TENANT,
        "info": None,
        "image": None,
        "metrics": [],
        "interactions": {"preferences": [], "follows": None, "followed_by": None, "mutes": None},
        "defaults": {},
        "version": 0,
    }
    assert stored() is None


def test_a_profile_is_written_and_read(hub: ModuleType, stored: Stored) -> None:
    written = shown(update(hub))

    assert written == shown(read(hub))
    assert {name: written[name] for name in PROFILE} == PROFILE
    assert (written["slug"], written["version"]) == ("aurora-konzerte-munchen", 1)
    item = stored()
    assert item is not None
    assert (item["name"], item["info"], item["image"], item["version"]) == (*PROFILE.values(), 1)


def test_what_an_update_leaves_out_is_empty_afterwards(hub: ModuleType) -> None:
    update(hub)

    after = shown(update(hub, body={"name": "Aurora"}))

    assert (after["name"], after["info"], after["image"], after["version"]) == ("Aurora", None, None, 2)


def test_an_update_that_changes_nothing_writes_nothing(hub: ModuleType, stored: Stored) -> None:
    update(hub)
    before = stored()

    assert shown(update(hub, headers={"If-Match": '"1"'}))["version"] == 1
    assert stored() == before


def test_an_update_of_another_version_is_refused(hub: ModuleType, stored: Stored) -> None:
    update(hub, headers={"If-Match": '"0"'})
    before = stored()

    for tag in ('"0"', '"2"', 'W/"1"'):
        answer = update(hub, headers={"If-Match": tag}, body={"name": "Other"})
        assert (answer.status, answer.json["error_code"]) == (412, "precondition.stale")

    assert stored() == before
    assert shown(update(hub, headers={"If-Match": '"1"'}, body={"name": "Other"}))["name"] == "Other"


def test_a_read_of_the_version_that_is_known_is_not_modified(hub: ModuleType) -> None:
    update(hub)

    answer = read(hub, headers={"If-None-Match": '"1"'})

    assert (answer.status, answer.raw) == (304, b"")


def test_an_update_repeated_under_its_key_after_its_answer_was_lost_is_answered_again(
    hub: ModuleType, aws: dict[str, str], stored: Stored
) -> None:
    keyed = {"Idempotency-Key": "profile-1", "If-Match": '"0"'}
    first = update(hub, headers=keyed)
    answers = aws_client("dynamodb").scan(TableName=aws["IdempotencyTable"])["Items"]
    for item in answers:
        key = {name: item[name] for name in ("pk", "sk")}
        aws_client("dynamodb").delete_item(TableName=aws["IdempotencyTable"], Key=key)

    again = update(hub, headers=keyed)

    assert answers
    assert shown(again) == shown(first)
    assert (stored() or {})["version"] == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": " "}, "name"),
        ({"name": "n" * 76}, "name"),
        ({"name": None}, "name"),
        ({"name": "Aurora", "info": "i" * 2501}, "info"),
        ({"name": "Aurora", "image": 7}, "image"),
        ({"name": "Aurora", "slug": "aurora"}, "slug"),
        ({"name": "Aurora", "defaults": {}}, "defaults"),
    ],
)
def test_a_profile_that_is_malformed_is_refused_by_the_name_of_its_field(
    hub: ModuleType, stored: Stored, body: dict[str, Any], field: str
) -> None:
    answer = update(hub, body=body)

    assert answer.status == answer.json["statusCode"] == 400
    assert [one["field"] for one in answer.json["validation_errors"]] == [field]
    assert stored() is None


def test_the_longest_name_and_text_are_accepted(hub: ModuleType) -> None:
    after = shown(update(hub, body={"name": "ä" * 75, "info": "ö" * 2500}))

    assert (len(after["name"]), len(after["info"]), after["slug"]) == (75, 2500, "a" * 75)


def test_an_image_that_cannot_be_used_is_refused(hub: ModuleType, stored: Stored) -> None:
    answer = update(hub, body={"name": "Aurora", "image": "http://localhost/logo.png"})

    assert answer.status == 422
    assert [one["field"] for one in answer.json["validation_errors"]] == ["image"]
    assert stored() is None


def test_a_name_without_words_gets_the_slug_of_the_id(hub: ModuleType) -> None:
    assert shown(update(hub, body={"name": "!!!"}))["slug"] == TENANT


@pytest.mark.parametrize("route", [read, update])
def test_another_organisation_is_not_there(hub: ModuleType, stored: Stored, route: Callable[..., Answer]) -> None:
    service.set_defaults("borealis", {"timezone": "Europe/Oslo"})

    foreign = route(hub, path={"org_uuid": "borealis"})
    unknown = route(hub, path={"org_uuid": "nobody"})

    assert foreign.status == unknown.status == 404
    assert foreign.json["error_code"] == unknown.json["error_code"] == "organisation.not_found"
    assert foreign.json["detail"] == unknown.json["detail"].replace("nobody", "borealis")
    assert stored() is None


@pytest.mark.parametrize(("route", "scope"), [(read, "event.update"), (update, "event.read")])
def test_the_scope_that_is_missing_is_named(hub: ModuleType, route: Callable[..., Answer], scope: str) -> None:
    answer = route(hub, scope=scope)

    assert answer.status == 403
    assert ("event.read" if route is read else "event.update") in answer.json["detail"]


def test_one_of_several_organisations_is_the_one_that_the_path_names(hub: ModuleType) -> None:
    update(hub, tenants=["aurora", "borealis"], path={"org_uuid": "borealis"}, body={"name": "Borealis"})

    assert shown(read(hub))["name"] == "aurora"
    assert shown(read(hub, tenants=["borealis"], path={"org_uuid": "borealis"}))["name"] == "Borealis"


# --- Defaults of events -----------------------------------------------------------------------------------------------


def test_there_are_no_defaults_at_first(aws: dict[str, str]) -> None:
    assert service.profile(TENANT).defaults == {}
    assert service.snapshot(TENANT) == {"name": TENANT, "slug": TENANT, "info": None, "image": None}


def test_defaults_and_profile_do_not_touch_each_other(hub: ModuleType) -> None:
    service.set_defaults(TENANT, {"timezone": "Europe/Berlin", "currency": "EUR"})
    update(hub)
    service.set_defaults(TENANT, {"currency": "CHF"})

    assert service.profile(TENANT).defaults == {"timezone": "Europe/Berlin", "currency": "CHF"}
    assert service.snapshot(TENANT) == PROFILE | {"slug": "aurora-konzerte-munchen"}
    assert shown(read(hub))["version"] == 3


def test_defaults_that_are_the_same_are_not_written_again(aws: dict[str, str], stored: Stored) -> None:
    service.set_defaults(TENANT, {"timezone": "Europe/Berlin", "fees": {"rate": [{"name": "card", "value": 1.5}]}})
    before = stored()

    service.set_defaults(TENANT, service.profile(TENANT).defaults)

    assert stored() == before


def test_the_defaults_that_an_event_leaves_are_sent_as_events_send_such_parts(hub: ModuleType) -> None:
    refund = {"available": True, "policy": {"amount": {"discount_type": "fixed", "discount_unit": 12.5}}}
    given: dict[str, Any] = {
        "timezone": "Europe/Berlin",
        "currency": "CHF",
        "refund": refund,
        "settings": {"event_capacity": 900},
    }

    event = events.create(hub, is_update_org_settings=True, **given)

    sent = shown(read(hub))["defaults"]
    assert set(sent) == {"timezone", "currency", "enable_datetime_conversion", "settings", "refund", "fees"}
    assert (sent["timezone"], sent["currency"], sent["fees"]["currency"]) == ("Europe/Berlin", "CHF", "CHF")
    assert sent["refund"] == event["refund"]
    assert sent["refund"]["policy"]["amount"]["discount_unit"] == 12.5
    assert sent["settings"]["event_capacity"] == 900
    # Moments are each event's own.
    assert sent["settings"]["booking_starts_on"]["utc"] is sent["settings"]["booking_ends_on"]["local"] is None


def test_an_event_shows_its_organisation_from_when_it_is_written_next(hub: ModuleType) -> None:
    uuid = events.create(hub)["uuid"]
    update(hub)

    before = events.read(hub, uuid)["org"]
    after = events.update(hub, uuid, description="Under another name.")["org"]

    assert (before["name"], before["slug"], before["info"]) == (TENANT, TENANT, None)
    assert {name: after[name] for name in PROFILE} == PROFILE
    assert (after["uuid"], after["slug"]) == (TENANT, "aurora-konzerte-munchen")


def somebody_writes_after_the_first_read(monkeypatch: pytest.MonkeyPatch) -> None:
    get, meanwhile = repository.get, iter([{"currency": "CHF"}])

    def read_before_somebody_writes(tenant: str) -> Item:
        found = get(tenant)
        for values in meanwhile:
            service.set_defaults(tenant, values)
        return found

    monkeypatch.setattr(repository, "get", read_before_somebody_writes)


def test_a_write_at_the_same_time_is_not_lost(aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    somebody_writes_after_the_first_read(monkeypatch)

    service.set_defaults(TENANT, {"timezone": "Europe/Berlin"})

    assert service.profile(TENANT).defaults == {"timezone": "Europe/Berlin", "currency": "CHF"}


def test_of_two_updates_of_one_version_the_later_is_refused(hub: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    somebody_writes_after_the_first_read(monkeypatch)

    answer = update(hub, headers={"If-Match": '"0"'})

    assert (answer.status, answer.json["error_code"]) == (412, "precondition.stale")
    assert shown(read(hub))["name"] == TENANT


def test_writes_that_never_stop_are_a_conflict(aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    def moved(before: Item, changes: Item) -> Item:
        raise repository.VersionMoved

    monkeypatch.setattr(repository, "save", moved)
    monkeypatch.setattr("time.sleep", lambda _: None)

    with pytest.raises(Conflict, match="Try again"):
        service.set_defaults(TENANT, {"timezone": "Europe/Berlin"})
