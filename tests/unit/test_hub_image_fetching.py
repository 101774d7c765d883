"""Images fetched over real sockets: whatever the other side does, bytes or a refusal, in bounded time."""

import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from marquee.hub.images.content import MAX_BYTES
from marquee.hub.images.fetching import Fetcher
from marquee.hub.images.refusals import Refused
from tests.support.hub_images import HOST, Pictures, picture, pictures_served, png, redirect
from tests.support.registry_host import Reply

TIMES: dict[str, Any] = {"seconds": 0.4, "connect": 0.2, "read": 0.2}
BOUND = 1.5
ENDLESS = MAX_BYTES + 100_000
PICTURE = picture()


@pytest.fixture(scope="module")
def there() -> Iterator[Pictures]:
    with pictures_served() as served:
        yield served


def here(_host: str, _port: int) -> Sequence[str]:
    return ["127.0.0.1"]


def fetcher(there: Pictures, **options: Any) -> Fetcher:
    """What trusts the host under its name, and finds it on this machine."""
    return Fetcher(f"{HOST}:{there.port}", **{"resolver": here, **TIMES, **options})


def fetch(there: Pictures, path: str = "/a.png", **options: Any) -> bytes:
    return fetcher(there, **options).fetch(f"http://{HOST}:{there.port}{path}")


def refused(take: Callable[[], object]) -> Refused:
    started = time.monotonic()
    with pytest.raises(Refused) as found:
        take()
    assert time.monotonic() - started < BOUND
    return found.value


def test_what_is_there_is_fetched_as_any_client_would(there: Pictures) -> None:
    there.shows({"/a.png?b=c": png(PICTURE)})
    assert fetch(there, "/a.png?b=c#d") == PICTURE
    assert there.headers["host"] == f"{HOST}:{there.port}"
    assert there.headers["accept-encoding"] == "identity"
    assert "authorization" not in there.headers


def test_redirects_are_followed_three_times(there: Pictures) -> None:
    steps = {
        "/1": redirect("/2", 301),
        "/2": redirect("3", 307),
        "/3": redirect(f"http://{HOST}:{there.port}/a.png", 303),
    }
    there.shows({**steps, "/a.png": png(PICTURE)})
    assert fetch(there, "/1") == PICTURE
    assert there.asked == ["/1", "/2", "/3", "/a.png"]
    # and no fourth time
    there.shows({**steps, "/0": redirect("/1", 308), "/a.png": png(PICTURE)})
    assert refused(lambda: fetch(there, "/0")).code == "image.redirects"
    assert there.asked == ["/0", "/1", "/2", "/3"]


@pytest.mark.parametrize("location", ["/a.png", ""])
def test_redirects_in_a_circle_come_to_an_end(there: Pictures, location: str) -> None:
    there.shows({"/a.png": redirect(location)})
    assert refused(lambda: fetch(there)).code == "image.redirects"
    assert len(there.asked) == 4


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("http://127.0.0.1:{port}/secret", "image.not_https"),
        ("https://127.0.0.1:{port}/secret", "image.address"),
        ("https://127.1:{port}/secret", "image.address"),
        ("https://2130706433:{port}/secret", "image.address"),
        ("https://0x7f000001/secret", "image.address"),
        ("https://localhost:{port}/secret", "image.address"),
        ("https://[::1]:{port}/secret", "image.address"),
        ("https://[::ffff:127.0.0.1]:{port}/secret", "image.address"),
        ("http://169.254.169.254/latest/meta-data/", "image.not_https"),
        ("https://169.254.169.254/latest/meta-data/", "image.address"),
        ("//10.0.0.1/secret", "image.not_https"),
        ("file:///etc/passwd", "image.url"),
        ("http://[", "image.url"),
        ("ftp://pictures.example/", "image.url"),
    ],
)
def test_a_redirect_that_leads_inward_is_not_followed(there: Pictures, location: str, code: str) -> None:
    # Given a host that may be asked, whose redirect leads to where nobody may ask
    there.shows({"/a.png": redirect(location.format(port=there.port)), "/secret": png(PICTURE)})
    # Then it is not asked
    names = {HOST: ["127.0.0.1"]}
    assert refused(lambda: fetch(there, resolver=resolving(names))).code == code
    assert there.asked == ["/a.png"]


def resolving(names: dict[str, list[str]]) -> Callable[[str, int], Sequence[str]]:
    """The system's resolver, these names apart."""

    def resolve(host: str, port: int) -> Sequence[str]:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM) if host not in names else ()
        return names.get(host) or [str(one[4][0]) for one in found]

    return resolve


def test_a_name_is_resolved_once_and_the_address_that_was_looked_at_is_connected_to(
    there: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a name that leads elsewhere, then here, and a network that brings every connection here
    answers = iter([["93.184.216.34"], ["127.0.0.1"]])
    connected: list[tuple[str, int]] = []

    def connecting(address: tuple[str, int], timeout: float) -> socket.socket:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connecting)
    # When an image is fetched from there
    outcome = refused(lambda: Fetcher("", resolver=lambda *_: next(answers), **TIMES).fetch(f"https://{HOST}/a.png"))
    # Then only the first answer counts
    assert outcome.code == "image.unreachable"
    assert connected == [("93.184.216.34", 443)]
    assert next(answers) == ["127.0.0.1"]


def test_the_next_address_is_tried_where_one_takes_no_connection(there: Pictures) -> None:
    there.shows({"/a.png": png(PICTURE)})
    assert fetch(there, resolver=lambda *_: ["127.0.0.2", "127.0.0.1"]) == PICTURE


CHUNKED = {"Transfer-Encoding": "chunked"}
UNUSABLE = {
    "silent": (png(PICTURE, after=1.0), "image.too_slow"),
    "drips": (png(PICTURE, drip=0.02), "image.too_slow"),
    "drips headers": (png(PICTURE, drip_headers=0.02), "image.too_slow"),
    "drips and closes": (png(PICTURE, drip=0.02, headers={"Connection": "close"}), "image.too_slow"),
    "hangs up": (png(PICTURE, hang_up=True), "image.unreachable"),
    "cut off": (png(PICTURE, cut=True), "image.unreachable"),
    "absent": (Reply(404), "image.unreachable"),
    "failing": (Reply(500), "image.unreachable"),
    "nothing": (Reply(204), "image.unreachable"),
    "a part": (Reply(206, PICTURE), "image.unreachable"),
    "too large": (Reply(200, b"x" * (MAX_BYTES + 1)), "image.too_large"),
    "too large, in chunks": (Reply(200, b"%x\r\n" % ENDLESS + b"x" * ENDLESS, headers=CHUNKED), "image.too_large"),
    "wrong chunks": (Reply(200, b"nonsense\r\n", headers=CHUNKED), "image.unreachable"),
    "a long header": (Reply(200, headers={"X-Long": "x" * 70_000}), "image.unreachable"),
    "many headers": (Reply(200, headers={f"X-{number}": "x" for number in range(200)}), "image.unreachable"),
}


@pytest.mark.parametrize(("page", "code"), UNUSABLE.values(), ids=UNUSABLE)
def test_a_host_that_does_not_answer_properly_is_a_refusal_in_time(there: Pictures, page: Reply, code: str) -> None:
    there.shows({"/a.png": page})
    # the large ones may take their time
    times: dict[str, Any] = {"seconds": 5.0, "read": 5.0} if code == "image.too_large" else {}
    assert refused(lambda: fetch(there, **times)).code == code


def test_the_time_is_for_all_redirects_together(there: Pictures) -> None:
    slow = {f"/{number}": Reply(302, headers={"Location": f"/{number + 1}"}, after=0.15) for number in range(4)}
    there.shows(slow)
    assert refused(lambda: fetch(there, "/0")).code == "image.too_slow"


def test_nobody_there_is_a_refusal() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        outcome = refused(lambda: Fetcher(f"{HOST}:{port}", resolver=here, **TIMES).fetch(f"http://{HOST}:{port}/"))
    assert (outcome.code, outcome.reason) == ("image.unreachable", f"cannot be fetched from {HOST}: it does not answer")


# --- HTTPS ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate of the host."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file


@pytest.fixture(scope="module")
def secure(pem: Path) -> Iterator[Pictures]:
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(pem)
    with pictures_served(serving) as served:
        yield served


def test_the_certificate_is_that_of_the_name_though_the_address_is_connected_to(secure: Pictures, pem: Path) -> None:
    secure.shows({"/a.png": png(PICTURE)})
    trusting = ssl.create_default_context(cafile=str(pem))

    def fetched(host: str, tls: ssl.SSLContext | None) -> bytes:
        asking = Fetcher(f"{host}:{secure.port}", resolver=here, tls=tls, **TIMES)
        return asking.fetch(f"https://{host}:{secure.port}/a.png")

    assert fetched(HOST, trusting) == PICTURE
    # Given another name, or nobody who vouches for it
    for host, tls in (("other.example", trusting), (HOST, None)):
        outcome = refused(partial(fetched, host, tls))
        assert outcome.code == "image.unreachable"
        assert outcome.reason.endswith("its certificate is not valid")
    # Then it is not asked at all
    assert secure.asked == ["/a.png"]


@pytest.mark.parametrize("closes", ["close", "keep-alive"])
def test_an_answer_that_drips_over_tls_is_cut(secure: Pictures, pem: Path, closes: str) -> None:
    secure.shows({"/a.png": png(PICTURE, drip=0.02, headers={"Connection": closes})})
    asking = fetcher(secure, tls=ssl.create_default_context(cafile=str(pem)))
    assert refused(lambda: asking.fetch(f"https://{HOST}:{secure.port}/a.png")).code == "image.too_slow"


@pytest.mark.parametrize("drips", [False, True])
def test_a_handshake_that_never_ends_is_cut(drips: bool) -> None:
    # Given a host that begins a long record of TLS, and goes on byte by byte
    def drip() -> None:
        with suppress(OSError):
            connection, _ = listening.accept()
            with connection:
                for byte in b"\x16\x03\x03\x30\x00\x02\x00\x2f\xfc" + bytes(200) if drips else b"":
                    connection.sendall(bytes([byte]))
                    time.sleep(0.05)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        dripping = Thread(target=drip, daemon=True)
        if drips:
            dripping.start()
        asking = Fetcher(f"{HOST}:{port}", resolver=here, **TIMES)
        assert refused(lambda: asking.fetch(f"https://{HOST}:{port}/")).code == "image.too_slow"
