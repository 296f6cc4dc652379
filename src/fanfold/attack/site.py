"""The server that is attacked: where it is, what it can do, and how its ground is asked."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import msgspec

from fanfold.attack.cases import Reply
from fanfold.attack.ground.log import Event
from fanfold.errors import SetupError

_READ = re.compile(rb"@READ:(\d+)@")
_LOOPBACK = re.compile(r"localhost\.?|127(?:\.\d{1,3}){3}|::1", re.IGNORECASE)

_KNOWN_ANYWHERE = frozenset({"single", "room", "told", "write", "log", "jobs", "console"})


class Site:
    """A batch endpoint at ``url``; ``base`` is the path that actions are relative to, the one above it unless told.

    ``read`` and ``write`` name what may be asked of a server that does not stand before the ground.
    """

    def __init__(self, url: str, *, base: str | None = None, token: str = "", read: str = "", write: str = "") -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise SetupError(
                f"{url!r} is no address of a batch endpoint: write one such as http://127.0.0.1:8480/batch."
            )
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self.host = parts.netloc.rpartition("@")[2]
        self.name = parts.hostname
        self.port = parts.port or (443 if parts.scheme == "https" else 80)
        self.secure = parts.scheme == "https"
        self.endpoint = parts.path.rstrip("/") or "/batch"
        self.base = self.endpoint.rpartition("/")[0] if base is None else base.rstrip("/")
        self.token = token
        self.read = read
        self.write = write
        self.limit = 0
        self.log = ""
        self.patience = 70.0
        self.big = 1000
        self.most = 10
        self.ground = ""
        self.ground_port = 0
        self.abilities: dict[str, bool] = {}
        self.usual = 200
        self.wraps = False
        """Whether the body of a write is ``data`` and not what stands in it."""
        self._ask: Any = None

    @property
    def is_near(self) -> bool:
        """Whether the server is on this machine."""
        return _LOOPBACK.fullmatch(self.name) is not None

    def can(self, *abilities: str) -> bool:
        """Whether the server is known to have all of these."""
        return all(self.abilities.get(ability, False) for ability in abilities)

    def lacks(self, needs: frozenset[str]) -> list[str]:
        """Which of these it lacks; without the ground that alone, as nothing else is known of the server then."""
        if not self.ground and needs - _KNOWN_ANYWHERE:
            return ["ground"]
        return sorted(ability for ability in needs if not self.abilities.get(ability, False))

    def token_of(self, run: str, caller: str) -> str:
        """The token that a caller of a trial shows; before the ground everybody has one of their own."""
        if caller == "nobody":
            return ""
        return self.token or (f"{run}-{caller}" if self.ground else "")

    def fill(self, text: bytes, run: str, token: str) -> bytes:
        """Text with its places filled in."""
        if b"@" not in text:
            return text
        name = self.endpoint.removeprefix(self.base).strip("/")
        places = {
            b"@WRITE@": self._harmless,
            b"@RUN@": run,
            b"@BATCH@": name,
            b"@%BATCH@": f"%{ord(name[0]):02x}{name[1:]}",
            b"@%25BATCH@": f"%25{ord(name[0]):02x}{name[1:]}",
            b"@BIGBATCH@": name.upper(),
            b"@WIDEBATCH@": "".join(chr(ord(char) + 0xFEE0) if char.isalpha() else char for char in name),
            b"@ENDPOINT@": self.endpoint,
            b"@HOST@": self.host,
            b"@TRAP@": f"localhost:{self.ground_port or self.port}",
            b"@TOKEN@": token,
            b"@BASE@": self.base,
        }
        read = f"/echo/{run}/".encode() + rb"\1" if self.ground else (self.read or "/").encode().replace(b"\\", b"")
        text = _READ.sub(read, text)
        for place, word in places.items():
            text = text.replace(place, word.encode())
        return text

    @property
    def _harmless(self) -> str:
        """An action that would be seen at the ground if it ran, and does nothing before another server."""
        action: dict[str, Any] = {"method": "get", "relative_path": self.read or "/"}
        if self.ground:
            action = {"method": "post", "relative_path": "/count/@RUN@", "data": {}}
        return msgspec.json.encode(action).decode()

    def is_good(self, result: Any, number: int, run: str) -> bool:
        """Whether a result is what ``good(number)`` is answered with."""
        if not isinstance(result, dict) or result.get("status_code") != self.usual:
            return False
        if not self.ground:
            return True
        body = result.get("body")
        return isinstance(body, dict) and str(body.get("path", "")).endswith(f"/echo/{run}/{number}")

    def ask_with(self, ask: Any) -> None:
        """Where to ask the ground: an async function from a path to a ``Reply``."""
        self._ask = ask

    async def seen(self, run: str) -> list[Event]:
        """The requests of a trial that reached the ground."""
        if not self.ground or self._ask is None:
            return []
        reply: Reply = await self._ask(f"/-ground/seen?run={run}")
        if reply.status != 200:
            raise SetupError(f"The proving ground did not tell what it has seen: it answered {reply.status}.")
        return msgspec.convert(reply.document["seen"], list[Event])
