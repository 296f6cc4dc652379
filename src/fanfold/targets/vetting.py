"""Which addresses may be called on behalf of others: what a client names as a URL must not lead into our own house.

A name is resolved and every address that it stands for is looked at, in whatever spelling the client wrote it. That
says early what is wrong. As a name may stand for something else a moment later, whoever connects has to ask ``allows``
once more about the very address that a socket is opened to.
"""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address

from fanfold.errors import ForbiddenTarget, Unreachable

_NAT64 = int(IPv6Address("64:ff9b::")) >> 32
_SHARED = IPv4Address("100.64.0.0"), IPv4Address("100.127.255.255")


class Vetting:
    """Lets public addresses pass, and those of this machine or of private networks only where it is told to."""

    def __init__(self, *, loopback: bool = False, private: bool = False) -> None:
        self.loopback = loopback
        self.private = private

    def allows(self, text: str) -> bool:
        """Whether an address may be called; what is no address may not."""
        try:
            address = _embedded(ip_address(text.partition("%")[0]))
        except ValueError:
            return False
        if address.is_multicast or address.is_unspecified or address.is_link_local:
            return False
        if address.is_loopback:
            return self.loopback
        if isinstance(address, IPv6Address) and address.is_site_local:
            return self.private  # no longer given out, but still the inside of somebody's network
        if address.is_global and not address.is_reserved:
            return True
        return self.private and _is_of_a_private_network(address)

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
        return addresses


def _embedded(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The address that packets really go to, where one stands inside another."""
    if isinstance(address, IPv4Address):
        return address
    if int(address) >> 32 == _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    if int(address) >> 32 == 0 and int(address) > 1:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo or address


def _is_of_a_private_network(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv4Address) and _SHARED[0] <= address <= _SHARED[1]:
        return True
    return address.is_private and not address.is_reserved
