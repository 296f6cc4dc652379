"""Where calls come in: each is written down, given its cost and its place in the queue, and waits for its answer.

Before anything is sent the server is asked once what it offers; what is asked meanwhile waits, and then travels
together.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping

import msgspec
from msgspec import Struct

from fanfold.client.batching import Batcher, Handle, Unit
from fanfold.client.calls import Call
from fanfold.client.errors import BadAnswer, ClientClosed, ClientError, TransportError, Unsupported
from fanfold.client.grouping import groups_of, packed
from fanfold.client.limits import Limit, costs_of
from fanfold.client.offers import PLAIN, Offer, read_offer
from fanfold.client.pacing import Costs, Pacer
from fanfold.client.replies import JSON, Collected, Reply
from fanfold.client.request import Request
from fanfold.client.retrying import Retries
from fanfold.client.sending import Sending, Way
from fanfold.client.transport import Transport, Wire

_ASK_WITHIN = 10.0
"""Seconds that the server is given to say what it offers."""

_ASK_AGAIN = 60.0
"""Seconds after which it is asked again where it could not say."""

_ENVELOPE = 64
"""Bytes of a batch around its actions, and of an action around its line."""

_COSTS: dict[tuple[str, ...], Costs] = {}

_encode = msgspec.json.Encoder().encode


class Manner(Struct, frozen=True, kw_only=True):
    """How calls are put together and made again; see ``Client``. ``limits`` are None where the server is to tell."""

    window: float = 0.0
    max_items: int | None = None
    max_bytes: int | None = None
    max_batches: int = 10
    limits: tuple[Limit, ...] | None = None
    discover: bool = True
    auto_keys: bool = True
    retries: Retries = Retries()


class Intake:
    """Takes calls for the API that ``way`` leads to over ``transport``."""

    def __init__(self, transport: Transport, way: Way, manner: Manner) -> None:
        self._transport = transport
        self._way = way
        self._manner = manner
        self._pacer = Pacer(manner.limits or (), _loop_time)
        self._sending = Sending(transport, way, self._pacer, manner.retries)
        self._batcher = self._sending.batcher = Batcher(
            self._sending.send,
            self._pacer,
            _later,
            window=manner.window,
            max_items=manner.max_items or PLAIN.max_actions,
            max_bytes=manner.max_bytes or PLAIN.max_body,
            max_batches=manner.max_batches,
        )
        self._asking: asyncio.Task[None] | None = None
        self._ask_after = 0.0
        self._number = 0
        self._shared: dict[bytes, Call] = {}
        self._closed = False

    def add(self, request: Request, *, alone: bool = False, priority: int = 0, coalesce: bool = False) -> Call:
        """Queue one. ``coalesce``: it shares the answer of an identical read that is under way."""
        if coalesce and request.method == "GET":
            return self._add_shared(request, alone=alone, priority=priority)
        call = self._make(request, alone=alone)
        self._queue([call], priority)
        return call

    async def add_all(self, requests: list[Request], *, serial: bool, stop: bool, priority: int) -> list[Call]:
        """Queue many: as one what hangs together, or all if an order is asked for. Raises ``Unsupported``."""
        options = {"execution": "serial"} if serial else {}
        options |= {"on_error": "stop"} if stop else {}
        whole = bool(options)
        if whole or any(request.wired for request in requests):
            await self._must_know(requests, serial=serial, whole=whole)
        calls = [self._make(request) for request in requests]
        lines = [call.line for call in calls]
        groups = [list(range(len(calls)))] if whole and calls else groups_of(requests, lines)
        for group in groups:
            if len(group) > self._batcher.max_items:
                raise Unsupported(f"{len(group)} actions that hang together do not fit into one batch")
            if len(group) > 1 and any(calls[place].alone for place in group):
                raise Unsupported("An action that no batch may hold cannot hang together with others")
        for group in packed(groups, self._batcher.max_items):
            self._queue([calls[place] for place in group], priority, options=_encode(options) if whole else b"")
        return calls

    async def offer(self) -> Offer:
        """What the server offers, asked once."""
        if self._manner.discover:
            await asyncio.shield(self._asked())
        return self._sending.offer

    async def exchange(
        self, method: str, url: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """What the server answers to what is neither a call nor a batch; it is asked again where no answer comes."""
        if self._closed:
            raise ClientClosed
        way, tried = self._way, 0
        bodied = {} if body is None else {"Content-Type": JSON}
        wire = Wire(method, url, {**way.headers, "Accept": JSON, **bodied, **(headers or {})}, body, way.timeout)
        while True:
            answer = Collected(way.most)
            try:
                await self._transport.send(wire, answer)
                return answer.reply()
            except TransportError:
                tried += 1
                if tried >= self._manner.retries.attempts:
                    raise
                await asyncio.sleep(self._manner.retries.pause(tried, 1.0))

    @property
    def room(self) -> tuple[int, int]:
        """How many actions, and bytes of them, a batch has room for."""
        return self._batcher.max_items, self._batcher.max_bytes

    async def close(self) -> None:
        """End everything: calls that still wait fail, and no task is left."""
        self._closed = True
        for unit in self._batcher.close():
            for call in unit.calls:
                call.fail(ClientClosed())
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
        await self._sending.close()
        await self._transport.close()

    # -- inside ------------------------------------------------------------------------------------------------------

    def _make(self, request: Request, *, alone: bool = False) -> Call:
        if self._closed:
            raise ClientClosed(action=request)
        loop = asyncio.get_running_loop()
        apart = alone or self._sending.refusals.holds(request)
        call = Call(request, b"" if apart else request.in_batch(), loop.create_future(), alone=apart)
        if not call.safe:
            if self._manner.auto_keys and not call.key:
                call.key = secrets.token_hex(16)
            call.future.add_done_callback(self._forget)
        self._sending.budget.earn()
        return call

    def _add_shared(self, request: Request, *, alone: bool, priority: int) -> Call:
        """A call of its own that is answered with what another gets who asks the same now."""
        line = request.in_batch() + b"alone" * alone
        first = self._shared.get(line)
        if first is None or first.future.done():
            first = self._shared[line] = self._make(request, alone=alone)
            first.future.add_done_callback(lambda _: self._shared.pop(line, None))
            self._queue([first], priority)
        loop = asyncio.get_running_loop()
        mine = Call(request, b"", loop.create_future(), alone=alone)
        first.future.add_done_callback(lambda _: _pass_on(first, mine))
        return mine

    def _forget(self, _: object) -> None:
        """After a write, no read shares what was asked before it."""
        self._shared.clear()

    def _queue(self, calls: list[Call], priority: int, *, options: bytes = b"") -> None:
        self._number += 1
        if len(calls) == 1:
            request = calls[0].request
            names = costs_of(request.method, request.path)
            costs = _COSTS.get(names) or _COSTS.setdefault(names, tuple([(name, 1) for name in names]))
        else:
            counts: dict[str, int] = {}
            for call in calls:
                for name in costs_of(call.request.method, call.request.path):
                    counts[name] = counts.get(name, 0) + 1
            costs = tuple(counts.items())
        apart = bool(options) or calls[0].alone or calls[0].request.wired or len(calls) > 1
        size = sum([len(call.line) + _ENVELOPE for call in calls])
        unit = Unit(list(calls), costs, (-priority, self._number), size, apart=apart, options=options)
        if self._asking is None and self._manner.discover and _loop_time() >= self._ask_after:
            self._asked()
        self._batcher.add(unit)

    async def _must_know(self, requests: list[Request], *, serial: bool, whole: bool) -> None:
        """Raise ``Unsupported`` unless the server knows what these need."""
        offer = await self.offer()
        wired = any(request.wired for request in requests)
        if (whole or wired) and not (offer.has("references") and (not serial or offer.has("serial"))):
            raise Unsupported("This server does not know actions that hang together, nor an order of them")

    def _asked(self) -> asyncio.Task[None]:
        if self._asking is None:
            self._batcher.held = True
            self._asking = asyncio.get_running_loop().create_task(self._ask())
        return self._asking

    async def _describe(self) -> Collected:
        """The answer to ``OPTIONS``; asked again where there is none."""
        way, tried = self._way, 0
        wire = Wire(
            "OPTIONS", f"{way.base}/batch", {**way.headers, "Accept": JSON}, None, min(way.timeout, _ASK_WITHIN)
        )
        while True:
            answer = Collected(1 << 20)
            try:
                await self._transport.send(wire, answer)
            except TransportError:
                tried += 1
                if tried >= self._manner.retries.attempts:
                    raise
                await asyncio.sleep(self._manner.retries.pause(tried, 1.0))
            else:
                return answer

    async def _ask(self) -> None:
        """Find out what the server offers, and let go what waits for that. What fails here will tell why there."""
        answer = Collected(1 << 20)
        try:
            async with asyncio.timeout(_ASK_WITHIN):
                answer = await self._describe()
        except (TimeoutError, TransportError, BadAnswer):
            answer.status = 503
        if answer.status == 429 or answer.status >= 500:
            self._asking = None
            self._ask_after = _loop_time() + _ASK_AGAIN
        offer = read_offer(answer.decoded()) if answer.status == 200 else PLAIN
        self._sending.offer = offer
        batcher = self._batcher
        batcher.max_items = min(self._manner.max_items or offer.max_actions, offer.max_actions)
        batcher.max_bytes = min(self._manner.max_bytes or offer.max_body, offer.max_body) - _ENVELOPE
        if self._manner.limits is None:
            self._pacer.learn(offer.limits)
        batcher.release()


def _pass_on(first: Call, mine: Call) -> None:
    if first.future.cancelled():
        mine.fail(ClientClosed())
        return
    mine.batch = first.batch
    error = first.future.exception()
    if isinstance(error, ClientError):
        mine.fail(error)
    else:
        mine.answer(first.future.result())


def _later(seconds: float, do: Callable[[], None]) -> Handle:
    loop = asyncio.get_running_loop()
    return loop.call_later(seconds, do) if seconds else loop.call_soon(do)


def _loop_time() -> float:
    return asyncio.get_running_loop().time()


__all__ = ["Intake", "Manner"]
