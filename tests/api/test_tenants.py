"""Somebody else's is indistinguishable from what does not exist: every sample, wherever it carries an id."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from marquee.events import service as events
from marquee.registry import service as registry
from marquee.registry.models import NewEvent
from tests.support.api import SAMPLES, TENANT, call, sample, varied
from tests.support.events import meta

NOWHERE = "evt_nowhere-0000000"


def ids_in(event: dict[str, Any]) -> set[str]:
    """The event ids in path and query."""
    path = (event.get("pathParameters") or {}).values()
    query = [one for values in (event.get("multiValueQueryStringParameters") or {}).values() for one in values]
    return {one for one in (*path, *query) if one.startswith("evt_")}


# Executions and ingests of a tenant are shown to strangers on the deployed stack, where they can exist.
GROUPS = {"events", "statuses", "insights", "sales", "campaigns", "registry"}
WITH_EVENT_IDS = [
    path
    for path in sorted(SAMPLES.glob("*/*.json"))
    if path.parent.name in GROUPS and ids_in(sample(path.parent.name, path.stem))
]


def as_stranger(event: dict[str, Any], replaced: dict[str, str]) -> dict[str, Any]:
    text = json.dumps(event)
    for one, other in replaced.items():
        text = text.replace(one, other)
    return varied(json.loads(text), tenants=["stranger"], headers={"Idempotency-Key": ""})


def told(answer: Any) -> tuple[int, str]:
    """The answer without the ids that the request itself named."""
    text = answer.raw.decode()
    return answer.status, text


@pytest.mark.parametrize("path", WITH_EVENT_IDS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_strangers_request_learns_nothing(aws: dict[str, str], app: Callable[[str], ModuleType], path: Path) -> None:
    # Given events of one tenant on Main and at the Registry, under the ids of the sample
    group, event = path.parent.name, sample(path.parent.name, path.stem)
    named = ids_in(event)
    for eid in named:
        events.take_from_registry(TENANT, eid, meta(), 1)
        body = NewEvent.model_validate(
            {name: value for name, value in meta().items() if name not in {"event_type", "hub_event_id"}} | {"id": eid}
        )
        registry.register(TENANT, "test", body, "fdlive", None)
    handler = app(group)
    # When a stranger sends it, and again with ids that nobody has
    theirs = told(call(handler, as_stranger(event, {})))
    nobodys = told(call(handler, as_stranger(event, {eid: NOWHERE + eid[-1] for eid in named})))
    # Then both answers are the same, but for the id
    plain = theirs[1]
    for eid in named:
        plain = plain.replace(eid, NOWHERE + eid[-1])
    assert (theirs[0], plain) == nobodys
    assert theirs[0] == 404


def test_a_strangers_lists_are_empty(aws: dict[str, str], app: Callable[[str], ModuleType]) -> None:
    events.take_from_registry(TENANT, "evt_0001", meta(), 1)
    for name in ("list", "flagged", "venues"):
        answer = call(app("events"), varied(sample("events", name), query={}, tenants=["stranger"]))
        assert (answer.status, answer.json["total"], answer.json["items"]) == (200, 0, [])


def test_a_cursor_leads_into_the_callers_own_list_only(aws: dict[str, str], app: Callable[[str], ModuleType]) -> None:
    for number in (1, 2):
        events.take_from_registry(TENANT, f"evt_000{number}", meta(), 1)
    cursor = call(app("events"), varied(sample("events", "list"), query={"limit": ["1"]})).json["next_cursor"]
    asked = varied(sample("events", "list"), query={"cursor": [cursor]}, tenants=["stranger"])
    assert call(app("events"), asked).json["items"] == []


def test_a_strangers_clusters_settings_and_integrations_are_their_own(
    aws: dict[str, str], app: Callable[[str], ModuleType]
) -> None:
    # Given a tenant with clusters, settings and an integration
    campaigns, audience = app("campaigns"), app("audience")
    assert call(audience, sample("audience", "set_clusters")).status == 200
    assert call(campaigns, sample("campaigns", "replace_settings")).status == 200
    sandbox = varied(sample("campaigns", "set_up_integration"), path={"platform": "sandbox"}, body={"speed": 60})
    assert call(campaigns, sandbox).status == 200
    # When a stranger asks for theirs, and changes what is of that name
    clusters = call(audience, varied(sample("audience", "read_clusters"), tenants=["stranger"]))
    removed = call(
        audience, varied(sample("audience", "remove_cluster"), tenants=["stranger"], headers={"If-Match": ""})
    )
    settings = call(campaigns, varied(sample("campaigns", "read_settings"), tenants=["stranger"]))
    listed = call(campaigns, varied(sample("campaigns", "list_integrations"), tenants=["stranger"]))
    # Then there is nothing, and the tenant's is as it was
    assert (clusters.json["clusters"], removed.status) == ([], 404)
    assert settings.json["version"] == 0
    assert {one["version"] for one in listed.json["items"]} == {0}
    assert len(call(audience, sample("audience", "read_clusters")).json["clusters"]) == 3
