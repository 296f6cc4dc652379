"""Has a server carry a batch out, and measures: the batch, and if wanted its reads one by one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from fanfold.cli.batches.timeline import Timeline
from fanfold.cli.batches.watching import Watched
from fanfold.cli.batches.written import BatchFile, Written
from fanfold.client import ASANA, AiohttpTransport, Client, ClientError, Offer, Reply, Unsupported
from fanfold.errors import SetupError

URL = "http://127.0.0.1:8480/api/1.0"

_BY_CLIENT = ("execution", "on_error")
"""Options that the client itself has to know of; others only go along."""


class Where(Struct, frozen=True):
    """The API: its ``url``, below which ``/batch`` is, and who asks. ``timeout`` is in seconds, for each request."""

    url: str
    token: str
    timeout: float = 60.0

    @property
    def path(self) -> str:
        """The path that those of actions are below."""
        return urlsplit(self.url).path


class Alone(Struct, frozen=True):
    """Reads that were sent one by one: ``seconds`` for those at ``places``, ``failed`` without an answer.

    ``left`` were not sent, since they write or need results of others.
    """

    seconds: float
    places: tuple[int, ...]
    failed: int
    left: int


class Carried(Struct, frozen=True):
    """What became of each action, in order: a reply, or why there is none."""

    outcomes: tuple[Reply | ClientError, ...]
    alone: Alone | None = None


def where(url: str, token: str, timeout: float) -> Where:
    """The API at ``url``, or at that of its batch endpoint. Raises ``SetupError`` for what cannot be one."""
    base = url.rstrip("/").removesuffix("/batch")
    try:
        parts = urlsplit(base)
        usable = parts.scheme in ("http", "https") and parts.hostname and not parts.query and not parts.fragment
        usable = usable and parts.username is None and parts.port != 0
    except ValueError:
        usable = None
    if not usable:
        raise SetupError(f"--url: {url!r} is no API's URL; expected such as {URL}.")
    if not (token.isascii() and token.isprintable()):
        raise SetupError("The token has characters that no token has.")
    return Where(base, token, timeout)


async def carry(batch: BatchFile, at: Where, timeline: Timeline, *, compare: bool = False) -> Carried:
    """Have it carried out. Raises ``SetupError`` where nothing was sent, since the server cannot do what is wanted."""
    more = {name: value for name, value in batch.options.items() if name not in _BY_CLIENT}
    transport = Watched(AiohttpTransport(), timeline, at.url, batch.actions, more)
    async with client_of(at, transport) as client:
        offer = await client.offer()
        if transport.unheard is not None:
            raise SetupError(f"{at.url} does not answer: {plainly(transport.unheard)}. Is the server running there?")
        _check(offer, more)
        timeline.limited = bool(offer.limits) or urlsplit(at.url).hostname == urlsplit(ASANA).hostname
        timeline.begin()
        try:
            outcomes = await client.batch(batch.actions, serial=batch.serial, stop=batch.stop, return_exceptions=True)
        except Unsupported as error:
            told = "" if offer.told else f" (nothing at {at.url}/batch says what it knows)"
            raise SetupError(f"{error.message}{told}. Nothing was sent.") from None
        timeline.over()
        alone = await _alone(client, batch, transport) if compare else None
    return Carried(tuple(outcomes), alone)


def client_of(at: Where, transport: Watched | AiohttpTransport | None = None) -> Client:
    """A client for it."""
    return Client(at.url, at.token or None, timeout=at.timeout, transport=transport)


def plainly(error: ClientError) -> str:
    """What went wrong, without what only those know who wrote the HTTP library."""
    return error.message.replace(" ssl:default", "").rstrip(".")


def _check(offer: Offer, more: Mapping[str, Any]) -> None:
    if more and not offer.has("references"):
        raise SetupError(f"This server does not know options of a batch, such as {next(iter(more))}. Nothing was sent.")


async def _alone(client: Client, batch: BatchFile, transport: Watched) -> Alone:
    """Send once more, one after the other, what changes nothing and needs nobody.

    Counted is the time from when a request leaves until its answer is there, without what a limit makes it wait.
    """
    timeline = transport.timeline = Timeline(batch.needs)
    seconds, failed = 0.0, 0
    places: list[int] = []
    for place, action in enumerate(batch.actions):
        if not may_go_alone(action):
            continue
        try:
            reply = await client.request(action, alone=True)
        except ClientError:
            failed += 1
            continue
        attempt = timeline.attempts[place][-1]
        if reply.status == 429 or attempt.ended is None:
            failed += 1
            continue
        seconds += attempt.ended - attempt.sent
        places.append(place)
    return Alone(seconds, tuple(places), failed, len(batch.actions) - len(places) - failed)


def may_go_alone(action: Written) -> bool:
    """Whether an action can be sent once more on its own without changing anything."""
    return action.method == "GET" and not action.depends_on and not action.for_each and "{{" not in action.path


__all__ = ["URL", "Alone", "Carried", "Where", "carry", "client_of", "may_go_alone", "plainly", "where"]
