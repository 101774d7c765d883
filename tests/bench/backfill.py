"""A back-fill of a thousand files on the local stack: is every file accounted for, and how long does it take?

Runs on a stack of its own. Files of an event follow each other in the listing, so that those at work at once are of one
event and wait for each other: the worst order there is.
"""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.support.client import Client
from tests.support.races import figures
from tests.support.running import running_stack
from tests.support.workbooks import workbook

EVENTS, FILES = 10, 98
_HEADER = ["Date", "Category", "Tickets", "Revenue", "Order"]
_STATE_LIMIT = 256 * 1024
_HEAD = """## A back-fill of {files} files

{events} events with {each} small reports each, every report sharing a row with the next; one file in fifty is no
workbook. The files of an event are taken ten at once, and are committed one after the other. A stack on one machine,
where each step is a process: seconds say more about it than about AWS. "Once" counts ingests that failed and
were tried again. The largest state is what a state of the back-fill was given or gave, of at most 256 KB.

| run | seconds | files a second | committed | unchanged | rejected | failed | once | sums right | largest state |
|---|---|---|---|---|---|---|---|---|---|"""


def section(events: int = EVENTS, files: int = FILES) -> str:
    """Measure, as a part of the benchmarks page."""
    total = events * files + events * files // 49
    lines = [_HEAD.format(files=total, events=events, each=files)]
    with running_stack() as stack:
        client = Client(stack)
        names = [client.new_event() for _ in range(events)]
        _put(client, names, files)
        for run in ("first", "again"):
            lines.append(f"| {run} | {_run(client, names, files)} |")
            print(lines[-1], flush=True)
    return "\n".join(lines) + "\n"


def _put(client: Client, events: list[str], files: int) -> None:
    bucket, s3 = client.stack.resources()["Bucket"], client.stack.client("s3")

    def put(place: tuple[str, int]) -> None:
        eid, number = place
        rows = [
            [f"2026-03-{1 + n % 28:02d}", "Front", 1, 10.0, n] for n in (2 * number, 2 * number + 1, 2 * number + 2)
        ]
        key = f"backfill/{client.tenant}/{eid}/{number:04}"
        s3.put_object(Bucket=bucket, Key=f"{key}.xlsx", Body=workbook([_HEADER, *rows]))
        if number % 49 == 0:
            s3.put_object(Bucket=bucket, Key=f"{key}-page.xlsx", Body=b"%PDF-1.7")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, [(eid, number) for eid in events for number in range(files)]))


def _run(client: Client, events: list[str], files: int) -> str:
    began = time.perf_counter()
    path = client.post("/main/ingest/backfills", {}).headers["location"]
    done = client.until(f"/main{path}", lambda one: bool(one.json["status"] != "running"), 7200).json
    seconds = time.perf_counter() - began
    result: dict[str, Any] = done["result"]
    orders = 2 * files + 1
    right = all(figures(client, eid) == (orders, 1000 * orders) for eid in events)
    counts = [result[name] for name in ("committed", "unchanged", "rejected", "failed")]
    once = _failed_once(client)
    cells = [
        f"{seconds:.0f}",
        f"{result['files'] / seconds:.1f}",
        *counts,
        once,
        "yes" if right else "NO",
        _largest(client, path),
    ]
    return " | ".join(map(str, cells))


def _failed_once(client: Client) -> int:
    """Executions of sales_ingest that failed."""
    sfn = client.stack.client("stepfunctions")
    machine = client.stack.resources()["SalesIngestStateMachine"]
    pages = sfn.get_paginator("list_executions").paginate(stateMachineArn=machine, statusFilter="FAILED")
    return sum(len(page["executions"]) for page in pages)


def _largest(client: Client, path: str) -> str:
    sfn = client.stack.client("stepfunctions")
    machine = client.stack.resources()["SalesBackfillStateMachine"].replace(":stateMachine:", ":execution:")
    events = sfn.get_execution_history(executionArn=f"{machine}:{path.partition('.')[2]}", maxResults=1000)["events"]
    largest = max(
        len(json.dumps(details)) for event in events for name, details in event.items() if name.endswith("EventDetails")
    )
    assert largest < _STATE_LIMIT
    return f"{largest / 1024:.1f} KB"
