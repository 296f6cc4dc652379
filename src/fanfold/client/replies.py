"""What comes back: a reply for each action, decoded and checked.

What does not fit is ``BadAnswer``, and nothing of it reaches a caller who asked for something else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from fanfold.client.errors import ApiError, BadAnswer, api_error

Status = Annotated[int, Meta(ge=100, le=599)]


class Reply(Struct, rename={"status": "status_code"}):
    """What one action was answered.

    ``body`` is the decoded body. ``headers`` have lower-case names: of an action in a batch only those that are its
    own, such as ``location``. ``ms`` is how long it took the server, where that says so.
    """

    status: Status
    body: Any = None
    headers: dict[str, Any] = {}
    id: str = ""
    ms: float | None = None

    @property
    def ok(self) -> bool:
        """Whether it succeeded."""
        return 200 <= self.status < 300

    @property
    def data(self) -> Any:
        """What stands under ``data``, or the whole body where nothing does."""
        body = self.body
        return body["data"] if isinstance(body, dict) and "data" in body else body

    @property
    def next_offset(self) -> str:
        """Where the next page of a list begins; empty at the end."""
        page = self.body.get("next_page") if isinstance(self.body, dict) else None
        offset = page.get("offset") if isinstance(page, dict) else None
        return offset if isinstance(offset, str) else ""

    @property
    def error(self) -> ApiError | None:
        """What would be raised for it; None if it succeeded."""
        return None if self.ok else api_error(self.status, self.body, self.headers)


class _Envelope(Struct):
    data: list[Reply]


class _Line(Struct, rename={"status": "status_code"}):
    index: int = -1
    status: int = 0
    body: Any = None
    headers: dict[str, Any] = {}
    id: str = ""
    ms: float | None = None
    summary: Any = None
    error: Any = None


LINES = "application/x-ndjson"
JSON = "application/json"

_decode_any = msgspec.json.Decoder().decode
_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_decode_lines = msgspec.json.Decoder(_Line).decode_lines

Settle = Callable[[int, Reply], None]


class Collected:
    """Takes the answer to a request as it is. ``most``: bytes that it may have."""

    def __init__(self, most: int) -> None:
        self.status = 0
        self.headers: Mapping[str, str] = {}
        self._pieces: list[bytes] = []
        self._left = most

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """The head of the answer; names are lower case."""
        self.status = status
        self.headers = headers

    def feed(self, data: bytes) -> None:
        """More of its body."""
        self._left -= len(data)
        if self._left < 0:
            raise BadAnswer("The answer is larger than max_answer")
        self._pieces.append(data)

    @property
    def content(self) -> bytes:
        """The whole body."""
        return b"".join(self._pieces)

    @property
    def kind(self) -> str:
        """The media type, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def reply(self) -> Reply:
        """The answer to a request of its own. Raises ``BadAnswer`` if it is a good one and not JSON."""
        content = self.content
        try:
            body = _decode_any(content) if content else None
        except (ValueError, RecursionError):
            if 200 <= self.status < 400:
                raise self._bad() from None
            body = None
        return Reply(self.status, body, dict(self.headers))

    def decoded(self) -> Any:
        """Its body as JSON; None where that is none."""
        try:
            return _decode_any(self.content)
        except (ValueError, RecursionError):
            return None

    def _bad(self) -> BadAnswer:
        if self.kind and not self.kind.endswith("json"):
            return BadAnswer(f"The answer is {self.kind}, not JSON")
        return BadAnswer(f"The answer is broken JSON of {len(self.content)} bytes")


class Results(Collected):
    """Takes the answer to a batch of ``size`` actions, and hands each result to ``settle`` as soon as it is there.

    ``names`` are the ids of the actions, empty for those that have none.
    """

    def __init__(self, size: int, settle: Settle, most: int, names: tuple[str, ...] = ()) -> None:
        super().__init__(most)
        self._size = size
        self._settle = settle
        self._names = names
        self._streamed = False
        self._rest = b""
        self._seen: set[int] = set()
        self._over = False

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """The head of the answer, which tells whether results come as lines."""
        super().begin(status, headers)
        self._streamed = status == 200 and self.kind == LINES

    def feed(self, data: bytes) -> None:
        """More of the body."""
        super().feed(data)
        if not self._streamed:
            return
        self._pieces.clear()
        ready, newline, rest = (self._rest + data).rpartition(b"\n")
        self._rest = rest
        if newline:
            self._read_lines(ready)

    def finish(self) -> None:
        """The answer is complete. Raises ``BadAnswer`` if it is not what a batch is answered."""
        if self._streamed:
            if not self._over or self._rest or len(self._seen) != self._size:
                raise BadAnswer(f"The answer breaks off after {len(self._seen)} results of {self._size}")
            return
        if self.kind and not self.kind.endswith("json"):
            raise self._bad()
        try:
            replies = _decode_envelope(self.content).data
        except msgspec.ValidationError as error:
            raise BadAnswer(f"The answer is not that of a batch: {error}") from None
        except (ValueError, RecursionError):
            raise self._bad() from None
        if len(replies) != self._size:
            raise BadAnswer(f"The answer has {len(replies)} results for {self._size} actions")
        if self._names:
            for place, reply in enumerate(replies):
                self._check_name(place, reply.id)
        for place, reply in enumerate(replies):
            self._settle(place, reply)

    def _read_lines(self, ready: bytes) -> None:
        try:
            lines = _decode_lines(ready)
        except msgspec.ValidationError as error:
            raise BadAnswer(f"A line of the answer is no result: {error}") from None
        except (ValueError, RecursionError):
            raise BadAnswer("A line of the answer is broken JSON") from None
        for line in lines:
            if self._over or line.error is not None:
                raise BadAnswer("The server broke the answer off" if line.error else "The answer goes on after its end")
            if line.summary is not None:
                self._over = True
                continue
            place = line.index
            if not 0 <= place < self._size or place in self._seen or not 100 <= line.status <= 599:
                raise BadAnswer(f"A line of the answer is no result of this batch (index {place})")
            self._check_name(place, line.id)
            self._seen.add(place)
            self._settle(place, Reply(line.status, line.body, line.headers, line.id, line.ms))

    def _check_name(self, place: int, name: str) -> None:
        if self._names and name != self._names[place]:
            raise BadAnswer(f"The result at {place} is that of {name!r}, not of {self._names[place]!r}")


__all__ = ["JSON", "LINES", "Collected", "Reply", "Results"]
