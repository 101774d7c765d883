"""A tenant's clusters over their routes: as a whole, and one by one."""

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from marquee.audience import cluster_service, repository, service
from marquee.audience.models import EditedCluster, NewClusterSet
from marquee.errors import Conflict, NotFound
from marquee.preconditions import Precondition
from tests.support.api import Answer, call, sample, varied
from tests.support.audiences import TENANT, body, costs

ON_META = "clusters.0.platforms.meta"
PK = f"T#{TENANT}#AUDIENCE"
Read = Callable[[str, str], dict[str, Any] | None]


@pytest.fixture
def audience(aws: dict[str, str], app: Any) -> ModuleType:
    found: ModuleType = app("audience")
    return found


@pytest.fixture
def stored(table: Any) -> Read:
    found: Read = table("CampaignsTable")
    return found


def send(audience: ModuleType, name: str, **changes: Any) -> Answer:
    headers = {"Idempotency-Key": "", **changes.pop("headers", {})}
    return call(audience, varied(sample("audience", name), headers=headers, **changes))


def test_a_tenant_without_clusters_has_an_empty_set(audience: ModuleType) -> None:
    answer = send(audience, "read_clusters")
    assert (answer.status, answer.headers["etag"]) == (200, '"0"')
    assert {**answer.json, "tc_run_id": ""} == {
        "tc_run_id": "", "version": 0, "updated_at": None, "total": 0, "clusters": [],
    }  # fmt: skip


def test_clusters_are_set_whole_kept_in_minor_units_and_belong_to_their_tenant(
    audience: ModuleType, stored: Read
) -> None:
    # Given the repository's sample
    answer = send(audience, "set_clusters")
    assert (answer.status, answer.headers["etag"], answer.json["total"]) == (200, '"1"', 3)
    families = next(one for one in answer.json["clusters"] if one["tc"] == "families")
    assert families["platforms"]["meta"] == costs(
        cost_per_mille=6.2, click_rate=0.008, purchase_rate=0.02, minimum_spend=50.0
    )
    # Then it is stored as the current set, and under its id
    current = stored(PK, "CLUSTERS")
    assert current is not None
    assert current["tc_run_id"] == answer.json["tc_run_id"]
    kept = {one["tc"]: one for one in json.loads(current["doc"])}
    assert kept["families"]["platforms"]["meta"]["cost_per_mille"] == 620
    assert kept["families"]["platforms"]["meta"]["minimum_spend"] == 5000
    run = stored(PK, f"RUN#{answer.json['tc_run_id']}")
    assert run is not None
    assert run["doc"] == current["doc"]
    # and it is read by its tenant, and by nobody else
    assert send(audience, "read_clusters").json == answer.json
    assert send(audience, "read_clusters", tenants=["borealis"]).json["total"] == 0
    with pytest.raises(NotFound):
        service.run("borealis", answer.json["tc_run_id"])


def test_the_same_clusters_in_another_order_are_the_same_run_and_change_nothing(audience: ModuleType) -> None:
    first = send(audience, "set_clusters", body={"clusters": [body("a"), body("b")]})
    again = send(audience, "set_clusters", body={"clusters": [body("b"), body("a")]}, headers={"If-Match": '"0"'})
    assert (again.status, again.json) == (200, first.json)


def test_texts_are_kept_as_a_workbook_would_bring_them_back(audience: ModuleType) -> None:
    answer = send(
        audience, "set_clusters", body={"clusters": [body(label=" Cafe\u0301  goers ", interests=[" a\u00a0b"])]}
    )
    assert [(one["label"], one["interests"]) for one in answer.json["clusters"]] == [("Caf\u00e9 goers", ["a b"])]


def test_old_runs_stay_readable_and_an_id_names_one_content(audience: ModuleType) -> None:
    before = send(audience, "set_clusters", body={"clusters": [body("a", size=10)]}).json
    after = send(audience, "set_clusters", body={"clusters": [body("a", size=11)]}).json
    assert after["tc_run_id"] != before["tc_run_id"]
    assert service.run(TENANT, before["tc_run_id"])["clusters"][0]["size"] == 10
    back = send(audience, "set_clusters", body={"clusters": [body("a", size=10)]}).json
    assert (back["tc_run_id"], back["version"]) == (before["tc_run_id"], 3)


def test_one_cluster_is_added_changed_and_removed(audience: ModuleType, stored: Read) -> None:
    send(audience, "set_clusters")
    # When one is changed, and another comes
    changed = send(audience, "set_cluster")
    assert (changed.status, changed.json["size"], changed.headers["etag"]) == (200, 135_000, '"2"')
    added = send(audience, "set_cluster", path={"tc": "jazz"}, body=body(None))
    assert (added.status, added.json["tc"]) == (200, "jazz")
    # and one goes
    removed = send(audience, "remove_cluster", headers={"If-Match": '"3"'})
    assert (removed.status, removed.raw) == (204, b"")
    left = {one["tc"]: one["size"] for one in send(audience, "read_clusters").json["clusters"]}
    assert left == {"classical": 45_000, "indie-fans": 135_000, "jazz": 120_000}
    current = stored(PK, "CLUSTERS")
    assert current is not None
    assert current["version"] == 4
    gone = send(audience, "remove_cluster")
    assert (gone.status, gone.json["error_code"]) == (404, "cluster.not_found")


@pytest.mark.parametrize("name", ["set_clusters", "set_cluster", "remove_cluster"])
def test_an_edit_of_what_somebody_else_changed_is_refused(audience: ModuleType, name: str) -> None:
    whole = {"clusters": [body("indie-fans"), body("families")]}
    send(audience, "set_clusters", body=whole)
    stale = send(audience, name, headers={"If-Match": '"0"'})
    assert (stale.status, stale.json["error_code"]) == (412, "precondition.stale")
    assert send(audience, "read_clusters").json["version"] == 1
    assert send(audience, name, headers={"If-Match": '"1"'}).status in {200, 204}


def test_an_idempotency_key_replays_the_first_answer(audience: ModuleType) -> None:
    first = call(audience, sample("audience", "set_clusters"))
    send(audience, "set_clusters", body={"clusters": []})
    again = call(audience, sample("audience", "set_clusters"))
    assert again.json == first.json
    assert send(audience, "read_clusters").json["total"] == 0


@pytest.mark.parametrize(
    ("changes", "status", "code", "field"),
    [
        ({"tc": "a b"}, 400, "body.invalid", "clusters.0.tc"),
        ({"tc": "from_excel"}, 400, "body.invalid", "clusters.0.tc"),
        ({"size": 0}, 400, "body.invalid", "clusters.0.size"),
        ({"size": 1.5}, 400, "body.invalid", "clusters.0.size"),
        ({"label": " "}, 400, "body.invalid", "clusters.0.label"),
        ({"label": "\ud800"}, 400, "body.invalid", "clusters.0.label"),
        ({"interests": ["a, b"]}, 400, "body.invalid", "clusters.0.interests.0"),
        ({"interests": ["x"] * 51}, 400, "body.invalid", "clusters.0.interests"),
        ({"currency": "EURO"}, 400, "body.invalid", "clusters.0.currency"),
        ({"currency": "EUX"}, 400, "body.invalid", "clusters.0.currency"),
        ({"platforms": {}}, 400, "body.invalid", "clusters.0.platforms"),
        ({"platforms": {"tiktok": costs()}}, 400, "body.invalid", "clusters.0.platforms.tiktok"),
        ({"platforms": {"meta": costs(click_rate=1.2)}}, 400, "body.invalid", f"{ON_META}.click_rate"),
        ({"platforms": {"meta": costs(click_rate=0)}}, 400, "body.invalid", f"{ON_META}.click_rate"),
        ({"platforms": {"meta": costs(cost_per_mille=0)}}, 400, "body.invalid", f"{ON_META}.cost_per_mille"),
        ({"platforms": {"meta": costs(cost_per_mille=7.505)}}, 422, "clusters.invalid", f"{ON_META}.cost_per_mille"),
        ({"platforms": {"meta": costs(minimum_spend=2e10)}}, 422, "clusters.invalid", f"{ON_META}.minimum_spend"),
        ({"currency": "JPY"}, 422, "clusters.invalid", f"{ON_META}.cost_per_mille"),
        ({"colour": "red"}, 400, "body.invalid", "clusters.0.colour"),
    ],
)  # fmt: skip
def test_a_cluster_that_cannot_be_is_refused_by_its_field(
    audience: ModuleType, changes: dict[str, Any], status: int, code: str, field: str
) -> None:
    answer = send(audience, "set_clusters", body={"clusters": [body(**changes)]})
    assert (answer.status, answer.json["error_code"]) == (status, code)
    assert field in [one["field"] for one in answer.json["validation_errors"]]
    assert send(audience, "read_clusters").json["version"] == 0


def test_ids_that_are_there_twice_and_ids_of_the_path_that_are_none_are_refused(audience: ModuleType) -> None:
    twice = send(audience, "set_clusters", body={"clusters": [body("a"), body("b"), body("a")]})
    assert (twice.status, "twice: a" in twice.json["validation_errors"][0]["message"]) == (400, True)
    odd = send(audience, "set_cluster", path={"tc": "a.b"}, body=body(None))
    assert (odd.status, odd.json["error_code"]) == (400, "cluster.malformed_id")


def test_more_than_one_allocation_can_hold_is_refused(audience: ModuleType) -> None:
    both = {"meta": costs(), "sandbox": costs()}
    many = {"clusters": [body(f"c{n}", platforms=both) for n in range(101)]}
    answer = send(audience, "set_clusters", body=many)
    assert (answer.status, answer.json["error_code"]) == (422, "clusters.too_many")
    wordy = {"clusters": [body(f"c{n}", interests=[f"{n} {i} {'é' * 45}" for i in range(50)]) for n in range(150)]}
    answer = send(audience, "set_clusters", body=wordy)
    assert (answer.status, answer.json["error_code"]) == (422, "clusters.too_large")


def test_each_route_needs_its_scope(audience: ModuleType) -> None:
    for name in ("set_clusters", "set_cluster", "remove_cluster", "upload_clusters"):
        refused = send(audience, name, scope="main.read main.write sales.write")
        assert (refused.status, "campaigns.write" in refused.json["detail"]) == (403, True)
    for name in ("read_clusters", "export_clusters"):
        assert send(audience, name, scope="campaigns.write").status == 403


def test_of_writers_at_once_none_is_lost(aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    # Given somebody whose write comes between the reading and the writing of another
    real = repository.put
    one = EditedCluster.model_validate(body(None))
    others = ["b", "c"]

    def overtaken(*args: Any) -> bool:
        if others:
            cluster_service.put(TENANT, others.pop(), one, Precondition())
        return real(*args)

    monkeypatch.setattr(repository, "put", overtaken)
    # When a cluster is added without a condition, and when it is on one
    cluster_service.put(TENANT, "a", one, Precondition())
    assert {cluster["tc"] for cluster in service.cluster_set(TENANT)["clusters"]} == {"a", "b", "c"}
    monkeypatch.setattr(repository, "put", lambda *_: False)
    # Then all are there, and who never gets his turn is told so
    with pytest.raises(Conflict):
        cluster_service.replace(TENANT, NewClusterSet(clusters=[]), Precondition())
