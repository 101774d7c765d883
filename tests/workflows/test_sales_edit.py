"""Edited exports on the deployed stack: by a real spreadsheet program, through the bucket, and killed at calls."""

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openpyxl
import pytest

from marquee.sales.models import XLSX
from tests.support.client import Client
from tests.support.editing import edited, put, row_of
from tests.support.faults import FaultyWire, Kind, wired
from tests.support.forms import file_form, form
from tests.support.office import typed
from tests.support.races import ByTenant, at, figures, taken, watched
from tests.support.workbooks import HEADER, workbook

EXPORT = "/main/daily_revenue_summary/sales_edit_export"
ROWS: list[list[object]] = [[f"2026-03-{day:02}", f"={name}", day, 10.25 * day] for day in range(1, 6) for name in "AB"]
# 2 x (1 + 2 + 3 + 4 + 5) tickets of 10.25
SOLD = (30, 30750)
# Requests of an undisturbed run from the first to the last, at least.
CALLS = 34


def sold(client: Client) -> str:
    """An event with sales; its id."""
    eid = client.new_event()
    assert taken(client, eid, "report.xlsx", workbook([HEADER, *ROWS]))["status"] == "COMMITTED"
    return eid


def export(client: Client) -> bytes:
    """All sales, downloaded."""
    reply = client.get(EXPORT, {"Accept": XLSX})
    assert (reply.status, reply.headers["content-type"]) == (200, XLSX), reply.raw[:500]
    return bytes(reply.raw)


def send(client: Client, content: bytes) -> dict[str, Any]:
    """Send an edited export back; its execution when it has ended."""
    content_type, body = file_form(content, "sales.xlsx")
    reply = client.send("POST", EXPORT, body, {"Content-Type": content_type})
    assert reply.status == 202, reply.raw
    path = f"/main{reply.headers['location']}"
    return dict(client.until(path, lambda one: one.json["status"] != "running").json)


def counts(result: dict[str, Any]) -> tuple[int, int, int, int]:
    return result["rows"], result["accepted"], result["rejected"], result["duplicate"]


def test_cells_typed_in_a_spreadsheet_program_are_applied_and_nothing_is_overwritten(client: Client) -> None:
    # Given an export, of which LibreOffice changes three cells in three rows, and a fourth row that changes meanwhile
    eid = sold(client)
    content = export(client)
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    # header, then =A and =B of each day
    assert [sheet.cell(row, 7).value for row in (2, 5, 10, 11)] == [1, 2, 5, 5]
    saved = typed(content, {"G2": 3, "H5": 99.99, "G10": 0, "G11": 7})
    assert taken(client, eid, "late.xlsx", workbook([HEADER, ["2026-03-05", "=B", 2, 0.5]]))["accepted"] == 1
    # When it is sent back
    ended = send(client, saved)
    # Then three rows are applied, and the fourth is reported
    assert (ended["status"], counts(ended["result"])) == ("succeeded", (10, 3, 1, 6))
    # 30 + (3 - 1) + (0 - 5) + 2 tickets; 307.50 + (99.99 - 20.50) + 0.50
    assert figures(client, eid) == (29, 30750 + 9999 - 2050 + 50)
    ingest = f"/main/ingests/{ended['result']['ingest_id']}"
    (refused,) = client.get(f"{ingest}/rows?status=rejected").json["items"]
    assert (refused["row"], refused["code"]) == (11, "row.changed_meanwhile")
    assert "says 7 tickets and 51.75 EUR now" in refused["message"]
    # and the returned workbook holds just that row, its category still a text
    returned = client.get(f"{ingest}/rejected.xlsx", {"Accept": XLSX})
    (row,) = openpyxl.load_workbook(io.BytesIO(returned.raw)).worksheets[0].iter_rows(min_row=2)
    assert (row[3].value, row[3].data_type, row[6].value) == ("=B", "s", 7)
    # and the ingest is listed for its event
    listed = client.get(f"/main/ingests/?eid={eid}").json["items"]
    assert [one["file"]["name"] for one in listed if one["kind"] == "edit"] == ["sales.xlsx"]


def test_an_edited_export_that_is_sent_to_the_store_itself_is_applied(client: Client) -> None:
    # Given an edited export, and a place for it
    eid = sold(client)
    content = edited(export(client), lambda sheet: put(sheet, row_of(sheet, category="=A", tickets=1), 2, 20.5))
    place = client.post("/main/ingest/uploads", {"purpose": "edit", "file_name": "large.xlsx"}).json
    fields = [(name, None, value.encode()) for name, value in place["fields"].items()]
    # When it is sent there
    content_type, body = form([*fields, ("file", "large.xlsx", content)])
    anonymous = Client(client.stack)
    anonymous.token = None
    url = place["url"].removeprefix(client.stack.url)
    assert anonymous.send("POST", url, body, {"Content-Type": content_type}).status in {200, 201, 204}
    # Then it is applied
    client.until(f"/main/events/{eid}/statistics", lambda reply: reply.json["tickets_sold"] == SOLD[0] + 1)
    ended = client.ingest(eid, "large.xlsx")
    assert (ended["status"], counts(ended)) == ("COMMITTED", (10, 1, 0, 9))


def test_a_file_that_is_no_export_ends_with_its_reason(client: Client) -> None:
    ended = send(client, workbook([HEADER, *ROWS]))
    assert (ended["status"], ended["result"]["code"]) == ("succeeded", "edit.not_an_export")
    document = client.get(f"/main/ingests/{ended['result']['ingest_id']}").json
    assert (document["status"], document["eid"], document["kind"]) == ("REJECTED", None, "edit")


@pytest.fixture(scope="module")
def wire(stack: Any) -> Iterator[FaultyWire]:
    with wired(stack, "SalesEditTasksFunction") as wire:
        yield wire


def test_killed_at_its_calls_each_change_is_applied_once(stack: Any, wire: FaultyWire) -> None:
    # Given a process that is killed at one call, and its successor at a later one; other calls for other tenants
    kinds: tuple[Kind, Kind] = ("killed before", "killed after")
    scripts: list[dict[int, Kind]] = [
        {call: kinds[call % 2], call + 9: kinds[1 - call % 2]} for call in range(0, CALLS, 12)
    ]
    clients = [Client(stack) for _ in scripts]
    with ThreadPoolExecutor(4) as pool:
        events = list(pool.map(sold, clients))
        plan = ByTenant({one.tenant: at(script) for one, script in zip(clients, scripts, strict=True)})
        wire.plan(plan)

        def one(client: Client, eid: str, script: dict[int, Kind]) -> None:
            def change(sheet: Any) -> None:
                put(sheet, row_of(sheet, category="=A", tickets=1), 2, 20.5)
                put(sheet, row_of(sheet, category="=B", tickets=5), 4, 41)
                put(sheet, row_of(sheet, category="=B", tickets=2), "x")

            content = edited(export(client), change)
            with watched(client, eid) as seen:
                ended = send(client, content)
                if ended["status"] != "succeeded":
                    ended = send(client, content)
            # Then both changes are there, once, and were never seen apart: 1 more and 1 less
            assert ended["status"] == "succeeded", (script, ended)
            assert figures(client, eid) == SOLD
            assert set(seen) <= {SOLD}, (script, seen)
            days = client.get(f"/main/daily_revenue_summary/?event_id={eid}").json["days"]
            # 1 + 2 on the first day, 5 + 4 on the last
            assert [days[0]["tickets"], days[-1]["tickets"]] == [3, 9], script
            assert counts(ended["result"])[2] == 1

        list(pool.map(one, clients, events, scripts))
    met = sum(n < plan.seen[client.tenant] for client, script in zip(clients, scripts, strict=True) for n in script)
    assert met >= len(scripts)
