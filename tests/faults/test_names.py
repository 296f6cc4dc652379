"""Names stand for what the table says, each look-up for the next, and whoever is not in it is asked for as always."""

import asyncio
import socket

import pytest

from faults.names import Name, Names, place_names


@pytest.fixture
def names(tmp_path, monkeypatch):
    for loop in (asyncio.BaseEventLoop, pytest.importorskip("uvloop").Loop):
        monkeypatch.setattr(loop, "getaddrinfo", loop.getaddrinfo)
    made = Names(tmp_path / "names.json")
    place_names(made.path)
    return made


async def look_up(name):
    found = await asyncio.get_running_loop().getaddrinfo(name, 80, type=socket.SOCK_STREAM)
    return [place[-1][0] for place in found]


async def test_each_look_up_finds_the_next_address(names):
    names.write(turning_test=Name(addresses=("127.0.0.1", "10.0.0.1")))
    assert [await look_up("turning.test") for _ in range(3)] == [["127.0.0.1"], ["10.0.0.1"], ["127.0.0.1"]]
    assert names.asked("turning.test") == 3


async def test_a_name_can_be_of_nobody(names):
    names.write(unknown_test=Name())
    with pytest.raises(socket.gaierror):
        await look_up("unknown.test")


async def test_a_slow_name_takes_its_time(names):
    names.write(slow_test=Name(addresses=("127.0.0.1",), delay=3600.0))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(look_up("slow.test"), 0.02)


async def test_what_is_not_in_the_table_is_found_as_always(names):
    names.write()
    assert await look_up("127.0.0.1") == ["127.0.0.1"]
