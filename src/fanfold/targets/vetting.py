"""Which addresses may be called on behalf of others: what a client names as a URL must not lead into our own house.

A name is resolved and every address that it stands for is looked at, in whatever spelling the client wrote it. That
says early what is wrong. As a name may stand for something else a moment later, whoever connects has to ask ``admits``
once more about the very address that a socket is opened to.

The ranges are those of IANA's registries of special-purpose addresses. They are written down here, because what the
standard library takes for public differs between versions of Python.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from fanfold.errors import ForbiddenTarget, Unreachable

Address = IPv4Address | IPv6Address

_NAT64 = int(IPv6Address("64:ff9b::")) >> 32


def _networks(*ranges: str) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(map(ip_network, ranges))


_METADATA = _networks("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254")
"""Where clouds tell a machine its own secrets, beside the link-local addresses for that."""

_NEVER = (
    *_METADATA,
    *_networks("0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.88.99.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    *_networks("2001::/23"),
)
_PRIVATE = _networks(
    *("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10"),
    *("192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20"),
)
"""Networks of somebody's own, and ranges for examples and measurements, which some use as such."""

(_PUBLIC_IPV6,) = _networks("2000::/3")


class OwnAddress(ForbiddenTarget):
    """This server would call itself"""


class Vetting:
    """Lets public addresses pass, and those of this machine or of private networks only where it is told to."""

    def __init__(self, *, loopback: bool = False, private: bool = False) -> None:
        self.loopback = loopback
        self.private = private
        self._home: tuple[Address, int] | None = None

    def at_home(self, address: str, port: int) -> None:
        """Note where the server itself listens, which is not to be called whatever else may be."""
        self._home = ip_address(address), port

    def allows(self, text: str) -> bool:
        """Whether an address may be called; what is no address may not."""
        address = _read(text)
        if address is None or _is_in(address, _NEVER):
            return False
        if address.is_loopback:
            return self.loopback
        if _is_in(address, _PRIVATE):
            return self.private
        return isinstance(address, IPv4Address) or address in _PUBLIC_IPV6

    def is_home(self, text: str, port: int) -> bool:
        """Whether this is where the server itself listens."""
        if self._home is None or port != self._home[1]:
            return False
        address, home = _read(text), self._home[0]
        return address == home or (home.is_unspecified and address is not None and _is_of_this_machine(address))

    def admits(self, text: str, port: int) -> bool:
        """Whether a connection may be opened to an address and port."""
        return self.allows(text) and not self.is_home(text, port)

    async def resolve(self, host: str, port: int) -> list[str]:
        """The addresses that a host name or address stands for; raises ``ForbiddenTarget`` if one is not allowed."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise Unreachable(f"The host name cannot be resolved: {host}") from error
        addresses = list(dict.fromkeys(str(place[0]) for *_, place in found))
        if not addresses or not all(self.allows(address) for address in addresses):
            raise ForbiddenTarget(f"Not a host that may be called: {host}")
        if any(self.is_home(address, port) for address in addresses):
            raise OwnAddress
        return addresses


def _read(text: str) -> Address | None:
    try:
        return _embedded(ip_address(text.partition("%")[0]))
    except ValueError:
        return None


def _embedded(address: Address) -> Address:
    """The address that packets really go to, where one stands inside another."""
    if isinstance(address, IPv4Address):
        return address
    if int(address) >> 32 == _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    if int(address) >> 32 == 0 and int(address) > 1:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _is_in(address: Address, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    return any(address in network for network in networks)


def _is_of_this_machine(address: Address) -> bool:
    """Whether one of the machine's own interfaces has it: nothing else can be bound to."""
    family = socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        try:
            trial.bind((str(address), 0))
        except OSError:
            return False
    return True
