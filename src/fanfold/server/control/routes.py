"""The controls as HTTP: which path and method does what. Beside the API, not in it, so that no batch can lead here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from time import time_ns
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote

import msgspec

from fanfold.errors import NoSuchRoute, RequestError, SetupError
from fanfold.model import Answer
from fanfold.server.admin import user_named
from fanfold.server.control.data import Data
from fanfold.server.control.faults import Fault
from fanfold.server.control.guard import Guard
from fanfold.server.control.levers import Levers
from fanfold.server.control.orders import Advance, Keep, Now, Reset, Shuffle, Snapshot, TokenFor
from fanfold.server.seed_source import filled, parsed
from fanfold.server.tokens import keep_token, make_token
from fanfold.server.uploads import files_of
from fanfold.serving.bodies import Receive, Scope, header, read_body, read_json, read_query
from fanfold.work.clock import stamp
from fanfold.work.coverage import coverage
from fanfold.work.seed import first_user
from fanfold.work.session import Session

if TYPE_CHECKING:
    from fanfold.server.app import App

PREFIX = b"/-/admin/"

Order = TypeVar("Order")

NOTHING: dict[str, Any] = {}

FILTERS = ("method", "path", "status", "caller", "user")


class Control:
    """What may be done to a running server, for those whom the guard lets in."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._guard = Guard(app.settings)
        self._levers = Levers(app)
        self.data = Data(app.settings, app.api, files_of(app.settings))

    async def answer(self, scope: Scope, receive: Receive) -> Answer:
        """Do what is asked; raises ``RequestError`` for whoever may not, and for what cannot be."""
        self._guard.check(scope)
        path = scope["raw_path"][len(PREFIX) :].decode("latin-1")
        name, _, rest = path.partition("/")
        does: Callable[[], object] | None = None
        if scope["method"] == "GET":
            does = self._read(name, rest, scope)
        elif scope["method"] == "DELETE":
            does = self._remove(name, rest)
        elif scope["method"] in ("POST", "PUT"):
            body = await self._body(scope, receive, raw=name == "load")
            does = self._change(scope["method"], name, unquote(rest), body, scope)
        if does is None:
            raise NoSuchRoute
        try:
            found = does()
            if isinstance(found, Awaitable):
                found = await found
        except SetupError as error:
            raise RequestError(error.message) from None
        return Answer(200, msgspec.json.encode({"data": NOTHING if found is None else found}), trusted=True)

    async def _body(self, scope: Scope, receive: Receive, *, raw: bool) -> Any:
        settings = self._app.settings
        most = settings.max_upload if raw else settings.max_body
        body = await read_body(scope, receive, most, settings.body_timeout)
        return body if raw else read_json(body) or {}

    def _read(self, name: str, rest: str, scope: Scope) -> Callable[[], object] | None:
        if rest:
            return None
        query = dict(read_query(scope["query_string"]))
        return {
            "": self._state,
            "clock": self._clock,
            "coverage": coverage,
            "faults": lambda: [rule.shown() for rule in self._app.faults.rules],
            "requests": lambda: self._requests(query),
            "snapshots": self.data.snapshots,
        }.get(name)

    def _remove(self, name: str, rest: str) -> Callable[[], object] | None:
        if rest:
            return {
                "faults": lambda: self._levers.forget_fault(rest),
                "snapshots": lambda: self.data.discard(unquote(rest)),
            }.get(name)
        return {
            "clock": self._app.clock.resume,
            "faults": self._levers.forget_faults,
            "requests": self._levers.forget_requests,
        }.get(name)

    def _change(self, method: str, name: str, rest: str, body: Any, scope: Scope) -> Callable[[], object] | None:
        snapshot, _, verb = rest.partition("/")
        if name == "snapshots" and verb == "restore" and method == "POST":
            return lambda: self._restore(snapshot)
        return {
            ("POST", "reset", ""): lambda: self._reset(read(body, Reset)),
            ("POST", "load", ""): lambda: self._load(body, scope),
            ("POST", "snapshots", ""): lambda: self._save(read(body, Snapshot)),
            ("POST", "tokens", ""): lambda: self._token(read(body, TokenFor)),
            ("POST", "faults", ""): lambda: self._levers.add_fault(read(body, Fault)).shown(),
            ("PUT", "requests", ""): lambda: self._levers.keep_journal(read(body, Keep).keep),
            ("PUT", "clock", ""): lambda: self._set_clock(read(body, Now)),
            ("POST", "clock", "advance"): lambda: self._advance(read(body, Advance)),
            ("PUT", "shuffle", ""): lambda: self._app.engine.shuffle(read(body, Shuffle).seed),
        }.get((method, name, rest))

    # -- data --------------------------------------------------------------------------------------------------------

    async def _state(self) -> object:
        app = self._app
        user = await app.api.read(lambda session: first_user(session.store))
        return {
            "clock": self._clock(),
            "faults": len(app.faults.rules),
            "journal": 0 if app.journal is None else app.journal.most,
            "user": str(user),
        }

    async def _reset(self, wanted: Reset) -> None:
        await self.data.begin_anew(wanted.seed or self._app.settings.seed)
        await self._levers.begin_anew()

    async def _load(self, body: bytes, scope: Scope) -> None:
        is_json = header(scope["headers"], b"content-type").startswith(b"application/json")
        source = dict(read_query(scope["query_string"])).get("name", "seed")
        store = filled(parsed(body, source, is_json=is_json), source, self._app.clock)
        try:
            await self.data.replace(store)
        finally:
            store.close()
        await self._levers.data_changed()

    async def _save(self, wanted: Snapshot) -> object:
        name = wanted.name or f"snapshot-{time_ns()}"
        await self.data.save(name)
        return {"name": name}

    async def _restore(self, name: str) -> None:
        await self.data.restore(name)
        await self._levers.data_changed()

    async def _token(self, wanted: TokenFor) -> object:
        token = make_token()

        def keep(session: Session) -> int:
            store = session.store
            user = user_named(store, wanted.user) if wanted.user else first_user(store)
            keep_token(store, user, wanted.name, session.now(), token)
            return user

        return {"token": token, "user": str(await self._app.api.write(keep))}

    # -- requests ----------------------------------------------------------------------------------------------------

    def _requests(self, query: dict[str, str]) -> object:
        after = query.pop("after", "0")
        for name in query:
            if name not in FILTERS:
                raise RequestError(f"{name}: Must be one of {', '.join(FILTERS)}, after")
        if not after.isascii() or not after.isdigit() or len(after) > 18:
            raise RequestError("after: Must be the number of a request")
        journal = self._app.journal
        return [] if journal is None else journal.entries(query, int(after))

    # -- time --------------------------------------------------------------------------------------------------------

    def _clock(self) -> object:
        clock = self._app.clock
        return {"now": stamp(clock()), "fixed": clock.fixed}

    def _set_clock(self, wanted: Now) -> object:
        self._app.clock.set(wanted.now)
        self._app.courier.open()
        return self._clock()

    def _advance(self, wanted: Advance) -> object:
        try:
            self._app.clock.advance(timedelta(seconds=wanted.seconds))
        except OverflowError:
            raise RequestError("seconds: Too far") from None
        self._app.courier.open()
        return self._clock()


def read(body: Any, order: type[Order]) -> Order:
    """The body as what is expected there; raises ``RequestError`` with the place that is wrong."""
    try:
        return msgspec.convert(body, order)
    except msgspec.ValidationError as error:
        raise RequestError(f"The body is not right: {error}") from None
