"""What `frontend_status` is measured against: a client that changes Main, then the Registry, and hopes.

It is the plain two-call client, at its best: each call is conditional and repeated by the SDK, and the Registry is told
a sequence; but nobody notices when the second call does not come about.

As a program it makes one change per line of its input, each in a process of its own, so that one can be killed.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from marquee.ddb import aws_client
from marquee.events import service as events
from marquee.events.models import Item
from marquee.registry import service as registry

ROOT = Path(__file__).parents[2]


def change(tenant: str, eid: str, status: str) -> None:
    """Set the status on Main, then on the Registry."""

    def wanted(before: Item) -> Item:
        return {"frontend_status": status, "frontend_sequence": before["frontend_sequence"] + 1}

    after = events.rewritten(tenant, eid, wanted)
    registry.take_frontend_state(tenant, eid, {"frontend_status": status, "sequence": after["frontend_sequence"]})


class NaiveClients:
    """Processes that make changes, one at a time each; a context manager."""

    def __init__(self, tenant: str, url: str, resources: Mapping[str, str]) -> None:
        self._tenant = tenant
        self._environment = {
            "PATH": os.defpath,
            "PYTHONPATH": f"{ROOT / 'layers' / 'core'}{os.pathsep}{ROOT}",
            "AWS_ENDPOINT_URL": url,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "EVENTS_TABLE": resources["EventsTable"],
            "REGISTRY_TABLE": resources["RegistryTable"],
        }
        self._idle: list[subprocess.Popen[str]] = []
        self._all: list[subprocess.Popen[str]] = []
        self._lock = threading.Lock()

    def change(self, eid: str, status: str) -> bool:
        """Make one change; whether the client came to its end."""
        with self._lock:
            process = self._idle.pop() if self._idle else self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{self._tenant} {eid} {status}\n")
        process.stdin.flush()
        ended = process.stdout.readline().strip()
        with self._lock:
            self._idle.append(process)
        return ended == "0"

    def _start(self) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.naive"],
            env=self._environment,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._all.append(process)
        return process

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Let the processes end."""
        for process in self._all:
            process.communicate(timeout=10)


def serve() -> None:
    """One forked process per line; its exit status is the answer."""
    aws_client("dynamodb")  # made once; it connects when it is first used, in the child
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                change(*line.split())
                status = 0
            finally:
                os._exit(status)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    serve()
