"""Making and changing the tables in PostgreSQL: numbered scripts, each run once, all or nothing.

A database without tables is made at once by whoever opens it. One that is older is only changed when somebody says so
(``fanfold db upgrade``): whoever runs several versions side by side must know when.
"""

from __future__ import annotations

import re
import secrets
from importlib import resources

from msgspec import Struct

from fanfold.errors import SetupError
from fanfold.work.store.wire import Wire

OLDEST = 150_000
"""The oldest PostgreSQL that will do, as it calls itself."""

_LOCK = 0x66616E67
"""The advisory lock of whoever changes the tables."""

_RECORDS = """
CREATE TABLE fanfold_migration (
    number     integer     PRIMARY KEY,
    name       text        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)"""


class Migration(Struct, frozen=True):
    """One script."""

    number: int
    name: str
    statements: tuple[str, ...]

    @property
    def title(self) -> str:
        """How it is called in lists."""
        return f"{self.number:04}_{self.name}"


def known() -> list[Migration]:
    """All migrations, in order."""
    scripts = resources.files(__package__).joinpath("migrations").iterdir()
    return [_read(path.name, path.read_text()) for path in sorted(scripts, key=lambda path: path.name)]


def _read(file: str, text: str) -> Migration:
    number, _, name = file.removesuffix(".sql").partition("_")
    text = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    statements = (part.strip() for part in re.split(r";(?=\s|$)", re.sub(r"--.*", "", text)))
    return Migration(int(number), name, tuple(part for part in statements if part))


def layout(wire: Wire) -> int | None:
    """The number of the last migration that was applied; None where no table for them is there."""
    found = wire.ask("SELECT to_regclass('fanfold_migration') IS NOT NULL").fetchone()
    if found is None or not found[0]:
        return None
    last = wire.ask("SELECT coalesce(max(number), 0)::bigint FROM fanfold_migration").fetchone()
    return int(last[0]) if last else 0


def pending(wire: Wire) -> list[Migration]:
    """What is still to be applied."""
    done = layout(wire) or 0
    return [migration for migration in known() if migration.number > done]


def prepare(wire: Wire, path: str) -> None:
    """Make the tables in an empty database; raises ``SetupError`` where they are not as they are needed."""
    _check_server(wire, path)
    done, last = layout(wire), known()[-1].number
    if done is None:
        _make(wire, path)
        done = layout(wire) or 0
    if done < last:
        raise SetupError(
            f"The database {path} has an older layout ({done}, this Fanfold needs {last}); bring it up to date with: "
            f"fanfold db upgrade --db {path}"
        )
    if done > last:
        raise SetupError(
            f"The database {path} was written by a newer Fanfold (layout {done}, this knows {last}); upgrade Fanfold "
            "or choose another database with --db."
        )


def upgrade(wire: Wire, path: str) -> list[Migration]:
    """Apply what is pending, each migration in a transaction of its own; what was applied."""
    _check_server(wire, path)
    if layout(wire) is None:
        _make(wire, path)
        return known()
    applied = []
    for migration in pending(wire):
        wire.tell("BEGIN")
        try:
            wire.ask("SELECT pg_advisory_xact_lock($1)", (_LOCK,))
            if migration.number > (layout(wire) or 0):
                _apply(wire, migration)
                applied.append(migration)
            wire.ask("COMMIT")
        except BaseException:
            wire.tell("ROLLBACK")
            raise
    return applied


def _check_server(wire: Wire, path: str) -> None:
    found = wire.ask("SELECT current_setting('server_version_num')::bigint, current_setting('server_encoding')")
    version, encoding = found.fetchone() or (0, "")
    if version < OLDEST:
        raise SetupError(f"The database {path} is in PostgreSQL {version // 10_000}; it has to be 15 or newer.")
    if encoding != "UTF8":
        raise SetupError(f"The database {path} has the encoding {encoding}; make one with the encoding UTF8.")


def _make(wire: Wire, path: str) -> None:
    """Make all tables in a database that has none; whoever else has just done so is waited for."""
    wire.tell("BEGIN")
    try:
        wire.ask("SELECT pg_advisory_xact_lock($1)", (_LOCK,))
        if layout(wire) is None:
            _refuse_foreign(wire, path)
            wire.ask(_RECORDS)
            for migration in known():
                _apply(wire, migration)
            wire.tell("INSERT INTO setting (name, value) VALUES ('signing_key', $1)", (secrets.token_bytes(32),))
        wire.ask("COMMIT")
    except BaseException:
        wire.tell("ROLLBACK")
        raise


def _refuse_foreign(wire: Wire, path: str) -> None:
    found = wire.ask(
        "SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f') "
        "AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())"
    ).fetchone()
    if found and found[0]:
        raise SetupError(f"The database {path} belongs to another program; choose an empty one with --db.")


def _apply(wire: Wire, migration: Migration) -> None:
    for statement in migration.statements:
        wire.ask(statement)
    wire.ask("INSERT INTO fanfold_migration (number, name) VALUES ($1, $2)", (migration.number, migration.name))
