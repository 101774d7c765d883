"""A network between a function and AWS that can be cut: crash tests on the real wire.

A function of the local stack is told to reach AWS through a `FaultyWire`. Each request it sends is passed on, unless
the plan has a fault for it. Unlike a stub in the process, this kills real processes at real moments: before a call was
made, and after it took effect but before its answer arrived.
"""

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

import urllib3

Kind = Literal[
    "killed before",
    "killed during",
    "killed after",
    "throttled",  # told to slow down, and nothing done
    "throttled inside",  # the same as a part of a transaction
    "throttled after",  # done, and told to slow down
    "refused",  # an error that is not worth a repetition
    "unavailable",
    "failed after",  # done, and told that it failed
    "answer lost",  # done, and the connection cut
    "withheld",  # neither passed on nor answered
    "late",  # passed on when the client has given up
    "answer withheld",  # done, and not answered
]
# Those that many tests go through: a crash or an error before and after.
KINDS: tuple[Kind, ...] = ("killed before", "killed after", "throttled", "unavailable", "answer lost")


# What happens to a request, by its number (from 0, as they are sent), and its path and body; None: it is passed on.
Plan = Callable[[int, bytes], Kind | None]


def undisturbed(_number: int, _body: bytes) -> Kind | None:
    """Nothing happens."""
    return None


def once(kind: Kind, call: int) -> Plan:
    """The request with this number meets the fault; its repetition gets through."""
    return lambda number, _: kind if number == call else None


def whenever(kind: Kind, named: str) -> Plan:
    """Every request that names this table, machine or key meets the fault."""
    return lambda _, body: kind if named.encode() in body else None


class FaultyWire:
    """A forwarding server on 127.0.0.1 in front of the stack's AWS endpoint."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._pool = urllib3.PoolManager(retries=False, maxsize=32)
        self._lock = threading.Lock()
        self._plan: Plan = undisturbed
        self.seen: list[str] = []
        self.busy = 0
        wire = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle(self) -> None:
                with suppress(ConnectionError):  # killed clients do not say good-bye
                    super().handle()

            def forward(self) -> None:
                wire.handle(self)

            do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = forward

            def log_message(self, *args: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """The endpoint to give to functions."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def plan(self, plan: Plan) -> None:
        """Start counting anew, with these faults ahead."""
        with self._lock:
            self._plan = plan
            self.seen = []

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    def _next(self, name: str, request: bytes) -> Kind | None:
        with self._lock:
            self.seen.append(name)
            return self._plan(len(self.seen) - 1, request)

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        """Pass one request on, or let happen to it what is planned."""
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        name = request.headers.get("X-Amz-Target", f"{request.command} {request.path}").rpartition(".")[2]
        kind = self._next(name, request.path.encode() + b"\n" + body)
        with self._lock:
            self.busy += 1
        try:
            self._handle(request, body, kind)
        finally:
            with self._lock:
                self.busy -= 1

    def _handle(self, request: BaseHTTPRequestHandler, body: bytes, kind: Kind | None) -> None:
        match kind:
            case "killed before":
                kill_client(request.connection)
            case "killed during":
                passing = threading.Thread(target=self._pass_on, args=[request, body])
                passing.start()
                kill_client(request.connection)
                passing.join()
            case "killed after":
                self._pass_on(request, body)
                kill_client(request.connection)
            case "answer lost":
                self._pass_on(request, body)
            case "withheld":
                wait_for_hang_up(request.connection)
            case "late":
                wait_for_hang_up(request.connection)
                self._pass_on(request, body)
            case "answer withheld":
                self._pass_on(request, body)
                wait_for_hang_up(request.connection)
            case None:
                answer = self._pass_on(request, body)
                return self._answer(request, answer.status, answer.data, dict(answer.headers))
            case _:
                if kind.endswith("after"):
                    self._pass_on(request, body)
                return self._answer(request, *_errors(kind, body))
        request.close_connection = True
        return None

    def _pass_on(self, request: BaseHTTPRequestHandler, body: bytes) -> urllib3.BaseHTTPResponse:
        headers = {k: v for k, v in request.headers.items() if k.lower() not in {"connection", "accept-encoding"}}
        return self._pool.request(request.command, self._target + request.path, body=body, headers=headers)

    @staticmethod
    def _answer(
        request: BaseHTTPRequestHandler, status: int, body: bytes, headers: dict[str, str] | None = None
    ) -> None:
        dropped = {"content-length", "transfer-encoding", "connection", "content-encoding", "date", "server"}
        try:
            request.send_response(status)
            for key, value in (headers or {"Content-Type": "application/x-amz-json-1.0"}).items():
                if key.lower() not in dropped:
                    request.send_header(key, value)
            request.send_header("Content-Length", str(len(body)))
            request.end_headers()
            request.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            request.close_connection = True


def _errors(kind: Kind, body: bytes) -> tuple[int, bytes]:
    """What the store answers, instead of or after doing what was asked for."""
    if kind == "refused":
        return 400, b'{"__type": "ResourceNotFoundException", "message": "no such table"}'
    if kind in {"unavailable", "failed after"}:
        return 503, b"{}"
    if kind == "throttled inside" and b"TransactItems" in body:
        reasons = b'[{"Code": "None"}, {"Code": "ThrottlingError"}]'
        return 400, b'{"__type": "TransactionCanceledException", "CancellationReasons": ' + reasons + b"}"
    return 400, b'{"__type": "ProvisionedThroughputExceededException", "message": "slow down"}'


def wait_for_hang_up(connection: socket.socket, seconds: float = 30) -> None:
    """Return when the client has closed the connection, or is dead."""
    connection.settimeout(seconds)
    with suppress(OSError):
        connection.recv(1)


def kill_client(connection: socket.socket) -> None:
    """Kill -9 the process at the other end of this loopback connection."""
    # Both ends name it: a port of its own serves a process for connections to several servers.
    ends = [f"0100007F:{end[1]:04X}" for end in (connection.getpeername(), connection.getsockname())]
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    inode = next((row[9] for row in rows if row[1:3] == ends), None)
    for descriptors in Path("/proc").glob("[0-9]*/fd"):
        try:
            links = [str(link.readlink()) for link in descriptors.iterdir()]
        except OSError:
            continue
        if f"socket:[{inode}]" in links and int(descriptors.parent.name) != os.getpid():
            os.kill(int(descriptors.parent.name), signal.SIGKILL)
            return
    raise LookupError(f"no process has the connection from {ends[0]}")


@contextmanager
def behind(wire: FaultyWire, client: Any, function: str) -> Iterator[None]:
    """Let a deployed function reach AWS through `wire`; `client` is a Lambda client of the stack."""
    variables = client.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    client.update_function_configuration(
        FunctionName=function, Environment={"Variables": {**variables, "AWS_ENDPOINT_URL": wire.url}}
    )
    try:
        yield
    finally:
        client.update_function_configuration(FunctionName=function, Environment={"Variables": variables})


@contextmanager
def wired(stack: Any, function: str) -> Iterator[FaultyWire]:
    """A wire in front of a function of the stack, named as in the template."""
    wire = FaultyWire(stack.url)
    try:
        with behind(wire, stack.client("lambda"), stack.resources()[function]):
            yield wire
    finally:
        wire.close()
