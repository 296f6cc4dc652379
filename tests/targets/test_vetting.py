"""Which addresses may be called, in whatever spelling."""

import asyncio

import pytest

from fanfold.errors import ForbiddenTarget, Unreachable
from fanfold.targets.vetting import OwnAddress, Vetting

PUBLIC = [
    *("8.8.8.8", "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.0.1", "172.32.0.1"),
    *("191.255.0.1", "192.0.1.0", "192.88.98.1", "192.88.100.1", "198.17.255.255", "198.20.0.0", "223.255.255.255"),
    *("2606:4700::1111", "2001:200::1", "2001:4860:4860::8888", "3ffe::1", "3fff:1000::1", "::ffff:8.8.8.8"),
    *("64:ff9b::808:808", "2002:808:808::"),
]
OF_THIS_MACHINE = ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"]
PRIVATE = [
    *("10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fd00::1", "::ffff:10.0.0.1", "2002:a00:1::", "fec0::1"),
    *("192.0.2.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"),
    "3fff:fff:ffff::1",
]
NEVER = [
    *("169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "fe80::1%eth0", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::"),
    *("0.0.0.0", "0.1.2.3", "::", "224.0.0.1", "239.1.1.1", "ff02::1", "255.255.255.255", "240.0.0.1"),
    *("192.0.0.1", "192.0.0.8", "192.0.0.9", "192.0.0.170", "192.88.99.1", "::ffff:192.0.0.8", "::192.88.99.1"),
    *("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254"),
    *("2001::1", "2001:0:4136:e378:8000:63bf:f5f5:f5f5", "2001:2::1", "2001:10::1", "2001:20::1", "2001:1ff::1"),
    *("64:ff9b:1::a9fe:a9fe", "64:ff9b:1::808:808", "100::1", "100:0:0:1::1", "5f00::1", "4000::1", "::ffff:0:808:808"),
    *("1fff::1", "x", "", "127.1", "0x7f000001", "0177.0.0.1", "8.8.8.8/32", " 8.8.8.8", "\uff11.1.1.1"),
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


def test_where_the_server_listens_is_never_called():
    everything = {"loopback": True, "private": True}
    vetting = Vetting(**everything)
    assert vetting.admits("127.0.0.1", 80)
    vetting.at_home("127.0.0.1", 80)
    assert [vetting.admits(address, 80) for address in ("127.0.0.1", "::ffff:127.0.0.1", "64:ff9b::7f00:1")] == [
        False
    ] * 3
    assert vetting.admits("127.0.0.1", 81)
    assert vetting.admits("127.0.0.2", 80)
    assert vetting.admits("8.8.8.8", 80)


@pytest.mark.parametrize("everywhere", ["0.0.0.0", "::"])
def test_a_server_that_listens_everywhere_is_at_each_address_of_the_machine(everywhere):
    vetting = Vetting(loopback=True, private=True)
    vetting.at_home(everywhere, 80)
    assert not vetting.admits("127.0.0.1", 80)
    assert vetting.admits("192.0.2.77", 80)
    assert vetting.admits("127.0.0.1", 81)


async def test_a_name_of_the_server_itself_is_refused_as_such():
    vetting = Vetting(loopback=True)
    vetting.at_home("127.0.0.1", 80)
    with pytest.raises(OwnAddress):
        await vetting.resolve("localhost", 80)
    assert await vetting.resolve("127.0.0.1", 81) == ["127.0.0.1"]


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
