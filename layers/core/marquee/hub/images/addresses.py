"""Where images given by URL may be fetched from: public addresses by HTTPS, and hosts that the deployment trusts."""

import ipaddress
import re
from collections.abc import Callable, Sequence
from threading import Thread
from typing import NamedTuple
from urllib.parse import SplitResult, quote, urlsplit

from marquee.hub.images.refusals import Refused

MAX_URL = 2048
"""Characters."""
_PORTS = {"https": 443, "http": 80}
_MOST_TRIED = 3
_HOST = re.compile(r"[a-z0-9._:-]+")
# Networks whose addresses carry an IPv4 address, which a gateway might follow to where it leads.
_CARRIERS = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")))

Resolver = Callable[[str, int], Sequence[str]]
"""Host and port to addresses. Raises OSError where there are none."""


class Place(NamedTuple):
    """What a URL names: how, where, and what to ask for there."""

    secure: bool
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """Host and port as the `Host` header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS["https" if self.secure else "http"] else f"{host}:{self.port}"


class Trust:
    """The hosts of the setting: ``host``, ``host:port``, or ``host:*`` for every port."""

    def __init__(self, setting: str) -> None:
        self._hosts = {
            entry if ":" in entry else f"{entry}:443"
            for entry in (part.strip().lower() for part in setting.split(","))
            if entry
        }

    def covers(self, place: Place) -> bool:
        """Whether this host may be at a private address, and speak plain HTTP."""
        return not self._hosts.isdisjoint((f"{place.host}:{place.port}", f"{place.host}:*"))


def place(url: str, trust: Trust) -> Place:
    """What the URL names. Raises Refused for what is no URL of a host that may be asked."""
    try:
        split = urlsplit(url)
        host, port = _host(split), split.port
    except ValueError as error:
        raise _no_url() from error
    if split.scheme not in _PORTS or len(url) > MAX_URL or not url.isprintable() or " " in url:
        raise _no_url()
    if split.username is not None or split.password is not None:
        raise Refused("image.url", "is a URL with a user name or password in it")
    target = quote(split.path or "/", safe="/%:@!$&'()*+,;=~-._")
    if split.query:
        target += "?" + quote(split.query, safe="/%:@!$&'()*+,;=~-._?")
    found = Place(split.scheme == "https", host, port or _PORTS[split.scheme], target)
    if not found.secure and not trust.covers(found):
        raise Refused("image.not_https", "is at an address that is not https")
    return found


def _host(split: SplitResult) -> str:
    """The host as it is resolved. Raises ValueError for what is none, be it only when written in ASCII."""
    host = (split.hostname or "").rstrip(".")
    host = host if host.isascii() else host.encode("idna").decode().lower()
    if not _HOST.fullmatch(host):
        raise ValueError(host)
    return host


def _no_url() -> Refused:
    return Refused("image.url", f"is neither an https URL of at most {MAX_URL} characters nor an uploaded image")


def resolve(where: Place, trust: Trust, resolver: Resolver, seconds: float) -> list[str]:
    """The addresses to connect to, in the order in which they are tried.

    Raises Refused where the host has none, or any of them is not public and the host is not trusted: one that answers
    both ways is up to something.
    """
    found: list[Sequence[str]] = []

    def ask() -> None:
        try:
            found.append(resolver(where.host, where.port))
        except (OSError, UnicodeError):
            found.append(())

    # The system's resolver takes no time-out: whoever waits for it gives up by leaving it behind.
    asking = Thread(target=ask, daemon=True)
    asking.start()
    asking.join(max(seconds, 0))
    if not found:
        raise Refused("image.too_slow", f"cannot be fetched: the name {where.host} was not resolved in time")
    addresses = [address.partition("%")[0] for address in dict.fromkeys(found[0])]
    if not addresses:
        raise Refused("image.unreachable", f"cannot be fetched: there is no host {where.host}")
    if not trust.covers(where) and not all(map(is_public, addresses)):
        raise Refused("image.address", f"is at {where.host}, which is not a public address")
    # Where an environment has no IPv6, the others are there all the same.
    return sorted(addresses, key=lambda address: ":" in address)[:_MOST_TRIED]


def is_public(address: str) -> bool:
    """Whether this is an address of the open internet, and of one host there."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and (
        parsed.ipv4_mapped or parsed.is_site_local or any(parsed in network for network in _CARRIERS)
    ):
        return False
    inward = parsed.is_private or parsed.is_loopback or parsed.is_link_local or parsed.is_unspecified
    return parsed.is_global and not (inward or parsed.is_multicast or parsed.is_reserved)
