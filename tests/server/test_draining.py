"""Stopping, seen from the other end of real connections: what was asked is answered, whatever is under way."""

import asyncio
import socket
from functools import partial
from types import SimpleNamespace

import pytest
import uvicorn

from fanfold.server.draining import DrainingServer
from fanfold.server.protocol import BoundedProtocol

HELLO = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class App:
    """Answers at once, or when the test says so (``/wait``); ``/much`` is more than anybody takes in at once."""

    def __init__(self):
        self.asked = asyncio.Event()
        self.go_on = asyncio.Event()
        self.ended = False

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            for word in ("startup", "shutdown"):
                await receive()
                self.ended = word == "shutdown"
                await send({"type": f"lifespan.{word}.complete"})
            return
        path = scope["path"]
        if path == "/stream":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        if path not in ("/", "/healthz", "/readyz"):
            self.asked.set()
            await self.go_on.wait()
        body = b"x" * 50_000_000 if path == "/much" else b"done"
        if path != "/stream":
            length = str(len(body)).encode()
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
        await send({"type": "http.response.body", "body": body})


class Served:
    """A server in this event loop that can be told to stop."""

    def __init__(self, grace=5.0, anteroom=None, **patience):
        told = {"head_timeout": 5.0, "body_timeout": 5.0, "drain_delay": 0.0, "drain_timeout": 5.0} | patience
        self.app = App()
        self.left = asyncio.Event()
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        protocol = partial(
            BoundedProtocol, anteroom=anteroom, head_timeout=told["head_timeout"], patience=told["body_timeout"]
        )
        config = uvicorn.Config(self.app, http=protocol, ws="none", lifespan="on", log_level="critical")
        self.server = DrainingServer(
            config, SimpleNamespace(**told), listener, leaving=self.left.set, grace=grace, alone=False
        )
        self.up = asyncio.Event()
        listen = self.server.listen

        async def listening():
            await listen()
            self.up.set()

        self.server.listen = listening
        self.task = asyncio.create_task(self.server.serve())

    def connect(self):
        return asyncio.open_connection("127.0.0.1", self.port)

    async def stopping(self):
        """Told to stop, and it has begun to."""
        self.server.should_exit = True
        await self.left.wait()

    async def gone(self):
        self.server.should_exit = True
        await self.task


@pytest.fixture
async def serve():
    made = []

    async def begin(**more):
        made.append(Served(**more))
        await made[-1].up.wait()
        return made[-1]

    yield begin
    for served in made:
        served.app.go_on.set()
        await served.gone()
        assert served.app.ended


async def until(found, rounds=10_000):
    """Let others have their turns until it is so."""
    for _ in range(rounds):
        if found():
            return
        await asyncio.sleep(0.001)
    raise AssertionError


async def answer(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return head.lower(), await reader.readexactly(length)


async def test_a_request_in_flight_is_answered_and_told_that_the_connection_ends(serve):
    served = await serve()
    reader, writer = await served.connect()
    writer.write(HELLO.replace(b"/ ", b"/wait ", 1))
    await served.app.asked.wait()
    await served.stopping()
    served.app.go_on.set()
    head, body = await answer(reader)
    assert body == b"done"
    assert b"\r\nconnection: close\r\n" in head
    assert await reader.read() == b""
    writer.close()
    await asyncio.wait_for(served.gone(), 2)


async def test_a_request_on_an_idle_connection_is_answered_during_the_grace(serve):
    served = await serve()
    reader, writer = await served.connect()
    writer.write(HELLO)
    head, _ = await answer(reader)
    assert b"connection: close" not in head
    await served.stopping()
    writer.write(HELLO)
    head, body = await answer(reader)
    assert body == b"done"
    assert b"\r\nconnection: close\r\n" in head
    assert await reader.read() == b""
    writer.close()


async def test_a_first_request_on_a_connection_without_any_is_answered_too(serve):
    served = await serve()
    reader, writer = await served.connect()
    await served.stopping()
    writer.write(HELLO)
    head, _ = await answer(reader)
    assert b"\r\nconnection: close\r\n" in head
    writer.close()


async def test_an_idle_connection_is_closed_after_the_grace(serve):
    served = await serve(grace=0.05)
    reader, writer = await served.connect()
    writer.write(HELLO)
    await answer(reader)
    await asyncio.wait_for(served.gone(), 3)
    assert await reader.read() == b""
    writer.close()


async def test_an_answer_that_has_begun_goes_on_to_its_end(serve):
    served = await serve(grace=0.0)
    reader, writer = await served.connect()
    writer.write(HELLO.replace(b"/ ", b"/stream ", 1))
    await reader.readuntil(b"begun")
    await served.stopping()
    served.app.go_on.set()
    assert (await reader.read()).endswith(b"done\r\n0\r\n\r\n")
    writer.close()


async def test_requests_that_were_sent_without_waiting_are_all_answered(serve):
    served = await serve()
    reader, writer = await served.connect()
    writer.write(HELLO.replace(b"/ ", b"/wait ", 1) + HELLO + HELLO)
    await served.app.asked.wait()
    await served.stopping()
    served.app.go_on.set()
    heads = [(await answer(reader))[0] for _ in range(3)]
    assert not any(b"connection: close" in head for head in heads)
    writer.write(HELLO)
    head, _ = await answer(reader)
    assert b"\r\nconnection: close\r\n" in head
    writer.close()


async def test_half_a_request_is_waited_for(serve):
    served = await serve(grace=0.0)
    reader, writer = await served.connect()
    writer.write(HELLO[:20])
    await until(lambda: any(connection._head > 1 for connection in served.server._connections()))
    await served.stopping()
    writer.write(HELLO[20:])
    _, body = await answer(reader)
    assert body == b"done"
    writer.close()


async def test_until_the_delay_is_over_new_connections_are_let_in_and_answered(serve):
    served = await serve(drain_delay=1.0)
    await served.stopping()
    reader, writer = await served.connect()
    writer.write(HELLO)
    head, body = await answer(reader)
    assert body == b"done"
    assert b"\r\nconnection: close\r\n" in head
    writer.close()


async def test_after_that_nobody_is_let_in(serve):
    served = await serve()
    _, writer = await served.connect()
    writer.write(HELLO.replace(b"/ ", b"/wait ", 1))
    await served.app.asked.wait()
    await served.stopping()
    await until(lambda: not served.server._accepting)
    with pytest.raises(OSError, match="Connect"):
        await served.connect()
    writer.close()


async def test_one_that_is_replaced_stays_ready_for_who_looks(serve):
    served = await serve(drain_delay=5.0)
    served.server.retire()
    await asyncio.wait_for(served.task, 3)
    assert not served.left.is_set()


async def test_what_is_not_done_in_time_is_broken_off(serve, caplog):
    served = await serve(drain_timeout=0.1)
    reader, writer = await served.connect()
    writer.write(HELLO.replace(b"/ ", b"/wait ", 1))
    await served.app.asked.wait()
    await asyncio.wait_for(served.gone(), 3)
    assert b"500" in await reader.read()
    assert "1 requests were not done within drain_timeout" in caplog.text
    writer.close()


async def test_who_does_not_take_the_answer_holds_the_server_up_no_longer_than_it_may(serve):
    served = await serve(drain_timeout=0.2)
    _, writer = await served.connect()
    writer.write(HELLO.replace(b"/ ", b"/much ", 1))
    await served.app.asked.wait()
    served.app.go_on.set()
    await asyncio.wait_for(served.gone(), 3)
    writer.close()


async def test_a_further_socket_is_served_and_left_alone_again(serve):
    served = await serve()
    other = socket.create_server(("127.0.0.1", 0))
    await served.server.accept_from(other)
    reader, writer = await asyncio.open_connection(*other.getsockname())
    writer.write(HELLO)
    assert (await answer(reader))[1] == b"done"
    served.server.accept_no_more(other)
    await served.server.accept_from(other)
    writer.write(HELLO)
    assert (await answer(reader))[1] == b"done"
    served.server.accept_no_more(other)
    writer.close()
    waiting = socket.create_connection(other.getsockname())  # which the kernel lets in, and nobody serves
    waiting.close()
    other.close()
