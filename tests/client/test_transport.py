"""The way over real sockets, with servers that do what servers should not."""

import asyncio
import builtins
import subprocess
import sys

import pytest

from fanfold.client import BadAnswer, Client, ClientError, Retries, TransportError

ONCE = Retries(attempts=1)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


async def gathered(answer, **settings):
    """What two calls get from a server that answers every request with these bytes."""
    asked = []

    async def serve(reader, writer):
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(
                    (line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b":0"
                )
                asked.append((head, await reader.readexactly(int(length.partition(b":")[2]))))
                writer.write(answer)
                if b"Content-Length" not in answer or b"Connection: close" in answer:
                    break
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        async with Client(f"http://127.0.0.1:{port}/api", "secret", discover=False, retries=ONCE, **settings) as client:
            found = await asyncio.gather(client.get("/a"), client.get("/b"), return_exceptions=True)
    finally:
        server.close()
        await server.wait_closed()
    return found, asked


def whole(body, head=HEAD):
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


async def test_a_batch_goes_out_as_asana_has_it():
    body = b'{"data":[{"status_code":200,"body":{"data":1}},{"status_code":200,"body":{"data":2}}]}'
    found, asked = await gathered(whole(body))
    assert found == [1, 2]
    ((head, sent),) = asked
    assert head.startswith(b"POST /api/batch HTTP/1.1\r\n")
    assert b"Authorization: Bearer secret" in head
    assert sent == b'{"data":{"actions":[{"method":"get","relative_path":"/a"},{"method":"get","relative_path":"/b"}]}}'


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (whole(b"<html>hello</html>", b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"), BadAnswer, "text/html"),
        (whole(b'{"data":[{"status_co'), BadAnswer, "broken JSON"),
        (HEAD + b"Content-Length: 500\r\nConnection: close\r\n\r\n" + b'{"data":[', TransportError, "connection broke"),
        (b"", TransportError, "connection broke"),
        (b"SSH-2.0-OpenSSH\r\n", TransportError, "connection broke"),
        (whole(b"{}", b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"), BadAnswer, "no batch endpoint"),
        (whole(b"<html>", b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\n"), ClientError, "502 Server Error"),
    ],
    ids=["HTML", "broken JSON", "truncated", "nothing", "no HTTP", "elsewhere", "a proxy"],
)
async def test_what_is_no_answer_is_one_clear_error(answer, kind, said):
    found, asked = await gathered(answer)
    assert [isinstance(one, kind) for one in found] == [True, True]
    assert said in str(found[0])
    assert str(found[0]).startswith("GET /a: ")
    assert len(asked) == 1


async def test_a_server_that_says_nothing_is_not_waited_for_for_ever():
    async def silent(reader, writer):
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with Client(url, discover=False, retries=ONCE, timeout=0.05) as client:
        with pytest.raises(TransportError, match=r"No answer within 0\.05 seconds"):
            await client.get("/a")
    server.close()
    await server.wait_closed()


async def test_where_nobody_listens_nothing_was_sent():
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    async with Client(f"http://127.0.0.1:{port}", retries=Retries(attempts=2, base=0.01)) as client:
        with pytest.raises(TransportError) as caught:
            await client.post("/a")
    assert not caught.value.sent


async def test_what_is_missing_is_said(monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **more):
        if name == "aiohttp":
            raise ImportError
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    async with Client("http://127.0.0.1:1", discover=False) as client:
        with pytest.raises(TransportError, match=r"pip install 'fanfold\[client\]'"):
            await client.get("/a")


def test_the_client_is_at_the_public_door_and_imports_nothing_heavy():
    code = "import sys; from fanfold import Client; print(sorted({'aiohttp', 'yarl', 'httpx'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
