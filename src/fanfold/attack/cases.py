"""What a case is: something to send, and a judge of what comes back.

A case holds text with places in it that are filled in when it is sent:

* ``@RUN@`` a word of this one trial, by which the ground knows what belongs to it;
* ``@READ:n@`` a path that answers 200 and tells ``n`` (before other servers: whatever ``--read`` names);
* ``@BATCH@`` the batch endpoint as an action would write it, without the leading slash;
* ``@HOST@`` the server's own host and port, ``@TRAP@`` the ground's by another name;
* ``@TOKEN@`` the caller's token.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from msgspec import Struct

from fanfold.attack.ground.log import Event

if TYPE_CHECKING:
    from fanfold.attack.site import Site

HERE = ""
"""The path of a shot that goes to the batch endpoint itself."""

JSON = {"Content-Type": "application/json"}

Way = Literal["in turn", "at once"]
Company = Literal["anybody", "its line", "nobody"]
Judge = Callable[["Trial"], str]
"""Says what is wrong, in one sentence; empty where nothing is."""

Play = Callable[["Bout"], Awaitable[None]]
"""A case that cannot be laid out beforehand: it sends with ``Bout.send`` until it has seen enough."""


class Shot(Struct, frozen=True, kw_only=True):
    """One request. ``actions`` make it a batch, otherwise it is ``body`` as it is, or ``raw`` bytes on a connection.

    ``caller`` tells apart callers within a case: each has a token of its own, ``nobody`` has none. ``leave`` closes the
    connection after so many seconds, ``patience`` gives up waiting (both in seconds).
    """

    actions: tuple[Any, ...] | None = None
    members: dict[str, Any] = {}
    options: dict[str, Any] | None = None
    body: bytes | None = None
    raw: bytes | None = None
    method: str = "POST"
    path: str = HERE
    query: str = ""
    headers: dict[str, str] = msgspec.field(default_factory=JSON.copy)
    caller: str = "main"
    leave: float | None = None
    patience: float = 20.0

    def content(self) -> bytes | None:
        """The body, places not yet filled in."""
        if self.actions is None:
            return self.body
        more = {} if self.options is None else {"options": self.options}
        return msgspec.json.encode({"data": {"actions": self.actions, **more, **self.members}})


class Reply(Struct, dict=True):
    """What came back: ``status`` 0 with ``broken`` where it was no answer. ``cut``: there would have been more."""

    status: int
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    broken: str = ""
    cut: bool = False
    seconds: float = 0.0

    def header(self, name: str) -> str:
        """The value of a header, empty if it is not there."""
        return next((value for given, value in self.headers if given.lower() == name), "")

    @cached_property
    def document(self) -> Any:
        """The body as JSON, or None."""
        try:
            return msgspec.json.decode(self.body)
        except (ValueError, RecursionError):
            return None

    @cached_property
    def results(self) -> list[Mapping[str, Any]] | None:
        """The results of a batch, or None if this is no answer to one."""
        data = self.document.get("data") if isinstance(self.document, dict) else None
        if self.status not in {200, 207} or not isinstance(data, list):
            return None
        return data if all(isinstance(one, dict) and "status_code" in one for one in data) else None


class Case(Struct, frozen=True, kw_only=True):
    """One thing that a batch server must withstand.

    ``name`` says what is tried and ``hole`` what an attacker has if it works. ``needs`` names abilities without which
    it cannot be judged (see ``REASONS``). ``company`` is who may be tried at the same time.
    """

    line: str
    name: str
    hole: str
    judge: Judge
    send: tuple[Shot, ...] = ()
    play: Play | None = None
    way: Way = "in turn"
    needs: frozenset[str] = frozenset()
    company: Company = "anybody"
    seconds: float = 60.0


class Trial:
    """A case that was tried: what was sent, what came back, and what of it reached the ground if there is one."""

    def __init__(self, site: Site, run: str) -> None:
        self.site = site
        self.run = run
        self.sent: list[Shot] = []
        self.replies: list[Reply] = []
        self.seen: list[Event] = []
        self.noted: dict[str, Any] = {}

    @property
    def reply(self) -> Reply:
        """The last reply."""
        return self.replies[-1]

    def result(self, index: int) -> Mapping[str, Any]:
        """One result of the last reply; empty if it is not there."""
        results = self.reply.results or []
        return results[index] if index < len(results) else {}

    def reached(self, page: str) -> list[Event]:
        """What reached a page of the ground, by its first segment, however it was spelt."""
        return [event for event in self.seen if event.path.strip("/").split("/")[0].casefold() == page]


class Bout:
    """A trial while it goes on."""

    def __init__(self, trial: Trial, fire: Callable[[Shot], Awaitable[Reply]]) -> None:
        self.trial = trial
        self.site = trial.site
        self._fire = fire

    async def send(self, shot: Shot) -> Reply:
        """Send one request, and keep it with its reply."""
        self.trial.sent.append(shot)
        reply = await self._fire(shot)
        self.trial.replies.append(reply)
        return reply

    async def look(self) -> list[Event]:
        """What has reached the ground by now."""
        return await self.site.seen(self.trial.run)


def get(path: str, **more: Any) -> dict[str, Any]:
    """An action that reads."""
    return {"method": "get", "relative_path": path, **more}


def post(path: str, data: Any = None, **more: Any) -> dict[str, Any]:
    """An action that writes."""
    return {"method": "post", "relative_path": path, "data": {} if data is None else data, **more}


def good(number: int = 0) -> dict[str, Any]:
    """An action that any server should answer."""
    return get(f"@READ:{number}@")


def batch(*actions: Any, **more: Any) -> Shot:
    """A batch of these actions."""
    return Shot(actions=actions, **more)


def needing(*abilities: str) -> frozenset[str]:
    """What a case needs."""
    return frozenset(abilities)
