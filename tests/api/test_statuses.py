"""An event's statuses: the steps of frontend_status one by one, and the routes around them."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from marquee.workflows import SyncResult
from tests.support.api import Answer, call, sample, varied

EID = "evt_sample-night-0001"
PK = f"T#aurora#E#{EID}"
Table = Callable[[str], Callable[[str, str], Any]]
Ended = tuple[str, str]


@pytest.fixture
def step(aws: dict[str, str], app: Callable[[str], ModuleType]) -> Callable[..., dict[str, Any]]:
    """An event registered and taken over to Main; runs a step from its sample."""
    call(app("registry"), sample("registry", "register"))
    app("event_intake_tasks").handler(sample("event_intake_tasks", "take_from_registry"), None)

    def run(name: str, **changes: Any) -> dict[str, Any]:
        result: dict[str, Any] = app("statuses_tasks").handler(sample("statuses_tasks", name) | changes, None)
        return result

    return run


@pytest.fixture
def main(step: Any, table: Table) -> Callable[[], Any]:
    """Main's event as stored."""
    return lambda: table("EventsTable")(PK, "EVENT")


@pytest.fixture
def flagged(step: Any, app: Any) -> Callable[[], int]:
    """How many events the flagged list counts."""
    return lambda: call(app("events"), sample("events", "flagged")).json["total"]


def test_set_main_repeated_after_a_lost_answer_writes_once(step: Any, main: Any, flagged: Any) -> None:
    first, again = step("set_main"), step("set_main")
    assert first == again == {"frontend_status": "FLAGGED", "sequence": 1}
    assert main()["version"] == 2
    assert flagged() == 1


def test_the_registry_takes_a_newer_state_and_keeps_it_from_an_older(step: Any, table: Table) -> None:
    step("tell_registry", state={"frontend_status": "HIDDEN", "sequence": 2})
    step("tell_registry", state={"frontend_status": "FLAGGED", "sequence": 1})
    assert table("RegistryTable")(PK, "FE")["frontend_status"] == "HIDDEN"


def test_restore_gives_the_previous_status_back_once(step: Any, main: Any, flagged: Any) -> None:
    step("set_main")
    assert step("restore_main") == {"frontend_status": "DEFAULT", "sequence": 2}
    assert step("restore_main") == {"frontend_status": "DEFAULT", "sequence": 2}
    assert main()["version"] == 3
    assert flagged() == 0


def test_restore_leaves_a_later_change_alone(step: Any) -> None:
    step("set_main")
    step("set_main", change_id="x_later", request="req_later", frontend_status="HIDDEN")
    assert step("restore_main") == {"frontend_status": "HIDDEN", "sequence": 2}
    assert step("restore_main", change_id="x_later") == {"frontend_status": "DEFAULT", "sequence": 3}


def test_set_main_that_comes_after_its_restoring_is_refused(step: Any, main: Any) -> None:
    assert step("restore_main") == {"frontend_status": "DEFAULT", "sequence": 0}
    with pytest.raises(Exception, match="withdrawn"):
        step("set_main")
    assert main()["frontend_status"] == "DEFAULT"


def test_set_main_looks_at_the_version_it_writes_upon(step: Any, main: Any) -> None:
    with pytest.raises(Exception, match="stale"):
        step("set_main", precondition={"versions": [7]})
    assert main()["version"] == 1
    assert step("set_main", precondition={"versions": [1, 7]}) == {"frontend_status": "FLAGGED", "sequence": 1}
    assert step("set_main", precondition={"versions": [1, 7]}) == {"frontend_status": "FLAGGED", "sequence": 1}


def test_an_event_of_nobody_fails_by_name(step: Any) -> None:
    for name in ("set_main", "restore_main", "tell_registry"):
        with pytest.raises(Exception, match=r"event\.not_found"):
            step(name, tenant="borealis")


@pytest.fixture
def put(step: Any, app: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Answer, list[dict[str, Any]]]]:
    """Calls the route over a machine that ends as told; gives the answer and the machine's inputs."""

    def run(error: str = "", **changes: Any) -> tuple[Answer, list[dict[str, Any]]]:
        inputs: list[dict[str, Any]] = []

        def machine(_name: str, _execution: str, payload: dict[str, Any]) -> SyncResult:
            inputs.append(payload)
            if error in {"Stale", "NotFound"}:
                return SyncResult(succeeded=True, output={"refused": error}, error="SUCCEEDED", cause="")
            return SyncResult(succeeded=not error, output={}, error=error, cause="")

        statuses = app("statuses")
        monkeypatch.setattr(statuses.service.workflows, "run", machine)
        return call(statuses, varied(sample("statuses", "set_frontend_status"), **changes)), inputs

    return run


def test_the_status_route_refuses_what_is_not_a_status_and_whose_event_it_is_not(put: Any) -> None:
    wrong, _ = put(body={"frontend_status": "PINNED"})
    assert (wrong.status, wrong.json["validation_errors"][0]["field"]) == (400, "frontend_status")
    other, inputs = put(tenants=["borealis"])
    assert (other.status, other.json["error_code"], inputs) == (404, "event.not_found", [])


@pytest.mark.parametrize(
    ("error", "status", "code", "says"),
    [
        ("Stale", 412, "precondition.stale", "Read it again"),
        ("NotFound", 404, "event.not_found", EID),
        ("MainRefused", 503, "frontend_status.refused", "Main refused"),
        ("RegistryRefused", 503, "frontend_status.refused", "Registry refused"),
        ("Unrestored", 503, "frontend_status.interrupted", "brought back in line"),
        ("Unfinished", 503, "frontend_status.interrupted", "brought back in line"),
        ("States.Timeout", 503, "frontend_status.interrupted", "brought back in line"),
    ],
)
def test_how_the_machine_ends_is_what_the_client_is_told(
    put: Any, error: str, status: int, code: str, says: str
) -> None:
    answer, _ = put(error)
    assert (answer.status, answer.json["error_code"]) == (status, code)
    assert says in answer.json["detail"]
    assert ("retry-after" in answer.headers) == (status == 503)


def test_each_run_is_a_change_of_its_own_and_a_key_is_one_request(put: Any) -> None:
    key, other = {"Idempotency-Key": "1"}, {"Idempotency-Key": "2"}
    runs = [
        put(headers=headers, body={"frontend_status": status})[1]
        for headers, status in [({}, "FLAGGED"), ({}, "FLAGGED"), (key, "FLAGGED"), (other, "FLAGGED")]
    ]
    ((first,), (second,), (third,), (fourth,)) = runs
    assert len({one["change_id"] for one in (first, second, third, fourth)}) == 4
    assert len({one["request"] for one in (first, second, third, fourth)}) == 4
    # The answer was lost with the function: the key is free again, and the request is recognised
    failed, (again,) = put("RegistryRefused", headers={"Idempotency-Key": "3"})
    _, (retried,) = put(headers={"Idempotency-Key": "3"})
    assert failed.status == 503
    assert again["request"] == retried["request"]
    assert again["change_id"] != retried["change_id"]


def test_if_match_travels_to_the_step_that_writes(put: Any) -> None:
    assert put()[1][0]["precondition"] == {"versions": None}
    assert put(headers={"If-Match": '"3", "4.1"'})[1][0]["precondition"] == {"versions": (3, 4)}
    refused, inputs = put(headers={"If-Match": "3"})
    assert (refused.status, inputs) == (400, [])


def test_a_dry_run_says_what_would_change_and_starts_nothing(put: Any, main: Any) -> None:
    answer, inputs = put(query={"dry_run": ["true"]})
    assert (answer.status, inputs) == (200, [])
    change = {"host": "Main", "id": EID, "field": "frontend_status", "before": "DEFAULT", "after": "FLAGGED"}
    assert answer.json == {"dry_run": True, "workflow": "frontend_status", "changes": [change]}
    stale, _ = put(query={"dry_run": ["true"]}, headers={"If-Match": '"2"'})
    assert (stale.status, stale.json["error_code"]) == (412, "precondition.stale")
    assert main()["version"] == 1


def switch(app: Any, status: str, level: str | None = None, **changes: Any) -> Answer:
    query = {"status": [status]} | ({"level": [level]} if level else {}) | changes.pop("query", {})
    return call(app("statuses"), varied(sample("statuses", "switch_optimisation"), query=query, **changes))


def test_an_optimisation_is_switched_and_nothing_else(step: Any, app: Any, main: Any) -> None:
    before = main()
    assert switch(app, "ON").status == 204
    assert switch(app, "ON", "ad").status == 204
    after = main()
    changed = {name for name in after if after[name] != before.get(name)} - {"updated_at"}
    assert changed == {"campaign_optimisation_status", "ad_campaign_optimisation_status", "version"}
    # Switching it to what it is writes nothing, whatever the version
    assert switch(app, "ON", headers={"If-Match": '"1"'}).status == 204
    assert main()["version"] == after["version"] == 3
    document = call(app("events"), varied(sample("events", "read"), path={"eid": EID})).json
    assert (document["campaign_optimisation_status"], document["ad_campaign_optimisation_status"]) == ("ON", "ON")


def test_an_optimisation_is_switched_on_the_version_that_was_read_alone(step: Any, app: Any, main: Any) -> None:
    stale = switch(app, "ON", headers={"If-Match": '"7"'})
    assert (stale.status, stale.json["error_code"]) == (412, "precondition.stale")
    assert switch(app, "ON", headers={"If-Match": '"1"'}).status == 204
    assert main()["campaign_optimisation_status"] == "ON"


def test_an_optimisation_is_planned_and_replayed_like_every_write(step: Any, app: Any, main: Any) -> None:
    plan = switch(app, "ON", "ad", query={"dry_run": ["true"]})
    change = {"host": "Main", "id": EID, "field": "ad_campaign_optimisation_status", "before": "OFF", "after": "ON"}
    assert (plan.status, plan.json) == (200, {"dry_run": True, "workflow": None, "changes": [change]})
    assert main()["version"] == 1
    key = {"Idempotency-Key": "once"}
    assert switch(app, "ON", "ad", headers=key).status == 204
    assert switch(app, "OFF", "ad").status == 204
    again = switch(app, "ON", "ad", headers=key)
    assert (again.status, again.headers["idempotency-replayed"]) == (204, "true")
    assert main()["ad_campaign_optimisation_status"] == "OFF"


def test_an_optimisation_takes_on_or_off_of_an_event_that_is_the_tenants(step: Any, app: Any) -> None:
    wrong = switch(app, "MAYBE", "campaign")
    assert wrong.status == 400
    assert {one["field"] for one in wrong.json["validation_errors"]} == {"status", "level"}
    assert switch(app, "ON", tenants=["borealis"]).status == 404
