"""Where a request comes from: the peer, or what proxies that are trusted say of it.

`X-Forwarded-For`, `X-Forwarded-Proto` and `Forwarded` (RFC 7239) are anybody's to send. They are
read only from peers in the configured networks, and of the two ways only the one that the proxies
use, for the other would be handed on as the caller sent it. Each proxy adds whom it was asked by at
the end, so the right-most address that is no proxy of ours is the caller's, and all before it is
hearsay.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal, NamedTuple

from starlette.types import Scope

Network = IPv4Network | IPv6Network
_LONGEST = 2_000
"""Characters of a header that are looked at, from its end."""
_FORWARDED = re.compile(r'(?i)^\s*(for|proto)\s*=\s*(?:"([^"\\]*)"|([^\s";,]+))\s*$')
_WITH_PORT = re.compile(r"(\d+\.\d+\.\d+\.\d+):\d{1,5}|\[([0-9A-Fa-f:.]+)\](?::\d{1,5})?")


class Origin(NamedTuple):
    """A caller's network address, empty if unknown; whether it was asked by https."""

    address: str
    https: bool


class Proxies:
    """The proxies whose word is taken."""

    def __init__(
        self,
        networks: Iterable[Network] | None = None,
        header: Literal["x-forwarded-for", "forwarded"] = "x-forwarded-for",
    ) -> None:
        """Trust the proxies of these networks, by default nobody; `header` is where they tell."""
        self._networks = tuple(networks or ())
        self._forwarded = header == "forwarded"
        self._trusts = lru_cache(maxsize=1024)(self._in_a_network)

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._networks)

    def origin(self, scope: Scope, headers: Mapping[bytes, bytes]) -> Origin:
        """Where a request came from, by its connection and its joined headers.

        A trusted proxy that names nobody, or names them in a way that cannot be read, leaves the
        address unknown.
        """
        client: Sequence[object] | None = scope.get("client")
        peer = str(client[0]) if client else ""
        https = scope.get("scheme") in ("https", "wss")
        if not self._networks or not self._trusts(peer):
            return Origin(peer, https)
        if self._forwarded:
            addresses, protocol = _forwarded(_text(headers.get(b"forwarded", b"")))
        else:
            addresses = _members(_text(headers.get(b"x-forwarded-for", b"")))
            protocol = ["", *_members(_text(headers.get(b"x-forwarded-proto", b"")))][-1]
        return Origin(self._first_stranger(addresses), https or protocol.lower() == "https")

    def _first_stranger(self, addresses: Sequence[str]) -> str:
        for named in reversed(addresses):
            address = _address(named)
            if address is None:
                return ""
            if not self._trusts(address):
                return address
        return ""

    def _in_a_network(self, address: str) -> bool:
        found = _parsed(address)
        return found is not None and any(found in network for network in self._networks)


def by_name(scope: Scope) -> dict[bytes, bytes]:
    """The headers by name; one that is sent twice is joined as RFC 9110 has it."""
    pairs: list[tuple[bytes, bytes]] = scope["headers"]
    headers = dict(pairs)
    if len(headers) != len(pairs):
        headers = {}
        for name, value in pairs:
            headers[name] = headers[name] + b", " + value if name in headers else value
    return headers


@lru_cache(maxsize=1024)
def neighbourhood(address: str) -> str:
    """What counts as one place: an address, of IPv6 the network a subscriber is given (/64)."""
    found = _parsed(address)
    if isinstance(found, IPv6Address):
        return str(ip_network((found, 64), strict=False))
    return address


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def _address(named: str) -> str | None:
    """An address as a header names it, its port left out; None for anything else."""
    match = _WITH_PORT.fullmatch(named)
    found = _parsed((match[1] or match[2]) if match else named)
    return None if found is None else str(found)


def _text(header: bytes) -> str:
    return header[-_LONGEST:].decode("latin-1")


def _members(text: str) -> list[str]:
    return [member.strip() for member in text.split(",")] if text.strip() else []


def _forwarded(text: str) -> tuple[list[str], str]:
    """The addresses of the header, and the protocol that the last proxy was asked by."""
    addresses, protocol = [], ""
    for element in _members(text):
        found: dict[str, str] = {}
        for pair in element.split(";"):
            if match := _FORWARDED.match(pair):
                found[match[1].lower()] = match[2] or match[3] or ""
        addresses.append(found.get("for", "unknown"))
        protocol = found.get("proto", "")
    return addresses, protocol
