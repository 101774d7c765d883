"""Somebody else's host on 127.0.0.1, over real sockets, and all the ways to misbehave."""

import ssl
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Asked(NamedTuple):
    """A request as the host got it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Reply(NamedTuple):
    """What the host says, and how: `after` it is silent first, `drip` is the pause between two bytes of the body."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = {}
    media_type: str = "application/json"
    after: float = 0.0
    drip: float = 0.0
    drip_headers: float = 0.0
    hang_up: bool = False  # before a word
    cut: bool = False  # in the middle of the body


# What happens to a request, by its number (from 0) and what it is; None: it is answered as it should be.
Plan = Callable[[int, Asked], Reply | None]


def behaving(_number: int, _asked: Asked) -> Reply | None:
    """Nothing happens."""
    return None


def always(reply: Reply) -> Plan:
    """Every request gets this."""
    return lambda _number, _asked: reply


def first(count: int, reply: Reply) -> Plan:
    """So many requests get this; the others are answered as they should be."""
    return lambda number, _asked: reply if number < count else None


class LocalHost(ABC):
    """A host that does nothing of its own: `answer` is what a kind of host makes of a request."""

    base = ""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[Asked] = []
        self.takes = True  # whether a request that misbehaves has its effect all the same
        self._plan: Plan = behaving
        self._lock = threading.Lock()
        self._secure = tls is not None
        host = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # or the body waits 40 ms for the headers to be acknowledged

            def serve(self) -> None:
                # Whom the other side has hung up on has nothing to say.
                with suppress(BrokenPipeError, ConnectionResetError):
                    host.handle(self)

            do_GET = do_PUT = do_POST = serve

            def log_message(self, *args: Any) -> None:
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, *args: Any) -> None:
                """A client that hangs up is no news."""

        self._server = Server(("127.0.0.1", 0), Handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def url(self) -> str:
        """Its address, with a base path as real ones have."""
        return f"{'https' if self._secure else 'http'}://127.0.0.1:{self._server.server_port}{self.base}"

    def plan(self, plan: Plan, *, takes: bool = True) -> None:
        """Start counting anew, with this ahead; `takes`: what misbehaves after having done what was asked."""
        with self._lock:
            self._plan, self.takes, self.asked = plan, takes, []

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    @abstractmethod
    def answer(self, asked: Asked) -> Reply:
        """Do what is asked, and answer it; never two at once."""

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request, or misbehave as planned."""
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = Asked(request.command, request.path, headers, body)
        with self._lock:
            self.asked.append(asked)
            planned = self._plan(len(self.asked) - 1, asked)
            proper = self.answer(asked) if planned is None or self.takes else None
        self._send(request, planned or proper or Reply(500))

    @staticmethod
    def _send(request: BaseHTTPRequestHandler, reply: Reply) -> None:
        time.sleep(reply.after)
        if reply.hang_up:
            request.close_connection = True
            return
        if reply.drip_headers:
            request.close_connection = True
            for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"y" * 2000:
                request.wfile.write(bytes([byte]))
                time.sleep(reply.drip_headers)
            return
        request.send_response(reply.status)
        if reply.status != 204:
            request.send_header("Content-Type", reply.media_type)
            request.send_header("Content-Length", str(len(reply.body)))
        for name, value in reply.headers.items():
            request.send_header(name, value)
        request.end_headers()
        if reply.cut:
            request.wfile.write(reply.body[: len(reply.body) // 2])
            request.close_connection = True
        elif reply.drip:
            for byte in reply.body:
                request.wfile.write(bytes([byte]))
                time.sleep(reply.drip)
        else:
            request.wfile.write(reply.body)


@contextmanager
def told(client: Any, functions: Sequence[str], **changes: str) -> Iterator[None]:
    """Let deployed functions be told other things by their environment; `client` is a Lambda client of the stack."""
    before = {
        name: client.get_function_configuration(FunctionName=name)["Environment"]["Variables"] for name in functions
    }
    for name, variables in before.items():
        client.update_function_configuration(FunctionName=name, Environment={"Variables": {**variables, **changes}})
    try:
        yield
    finally:
        for name, variables in before.items():
            client.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
