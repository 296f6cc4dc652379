"""How long a client may take: for a head, for the rest of a body, for an answer."""

import asyncio

from tests.server.test_draining import HELLO, answer, serve, until

__all__ = ["serve"]

MUCH = HELLO.replace(b"/ ", b"/much ", 1)


async def test_a_head_that_does_not_come_is_not_waited_for(serve):
    served = await serve(head_timeout=0.05)
    reader, writer = await served.connect()
    assert await asyncio.wait_for(reader.read(), 2) == b""
    writer.close()


async def test_a_head_that_comes_byte_by_byte_is_not_waited_for_any_longer(serve):
    served = await serve(head_timeout=0.1)
    reader, writer = await served.connect()
    writer.write(HELLO)
    await answer(reader)

    async def drip():
        for byte in b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 1000:
            writer.write(bytes([byte]))
            await asyncio.sleep(0.01)

    dripping = asyncio.create_task(drip())
    assert await asyncio.wait_for(reader.read(), 3) == b""
    dripping.cancel()
    writer.close()


async def test_a_connection_on_which_nothing_is_asked_is_kept(serve):
    served = await serve(head_timeout=0.05)
    reader, writer = await served.connect()
    writer.write(HELLO)
    await answer(reader)
    quiet = asyncio.create_task(reader.read(1))
    await asyncio.wait([quiet], timeout=0.2)
    assert not quiet.done()
    quiet.cancel()
    writer.write(HELLO)
    writer.close()


async def test_an_answer_may_take_longer_than_a_head(serve):
    served = await serve(head_timeout=0.05)
    reader, writer = await served.connect()
    writer.write(HELLO.replace(b"/ ", b"/wait ", 1))
    await served.app.asked.wait()
    asyncio.get_running_loop().call_later(0.2, served.app.go_on.set)
    assert (await answer(reader))[1] == b"done"
    writer.close()


async def test_the_rest_of_a_body_that_was_answered_is_not_waited_for_for_ever(serve):
    served = await serve(body_timeout=0.05)
    reader, writer = await served.connect()
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nsome")
    assert (await answer(reader))[1] == b"done"
    assert await asyncio.wait_for(reader.read(), 2) == b""
    writer.close()


async def test_one_that_comes_is_dropped_and_the_connection_used_on(serve):
    served = await serve(body_timeout=0.05)
    reader, writer = await served.connect()
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nsome")
    await answer(reader)
    writer.write(b"more")
    await asyncio.wait([asyncio.create_task(reader.read(0))], timeout=0.1)
    writer.write(HELLO)
    assert (await answer(reader))[1] == b"done"
    writer.close()


async def test_who_takes_nothing_of_an_answer_is_not_waited_for(serve):
    served = await serve(body_timeout=0.05)
    reader, writer = await served.connect()
    writer.transport.pause_reading()
    writer.write(MUCH)
    await served.app.asked.wait()
    served.app.go_on.set()
    await until(lambda: not served.server._connections())
    writer.transport.abort()
    assert reader is not None


async def test_who_takes_it_slowly_gets_all_of_it(serve):
    served = await serve(body_timeout=1.0)
    reader, writer = await served.connect()
    writer.write(MUCH)
    await served.app.asked.wait()
    served.app.go_on.set()
    head = await reader.readuntil(b"\r\n\r\n")
    assert b"200" in head
    got = 0
    for _ in range(10):
        got += len(await reader.readexactly(1_000_000))
        await asyncio.sleep(0.15)
    got += len(await reader.readexactly(40_000_000))
    assert got == 50_000_000
    writer.close()


class Full:
    """An anteroom in which there is no room."""

    def enter(self, begin, refuse, loop):
        refuse()


async def test_who_looks_whether_it_lives_is_answered_when_there_is_too_much_to_do(serve):
    served = await serve(anteroom=Full())
    reader, writer = await served.connect()
    for path, status in ((b"/", b"503"), (b"/healthz", b"200"), (b"/readyz", b"200")):
        writer.write(HELLO.replace(b"/ ", path + b" ", 1))
        head, _ = await answer(reader)
        assert head.split()[1] == status
    writer.close()
