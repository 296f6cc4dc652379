"""The commands for databases: what they print, what they refuse, and what they need."""

import subprocess
import sys

import pytest

from fanfold.cli import main
from fanfold.server.tokens import digest
from fanfold.work import SqliteStore
from fanfold.work.seed import seed
from tests import databases


@pytest.fixture
def db(tmp_path):
    path = tmp_path / "fanfold.db"
    store = SqliteStore(path)
    seed(store, "demo")
    store.close()
    return str(path)


@pytest.fixture
def fanfold(capsys):
    """Runs a command: its exit code, and what it printed."""

    def run(*words):
        try:
            main(list(words))
        except SystemExit as end:
            return end.code or 0, "".join(capsys.readouterr())
        return 0, "".join(capsys.readouterr())

    return run


@pytest.fixture
def url():
    databases.need_postgres()
    name = f"{databases.own_name()}_cli"
    yield databases.make(name)
    databases.drop(name)


def test_a_database_is_looked_at_and_brought_up_to_date(fanfold, db):
    code, said = fanfold("db", "status", "--db", db)
    assert code == 0
    assert f"database   {db} (SQLite " in said
    assert "record     92\n" in said
    assert fanfold("db", "upgrade", "--db", db) == (0, "The database is up to date.\n")


def test_an_older_file_says_what_is_pending(fanfold, db):
    import apsw  # noqa: PLC0415

    connection = apsw.Connection(db)
    connection.execute("PRAGMA user_version = 3")
    connection.close()
    assert "pending    to layout 4\npending    to layout 5\n" in fanfold("db", "status", "--db", db)[1]
    said = "upgraded   to layout 4\nupgraded   to layout 5\n"
    assert fanfold("db", "upgrade", "--db", db) == (0, said)
    assert "pending" not in fanfold("db", "status", "--db", db)[1]


def test_a_copy_is_made_once(fanfold, db, tmp_path):
    goal = str(tmp_path / "copy.db")
    code, said = fanfold("db", "copy", db, goal)
    assert code == 0
    assert "link       167\n" in said
    assert "compared   every row is the same\n" in said
    code, said = fanfold("db", "copy", db, goal)
    assert code == 2
    assert said == (f"There is something in the database {goal} already; name another, or copy with --replace.\n")
    assert fanfold("db", "copy", db, goal, "--replace")[0] == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("db", "status", "--db", "none.db"), "There is no database none.db"),
        (("db", "upgrade", "--db", "none.db"), "There is no database none.db"),
        (("db", "copy", "none.db", "other.db"), "There is no database none.db"),
        (("db", "copy", "one.db", "one.db"), "name two"),
        (("db", "status", "--db", "postgresql://me:hunter2@127.0.0.1:1/x"), "cannot be reached"),
        (("token", "list", "--db", "postgresql://me:hunter2@127.0.0.1:1/x"), "cannot be reached"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(fanfold, tmp_path, monkeypatch, words, said):
    pytest.importorskip("psycopg")
    monkeypatch.chdir(tmp_path)
    code, shown = fanfold(*words)
    assert code == 2
    assert said in shown
    assert "hunter2" not in shown
    assert list(tmp_path.iterdir()) == []


@pytest.mark.services
def test_tokens_and_apps_are_made_in_postgresql(fanfold, db, url):
    assert fanfold("token", "create", "--db", url)[0] == 2  # there is nothing yet
    assert fanfold("db", "copy", db, url)[0] == 0
    code, token = fanfold("token", "create", "--db", url, "--user", "ada@example.com")
    assert code == 0
    assert "1\tuser 1001\tcommand line\t" in fanfold("token", "list", "--db", url)[1]
    from fanfold.work.store.postgres import PostgresStore  # noqa: PLC0415 - an extra

    store = PostgresStore.open(url)
    assert store.token_user(digest(token.strip())) == (1, 1001)
    assert fanfold("token", "revoke", "1", "--db", url)[0] == 0
    assert store.token_user(digest(token.strip())) is None
    store.close()
    assert fanfold("token", "create", "--db", url, "--service-account")[0] == 0
    assert fanfold("app", "create", "Reports", "--redirect", "https://a.test/", "--db", url)[0] == 0
    assert "Reports" in fanfold("app", "list", "--db", url)[1]


def in_python(script):
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)


def test_a_server_over_a_file_needs_no_driver_of_postgresql():
    done = in_python(
        "import sys; sys.modules['psycopg'] = sys.modules['greenlet'] = None; import fanfold.server, fanfold.cli.db; "
        "from fanfold.server import admin, database_admin, run"
    )
    assert done.returncode == 0, done.stderr


def test_whoever_names_postgresql_without_its_driver_is_told_what_to_install():
    done = in_python(
        "import sys; sys.modules['psycopg'] = None; from fanfold.cli import main; "
        "main(['db', 'status', '--db', 'postgresql://me@127.0.0.1/x'])"
    )
    assert done.returncode == 2
    assert done.stderr == "A PostgreSQL database needs more packages: pip install 'fanfold[postgres]'\n"
