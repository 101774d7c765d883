"""The marketing part of the demo: demand is predicted, campaigns are set up, and what they sold is told."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from local.demo.calls import Answer, Calls, DemoError, heading, same
from local.demo.season import SeasonEvent, write_report
from local.project import STATE

BUDGET = 750.0


class Stack(Protocol):
    """The running stack, as far as this part needs it."""

    def client(self, service: str) -> Any:
        """A botocore client of the stack."""

    def resources(self) -> dict[str, str]:
        """Physical ids of the deployed resources by logical id."""


class Marketing:
    """Predicts, advertises and attributes, for a tenant with a history of small events."""

    def __init__(self, stack: Stack, calls: Calls, tenant: str, history: list[SeasonEvent], folder: Path) -> None:
        today = datetime.now(UTC).date()
        self._stack = stack
        self._calls = calls
        self._tenant = tenant
        self._history = history
        self._coming = [event for event in history if event.day > today]
        self._folder = folder

    def run(self) -> None:
        """All of it. Raises DemoError where something is not as it should be."""
        self._load()
        self._predict()
        self._draw()
        self._advertise()
        self._close()

    def _load(self) -> None:
        heading("8. A history of events is loaded at once, and demand is predicted from it")
        calls, sold = self._calls, [event for event in self._history if event.sales]
        events = [event.registration() for event in self._history]
        report = calls.send("POST", "/cr/events/bulk_upload", body={"events": events}).json
        print(f"\n  POST /cr/events/bulk_upload: {report['accepted']} of {report['total']} events registered")
        same("events that are refused", report["refused"], 0)
        s3, bucket = self._stack.client("s3"), self._stack.resources()["Bucket"]
        for event in sold:
            file = self._folder / f"{event.eid}.xlsx"
            write_report(file, event.title, event.sales)
            s3.put_object(Bucket=bucket, Key=f"backfill/{self._tenant}/{event.eid}/{file.name}", Body=file.read_bytes())
        for event in self._history:
            calls.until(f"/main/events/{event.eid}", _found, what=f"{event.eid} to appear in Main")
        done = self._ended(calls.show("POST", "/main/ingest/backfills", expect=202, body={}, pick=_id))
        same("reports taken by the back-fill", done["result"]["committed"], len(sold))
        self._ended(calls.show("POST", "/main/demand/refresh", expect=202, pick=_id))

    def _predict(self) -> None:
        print("\n  event                     sold so far   comparables had   predicted in the end (80 % interval)")
        said = {}
        for event in self._coming:
            found = said[event.eid] = self._calls.send("GET", f"/main/events/{event.eid}/benchmark").json
            of = found["prediction"]
            if of is None:
                raise DemoError(f"nothing is predicted of {event.title}: {found['reason']}")
            print(
                f"  {event.title:24}  {found['now']:11.0%}   {of['benchmark']:15.0%}   {of['value']:.0%}"
                f" ({of['low']:.0%} to {of['high']:.0%}), {found['state']}"
            )
        in_order = [0 <= one["now"] <= one["prediction"]["high"] for one in said.values()]
        same("predictions within their intervals, above what is sold", all(in_order), expected=True)
        last = self._coming[-1].eid
        self._calls.show("GET", f"/main/events/{last}/benchmark")
        shown = self._calls.send("GET", f"/main/events/{last}").json["benchmark"]
        same("lists and details say the same", shown["state"], said[last]["state"])

    def _draw(self) -> None:
        event = self._coming[-1]
        drawn = self._calls.show("GET", f"/main/events/{event.eid}/sales-graph", headers={"Accept": "image/svg+xml"})
        STATE.mkdir(parents=True, exist_ok=True)
        (STATE / "sales-graph.svg").write_bytes(drawn.body)
        print(f"     drawn for people: {STATE.name}/sales-graph.svg")

    def _advertise(self) -> None:
        heading("9. A budget is spread over audience clusters; campaigns are set up, paused and resumed")
        calls, event = self._calls, self._coming[-1]
        path = f"/main/events/{event.eid}"
        calls.show("PUT", "/main/clusters", body=_clusters(event.category), pick=lambda d: len(d["clusters"]))
        calls.show("GET", f"{path}/clusters", pick=_ranked)
        spread = calls.show("GET", f"{path}/suggested_tcs?budget={BUDGET}&goal=UTILIZATION", pick=_suggested).json
        cents = [round(one["budget"] * 100) for one in spread["items"]]
        same("the parts come to the budget, in cents", sum(cents), round(BUDGET * 100))
        calls.show("GET", f"{path}/default_campaigns_parameters")
        # The sandbox's clock: a day in a second, so that there is something to see.
        calls.show("PUT", "/main/integrations/sandbox", body={"speed": 86_400}, pick=lambda d: d["settings"])
        asked = {"budget": BUDGET, "goal": "UTILIZATION"}
        started = calls.show(
            "PUT",
            f"{path}/init_campaigns_setup",
            expect=202,
            body=asked,
            headers={"Idempotency-Key": "set-up"},
            pick=_id,
        )
        self._ended(started)
        campaigns = calls.show("GET", f"{path}/campaigns").json
        same("all of them run", {one["status"] for one in _items(campaigns)}, {"RUNNING"})
        again = calls.send("PUT", f"{path}/init_campaigns_setup", body=asked)
        self._ended(again)
        now = calls.send("GET", f"{path}/campaigns").json
        same("setting up again creates nothing", _identities(now), _identities(campaigns))
        for status in ("PAUSED", "RUNNING"):
            switched = calls.show("PUT", f"{path}/client_campaign_status?status={status}", expect=202, pick=_id)
            self._ended(switched)
            same("the campaigns", calls.send("GET", path).json["client_campaign_status"], status)

    def _close(self) -> None:
        heading("10. An event that is over is closed, and what its campaigns sold is told")
        calls, event = self._calls, self._coming[-1]
        path, now = f"/main/events/{event.eid}", datetime.now(UTC)
        day, sold = now.date().isoformat(), [{"type": "Regular", "sold": 30, "revenue": 720.0}]
        calls.show(
            "POST",
            "/main/ingest/transaction_summary",
            expect=201,
            body={"eid": event.eid, "from": day, "to": day, "tickets": sold},
            pick=lambda d: d["totals"],
        )
        times = {"start_date_time": _text(now - timedelta(minutes=2)), "end_date_time": _text(now)}
        calls.show("PUT", f"/cr/events/{event.eid}", body=times, pick=lambda d: d["end_date_time"])
        calls.until(
            path, lambda a: a.json["start_date_time"] == times["start_date_time"], what="the edit to reach Main"
        )
        time.sleep(1)
        # The schedule comes by every other minute; an operator need not wait for it.
        states, machine = self._stack.client("stepfunctions"), self._stack.resources()["ClosingSweepStateMachine"]
        states.start_execution(stateMachineArn=machine, input="{}")
        calls.until(path, lambda a: a.json["campaign_status"] == "CLOSED", what="the event to be closed")
        calls.until(path, lambda a: not a.json["has_active_campaigns"], what="its campaigns to be stopped")
        answer = calls.until(f"/main/campaign_results/?eid={event.eid}", lambda a: bool(a.json), what="results")
        print(f"\n  GET /main/campaign_results/?eid={event.eid}")
        print("\n".join(f"     {line}" for line in json.dumps(answer.json[0], indent=2).splitlines()))
        sold = calls.send("GET", f"{path}/statistics").json["tickets_sold"]
        same(
            "sold by campaigns, at most what was sold",
            sum(one["purchase"] for one in answer.json) <= sold,
            expected=True,
        )

    def _ended(self, started: Answer) -> dict[str, Any]:
        """A 202's execution, when it has ended well."""
        path = f"/main/executions/{started.json['id']}"
        answer = self._calls.until(path, lambda a: a.json["status"] != "running", what=f"{path} to end")
        if answer.json["status"] != "succeeded":
            raise DemoError(f"{path}: {json.dumps(answer.json['error'])}")
        found: dict[str, Any] = answer.json
        return found


def _clusters(category: str) -> dict[str, Any]:
    def cluster(tc: str, label: str, size: int, cost: float, interests: list[str]) -> dict[str, Any]:
        costs = {"cost_per_mille": cost, "click_rate": 0.012, "purchase_rate": 0.03, "minimum_spend": 50}
        return {
            "tc": tc,
            "label": label,
            "size": size,
            "interests": interests,
            "currency": "EUR",
            "platforms": {"sandbox": costs},
        }

    return {
        "clusters": [
            cluster("regulars", "Regular guests", 18_000, 6.5, [category, "live music"]),
            cluster("families", "Families", 60_000, 4.2, ["family", "circus"]),
            cluster("newcomers", "New in town", 35_000, 5.8, ["city life", category]),
        ]
    }


_found: Callable[[Answer], bool] = lambda answer: answer.status == 200  # noqa: E731, PLR2004


def _id(execution: dict[str, Any]) -> str:
    return str(execution["id"])


def _ranked(document: dict[str, Any]) -> list[str]:
    return [f"{one['label']}: {one['metric_pred']:.2f}" for one in document["clusters"]]


def _suggested(document: dict[str, Any]) -> list[str]:
    return [f"{one['tc']}: {one['budget']}, {one['expected_tickets']:.1f} tickets" for one in document["items"]]


def _items(document: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document["items"]
    return found


def _identities(document: dict[str, Any]) -> list[tuple[str, str, str]]:
    return sorted((one["tc"], one["platform"], one["external_id"]) for one in _items(document))


def _purchases(result: dict[str, Any]) -> int:
    return int(result["purchase"])


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
