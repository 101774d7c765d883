"""frontend_status and reconcile with somebody else's Registry: the same guarantees, over a real connection."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.client import Client
from tests.support.reconciling import reconcile, settled
from tests.support.registry_host import Asked, RegistryHost, Reply, always, first, pointed_at


@pytest.fixture
def there(stack: Any) -> Iterator[RegistryHost]:
    """A Registry of its own for each test: a process remembers how one behaved."""
    settled(stack)  # a run that is still under way would ask this one about everybody's events
    host, resources = RegistryHost(), stack.resources()
    functions = [resources["StatusesTasksFunction"], resources["ReconcileTasksFunction"]]
    with pointed_at(host, stack.client("lambda"), functions):
        yield host
    host.close()


@pytest.fixture
def event(client: Client, there: RegistryHost) -> str:
    """An event that Main and the remote Registry have."""
    eid = client.new_event()
    there.has(client.tenant, eid)
    return eid


def put(client: Client, eid: str, status: str) -> Any:
    return client.put(f"/main/events/{eid}/setup_frontend_status", {"frontend_status": status})


def on_main(client: Client, eid: str) -> str:
    return str(client.get(f"/main/events/{eid}").json["frontend_status"])


def test_what_is_confirmed_is_on_both_hosts(client: Client, there: RegistryHost, event: str) -> None:
    # Also where the first answer is lost, and where the first request is not answered at all
    for status, plan in {
        "FLAGGED": first(0, Reply(500)),
        "HIDDEN": first(1, Reply(204, hang_up=True)),
        "DEFAULT": first(1, Reply(503)),
    }.items():
        there.plan(plan)
        assert put(client, event, status).status == 204
        assert (on_main(client, event), there.shown(client.tenant, event)[0]) == (status, status)
    # And our own Registry was not asked
    assert client.get(f"/cr/events/{event}").json["frontend_sequence"] == 0


def test_a_refusal_names_the_registry_and_leaves_main_as_it_was(
    client: Client, there: RegistryHost, event: str
) -> None:
    there.plan(always(Reply(422, b"{}")), takes=False)
    answer = put(client, event, "FLAGGED")
    assert (answer.status, answer.json["error_code"]) == (503, "frontend_status.refused")
    assert "Registry" in answer.json["detail"]
    assert "Main" not in answer.json["detail"]
    assert on_main(client, event) == "DEFAULT"
    assert there.shown(client.tenant, event) == ("DEFAULT", 0)


def test_one_reconcile_repairs_what_a_lost_answer_left(
    stack: Any, client: Client, there: RegistryHost, event: str
) -> None:
    # Given a Registry that takes the change, loses the answer, and hears nothing of its being undone
    def lost(_number: int, asked: Asked) -> Reply:
        there.takes = asked.headers["marquee-frontend-status"] == "FLAGGED"
        return Reply(204, hang_up=True)

    there.plan(lost)
    assert put(client, event, "FLAGGED").status == 503
    assert (on_main(client, event), there.shown(client.tenant, event)[0]) == ("DEFAULT", "FLAGGED")
    # When it is well again and reconciled
    there.plan(first(0, Reply(500)))
    run = reconcile(stack, tenant=client.tenant, settle_seconds=0)
    # Then both hosts agree, on what the client was told
    assert run["output"]["repaired"]["frontend"] == 1
    assert there.shown(client.tenant, event)[0] == on_main(client, event) == "DEFAULT"
    assert reconcile(stack, tenant=client.tenant, settle_seconds=0)["output"]["drifted"]["frontend"] == 0
