"""The chaos proxy does what its rules say, to whom they are for, and nothing else."""

import asyncio
import random
from contextlib import asynccontextmanager

import pytest

from faults.proxy import ChaosProxy, Rule

SAID = bytes(range(256)) * 100


@asynccontextmanager
async def echo():
    async def talk(reader, writer):
        try:
            while piece := await reader.read(1000):
                writer.write(piece)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def between(seed=1):
    async with echo() as port, ChaosProxy(port, dice=random.Random(seed)) as proxy:
        yield proxy


async def said(proxy, sent=SAID, wanted=None):
    """What comes back until there is enough or the connection ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    found = b""
    try:
        writer.write(sent)
        while len(found) < (len(sent) if wanted is None else wanted) and (piece := await reader.read(65536)):
            found += piece
        return found
    finally:
        writer.close()


async def test_without_rules_everything_passes_as_it_is():
    async with between() as proxy:
        assert await said(proxy) == SAID
        assert proxy.events == []


async def test_a_cut_lets_so_many_bytes_through_and_closes():
    async with between() as proxy:
        proxy.rule(down=Rule(cut_after=777))
        assert await said(proxy) == SAID[:777]
        assert proxy.counted() == {"down cut": 1}


async def test_a_reset_is_seen_as_one():
    async with between() as proxy:
        proxy.rule(up=Rule(reset_after=10))
        with pytest.raises(ConnectionResetError):
            await said(proxy)


async def test_garbled_bytes_are_changed_and_the_same_again_with_the_same_seed():
    found = []
    for _ in range(2):
        async with between(seed=7) as proxy:
            proxy.rule(up=Rule(garble=1.0))
            found.append(await said(proxy, b"x" * 100))
    assert found[0] != b"x" * 100
    assert len(found[0]) == 100
    assert found[0] == found[1]


async def test_what_is_doubled_comes_twice():
    async with between() as proxy:
        proxy.rule(up=Rule(double=1.0))
        assert await said(proxy, b"once ", wanted=10) == b"once once "


async def test_what_is_lost_never_comes():
    async with between() as proxy:
        proxy.rule(up=Rule(lose=True))
        lost = asyncio.create_task(said(proxy))
        while "up lost" not in proxy.counted():  # noqa: ASYNC110
            await asyncio.sleep(0)
        proxy.reset_all()
        with pytest.raises(ConnectionResetError):
            await lost


async def test_a_stall_ends_with_the_rule_and_loses_nothing():
    async with between() as proxy:
        proxy.rule(down=Rule(stall=True))
        waiting = asyncio.create_task(said(proxy))
        while "down stalled" not in proxy.counted():  # noqa: ASYNC110
            await asyncio.sleep(0)
        assert not waiting.done()
        proxy.rule()
        assert await waiting == SAID


async def test_it_refuses_and_listens_again_on_the_same_port():
    async with between() as proxy:
        await proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            await said(proxy)
        await proxy.listen()
        assert await said(proxy) == SAID


async def test_a_connection_that_has_lost_something_passes_nothing_on_any_more():
    async with between() as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        proxy.rule(up=Rule(lose=True))
        writer.write(b"lost")
        while "up lost" not in proxy.counted():  # noqa: ASYNC110
            await asyncio.sleep(0)
        proxy.rule()
        writer.write(b"what comes behind")
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()
        assert await said(proxy) == SAID


async def test_noise_comes_between_and_leaves_the_rest_as_it_is():
    async with between(seed=7) as proxy:
        proxy.rule(up=Rule(noise=1.0))
        found = await said(proxy, b"x" * 100, wanted=101)
        assert found.endswith(b"x" * 100)
        assert len(found) > 100
        assert proxy.counted() == {"up disturbed": 1}


async def test_what_drips_comes_at_once_when_it_need_not_drip_any_more():
    async with between() as proxy:
        proxy.rule(down=Rule(rate=100.0))
        waiting = asyncio.create_task(said(proxy))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        proxy.rule()
        async with asyncio.timeout(10):  # at 100 bytes a second it would have taken four minutes
            assert await waiting == SAID
