"""One host of somebody else's over HTTP, and all that can go wrong on the way.

Every exchange ends within its time, whatever the other side does: connecting and each read have time-outs of their own,
and at the deadline the connection is cut, so that an answer that drips for ever does not hold a step up. Redirects are
not followed. A host that fails five times in a row is left alone for a while. Connections and what is known of the host
are per process: an execution environment knows what it has seen itself. What a status or a body means is the caller's.
"""

import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.client import HTTPException
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pybreaker
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

_CHUNK_BYTES = 65_536


class Answer(NamedTuple):
    """What came back, read to its end; the headers' names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class BadAddress(Exception):
    """The host's address is neither https:// nor on this machine."""


class NoAnswer(Exception):
    """No answer came in time, or not all of it; the other side may have done what it was asked."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TooLarge(Exception):
    """The answer is larger than it may be."""


class Resting(Exception):
    """The host failed several times in a row and is not asked for now."""


class RemoteHost:
    """The host at `url`, whose path is the base of every request's. Times are in seconds.

    Raises BadAddress for one that is neither https:// nor http://127.0.0.1.
    """

    def __init__(
        self,
        url: str,
        *,
        connect: float = 1.0,
        read: float = 2.0,
        rest: float = 30.0,
        max_bytes: int = 1_000_000,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        parts = urlsplit(url)
        if not parts.hostname or (parts.scheme != "https" and (parts.scheme, parts.hostname) != ("http", "127.0.0.1")):
            raise BadAddress
        self._secure, self._host, self._port = parts.scheme == "https", parts.hostname, parts.port
        self._base = parts.path.rstrip("/")
        self._connect, self._read, self._max_bytes = connect, read, max_bytes
        self._tls = tls
        self._idle: list[HTTPConnection] = []
        self._breaker = pybreaker.CircuitBreaker(fail_max=5, reset_timeout=rest, throw_new_error_on_trip=False)

    def ask(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | None,
        deadline: float,
        require_usable: Callable[[Answer], None],
    ) -> Answer:
        """One exchange that ends before `deadline` (of `time.monotonic`).

        `require_usable` raises for an answer that says that the host is not well; that counts as a failure of the host,
        as NoAnswer and TooLarge do. Raises these, what `require_usable` raises, and Resting.
        """
        try:
            with self._breaker.calling():
                answer = self._exchange(method, target, headers, body, deadline)
                require_usable(answer)
                return answer
        except pybreaker.CircuitBreakerError as error:
            raise Resting from error

    def close(self) -> None:
        """Close the connections that are kept."""
        while self._idle:
            self._idle.pop().close()

    def _exchange(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None, deadline: float
    ) -> Answer:
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._new_connection()
        try:
            if not connection.is_connected:  # new, or the other side has hung up since
                connection.close()
                connection.timeout = max(min(self._connect, deadline - time.monotonic()), 0.001)
                connection.connect()
            left = max(deadline - time.monotonic(), 0.001)
            connection.timeout = min(self._read, left)
            with _cut_after(left, connection.sock):
                connection.sock.settimeout(connection.timeout)
                connection.request(method, self._base + target, body=body, headers=headers, preload_content=False)
                response = connection.getresponse()
                content = b""
                # To the very end: only there does a cut body show.
                while len(content) <= self._max_bytes and (chunk := response.read(_CHUNK_BYTES, decode_content=False)):
                    content += chunk
        except (HTTPError, HTTPException, OSError) as error:
            connection.close()
            raise NoAnswer(type(error).__name__) from error
        if len(content) > self._max_bytes:
            connection.close()
            raise TooLarge
        if connection.sock is not None:
            self._idle.append(connection)
        return Answer(response.status, {name.lower(): value for name, value in response.headers.items()}, content)

    def _new_connection(self) -> HTTPConnection:
        if not self._secure:
            return HTTPConnection(self._host, self._port)
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return HTTPSConnection(self._host, self._port, ssl_context=self._tls)


@contextmanager
def _cut_after(seconds: float, sock: Any) -> Iterator[None]:
    """Shut the socket down after so long: who waits for it then reads its end."""

    def cut() -> None:
        with suppress(OSError):
            sock.shutdown(2)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
