"""Campaigns on Meta, from the deployed stack over real connections: the token in its secret, the whole life of them."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.audiences import body, costs
from tests.support.client import ALL_SCOPES, Client, Reply
from tests.support.local_host import Asked, told
from tests.support.local_host import Reply as Planned
from tests.support.meta_server import MetaServer
from tests.support.platforms import ACCOUNT_ID, TOKEN

FAR = "2100-06-12T18:30:00Z"
FUNCTIONS = ("CampaignTasksFunction", "ClosingTasksFunction")


@pytest.fixture
def meta_at_work(stack: Any) -> Iterator[MetaServer]:
    server, resources = MetaServer(), stack.resources()
    server.interests |= {"concert": "6003139266001", "indie": "6003139266002"}
    with told(stack.client("lambda"), [resources[name] for name in FUNCTIONS], META_API_URL=server.url):
        yield server
    server.close()


def lost_creations(server: MetaServer, count: int) -> None:
    """Let the answers to so many creations get lost."""
    left = iter(range(count))

    def plan(_number: int, asked: Asked) -> Planned | None:
        creating = asked.method == "POST" and asked.path.endswith(("/campaigns", "/adsets"))
        return Planned(200, hang_up=True) if creating and next(left, None) is not None else None

    server.plan(plan)


def ended(client: Client, reply: Reply) -> dict[str, Any]:
    """The execution that was accepted, when it has ended."""
    assert reply.status == 202, reply.raw
    path = f"/main{reply.headers['location']}"
    return dict(client.until(path, lambda one: bool(one.json["status"] != "running"), 120).json)


def test_campaigns_live_on_meta_from_a_secret_of_the_tenants_own(stack: Any, meta_at_work: MetaServer) -> None:
    client = Client(stack, scope=f"{ALL_SCOPES} campaigns.write")
    clusters = [body(tc, label=tc.title(), platforms={"meta": costs()}) for tc in ("indie", "jazz")]
    assert client.put("/main/clusters", {"clusters": clusters}).status == 200
    eid = client.new_event(start_date_time=FAR, campaign_stop_time=FAR)
    asked = {"budget": 300, "platforms": ["meta"]}
    # Given a tenant without an account at Meta: nothing is asked of anybody
    refused = client.put(f"/main/events/{eid}/init_campaigns_setup", asked)
    assert (refused.status, refused.json["error_code"]) == (422, "integration.not_set_up")
    # When the account is set up and its token is where the integration says
    mine = {"account_id": f"act_{ACCOUNT_ID}", "countries": ["CH"], "pixel_id": "2233445566"}
    integration = client.put("/main/integrations/meta", mine).json
    assert integration["missing"] == ["secret"]
    stack.client("secretsmanager").create_secret(Name=integration["secret"]["name"], SecretString=TOKEN)
    shown = {one["platform"]: one for one in client.get("/main/integrations").json["items"]}["meta"]
    assert (shown["ready"], shown["secret"]["present"]) == (True, True)
    # Then a launch sets up a campaign for each cluster there, also where the answers to creations are lost
    lost_creations(meta_at_work, 1)
    launched = ended(client, client.put(f"/main/events/{eid}/init_campaigns_setup", asked))
    assert launched["status"] == "succeeded", launched
    assert len(meta_at_work.writes()) > len(meta_at_work.nodes)
    assert len(meta_at_work.nodes) == 4
    assert len(meta_at_work.alive("campaign")) == len(meta_at_work.spending()) == 2
    assert sum(int(one["lifetime_budget"]) for one in meta_at_work.alive("ad_set")) == 30_000
    # And it is paused, while nobody takes it out of the tenant's hands, and put away
    ended(client, client.put(f"/main/events/{eid}/client_campaign_status?status=PAUSED"))
    assert meta_at_work.spending() == []
    gone = client.send("DELETE", "/main/integrations/meta")
    assert (gone.status, gone.json["error_code"]) == (409, "integration.in_use")
    assert ended(client, client.put(f"/main/events/{eid}/reset_campaigns_setup"))["status"] == "succeeded"
    assert meta_at_work.spending() == []
