"""Connection pools of urllib3 whose concurrent calls travel in batches: what requests and the official client use.

urllib3's own pools carry the batches, so that TLS, timeouts and retries are as whoever made the pool wanted them.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from urllib3 import HTTPHeaderDict, HTTPResponse, PoolManager
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import (
    ClosedPoolError,
    ConnectTimeoutError,
    HTTPError,
    MaxRetryError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)
from urllib3.util import Retry, Timeout

from fanfold.client import BadAnswer, ClientClosed, Sink, TransportError, Wire
from fanfold.compat.background import Thread
from fanfold.compat.counter import Counter
from fanfold.compat.desk import Carrier
from fanfold.compat.translation import Answered, Plain


class _BatchedPool(HTTPConnectionPool):
    """A pool whose calls for the API of its ``counter`` travel in batches."""

    counter: Counter

    def urlopen(  # type: ignore[override]
        self,
        method: str,
        url: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        retries: Retry | bool | int | None = None,  # noqa: FBT001 - as urllib3 has it
        **about: Any,
    ) -> Any:
        """As urllib3 has it: retries included, and with its exceptions."""
        if not isinstance(retries, Retry):
            retries = Retry.from_int(retries, redirect=about.get("redirect", True), default=self.retries)
        try:
            found = self._asked(method, url, body, headers, about)
        except (HTTPError, OSError) as error:
            if isinstance(error, ClosedPoolError):
                raise
            retries = retries.increment(method, url, error=error, _pool=self)
            retries.sleep()
            return self.urlopen(method, url, body, headers, retries, **about)
        if found is None:
            return super().urlopen(method, url, body, headers, retries, **about)
        response = _response(found, method, url, retries, about)
        if not retries.is_retry(method, found.status, "Retry-After" in response.headers):
            return response
        try:
            retries = retries.increment(method, url, response=response, _pool=self)
        except MaxRetryError:
            if retries.raise_on_status:
                raise
            return response
        retries.sleep(response)
        return self.urlopen(method, url, body, headers, retries, **about)

    def carry(self, wire: Wire, timeout: Timeout) -> tuple[int, dict[str, str], bytes]:
        """Send a batch as this pool sends things: status, headers with lower-case names, and body."""
        path = "/" + wire.url.split("/", 3)[3]
        response = super().urlopen(
            wire.method, path, wire.body, dict(wire.headers), retries=False, redirect=False, timeout=timeout.clone()
        )
        return response.status, {name.lower(): value for name, value in response.headers.items()}, response.data

    def _asked(
        self, method: str, url: str, body: Any, headers: Mapping[str, str] | None, about: Mapping[str, Any]
    ) -> Answered | None:
        target = self.counter.reach.target(self.scheme, self.host, self.port, url)
        if target is None or self.proxy is not None or about.get("chunked"):
            return None
        given = self.headers if headers is None else headers
        plain = Plain(
            method.upper(), target, {name.lower(): _text(value) for name, value in given.items()}, _content(body)
        )
        timeout = self._get_timeout(about.get("timeout", self.timeout))
        try:
            return self.counter.ask(plain, (self, repr(timeout)), lambda thread: _PoolCarrier(self, timeout, thread))
        except TransportError as error:
            raise _native(self, url, error) from None
        except BadAnswer as error:
            raise ProtocolError(error.message) from None
        except ClientClosed:
            raise ClosedPoolError(self, "The adapter was closed") from None


class _PoolCarrier(Carrier):
    """Sends batches over a pool, in a thread beside the loop."""

    def __init__(self, pool: _BatchedPool, timeout: Timeout, thread: Thread) -> None:
        super().__init__()
        self._pool = pool
        self._timeout = timeout
        self._thread = thread

    async def send(self, wire: Wire, sink: Sink) -> None:
        """One request to the server."""
        try:
            status, headers, content = await self._thread.beside(lambda: self._pool.carry(wire, self._timeout))
        except (HTTPError, OSError) as error:
            never_sent = isinstance(error, NewConnectionError | ConnectTimeoutError)
            raise TransportError(str(error) or type(error).__name__, sent=not never_sent) from error
        self.note(wire, status)
        sink.begin(status, headers)
        sink.feed(content)


def batch_through(manager: PoolManager, counter: Counter) -> None:
    """Have the pools that a manager makes from now on send calls in batches."""
    manager.pool_classes_by_scheme = {
        "http": type("BatchedHTTPPool", (_BatchedPool,), {"counter": counter}),
        "https": type("BatchedHTTPSPool", (_BatchedPool, HTTPSConnectionPool), {"counter": counter}),
    }


def _response(found: Answered, method: str, url: str, retries: Retry, about: Mapping[str, Any]) -> HTTPResponse:
    return HTTPResponse(
        io.BytesIO(found.content),
        HTTPHeaderDict(found.headers),
        found.status,
        version=11,
        version_string="HTTP/1.1",
        reason=found.reason,
        preload_content=about.get("preload_content", True),
        decode_content=about.get("decode_content", True),
        retries=retries,
        request_method=method,
        request_url=url,
    )


def _native(pool: _BatchedPool, url: str, error: TransportError) -> Exception:
    """What urllib3 would have raised, anew for each call of a batch that was lost."""
    cause = error.__cause__
    if isinstance(cause, ReadTimeoutError):
        return ReadTimeoutError(pool, url, error.message)
    if isinstance(cause, NewConnectionError | ConnectTimeoutError | SSLError):
        return cause.with_traceback(None)
    return ProtocolError(error.message)


def _content(body: Any) -> bytes | None:
    if isinstance(body, str):
        return body.encode()
    return body if isinstance(body, bytes) else None if body is not None else b""


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


__all__ = ["batch_through"]
