"""The deployed local stack that end-to-end and workflow tests talk to. A pytest plugin, so that a process has one."""

import os
import random
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from local import stack as stacks
from local.stack import Stack
from tests.support.client import Client

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    """A port that is free, and not one of those that the system lends to outgoing connections: it stays free."""
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)  # seeded tests of two workers would find the same
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


@contextmanager
def running_stack() -> Iterator[Stack]:
    """A stack started by the command and stopped at the end; `MARQUEE_PORT` names one that runs already instead."""
    if "MARQUEE_PORT" in os.environ:
        yield stacks.find(int(os.environ["MARQUEE_PORT"]))
        return
    port = free_port()
    up = subprocess.Popen(
        [sys.executable, "-m", "local", "up", "--port", str(port), "--without-schedules"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert up.stdout is not None
    said: list[str] = []
    for line in up.stdout:
        said.append(line)
        if line.startswith("ready "):
            break
    else:
        raise RuntimeError(f"the stack did not start:\n{''.join(said)}")
    try:
        yield stacks.find(port)
    finally:
        up.terminate()
        up.communicate(timeout=60)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """One stack for the whole session; each worker of several has its own."""
    with running_stack() as started:
        yield started


@pytest.fixture
def client(stack: Stack) -> Client:
    """A client with a tenant of its own."""
    return Client(stack)
