"""The demo: a season of events, and the main job done before your eyes, every figure checked against its source."""

import json
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode

from local.demo.calls import Calls, DemoError, heading, same
from local.demo.marketing import Marketing
from local.demo.organising import organise
from local.demo.season import (
    ENGLISH,
    GERMAN,
    Sale,
    SeasonEvent,
    from_file,
    history,
    history_from_file,
    made_up,
    write_report,
)
from local.issuer import Issuer

TENANT = "aurora"
SCOPE = (
    "main.read main.write sales.read sales.write campaigns.write registry.read registry.write "
    "event.create event.read event.list event.update event.add_session event.publish event.unpublish event.cancel"
)


class RunningStack(Protocol):
    """What the demo needs of a running stack."""

    @property
    def url(self) -> str:
        """The one address of the three hosts and of the AWS protocol."""

    @property
    def issuer(self) -> Issuer:
        """The stack's token issuer."""

    def client(self, service: str) -> Any:
        """A botocore client of the stack."""

    def resources(self) -> dict[str, str]:
        """Physical ids of the deployed resources by logical id."""


def run_demo(stack: RunningStack, *, sales: Path | None, tenant: str = TENANT) -> bool:
    """Load a tenant's season, do the main job and print each call. False where anything was not as it should be."""
    today = datetime.now(UTC).date()
    season = from_file(sales) if sales else made_up(today)
    past = history_from_file(sales, today) if sales else history(today)
    token = stack.issuer.token([tenant], SCOPE, sub="demo")
    calls = Calls(stack.url, token)
    if calls.send("GET", f"/cr/events/{season[0].eid}").status == HTTPStatus.OK:
        print("\nThe season is here already, from an earlier run on the same data; nothing was loaded again.\n")
    else:
        with tempfile.TemporaryDirectory(prefix="marquee-demo-") as folder:
            try:
                _Demo(stack, calls, tenant, season, Path(folder)).run()
                Marketing(stack, calls, tenant, past, Path(folder)).run()
            except DemoError as error:
                print(f"\nNOT AS EXPECTED: {error}", flush=True)
                return False
        print("\nEverything above was as expected.\n")
    print(
        f"  Main      {stack.url}/main   {stack.url}/main/docs\n"
        f"  Registry  {stack.url}/cr     {stack.url}/cr/docs\n"
        f"  Hub       {stack.url}/hub    {stack.url}/hub/docs\n\n"
        f"  TOKEN={token}\n"
        f'  curl -H "Authorization: Bearer $TOKEN" {stack.url}/main/events/\n',
        flush=True,
    )
    return True


class _Demo:
    def __init__(self, stack: RunningStack, calls: Calls, tenant: str, season: list[SeasonEvent], folder: Path) -> None:
        self._stack = stack
        self._calls = calls
        self._tenant = tenant
        self._season = season
        self._event = max(season, key=lambda event: len(event.sales))
        self._folder = folder
        self._s3 = stack.client("s3")
        self._bucket = stack.resources()["Bucket"]

    def run(self) -> None:
        rows = sum(len(event.sales) for event in self._season)
        print(f"\nA season of {len(self._season)} events with {rows} rows of sales.", flush=True)
        self._register()
        self._drop_season()
        self._figures()
        self._pin()
        self._arrange()
        self._drop_again()
        self._bad_rows()
        organise(self._calls, self._tenant, datetime.now(UTC).date())
        self._bad_input()

    def _register(self) -> None:
        heading("1. Events are registered at the Registry and appear in Main")
        calls, event = self._calls, self._event
        calls.show(
            "POST",
            "/cr/events?event_type=fdlive",
            expect=201,
            body=event.registration(),
            headers={"Idempotency-Key": f"demo-{event.eid}"},
        )
        for other in self._season:
            if other is not event:
                answer = calls.send(
                    "POST",
                    "/cr/events?event_type=fdlive",
                    body=other.registration(),
                    headers={"Idempotency-Key": f"demo-{other.eid}"},
                )
                if answer.status != 201:  # noqa: PLR2004
                    raise DemoError(f"registering {other.eid} answered {answer.status} {answer.body!r}")
        for each in self._season:
            calls.until(f"/main/events/{each.eid}", lambda a: a.status == 200, what=f"{each.eid} to appear in Main")  # noqa: PLR2004
        calls.show("GET", f"/main/events/{event.eid}")
        listed = calls.show("GET", "/main/events/?limit=2", pick=_page)
        same("events in Main", listed.json["total"], len(self._season))

    def _drop_season(self) -> None:
        heading("2. Excel sales reports are dropped in the bucket")
        began = time.monotonic()
        for number, event in enumerate([self._event, *(one for one in self._season if one is not self._event)]):
            report = self._folder / f"{event.eid}.xlsx"
            write_report(report, event.title, event.sales, header=GERMAN if number % 2 else ENGLISH)
            self._put(event, report)
            print(f"  dropped {report.name} ({len(event.sales)} rows, {report.stat().st_size // 1024} KB)", flush=True)
        ingest = self._ended(self._event, f"{self._event.eid}.xlsx")
        self._calls.show("GET", f"/main{ingest['execution']}", pick=_steps)
        for event in self._season:
            one = self._ended(event, f"{event.eid}.xlsx")
            if (one["status"], one["accepted"]) != ("COMMITTED", len(event.sales)):
                raise DemoError(f"the report of {event.title}: {json.dumps(one)}")
        print(f"  all {len(self._season)} reports loaded after {time.monotonic() - began:.1f} s", flush=True)
        shown = self._calls.show("GET", f"/main/ingests/{ingest['id']}").json
        same(
            "accepted + rejected + duplicate", shown["accepted"] + shown["rejected"] + shown["duplicate"], shown["rows"]
        )

    def _figures(self, more: tuple[Sale, ...] = ()) -> None:
        heading("3. The figures show it, to the cent")
        calls, eid = self._calls, self._event.eid
        sales = self._event.sales + more
        tickets, cents = sum(one.tickets for one in sales), sum(one.cents for one in sales)
        statistics = calls.show("GET", f"/main/events/{eid}/statistics").json
        same("tickets sold", statistics["tickets_sold"], tickets)
        same("revenue", statistics["revenue"], cents / 100)
        by_category = calls.show("GET", f"/main/events/{eid}/tickets").json
        expected: Counter[str] = Counter()
        for one in sales:
            expected[one.category] += one.cents
        same(
            "revenue by category",
            {one["category"]: one["revenue"] for one in by_category["categories"]},
            {name: expected[name] / 100 for name in (c["category"] for c in by_category["categories"])},
        )
        same("categories", len(by_category["categories"]), len(expected))
        graph = calls.show("GET", f"/main/events/{eid}/sales-graph", pick=lambda d: {"sales": d["sales"][:2]}).json
        known = [one["norm_tickets_sold_current"] for one in graph["sales"]]
        same(
            "the graph's last known point",
            next(one for one in reversed(known) if one is not None),
            round(tickets / self._event.capacity, 6),
        )
        daily = calls.show(
            "GET",
            f"/main/daily_revenue_summary/?event_id={eid}",
            pick=lambda d: {"days": d["days"][:2], "totals": d["totals"]},
        ).json
        same("sum of the days", round(sum(round(day["revenue"] * 100) for day in daily["days"])), cents)
        per_day: Counter[str] = Counter()
        for one in sales:
            per_day[one.day.isoformat()] += one.cents
        shown = {day["date"]: round(day["revenue"] * 100) for day in daily["days"]}
        same("days that are right", sum(shown.get(day) == each for day, each in per_day.items()), len(per_day))
        same("days shown", len(shown), len(per_day))

    def _pin(self) -> None:
        heading("4. The event is pinned on both hosts by one workflow")
        calls, eid = self._calls, self._event.eid
        calls.show("PUT", f"/main/events/{eid}/setup_frontend_status", expect=204, body={"frontend_status": "FLAGGED"})
        flagged = calls.show("GET", "/main/events/flagged", pick=_page).json
        same("flagged events", [one["id"] for one in flagged["items"]], [eid])
        first = calls.send("GET", "/main/events/?limit=1").json["items"][0]["id"]
        same("first of the list", first, eid)
        record = calls.show("GET", f"/cr/events/{eid}").json
        same("the Registry's view", record["frontend_status"], "FLAGGED")

    def _arrange(self) -> None:
        heading("5. Lists find it; an edit at the Registry reaches Main; dates form a series")
        calls, event = self._calls, self._event
        query = urlencode({"city": event.city, "category": event.category, "since": event.day.isoformat()})
        found = calls.show("GET", f"/main/events/?{query}&limit=3", pick=_page).json
        fitting = [
            one
            for one in self._season
            if (one.city, one.category) == (event.city, event.category) and one.day >= event.day
        ]
        same("events of this city and category from that day on", found["total"], len(fitting))
        title = f"{event.title}, new date to be announced"
        record = calls.send("GET", f"/cr/events/{event.eid}")
        edit = f"/cr/events/{event.eid}"
        plan = calls.show("PUT", f"{edit}?dry_run=true", body={"title": title}).json
        same("changes planned", [change["field"] for change in plan["changes"]], ["title"])
        calls.show(
            "PUT", edit, body={"title": title}, headers={"If-Match": record.headers["etag"]}, pick=lambda d: d["title"]
        )
        calls.show("PUT", edit, expect=412, body={"title": "Late"}, headers={"If-Match": record.headers["etag"]})
        path = f"/main/events/{event.eid}"
        same(
            "the title in Main",
            calls.until(path, lambda a: a.json["title"] == title, what="the edit to reach Main").json["title"],
            title,
        )
        sibling = next(one for one in self._season if one is not event).eid
        calls.show("POST", f"{path}/series?event_series={sibling}", pick=_page)
        shown = calls.send("GET", f"/main/events/{sibling}").json
        same("the sibling's series", shown["campaign_event_series"], [event.eid])

    def _drop_again(self) -> None:
        heading("6. The same file again changes nothing; bad rows come back with reasons")
        before = self._calls.send("GET", f"/main/events/{self._event.eid}/statistics").body
        known = self._ingests(self._event)
        report = self._folder / f"{self._event.eid}.xlsx"
        self._put(self._event, report, name="the same again.xlsx")
        states = self._stack.client("stepfunctions")
        machine = self._stack.resources()["SalesIngestStateMachine"]
        give_up = time.monotonic() + 60
        while states.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"] or (
            len(states.list_executions(stateMachineArn=machine)["executions"]) <= len(self._season)
        ):
            if time.monotonic() > give_up:
                raise DemoError("the repeated drop did not end")
            time.sleep(0.2)
        after = self._calls.send("GET", f"/main/events/{self._event.eid}/statistics").body
        same("the statistics", after.decode(), before.decode())
        same("no further ingest", len(self._ingests(self._event)), len(known))

    def _bad_rows(self) -> None:
        day = self._event.sales[-1].day
        good = (Sale(day, "Late", 2, 9900, "B000001"), Sale(day, "Late", 1, 4950, "B000002"))
        bad = [
            ["next week", "Late", 1, 49.5, "B000003"],
            [day, "Late", "two", 99.0, "B000004"],
            [day, "Late", 1, 49.505, "B000005"],
            [day, "Late", 1, None, "B000006"],
        ]
        report = self._folder / "with bad rows.xlsx"
        write_report(report, self._event.title, good, extra=bad)
        self._put(self._event, report)
        ingest = self._ended(self._event, report.name)
        same("good rows taken", ingest["accepted"], len(good))
        same("bad rows given back", ingest["rejected"], len(bad))
        rows = self._calls.show("GET", f"/main/ingests/{ingest['id']}/rows?status=rejected").json
        for row in rows["items"]:
            print(f"     row {row['row']}: {row['message']}")
        workbook = self._calls.show("GET", f"/main/ingests/{ingest['id']}/rejected.xlsx", headers={"Accept": "*/*"})
        same("they come as a workbook", workbook.body[:4], b"PK\x03\x04")
        fixed = [
            Sale(day, "Late", 1, 4950, "B000003"),
            Sale(day, "Late", 2, 9900, "B000004"),
            Sale(day, "Late", 1, 4950, "B000005"),
            Sale(day, "Late", 1, 4950, "B000006"),
        ]
        report = self._folder / "with bad rows, mended.xlsx"
        write_report(report, self._event.title, [*good, *fixed])
        self._put(self._event, report)
        ingest = self._ended(self._event, report.name)
        same("of the mended file, loaded", ingest["accepted"], len(fixed))
        same("of the mended file, known already", ingest["duplicate"], len(good))
        self._figures((*good, *fixed))

    def _bad_input(self) -> None:
        heading("And what goes wrong is said plainly")
        calls, eid = self._calls, self._event.eid
        calls.show("GET", f"/main/events/{eid}", expect=401, token=None)
        stranger = self._stack.issuer.token(["somebody-else"], SCOPE)
        calls.show("GET", f"/main/events/{eid}", expect=404, token=stranger)
        calls.show("GET", "/main/events/?citty=Bonn", expect=400)
        report = self._folder / "notes.xlsx"
        report.write_text("Dear box office, here are the numbers ...")
        self._put(self._event, report)
        ingest = self._ended(self._event, report.name)
        same("a text file called .xlsx", ingest["status"], "REJECTED")
        print(f"     {ingest['reason']['message']}")

    def _put(self, event: SeasonEvent, report: Path, *, name: str | None = None) -> None:
        self._s3.put_object(
            Bucket=self._bucket, Key=f"sales/{self._tenant}/{event.eid}/{name or report.name}", Body=report.read_bytes()
        )

    def _ingests(self, event: SeasonEvent) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self._calls.send("GET", f"/main/ingests/?eid={event.eid}").json["items"]
        return items

    def _ended(self, event: SeasonEvent, name: str) -> dict[str, Any]:
        """The ingest of a dropped file, when it has ended."""

        def ingest(items: list[dict[str, Any]]) -> dict[str, Any] | None:
            return next((one for one in items if one["file"]["name"] == name and one["finished_at"]), None)

        answer = self._calls.until(
            f"/main/ingests/?eid={event.eid}",
            lambda a: a.status == 200 and ingest(a.json["items"]) is not None,  # noqa: PLR2004
            what=f"the ingest of {name}",
        )
        found = ingest(answer.json["items"])
        assert found is not None  # noqa: S101 - `until` has just seen it
        return found


def _page(page: dict[str, Any]) -> dict[str, Any]:
    return page | {"items": [f"{item['title']} ({item['frontend_status']})" for item in page["items"]]}


def _steps(execution: dict[str, Any]) -> dict[str, Any]:
    return {
        "status": execution["status"],
        "steps": [f"{step['title']}: {step['status']}, {step['seconds']} s" for step in execution["steps"]],
    }
