"""A target for tests and trials: it answers with what it was asked, or misbehaves where the path tells it to."""

from __future__ import annotations

import asyncio

import msgspec
from msgspec import Struct

from fanfold.errors import NoSuchRoute, RequestError
from fanfold.model import Answer, Call

METHODS = frozenset({"GET", "POST", "PUT", "DELETE"})

_encode = msgspec.json.Encoder().encode


class EchoEndpoint(Struct, frozen=True):
    """What planning sees of an echo: reads and writes differ, the rest is alike."""

    write: bool = False
    batchable: bool = True
    inline: bool = False
    costs: tuple[str, ...] = ()


class EchoTarget:
    """Answers every path with the call itself as JSON, except for paths that begin with one of these words.

    ``/wait/<milliseconds>`` answers later, ``/fail/<status>`` is refused, ``/crash`` raises an unexpected exception,
    ``/search`` costs a unit of ``searches``, ``/alone`` may not be called inside a batch, ``/nowhere`` does not exist.

    With ``inline`` everything but ``/wait`` is answered without waiting. ``calls`` are those received so far and
    ``commits`` how often writes were made durable.
    """

    def __init__(self, *, inline: bool = False) -> None:
        self.inline = inline
        self.calls: list[Call] = []
        self.commits = 0

    def resolve(self, method: str, path: str) -> tuple[EchoEndpoint, tuple[str, ...]]:
        """Every path exists for GET, POST, PUT and DELETE; its segments are its parameters."""
        word, *params = path.strip("/").split("/")
        if method not in METHODS or word == "nowhere":
            raise NoSuchRoute
        endpoint = EchoEndpoint(
            write=method != "GET",
            batchable=word != "alone",
            inline=self.inline and word != "wait",
            costs=("searches",) if word == "search" else (),
        )
        return endpoint, (word, *params)

    async def send(self, call: Call) -> Answer:
        """Answer, after the wait that the path asks for."""
        if call.params[0] == "wait":
            await asyncio.sleep(int(call.params[1]) / 1000)
        return self.answer(call)

    def answer(self, call: Call) -> Answer:
        """Answer at once."""
        self.calls.append(call)
        match call.params:
            case ("crash", *_):
                message = "asked to crash"
                raise RuntimeError(message)
            case ("fail", status):
                raise RequestError("Asked to fail", status=int(status))
        echo = {
            "method": call.method,
            "path": call.path,
            "query": call.query,
            "body": call.body,
            "user": call.caller.user,
        }
        return Answer(201 if call.method == "POST" else 200, _encode({"data": echo}), trusted=True)

    def commit(self) -> None:
        """Count."""
        self.commits += 1
