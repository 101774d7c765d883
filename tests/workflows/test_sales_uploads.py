"""Reports that arrive over HTTP, strict files and reported totals, on the deployed stack."""

import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openpyxl
import urllib3

from marquee.sales.models import XLSX
from tests.support.client import Client, Reply
from tests.support.faults import FaultyWire, wired
from tests.support.forms import file_form, form
from tests.support.workbooks import HEADER, workbook

GOOD = [["2026-03-01", "A", 2, 40.5], ["2026-03-02", "B", 1, 9.5]]
EDGE = "multipart/form-data; boundary=edge"
BAD = [["2026-03-03", "A", 1, 1.0], ["soon", "A", 1, 1.0]]


def upload(client: Client, query: str, content: bytes, name: str = "report.xlsx", key: str | None = None) -> Reply:
    content_type, body = file_form(content, name)
    headers = {"Content-Type": content_type} | ({"Idempotency-Key": key} if key else {})
    return client.send("POST", f"/main/ingest/transaction_summary/from_excel?{query}", body, headers)


def ended(client: Client, started: Reply) -> dict[str, Any]:
    """The execution that was started, when it is over."""
    assert started.status == 202, started.raw
    assert started.headers["location"] == f"/executions/{started.json['id']}"
    path = f"/main/executions/{started.json['id']}"
    over: dict[str, Any] = client.until(path, lambda reply: bool(reply.json["status"] != "running")).json
    return over


def figures(client: Client, eid: str) -> tuple[int, float]:
    """Tickets and revenue, on which statistics and days agree."""
    statistics = client.get(f"/main/events/{eid}/statistics").json
    days = client.get(f"/main/daily_revenue_summary?event_id={eid}").json["days"]
    assert sum(day["tickets"] for day in days) == statistics["tickets_sold"]
    return statistics["tickets_sold"], statistics["revenue"]


def test_a_report_sent_as_a_form_becomes_figures(client: Client) -> None:
    eid = client.new_event()
    content = workbook([HEADER, *GOOD])
    # When it is tried out, and sent twice under a key, with another boundary each time
    assert upload(client, f"eid={eid}&dry_run=true", content).json["workflow"] == "sales_ingest"
    first, again = (upload(client, f"eid={eid}", content, key="k") for _ in range(2))
    over = ended(client, first)
    # Then it is taken once
    assert again.json["id"] == first.json["id"]
    assert (over["status"], over["subject"]) == ("succeeded", {"eid": eid, "file": "report.xlsx"})
    assert (over["result"]["outcome"], over["result"]["accepted"]) == ("COMMITTED", 2)
    assert figures(client, eid) == (3, 50.0)
    assert upload(client, f"eid={eid}&dry_run=true", content).json["changes"] == []
    # and what cannot be taken is refused with its reason: what is too large is told where to go
    content_type, body = file_form(content)
    path = f"/main/ingest/transaction_summary/from_excel?eid={eid}"
    for status, code, refused in (
        (413, "file.too_large", upload(client, f"eid={eid}", bytes(4_500_001))),
        (415, "body.media_type", client.post(path, {"file": "report.xlsx"})),
        (400, "form.broken", client.post(path, body[:-90], {"Content-Type": content_type})),
        (400, "form.invalid", client.post(path, form([("a", "a.xlsx", b"PK")], "edge")[1], {"Content-Type": EDGE})),
        (404, "event.not_found", Client(client.stack).post(path, body, {"Content-Type": content_type})),
    ):
        assert (refused.status, refused.json["error_code"]) == (status, code)


def test_a_strict_report_is_taken_whole_or_not_at_all(client: Client) -> None:
    eid = client.new_event()
    # Given a strict report with a bad row
    over = ended(client, upload(client, f"eid={eid}&mode=strict", workbook([HEADER, *GOOD, *BAD])))
    # Then nothing of it is taken, and all of its rows are accounted for
    assert (over["status"], over["result"]["code"]) == ("succeeded", "file.rows_rejected")
    assert (over["result"]["rows"], over["result"]["rejected"]) == (4, 4)
    assert figures(client, eid) == (0, 0)
    (ingest,) = client.get(f"/main/ingests?eid={eid}").json["items"]
    assert (ingest["status"], ingest["mode"], ingest["rows"]) == ("REJECTED", "strict", 4)
    rows = client.get(f"/main/ingests/{ingest['id']}/rows?status=rejected").json["items"]
    assert [(one["row"], one["last_row"], one["code"]) for one in rows] == [
        (5, 5, "date.not_a_date"),
        (2, 4, "row.held_back"),
    ]
    returned = client.get(f"/main/ingests/{ingest['id']}/rejected.xlsx", {"Accept": XLSX}).raw
    assert len(list(openpyxl.load_workbook(io.BytesIO(returned)).active.iter_rows())) == 2
    # When it is fixed, Then it is taken
    over = ended(client, upload(client, f"eid={eid}&mode=strict", workbook([HEADER, *GOOD, *BAD[:1]])))
    assert (over["result"]["outcome"], figures(client, eid)) == ("COMMITTED", (4, 51.0))


def test_a_large_report_goes_straight_to_the_store(client: Client) -> None:
    eid = client.new_event()
    ticket = client.post("/main/ingest/uploads", {"eid": eid, "file_name": "Verkäufe.xlsx", "mode": "strict"}).json
    assert ticket["url"].startswith("http")
    pool = urllib3.PoolManager(retries=False)

    def post(fields: dict[str, str], content: bytes) -> int:
        whole = fields | {"file": ("whatever.xlsx", content)}
        return int(pool.request("POST", ticket["url"], fields=whole).status)

    # When another place or mode is asked of the store than was signed, or nothing is sent, Then it is refused
    content = workbook([HEADER, *GOOD])
    assert post(ticket["fields"] | {"key": f"sales/{client.tenant}/{eid}/else.xlsx"}, content) == 403
    assert post(ticket["fields"] | {"x-amz-meta-marquee-mode": "partial"}, content) == 403
    assert post(ticket["fields"], b"") == 400
    # When the file is sent without a token of ours, Then its ingest starts by itself, in the mode that was chosen
    assert post(ticket["fields"], content) == 204
    ingest = client.ingest(eid, "Verkäufe.xlsx")
    assert (ingest["status"], ingest["mode"], ingest["file"]["key"]) == ("COMMITTED", "strict", ticket["key"])
    assert figures(client, eid) == (3, 50.0)
    assert client.get(f"/main{ticket['ingests']}").json["items"][0]["id"] == ingest["id"]


def test_totals_reported_at_once_and_by_killed_functions_each_count_once(client: Client) -> None:
    eid = client.new_event()
    body = {
        "eid": eid,
        "from": "2026-03-01",
        "to": "2026-03-31",
        "tickets": [{"type": "A", "sold": 10, "revenue": 99.99}, {"type": "B", "sold": 1, "revenue": 0.01}],
    }

    def send(key: str) -> Reply:
        return client.post("/main/ingest/transaction_summary", body, {"Idempotency-Key": key})

    # Given six summaries at once
    with ThreadPoolExecutor(6) as pool:
        replies = list(pool.map(send, [f"k{number}" for number in range(6)]))
    assert [one.status for one in replies] == [201] * 6, [one.raw for one in replies]
    assert figures(client, eid) == (66, 600.0)
    # and one whose transaction was done, and its answer lost: the client asks again
    with wired(client.stack, "SalesFunction") as wire:
        _lose_the_answer_of_the_commit(wire)
        lost = send("k6")
    assert lost.status == 201, lost.raw
    # Then each counts once
    assert figures(client, eid) == (77, 700.0)
    listed = client.get(f"/main/ingests?eid={eid}").json["items"]
    assert len(listed) == 7
    assert {(one["kind"], one["status"], one["rows"]) for one in listed} == {("summary", "COMMITTED", 2)}


def _lose_the_answer_of_the_commit(wire: FaultyWire) -> None:
    told: list[bytes] = []

    def plan(_: int, body: bytes) -> Any:
        if b"TransactItems" in body and not told:
            told.append(body)
            return "answer lost"
        return None

    wire.plan(plan)
