"""Starting and stopping: everything that can be wrong is found before the first request, and said in one sentence."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Protocol, cast

import uvicorn

from fanfold.errors import SetupError
from fanfold.server.app import App
from fanfold.server.connect.first import first_account
from fanfold.server.protocol import BoundedProtocol
from fanfold.server.seed_source import BUILT_IN, first_data
from fanfold.server.tokens import issue
from fanfold.server.uploads import discard_all, files_of
from fanfold.serving.bodies import Receive, Scope, Send
from fanfold.settings import Settings
from fanfold.work import SqliteStore, Store
from fanfold.work.clock import stamp, utc_now
from fanfold.work.seed import FIRST_USER, first_user, seed

Say = Callable[[str], None]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class Place(Protocol):
    """Where to listen."""

    @property
    def host(self) -> str:
        """An address."""

    @property
    def port(self) -> int:
        """A TCP port; 0 takes a free one."""


class Patience(Protocol):
    """How long clients may take, in seconds; see the settings."""

    @property
    def body_timeout(self) -> float:
        """For a head or a body."""

    @property
    def drain_timeout(self) -> float:
        """For what is in flight when the server stops."""


def listen(settings: Place) -> socket.socket:
    """The listening socket; raises ``SetupError`` where the address is taken or not ours."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise SetupError(
            f"Port {settings.port} on {settings.host} cannot be used ({error.strerror}); choose another with --port."
        ) from None
    except OverflowError:
        listener.close()
        raise SetupError(f"The port must be a number from 0 to 65535, not {settings.port}.") from None
    listener.listen(2048)
    listener.set_inheritable(True)
    return listener


def address_of(listener: socket.socket) -> str:
    """The URL that the socket is reached at."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def open_store(settings: Settings) -> Store:
    """The database, with its first data in it."""
    store = SqliteStore(settings.db)
    if settings.seed in BUILT_IN:
        seed(store, settings.seed)
    elif store.setting(FIRST_USER) is None:
        source = first_data(settings.seed)
        store.take_over(source)
        source.close()
    return store


def serve(settings: Settings, *, token: str = "", say: Say = print) -> None:
    """Serve until told to stop. ``token`` is made valid for the first user; without any a fresh one is printed once."""
    store = open_store(settings)
    listener = listen(settings)
    address = address_of(listener)
    app = application(settings, store, address)
    if settings.integrations or settings.connect_limits != "off":
        app.connect()  # what is wrong with these is to be found now
    _greet(settings, store, address, token, say)
    run(app, settings, listener)


def run(app: Application, settings: Patience, listener: socket.socket) -> None:
    """Serve an application until told to stop."""
    # The library raises the signal once more when all is done, and dying of it would not look like a clean end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)
    uvicorn.Server(configuration(app, settings)).run(sockets=[listener])


def application(settings: Settings, store: Store, address: str) -> App:
    """What is served at an address."""
    durable = None if settings.db == ":memory:" else Path(f"{settings.db}-work")
    discard_all(files_of(settings))
    return App(settings, store, address=address, durable=durable)


def configuration(app: Application, settings: Patience) -> uvicorn.Config:
    """How the server library is to serve it."""
    return uvicorn.Config(
        app,
        loop="auto",
        http=cast("type[asyncio.Protocol]", partial(BoundedProtocol, patience=settings.body_timeout)),
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=int(settings.drain_timeout),
    )


def _greet(settings: Settings, store: Store, address: str, token: str, say: Say) -> None:
    fresh = ""
    if token:
        issue(store, first_user(store), "command line", utc_now(), token)
    elif not any(revoked is None for *_, revoked in store.tokens()):
        fresh = issue(store, first_user(store), "first start", utc_now())
    say(f"Fanfold is listening on {address}  (database {settings.db}, limits {settings.limits})")
    say(f"API           {address}/api/1.0")
    say(f"Reference     {address}/docs")
    account = first_account(store, stamp(utc_now()))
    if account:
        say(f"Account       {account}   (the work API, for {address}/batch-request)")
    if fresh:
        say(f"Token         {fresh}   (shown this once; more with: fanfold token create --db {settings.db})")
    shown = fresh or "$FANFOLD_TOKEN"
    say("\nTry a batch:\n" + curl(address, shown))
    sys.stdout.flush()


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
