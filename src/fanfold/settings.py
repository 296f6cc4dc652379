"""Every setting in one place, with its unit and default: read once, never changed.

Later sources win: defaults, then a TOML file, then the environment (``FANFOLD_PORT`` for ``port``), then the command
line.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from fanfold.errors import SetupError

Seed = Annotated[str, msgspec.Meta(pattern=r"^(demo|empty|.+\.(yaml|yml|json))$")]

Plan = Literal["premium", "free"]

WithoutRedis = Literal["local", "deny", "allow"]

Seconds = Annotated[float, msgspec.Meta(gt=0, lt=1_000_000)]
Pause = Annotated[float, msgspec.Meta(ge=0, lt=1_000_000)]
Amount = Annotated[int, msgspec.Meta(ge=1)]

MIB = 1024 * 1024

S = TypeVar("S", bound=msgspec.Struct)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a server is told. Durations are in seconds, sizes in bytes."""

    host: str = "127.0.0.1"
    """Address to listen on; loopback unless told."""

    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8480
    """TCP port; 0 takes a free one."""

    db: str = "fanfold.db"
    """The SQLite file, ``:memory:``, or the PostgreSQL database (``postgresql://user@host/name``)."""

    connections: Amount = 4
    """Connections to PostgreSQL that each worker keeps."""

    workers: Amount = 1
    """Processes that serve the same address; more than one needs PostgreSQL."""

    redis: str = ""
    """The Redis or Valkey that keeps the limits for all workers (``redis://127.0.0.1:6379``); without one each process
    keeps its own."""

    without_redis: WithoutRedis = "local"
    """What holds while Redis is away: ``local`` limits of each worker, to each its share; ``deny`` or ``allow``
    everything."""

    fleet: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Workers that share the limits, on all machines together; unless told, as many as there are here."""

    limits: str = "asana-paid"
    """Rate limits: ``asana-free``, ``asana-paid``, ``off``, or numbers such as ``requests=300,reads=50,writes=15``."""

    seed: Seed = "demo"
    """What a new database starts with: ``demo``, ``empty``, or a seed file (``.yaml``, ``.yml``, ``.json``)."""

    max_actions: Amount = 10
    """Actions in one batch."""

    extended: bool = True
    """Whether actions may use each other's results, and the like; otherwise what says so is ignored, as the real
    service does."""

    max_job_actions: Amount = 1000
    """Actions in a batch that is carried out as a job."""

    max_job_results: Amount = 16 * MIB
    """How much all results of a job may be together."""

    job_deadline: Seconds = 3600.0
    """How long a job may take, from when it was asked for, waiting for limits included."""

    job_results: Seconds = 86_400.0
    """How long a job and its results are kept when it has ended."""

    max_fan_out: Amount = 100
    """Elements that ``for_each`` may make of the actions of one batch, all together."""

    max_body: Amount = MIB
    """Largest request body, uploads apart."""

    max_upload: Amount = 100 * MIB
    """Largest uploaded file."""

    max_wait: Seconds = 1.0
    """How long a request may have to wait for its turn, as far as can be known; where it would be longer, it is refused
    at once (503)."""

    head_timeout: Seconds = 10.0
    """How long a client may take to send the head of a request."""

    body_timeout: Seconds = 30.0
    """How long a client may take to send a body, or to take any more of an answer."""

    action_timeout: Seconds = 30.0
    """How long one action may run."""

    batch_deadline: Seconds = 60.0
    """How long a whole batch may run."""

    drain_delay: Pause = 0.0
    """How long the server goes on when it is told to stop, with ``/readyz`` answering 503, so that load balancers turn
    away first."""

    drain_timeout: Seconds = 30.0
    """How long requests in flight are waited for after that, and once more what goes on in the background."""

    lenient_paths: bool = False
    """Whether an action's path may hold a query string, which the real service refuses."""

    shuffle: int | None = None
    """Test mode: a seed with which the actions of a batch start in random order."""

    search_delay: Pause = 0.0
    """How long it takes until searches see what was written."""

    plan: Plan = "premium"
    """The plan that workspaces are on; on the free one, what has to be paid for answers 402."""

    strict: bool = False
    """Whether unknown fields in ``data`` and unknown parameters are refused, which the real service ignores."""

    journal: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 0
    """Requests that are kept in memory, with their bodies, for the controls to show; 0 keeps none."""

    admin: bool = False
    """Whether the controls at ``/-/admin/`` are open to whoever sits at this machine, without a token."""

    admin_token: str = ""
    """A token that opens the controls at ``/-/admin/`` from anywhere; none unless told."""

    access_log: str = "-"
    """Where the access log goes: ``-`` for standard error, ``off``, or a file."""

    metrics: bool = False
    """Whether metrics for Prometheus are kept and shown at ``/-/metrics``, to whoever can reach it."""

    allow_private_webhooks: bool = False
    """Whether webhooks may go to private addresses and to this machine; to this machine they may anyway if the server
    listens on loopback."""

    strict_webhook_targets: bool = False
    """Whether webhooks may go to public addresses only, wherever the server listens, as with the real service."""

    files: str = ""
    """Directory for uploaded files; beside the database by default."""

    integrations: str = ""
    """Directory with declarations of further APIs (``.yaml``, ``.yml``, ``.toml``, ``.json``)."""

    key_file: str = ""
    """File with the key that accounts are sealed with, unless that is in ``FANFOLD_KEY``; beside the database by
    default, and made where it is not there."""

    allow_private_upstreams: bool = False
    """Whether APIs of accounts may be at private addresses and on this machine; what cloud providers keep for their
    machines alone may never be called."""

    connect_limits: str = "off"
    """Limits of batch requests and of calls to accounts: ``off``, ``truto``, or requests in any ten seconds such as
    ``token=500,account=50``."""

    connect_entries: Annotated[int, msgspec.Meta(ge=1, le=200)] = 200
    """Entries of one batch request."""

    connect_calls: Amount = 1000
    """Calls that one batch request may make."""

    connect_pages: Amount = 100
    """Pages that are read of one list."""

    connect_depth: Amount = 10
    """How deep ``recurse`` goes."""

    connect_records: Amount = 200_000
    """Records that one batch request may hold at once; those that are streamed are not held."""

    connect_size: Amount = 64 * MIB
    """How much these may be altogether."""

    connect_at_once: Amount = 10
    """Calls of one batch request that are under way at once."""

    connect_deadline: Seconds = 30.0
    """How long a batch request may run; what is not there by then is an error in its answer."""

    @property
    def beside(self) -> str | None:
        """The path that what belongs to the database is kept beside; None where nothing outlives the process.

        A database elsewhere has no path here: then it is the working directory, under our name.
        """
        if self.db == ":memory:":
            return None
        return "fanfold.db" if self.on_postgres else self.db

    @property
    def on_postgres(self) -> bool:
        """Whether the database is a PostgreSQL one."""
        return on_postgres(self.db)

    @property
    def sharing(self) -> int:
        """How many workers share the limits."""
        return self.fleet or self.workers


def on_postgres(db: str) -> bool:
    """Whether a ``db`` setting names a PostgreSQL database."""
    return db.startswith(("postgresql://", "postgres://"))


def shown(url: str) -> str:
    """The address of a database without what opens it."""
    return re.sub(r"(?<=://)([^@/:]*)(:[^@/]*)?@", r"\1@", url).partition("?")[0]


def read_settings(
    given: Mapping[str, Any], *, file: Path | None = None, environment: Mapping[str, str] = os.environ
) -> Settings:
    """The settings from all sources; ``given`` are those of the command line. Raises ``SetupError`` for a bad one."""
    return read_as(Settings, given, file=file, environment=environment)


def read_as(
    kind: type[S], given: Mapping[str, Any], *, file: Path | None = None, environment: Mapping[str, str] = os.environ
) -> S:
    """Settings of some kind, from all sources."""
    merged: dict[str, Any] = {}
    if file is not None:
        merged |= _from_file(file)
    for name in kind.__struct_fields__:
        value = environment.get(f"FANFOLD_{name.upper()}")
        if value is not None:
            merged[name] = value
    merged |= {name: value for name, value in given.items() if value is not None}
    try:
        return msgspec.convert(merged, kind, strict=False)
    except msgspec.ValidationError as error:
        raise SetupError(_explain(str(error), merged)) from None


def _explain(error: str, merged: Mapping[str, Any]) -> str:
    reason, _, place = error.replace("`", "").partition(" - at $.")
    if not place:
        return f"The settings are not right: {reason}."
    return f"The setting {place} cannot be {merged.get(place)!r}: {reason}."


def _from_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SetupError(f"The settings file {path} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise SetupError(f"The settings file {path} is not TOML: {error}.") from None
