"""Looks on while the client talks to a server, so that it can be shown what becomes of each action.

It stands where requests leave, and is told of nothing: which action a request carries is known by what stands in it.
Actions that are the same to the last letter, without a key, cannot be told apart there; of such the first is taken
that is not under way. That decides on whose line a time is drawn, never whose result is whose.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from fanfold.cli.batches.timeline import Timeline
from fanfold.client import Request, Sink, Transport, TransportError, Wire

_LINES = "application/x-ndjson"
_TIMES = re.compile(r"\ba(\d+);dur=([\d.]+)")

_decode = msgspec.json.decode
_encode = msgspec.json.Encoder(order="deterministic").encode


class Watched:
    """A transport that tells ``timeline`` what ``inner`` sends of ``requests`` to the API at ``base``.

    ``options`` are put into each batch that goes out. ``unheard`` is why the last request that was none of these had
    no answer.
    """

    def __init__(
        self,
        inner: Transport,
        timeline: Timeline,
        base: str,
        requests: Iterable[Request],
        options: Mapping[str, Any],
    ) -> None:
        self._inner = inner
        self.timeline = timeline
        self._options = options
        self.unheard: TransportError | None = None
        self._places: dict[bytes, list[int]] = {}
        self._under_way: set[int] = set()
        for place, request in enumerate(requests):
            action = _decode(request.in_batch())
            alone = f"{request.method} {base}{request.target()}".encode()
            for sign in {_sign(action, request.key), _sign(action, ""), alone}:
                self._places.setdefault(sign, []).append(place)

    async def send(self, wire: Wire, sink: Sink) -> None:
        """One request, looked on from its first byte to its last."""
        batch = _batch_of(wire)
        if batch is None:
            places = self._lone(wire)
        else:
            if self._options:
                batch["data"]["options"] = {**self._options, **batch["data"].get("options", {})}
                wire = msgspec.structs.replace(wire, body=msgspec.json.encode(batch))
            places = [self._place(action) for action in batch["data"]["actions"]]
        if not any(place >= 0 for place in places):
            await self._ask(wire, sink)
            return
        known = [place for place in places if place >= 0]
        tee = _Tee(sink, self.timeline, places, together=batch is not None)
        self.timeline.sent(known, together=batch is not None)
        try:
            await self._inner.send(wire, tee)
        finally:
            self._under_way.difference_update(known)
            tee.close()
            self.timeline.returned(known, tee.rest)

    async def _ask(self, wire: Wire, sink: Sink) -> None:
        self.unheard = None
        try:
            await self._inner.send(wire, sink)
        except TransportError as error:
            self.unheard = error
            raise

    async def close(self) -> None:
        """Let go of connections."""
        await self._inner.close()

    def _place(self, action: dict[str, Any]) -> int:
        key = str(action.pop("idempotency_key", ""))
        return self._free(self._places.get(_sign(action, key)) or self._places.get(_sign(action, ""), []))

    def _free(self, places: list[int]) -> int:
        """Of equal actions one that is not under way, and was sent least; -1 if there is none."""
        free = [place for place in places if place not in self._under_way]
        if not free:
            return -1
        place = min(free, key=lambda each: len(self.timeline.attempts[each]))
        self._under_way.add(place)
        return place

    def _lone(self, wire: Wire) -> list[int]:
        return [self._free(self._places.get(f"{wire.method} {wire.url}".encode(), []))]


class _Tee:
    """Passes an answer on, and tells what it says of each action as it comes."""

    def __init__(self, sink: Sink, timeline: Timeline, places: list[int], *, together: bool) -> None:
        self._sink = sink
        self._timeline = timeline
        self._places = places
        self._together = together
        self._times: dict[int, float] = {}
        self._streamed = False
        self._rest = b""
        self._pieces: list[bytes] = []
        self.rest = 0

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """The head of the answer."""
        self._streamed = headers.get("content-type", "").startswith(_LINES)
        self._times = {int(at): float(ms) for at, ms in _TIMES.findall(headers.get("server-timing", ""))}
        self.rest = 0 if self._together and status == 200 else status
        self._sink.begin(status, headers)

    def feed(self, data: bytes) -> None:
        """More of it. What the client does not accept is nothing to tell of either."""
        self._sink.feed(data)
        if not self._together or self.rest:
            return
        if not self._streamed:
            self._pieces.append(data)
            return
        ready, newline, self._rest = (self._rest + data).rpartition(b"\n")
        for line in ready.split(b"\n") if newline else ():
            self._told(_loosely(line))

    def close(self) -> None:
        """All of it was fed. An answer in one piece tells of all actions only now."""
        body = _loosely(b"".join(self._pieces))
        results = body.get("data") if isinstance(body, dict) else None
        if isinstance(results, list) and len(results) == len(self._places):
            for index, result in enumerate(results):
                if isinstance(result, dict):
                    self._told({"ms": self._times.get(index), **result, "index": index}, whole=True)

    def _told(self, line: Any, *, whole: bool = False) -> None:
        if isinstance(line, dict) and isinstance(line.get("index"), int) and isinstance(line.get("status_code"), int):
            index, ms = line["index"], line.get("ms")
            if 0 <= index < len(self._places) and self._places[index] >= 0:
                took = ms if isinstance(ms, int | float) else None
                self._timeline.settled(self._places[index], line["status_code"], took, whole=whole)


def _batch_of(wire: Wire) -> Any:
    """The decoded body of a batch, None for any other request."""
    if wire.method != "POST" or not wire.url.endswith("/batch") or not wire.body:
        return None
    return _decode(wire.body)


def _sign(action: dict[str, Any], key: str) -> bytes:
    return _encode(action) + b" " + key.encode()


def _loosely(data: bytes) -> Any:
    try:
        return _decode(data)
    except (ValueError, RecursionError):
        return None


__all__ = ["Watched"]
