"""A transport for httpx, and for httpx2, whose concurrent calls travel in batches.

It goes by the package that a request is of, so one class serves both, and neither is imported unless it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Self, Unpack

from fanfold.client import ASANA, BadAnswer, ClientClosed, Sink, TransportError, Wire
from fanfold.compat.desk import Carrier, Desk, Options
from fanfold.compat.translation import Answered, Plain, Reach, Translator

if TYPE_CHECKING:
    import httpx
    import httpx2

    class _Base(httpx.AsyncBaseTransport, httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: Any) -> Any: ...
else:
    _Base = object


class BatchTransport(_Base):
    """For ``httpx.AsyncClient(transport=…)``; calls below ``base_url`` that are awaited together travel in batches.

    ``transport`` is what carries the batches, and all that cannot travel in one; without it httpx's own.
    ``shared_headers``: further headers that calls of a batch may have if they agree in them; a call that has any other
    header of its own goes by itself. The remaining ``options`` are those of ``fanfold.Client``.
    """

    def __init__(
        self,
        base_url: str = ASANA,
        *,
        transport: Any = None,
        shared_headers: tuple[str, ...] = (),
        **options: Unpack[Options],
    ) -> None:
        self._reach = Reach(base_url)
        self._translator = Translator(shared_headers)
        self._desk = Desk(self._reach.base_url, options)
        self._inner = transport

    async def handle_async_request(self, request: Any) -> Any:
        """The answer, whether it came in a batch or by itself."""
        package = import_module(type(request).__module__.partition(".")[0])
        if self._inner is None:
            self._inner = package.AsyncHTTPTransport()
        found = await self._batched(package, request)
        if found is None:
            return await self._inner.handle_async_request(request)
        return package.Response(found.status, headers=found.headers, content=found.content)

    async def aclose(self) -> None:
        """End what is under way and close the transport underneath."""
        await self._desk.close()
        if self._inner is not None:
            await self._inner.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.aclose()

    async def _batched(self, package: Any, request: Any) -> Answered | None:
        url = request.url
        target = self._reach.target(url.scheme, url.host, url.port, url.raw_path.decode("ascii"))
        if target is None:
            return None
        headers = _headers(request)
        if headers is None:
            return None
        bodied = "content-length" in headers and not headers.get("content-type", "").startswith("multipart/")
        body = await request.aread() if bodied else b""
        plain = Plain(request.method, target, headers, body)
        asked = self._translator.request(plain)
        if asked is None:
            return None
        timeout = request.extensions.get("timeout") or {}
        way = (package.__name__, *sorted(timeout.items()))
        inner = self._inner
        try:
            return await self._desk.ask(
                asked, self._translator.common(plain), way, lambda: _HttpxCarrier(package, inner, timeout)
            )
        except TransportError as error:
            raise _native(package, error, request) from None
        except ClientClosed:
            raise package.ReadError("The transport was closed", request=request) from None
        except BadAnswer as error:
            raise package.RemoteProtocolError(error.message, request=request) from None


class _HttpxCarrier(Carrier):
    """Sends batches over an httpx transport, with the timeouts that its calls have."""

    def __init__(self, package: Any, inner: Any, timeout: dict[str, float | None]) -> None:
        super().__init__()
        self._package = package
        self._inner = inner
        self._timeout = timeout

    async def send(self, wire: Wire, sink: Sink) -> None:
        """One request to the server."""
        package = self._package
        request = package.Request(
            wire.method, wire.url, headers=wire.headers, content=wire.body, extensions={"timeout": self._timeout}
        )
        try:
            response = await self._inner.handle_async_request(request)
            self.note(wire, response.status_code)
            try:
                sink.begin(response.status_code, {name.lower(): value for name, value in response.headers.items()})
                async for piece in response.aiter_bytes():
                    sink.feed(piece)
            finally:
                await response.aclose()
        except (package.TransportError, package.DecodingError) as error:
            never_sent = isinstance(error, package.ConnectError | package.ConnectTimeout | package.PoolTimeout)
            raise TransportError(str(error) or type(error).__name__, sent=not never_sent) from error


def _headers(request: Any) -> dict[str, str] | None:
    """With lower-case names; None if one stands there twice."""
    found: dict[str, str] = {}
    for name, value in request.headers.multi_items():
        if name.lower() in found:
            return None
        found[name.lower()] = value
    return found


def _native(package: Any, error: TransportError, request: Any) -> Exception:
    """What httpx would have raised, anew for each call of a batch that was lost."""
    cause = error.__cause__
    if isinstance(cause, package.RequestError):
        native: Exception = type(cause)(str(cause), request=request)
    else:
        native = package.ReadError(error.message, request=request)
    return native


__all__ = ["BatchTransport"]
