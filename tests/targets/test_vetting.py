"""Which addresses may be called, in whatever spelling."""

import asyncio

import pytest

from fanfold.errors import ForbiddenTarget, Unreachable
from fanfold.targets.vetting import Vetting

PUBLIC = ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
OF_THIS_MACHINE = ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"]
PRIVATE = [
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "fd00::1",
    "::ffff:10.0.0.1",
    "2002:a00:1::",
    "fec0::1",
]
NEVER = [
    *("169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "fe80::1%eth0", "64:ff9b::a9fe:a9fe"),
    *("0.0.0.0", "::", "224.0.0.1", "ff02::1", "255.255.255.255", "240.0.0.1", "x", "", "127.1", "0x7f000001"),
]


def allowed(addresses, **told):
    return [address for address in addresses if Vetting(**told).allows(address)]


@pytest.mark.parametrize("told", [{}, {"loopback": True}, {"private": True}, {"loopback": True, "private": True}])
def test_public_addresses_pass_and_some_never_do(told):
    assert allowed(PUBLIC, **told) == PUBLIC
    assert allowed(NEVER, **told) == []


def test_this_machine_and_private_networks_have_to_be_allowed():
    assert allowed(OF_THIS_MACHINE) == allowed(PRIVATE) == []
    assert allowed(OF_THIS_MACHINE, loopback=True) == OF_THIS_MACHINE
    assert allowed(PRIVATE, loopback=True) == []
    assert allowed(PRIVATE, private=True) == PRIVATE
    assert allowed(OF_THIS_MACHINE, private=True) == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "017700000001", "::1"])
async def test_a_host_is_what_it_resolves_to(host):
    with pytest.raises(ForbiddenTarget, match="Not a host that may be called"):
        await Vetting(private=True).resolve(host, 80)


async def test_one_forbidden_address_is_enough(monkeypatch):
    async def resolve(*_, **__):
        return [(2, 1, 6, "", (address, 80)) for address in ("8.8.8.8", "10.0.0.1")]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    with pytest.raises(ForbiddenTarget):
        await Vetting().resolve("both.test", 80)
    assert await Vetting(private=True).resolve("both.test", 80) == ["8.8.8.8", "10.0.0.1"]


@pytest.mark.parametrize("host", ["no.such.host.invalid", "x" * 300, "a..b"])
async def test_a_name_that_stands_for_nothing_is_unreachable(host):
    with pytest.raises(Unreachable) as raised:
        await Vetting().resolve(host, 80)
    assert not isinstance(raised.value, ForbiddenTarget)
