"""The client: calls that are awaited together travel together, and each is answered as if it had gone alone."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, Self, overload
from urllib.parse import urlsplit

import msgspec

from fanfold.client.batching import Batcher, Handle, Unit
from fanfold.client.calls import Call
from fanfold.client.errors import BadAnswer, CallTimeout, ClientClosed, ClientError, TransportError, Unsupported
from fanfold.client.grouping import groups_of
from fanfold.client.limits import Limit, chosen, costs_of
from fanfold.client.offers import PLAIN, Offer, read_offer
from fanfold.client.pacing import Costs, Pacer
from fanfold.client.replies import JSON, Collected, Reply
from fanfold.client.request import File, Request, make
from fanfold.client.retrying import Retries
from fanfold.client.sending import Sending, Way
from fanfold.client.transport import AiohttpTransport, Transport, Wire
from fanfold.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

ASANA = "https://app.asana.com/api/1.0"

_ASK_WITHIN = 10.0
"""Seconds that the server is given to say what it offers."""

_ENVELOPE = 64
"""Bytes of a batch around its actions."""

_COSTS: dict[tuple[str, ...], Costs] = {}

_encode = msgspec.json.Encoder().encode


class Client:
    """Talks to a batch API at ``base_url``, such as ``http://127.0.0.1:8480/api/1.0``; used as ``async with``.

    ``window``: seconds that a call waits for others, 0 for one tick of the event loop. ``max_items``: actions in a
    batch, at most what the server takes. ``max_bytes`` of its body. ``max_batches`` requests are under way at once.
    ``limits`` is a profile (``asana-free``, ``asana-paid``, ``off``) or limits of one's own; without it they are what
    the server says. ``discover``: whether the server is asked what it offers; None for all but Asana's own.
    ``streaming``: whether results are taken as they finish. ``auto_keys``: whether writes get an idempotency key where
    the server knows them. ``timeout`` in seconds is for each request to the server; calls may have their own besides.
    """

    def __init__(  # noqa: PLR0913 - each is a setting with a default
        self,
        base_url: str = ASANA,
        token: str | None = None,
        *,
        window: float = 0.0,
        max_items: int | None = None,
        max_bytes: int | None = None,
        max_batches: int = 10,
        limits: str | Iterable[Limit] | None = None,
        discover: bool | None = None,
        streaming: bool = True,
        auto_keys: bool = True,
        timeout: float = 60.0,
        retries: Retries | None = None,
        headers: Mapping[str, str] | None = None,
        transport: Transport | None = None,
    ) -> None:
        self.base_url = _checked(base_url)
        is_asana = urlsplit(self.base_url).hostname == "app.asana.com"
        self._discover = not is_asana if discover is None else discover
        if limits is None and is_asana:
            limits = "asana-paid"
        self._learns = limits is None
        self._max_items = max_items
        self._max_bytes = max_bytes
        self._auto_keys = auto_keys
        sent = {"User-Agent": f"fanfold/{__version__}", **(headers or {})}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        self._pacer = Pacer(() if limits is None else chosen(limits), _loop_time)
        way = Way(self.base_url, sent, timeout, streaming=streaming)
        self._sending = Sending(
            transport or AiohttpTransport(connections=2 * max_batches), way, self._pacer, retries or Retries()
        )
        self._batcher = self._sending.batcher = Batcher(
            self._sending.send,
            self._pacer,
            _later,
            window=window,
            max_items=max_items or PLAIN.max_actions,
            max_bytes=max_bytes or PLAIN.max_body,
            max_batches=max_batches,
        )
        self._batcher.held = self._discover
        self._asking: asyncio.Task[None] | None = None
        self._number = 0
        self._shared: dict[bytes, Call] = {}
        self._closed = False

    # -- calls -------------------------------------------------------------------------------------------------------

    async def get(  # noqa: PLR0913 - what a call may say
        self,
        path: str,
        *,
        fields: Iterable[str] = (),
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - a bound on this one call, kept by the event loop
        alone: bool = False,
        priority: int = 0,
        coalesce: bool = False,
    ) -> Any:
        """What stands under ``data``. Raises a ``ClientError``.

        ``coalesce``: identical reads that are under way at once are made once, and share what comes of it.
        ``priority``: higher ones go first where there is no room for all.
        """
        request = make("GET", path, params=params, fields=fields, headers=headers)
        return await self._data(request, timeout, alone=alone, priority=priority, coalesce=coalesce)

    async def post(  # noqa: PLR0913 - likewise
        self,
        path: str,
        data: Any = None,
        *,
        fields: Iterable[str] = (),
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        files: Mapping[str, File] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
        alone: bool = False,
        priority: int = 0,
        key: str = "",
    ) -> Any:
        """What stands under ``data`` of the answer; ``data`` is what is sent as such. ``files`` are uploaded."""
        request = make("POST", path, params=params, data=data, fields=fields, headers=headers, files=files, key=key)
        return await self._data(request, timeout, alone=alone, priority=priority)

    async def put(  # noqa: PLR0913 - likewise
        self,
        path: str,
        data: Any = None,
        *,
        fields: Iterable[str] = (),
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
        alone: bool = False,
        priority: int = 0,
        key: str = "",
    ) -> Any:
        """Like ``post``."""
        request = make("PUT", path, params=params, data=data, fields=fields, headers=headers, key=key)
        return await self._data(request, timeout, alone=alone, priority=priority)

    async def delete(
        self,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
        alone: bool = False,
        priority: int = 0,
        key: str = "",
    ) -> Any:
        """Like ``post``, without data."""
        request = make("DELETE", path, params=params, headers=headers, key=key)
        return await self._data(request, timeout, alone=alone, priority=priority)

    async def request(
        self,
        request: Request,
        *,
        timeout: float | None = None,  # noqa: ASYNC109
        alone: bool = False,
        priority: int = 0,
        coalesce: bool = False,
    ) -> Reply:
        """The reply with its status and headers, whatever the status is. Raises what is no reply."""
        call = self._add(request, alone=alone, priority=priority, coalesce=coalesce)
        return await self._waited(call, timeout)

    @overload
    async def batch(
        self,
        requests: Iterable[Request],
        *,
        serial: bool = ...,
        stop: bool = ...,
        timeout: float | None = ...,  # noqa: ASYNC109
        priority: int = ...,
        return_exceptions: Literal[False] = ...,
    ) -> list[Reply]: ...

    @overload
    async def batch(
        self,
        requests: Iterable[Request],
        *,
        serial: bool = ...,
        stop: bool = ...,
        timeout: float | None = ...,  # noqa: ASYNC109
        priority: int = ...,
        return_exceptions: Literal[True],
    ) -> list[Reply | ClientError]: ...

    async def batch(
        self,
        requests: Iterable[Request],
        *,
        serial: bool = False,
        stop: bool = False,
        timeout: float | None = None,  # noqa: ASYNC109
        priority: int = 0,
        return_exceptions: bool = False,
    ) -> list[Reply] | list[Reply | ClientError]:
        """The replies to many requests, in their order, whatever their status.

        Those that name each other travel in one batch, and raise ``Unsupported`` if they do not fit into one or the
        server does not know such actions. ``serial``: one by one as written; ``stop``: nothing is begun after a
        failure; both keep all of them in one batch. What is no reply is raised when all are over, or stands in its
        place with ``return_exceptions``.
        """
        asked = list(requests)
        calls = await self._add_all(asked, serial=serial, stop=stop, priority=priority)
        try:
            async with asyncio.timeout(timeout):
                await asyncio.wait([call.future for call in calls]) if calls else None
        except TimeoutError:
            for call in calls:
                call.fail(CallTimeout(f"No answer within {timeout:g} seconds"))
        except asyncio.CancelledError:
            for call in calls:
                call.future.cancel()
            raise
        found = [_outcome(call) for call in calls]
        if return_exceptions:
            return found
        replies = []
        for one in found:
            if isinstance(one, ClientError):
                raise one
            replies.append(one)
        return replies

    async def pages(
        self,
        path: str,
        *,
        fields: Iterable[str] = (),
        params: Mapping[str, Any] | None = None,
        limit: int = 100,
        timeout: float | None = None,  # noqa: ASYNC109
        alone: bool = False,
        priority: int = 0,
    ) -> AsyncIterator[Any]:
        """The elements of a list, page after page of ``limit``. ``timeout`` is for each page."""
        query = {**(params or {}), "limit": limit}
        names = tuple(fields.split(",")) if isinstance(fields, str) and fields else tuple(fields)
        seen: set[str] = set()
        while True:
            request = make("GET", path, params=query, fields=names)
            call = self._add(request, alone=alone, priority=priority)
            reply = await self._waited(call, timeout)
            if not reply.ok:
                raise call.error_of(reply)
            if not isinstance(reply.data, list):
                raise BadAnswer("The answer is no list", action=request)
            for element in reply.data:
                yield element
            offset = reply.next_offset
            if not offset:
                return
            if offset in seen:
                raise BadAnswer("The server answers the same page again and again", action=request)
            seen.add(offset)
            query = {**query, "offset": offset}

    async def offer(self) -> Offer:
        """What the server offers: sizes, features and limits. Asked once; the plain format where it says nothing."""
        if self._discover:
            await asyncio.shield(self._asked())
        return self._sending.offer

    # -- life --------------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End everything: calls that still wait raise ``ClientClosed``, and no task is left."""
        self._closed = True
        for unit in self._batcher.close():
            for call in unit.calls:
                call.fail(ClientClosed())
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
        await self._sending.close()
        await self._sending.transport.close()

    # -- inside ------------------------------------------------------------------------------------------------------

    async def _data(
        self,
        request: Request,
        timeout: float | None,  # noqa: ASYNC109
        *,
        alone: bool,
        priority: int,
        coalesce: bool = False,
    ) -> Any:
        call = self._add(request, alone=alone, priority=priority, coalesce=coalesce)
        reply = await self._waited(call, timeout)
        if 200 <= reply.status < 300:
            return reply.data
        raise call.error_of(reply)

    async def _waited(self, call: Call, timeout: float | None) -> Reply:  # noqa: ASYNC109
        if timeout is None:
            return await call.future
        try:
            async with asyncio.timeout(timeout):
                return await call.future
        except TimeoutError:
            raise CallTimeout(
                f"No answer within {timeout:g} seconds", action=call.request, batch=call.travelled
            ) from None

    def _add(self, request: Request, *, alone: bool = False, priority: int = 0, coalesce: bool = False) -> Call:
        if coalesce and request.method == "GET":
            return self._add_shared(request, alone=alone, priority=priority)
        call = self._make(request, alone=alone)
        self._queue([call], priority)
        return call

    def _make(self, request: Request, *, alone: bool = False) -> Call:
        if self._closed:
            raise ClientClosed(action=request)
        loop = asyncio.get_running_loop()
        apart = alone or self._sending.refusals.holds(request)
        call = Call(request, b"" if apart else request.in_batch(), loop.create_future(), alone=apart)
        if not call.safe:
            if self._auto_keys and not call.key:
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
        if self._batcher.held:
            self._asked()
        self._batcher.add(unit)

    async def _add_all(self, requests: list[Request], *, serial: bool, stop: bool, priority: int) -> list[Call]:
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
        for group in groups:
            self._queue([calls[place] for place in group], priority, options=_encode(options) if whole else b"")
        return calls

    async def _must_know(self, requests: list[Request], *, serial: bool, whole: bool) -> None:
        """Raise ``Unsupported`` unless the server knows what these need."""
        offer = await self.offer()
        wired = any(request.wired for request in requests)
        if (whole or wired) and not (offer.has("references") and (not serial or offer.has("serial"))):
            raise Unsupported("This server does not know actions that hang together, nor an order of them")

    def _asked(self) -> asyncio.Task[None]:
        if self._asking is None:
            self._asking = asyncio.get_running_loop().create_task(self._ask())
        return self._asking

    async def _ask(self) -> None:
        """Find out what the server offers, and let go what waits for that. What fails here will tell why there."""
        answer = Collected(1 << 20)
        way = self._sending.way
        wire = Wire(
            "OPTIONS", f"{way.base}/batch", {**way.headers, "Accept": JSON}, None, min(way.timeout, _ASK_WITHIN)
        )
        try:
            await self._sending.transport.send(wire, answer)
            offer = read_offer(answer.decoded()) if answer.status == 200 else PLAIN
        except (TransportError, BadAnswer):
            offer = PLAIN
        self._sending.offer = offer
        batcher = self._batcher
        batcher.max_items = min(self._max_items or offer.max_actions, offer.max_actions)
        batcher.max_bytes = min(self._max_bytes or offer.max_body, offer.max_body) - _ENVELOPE
        if self._learns:
            self._pacer.learn(offer.limits)
        batcher.release()


def _outcome(call: Call) -> Reply | ClientError:
    error = call.future.exception()
    if error is None:
        return call.future.result()
    if isinstance(error, ClientError):
        return error
    raise error


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


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
        raise ValueError(f"base_url: Must be the http or https URL of an API, not {url!r}")
    return url.rstrip("/")


__all__ = ["ASANA", "Client"]
