"""A tenant's campaign settings: read, replaced, guarded."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

from tests.support.api import call, sample, varied

PK = "T#aurora#CAMPAIGNS"


def test_settings_are_those_that_everybody_begins_with_until_they_are_replaced(
    aws: dict[str, str], app: Callable[[str], ModuleType], table: Any
) -> None:
    campaigns = app("campaigns")
    # Given a tenant without settings
    first = call(campaigns, sample("campaigns", "read_settings"))
    assert first.json == {
        "return_floor": None,
        "minimum_spend": {},
        "default_platform": "sandbox",
        "version": 0,
        "updated_at": None,
    }
    # When they are replaced
    body = {"return_floor": 1.25, "minimum_spend": {"EUR": 50.5, "JPY": 700}, "default_platform": "meta"}
    answer = call(campaigns, varied(sample("campaigns", "replace_settings"), body=body))
    # Then they are stored exactly, and sent back as they came
    assert (answer.status, answer.headers["etag"]) == (200, '"1"')
    stored = table("CampaignsTable")(PK, "SETTINGS")
    assert (stored["return_floor"], stored["minimum_spend"]) == (1250, {"EUR": 5050, "JPY": 700})
    again = call(campaigns, sample("campaigns", "read_settings"))
    assert {name: again.json[name] for name in body} == body
    # and the same ones again, or others on an old version, change nothing
    same = call(campaigns, varied(sample("campaigns", "replace_settings"), body=body, headers={"If-Match": '"0"'}))
    assert (same.status, same.json["version"]) == (200, 1)
    stale = call(campaigns, varied(sample("campaigns", "replace_settings"), body={}, headers={"If-Match": '"0"'}))
    assert (stale.status, table("CampaignsTable")(PK, "SETTINGS")["version"]) == (412, 1)
    # and nobody else has them
    assert call(campaigns, varied(sample("campaigns", "read_settings"), tenants=["boreal"])).json["version"] == 0


def test_what_is_wrong_with_settings_is_named(aws: dict[str, str], app: Callable[[str], ModuleType]) -> None:
    campaigns = app("campaigns")
    for body, status, field in [
        ({"minimum_spend": {"XXX": 1}}, 422, "minimum_spend.XXX"),
        ({"minimum_spend": {"JPY": 1.5}}, 422, "minimum_spend.JPY"),
        ({"return_floor": -1}, 400, "return_floor"),
        ({"floor": 1}, 400, "floor"),
    ]:
        answer = call(campaigns, varied(sample("campaigns", "replace_settings"), body=body))
        assert (answer.status, answer.json["validation_errors"][0]["field"]) == (status, field)


def test_an_event_without_campaigns_has_none_and_somebody_elses_event_is_not_there(
    aws: dict[str, str], app: Callable[[str], ModuleType]
) -> None:
    from tests.support.ingest import register_event

    register_event()
    campaigns = app("campaigns")
    answer = call(campaigns, sample("campaigns", "list_campaigns"))
    assert (answer.status, answer.json["items"], answer.json["state"]) == (200, [], None)
    stranger = call(campaigns, varied(sample("campaigns", "list_campaigns"), tenants=["boreal"]))
    assert (stranger.status, stranger.json["error_code"]) == (404, "event.not_found")
