"""The client: calls that are awaited together travel together, and each is answered as if it had gone alone."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, Self, overload
from urllib.parse import urlsplit

from fanfold.client.calls import Call
from fanfold.client.errors import BadAnswer, CallTimeout, ClientError
from fanfold.client.intake import Intake, Manner
from fanfold.client.jobs import Job, hand_over, job_at
from fanfold.client.limits import Limit, chosen
from fanfold.client.offers import Offer
from fanfold.client.ordered import Patience, Scarce, create_in_order
from fanfold.client.replies import Reply
from fanfold.client.request import File, Request, make
from fanfold.client.retrying import Retries
from fanfold.client.sending import Way
from fanfold.client.transport import AiohttpTransport, Transport
from fanfold.version import __version__

if TYPE_CHECKING:
    from types import TracebackType

ASANA = "https://app.asana.com/api/1.0"


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
        timeout: float = 75.0,
        retries: Retries | None = None,
        headers: Mapping[str, str] | None = None,
        transport: Transport | None = None,
    ) -> None:
        self.base_url = _checked(base_url)
        is_asana = urlsplit(self.base_url).hostname == "app.asana.com"
        if limits is None and is_asana:
            limits = "asana-paid"
        sent = {"User-Agent": f"fanfold/{__version__}", **(headers or {})}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        manner = Manner(
            window=window,
            max_items=max_items,
            max_bytes=max_bytes,
            max_batches=max_batches,
            limits=None if limits is None else chosen(limits),
            discover=not is_asana if discover is None else discover,
            auto_keys=auto_keys,
            retries=retries or Retries(),
        )
        way = Way(self.base_url, sent, timeout, streaming=streaming)
        self._intake = Intake(transport or AiohttpTransport(connections=2 * max_batches), way, manner)

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
        call = self._intake.add(request, alone=alone, priority=priority, coalesce=coalesce)
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
        calls = await self._intake.add_all(asked, serial=serial, stop=stop, priority=priority)
        if not calls:
            return []
        try:
            async with asyncio.timeout(timeout):
                await asyncio.wait([call.future for call in calls])
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
            call = self._intake.add(request, alone=alone, priority=priority)
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

    async def create_in_order(
        self,
        project: str,
        tasks: Iterable[str | Mapping[str, Any]],
        *,
        scarce: Scarce = "requests",
        fields: Iterable[str] = (),
        patience: Patience | None = None,
    ) -> list[Any]:
        """Create tasks at the end of a project, in the order given; what the server answered for each, in that order.

        ``tasks`` are names, or what ``POST /tasks`` takes. ``scarce``: whether requests are spared where the server
        keeps no order within a batch, or the actions that its limits count. ``fields`` are those of the answers.

        Raises ``PartlyCreated`` where some could not be created, ``ValueError`` for tasks that can be none, or why
        nothing was created.
        """
        offer = await self.offer()
        size, room = self._intake.room
        names = tuple(fields.split(",")) if isinstance(fields, str) and fields else tuple(fields)
        return await create_in_order(
            self, project, tasks, offer=offer, size=size, room=room, scarce=scarce, fields=names, patience=patience
        )

    # -- jobs --------------------------------------------------------------------------------------------------------

    async def submit(
        self,
        requests: Iterable[Request],
        *,
        serial: bool = False,
        stop: bool = False,
        webhook: str = "",
        key: str = "",
    ) -> Job:
        """Hand many requests over to the server, which carries them out as a job, however long that takes.

        ``serial`` and ``stop`` are as in ``batch``. The URL ``webhook`` is told when the job is at its end; the secret
        that signs this is in ``state.webhook`` of the job. With the same ``key`` it is the same job. Raises
        ``Unsupported`` where the server has no jobs, or not so large ones, and ``ApiError`` where it refuses.
        """
        options = ({"execution": "serial"} if serial else {}) | ({"on_error": "stop"} if stop else {})
        headers = {"Idempotency-Key": key or secrets.token_hex(16)} | ({"Fanfold-Webhook": webhook} if webhook else {})
        return await hand_over(self._intake, self.base_url, list(requests), options, headers)

    def job(self, id: str) -> Job:  # noqa: A002 - the word of the wire
        """A job that was handed over before, by whoever has the same rights."""
        return job_at(self._intake, self.base_url, id)

    # -- the server --------------------------------------------------------------------------------------------------

    async def offer(self) -> Offer:
        """What the server offers: sizes, features and limits. Asked once; the plain format where it says nothing."""
        return await self._intake.offer()

    # -- life --------------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End everything: calls that still wait raise ``ClientClosed``, and no task is left."""
        await self._intake.close()

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
        call = self._intake.add(request, alone=alone, priority=priority, coalesce=coalesce)
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


def _outcome(call: Call) -> Reply | ClientError:
    error = call.future.exception()
    if error is None:
        return call.future.result()
    if isinstance(error, ClientError):
        return error
    raise error


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if "@" in parts.netloc:
        raise ValueError("base_url: Must not hold credentials; give a token")
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
        raise ValueError(f"base_url: Must be the http or https URL of an API, not {url!r}")
    return url.rstrip("/")


__all__ = ["ASANA", "Client"]
