"""The deployed local stack that end-to-end and workflow tests talk to. A pytest plugin, so that all share one stack."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local import stack as stacks
from local.stack import Stack
from tests.support.client import Client

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_stack() -> Iterator[Stack]:
    """A stack started by the command and stopped at the end; `MARQUEE_PORT` names one that runs already instead."""
    if "MARQUEE_PORT" in os.environ:
        yield stacks.find(int(os.environ["MARQUEE_PORT"]))
        return
    port = free_port()
    up = subprocess.Popen(
        [sys.executable, "-m", "local", "up", "--port", str(port)],
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
    """One stack for the whole session."""
    with running_stack() as started:
        yield started


@pytest.fixture
def client(stack: Stack) -> Client:
    """A client with a tenant of its own."""
    return Client(stack)
