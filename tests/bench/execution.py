"""A whole execution of `sales_ingest`: a report of a million rows dropped into the bucket of a stack of its own.

What is measured is what an operator would see: the time from the drop to the figures, the seconds of each step, the
items in the sales table, and how much memory the function's processes ever held.
"""

import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local import executions
from local.stack import Stack
from marquee import keys
from tests.bench.ingest import make_report
from tests.support.client import Client
from tests.support.running import running_stack

ROWS = 1_000_000
SECONDS = 600
_ENDING = b"again"
_POLLED = 0.2
_GROUPS = 201 * 5  # the report's days and categories
_REPORTS = {
    "plain": {},
    "an order number each": {"orders": True},
    "the same, shared strings": {"orders": True, "shared": True},
}
_STEPS = ("Register", "Inspect", "Parse", "Stage", "Commit", "Settle")
_HEAD = """## A whole execution of sales_ingest

{rows:,} rows, dropped into the bucket of a local stack; the machine goes its usual way. Times begin with the upload.
"Figures" is the time until `statistics` answers with the report's tickets and revenue to the cent, goal < 180 s;
"end" the time until the execution has succeeded. Memory is the most that the function's processes held resident: the
sum of their high-water marks (`VmHWM`, children included), read five times a second; goal < 3 GB. "Items" is what the
drop added to the sales table beside the head; goal: at most the report's {groups:,} groups of day and category, and 0
for rows that the event has. "Same rows" is the same report with other bytes: every row is read, and found to be a
duplicate.

| report | drop | MB | figures | end | {steps} | memory | items | accepted | duplicate |
|---|---|---|---|---|{lines}|---|---|---|---|"""


def section(rows: int = ROWS) -> str:
    """Measure, as a part of the benchmarks page."""
    lines = [_HEAD.format(rows=rows, groups=_GROUPS, steps=" | ".join(_STEPS), lines="|".join(["---"] * len(_STEPS)))]
    with tempfile.TemporaryDirectory() as folder, running_stack() as stack:
        for title, kind in _REPORTS.items():
            path = Path(folder) / "report.xlsx"
            expected = make_report(path, rows, **kind)
            content = path.read_bytes()
            # A zip archive ends with a comment and its length: with one, the same rows are another file.
            other = content[:-2] + len(_ENDING).to_bytes(2, "little") + _ENDING
            drops = {"first": content, "same file again": content, "same rows": other}
            client = Client(stack)
            eid = client.new_event(capacity=10_000_000)
            for number, (what, dropped) in enumerate(drops.items()):
                lines.append(f"| {title} | {what} {_drop(client, eid, f'{number}.xlsx', dropped, expected)}")
                print(lines[-1], flush=True)
    return "\n".join(lines) + "\n"


def _drop(client: Client, eid: str, name: str, content: bytes, expected: tuple[int, int]) -> str:
    """Drop a report and wait for the end of its execution: the rest of its row of the table."""
    stack = client.stack
    before = _items(stack, client.tenant, eid)
    known = {row["executionArn"] for row in executions.latest(stack)}
    with watched_memory(stack, stack.resources()["SalesIngestTasksFunction"]) as memory:
        began = time.monotonic()
        client.drop(eid, name, content)
        client.until(
            f"/main/events/{eid}/statistics",
            lambda reply: (reply.json["tickets_sold"], round(100 * reply.json["revenue"])) == expected,
            SECONDS,
        )
        figures = f"{time.monotonic() - began:.1f} s" if not before else "as before"
        started = executions.started_by_object(stack, f"sales/{client.tenant}/{eid}/{name}", known)
        assert started is not None
        path = f"/main/executions/{executions.public_id(started)}"
        ended = client.until(path, lambda reply: reply.json["status"] != "running", SECONDS).json
        end = time.monotonic() - began
    assert ended["status"] == "succeeded", ended
    took = {step["name"]: step["seconds"] for step in ended["steps"]}
    ingest = client.ingest(eid, name) if "Settle" in took else None
    seconds = " | ".join(f"{took[one]:.1f}" if one in took else "" for one in _STEPS)
    rows = f"{ingest['accepted']:,} | {ingest['duplicate']:,}" if ingest else "unchanged | unchanged"
    return (
        f"| {len(content) / 1e6:.0f} | {figures} | {end:.1f} s | {seconds} | {memory.peak / 1024:,.0f} MB "
        f"| {_items(stack, client.tenant, eid) - before} | {rows} |"
    )


def _items(stack: Stack, tenant: str, eid: str) -> int:
    """How many items the event has in the sales table beside its head."""
    pages = stack.client("dynamodb").get_paginator("query")
    found = pages.paginate(
        TableName=stack.resources()["SalesTable"],
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": keys.event(tenant, eid)}},
        ProjectionExpression="sk",
    )
    return sum(item["sk"]["S"] != "HEAD" for page in found for item in page["Items"])


# --- memory -----------------------------------------------------------------------------------------------------------


@dataclass
class Memory:
    """What processes of one function held at most, in KiB."""

    marks: dict[int, int] = field(default_factory=dict)

    @property
    def peak(self) -> int:
        """The sum of the processes' high-water marks."""
        return sum(self.marks.values())


@contextmanager
def watched_memory(stack: Stack, function: str) -> Iterator[Memory]:
    """The high-water marks of a function's processes, their children included, while something is going on."""
    memory = Memory()
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_POLLED):
            _read_marks(stack, function, memory)

    for process in _processes(stack, function):
        with suppress(OSError):
            # 5 sets the mark back to what the process holds now.
            (process / "clear_refs").write_text("5")
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield memory
    finally:
        over.set()
        watcher.join()
        _read_marks(stack, function, memory)


def _read_marks(stack: Stack, function: str, memory: Memory) -> None:
    for process in _processes(stack, function):
        with suppress(OSError):
            status: dict[str, Any] = dict(
                line.split(":", 1) for line in (process / "status").read_text().splitlines() if ":" in line
            )
            if "VmHWM" in status:
                pid = int(process.name)
                memory.marks[pid] = max(memory.marks.get(pid, 0), int(status["VmHWM"].split()[0]))


def _processes(stack: Stack, function: str) -> list[Path]:
    """The processes of the stack's group that run a function, as folders of `/proc`."""
    wanted = f"AWS_LAMBDA_FUNCTION_NAME={function}".encode()
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            with suppress(OSError):
                in_group = os.getpgid(int(process.name)) == stack.emulator_pid
                if in_group and wanted in (process / "environ").read_bytes().split(b"\0"):
                    found.append(process)
    return found
