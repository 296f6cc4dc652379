"""A whole server in a thread of this process, on a port of its own and a database in memory.

It is spoken to over HTTP like any other, also by the controls, so that what a test sees is what a client sees.
"""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.client import HTTPConnection
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from msgspec import json

from fanfold.errors import FanfoldError
from fanfold.server.background import Background
from fanfold.settings import Settings

Json = dict[str, Any]


class ControlRefusedError(FanfoldError):
    """The server refused what a test asked of its controls."""


class AsanaServer:
    """A running server: where it is, a token for it, and its controls.

    ``url`` is the base that clients are given, ``token`` that of the first user. Works as well for a server elsewhere
    that has an admin token.
    """

    def __init__(self, address: str, admin_token: str) -> None:
        """``address``: such as ``http://127.0.0.1:8480``."""
        self.address = address
        self.url = f"{address}/api/1.0"
        self._admin_token = admin_token
        self.token = self.token_for()
        self.clock = Clock(self)

    # -- data --------------------------------------------------------------------------------------------------------

    def reset(self, seed: str | None = None) -> None:
        """Begin anew with ``demo``, ``empty``, or what the server was started with."""
        self.control("POST", "reset", {} if seed is None else {"seed": seed})

    def load(self, seed: Path | str | Mapping[str, Any]) -> None:
        """Put the data of a seed file, or of what would stand in one, in place of all there are."""
        if isinstance(seed, Mapping):
            self.control("POST", "load", seed)
            return
        path = Path(seed)
        kind = "application/json" if path.suffix == ".json" else "application/yaml"
        self.control("POST", f"load?name={quote(path.name)}", path.read_bytes(), content_type=kind)

    def snapshot(self, name: str = "") -> str:
        """Keep the data as they are; the name to restore them by."""
        return str(self.control("POST", "snapshots", {"name": name})["name"])

    def restore(self, name: str) -> None:
        """Go back to a snapshot."""
        self.control("POST", f"snapshots/{quote(name, safe='')}/restore", {})

    def token_for(self, user: str = "") -> str:
        """A fresh token for a user, named by e-mail address or gid; without one for the first."""
        return str(self.control("POST", "tokens", {"user": user})["token"])

    # -- faults ------------------------------------------------------------------------------------------------------

    def fault(self, kind: str, **about: Any) -> Json:
        """Have requests fail (``rate_limit``, ``error``, ``latency``, ``drop``); ``about`` says where and how often."""
        found: Json = self.control("POST", "faults", {"kind": kind, **about})
        return found

    @property
    def faults(self) -> list[Json]:
        """The faults in force, with how often each has struck."""
        found: list[Json] = self.control("GET", "faults")
        return found

    def clear_faults(self) -> None:
        """Have nothing fail any more."""
        self.control("DELETE", "faults")

    def shuffle(self, seed: int | None) -> None:
        """Start the actions of each batch in random order; None for the order written."""
        self.control("PUT", "shuffle", {"seed": seed})

    # -- requests ----------------------------------------------------------------------------------------------------

    @property
    def requests(self) -> list[Json]:
        """What was asked since the last reset, oldest first."""
        return self.requested()

    def requested(self, **wanted: str | int) -> list[Json]:
        """Those whose ``method``, ``status``, ``caller`` and ``user`` are as wanted, and whose path holds ``path``."""
        found: list[Json] = self.control("GET", f"requests?{urlencode(wanted)}")
        return found

    def clear_requests(self) -> None:
        """Forget what was asked."""
        self.control("DELETE", "requests")

    # -- clients -----------------------------------------------------------------------------------------------------

    def configuration(self, token: str = "") -> Any:
        """A configuration for Asana's own Python client, which has to be installed."""
        configuration = import_module("asana").Configuration()
        configuration.host = self.url
        configuration.access_token = token or self.token
        return configuration

    def client(self, token: str = "") -> Any:
        """Asana's own Python client, ready to be used."""
        return import_module("asana").ApiClient(self.configuration(token))

    def control(self, method: str, path: str, body: Any = None, *, content_type: str = "application/json") -> Any:
        """Ask the controls; raises ``ControlRefusedError`` with what they say."""
        parts = urlsplit(self.address)
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        raw = body if isinstance(body, bytes) or body is None else json.encode(body)
        headers = {"Authorization": f"Bearer {self._admin_token}", "Content-Type": content_type}
        try:
            connection.request(method, f"/-/admin/{path}", raw, headers)
            response = connection.getresponse()
            answer = json.decode(response.read())
        finally:
            connection.close()
        if response.status != 200:
            raise ControlRefusedError(answer["errors"][0]["message"])
        return answer["data"]


class Clock:
    """The server's clock."""

    def __init__(self, server: AsanaServer) -> None:
        self._server = server

    @property
    def now(self) -> datetime:
        """The moment that the server believes it is."""
        return datetime.fromisoformat(self._server.control("GET", "clock")["now"])

    def set(self, at: datetime | str) -> None:
        """Stand still at a moment; a text is ISO 8601 with a time zone."""
        self._server.control("PUT", "clock", {"now": at if isinstance(at, str) else at.isoformat()})

    def advance(self, by: timedelta | float) -> None:
        """Stand still so much later; a number is in seconds."""
        seconds = by.total_seconds() if isinstance(by, timedelta) else by
        self._server.control("POST", "clock/advance", {"seconds": seconds})

    def resume(self) -> None:
        """Run again."""
        self._server.control("DELETE", "clock")


@contextmanager
def running(**settings: Any) -> Iterator[AsanaServer]:
    """A server for the length of a block. ``settings`` are those of the server; by default there are no limits."""
    with tempfile.TemporaryDirectory(prefix="fanfold-testing-", ignore_cleanup_errors=True) as directory:
        admin_token = secrets.token_urlsafe(32)
        told = {
            "port": 0,
            "db": ":memory:",
            "files": directory,
            "limits": "off",
            "access_log": "off",
            "journal": 1000,
            "drain_timeout": 1.0,
            "admin_token": admin_token,
        }
        server = Background(Settings(**{**told, **settings}))
        server.start()
        try:
            yield AsanaServer(server.address, settings.get("admin_token") or admin_token)
        finally:
            server.stop()
