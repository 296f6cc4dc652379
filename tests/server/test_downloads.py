"""Files are sent piece by piece, and no longer than they are wanted."""

import asyncio
import io
import logging

import pytest

from fanfold.server.downloads import PIECE, Download, send_download

CONTENT = bytes(range(256)) * (PIECE // 128) + b"the end"
SIZE = len(CONTENT)


def download(content=CONTENT, size=SIZE):
    return Download(200, b"", (("content-type", "application/octet-stream"),), file=io.BytesIO(content), size=size)


@pytest.fixture
def client():
    return Client()


class Client:
    """Takes what is sent; leaves after so many messages, if told to."""

    def __init__(self):
        self.got = []
        self.leaves_after = None
        self.has_left = asyncio.Event()

    async def send(self, message):
        self.got.append(message)
        if len(self.got) == self.leaves_after:
            self.has_left.set()
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    async def receive(self):
        await self.has_left.wait()
        return {"type": "http.disconnect"}

    async def fetch(self, answer, *, head=False):
        await send_download(self.send, self.receive, answer, "r-1", head=head)
        return dict(self.got[0]["headers"])

    @property
    def bodies(self):
        return [message["body"] for message in self.got[1:]]


async def test_a_file_is_sent_whole_in_pieces_of_bounded_size(client):
    answer = download()
    headers = await client.fetch(answer)
    assert headers[b"content-length"] == b"%d" % len(CONTENT)
    assert headers[b"content-type"] == b"application/octet-stream"
    assert b"".join(client.bodies) == CONTENT
    assert max(map(len, client.bodies)) == PIECE
    assert [message.get("more_body", False) for message in client.got[1:]] == [True] * 3 + [False]
    assert answer.file.closed


async def test_head_tells_the_length_and_sends_nothing(client):
    answer = download()
    headers = await client.fetch(answer, head=True)
    assert headers[b"content-length"] == b"%d" % len(CONTENT)
    assert client.bodies == [b""]
    assert answer.file.closed


async def test_an_empty_file_is_an_empty_body(client):
    headers = await client.fetch(download(b"", 0))
    assert headers[b"content-length"] == b"0"
    assert client.bodies == [b""]


async def test_nothing_more_is_read_for_a_client_that_has_left(client):
    client.leaves_after = 2
    answer = download()
    await client.fetch(answer)
    assert [len(body) for body in client.bodies] == [PIECE, 0]
    assert answer.file.closed


async def test_an_answer_is_left_unfinished_where_the_file_has_become_shorter(client, caplog):
    with caplog.at_level(logging.ERROR, "fanfold"):
        await client.fetch(download(CONTENT[:100]))
    assert client.bodies == [CONTENT[:100]]
    assert client.got[-1]["more_body"] is True
    assert "became shorter" in caplog.text
