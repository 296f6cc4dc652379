"""Where calls of another library are handed in: those that agree in how they are to be sent share a client.

Knows no library. What the desk has no answer for goes by itself, over the library's own ways.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable
from typing import TypedDict

from fanfold.client import (
    ApiError,
    BadAnswer,
    Client,
    Limit,
    Request,
    Retries,
    Sink,
    Unsupported,
    Wire,
)
from fanfold.client.request import SAFE
from fanfold.compat.translation import Answered, Headers, answered, refused

_MOST = 64
"""Clients that are kept; beyond that those go that have nothing to do, the longest unused first."""


class Options(TypedDict, total=False):
    """What may be said of the batches; each is an argument of ``fanfold.Client`` and explained there."""

    window: float
    max_items: int | None
    max_bytes: int | None
    max_batches: int
    limits: str | Iterable[Limit] | None
    discover: bool | None
    auto_keys: bool
    retries: Retries | None


class Carrier(ABC):
    """Carries batches over a library's own connections."""

    def __init__(self) -> None:
        self._missing = False

    @abstractmethod
    async def send(self, wire: Wire, sink: Sink) -> None:
        """As ``fanfold.client.Transport`` has it; the cause of a ``TransportError`` is the library's own exception."""

    def lacks_batches(self) -> bool:
        """Whether the server has turned out to have none."""
        return self._missing

    async def close(self) -> None:  # noqa: B027 - what most carriers do
        """Nothing: the connections are the library's."""

    def note(self, wire: Wire, status: int) -> None:
        """Look at the head of an answer."""
        if wire.method == "POST" and wire.url.endswith("/batch") and status in {404, 405}:
            self._missing = True


class _Seat:
    __slots__ = ("carrier", "client", "open")

    def __init__(self, client: Client, carrier: Carrier) -> None:
        self.client = client
        self.carrier = carrier
        self.open = 0


class Desk:
    """Takes calls for the API at ``base_url``; used within one event loop."""

    def __init__(self, base_url: str, options: Options, *, streaming: bool = True) -> None:
        self._base_url = base_url
        # A library has its own idea of when to try again; only refusals, which batching may bring about, are ours.
        self._options: Options = {"retries": Retries(attempts=1), "auto_keys": False, **options}
        self._streaming = streaming
        self._seats: dict[Hashable, _Seat] = {}

    async def ask(
        self, request: Request, headers: Headers, way: Hashable, carrier: Callable[[], Carrier]
    ) -> Answered | None:
        """What a request is answered, or None if it has to go by itself: nothing has been done of it.

        ``way`` tells apart what cannot be sent alike; ``carrier`` makes one for it. Raises ``TransportError`` and
        ``ClientClosed``, and ``BadAnswer`` for a write of which nobody knows whether it was done.
        """
        seat = self._seat((headers, way), headers, carrier)
        if seat.carrier.lacks_batches():
            return None
        seat.open += 1
        try:
            return answered(await seat.client.request(request))
        except ApiError as error:
            # Another 4xx than these is for the batch as such, of which nothing was done, and not for this call.
            return refused(error) if error.status in {401, 429} or error.status >= 500 else None
        except Unsupported:
            return None
        except BadAnswer:
            if seat.carrier.lacks_batches() or request.method in SAFE:
                return None
            raise
        finally:
            seat.open -= 1

    async def close(self) -> None:
        """End what is under way, and forget all clients."""
        seats = list(self._seats.values())
        self._seats.clear()
        for seat in seats:
            await seat.client.close()

    def _seat(self, key: Hashable, headers: Headers, make: Callable[[], Carrier]) -> _Seat:
        seat = self._seats.pop(key, None)
        if seat is None:
            carrier = make()
            client = Client(
                self._base_url,
                headers=dict(headers),
                transport=carrier,
                streaming=self._streaming,
                **self._options,
            )
            seat = _Seat(client, carrier)
            self._make_room()
        self._seats[key] = seat
        return seat

    def _make_room(self) -> None:
        # One that has nothing under way holds no connection and no task, so that it may just be dropped.
        idle = [key for key, seat in self._seats.items() if not seat.open]
        for key in idle[: max(0, len(self._seats) - _MOST + 1)]:
            del self._seats[key]


__all__ = ["Carrier", "Desk", "Options"]
