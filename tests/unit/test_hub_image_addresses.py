"""Where images may be fetched from."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marquee.hub.images import addresses
from marquee.hub.images.addresses import Trust, is_public, place, resolve
from marquee.hub.images.refusals import Refused
from tests.support.hub_images import code_of

NOBODY = Trust("")
INWARD = [
    *("127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
    *("0.0.0.0", "0.1.2.3", "192.0.0.1", "192.0.2.1", "198.18.0.1"),  # noqa: S104 - nothing is bound here
    *("224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255"),
    *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::a00:1"),
    *("2002:a00:1::1", "2001:0:a00:1::", "nonsense", ""),
]


@pytest.mark.parametrize("address", INWARD)
def test_an_address_that_leads_inward_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4001::200e"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@settings(max_examples=60, deadline=None)
@given(st.ip_addresses(v=4, network="10.0.0.0/8") | st.ip_addresses(v=6, network="::ffff:0:0/96"))
def test_no_private_or_mapped_address_is_public(address: object) -> None:
    assert not is_public(str(address))


@pytest.mark.parametrize("found", [[one] for one in INWARD if one] + [["8.8.8.8", "10.0.0.1"]], ids=str)
def test_a_name_that_leads_inward_is_refused_even_if_not_always(found: list[str]) -> None:
    with pytest.raises(Refused, match=r"is at pictures\.example, which is not a public address") as refused:
        resolve(place("https://pictures.example/a.png", NOBODY), NOBODY, lambda _host, _port: found, 1)
    assert code_of(refused) == "image.address"


def test_a_trusted_host_may_be_anywhere_at_its_port() -> None:
    trust = Trust(" Pictures.example:8443 , other.example,local.example:*")
    for url, port in {"https://pictures.example:8443/": 8443, "https://other.example/": 443}.items():
        assert resolve(place(url, trust), trust, lambda _host, _port: ["10.0.0.1"], 1) == ["10.0.0.1"]
        assert place(url, trust).port == port
    assert place("http://local.example/", trust).port == 80
    for url in ("https://pictures.example/", "https://other.example:8443/", "https://example/"):
        with pytest.raises(Refused, match="not a public address"):
            resolve(place(url, trust), trust, lambda _host, _port: ["10.0.0.1"], 1)


def test_addresses_that_every_environment_reaches_are_tried_first() -> None:
    found = ["2606:4700::1", "8.8.8.8", "8.8.8.8", "8.8.4.4", "1.1.1.1"]
    where = place("https://pictures.example/", NOBODY)
    assert resolve(where, NOBODY, lambda _host, _port: found, 1) == ["8.8.8.8", "8.8.4.4", "1.1.1.1"]


def test_a_name_that_nobody_knows_or_that_takes_too_long_is_refused() -> None:
    import threading

    def unknown(_host: str, _port: int) -> Sequence[str]:
        raise OSError("unknown")

    where, never = place("https://pictures.example/", NOBODY), threading.Event()
    with pytest.raises(Refused, match=r"there is no host pictures\.example"):
        resolve(where, NOBODY, unknown, 1)
    with pytest.raises(Refused, match="was not resolved in time"):
        resolve(where, NOBODY, lambda _host, _port: [str(never.wait(1))], 0.05)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://pictures.example/a.png", "image.not_https"),
        ("HTTP://pictures.example/a.png", "image.not_https"),
        ("ftp://pictures.example/a.png", "image.url"),
        ("file:///etc/passwd", "image.url"),
        ("data:image/png;base64,AAAA", "image.url"),
        ("javascript:alert(1)", "image.url"),
        ("//pictures.example/a.png", "image.url"),
        ("uploads/default.png", "image.url"),
        ("", "image.url"),
        ("https://", "image.url"),
        ("https:///a.png", "image.url"),
        ("https://pictures.example:99999/", "image.url"),
        ("https://pictures.example:a/", "image.url"),
        ("https://[::1/", "image.url"),
        ("https://pictures.example/a b.png", "image.url"),
        ("https://pictures.example/a\r\nX-Evil: 1", "image.url"),
        ("https://pic\ttures.example/", "image.url"),
        ("https://pictures.example/" + "a" * 2048, "image.url"),
        ("https://me:secret@pictures.example/", "image.url"),
        ("https://me@pictures.example/", "image.url"),
        ("https://¨/", "image.url"),
        ("https://[fe80::1%eth0]/", "image.url"),
        ("https://safe.example\\@10.0.0.1/", "image.url"),
    ],
)
def test_what_is_no_plain_https_url_is_refused(url: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        place(url, NOBODY)
    assert code_of(refused) == code


@pytest.mark.parametrize(
    ("url", "host", "authority", "target"),
    [
        ("https://Pictures.Example", "pictures.example", "pictures.example", "/"),
        ("https://pictures.example.:8443/a?b=c&d=%20#e", "pictures.example", "pictures.example:8443", "/a?b=c&d=%20"),
        ("https://pictures.example/bühne.png", "pictures.example", "pictures.example", "/b%C3%BChne.png"),
        ("https://bühne.example/", "xn--bhne-0ra.example", "xn--bhne-0ra.example", "/"),
        ("https://[2606:4700::1]:444/", "2606:4700::1", "[2606:4700::1]:444", "/"),
    ],
)
def test_a_url_names_a_host_and_what_to_ask_for(url: str, host: str, authority: str, target: str) -> None:
    found = place(url, NOBODY)
    assert (found.secure, found.host, found.authority, found.target) == (True, host, authority, target)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40) | st.text(max_size=40).map("https://{}".format))
def test_any_text_is_a_place_or_refused(text: str) -> None:
    try:
        found = addresses.place(text, NOBODY)
    except Refused:
        return
    assert found.secure
    assert f"{found.host}{found.target}".isascii()
    assert not any(one in found.authority + found.target for one in " \r\n")
