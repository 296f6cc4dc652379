"""Starting and stopping: everything that can be wrong is found before the first request, and said in one sentence."""

from __future__ import annotations

import asyncio
import gc
import resource
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Protocol, cast

import msgspec
import uvicorn
from msgspec import Struct

from fanfold.errors import SetupError
from fanfold.limits import profile
from fanfold.server.anteroom import Anteroom
from fanfold.server.app import App
from fanfold.server.connect.first import first_account
from fanfold.server.databases import Elsewhere, at_once, open_database
from fanfold.server.draining import DrainingServer, Patience, end_soon
from fanfold.server.listening import address_of, listen
from fanfold.server.protocol import BoundedProtocol
from fanfold.server.readiness import Readiness
from fanfold.server.seed_source import BUILT_IN, first_data
from fanfold.server.supervisor import supervise
from fanfold.server.tokens import issue
from fanfold.server.uploads import discard_left, files_of
from fanfold.server.workers import Told
from fanfold.serving.bodies import Receive, Scope, Send
from fanfold.settings import Settings
from fanfold.settings import shown as address_shown
from fanfold.work import Store
from fanfold.work.clock import stamp, utc_now
from fanfold.work.seed import FIRST_USER, first_user, seed

Say = Callable[[str], None]


class Application(Protocol):
    """What can be served."""

    @property
    def readiness(self) -> Readiness:
        """Whether it is ready for requests."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An ASGI application."""


class Served(Struct, frozen=True):
    """What a process serves: an application, with how patient it is, and what it says when it listens."""

    app: Application
    patience: Patience
    greet: Callable[[], None] = lambda: None


def open_store(settings: Settings) -> Store | Elsewhere:
    """The database, with its first data in it."""
    return open_database(settings, partial(_give_first_data, settings))


def _give_first_data(settings: Settings, store: Store) -> None:
    if settings.seed in BUILT_IN:
        seed(store, settings.seed)
    elif store.setting(FIRST_USER) is None:
        source = first_data(settings.seed)
        store.take_over_once(source, FIRST_USER)
        source.close()


def serve(
    settings: Settings, *, token: str = "", say: Say = print, again: Callable[[], Settings] | None = None
) -> None:
    """Serve until told to stop. ``token`` is made valid for the first user; without any a fresh one is printed once.

    ``again`` reads the settings anew, for several workers, which can be given others while they serve.
    """
    check(settings)
    if settings.workers > 1:
        supervise(WORKER, settings, partial(_again, again or (lambda: settings)), token)
        return
    store = open_store(settings)
    listener = listen(settings)
    served = _served(settings, store, address_of(listener), token, say)
    served.greet()
    run(served.app, settings, listener)


def _again(read: Callable[[], Settings]) -> Settings:
    settings = read()
    check(settings)
    return settings


WORKER = "fanfold.server.run:worker"


def worker(told: Told) -> Served:
    """What one of several workers serves."""
    settings = msgspec.json.decode(told.settings, type=Settings)
    return _served(settings, open_store(settings), told.address, told.token, print if told.first else None)


def check(settings: Settings) -> None:
    """Raise ``SetupError`` for settings that do not go together."""
    if settings.workers == 1:
        return
    if not settings.on_postgres:
        raise SetupError(
            f"Several workers cannot share {settings.db}: give them a PostgreSQL database, --db postgresql://…, "
            "or leave out --workers."
        )
    if settings.admin or settings.admin_token or settings.journal:
        raise SetupError(
            "The controls and the journal are of one process: leave out --admin, admin_token and journal, or --workers."
        )


def _served(settings: Settings, store: Store | Elsewhere, address: str, token: str, say: Say | None) -> Served:
    """What is served; ``say`` is None for all workers but the first."""
    app = application(settings, store, address)
    if settings.integrations or settings.connect_limits != "off":
        app.connect()  # what is wrong with these is to be found now
    if say is None:
        return Served(app, settings)
    # Before anybody is let in, so that the token is good from the first answer on.
    welcome = partial(_welcome, token)
    found = welcome(store) if isinstance(store, Store) else at_once(settings, welcome)
    return Served(app, settings, partial(_greet, settings, address, found, say))


def run(app: Application, settings: Patience, listener: socket.socket) -> None:
    """Serve an application until told to stop."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    settle()
    DrainingServer(configuration(app, settings), settings, listener, leaving=app.readiness.leave).run()
    end_soon()


def settle() -> None:
    """Make ready for a long life: what there is by now stays, and there may be as many connections as are allowed."""
    gc.freeze()
    # In the midst of the three, what has come to be since the last time is looked through while everybody waits: not
    # for as long as it takes with a million objects, which with jobs of thousands of actions was a quarter of a second.
    gc.set_threshold(20_000, 10, 500)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):  # where more is told than can be had
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def application(settings: Settings, store: Store | Elsewhere, address: str) -> App:
    """What is served at an address."""
    durable: Path | str | None = None if settings.beside is None else Path(f"{settings.beside}-work")
    if settings.on_postgres:
        durable = settings.db
    discard_left(files_of(settings), alone=settings.workers == 1)
    return App(settings, store, address=address, durable=durable)


def configuration(app: Application, settings: Patience) -> uvicorn.Config:
    """How the server library is to serve it."""
    protocol = partial(
        BoundedProtocol,
        anteroom=Anteroom(settings.max_wait),
        head_timeout=settings.head_timeout,
        patience=settings.body_timeout,
    )
    return uvicorn.Config(
        app,
        loop="auto",
        http=cast("type[asyncio.Protocol]", protocol),
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
    )


def _greet(settings: Settings, address: str, found: tuple[str, str], say: Say) -> None:
    fresh, account = found
    database = address_shown(settings.db) if settings.on_postgres else settings.db
    say(f"Fanfold is listening on {address}  (database {database}, limits {settings.limits})")
    say(f"API           {address}/api/1.0")
    say(f"Reference     {address}/docs")
    if account:
        say(f"Account       {account}   (the work API, for {address}/batch-request)")
    if settings.workers > 1:
        say(f"Workers       {settings.workers}{_shares(settings)}")
    if fresh:
        say(f"Token         {fresh}   (shown this once; more with: fanfold token create --db {database})")
    shown = fresh or "$FANFOLD_TOKEN"
    say("\nTry a batch:\n" + curl(address, shown))
    sys.stdout.flush()


def _welcome(token: str, store: Store) -> tuple[str, str]:
    """A token made for the first user, where there is none yet, and the account that is there from the start."""
    fresh = ""
    if token:
        issue(store, first_user(store), "command line", utc_now(), token)
    elif not any(revoked is None for *_, revoked in store.tokens()):
        fresh = issue(store, first_user(store), "first start", utc_now())
    return fresh, first_account(store, stamp(utc_now()))


def _shares(settings: Settings) -> str:
    """What is to be known of limits that several workers keep each for itself."""
    rules = profile(settings.limits).shared_by(settings.sharing, batch=settings.max_actions).rules
    if settings.redis or not rules:
        return ""
    shares = ", ".join(f"{rule.name}={rule.limit}" for rule in rules)
    return f", each with its share of the limits ({shares}); with --redis they count together"


def curl(address: str, token: str) -> str:
    """A batch that can be pasted into a shell."""
    actions = (
        '{"method": "get", "relative_path": "/users/me"}, '
        '{"method": "get", "relative_path": "/projects", "options": {"limit": 3, "fields": ["name"]}}'
    )
    return (
        f"  curl -s {address}/api/1.0/batch?opt_pretty \\\n"
        f'    -H "Authorization: Bearer {token}" -H "Content-Type: application/json" \\\n'
        f'    -d \'{{"data": {{"actions": [{actions}]}}}}\'\n'
    )
