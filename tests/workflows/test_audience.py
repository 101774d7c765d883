"""Audiences on the deployed stack: real requests at once, one table."""

import base64
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

from local.stack import Stack
from marquee.sales.models import XLSX
from tests.support.api import sample
from tests.support.audiences import body
from tests.support.client import ALL_SCOPES, Client


def test_clusters_that_are_registered_at_once_are_all_there_and_share_a_budget(stack: Stack) -> None:
    client = Client(stack, scope=f"{ALL_SCOPES} campaigns.write")
    # Given a workbook through the gateway, as a browser sends it
    form = sample("audience", "upload_clusters")
    headers = {"Content-Type": form["headers"]["Content-Type"]}
    taken = client.post("/main/clusters/from_excel", base64.b64decode(form["body"]), headers)
    assert (taken.status, taken.json["added"]) == (200, 2)
    # When six more are added at once, and two replace the whole set as they both know it
    with ThreadPoolExecutor(6) as pool:
        added = list(pool.map(lambda n: client.put(f"/main/clusters/new-{n}", body(None)), range(6)))
    assert [one.status for one in added] == [200] * 6
    found = client.get("/main/clusters/")
    assert (found.json["total"], found.json["version"]) == (8, 7)
    assert len({one.headers["etag"] for one in added}) == 6
    whole = [{"clusters": [body(f"w-{n}-{i}") for i in range(4)]} for n in range(2)]
    with ThreadPoolExecutor(2) as pool:
        replaced = list(
            pool.map(lambda one: client.put("/main/clusters", one, {"If-Match": found.headers["etag"]}), whole)
        )
    # Then one of the two is told that it knew an old one
    assert sorted(one.status for one in replaced) == [200, 412]
    # and the event's budget is spread over what is there now
    eid = client.new_event(tags=["indie"])
    suggested = client.get(f"/main/events/{eid}/suggested_tcs?budget=1000.01&goal=VISIBILITY")
    assert suggested.status == 200, suggested.raw
    now = client.get("/main/clusters").json
    assert suggested.json["tc_run_id"] == now["tc_run_id"]
    assert {one["tc"] for one in suggested.json["items"]} == {one["tc"] for one in now["clusters"]}
    assert sum(Decimal(str(one["budget"])) for one in suggested.json["items"]) == Decimal("1000.01")
    ranked = client.get(f"/main/events/{eid}/clusters").json["clusters"]
    assert [one["metric_pred"] for one in ranked] == [0.69] * 4
    export = client.get("/main/clusters/export.xlsx", {"Accept": XLSX})
    assert (export.status, export.raw[:2]) == (200, b"PK")
