"""A PostgreSQL server of a scenario's own, to be stopped, killed and started again, and databases in it."""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from msgspec import json

from faults.setting import UnableError

PLACES = ("/usr/lib/postgresql/*/bin", "/usr/local/pgsql/bin", "/opt/homebrew/opt/postgresql*/bin")
MOST_CONNECTIONS = 60
ACCOUNT = "postgres"
"""Whose server it is where we are root, as which it would not run."""


class PostgresServer:
    """One server in a folder of its own, on a port that only this machine reaches."""

    def __init__(self, port: int) -> None:
        self._bin = _binaries()
        self._folder = Path(tempfile.mkdtemp(prefix="faults-postgres-"))
        self.port = port
        self._as: list[str] = []
        if getpass.getuser() == "root":
            account = pwd.getpwnam(ACCOUNT)
            os.chown(self._folder, account.pw_uid, account.pw_gid)
            self._as = ["runuser", "-u", ACCOUNT, "--"]
        self._run("initdb", "-D", self._data, "-U", "faults", "--auth=trust", "-E", "UTF8", "--no-sync")
        with (self._folder / "data" / "postgresql.conf").open("a") as conf:
            conf.write(f"port = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{self._folder}'\n")
            conf.write(f"max_connections = {MOST_CONNECTIONS}\nshared_buffers = 64MB\n")

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    def url(self, database: str = "postgres") -> str:
        """Where a database is."""
        return f"postgresql://faults@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start, and wait until it answers."""
        self._run("pg_ctl", "-D", self._data, "-w", "-t", "60", "-l", str(self._folder / "log"), "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stop: ``immediate`` as if the power had failed."""
        self._run("pg_ctl", "-D", self._data, "-w", "-m", mode, "stop")

    def make(self, database: str) -> None:
        """A new database."""
        self.ask(f"CREATE DATABASE {database}")

    def copy(self, database: str, of: str) -> None:
        """A copy of a database that nobody has open."""
        self.ask(f"CREATE DATABASE {database} TEMPLATE {of}")

    def ask(self, sql: str) -> None:
        """Run a statement."""
        import psycopg  # noqa: PLC0415 - an extra

        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(sql)

    def kick(self, database: str) -> int:
        """End every connection with a database; how many there were."""
        return len(
            self._answers(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
                database,
            )
        )

    def _answers(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        import psycopg  # noqa: PLC0415 - an extra

        with psycopg.connect(self.url(), autocommit=True) as connection:
            return connection.execute(sql, values).fetchall()  # type: ignore[arg-type]

    @contextmanager
    def crowded(self, database: str) -> Iterator[None]:
        """Have others take every connection that is left, and end those that there are, for as long as a block."""
        import psycopg  # noqa: PLC0415 - an extra

        with ExitStack() as others:
            self.kick(database)
            taken = 0
            while taken < MOST_CONNECTIONS:
                try:
                    others.enter_context(psycopg.connect(self.url(), application_name="others"))
                except psycopg.OperationalError:
                    break
                taken += 1
            yield

    @contextmanager
    def locked(self, database: str) -> Iterator[None]:
        """Have another hold what every writer needs for as long as a block."""
        import psycopg  # noqa: PLC0415 - an extra

        with psycopg.connect(self.url(database)) as other:
            other.execute("LOCK TABLE record IN ACCESS EXCLUSIVE MODE")
            yield

    @contextmanager
    def read_only(self, database: str) -> Iterator[None]:
        """Have every connection with a database be for reading only, as with one that is the primary no more."""
        self.ask(f"ALTER DATABASE {database} SET default_transaction_read_only = on")
        self.kick(database)
        try:
            yield
        finally:
            self.ask(f"ALTER DATABASE {database} RESET default_transaction_read_only")
            self.kick(database)

    def remove(self) -> None:
        """Stop, and leave nothing behind."""
        command = [*self._as, f"{self._bin}/pg_ctl", "-D", self._data, "-m", "immediate", "stop"]
        subprocess.run(command, capture_output=True, check=False, cwd="/")
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, program: str, *words: str) -> None:
        command = [*self._as, f"{self._bin}/{program}", *words]
        subprocess.run(command, check=True, capture_output=True, cwd="/", stdin=subprocess.DEVNULL)


def _binaries() -> Path:
    found = sorted(path for place in PLACES for path in Path("/").glob(place.lstrip("/")))
    if not found:
        raise UnableError("there is no PostgreSQL server on this machine to start one's own")
    return found[-1]


class PostgresInside:
    """A PostgreSQL database, only read."""

    def __init__(self, url: str) -> None:
        self._url = url

    def _rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        import psycopg  # noqa: PLC0415 - an extra

        with psycopg.connect(self._url, autocommit=True) as connection:
            return connection.execute(sql, values).fetchall()  # type: ignore[arg-type]

    def documents(self, gids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The documents of the records that are there, by gid."""
        rows = self._rows("SELECT gid, document::text FROM record WHERE gid = ANY (%s)", [int(gid) for gid in gids])
        return {str(gid): json.decode(document) for gid, document in rows}

    def named(self, kind: str, beginning: str) -> list[tuple[str, str]]:
        """Gid and name of the records of a kind whose name begins so."""
        sql = (
            "SELECT gid, document ->> 'name' FROM record "
            "WHERE kind = %s AND workspace > 0 AND starts_with(document ->> 'name', %s)"
        )
        return [(str(gid), name) for gid, name in self._rows(sql, kind, beginning)]

    def unfinished_jobs(self) -> int:
        """How many jobs are under way."""
        return int(self.value("SELECT count(*) FROM record WHERE caller IS NOT NULL"))

    def unsound(self) -> list[str]:
        """What is wrong with the database: checked by the server's own means, and links that lead nowhere."""
        self._check()
        found = []
        for side in ("owner", "target"):
            sql = f"SELECT {side}, field FROM link l WHERE {side} NOT IN (SELECT gid FROM record) LIMIT 3"
            found += [f"I10: a link {field} hangs on {gid}, which is not there" for gid, field in self._rows(sql)]
        return found

    def _check(self) -> None:
        """Raises where an index does not fit its table."""
        import psycopg  # noqa: PLC0415 - an extra

        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS amcheck")
            connection.execute(
                "SELECT bt_index_check(c.oid, true) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
                "JOIN pg_am a ON a.oid = c.relam WHERE a.amname = 'btree' AND c.relnamespace = 'public'::regnamespace"
            ).fetchall()

    def value(self, sql: str) -> Any:
        """The first value that a query finds. Its words have to be those of both databases."""
        return self._rows(sql)[0][0]
