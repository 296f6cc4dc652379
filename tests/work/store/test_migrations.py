"""Tables in PostgreSQL are made and changed in numbered steps: each once, whole or not at all."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from fanfold.errors import SetupError
from fanfold.work.store import migrations
from fanfold.work.store.migrations import Migration
from fanfold.work.store.postgres import PostgresStore
from fanfold.work.store.wire import BlockingWire
from tests import databases

pytestmark = pytest.mark.services

NEXT = Migration(3, "next", ("CREATE TABLE later (a bigint)", "INSERT INTO later VALUES (1)"))
BROKEN = Migration(4, "broken", ("CREATE TABLE half (a bigint)", "SELECT 1 / 0"))


@pytest.fixture
def url(request):
    databases.need_postgres()
    name = f"{databases.own_name()}_migrations"
    yield databases.make(name)
    databases.drop(name)


@pytest.fixture
def wire(url):
    opened = BlockingWire(url)
    yield opened
    opened.close()


@pytest.fixture
def with_more(monkeypatch):
    """Has further migrations known."""

    def with_more(*more):
        all_of_them = [*migrations.known(), *more]
        monkeypatch.setattr(migrations, "known", lambda: all_of_them)

    return with_more


def tables(wire):
    return {name for (name,) in wire.ask("SELECT relname::text FROM pg_class WHERE relkind = 'r'").rows}


def test_migrations_are_numbered_without_a_gap():
    numbers = [migration.number for migration in migrations.known()]
    assert numbers == list(range(1, len(numbers) + 1))
    assert all(migration.statements for migration in migrations.known())


def test_an_empty_database_is_made_by_whoever_opens_it(url, wire):
    assert migrations.layout(wire) is None
    PostgresStore.open(url).close()
    assert migrations.layout(wire) == migrations.known()[-1].number
    assert migrations.pending(wire) == []
    assert {"record", "link", "task_facts"} <= tables(wire)


def test_what_is_there_is_left_as_it_is(url):
    store = PostgresStore.open(url)
    with store.transaction():
        store.set("name", b"value")
    store.close()
    store = PostgresStore.open(url)
    assert store.setting("name") == b"value"
    store.close()


def test_several_processes_may_begin_at_once_on_an_empty_database(url):
    def open_it(_):
        store = PostgresStore.open(url)
        with store.transaction():
            found = store.signing_key, store.new_gid()
        store.close()
        return found

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(open_it, range(6)))
    assert len({key for key, _ in found}) == 1
    assert len({gid for _, gid in found}) == 6


def test_an_older_layout_is_refused_until_it_is_upgraded(url, wire, with_more):
    PostgresStore.open(url).close()
    with_more(NEXT)
    with pytest.raises(SetupError, match=r"older layout.*fanfold db upgrade"):
        PostgresStore.open(url)
    assert migrations.pending(wire) == [NEXT]
    assert migrations.upgrade(wire, "") == [NEXT]
    assert migrations.upgrade(wire, "") == []
    PostgresStore.open(url).close()
    assert wire.ask("SELECT a FROM later").rows == [(1,)]


def test_a_newer_layout_is_refused(url, wire):
    PostgresStore.open(url).close()
    wire.ask("INSERT INTO fanfold_migration (number, name) VALUES (99, 'of tomorrow')")
    with pytest.raises(SetupError, match="newer Fanfold"):
        PostgresStore.open(url)


def test_a_database_of_another_program_is_refused(url, wire):
    wire.ask("CREATE TABLE theirs (a bigint)")
    with pytest.raises(SetupError, match="another program"):
        PostgresStore.open(url)
    with pytest.raises(SetupError, match="another program"):
        migrations.upgrade(wire, "")
    assert tables(wire) & {"record", "fanfold_migration"} == set()


def test_a_step_that_breaks_leaves_nothing_and_is_done_again(url, wire, with_more, monkeypatch):
    PostgresStore.open(url).close()
    with_more(NEXT, BROKEN)
    with pytest.raises(psycopg.Error):
        migrations.upgrade(wire, "")
    assert migrations.pending(wire) == [BROKEN]
    assert "later" in tables(wire)
    assert "half" not in tables(wire)
    mended = Migration(4, "mended", BROKEN.statements[:1])
    repaired = [*migrations.known()[:-1], mended]
    monkeypatch.setattr(migrations, "known", lambda: repaired)
    assert migrations.upgrade(wire, "") == [mended]


def test_a_process_that_dies_while_it_makes_the_tables_leaves_nothing(url, wire, with_more):
    with_more(Migration(3, "dies", ("SELECT pg_terminate_backend(pg_backend_pid())",)))
    with pytest.raises(SetupError, match="cannot be used"):
        PostgresStore.open(url)
    assert tables(wire) & {"record", "fanfold_migration"} == set()


def test_upgrades_at_once_apply_each_step_once(url, wire, with_more):
    PostgresStore.open(url).close()
    with_more(NEXT)

    def upgrade(_):
        own = BlockingWire(url)
        applied = migrations.upgrade(own, "")
        own.close()
        return applied

    with ThreadPoolExecutor(4) as pool:
        assert sorted(map(len, pool.map(upgrade, range(4)))) == [0, 0, 0, 1]
    assert wire.ask("SELECT count(*) FROM later").rows == [(1,)]


def test_an_old_server_is_refused(monkeypatch, url):
    monkeypatch.setattr(migrations, "OLDEST", 990_000)
    with pytest.raises(SetupError, match="has to be 15 or newer"):
        PostgresStore.open(url)


def test_an_encoding_that_cannot_hold_every_text_is_refused():
    databases.need_postgres()
    name = f"{databases.own_name()}_latin"
    databases.drop(name)
    databases.run(f"CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    try:
        with pytest.raises(SetupError, match="encoding LATIN1"):
            PostgresStore.open(databases.url_of(name))
    finally:
        databases.drop(name)


def test_whatever_orders_texts_in_the_database_has_no_say(url):
    store = PostgresStore.open(url)
    found = store._wire.ask(
        "SELECT attrelid::regclass::text, attname::text FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
        "WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND attnum > 0 "
        "AND atttypid IN ('text'::regtype, 'text[]'::regtype) AND attcollation <> 'pg_catalog.\"C\"'::regcollation "
        "AND c.relname <> 'fanfold_migration'"
    ).rows
    store.close()
    assert found == []


@pytest.mark.parametrize(
    "url",
    ["postgresql://user:hunter2@127.0.0.1:1/none", "postgresql://user:hunter2@127.0.0.1:x/none?password=hunter2"],
)
def test_nobody_is_shown_a_password(url):
    with pytest.raises(SetupError) as refused:
        PostgresStore.open(url)
    assert "hunter2" not in refused.value.message
    assert "cannot be reached" in refused.value.message
