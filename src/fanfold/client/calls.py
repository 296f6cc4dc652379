"""What the client keeps of a call from when it is asked until it is answered."""

from __future__ import annotations

import asyncio
import re

from fanfold.client.errors import ApiError, ClientError, TransportError, Travelled, api_error
from fanfold.client.replies import Reply
from fanfold.client.request import SAFE, Request

_NEVER = re.compile(r"/(batch|scim|organization_exports)(/|$)", re.IGNORECASE)
_IDENTITY = re.compile(r"/[^/]*[0-9][^/]*")

REFUSED = "not available in a batch"
"""What a server says of a request that a batch may not hold."""


class Call:
    """One call. ``line`` is the action as it is written in a batch; ``future`` gets its ``Reply`` or a ``ClientError``.

    ``alone``: it goes as a request of its own. ``tried`` counts failures and ``refused`` refusals. ``batch`` says how
    it travelled last, and ``spread`` from 0 to 1 is common to all that travelled with it: what fails together is made
    again together, but not together with what others have to make again.
    """

    __slots__ = ("alone", "batch", "future", "key", "line", "refused", "request", "spread", "tried")

    def __init__(self, request: Request, line: bytes, future: asyncio.Future[Reply], *, alone: bool) -> None:
        self.request = request
        self.line = line
        self.future = future
        self.alone = alone
        self.key = request.key
        self.tried = 0
        self.refused = 0
        self.spread = 1.0
        self.batch: tuple[int, int, int] | None = None

    def answer(self, reply: Reply) -> None:
        """Hand the reply to whoever waits, if anybody still does."""
        if not self.future.done():
            self.future.set_result(reply)

    def fail(self, error: ClientError) -> None:
        """Have whoever waits see the error, as an exception of this call's own."""
        if not self.future.done():
            self.future.set_exception(self.own(error))

    def own(self, error: ClientError) -> ClientError:
        """The same error for this call: each has its own, since an exception collects what it was raised through."""
        if isinstance(error, ApiError):
            return api_error(error.status, error.body, error.headers, action=self.request, batch=self.travelled)
        if error.action is self.request:
            return error
        mine = type(error)(error.message, action=self.request, batch=self.travelled)
        if isinstance(mine, TransportError) and isinstance(error, TransportError):
            mine.sent = error.sent
        mine.__cause__ = error.__cause__
        return mine

    def error_of(self, reply: Reply) -> ApiError:
        """What a reply that is no success is raised as."""
        return api_error(reply.status, reply.body, reply.headers, action=self.request, batch=self.travelled)

    @property
    def travelled(self) -> Travelled | None:
        """How it travelled last, if it did so in a batch."""
        return None if self.batch is None else Travelled(*self.batch)

    @property
    def safe(self) -> bool:
        """Whether it changes nothing."""
        return self.request.method in SAFE


class Refusals:
    """Which routes go alone: those that no batch may hold, and those that a batch has refused before."""

    def __init__(self) -> None:
        self._known: set[tuple[str, str]] = set()

    def holds(self, request: Request) -> bool:
        """Whether a request has to go alone."""
        if not request.batchable or _NEVER.match(request.path):
            return True
        if request.method == "POST" and request.path.rstrip("/").endswith("/attachments"):
            return True
        return bool(self._known) and _route(request) in self._known

    def note(self, request: Request) -> None:
        """A batch has refused it."""
        self._known.add(_route(request))


def is_refused(reply: Reply) -> bool:
    """Whether a result says that its action may not stand in a batch."""
    if reply.status != 400 or not isinstance(reply.body, dict):
        return False
    errors = reply.body.get("errors")
    return isinstance(errors, list) and any(
        isinstance(one, dict) and REFUSED in str(one.get("message")) for one in errors
    )


def _route(request: Request) -> tuple[str, str]:
    return request.method, _IDENTITY.sub("/*", request.path)


__all__ = ["Call", "Refusals", "is_refused"]
