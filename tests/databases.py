"""Which database the tests of the work API run over: SQLite in memory, or PostgreSQL where FANFOLD_TEST_DB says so.

``FANFOLD_TEST_DB=postgresql`` finds a server by itself: that of TEST_POSTGRES_URL, else one on this machine. Each
process that runs tests has a database of its own there, which is emptied between tests.
"""

import os
import sys
from contextlib import contextmanager
from functools import cache
from urllib.parse import urlsplit, urlunsplit

import pytest

from fanfold.settings import shown
from fanfold.work.store import SqliteStore

HERE = "postgresql://postgres@127.0.0.1:5432/postgres"


def over_postgres():
    """Whether the tests of the work API are to run over PostgreSQL."""
    return os.environ.get("FANFOLD_TEST_DB", "").startswith("postgres")


def server():
    """The URL of a server that tests may use."""
    named = os.environ.get("FANFOLD_TEST_DB", "")
    return named if "://" in named else os.environ.get("TEST_POSTGRES_URL", HERE)


@cache
def unreachable():
    """Why there is no server, or an empty text."""
    import psycopg  # noqa: PLC0415 - an extra

    try:
        psycopg.connect(server(), connect_timeout=3).close()
    except psycopg.Error as error:
        return f"no PostgreSQL at {shown(server())}: {str(error).strip().splitlines()[0]}"
    return ""


def need_postgres():
    """Skip the test where there is no server, unless there has to be one."""
    why = unreachable()
    if why and os.environ.get("FANFOLD_REQUIRE_SERVICES") != "1":
        pytest.skip(why)
    assert not why, why


def url_of(name):
    """The URL of a database on the server."""
    return urlunsplit(urlsplit(server())._replace(path=f"/{name}"))


def run(*statements, url=""):
    """Run statements outside of any transaction."""
    import psycopg  # noqa: PLC0415 - an extra

    with psycopg.connect(url or server(), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def make(name):
    """A new database with nothing in it; its URL."""
    drop(name)
    run(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")
    return url_of(name)


def drop(name):
    """Remove a database, whoever is connected to it."""
    run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def own_name():
    """The name that databases of this process begin with."""
    return f"fanfold_test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}"


class Postgres:
    """A database that is made once for this process and emptied for each test."""

    def __init__(self):
        from fanfold.work.store.postgres import PostgresStore  # noqa: PLC0415 - an extra
        from fanfold.work.store.wire import BlockingWire  # noqa: PLC0415 - an extra

        class Kept(BlockingWire):
            """A connection that is used again and again, so that its statements are prepared only once."""

            def close(self):
                self.ask("ROLLBACK")

        self.name = own_name()
        self.url = make(self.name)
        run(f"ALTER DATABASE {self.name} SET synchronous_commit = off")
        PostgresStore.open(self.url).close()
        self._emptied = self._emptying()
        self._wire = Kept(self.url)
        self._make = PostgresStore
        self._times = 0

    def _emptying(self):
        tables = """
            SELECT string_agg(format('DELETE FROM %I', relname), '; ') FROM pg_class
            WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
              AND relname NOT IN ('fanfold_migration', 'setting')
        """
        sequences = """
            SELECT string_agg(format('SELECT setval(%L, seqstart, false)', seqrelid::regclass), '; ') FROM pg_sequence
        """
        import psycopg  # noqa: PLC0415 - an extra

        with psycopg.connect(self.url) as connection:
            parts = [connection.execute(sql).fetchone()[0] for sql in (tables, sequences)]
        parts[1] = parts[1].replace("seqstart", "1").replace("'gid', 1", "'gid', 1001")
        return "; ".join(["DELETE FROM setting WHERE name <> 'signing_key'", *parts])

    def store(self):
        """A store with nothing in it."""
        self._wire.ask("ROLLBACK")
        self._wire._connection.execute(self._emptied)
        self._times += 1
        if self._times % 50 == 0:
            self._wire.ask("VACUUM")  # what was removed would have to be passed over by all who come later
        return self._make(self._wire, self.url)

    def again(self):
        """The store as another process sees it."""
        from fanfold.work.store.postgres import PostgresStore  # noqa: PLC0415 - an extra

        return PostgresStore.open(self.url)

    def remove(self):
        """Remove the database."""
        self._wire._connection.close()
        drop(self.name)


@cache
def postgres():
    """This process's database."""
    need_postgres()
    return Postgres()


def new_store(path=":memory:"):
    """A store with nothing in it: in the file ``path``, unless the tests run over PostgreSQL."""
    return postgres().store() if over_postgres() else SqliteStore(path)


def new_store_in(database, path=":memory:"):
    """The same in a certain database: ``sqlite`` or ``postgres``."""
    return postgres().store() if database == "postgres" else SqliteStore(path)


def same_store(path):
    """What is in that store, as another process sees it."""
    return postgres().again() if over_postgres() else SqliteStore(path)


@contextmanager
def queries(store):
    """What the store asks its database meanwhile: statements of SQLite, or all that PostgreSQL is waited for."""
    found = []
    if isinstance(store, SqliteStore):
        store._connection.exec_trace = lambda _, sql, __: found.append(sql) or True
        yield found
        store._connection.exec_trace = None
        return
    wire = store._wire
    whole = {name: getattr(wire, name) for name in ("ask", "ask_all", "look_up")}

    def noted(name):
        def ask(*asked):
            found.append((name, *asked))
            kept, wire.__dict__ = wire.__dict__, wire.__dict__ | whole  # what it asks itself with is no question more
            try:
                return whole[name](*asked)
            finally:
                wire.__dict__ = kept

        return ask

    for name in whole:
        setattr(wire, name, noted(name))
    yield found
    for name in whole:
        delattr(wire, name)


def _say():
    """Say on the command line whether there is a server: exit code 0, 3 for none, 1 where there has to be one."""
    why = unreachable()
    if why:
        sys.stderr.write(f"Skipped: {why}.\n")
    sys.exit((1 if os.environ.get("FANFOLD_REQUIRE_SERVICES") == "1" else 3) if why else 0)


if __name__ == "__main__":
    _say()
