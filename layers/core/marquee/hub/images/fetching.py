"""Fetching an image from its URL, from a stranger's host: bounded in time, size and redirects, and in where it leads.

A name is resolved once, and the connection is made to the very address that was looked at: a name that means another
address a moment later changes nothing. Each redirect is a new question, looked at like the first.
"""

import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse
from ssl import SSLCertVerificationError, SSLContext, SSLSocket, create_default_context
from threading import Timer
from urllib.parse import urljoin

from marquee.hub.images import addresses
from marquee.hub.images.addresses import Place, Resolver, Trust
from marquee.hub.images.content import MAX_BYTES, too_large
from marquee.hub.images.refusals import Refused

MAX_REDIRECTS = 3
_REDIRECTS = (301, 302, 303, 307, 308)
_OK = 200
_CHUNK_BYTES = 65_536
_HEADERS = {"Accept": "image/png, image/jpeg", "Accept-Encoding": "identity", "User-Agent": "marquee"}


def _system_resolver(host: str, port: int) -> Sequence[str]:
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class Fetcher:
    """Fetches images. Time-outs are in seconds: of connecting, of each read, and of the whole, redirects included."""

    def __init__(
        self,
        trusted: str,
        *,
        seconds: float = 5.0,
        connect: float = 2.0,
        read: float = 3.0,
        resolver: Resolver = _system_resolver,
        tls: SSLContext | None = None,
    ) -> None:
        self._trust = Trust(trusted)
        self._seconds, self._connect, self._read = seconds, connect, read
        self._resolver = resolver
        self._tls = tls

    def fetch(self, url: str) -> bytes:
        """The bytes behind the URL, at most `MAX_BYTES`. Raises Refused, naming why there are none."""
        deadline = time.monotonic() + self._seconds
        for _ in range(MAX_REDIRECTS + 1):
            where = addresses.place(url, self._trust)
            with self._answer(where, deadline) as answer:
                if answer.status not in _REDIRECTS:
                    return _content(answer)
                location = answer.getheader("Location")
            try:
                url = urljoin(url, location or "")
            except ValueError as error:
                raise Refused("image.url", "is redirected to what is no URL") from error
        raise Refused("image.redirects", f"is redirected more than {MAX_REDIRECTS} times")

    @contextmanager
    def _answer(self, where: Place, deadline: float) -> Iterator[HTTPResponse]:
        """What the place answers. Raises Refused for whatever goes wrong while it is asked and read."""
        tried = addresses.resolve(where, self._trust, self._resolver, deadline - time.monotonic())
        try:
            with self._connected(where, tried, deadline) as connection, _cut_off(connection, deadline):
                if isinstance(connection, SSLSocket):
                    connection.do_handshake()
                with closing(_asked(connection, where)) as answer:
                    yield answer
        except (HTTPException, OSError) as error:
            if isinstance(error, TimeoutError) or time.monotonic() >= deadline:
                raise _too_slow(where) from error
            how = (
                "its certificate is not valid" if isinstance(error, SSLCertVerificationError) else "it does not answer"
            )
            raise Refused("image.unreachable", f"cannot be fetched from {where.host}: {how}") from error
        # Where it was cut off, what came until then may look whole.
        if time.monotonic() >= deadline:
            raise _too_slow(where)

    def _connected(self, where: Place, tried: Sequence[str], deadline: float) -> socket.socket:
        """A connection to the first of the addresses that takes one. Raises OSError."""
        failure = OSError("no address")
        for address in tried:
            left = max(deadline - time.monotonic(), 0.001)
            try:
                connection = socket.create_connection((address, where.port), timeout=min(self._connect, left))
            except OSError as error:
                failure = error
                continue
            connection.settimeout(self._read)
            return self._shielded(connection, where.host) if where.secure else connection
        raise failure

    def _shielded(self, connection: socket.socket, host: str) -> SSLSocket:
        """TLS over a connection, for this host; the handshake is still to come."""
        if self._tls is None:
            self._tls = create_default_context()
        return self._tls.wrap_socket(connection, server_hostname=host, do_handshake_on_connect=False)


@contextmanager
def _cut_off(connection: socket.socket, deadline: float) -> Iterator[None]:
    """Shut the connection down at the deadline: whoever waits for it then reads its end.

    Time-outs of reads alone would let an answer drip for ever.
    """

    def cut() -> None:
        # That of the plain socket: the encrypted one's would wait for the other side.
        with suppress(OSError):
            socket.socket.shutdown(connection, socket.SHUT_RDWR)

    timer = Timer(max(deadline - time.monotonic(), 0.001), cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _asked(connection: socket.socket, where: Place) -> HTTPResponse:
    """The answer to the one question, its body still to be read. Raises HTTPException, OSError."""
    http = HTTPConnection(where.host, where.port)
    http.sock = connection
    http.putrequest("GET", where.target, skip_host=True, skip_accept_encoding=True)
    for name, value in {"Host": where.authority, **_HEADERS}.items():
        http.putheader(name, value)
    http.endheaders()
    return http.getresponse()


def _content(answer: HTTPResponse) -> bytes:
    """The answer's bytes, to their end. Raises Refused, and what reading raises."""
    if answer.status != _OK:
        raise Refused("image.unreachable", f"cannot be fetched: its host answers with status {answer.status}")
    if (answer.length or 0) > MAX_BYTES:
        raise too_large()
    content = bytearray()
    while chunk := answer.read(_CHUNK_BYTES):
        content += chunk
        if len(content) > MAX_BYTES:
            raise too_large()
    if answer.length:  # read by chunks, it does not complain of an end that comes early
        raise OSError("the answer is cut off")
    return bytes(content)


def _too_slow(where: Place) -> Refused:
    return Refused("image.too_slow", f"cannot be fetched: {where.host} does not answer in time")
